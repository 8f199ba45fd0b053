"""The world as one typed value: people, their rights and plans, made of the cast, a seed and a background crowd."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from msgspec.structs import replace

from hoks.identifiers import with_check_digit

from . import BUSINESS_DAY, SEED
from .cast import Letter, PersonEntry, PlanEntry, RightEntry, people, person_oid, slave_oid
from .organisations import Organisation, letter_of, organisation, site_of
from .parts import Json, PlanOrder
from .plans import make_plan, older_copy
from .texts import Qualification, full_name, texts

TERMINAL = frozenset({"valmistunut", "eronnut", "katsotaaneronneeksi", "peruutettu", "mitatoity"})
CROWD: dict[Letter, int] = {"A": 45, "B": 20, "C": 15}
"""Background students at each provider: enough to page through."""
NOBODY = 399
"""A student in B's drop whose OID column is empty. Not of the cast."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A student; ``slaves`` are retired records of the same person."""

    number: int
    oid: str
    slaves: tuple[str, ...]
    family_name: str
    given_names: str
    shows: str = ""
    """Why the person is in the cast; empty for the background."""
    non_disclosure: bool = False
    """Whether the register holds a non-disclosure order (turvakielto)."""
    born: date | None = None
    """The day of birth, where the story needs it."""

    @property
    def aliases(self) -> tuple[str, ...]:
        """All OIDs of the person, the master first."""
        return (self.oid, *self.slaves)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPeriod:
    """A state and the day from which it holds."""

    state: str
    start: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Procurement: the right in which another is included, and the school named with it."""

    right_oid: str
    school_oid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A school to which a right belonged until another took over."""

    school: Organisation
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyRight:
    """A study right as its provider has entered it."""

    key: str
    oid: str
    person: Person
    provider: Letter
    school: Organisation
    site: Organisation
    type: str
    periods: tuple[StatusPeriod, ...]
    estimated_end: date
    qualification: Qualification | None
    purchased: bool
    included_in: Link | None
    known_as: str
    """The learner OID in the provider's own system: the master, a slave, or empty."""
    recorded_under: str
    """The learner OID under which Koski holds the right."""
    history: tuple[Earlier, ...] = ()

    @property
    def start(self) -> date:
        """The first day of the right."""
        return self.periods[0].start

    @property
    def end(self) -> date | None:
        """The day of the terminal state, which may lie ahead."""
        last = self.periods[-1]
        return last.start if last.state in TERMINAL else None

    @property
    def annulled(self) -> bool:
        """Whether the right was entered in error."""
        return any(p.state == "mitatoity" for p in self.periods)

    def state_on(self, day: date) -> str:
        """The state that holds on a day; the first one before the right begins."""
        return next((p.state for p in reversed(self.periods) if p.start <= day), self.periods[0].state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan held by a provider's system; ``copied`` when it is another provider's plan."""

    right: StudyRight
    held_by: Letter
    document: Json
    copied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that is true in the sandbox."""

    people: tuple[Person, ...]
    rights: tuple[StudyRight, ...]
    plans: tuple[Plan, ...]
    large_group: tuple[Person, ...]
    """The students of the one large group at A; nobody unless asked for."""
    _right_by_oid: dict[str, StudyRight] = field(repr=False)
    _person_by_alias: dict[str, Person] = field(repr=False)

    def right(self, oid: str) -> StudyRight | None:
        """The right with this OID."""
        return self._right_by_oid.get(oid)

    def person(self, oid: str) -> Person | None:
        """The person who has this OID, be it master or slave."""
        return self._person_by_alias.get(oid)

    def cast_right(self, number: int, key: str) -> StudyRight:
        """A right of the cast by the person's number and the key in ``people.toml``."""
        return next(r for r in self.rights if r.person.number == number and r.key == key)

    def rights_of(self, letter: Letter) -> tuple[StudyRight, ...]:
        """The rights at one provider."""
        return tuple(r for r in self.rights if r.provider == letter)

    def plans_of(self, letter: Letter) -> tuple[Plan, ...]:
        """The plans that one provider's system holds, copies of others' included."""
        return tuple(p for p in self.plans if p.held_by == letter)


def build_world(seed: int = SEED, large_group: int = 0) -> World:
    """The world of a seed; the cast's stories are the same in all of them.

    ``large_group`` adds that many students of one group at A, of whom a thousand do not fit in one call to Koski.
    """
    first = [entry for entry in people().person if not entry.added_later]
    later = [entry for entry in people().person if entry.added_later]
    entries = [*first, *_crowd(seed), *later, *_large_group(seed, large_group)]
    persons = tuple(_person(entry) for entry in entries)
    rights = tuple(right for entry, person in zip(entries, persons, strict=True) for right in _rights(entry, person))
    plans = tuple(_plans(entries, rights, seed))
    return World(
        people=persons,
        rights=rights,
        plans=plans,
        large_group=persons[len(persons) - large_group :],
        _right_by_oid={r.oid: r for r in rights},
        _person_by_alias={alias: p for p in persons for alias in p.aliases},
    )


def right_oid(number: int, place: int, letter: Letter) -> str:
    """The OID of a person's right: person, place among the person's rights, provider."""
    return with_check_digit("15", f"15{number:05d}{place:02d}{'ABCD'.index(letter) + 1}")


def _person(entry: PersonEntry) -> Person:
    return Person(
        number=entry.number,
        oid=person_oid(entry.number),
        slaves=(slave_oid(entry.number),) if entry.has_slave else (),
        family_name=entry.family_name,
        given_names=entry.given_names,
        shows=entry.shows,
        non_disclosure=entry.non_disclosure,
        born=entry.born,
    )


def right_oids(entry: PersonEntry) -> dict[str, str]:
    """The OIDs of a person's rights by their keys."""
    return {
        right.key: right_oid(entry.number, place, letter_of(right.school))
        for place, right in enumerate(entry.right, start=1)
    }


def _rights(entry: PersonEntry, person: Person) -> Iterator[StudyRight]:
    oids = right_oids(entry)
    names = {"master": person.oid, "slave": person.aliases[-1], "nobody": ""}
    for right in entry.right:
        link = right.included_in
        yield StudyRight(
            key=right.key,
            oid=oids[right.key],
            person=person,
            provider=letter_of(right.school),
            school=organisation(right.school),
            site=site_of(right.school),
            type=right.type,
            periods=tuple(StatusPeriod(state=state, start=start) for state, start in right.periods),
            estimated_end=right.estimated_end,
            qualification=texts().qualification_of(right.qualification) if right.qualification else None,
            purchased=right.purchased,
            included_in=None
            if link is None
            else Link(right_oid=oids[link.right], school_oid=organisation(link.school).oid),
            known_as=names[right.locally_under],
            recorded_under=names[right.recorded_under],
            history=tuple(Earlier(school=organisation(each.school), until=each.until) for each in right.history),
        )


def _plans(entries: list[PersonEntry], rights: tuple[StudyRight, ...], seed: int) -> Iterator[Plan]:
    by_oid = {r.oid: r for r in rights}
    source_id = 41_000
    for entry in entries:
        oids = right_oids(entry)
        for ordered in entry.right:
            if ordered.plan is None:
                continue
            source_id += 1
            right = by_oid[oids[ordered.key]]
            tuva = oids[ordered.parallel_tuva] if ordered.parallel_tuva else None
            document = make_plan(_order(ordered, right, tuva), source_id=source_id, seed=seed)
            yield Plan(right=right, held_by=right.provider, document=document)
            if ordered.plan.copied_to:
                copied = older_copy(document)
                yield Plan(right=right, held_by=ordered.plan.copied_to, document=copied, copied=True)


def _order(ordered: RightEntry, right: StudyRight, tuva: str | None) -> PlanOrder:
    if ordered.plan is None:
        raise ValueError("a right without a plan has no order")
    return PlanOrder(
        right_oid=right.oid,
        learner_oid=right.person.oid,
        student_name=full_name(right.person.given_names, right.person.family_name),
        provider=right.provider,
        school_key=right.school.key,
        start=right.start,
        end=min(right.end or right.estimated_end, right.estimated_end),
        qualification=right.qualification,
        traits=ordered.plan.traits,
        draft=ordered.plan.draft,
        small="small" in ordered.plan.traits,
        tuva_right_oid=tuva,
    )


# How background students' rights stand on the business day, taken in turn; None is present since the start.
_CROWD_STATES = (None, None, None, "loma", None, "eronnut", None, "valmistunut", None, "katsotaaneronneeksi",
                 None, "peruutettu")  # fmt: skip
_CROWD_TUVA = 7
"""The place of the one background student at B and at C who is in preparatory education."""


def _crowd(seed: int) -> Iterator[PersonEntry]:
    rng = random.Random(f"{seed}:crowd")  # noqa: S311  (invented data, repeatable on purpose)
    for letter, count in CROWD.items():
        first = {"A": 2001, "B": 3001, "C": 4001}[letter]
        for place in range(count):
            right = _crowd_right(rng, letter, place)
            yield _crowd_person(rng, first + place, right)
    yield _crowd_person(rng, NOBODY, replace(_crowd_right(rng, "B", 0), locally_under="nobody"))


_FIRST_OF_LARGE_GROUP = 10_001


def _large_group(seed: int, size: int) -> Iterator[PersonEntry]:
    rng = random.Random(f"{seed}:group")  # noqa: S311  (invented data, repeatable on purpose)
    start, end = date(2026, 8, 10), date(2029, 6, 1)
    for place in range(size):
        right = RightEntry(
            key="a",
            school="A-school",
            qualification="business",
            periods=(("lasna", start),),
            estimated_end=end,
            plan=PlanEntry(traits=frozenset({"small"})),
        )
        yield _crowd_person(rng, _FIRST_OF_LARGE_GROUP + place, right)


def _crowd_person(rng: random.Random, number: int, right: RightEntry) -> PersonEntry:
    names = texts().people
    given = " ".join(rng.sample(names.given, 2))
    return PersonEntry(number=number, family_name=rng.choice(names.family), given_names=given, shows="", right=(right,))


def _crowd_right(rng: random.Random, letter: Letter, place: int) -> RightEntry:
    start = date(2026, 1, 12) - timedelta(days=7 * rng.randint(0, 70))
    state = _CROWD_STATES[place % len(_CROWD_STATES)]
    later = () if state is None else ((state, BUSINESS_DAY - timedelta(days=rng.randint(5, 110))),)
    tuva = letter != "A" and place == _CROWD_TUVA
    return RightEntry(
        key=letter.lower(),
        school="A-adult" if letter == "A" and place % 5 == 0 else f"{letter}-school",
        type="tuva" if tuva else "ammatillinenkoulutus",
        qualification=None if tuva else rng.choice(texts().qualification).key,
        periods=(("lasna", start), *later),
        estimated_end=start + timedelta(days=7 * rng.randint(104, 150)),
        plan=PlanEntry(traits=frozenset({"small"})),
    )
