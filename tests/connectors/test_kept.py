"""What is kept and what is shared: each key alone, for as long as the settings say, and never across sources."""

import asyncio
import gc
import logging
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextvars import ContextVar
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.failures import Reason, SourceUnavailable, report
from connectors.kept_rights import KeptRights, KeptTogether
from connectors.kept_sources import KeptPlans, SharedIdentities
from connectors.limits import Reached, Remembered
from connectors.shelf import Shelf, size_of
from hoks.asking import ask
from hoks.identifiers import LearnerOid, StudyRightOid
from hoks.outcomes import Answer, Outcome, Reading, Reply
from hoks.plan import Hoks
from hoks.ports import Source
from hoks.student import Person
from hoks.study_right import StudyRight
from tests.connectors.wires import NOW, PROVIDER, learner, right
from tests.strategies import LAW, plans, records

ONE, TWO, THREE = right(1), right(2), right(3)
BRIEFLY = Remembered(cache_seconds=30)
PATIENT = Remembered(cache_seconds=30, stale_seconds=240)
KEY_BY_KEY = type("KeyByKey", (Remembered,), {"one_by_one": True}, frozen=True, kw_only=True)(cache_seconds=30)


class Time:
    """Both clocks, turned by hand."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.day = NOW.date()

    def __call__(self) -> float:
        return self.passed

    def today(self) -> date:
        return self.day

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.passed)


class Plans:
    """A source of plans that answers when it is let, and in whichever way it is told to."""

    def __init__(self, time: Time, name: str = "a-plans") -> None:
        self.source = Source(id=name, provider_oid=PROVIDER)
        self.time = time
        self.asked: list[tuple[StudyRightOid, ...]] = []
        self.held: dict[StudyRightOid, Hoks] = {oid: plan_of(name, oid) for oid in (ONE, TWO)}
        self.fails: Outcome | None = None
        self.raises: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def plans(
        self, rights: Collection[StudyRightOid], until: float | None = None
    ) -> Reply[StudyRightOid, tuple[Hoks, ...]]:
        self.asked.append(tuple(rights))
        read_at = self.time.now()
        await self.gate.wait()
        if self.raises is not None:
            raise self.raises
        answers = {oid: self._answer(oid) for oid in rights}
        return Reply(source=self.source.id, fetched_at=read_at, as_of=read_at, answers=answers)

    def _answer(self, oid: StudyRightOid) -> Answer[tuple[Hoks, ...]]:
        if self.fails is not None:
            return Answer(self.fails)
        return Answer(Outcome.OK, (self.held[oid],)) if oid in self.held else Answer(Outcome.ABSENT)


def plan_of(source: str, oid: StudyRightOid) -> Hoks:
    """A plan that says which source told it of which right."""
    return Hoks(study_right_oid=oid, student_email=f"{source}/{oid}", student_oid=learner(1))


def never_early() -> float:
    """The share of its time after which an answer is asked anew that is kept until its time is over."""
    return 1.0


class Kept:
    """A source of plans with what is kept before it."""

    def __init__(
        self,
        settings: Remembered = BRIEFLY,
        max_bytes: int = 1_000_000,
        share: Callable[[], float] = never_early,
    ) -> None:
        self.time = Time()
        self.inner = Plans(self.time)
        self.shelf = Shelf(max_bytes, self.time, share)
        self.plans = KeptPlans(self.inner, settings, self.shelf, self.time)

    async def outcomes(self, *oids: StudyRightOid) -> list[Outcome]:
        """How each right is answered."""
        reply = await self.plans.plans(oids)
        return [reply.answers[oid].outcome for oid in oids]


# --- what is kept -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("oid", [ONE, THREE], ids=["a plan", "no plan"])
async def test_an_answer_is_kept_for_its_time_and_not_longer(oid: StudyRightOid) -> None:
    kept = Kept()
    await kept.outcomes(oid)
    kept.time.passed = 29.9
    await kept.outcomes(oid)
    assert len(kept.inner.asked) == 1
    kept.time.passed = 30.0
    await kept.outcomes(oid)
    assert len(kept.inner.asked) == 2


async def test_a_kept_answer_says_when_it_was_really_read() -> None:
    kept = Kept()
    await kept.outcomes(ONE)
    kept.time.passed = 12.0
    reply = await kept.plans.plans([ONE, TWO])
    read = {oid: reply.reading(oid).fetched_at for oid in (ONE, TWO)}
    assert read == {ONE: NOW, TWO: NOW + timedelta(seconds=12)}
    assert reply.fetched_at == NOW


async def test_what_is_kept_is_at_hand_and_nothing_else_is() -> None:
    kept = Kept()
    assert kept.plans.plans_at_hand([ONE]) is None
    await kept.outcomes(ONE, THREE)
    for asked in ([ONE], [THREE], [ONE, THREE]):
        assert kept.plans.plans_at_hand(asked) == await kept.plans.plans(asked)
    assert kept.plans.plans_at_hand([ONE, TWO]) is None
    kept.time.passed = 30.0
    assert kept.plans.plans_at_hand([ONE]) is None
    assert len(kept.inner.asked) == 1


async def test_an_answer_ages_from_when_it_was_asked_for() -> None:
    kept = Kept(PATIENT)
    kept.inner.gate.clear()
    waiting = asyncio.create_task(kept.outcomes(ONE))
    await asyncio.sleep(0.01)
    kept.time.passed = 20
    kept.inner.gate.set()
    await waiting
    kept.time.passed = 30
    await kept.outcomes(ONE)
    assert len(kept.inner.asked) == 2


@pytest.mark.parametrize("failure", [Outcome.UNAVAILABLE, Outcome.THROTTLED, Outcome.DENIED, Outcome.INVALID])
async def test_a_failure_is_never_kept(failure: Outcome) -> None:
    kept = Kept()
    kept.inner.fails = failure
    assert await kept.outcomes(ONE) == [failure]
    kept.inner.fails = None
    assert await kept.outcomes(ONE) == [Outcome.OK]


async def test_a_batch_asks_only_for_what_is_not_kept() -> None:
    kept = Kept()
    await kept.outcomes(ONE)
    await kept.outcomes(TWO, ONE, THREE, TWO)
    assert kept.inner.asked == [(ONE,), (TWO, THREE)]


async def test_nothing_is_kept_across_midnight() -> None:
    kept = Kept(msgspec.structs.replace(BRIEFLY, stale_seconds=240))
    await kept.outcomes(ONE)
    kept.time.day += timedelta(days=1)
    kept.inner.fails = Outcome.UNAVAILABLE
    assert await kept.outcomes(ONE) == [Outcome.UNAVAILABLE]


async def test_without_time_to_keep_it_nothing_is_kept() -> None:
    kept = Kept(Remembered(cache_seconds=0))
    await kept.outcomes(ONE)
    await kept.outcomes(ONE)
    assert len(kept.inner.asked) == 2
    assert len(kept.shelf) == 0


async def test_a_version_of_the_connector_keeps_its_own_answers() -> None:
    kept = Kept()
    newer = type("Newer", (Remembered,), {"version": 2}, frozen=True, kw_only=True)()
    await kept.outcomes(ONE)
    await KeptPlans(kept.inner, newer, kept.shelf, kept.time).plans([ONE])
    assert len(kept.inner.asked) == 2


@pytest.mark.parametrize("seconds", [{"cache_seconds": 60.1}, {"stale_seconds": 240.1}, {"cache_seconds": -1}])
def test_longer_than_the_law_of_revocation_allows_is_refused(seconds: dict[str, float]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(seconds, Remembered)


async def test_what_is_kept_is_bounded_in_bytes_over_all_sources() -> None:
    room_for_three = 3 * size_of((plan_of("a-plans", ONE),)) + 100
    kept = Kept(max_bytes=room_for_three)
    other = Plans(kept.time, "b-plans")
    beside = KeptPlans(other, BRIEFLY, kept.shelf, kept.time)
    await kept.outcomes(ONE, TWO)
    await beside.plans([ONE, TWO])
    assert len(kept.shelf) == 3
    assert kept.shelf.bytes <= room_for_three
    await kept.outcomes(ONE)
    assert kept.inner.asked == [(ONE, TWO), (ONE,)]


async def test_what_is_larger_than_everything_allowed_is_served_and_not_kept() -> None:
    kept = Kept(max_bytes=10)
    assert await kept.outcomes(ONE) == [Outcome.OK]
    assert len(kept.shelf) == 0


async def test_two_sources_that_share_the_memory_keep_their_own_answers() -> None:
    kept = Kept()
    other = Plans(kept.time, "b-plans")
    await kept.outcomes(ONE)
    reply = await KeptPlans(other, BRIEFLY, kept.shelf, kept.time).plans([ONE])
    assert reply.source == "b-plans"
    assert reply.answers[ONE].value == (plan_of("b-plans", ONE),)


# --- an old answer ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("failure", [Outcome.UNAVAILABLE, Outcome.THROTTLED])
@pytest.mark.parametrize("oid", [ONE, THREE], ids=["a plan", "no plan"])
async def test_an_old_answer_stands_in_for_a_source_that_cannot_be_asked(oid: StudyRightOid, failure: Outcome) -> None:
    kept = Kept(PATIENT)
    was = (await kept.plans.plans([oid])).answers[oid].value
    kept.inner.fails = failure
    kept.time.passed = 269.9
    reply = await kept.plans.plans([oid])
    assert reply.answers[oid] == Answer(Outcome.STALE, was, Reading(NOW, NOW, stale=True))
    kept.time.passed = 270.0
    assert await kept.outcomes(oid) == [failure]


@pytest.mark.parametrize("failure", [Outcome.DENIED, Outcome.INVALID])
async def test_an_old_answer_never_stands_in_for_a_refusal_or_for_nonsense(failure: Outcome) -> None:
    kept = Kept(PATIENT)
    await kept.outcomes(ONE)
    kept.inner.fails = failure
    kept.time.passed = 31
    assert await kept.outcomes(ONE) == [failure]


async def test_without_patience_no_old_answer_is_given() -> None:
    kept = Kept()
    await kept.outcomes(ONE)
    kept.inner.fails = Outcome.UNAVAILABLE
    kept.time.passed = 30
    assert await kept.outcomes(ONE) == [Outcome.UNAVAILABLE]


async def test_an_old_answer_stands_in_when_the_askers_time_is_up() -> None:
    kept = Kept(PATIENT)
    await kept.outcomes(ONE)
    kept.time.passed = 31
    kept.inner.gate.clear()
    until = asyncio.get_running_loop().time() + 0.1
    reply = await kept.plans.plans([ONE, TWO], until)
    assert [reply.answers[oid].outcome for oid in (ONE, TWO)] == [Outcome.STALE, Outcome.UNAVAILABLE]
    await kept.shelf.aclose()


# --- one fetch for all who ask at once --------------------------------------------------------------------------


async def test_two_who_ask_at_once_cause_one_fetch() -> None:
    kept = Kept(Remembered(cache_seconds=0))
    one, other = await asyncio.gather(kept.outcomes(ONE, TWO), kept.outcomes(TWO, THREE))
    assert (one, other) == ([Outcome.OK, Outcome.OK], [Outcome.OK, Outcome.ABSENT])
    assert kept.inner.asked == [(ONE, TWO), (THREE,)]


async def test_a_waiter_that_gives_up_takes_nothing_from_the_others() -> None:
    kept = Kept()
    kept.inner.gate.clear()
    hasty = asyncio.create_task(kept.outcomes(ONE))
    patient = asyncio.create_task(kept.outcomes(ONE))
    await asyncio.sleep(0)
    hasty.cancel()
    await asyncio.sleep(0)
    kept.inner.gate.set()
    assert await patient == [Outcome.OK]
    assert kept.inner.asked == [(ONE,)]


async def test_a_fetch_that_may_be_stuck_is_not_waited_for_by_who_comes_later() -> None:
    kept = Kept()
    kept.inner.gate.clear()
    stuck = asyncio.create_task(kept.outcomes(ONE))
    await asyncio.sleep(0)
    kept.time.passed = 1.0
    young = asyncio.create_task(kept.outcomes(ONE))
    await asyncio.sleep(0)
    assert kept.inner.asked == [(ONE,)]
    kept.time.passed = 1.1
    later = asyncio.create_task(kept.outcomes(ONE))
    await asyncio.sleep(0.01)
    assert kept.inner.asked == [(ONE,), (ONE,)]
    kept.inner.gate.set()
    assert [await each for each in (stuck, young, later)] == [[Outcome.OK]] * 3


async def test_a_fetch_for_which_nobody_waits_any_more_is_kept() -> None:
    kept = Kept()
    kept.inner.gate.clear()
    hasty = asyncio.create_task(kept.outcomes(ONE))
    await asyncio.sleep(0)
    hasty.cancel()
    await asyncio.sleep(0)
    kept.inner.gate.set()
    await asyncio.sleep(0.01)
    assert await kept.outcomes(ONE) == [Outcome.OK]
    assert kept.inner.asked == [(ONE,)]


async def test_a_fetch_for_which_nobody_waits_ends_at_its_own_deadline() -> None:
    kept = Kept(Remembered(seconds=0.01))
    kept.inner.gate.clear()
    assert await kept.outcomes(ONE) == [Outcome.UNAVAILABLE]
    kept.inner.gate.set()
    assert await kept.outcomes(ONE) == [Outcome.OK]


async def test_an_asker_with_more_time_than_the_settings_give_a_fetch_gets_it() -> None:
    kept = Kept(Remembered(seconds=0.01))
    kept.inner.gate.clear()
    asyncio.get_running_loop().call_later(0.15, kept.inner.gate.set)
    reply = await kept.plans.plans([ONE], asyncio.get_running_loop().time() + 5)
    assert reply.answers[ONE].outcome is Outcome.OK


async def test_key_by_key_what_has_come_is_given_when_the_askers_time_is_up() -> None:
    kept = Kept(KEY_BY_KEY)
    slow, kept.inner.gate = kept.inner.gate, asyncio.Event()
    first = asyncio.create_task(kept.outcomes(TWO))
    await asyncio.sleep(0.01)
    kept.inner.gate = slow
    reply = await kept.plans.plans([ONE, TWO], asyncio.get_running_loop().time() + 0.1)
    assert [reply.answers[oid].outcome for oid in (ONE, TWO)] == [Outcome.OK, Outcome.UNAVAILABLE]
    assert kept.inner.asked == [(TWO,), (ONE,)]
    await kept.shelf.aclose()
    assert await first == [Outcome.UNAVAILABLE]


SEEN: ContextVar[str] = ContextVar("SEEN", default="nothing")


async def test_a_fetch_sees_nothing_of_the_request_that_started_it() -> None:
    kept = Kept()
    seen: list[str] = []

    class Looking(Plans):
        async def plans(self, rights: Collection[StudyRightOid], until: float | None = None) -> Reply[Any, Any]:
            seen.append(SEEN.get())
            return await super().plans(rights, until)

    SEEN.set("a caller's deadline")
    await KeptPlans(Looking(kept.time), BRIEFLY, kept.shelf, kept.time).plans([ONE])
    assert seen == ["nothing"]


async def test_a_failure_reaches_everyone_who_waits_and_no_exception_is_lost(caplog: pytest.LogCaptureFixture) -> None:
    kept = Kept()
    kept.inner.raises = RuntimeError("over 010203-999X")
    with caplog.at_level(logging.WARNING):
        told = list(await asyncio.gather(kept.outcomes(ONE), kept.outcomes(ONE, TWO)))
        gc.collect()
        await asyncio.sleep(0)
    assert told == [[Outcome.UNAVAILABLE], [Outcome.UNAVAILABLE, Outcome.UNAVAILABLE]]
    assert "never retrieved" not in caplog.text
    assert "010203" not in caplog.text


async def test_the_shelf_ends_what_is_on_its_way_when_it_closes() -> None:
    kept = Kept()
    kept.inner.gate.clear()
    waiting = asyncio.create_task(kept.outcomes(ONE))
    await asyncio.sleep(0)
    await kept.shelf.aclose()
    assert await waiting == [Outcome.UNAVAILABLE]
    assert {task for task in asyncio.all_tasks() if task is not asyncio.current_task()} == set()


# --- asked anew before its time ---------------------------------------------------------------------------------


def after_four_fifths() -> float:
    return 0.8


async def test_what_is_asked_for_late_in_its_time_is_asked_anew_and_nobody_waits_for_that() -> None:
    kept = Kept(share=after_four_fifths)
    await kept.outcomes(ONE, THREE)
    kept.time.passed = 23.9
    assert kept.plans.plans_at_hand([ONE, THREE]) is not None
    kept.time.passed = 24.0
    kept.inner.gate.clear()
    assert kept.plans.plans_at_hand([ONE]) is None
    reply = await kept.plans.plans([ONE])
    assert (reply.answers[ONE].outcome, reply.fetched_at) == (Outcome.OK, NOW)
    await asyncio.sleep(0.01)
    assert kept.inner.asked == [(ONE, THREE), (ONE,)]
    # As long as that is on its way, and however often it is asked for.
    assert kept.plans.plans_at_hand([ONE]) == await kept.plans.plans([ONE]) == reply
    assert len(kept.inner.asked) == 2
    kept.inner.gate.set()
    await asyncio.sleep(0.01)
    kept.time.passed = 47.9
    new = kept.plans.plans_at_hand([ONE])
    assert new is not None and new.fetched_at == NOW + timedelta(seconds=24)
    kept.time.passed = 48.0
    assert kept.plans.plans_at_hand([ONE]) is None


async def test_what_nobody_asks_for_is_not_asked_anew() -> None:
    kept = Kept(share=after_four_fifths)
    await kept.outcomes(ONE)
    kept.time.passed = 29.9
    await kept.outcomes(TWO)
    assert kept.inner.asked == [(ONE,), (TWO,)]


async def test_an_answer_is_asked_anew_once_and_kept_for_its_time_where_that_fails(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept = Kept(share=after_four_fifths)
    await kept.outcomes(ONE)
    kept.plans.inner = telling = Telling(kept.time)
    telling.fails = Outcome.UNAVAILABLE
    for passed in (24.0, 25.0, 29.9):
        kept.time.passed = passed
        assert await kept.outcomes(ONE) == [Outcome.OK]
        await asyncio.sleep(0.01)
    assert telling.asked == [(ONE,)]
    assert said_by(caplog) == [(".background", "source a-plans: UNAVAILABLE (timeout) x 1")]
    kept.time.passed = 30.0
    assert await kept.outcomes(ONE) == [Outcome.UNAVAILABLE]


async def test_what_came_together_is_asked_anew_together_and_along_with_what_is_not_kept() -> None:
    shares = iter([0.8, 0.9])
    kept = Kept(share=lambda: next(shares, 1.0))
    await kept.outcomes(ONE, TWO)
    await kept.outcomes(THREE)
    kept.time.passed = 24.0
    four = right(4)
    assert await kept.outcomes(four, ONE, THREE, TWO) == [Outcome.ABSENT, Outcome.OK, Outcome.ABSENT, Outcome.OK]
    assert kept.inner.asked == [(ONE, TWO), (THREE,), (four, ONE, TWO)]
    kept.time.passed = 27.0
    await kept.outcomes(ONE, THREE)
    await asyncio.sleep(0.01)
    assert kept.inner.asked[3:] == [(THREE,)]


async def test_who_asks_when_the_time_is_over_waits_for_what_is_being_asked_anew() -> None:
    kept = Kept(share=lambda: 0.99)
    await kept.outcomes(ONE)
    kept.inner.gate.clear()
    kept.time.passed = 29.8
    await kept.outcomes(ONE)
    await asyncio.sleep(0.01)
    kept.time.passed = 30.1
    waiting = asyncio.create_task(kept.plans.plans([ONE]))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    kept.inner.gate.set()
    assert (await waiting).fetched_at == NOW + timedelta(seconds=29.8)
    assert len(kept.inner.asked) == 2


async def test_what_is_forgotten_while_it_is_asked_anew_is_not_told_again() -> None:
    kept = Kept(share=after_four_fifths)
    await kept.outcomes(ONE)
    kept.inner.gate.clear()
    kept.time.passed = 24.0
    await kept.outcomes(ONE)
    await asyncio.sleep(0.01)
    kept.shelf.forget("a-plans", [ONE])
    assert kept.plans.plans_at_hand([ONE]) is None
    kept.inner.gate.set()
    await asyncio.sleep(0.01)
    assert len(kept.shelf) == 0
    assert await kept.outcomes(ONE) == [Outcome.OK]
    assert kept.inner.asked == [(ONE,), (ONE,), (ONE,)]


async def test_what_came_at_one_moment_is_asked_anew_at_many_and_before_its_time_is_over() -> None:
    drawn = sorted(Shelf().until_renewed(30) for _ in range(200))
    assert 22.5 <= drawn[0] < 23.5 and 27.5 < drawn[-1] <= 28.5
    assert len(set(drawn)) > 150


# --- forgetting -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", [ONE, learner(1)], ids=["by the right", "by the learner"])
async def test_what_is_forgotten_is_asked_again(named: str) -> None:
    kept = Kept()
    await kept.outcomes(ONE)
    assert kept.shelf.forget("a-plans", [named]) == 1
    await kept.outcomes(ONE)
    assert len(kept.inner.asked) == 2


async def test_what_another_source_told_is_not_forgotten() -> None:
    kept = Kept()
    await kept.outcomes(ONE)
    assert kept.shelf.forget("b-plans", [ONE]) == 0
    await kept.outcomes(ONE)
    assert len(kept.inner.asked) == 1


async def test_what_was_on_its_way_when_it_was_forgotten_is_neither_joined_nor_kept() -> None:
    kept = Kept()
    kept.inner.gate.clear()
    before = asyncio.create_task(kept.outcomes(ONE))
    await asyncio.sleep(0.01)
    kept.shelf.forget("a-plans", [ONE])
    after = asyncio.create_task(kept.outcomes(ONE))
    await asyncio.sleep(0.01)
    assert kept.inner.asked == [(ONE,), (ONE,)]
    kept.inner.gate.set()
    assert list(await asyncio.gather(before, after)) == [[Outcome.OK], [Outcome.OK]]
    assert len(kept.shelf) == 1


async def test_a_forgotten_answer_does_not_come_back_as_an_old_one() -> None:
    kept = Kept(PATIENT)
    await kept.outcomes(ONE)
    kept.shelf.forget("a-plans", [ONE])
    kept.inner.fails = Outcome.UNAVAILABLE
    assert await kept.outcomes(ONE) == [Outcome.UNAVAILABLE]


# --- rights -----------------------------------------------------------------------------------------------------


class Rights:
    """A source of rights: each OID has one."""

    def __init__(self, time: Time, name: str = "a-rights") -> None:
        self.source = Source(id=name, provider_oid=PROVIDER)
        self.time = time
        self.asked: list[list[Person]] = []

    async def rights(self, people: Sequence[Person]) -> Reply[LearnerOid, tuple[StudyRight, ...]]:
        self.asked.append(list(people))
        told = {
            each.oid: Answer(Outcome.OK, tuple(right_under(oid) for oid in sorted(each.all_oids))) for each in people
        }
        return Reply(source=self.source.id, fetched_at=self.time.now(), as_of=self.time.now(), answers=told)

    async def learners(self) -> Reply[Any, Any]:
        self.asked.append([])
        answer = Answer(Outcome.OK, (learner(1),))
        return Reply(source=self.source.id, fetched_at=NOW, as_of=NOW, answers={PROVIDER: answer})


def right_under(oid: LearnerOid) -> StudyRight:
    return StudyRight(oid=StudyRightOid(f"right of {oid}"), student_oid=oid)


def kept_rights() -> tuple[KeptRights, Rights, Shelf]:
    time = Time()
    inner, shelf = Rights(time), Shelf(seconds=time)
    return KeptRights(inner, BRIEFLY, shelf, time), inner, shelf


async def test_a_person_with_another_alias_is_asked_again() -> None:
    kept, inner, _ = kept_rights()
    alone = Person(oid=learner(1))
    linked = Person(oid=learner(1), aliases=frozenset({learner(2)}))
    for person in (alone, linked, linked, alone):
        told = (await kept.rights([person])).answers[learner(1)].value or ()
        assert {each.student_oid for each in told} == person.all_oids
    assert inner.asked == [[alone], [linked]]


async def test_an_alias_that_became_the_master_is_asked_again() -> None:
    kept, inner, _ = kept_rights()
    before = Person(oid=learner(1), aliases=frozenset({learner(2)}))
    after = Person(oid=learner(2), aliases=frozenset({learner(1)}))
    assert set((await kept.rights([before])).answers) == {learner(1)}
    assert set((await kept.rights([after])).answers) == {learner(2)}
    assert inner.asked == [[before], [after]]


async def test_persons_who_claim_one_oid_are_asked_together_past_what_is_kept() -> None:
    kept, inner, _ = kept_rights()
    one = Person(oid=learner(1), aliases=frozenset({learner(3)}))
    other = Person(oid=learner(2), aliases=frozenset({learner(3)}))
    await kept.rights([one])
    await kept.rights([one, other])
    assert inner.asked == [[one], [one, other]]


@pytest.mark.parametrize("named", [learner(1), learner(2), "right of " + learner(2)])
async def test_a_persons_rights_are_forgotten_by_any_oid_and_by_any_right(named: str) -> None:
    kept, inner, shelf = kept_rights()
    person = Person(oid=learner(1), aliases=frozenset({learner(2)}))
    await kept.rights([person])
    assert shelf.forget("a-rights", [named]) == 1
    await kept.rights([person])
    assert len(inner.asked) == 2


async def test_the_list_of_everybody_is_forgotten_with_anybody() -> None:
    kept, inner, shelf = kept_rights()
    await kept.learners()
    await kept.learners()
    assert len(inner.asked) == 1
    assert shelf.forget("a-rights", [learner(9)]) == 1
    await kept.learners()
    assert len(inner.asked) == 2


class People:
    """A learner register to which everybody is one person with one name."""

    def __init__(self) -> None:
        self.asked: list[tuple[LearnerOid, ...]] = []

    async def identify(self, oids: Collection[LearnerOid]) -> Reply[LearnerOid, Person]:
        self.asked.append(tuple(oids))
        await asyncio.sleep(0)
        answers = {oid: Answer(Outcome.OK, Person(oid=oid)) for oid in oids}
        return Reply(source="onr", fetched_at=NOW, as_of=NOW, answers=answers)


async def test_a_register_that_keeps_its_own_answers_shares_its_fetches_and_no_more() -> None:
    time, register = Time(), People()
    shelf = Shelf(seconds=time)
    shared = SharedIdentities(register, "onr", Reached(), shelf, time)
    both = await asyncio.gather(shared.identify([learner(1)]), shared.identify([learner(2), learner(1)]))
    assert [set(each.answers) for each in both] == [{learner(1)}, {learner(1), learner(2)}]
    assert register.asked == [(learner(1),), (learner(2),)]
    assert len(shelf) == 0
    await shared.identify([learner(1)])
    assert len(register.asked) == 3


# --- laws -------------------------------------------------------------------------------------------------------


class Erratic:
    """A source that reorders, delays, fails, leaves out and adds, by chance; what it tells, it tells of its own key."""

    def __init__(self, name: str, chance: Random) -> None:
        self.source = Source(id=name, provider_oid=PROVIDER)
        self._chance = chance
        self._running = Counter[StudyRightOid]()
        self.most = 0
        """How often anything was being asked at once."""

    async def plans(
        self, rights: Collection[StudyRightOid], until: float | None = None
    ) -> Reply[StudyRightOid, tuple[Hoks, ...]]:
        self._running.update(rights)
        self.most = max(self.most, *self._running.values())
        try:
            for _ in range(self._chance.randrange(4)):
                await asyncio.sleep(0)
            if self._chance.random() < 0.1:
                raise RuntimeError
            answers = [(oid, self._answer(oid)) for oid in rights if self._chance.random() < 0.95]
            self._chance.shuffle(answers)
            if self._chance.random() < 0.1:
                answers.append((right(99), Answer(Outcome.OK, (plan_of("a stray", right(99)),))))
            return Reply(source=self.source.id, fetched_at=NOW, as_of=NOW, answers=dict(answers))
        finally:
            self._running.subtract(rights)

    def _answer(self, oid: StudyRightOid) -> Answer[tuple[Hoks, ...]]:
        if self._chance.random() < 0.2:
            return Answer(self._chance.choice([Outcome.UNAVAILABLE, Outcome.INVALID, Outcome.ABSENT]))
        return Answer(Outcome.OK, (plan_of(self.source.id, oid),))


askings = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),
        st.lists(st.sampled_from([right(number) for number in range(6)]), max_size=8),
        st.integers(0, 5),
        st.booleans(),
    ),
    min_size=1,
    max_size=12,
)
"""Who is asked, for which keys, how many turns of the loop later, and whether the asker gives up."""


@LAW
@given(
    askings=askings,
    seed=st.integers(0, 2**16),
    settings=st.sampled_from([BRIEFLY, PATIENT, KEY_BY_KEY]),
    steps=st.sampled_from([(0,), (0, 1, 20)]),
)
def test_every_asker_gets_its_own_keys_of_its_own_source_whatever_the_source_does(
    askings: list[tuple[str, list[StudyRightOid], int, bool]], seed: int, settings: Remembered, steps: tuple[int, ...]
) -> None:
    async def tried() -> None:
        time = Time()
        shelf = Shelf(20_000, time)
        chance = Random(seed)
        erratic = {name: Erratic(name, chance) for name in ("a", "b")}
        sources = {name: KeptPlans(each, settings, shelf, time) for name, each in erratic.items()}

        async def asked(name: str, oids: list[StudyRightOid], turns: int, gives_up: bool) -> None:
            for _ in range(turns):
                await asyncio.sleep(0)
            time.passed += chance.choice(steps)
            question = asyncio.create_task(sources[name].plans(oids))
            if gives_up:
                await asyncio.sleep(0)
                question.cancel()
                await asyncio.gather(question, return_exceptions=True)
                return
            reply = await question
            assert reply.source == name
            assert set(reply.answers) == set(oids)
            for oid, answer in reply.answers.items():
                assert answer.value in (None, (plan_of(name, oid),))
                assert (answer.value is None) or answer.outcome in (Outcome.OK, Outcome.STALE)

        await asyncio.gather(*(asked(*each) for each in askings))
        assert shelf.bytes <= 20_000
        # A fetch that may be stuck is not waited for.
        if steps == (0,):
            assert max(each.most for each in erratic.values()) <= 1
        await shelf.aclose()

    with asyncio.Runner() as runner:
        runner.run(tried())


@LAW
@given(plan=plans(), told=records(StudyRight))
def test_every_record_can_be_measured(plan: Hoks, told: StudyRight) -> None:
    assert size_of((plan,)) > size_of(())
    assert size_of((told,)) > size_of(None)


async def test_an_asker_whose_request_ends_first_is_told_so_and_the_fetch_goes_on() -> None:
    kept = Kept()
    kept.inner.gate.clear()
    until = asyncio.get_running_loop().time() + 0.02
    reply: Reply[Any, Any] = await ask(kept.plans.plans([ONE]), [ONE], source="a-plans", until=until, clock=kept.time)
    assert reply.answers[ONE].outcome is Outcome.UNAVAILABLE
    kept.inner.gate.set()
    assert await kept.outcomes(ONE) == [Outcome.OK]
    assert kept.inner.asked == [(ONE,)]


# --- who says that it failed ------------------------------------------------------------------------------------


class Telling(Plans):
    """A source that says itself that it failed, as connectors do."""

    async def plans(
        self, rights: Collection[StudyRightOid], until: float | None = None
    ) -> Reply[StudyRightOid, tuple[Hoks, ...]]:
        reply = await super().plans(rights, until)
        report(self.source.id, [SourceUnavailable(Reason.TIMEOUT)] if self.fails else [])
        return reply


def said_by(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Which logger said what."""
    return [(record.name.removeprefix("connectors.failures"), record.getMessage()) for record in caplog.records]


async def test_a_fetch_that_fails_those_who_share_it_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    kept = Kept()
    kept.plans.inner = telling = Telling(kept.time)
    telling.fails = Outcome.UNAVAILABLE
    await asyncio.gather(kept.outcomes(ONE), kept.outcomes(ONE))
    assert said_by(caplog) == [("", "source a-plans: UNAVAILABLE (timeout) x 1")]


async def test_who_gives_up_says_so_and_the_fetch_that_nobody_waits_for_fails_in_the_background(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept = Kept()
    kept.plans.inner = telling = Telling(kept.time)
    telling.fails = Outcome.UNAVAILABLE
    telling.gate.clear()
    soon = asyncio.get_running_loop().time() + 0.06
    await asyncio.gather(*(kept.plans.plans([ONE], soon) for _ in range(2)))
    late = ("", "source a-plans: UNAVAILABLE (late) x 1")
    assert said_by(caplog) == [late, late]
    telling.gate.set()
    await asyncio.sleep(0.01)
    assert said_by(caplog)[2:] == [(".background", "source a-plans: UNAVAILABLE (timeout) x 1")]


async def test_one_who_gives_up_does_not_silence_the_fetch_for_the_other(caplog: pytest.LogCaptureFixture) -> None:
    kept = Kept()
    kept.plans.inner = telling = Telling(kept.time)
    telling.fails = Outcome.UNAVAILABLE
    telling.gate.clear()
    patient = asyncio.create_task(kept.outcomes(ONE))
    await kept.plans.plans([ONE], asyncio.get_running_loop().time() + 0.06)
    telling.gate.set()
    assert await patient == [Outcome.UNAVAILABLE]
    late, timed_out = (("", f"source a-plans: UNAVAILABLE ({reason}) x 1") for reason in ("late", "timeout"))
    assert said_by(caplog) == [late, timed_out]


# --- rights that are found together


async def test_what_is_found_together_is_what_each_source_has_at_hand_whatever_has_happened_meanwhile() -> None:
    dice, shared, settled = Random(20261122), 0, 0
    people = [Person(oid=learner(1)), Person(oid=learner(2), aliases=frozenset({learner(3)})), Person(oid=learner(3))]
    for _ in range(20):
        time = Time()
        shelf = Shelf(seconds=time)
        sources = [
            KeptRights(Rights(time, f"{name}-rights"), Remembered(cache_seconds=seconds), shelf, time)
            for name, seconds in (("a", 30), ("b", 45))
        ]
        together = KeptTogether(sources, shelf, time, 1_000_000)
        for _ in range(40):
            match dice.randrange(6):
                case 0:
                    time.passed += dice.choice((1, 14, 31))
                case 1:
                    shelf.forget(dice.choice(("a-rights", "b-rights", "a-plans")), [learner(dice.randint(1, 3))])
                case 2 if dice.random() < 0.1:
                    time.day += timedelta(days=1)
                case _:
                    await dice.choice(sources).rights([dice.choice(people)])
            asked = [[person] for person in people] + [people[:2], people]
            for some in asked:
                each = [source.rights_at_hand(some) for source in sources]
                told = together.at_hand(some)
                if told is None or None in each:
                    assert told is None and None in each
                    continue
                shared += len(some)
                assert [person.answers for person in told] == [
                    tuple(reply.answers[person.oid] for reply in each if reply is not None) for person in some
                ]
                again = together.at_hand(some)
                assert again == told
                # Once, but each time while a source is being asked anew.
                is_once = [one is other for one, other in zip(told, again, strict=True)]
                entries = [[source.kept.entry(person) for source in sources] for person in some]
                assert is_once == [all(one and one.renewed_from is not None for one in each) for each in entries]
                settled += sum(is_once)
    assert shared > 300
    assert shared / 2 < settled < shared
