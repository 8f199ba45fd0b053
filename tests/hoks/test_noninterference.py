"""Non-interference: what a caller may not see can change in any way, and their answer is the same, byte for byte.

Two worlds differ only in what ``tests.world.cast.HIDDEN`` hides from a caller, by hand and not by the rules; the same
questions are answered from both. Leaks put in on purpose are found by the same test.
"""

import asyncio
import os
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from random import Random
from typing import Any

import msgspec
import orjson
import pytest

from hoks.access.rules import Ground, Policy, Rule
from hoks.caller import Caller, Role
from hoks.identifiers import LearnerOid
from hoks.items import Item
from hoks.outcomes import Outcome
from hoks.reading import Page, Reader
from hoks.showing import View
from hoks.sitting import Sitting
from hoks.viewing import Seen
from resolvers.graph import Graph
from resolvers.schema import build
from tests.world.cast import CALLERS, HIDDEN, NUMBER, OIDS, Cast, cast
from tests.world.leaks import OF_THE_CAST
from tests.world.names import SOURCE as NAMES
from tests.world.perturb import OF_PLANS, OF_RIGHTS, Perturbation, faulty_plans
from tests.world.places import A, B, C
from tests.world.ports import Asked, Fault
from tests.world.queries import ALWAYS, VARIABLES, documents
from tests.world.rights import right_oid
from tests.world.world import real_policy

SCHEMA = build()
EVERYBODY = cast()
PROVE = os.environ.get("HOKS_PROVE") == "1"
TURNS = 1 if PROVE else 9
"""In how many turns the questions are asked."""
PLANS = [(who, kind) for who in CALLERS for kind in OF_PLANS]
OTHERS = [(who, kind) for who in CALLERS for kind in OF_RIGHTS]

Answers = Mapping[str, Any]


class Answered(msgspec.Struct, frozen=True):
    """What a caller was answered to each question, and which keys each source was asked for in it."""

    answers: Answers
    asked: Mapping[str, frozenset[tuple[str, str, str]]]


async def answered(world: Cast, caller: Caller, questions: Collection[str], **leak: Any) -> Answered:
    """The answers from one world, each as it would leave, and all records that any question could select."""
    asked = Asked()
    make = leak.pop("reader", None)
    plain = world.world().reader(asked, **leak)
    reader: Reader = make(plain) if make else plain
    graph = Graph(SCHEMA, reader, cursor_key=b"c" * 32)
    answers: dict[str, Any] = {}
    keys: dict[str, frozenset[tuple[str, str, str]]] = {}
    for name in questions:
        asked.calls.clear()
        answers[name] = (await graph.answer(documents()[name], None, VARIABLES, caller)).content
        keys[name] = frozenset((source, question, key) for source, question, of in asked.calls for key in of)
    answers["records"] = await records(reader, caller)
    return Answered(answers, keys)


async def records(reader: Reader, caller: Caller) -> Answers:
    """Everybody and every right as the caller may see them: all that any question could select of them."""
    students = await reader.students(caller, list(OIDS.values()))
    holders = await reader.by_rights(caller, [right_oid(number) for number in NUMBER.values()])
    by_right = {oid: (seen.right(oid), seen.plan(oid)) for oid, seen in holders.items() if isinstance(seen, View)}
    return {
        **{oid: said(seen) for oid, seen in students.items()},
        **{oid: msgspec.to_builtins(found) for oid, found in by_right.items() if found != (None, None)},
    }


def said(seen: Seen) -> Any:
    """A student as seen and what is told of the decision, or that there is nothing."""
    if not isinstance(seen, View):
        return str(seen)
    return msgspec.to_builtins((seen.student, sorted(seen.grants), sorted(seen.covering.items())))


@cache
def questions(part: int) -> tuple[str, ...]:
    """The questions of one turn, and always those that show most."""
    return tuple(name for place, name in enumerate(documents()) if name in ALWAYS or place % TURNS == part % TURNS)


def differences(one: Any, other: Any, place: str) -> Iterator[str]:
    """Where two answers differ, for whoever has to mend it."""
    if isinstance(one, dict) and isinstance(other, dict) and list(one) == list(other):
        for key in one:
            yield from differences(one[key], other[key], f"{place}.{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (each, its_other) in enumerate(zip(one, other, strict=True)):
            yield from differences(each, its_other, f"{place}[{index}]")
    elif one != other:
        yield f"{place}: {str(one)[:120]} != {str(other)[:120]}"


@cache
def before(who: str) -> Answered:
    """All answers from the world as it is, once for all tests: the clock stands and nothing in it changes."""
    with asyncio.Runner() as runner:
        return runner.run(answered(EVERYBODY, CALLERS[who], tuple(documents())))


def leaks(who: str, perturb: Perturbation, asked_for: tuple[str, ...], *, same_keys: bool = False) -> list[str]:
    """Where the answers differ between the world and the perturbed one; empty when nothing interferes."""
    with asyncio.Runner() as runner:
        other = runner.run(answered(perturb(EVERYBODY, HIDDEN[who]), CALLERS[who], asked_for))
    return compared(before(who), other, same_keys=same_keys)


def compared(one: Answered, other: Answered, *, same_keys: bool = False) -> list[str]:
    """Where the second world's answers differ by a byte, and, where it must not, what was asked.

    What is looked up in the registers of names is compared always: a miss is loaded, and so may not be a hidden code's.
    """
    found: list[str] = []
    for name, answer in other.answers.items():
        if orjson.dumps(one.answers[name]) != orjson.dumps(answer):
            found += list(differences(one.answers[name], answer, name)) or [f"{name}: order of keys"]
    for name, keys in other.asked.items():
        if looked_up(keys) != looked_up(one.asked[name]):
            found.append(f"{name}: other names looked up")
    if same_keys:
        found += [f"{name}: other keys asked" for name, keys in other.asked.items() if keys != one.asked[name]]
    return found


def looked_up(keys: frozenset[tuple[str, str, str]]) -> frozenset[tuple[str, str, str]]:
    """The keys of which names were looked up."""
    return frozenset(key for key in keys if key[0] == NAMES)


@pytest.mark.proves("what a student or a member of staff may not see does not show in an answer")
@pytest.mark.parametrize(("who", "kind"), PLANS if PROVE else Random(1).sample(PLANS, 18))
def test_hidden_plans_and_contact_data_do_not_show(who: str, kind: str) -> None:
    part = list(OF_PLANS).index(kind)
    assert leaks(who, OF_PLANS[kind], questions(part), same_keys=True) == []


@pytest.mark.proves("what a student or a member of staff may not see does not show in an answer")
@pytest.mark.parametrize(("who", "kind"), OTHERS if PROVE else Random(2).sample(OTHERS, 26))
def test_hidden_rights_and_people_do_not_show(who: str, kind: str) -> None:
    part = list(OF_RIGHTS).index(kind)
    assert leaks(who, OF_RIGHTS[kind], questions(part)) == []


@pytest.mark.parametrize(
    "fault",
    [Fault(outcome=Outcome.UNAVAILABLE), Fault(outcome=Outcome.INVALID), Fault(raises=True), Fault(late=0.002)],
    ids=["down", "garbage", "exploding", "slow"],
)
@pytest.mark.parametrize(("who", "providers"), [("staff of D", (A, B, C)), ("student 6", (A, B, C))])
def test_faults_of_plan_sources_that_no_grant_asks_do_not_show(
    who: str, providers: tuple[Any, ...], fault: Fault
) -> None:
    assert leaks(who, faulty_plans(fault, *providers), questions(3)) == []


@pytest.mark.parametrize("who", CALLERS)
def test_asking_twice_answers_twice_the_same(who: str) -> None:
    assert leaks(who, lambda world, _: world, questions(5), same_keys=True) == []


async def test_what_a_stronger_caller_asked_before_does_not_show() -> None:
    async def told(graph: Graph, by: Caller) -> dict[str, object]:
        return {name: (await graph.answer(documents()[name], None, VARIABLES, by)).content for name in questions(1)}

    weaker = CALLERS["staff of D"]
    graph = Graph(SCHEMA, EVERYBODY.world().reader(), cursor_key=b"c" * 32)
    await told(graph, CALLERS["staff of C"])
    after = await told(graph, weaker)
    before = await told(Graph(SCHEMA, EVERYBODY.world().reader(), cursor_key=b"c" * 32), weaker)
    assert list(differences(before, after, "")) == []


# --- the world itself -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", CALLERS)
async def test_every_caller_sees_something(who: str) -> None:
    answer = (await answered(EVERYBODY, CALLERS[who], ["rights"])).answers["rights"]
    assert any(student is not None for student in answer["data"].values())


@pytest.mark.parametrize("who", CALLERS)
async def test_exactly_the_people_named_hidden_are_hidden(who: str) -> None:
    question = "whether each student is there"
    answer = (await answered(EVERYBODY, CALLERS[who], [question])).answers[question]
    absent = {int(name[1:]) for name, student in answer["data"].items() if student is None}
    assert absent == HIDDEN[who].people


# --- the test of the test -------------------------------------------------------------------------------------


def with_rule(*items: Item, when: tuple[str, ...], role: Role = Role.STAFF) -> Policy:
    """The real policy with one rule too many."""
    rule = Rule(
        id="leak",
        title="A leak put in on purpose",
        who=frozenset({role}),
        about="plan",
        when=when,
        when_plan=(),
        items=frozenset(items),
        ground=Ground(law="none", source=("none",), code="none"),
        interpretation=True,
        examples=(),
    )
    policy = real_policy()
    return msgspec.structs.replace(policy, rules=(*policy.rules, rule))


class Stronger(Reader):
    """A reader that answers everyone as it would answer somebody else."""

    def __init__(self, reader: Reader, stronger: Caller) -> None:
        self._reader, self._stronger = reader, stronger

    def sit(self) -> Sitting:
        """As the reader does."""
        return self._reader.sit()

    async def students(
        self, caller: Caller, oids: Any, *, within: Any = None, selected: Any = None
    ) -> dict[LearnerOid, Seen]:
        """What the stronger caller sees."""
        return await self._reader.students(self._stronger, oids)

    async def by_rights(self, caller: Caller, rights: Any, *, within: Any = None, selected: Any = None) -> Any:
        """What the stronger caller sees."""
        return await self._reader.by_rights(self._stronger, rights)

    async def page(
        self, caller: Caller, *, after: LearnerOid | None, first: int, within: Any = None, selected: Any = None
    ) -> Page:
        """The caller's own page: this reader leaks elsewhere."""
        return await self._reader.page(caller, after=after, first=first)

    async def sources(self, caller: Caller, *, within: Any = None) -> Any:
        """The caller's own sources: this reader leaks elsewhere."""
        return await self._reader.sources(caller)


class Counting(Stronger):
    """A reader whose pages say whether somebody else would have more."""

    async def students(
        self, caller: Caller, oids: Any, *, within: Any = None, selected: Any = None
    ) -> dict[LearnerOid, Seen]:
        """The caller's own."""
        return await self._reader.students(caller, oids)

    async def page(
        self, caller: Caller, *, after: LearnerOid | None, first: int, within: Any = None, selected: Any = None
    ) -> Page:
        """The caller's page with another's count."""
        own = await self._reader.page(caller, after=after, first=first)
        return Page(own.views, more=(await self._reader.page(self._stronger, after=after, first=first)).more)


STANDS = ("the right stands",)
WIDEST = ("names", "seven students")
WITH_FINDINGS = ("links", "a plan's findings")

LEAKS: Mapping[str, tuple[str, Perturbation, Mapping[str, Any]]] = {
    "everything of every right that stands": (
        "staff of A",
        OF_PLANS["hidden values are others"],
        {"policy": with_rule(*Item, when=STANDS)},
    ),
    "only that a plan exists": (
        "staff of A",
        OF_PLANS["hidden plans are deleted"],
        {"policy": with_rule(Item.SR, Item.D1, when=STANDS)},
    ),
    "the length of a name": (
        "staff of D",
        OF_PLANS["hidden values are longer"],
        {"policy": with_rule(Item.SR, Item.D2u, when=STANDS)},
    ),
    "contact data of concurrent plans": (
        "staff of C",
        OF_PLANS["hidden contacts are null"],
        {"policy": with_rule(Item.Cs, when=("the acting provider has a valid right for the student",))},
    ),
    "instructors' contact data of concurrent plans": (
        "staff of C",
        OF_PLANS["hidden contacts are others"],
        {"policy": with_rule(Item.Ci, when=("the acting provider has a valid right for the student",))},
    ),
    "the state of hidden rights": (
        "staff of D",
        OF_RIGHTS["hidden states move, second"],
        {"policy": with_rule(Item.SR, when=("the right has not been over for more than five years",))},
    ),
    "that hidden people exist": (
        "staff of D",
        OF_RIGHTS["hidden people are deleted"],
        {"policy": with_rule(Item.ID, when=STANDS)},
    ),
    "a second of two plans, not approved": (
        "staff of C",
        OF_PLANS["hidden plans are deleted"],
        {"policy": with_rule(Item.SR, Item.D1, when=("the acting provider has a valid right for the student",))},
    ),
    "a plan of another provider after one's own right ended": (
        "staff of D",
        OF_PLANS["hidden values are null"],
        {"policy": with_rule(Item.SR, Item.D13, when=("the right is valid today",))},
    ),
    "another caller's answer": (
        "staff of D",
        OF_PLANS["hidden values are others"],
        {"reader": lambda reader: Stronger(reader, CALLERS["staff of A"])},
    ),
    "the school's answer is the provider's": (
        "staff of A's school",
        OF_RIGHTS["hidden people are deleted"],
        {"reader": lambda reader: Stronger(reader, CALLERS["staff of A"])},
    ),
    "whether others have more students": (
        "staff of A's school",
        OF_RIGHTS["hidden people are deleted"],
        {"reader": lambda reader: Counting(reader, CALLERS["staff of A"])},
    ),
}


@pytest.mark.parametrize("leak", LEAKS)
async def test_a_leak_put_in_on_purpose_is_caught(leak: str) -> None:
    who, perturb, change = LEAKS[leak]
    one = await answered(EVERYBODY, CALLERS[who], WIDEST, **change)
    other = await answered(perturb(EVERYBODY, HIDDEN[who]), CALLERS[who], WIDEST, **change)
    assert compared(one, other) != []


@pytest.mark.parametrize("leak", LEAKS)
async def test_what_catches_a_leak_finds_nothing_where_it_is_mended(leak: str) -> None:
    who, perturb, _ = LEAKS[leak]
    one = await answered(EVERYBODY, CALLERS[who], WIDEST)
    other = await answered(perturb(EVERYBODY, HIDDEN[who]), CALLERS[who], WIDEST)
    assert compared(one, other) == []


@pytest.mark.parametrize("leak", OF_THE_CAST)
async def test_a_leak_of_the_code_is_caught(leak: str, monkeypatch: pytest.MonkeyPatch) -> None:
    who, perturb = OF_THE_CAST[leak].who, OF_RIGHTS[OF_THE_CAST[leak].kind]
    plain = compared(
        await answered(EVERYBODY, CALLERS[who], WITH_FINDINGS),
        await answered(perturb(EVERYBODY, HIDDEN[who]), CALLERS[who], WITH_FINDINGS),
    )
    OF_THE_CAST[leak].install(monkeypatch)
    one = await answered(EVERYBODY, CALLERS[who], WITH_FINDINGS)
    other = await answered(perturb(EVERYBODY, HIDDEN[who]), CALLERS[who], WITH_FINDINGS)
    assert plain == []
    assert any("findings" in each for each in compared(one, other))
