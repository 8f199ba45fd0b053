"""Labelled: the names of codes, units and organisations put on what a caller is shown, from memory alone.

What a source says for itself stays: of a code only the languages that are missing are added, of an organisation or a
requirement document a name only where there is none; a local unit's own name stands beside the register's.

INVARIANT: it is given what has been redacted and nothing else, and looks up nothing that is not in it. What it adds
depends on that and on what this process has loaded, never on what is hidden.
"""

from collections.abc import Callable
from functools import cache
from operator import is_
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec

from hoks.beside import Beside, itself
from hoks.identifiers import OrganisationOid
from hoks.plan import Hoks
from hoks.ports import Labels
from hoks.study_right import StudyRight
from hoks.values import Code, Organisation, Provenance, Text

S = TypeVar("S", bound=msgspec.Struct)
Labeller = Callable[[Any, "_Now"], Any]
"""Gives the value with its names, and the very same value where there is nothing to add."""


def labelled(shown: S, labels: Labels | None) -> S:
    """A record or value with the names of everything in it; as it is where there are no registers of names."""
    label = _labeller(type(shown))
    if labels is None or label is None:
        return shown
    told = _Edition(labels, labels.edition)
    is_kept = told.edition is not None and isinstance(shown, Hoks | StudyRight)
    named: S = _labelled_record(shown, told) if is_kept else label(shown, _Now(told))
    return named


class _Edition(msgspec.Struct, frozen=True, gc=False):
    """What the registers had told when something got its names."""

    labels: Labels
    edition: object | None


class _Now:
    """What the registers tell while one record gets its names: nothing is waited for, so that they tell nothing new."""

    def __init__(self, told: _Edition) -> None:
        labels = told.labels
        self.told = told
        self.code, self.unit, self.local_unit = labels.code, labels.unit, labels.local_unit
        self.requirements, self.organisation = labels.requirements, labels.organisation


def _label(record: Any, told: _Edition) -> Any:
    kind: type[msgspec.Struct] = type(record)
    label = _labeller(kind)
    return record if label is None else label(record, _Now(told))


_labelled_record: Beside[Any, Any] = Beside(_label, itself)
"""A plan or a right with its names, until a register tells another name."""


# --- how each kind gets its names -----------------------------------------------------------------------------------


def _code(code: Code, labels: _Now) -> Code:
    own = code.name
    if own is not None and own.fi and own.sv and own.en:
        return code
    return _called(code, labels.code(code.uri, code.version))


def _called(code: Code, name: Text | None) -> Code:
    """The code with a name in the languages in which it has none."""
    own = code.name
    if name is None or own == name:
        return code
    if own is not None:
        name = Text(fi=own.fi or name.fi, sv=own.sv or name.sv, en=own.en or name.en)
    return code if name == own else Code(uri=code.uri, version=code.version, name=name)


def _organisation(organisation: Organisation, labels: _Now) -> Organisation:
    if organisation.name is not None:
        return organisation
    name = labels.organisation(organisation.oid)
    return organisation if name is None else Organisation(oid=organisation.oid, name=name)


def _unit(record: Any, labels: _Now, changes: dict[str, Any]) -> None:
    """A national unit, by its register number and code: its name there and its credits.

    Without a number, or where the document does not have it, Koodisto names it, and last the newest of that code.
    """
    unit: Code | None = record.unit
    if unit is None:
        return
    number = record.requirements_register_number
    label = labels.unit(number, unit.uri) if number is not None else None
    if label is not None and record.competence_points is None and label.competence_points is not None:
        changes["competence_points"] = label.competence_points
    named = _called(unit, label.name if label is not None else None)
    if named.name is None:
        named = _code(unit, labels)
    if named.name is None:
        newest = labels.unit(None, unit.uri)
        named = _called(unit, newest.name if newest is not None else None)
    if named is not unit:
        changes["unit"] = named


def _local_unit(record: Any, labels: _Now, changes: dict[str, Any]) -> None:
    if record.registered_name is None and record.amosaa_id is not None:
        name = labels.local_unit(record.amosaa_id)
        if name is not None:
            changes["registered_name"] = name


def _requirements(value: Any, labels: _Now, changes: dict[str, Any]) -> None:
    if value.requirements_name is None and value.requirements_register_number is not None:
        name = labels.requirements(value.requirements_register_number)
        if name is not None:
            changes["requirements_name"] = name


_OF_SEVERAL_FIELDS: tuple[tuple[frozenset[str], Callable[[Any, _Now, dict[str, Any]], None]], ...] = (
    (frozenset({"unit", "requirements_register_number", "competence_points"}), _unit),
    (frozenset({"amosaa_id", "registered_name"}), _local_unit),
    (frozenset({"requirements_register_number", "requirements_name"}), _requirements),
)
"""What is told by several fields of one record together."""


# --- compiled once for each kind of record --------------------------------------------------------------------------


@cache
def _labeller(kind: type[msgspec.Struct]) -> Labeller | None:
    """How a kind of record or value gets its names; nothing where there are none to give in it."""
    if kind is Code:
        return _code
    if kind is Organisation:
        return _organisation
    names = kind.__struct_fields__
    hints = get_type_hints(kind)
    together = tuple(label for fields, label in _OF_SEVERAL_FIELDS if fields.issubset(names))
    done = {"unit"} if _unit in together else set()
    fields = tuple(
        (name, label) for name in names if name not in done and (label := _field_labeller(hints[name])) is not None
    )
    named = tuple((name, called) for name in names if (called := name_beside(name, hints)) is not None)
    if not (together or fields or named):
        return None

    def label_record(record: Any, labels: _Now) -> Any:
        changes: dict[str, Any] = {}
        for name, label in fields:
            value = getattr(record, name)
            if value:
                with_names = label(value, labels)
                if with_names is not value:
                    changes[name] = with_names
        for name, called in named:
            oid = getattr(record, name)
            if oid is not None and getattr(record, called) is None:
                found = labels.organisation(oid)
                if found is not None:
                    changes[called] = found
        for label_together in together:
            label_together(record, labels, changes)
        return msgspec.structs.replace(record, **changes) if changes else record

    return _the_same_again(label_record) if kind is Provenance else label_record


def _the_same_again(label: Labeller) -> Labeller:
    """The same for the very value of the time before: all parts of a plan hold one provenance."""
    last: tuple[Any, _Edition, Any] | None = None

    def label_again(value: Any, labels: _Now) -> Any:
        nonlocal last
        told = labels.told
        if last is not None and last[0] is value and last[1] == told and told.edition is not None:
            return last[2]
        named = label(value, labels)
        last = (value, told, named)
        return named

    return label_again


def _field_labeller(hint: Any) -> Labeller | None:
    kind = _struct_in(hint)
    label = _labeller(kind) if kind is not None else None
    if label is None or not _is_list(hint):
        return label

    def label_each(values: tuple[Any, ...], labels: _Now) -> tuple[Any, ...]:
        with_names = [label(value, labels) for value in values]
        return values if all(map(is_, with_names, values)) else tuple(with_names)

    return label_each


def name_beside(field: str, hints: dict[str, Any]) -> str | None:
    """The field that names the organisation whose OID another field is: ``provider_name`` beside ``provider_oid``."""
    if not field.endswith("_oid") or OrganisationOid not in (hints[field], *get_args(hints[field])):
        return None
    called = f"{field.removesuffix('_oid')}_name"
    return called if called in hints else None


def _struct_in(hint: Any) -> type[msgspec.Struct] | None:
    """The one kind of record or value that a field holds, or a list of."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return hint
    return next((found for each in get_args(hint) if (found := _struct_in(each)) is not None), None)


def _is_list(hint: Any) -> bool:
    return any(getattr(each, "__origin__", None) is tuple for each in (hint, *get_args(hint)))
