"""What an answer tells of whom: per right and source the law items that were selected and are there, and their ground.

Collected from what is shown, never from what was asked for: an item that is empty, or that nobody selected, was not
disclosed. No value of anything is kept.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache, lru_cache, reduce
from operator import or_
from typing import Any, get_args, get_type_hints

import msgspec

from hoks.access.redact import items_of
from hoks.caller import Role
from hoks.combined_units import CombinedUnit, UnitOccurrence
from hoks.hints import Hint
from hoks.identifiers import LearnerOid, StudyRightOid
from hoks.items import Item, classification
from hoks.records import Record
from hoks.showing import Origin, View
from hoks.student import Student, WorkplacePeriod
from hoks.timeline import OF_RIGHTS, TimelineEntry

PURPOSES = {
    Role.STUDENT: "OWN_USE",
    Role.STAFF: "GUIDANCE",
    Role.SYSTEM: "GUIDANCE",
    Role.RESPONSIBLE_TEACHER: "GUIDANCE",
    Role.GUIDANCE_COUNSELLOR: "GUIDANCE",
    Role.SPECIAL_NEEDS_TEACHER: "GUIDANCE",
    Role.SCHOOL_SOCIAL_WORKER: "GUIDANCE",
    Role.HEAD_OF_TRAINING: "GUIDANCE",
    Role.INSTRUCTOR: "WORKPLACE_LEARNING",
    Role.ASSESSOR: "ASSESSMENT",
    Role.CONSENT_RECIPIENT: "CONSENT",
    Role.AUTHORITY: "STATUTORY_TASK",
    Role.EMPLOYMENT_FUND: "STATUTORY_TASK",
    Role.OPH: "STATUTORY_TASK",
}
"""To what end each role sees anything (security 7.2)."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What one answer tells of one right or plan of one person."""

    subject: LearnerOid
    right: StudyRightOid | None
    """Nothing for what is told of the person apart from any right: OID and name."""
    origin: Origin | None
    items: frozenset[Item]


def disclosed(
    view: View, selected: Collection[str], within: Collection[StudyRightOid] | None = None
) -> tuple[Told, ...]:
    """What an answer tells that holds the ``selected`` coordinates of a shown student, or of some rights alone."""
    student, selected = view.student, frozenset(selected)
    told: list[Told] = []
    if within is None and (person := items_in(student, selected, deep=False)):
        told.append(Told(subject=view.oid, right=None, origin=None, items=person))
    drawn = _drawn(student, selected) if within is None else {}
    for oids, records, origins in (
        (view.rights, student.study_rights or (), view.right_origins),
        (view.plans, student.hoksit or (), view.plan_origins),
    ):
        for oid, record in zip(oids, records, strict=True):
            if within is not None and oid not in within:
                continue
            items = items_in(record, selected)
            if of_drawn := drawn.get(oid, frozenset()) | drawn.get(None, frozenset()):
                items |= of_drawn & items_in(record, None)
            # A field that several items open was opened by those that are granted.
            items &= view.grants[oid].possible
            if items:
                told.append(Told(subject=view.oid, right=oid, origin=origins.get(oid), items=items))
    return tuple(told)


def disclosed_row(
    subject: LearnerOid,
    right: StudyRightOid,
    record: Record,
    origin: Origin | None,
    possible: Collection[Item],
    selected: Collection[str],
) -> tuple[Told, ...]:
    """What a line about one student in a report tells that holds the ``selected`` coordinates of its record."""
    items = items_in(record, selected)
    of_plan = (items - {Item.ID}) & frozenset(possible)
    told = [Told(subject=subject, right=None, origin=None, items=frozenset({Item.ID}))] if Item.ID in items else []
    return (*told, *([Told(subject=subject, right=right, origin=origin, items=of_plan)] if of_plan else []))


def disclosed_entries(view: View, entries: Iterable[TimelineEntry], selected: Collection[str]) -> tuple[Told, ...]:
    """What some entries of a shown student's timeline tell, of each right and plan."""
    of_rights: dict[StudyRightOid | None, frozenset[Item]] = {}
    of_plans: dict[StudyRightOid | None, frozenset[Item]] = {}
    for each in entries:
        told = of_rights if each.kind in OF_RIGHTS else of_plans
        told[each.study_right_oid] = told.get(each.study_right_oid, frozenset()) | items_in(each, selected)
    return tuple(
        Told(subject=view.oid, right=oid, origin=origins.get(oid), items=items)
        for oids, told, origins in (
            (view.rights, of_rights, view.right_origins),
            (view.plans, of_plans, view.plan_origins),
        )
        for oid in dict.fromkeys(oids)
        # Of what right an entry is, is not known where that is not shown: then it may be any.
        if (items := (told.get(oid, _NOTHING) | told.get(None, _NOTHING)) & view.grants[oid].possible)
    )


_NOTHING = frozenset[Item]()


def together(told: Iterable[Told]) -> tuple[Told, ...]:
    """The same, with what is told of one right from one source as one."""
    joined: dict[tuple[LearnerOid, StudyRightOid | None, str | None], Told] = {}
    for each in told:
        key = (each.subject, each.right, each.origin.source if each.origin is not None else None)
        earlier = joined.get(key)
        joined[key] = each if earlier is None else msgspec.structs.replace(earlier, items=earlier.items | each.items)
    return tuple(joined.values())


def _drawn(student: Student, selected: frozenset[str]) -> Mapping[StudyRightOid | None, frozenset[Item]]:
    """What the views tell of each plan, by its study right; by nothing where it is not shown, and then of any plan.

    Views are made of parts of the plans, whose items they share. A hint tells each item that it rests on.
    """
    told: dict[StudyRightOid | None, frozenset[Item]] = {}

    def tell(right: StudyRightOid | None, items: frozenset[Item]) -> None:
        if items:
            told[right] = told.get(right, frozenset()) | items

    # Most questions ask for nothing of a view, and every part of every plan stands in one.
    of_parts, of_units = _telling(selected, True), _telling(selected, False)
    if of_parts.tells(WorkplacePeriod):
        for period in student.workplace_learning or ():
            tell(period.study_right_oid, items_in(period, selected))
    if of_units.tells(CombinedUnit) or of_parts.tells(UnitOccurrence):
        for unit in student.combined_units or ():
            of_unit = items_in(unit, selected, deep=False)
            for each in unit.occurrences or ():
                tell(each.study_right_oid, (of_unit & {each.unit_item}) | items_in(each, selected))
    for hint in _hints(student, selected):
        for evidence in hint.evidence or ():
            tell(evidence.study_right_oid, evidence.what_it_rests_on)
    return told


def _hints(student: Student, selected: Collection[str]) -> Iterable[Hint]:
    if "Student.hints" in selected:
        return student.hints or ()
    if "CombinedUnit.hints" in selected:
        return [hint for unit in student.combined_units or () for hint in unit.hints or ()]
    return ()


def items_in(record: Record, selected: Collection[str] | None, *, deep: bool = True) -> frozenset[Item]:
    """The items of which the record, and if ``deep`` its parts, hold something under a selected coordinate, or any."""
    telling = _telling(None if selected is None else frozenset(selected), deep)
    return _items(telling[type(record)](record, 0))


Tell = Callable[[Any, int], int]
"""From a record and the items that are known to be told, as bits, to these and those that the record holds."""

_BITS: Mapping[Item, int] = {item: 1 << place for place, item in enumerate(Item)}


@lru_cache(4096)
def _bits(items: Item | frozenset[Item]) -> int:
    return _together(map(_BITS.__getitem__, items)) if isinstance(items, frozenset) else _BITS[items]


def _together(bits: Iterable[int]) -> int:
    return reduce(or_, bits, 0)


@lru_cache(4096)
def _items(bits: int) -> frozenset[Item]:
    return frozenset(item for item, bit in _BITS.items() if bits & bit)


MOST_SELECTIONS = 128
"""Of how many selections it is remembered how records are looked at for them."""


class _Telling(dict[type[Record], Tell]):
    """How each kind of record is looked at for what is selected of it, worked out when the first of its kind is."""

    def __init__(self, selected: frozenset[str] | None, deep: bool) -> None:
        super().__init__()
        self._selected = selected
        self._deep = deep
        self._reach: dict[type[Record], int] = {}

    def __missing__(self, kind: type[Record]) -> Tell:
        tell = self[kind] = self._compiled(kind) if issubclass(kind, Record) else _nothing_of_it
        return tell

    def tells(self, kind: type[Record]) -> bool:
        """Whether looking at such records can tell anything."""
        return self.reach(kind) != 0

    def reach(self, kind: type[Record]) -> int:
        """Every item that looking at such a record can tell."""
        reach = self._reach.get(kind)
        if reach is None:
            reach = self._reach[kind] = _together(map(self._reach_of, self._fields(kind)))
        return reach

    def _fields(self, kind: type[Record]) -> Iterator["_Field"]:
        for field in _fields(kind):
            if (self._selected is None or field.coordinate in self._selected) and (
                self._deep or not field.is_structure
            ):
                yield field

    def _reach_of(self, field: "_Field") -> int:
        return _together(map(self.reach, field.holds)) if field.is_structure else _bits(field.items)

    def _compiled(self, kind: type[Record]) -> Tell:
        """One function for a kind of record. INVARIANT: only names of its own fields go into the source."""
        leaves: dict[int, list[str]] = {}
        lines: list[str] = []
        for field in self._fields(kind):
            reach = self._reach_of(field)
            # What can tell nothing new is not looked at: in a long plan that is most of it.
            is_new = f"found & {reach} != {reach}"
            if not reach:
                continue
            if field.choose:
                lines.append(f"    if {is_new} and {_is_there(field)}: found |= bits(x.{field.choose})")
            elif not field.is_structure:
                leaves.setdefault(reach, []).append(_is_there(field))
            else:
                lines += (
                    f"    if {is_new} and (held := x.{field.name}):",
                    "        for each in held if type(held) is tuple else (held,):",
                    "            found = telling[type(each)](each, found)",
                    f"            if found & {reach} == {reach}: break",
                )
        of_leaves = [
            f"    if found & {reach} != {reach} and ({' or '.join(there)}): found |= {reach}"
            for reach, there in leaves.items()
        ]
        source = "\n".join(["def tell(x, found):", *of_leaves, *lines, "    return found"])
        names: dict[str, Any] = {"telling": self, "bits": _bits}
        # Source that is made of a record's fields, as dataclasses do it.
        exec(compile(source, "<telling>", "exec"), names)  # noqa: S102
        tell: Tell = names["tell"]
        return tell


def _nothing_of_it(_: Any, found: int) -> int:
    return found


def _is_there(field: "_Field") -> str:
    value = f"x.{field.name}"
    return f"({value} is not None and {value} != ())" if field.is_list else f"{value} is not None"


@lru_cache(MOST_SELECTIONS)
def _telling(selected: frozenset[str] | None, deep: bool) -> _Telling:
    return _Telling(selected, deep)


class _Field(msgspec.Struct, frozen=True):
    name: str
    coordinate: str
    items: frozenset[Item]
    is_structure: bool
    choose: str
    """The property of the record that says which of the items it is, or which ones."""
    holds: tuple[type[Record], ...]
    """The kinds of records that may stand in it."""
    is_list: bool


@cache
def _fields(kind: type[Record]) -> tuple[_Field, ...]:
    """The fields of a record that are of an item, or hold records that are."""
    items, shown, hints = items_of(kind), classification(kind), get_type_hints(kind)
    return tuple(
        _Field(
            name,
            f"{kind.__name__}.{_camel(name)}",
            items[name],
            not shown[name].items,
            shown[name].choose or "",
            tuple(_records_in(hints[name])),
            any(getattr(each, "__origin__", None) is tuple for each in (hints[name], *get_args(hints[name]))),
        )
        for name in kind.__struct_fields__
        if items[name]
    )


def _records_in(hint: Any) -> Iterator[type[Record]]:
    """Every kind of record that the hint allows."""
    if isinstance(hint, type) and issubclass(hint, Record):
        yield hint
        for kind in hint.__subclasses__():
            yield from _records_in(kind)
    for each in get_args(hint):
        yield from _records_in(each)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.title() for word in rest)
