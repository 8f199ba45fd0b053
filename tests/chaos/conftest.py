"""One scene for all tests of the room, and what an undisturbed gateway answers in it."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager

import pytest

from connectors.addresses import Addresses
from connectors.connections import Connections
from hoks.outcomes import Outcome
from tests.chaos.certificates import Certified, certified
from tests.chaos.faults import warm
from tests.chaos.names import Names, Net
from tests.chaos.scene import SECONDS, Front, Heartbeat, Scene, Told, gateway, listening, scene
from tests.chaos.verdict import Heard, faults_of_answers, faults_of_lines

WHOLE = os.environ.get("HOKS_PROVE") == "1"
"""Whether the whole table is played, and not the sample."""
DEADLINE_SECONDS = SECONDS if WHOLE else 2.0
"""The deadline of a request; in the everyday suite a shorter one, because so many cases wait for it."""
MOMENT_SECONDS = 0.2
"""In which what was missed can be loaded ahead."""
PERSONAS = ("student-7", "staff-a")
WHOLE_TRIES = 5


@pytest.fixture(scope="session")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The sandbox behind proxies."""
    warm()
    with scene(tmp_path_factory.mktemp("chaos"), seconds=DEADLINE_SECONDS) as running:
        yield running


@pytest.fixture
async def front(here: Scene) -> AsyncIterator[Front]:
    """A fresh gateway: nothing that it learned of a source comes from another test."""
    here.heal()
    async with gateway(here) as running:
        yield running
    here.heal()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    """The certificates of the day."""
    return certified(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def secure(certificates: Certified, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The sandbox behind proxies that have names and speak TLS."""
    with scene(tmp_path_factory.mktemp("tls"), certificates.servers, DEADLINE_SECONDS) as running:
        yield running


@asynccontextmanager
async def trusting_gateway(
    secure: Scene,
    certificates: Certified,
    names: Names | None = None,
    net: Net | None = None,
    *,
    shows_revoked: bool = False,
) -> AsyncIterator[Front]:
    """A gateway that trusts the authority of the day, and looks hosts up as a test says."""
    secure.heal()
    trust = certificates.trust(shows_revoked=shows_revoked)
    transport = Connections(Addresses(names or Names()), 20, ssl_context=trust, network=net or Net())
    async with gateway(secure, transport=transport) as front:
        yield front


@pytest.fixture
async def trusting(secure: Scene, certificates: Certified) -> AsyncIterator[Front]:
    """A gateway that trusts the authority of the day."""
    async with trusting_gateway(secure, certificates) as front:
        yield front


@pytest.fixture
async def secured(secure: Scene, certificates: Certified) -> Mapping[str, Told]:
    """What each persona is told over TLS when nothing fails."""
    if not _SECURED:
        async with trusting_gateway(secure, certificates) as front:
            for persona in PERSONAS:
                _SECURED[persona] = await whole(front, persona)
    return _SECURED


class Verdict:
    """What was wrong while something was played to one kind of call after the other, over TLS."""

    KINDS = ("plan", "koski", "onr", "organisaatio")

    def __init__(self, secured: Mapping[str, Told], record_property: Callable[[str, object], None]) -> None:
        self._secured = secured
        self._record_property = record_property
        self._cases = 0
        self._wrong: list[str] = []

    def kinds(self, everyday: str) -> Iterator[str]:
        """To which kinds of call it is played: to one in the everyday suite, to all with ``HOKS_PROVE=1``."""
        for kind in self.KINDS if WHOLE else (everyday,):
            self._cases += 1
            yield kind

    def judge(self, kind: str, outcome: Outcome, told: Mapping[str, Told], heard: Heard) -> None:
        """Look at the answers, and at what was logged."""
        self._wrong += [f"{kind}: {each}" for each in faults_of_answers(kind, outcome, told, self._secured)]
        self._wrong += [f"{kind}: {each}" for each in faults_of_lines(kind, outcome, heard)]

    def refuse(self, kind: str, is_wrong: bool, what: str) -> None:
        """Note what else must not be."""
        self._wrong += [f"{kind}: {what}"] if is_wrong else []

    def refuse_unless_whole(self, kind: str, before: Told) -> None:
        """Note where the student's first answer was not what it is when nothing fails."""
        self.refuse(kind, before.sources != self._secured["student-7"].sources, f"not whole before: {before.sources}")

    def deliver(self) -> None:
        """Fail where anything was wrong; how many cases there were stands beside the property."""
        self._record_property("cases", self._cases)
        assert not self._wrong, "\n" + "\n".join(self._wrong)


@pytest.fixture
def verdict(secured: Mapping[str, Told], record_property: Callable[[str, object], None]) -> Verdict:
    """Nothing wrong yet."""
    return Verdict(secured, record_property)


_UNDISTURBED: dict[str, Told] = {}
_SECURED: dict[str, Told] = {}


@pytest.fixture
async def undisturbed(here: Scene) -> Mapping[str, Told]:
    """What each persona is told when nothing fails."""
    if not _UNDISTURBED:
        here.heal()
        async with gateway(here) as running:
            for persona in PERSONAS:
                _UNDISTURBED[persona] = await whole(running, persona)
    return _UNDISTURBED


async def whole(front: Front, persona: str) -> Told:
    """An answer in which nothing is missing, with which others are compared: no machine is always quick enough."""
    for _ in range(WHOLE_TRIES):
        if not ((told := await front.ask(persona)).gaps or told.codes):
            return told
    raise AssertionError(f"not whole though nothing fails: {told.gaps} {told.codes}")


async def in_turn(front: Front) -> tuple[dict[str, Told], Heard]:
    """The student and a member of staff, asking one after the other, and what was heard of the gateway meanwhile."""
    told: dict[str, Told] = {}
    requests: list[list[str]] = []
    async with Heartbeat(front.scene) as heart:
        for persona in PERSONAS:
            with listening() as log:
                told[persona] = await front.ask(persona)
            requests.append(log.lines)
        with listening() as log:
            await asyncio.sleep(MOMENT_SECONDS)
    return told, Heard(requests, log.lines, heart.longest)


async def both(front: Front) -> dict[str, Told]:
    """The student and a member of staff, asking at once."""
    return dict(zip(PERSONAS, await asyncio.gather(*map(front.ask, PERSONAS)), strict=True))
