"""Tries every source of a configuration once: whether it answers, takes our credential, what it gives and how fast.

The questions are about a person and a right that nobody has, so that no source has anything to tell or to record.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from connectors.capabilities import Capabilities, Capability
from connectors.connected import Connected
from connectors.failures import SourceFailure
from connectors.network import SettingsRefusedError
from gateway.app import assemble
from gateway.clock import clock_of
from gateway.settings import Settings, SettingsError
from gateway.settings_file import load
from hoks.identifiers import (
    LEARNER_NODE,
    OPH,
    STUDY_RIGHT_NODE,
    LearnerOid,
    PersonOid,
    StudyRightOid,
    with_check_digit,
)
from hoks.outcomes import Answer, Outcome, Reply, worst
from hoks.ports import Clock, Source
from hoks.student import Person

NOBODY = LearnerOid(with_check_digit(LEARNER_NODE, "1000000000"))
NO_RIGHT = StudyRightOid(with_check_digit(STUDY_RIGHT_NODE, "1000000000"))

PROVIDER = "provider"
"""The kind of a row that is no source: a provider of the settings, looked up in the organisation register."""

Question = Callable[[], Awaitable[Reply[Any, Any]]]


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What came of trying one source."""

    source: str
    kind: str
    gives: str
    outcome: Outcome
    milliseconds: float
    capabilities: Capabilities = Capabilities(())

    @property
    def is_reachable(self) -> bool:
        """Whether it answered at all, were it only to refuse us."""
        return self.outcome is not Outcome.UNAVAILABLE

    @property
    def is_authenticated(self) -> bool | None:
        """Whether it took our credential; nothing where that cannot be told."""
        if self.outcome in (Outcome.UNAVAILABLE, Outcome.THROTTLED, Outcome.INVALID):
            return None
        return self.outcome is not Outcome.DENIED

    @property
    def is_well(self) -> bool:
        """Whether requests may count on it; a provider must be known to the organisation register."""
        return self.outcome is Outcome.OK if self.kind == PROVIDER else bool(self.is_authenticated)


async def try_sources(config: Path, told: Callable[[Tried], None]) -> tuple[Tried, ...]:
    """Try every source and register that the settings name, all at once; ``told`` hears of each as it is done.

    Raises ``SettingsError`` with one line for settings, or files beside them, that cannot be used.
    """
    settings = load(config)
    clock = clock_of(settings.fixed_day)
    parts = assemble(settings, clock)
    try:
        await parts.connected.check()
        trials = [_tried(*each, told) for each in _questions(settings, parts.connected, clock)]
        can = parts.connected.capabilities
        return tuple(
            msgspec.structs.replace(each, capabilities=can.get(each.source, each.capabilities))
            for each in await asyncio.gather(*trials)
        )
    except SettingsRefusedError as refused:
        raise SettingsError(str(refused)) from None
    finally:
        await parts.aclose()


def as_table(tried: Iterable[Tried]) -> str:
    """What came of it, one source a row."""
    heads = ("source", "kind", "reachable", "authenticated", "gives", "answered", "ms")
    return _aligned([heads, *map(_row, tried)])


def as_capabilities(tried: Iterable[Tried]) -> str:
    """What each source and register can tell, one thing a row."""
    heads = ("source", "gives", "asked by", "keys in a call", "freshness", "what it lacks is")
    return _aligned([heads, *((each.source, *_words(told)) for each in tried for told in each.capabilities.told)])


def _words(each: Capability) -> tuple[str, ...]:
    return (
        each.gives,
        ", ".join(each.keys),
        "the whole is read" if each.at_once is None else str(each.at_once),
        each.freshness,
        " or ".join(sorted(outcome.lower() for outcome in each.absent)) or "-",
    )


def _aligned(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _row(each: Tried) -> tuple[str, ...]:
    return (
        each.source,
        each.kind,
        _word(each.is_reachable),
        _word(each.is_authenticated),
        each.gives,
        each.outcome.lower(),
        f"{each.milliseconds:.0f}",
    )


def _word(truth: bool | None) -> str:
    return "unknown" if truth is None else "yes" if truth else "no"


async def _tried(
    source: str, kind: str, gives: str, questions: Sequence[Question], told: Callable[[Tried], None]
) -> Tried:
    begun = time.monotonic()
    replies = await asyncio.gather(*(question() for question in questions))
    tried = Tried(
        source=source,
        kind=kind,
        gives=gives,
        outcome=worst([reply.outcome for reply in replies]),
        milliseconds=(time.monotonic() - begun) * 1000,
    )
    told(tried)
    return tried


def _questions(settings: Settings, connected: Connected, clock: Clock) -> list[tuple[str, str, str, list[Question]]]:
    """Of each source: its id, its kind, what it gives, and a harmless question about each thing that it gives."""
    asked: list[tuple[str, str, str, list[Question]]] = []
    for each in settings.source:
        questions = list(_of_source(each.id, connected))
        asked.append((each.id, str(type(each).__struct_config__.tag), ", ".join(each.gives), questions))
    if (identities := connected.identities) is not None:
        asked.append(("onr", "register", "identities", [partial(identities.identify, [NOBODY])]))
    if (organisations := connected.organisations) is not None:
        asked.append(("organisaatio", "register", "organisations", [partial(organisations.nodes, [OPH])]))
        for provider in sorted({each.provider for each in settings.source}):
            asked.append((provider, PROVIDER, "", [partial(organisations.nodes, [provider])]))
    for name, register in connected.labels.registers.items():
        asked.append((name, "register", "names", [partial(_told_once, name, register.ask_once, clock)]))
    return asked


async def _told_once(name: str, ask_once: Callable[[], Awaitable[None]], clock: Clock) -> Reply[str, None]:
    """How a register of names answers, as a reply like everybody else's."""
    outcome = Outcome.OK
    try:
        await ask_once()
    except SourceFailure as failure:
        # A register says in words of its own what it does not have; any other 404 is a wrong address.
        outcome = Outcome.INVALID if failure.outcome is Outcome.ABSENT_OR_DENIED else failure.outcome
    now = clock.now()
    return Reply(source=name, fetched_at=now, as_of=now, answers={name: Answer(outcome)})


def _of_source(source: str, connected: Connected) -> Iterable[Question]:
    def is_it(port: Any) -> bool:
        named: Source = port.source
        return named.id == source

    person, nobody = Person(oid=NOBODY), [PersonOid(NOBODY)]
    yield from (partial(port.rights, [person]) for port in filter(is_it, connected.rights))
    yield from (partial(port.plans, [NO_RIGHT]) for port in filter(is_it, connected.plans))
    yield from (partial(port.appointments, nobody) for port in filter(is_it, connected.appointments))
    yield from (partial(port.assignments, nobody) for port in filter(is_it, connected.assignments))
