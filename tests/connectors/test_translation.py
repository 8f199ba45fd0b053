"""Translation is complete: each field of a wire table carries its own value to a place in our model."""

import itertools
import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from connectors.ehoks_plan import plan_of
from connectors.ehoks_wire import HoksWire
from connectors.koski_wire import RightWire, right_of
from connectors.lenient import read
from hoks.identifiers import StudyRightOid
from tests.connectors.leaves import lost
from tests.connectors.test_lenient import bare

ROW_IDS_MEAN_NOTHING = "id"


class Different:
    """Makes a document with every field of a wire table in it and no value twice, truths aside."""

    def __init__(self) -> None:
        self._numbers: Iterator[int] = itertools.count(1)

    def document(self, kind: type[msgspec.Struct]) -> dict[str, Any]:
        hints = get_type_hints(kind, include_extras=True)
        fields = msgspec.structs.fields(kind)
        return {field.encode_name: self._value(bare(hints[field.name])) for field in fields}

    def _value(self, hint: Any) -> Any:
        if get_origin(hint) is tuple:
            return [self._value(bare(get_args(hint)[0])) for _ in range(2)]
        if issubclass(hint, msgspec.Struct):
            return self.document(hint)
        number = next(self._numbers)
        days = timedelta(days=number)
        return {
            bool: True,
            str: f"text {number}",
            int: number,
            float: number + 0.5,
            date: (date(2000, 1, 1) + days).isoformat(),
            datetime: (datetime(2000, 1, 1) + days).isoformat() + "Z",
        }[hint]


def without_row_ids(document: Any, *, top: bool = True) -> Any:
    match document:
        case dict():
            return {
                key: without_row_ids(value, top=False)
                for key, value in document.items()
                if top or key != ROW_IDS_MEAN_NOTHING
            }
        case list():
            return [without_row_ids(each, top=False) for each in document]
        case _:
            return document


def test_every_field_of_a_plan_arrives() -> None:
    document = without_row_ids(Different().document(HoksWire))
    wire, _ = read(json.dumps(document).encode(), HoksWire)
    plan = plan_of(wire, StudyRightOid(document["opiskeluoikeus-oid"]), (), ())
    # eHOKS's number of a plan is a number there and a text here.
    document["id"] = str(document["id"])
    assert lost(document, plan, {}) == []


def test_every_field_of_a_right_arrives() -> None:
    document = Different().document(RightWire)
    wire, findings = read(json.dumps(document).encode(), RightWire)
    right = right_of(wire, StudyRightOid(document["oid"]), None, findings)
    # Only the first completion says where the right is given.
    first = {**document, "suoritukset": document["suoritukset"][:1]}
    assert lost(document, right, {"suoritukset.toimipiste": "all sites but the first"}) == []
    assert lost(first, right, {}) == []
