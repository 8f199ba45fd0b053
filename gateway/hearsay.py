"""What a source says to one worker, passed on to the others: each keeps answers of its own."""

import asyncio
import logging
import socket
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain

import msgspec

from gateway.invalidate import Forgetful

MOST_BYTES = 200_000
"""Of one message: more than a source may say at a time."""

log = logging.getLogger(__name__)


class _Message(msgspec.Struct, frozen=True):
    source: str
    oids: tuple[str, ...]


class Hearsay:
    """One worker's ear and the ears of the others. Whoever does not listen misses it, and nobody waits for that."""

    def __init__(self, ear: socket.socket, others: Sequence[socket.socket]) -> None:
        self._ear = ear
        self._others = others

    def tell(self, source: str, oids: Collection[str]) -> None:
        """Tell the others that something of these OIDs has changed at a source."""
        message = msgspec.json.encode(_Message(source, tuple(oids)))
        for other in self._others:
            try:
                other.send(message, socket.MSG_DONTWAIT)
            except OSError as fault:
                log.warning("another worker could not be told what has changed (%s)", type(fault).__name__)

    def listen(self, forget: Callable[[str, Collection[str]], object]) -> None:
        """Hear the others from now on, until ``close``."""
        self._ear.setblocking(False)
        asyncio.get_running_loop().add_reader(self._ear, self._hear, forget)

    def close(self) -> None:
        """Hear no more."""
        asyncio.get_running_loop().remove_reader(self._ear)

    def _hear(self, forget: Callable[[str, Collection[str]], object]) -> None:
        try:
            message = msgspec.json.decode(self._ear.recv(MOST_BYTES), type=_Message)
        except (OSError, msgspec.DecodeError) as fault:
            log.warning("what another worker said could not be heard (%s)", type(fault).__name__)
            return
        forget(message.source, message.oids)


class Everywhere:
    """What is kept here, and by the other workers, as whoever says that something has changed needs it."""

    def __init__(self, here: Forgetful, hearsay: Hearsay) -> None:
        self._here = here
        self._hearsay = hearsay

    def forget(self, source: str, oids: Collection[str]) -> int:
        """Drop it everywhere; how many answers that were here."""
        self._hearsay.tell(source, oids)
        return self._here.forget(source, oids)


@contextmanager
def among(workers: int) -> Iterator[tuple[Hearsay, ...]]:
    """The hearsay of each of so many workers, to be made before the first of them begins."""
    ears = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(workers)]
    with ExitStack() as open_ones:
        for each in chain.from_iterable(ears):
            open_ones.enter_context(each)
        yield tuple(
            Hearsay(ear, [mouth for number, (_, mouth) in enumerate(ears) if number != own])
            for own, (ear, _) in enumerate(ears)
        )
