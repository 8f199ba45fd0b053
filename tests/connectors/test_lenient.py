"""Lenient reading: both ways agree, one bad value costs itself alone, and nothing hostile gets further."""

import json
import types
import unicodedata
from contextlib import suppress
from datetime import date, datetime
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import ehoks_wire, ehoks_wire_competence, koski_wire
from connectors.bodies import MAX_DEPTH, MAX_NODES, elements, strings
from connectors.ehoks_wire import HoksWire, PriorCommonWire
from connectors.ehoks_wire_competence import AcquisitionWire, DemonstrationWire
from connectors.failures import Reason, SourceInvalid
from connectors.koski_wire import CompletionWire
from connectors.lenient import read
from connectors.outline import clean
from connectors.wire import At, Open, Text, Whole
from hoks.findings import FindingCode

KINDS: tuple[type[msgspec.Struct], ...] = (AcquisitionWire, DemonstrationWire, PriorCommonWire, CompletionWire)


# --- documents drawn from the wire tables ---------------------------------------------------------------------

WORDS = st.text(max_size=8) | st.sampled_from(["", "  ", " padded ", "a\x00b", "line\nline", "a\u0308", "null", '"['])
LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    str: WORDS,
    bool: st.booleans(),
    int: st.integers(-(2**31), 2**31 - 1),
    float: st.integers(-1000, 1000) | st.floats(allow_nan=False, allow_infinity=False),
    date: st.dates().map(date.isoformat),
    datetime: st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def bare(hint: Any) -> Any:
    """The type of a field without marks and without null."""
    while get_origin(hint) in (Annotated, Union, types.UnionType):
        hint = get_args(hint)[0]
    return hint


def documents(kind: type[msgspec.Struct]) -> st.SearchStrategy[dict[str, Any]]:
    """Documents that keep the types of a wire table; texts may still be unclean, and lists short."""
    hints = get_type_hints(kind, include_extras=True)
    required: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    for info in msgspec.structs.fields(kind):
        (required if info.required else optional)[info.encode_name] = values(bare(hints[info.name]))
    return st.fixed_dictionaries(required, optional=optional)


def values(hint: Any) -> st.SearchStrategy[Any]:
    if get_origin(hint) is tuple:
        return st.lists(values(bare(get_args(hint)[0])), max_size=2)
    return documents(hint) if issubclass(hint, msgspec.Struct) else LEAVES[hint]


def written(document: Any) -> bytes:
    return json.dumps(document).encode()


@st.composite
def kinds_and_documents(draw: st.DrawFn) -> tuple[type[msgspec.Struct], dict[str, Any]]:
    kind = draw(st.sampled_from(KINDS))
    return kind, draw(documents(kind))


# --- both ways agree ------------------------------------------------------------------------------------------


@given(kinds_and_documents())
def test_reading_at_once_and_field_by_field_give_the_same(drawn: tuple[type[msgspec.Struct], dict[str, Any]]) -> None:
    kind, document = drawn
    absent = next((f.encode_name for f in msgspec.structs.fields(kind) if not f.required), "")
    document.pop(absent, None)
    # A null is never as agreed, so it sends the same document the long way.
    assert read(written(document), kind) == read(written({**document, absent: None}), kind)


def test_a_document_as_agreed_is_what_msgspec_makes_of_it() -> None:
    document = {
        "id": 1,
        "eid": "e",
        "ensikertainen-hyvaksyminen": "2026-08-20",
        "hankittavat-koulutuksen-osat": [
            {
                "koulutuksen-osa-koodi-uri": "koulutuksenosattuva_102",
                "alku": "2026-08-20",
                "loppu": "2026-12-18",
                "laajuus": 8,
            }
        ],
    }
    assert read(written(document), HoksWire) == (msgspec.json.decode(written(document), type=HoksWire), ())


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = clean(text)
    assert once is None or clean(once) == once


# --- one bad value costs itself alone -------------------------------------------------------------------------


@given(kinds_and_documents(), JSON, st.data())
def test_whatever_stands_in_one_field_the_others_stay(
    drawn: tuple[type[msgspec.Struct], dict[str, Any]], junk: Any, data: st.DataObject
) -> None:
    kind, document = drawn
    field = data.draw(st.sampled_from(msgspec.structs.fields(kind)))
    before, _ = read(written(document), kind)
    after, _ = read(written({**document, field.encode_name: junk}), kind)
    for other in msgspec.structs.fields(kind):
        if other.name != field.name:
            assert getattr(after, other.name) == getattr(before, other.name)


class Sheet(Open, frozen=True, kw_only=True):
    """A record for the cases below."""

    text: Text | None = None
    truth: bool | None = None
    count: Whole | None = None
    size: float | None = None
    day: date | None = None
    moment: datetime | None = None
    needed: Text | None
    lines: tuple[Text, ...] = ()


CASES: list[tuple[str, Any, Any, FindingCode | None]] = [
    ("text", " a ", "a", None),
    ("text", "", None, None),
    ("text", "\u0007bell\r", "bell", None),
    ("text", "a\tb\nc", "a\tb\nc", None),
    ("text", "\ud800x", "x", None),
    ("text", 7, None, FindingCode.UNREADABLE_VALUE),
    ("text", ["a"], None, FindingCode.UNREADABLE_VALUE),
    ("truth", "true", None, FindingCode.UNREADABLE_VALUE),
    ("truth", 1, None, FindingCode.UNREADABLE_VALUE),
    ("count", "12", 12, None),
    ("count", " -3 ", -3, None),
    ("count", 12.0, 12, None),
    ("count", 12.5, None, FindingCode.UNREADABLE_VALUE),
    ("count", True, None, FindingCode.UNREADABLE_VALUE),
    ("count", 2**31, None, FindingCode.UNREADABLE_VALUE),
    ("count", 10**4000, None, FindingCode.UNREADABLE_VALUE),
    ("count", "twelve", None, FindingCode.UNREADABLE_VALUE),
    ("size", "2.5", 2.5, None),
    ("size", "2,5", None, FindingCode.UNREADABLE_VALUE),
    ("size", float("inf"), None, FindingCode.UNREADABLE_VALUE),
    ("size", float("nan"), None, FindingCode.UNREADABLE_VALUE),
    ("day", " 2026-10-05 ", date(2026, 10, 5), None),
    ("day", "5.10.2026", None, FindingCode.UNREADABLE_VALUE),
    ("day", "2026-02-30", None, FindingCode.UNREADABLE_VALUE),
    ("day", "20261005", None, FindingCode.UNREADABLE_VALUE),
    ("moment", "2026-10-05", None, FindingCode.UNREADABLE_VALUE),
    ("moment", 1790000000, None, FindingCode.UNREADABLE_VALUE),
    ("needed", None, None, FindingCode.MISSING_REQUIRED_VALUE),
    ("needed", " ", None, FindingCode.MISSING_REQUIRED_VALUE),
    ("lines", ["a", "", None, " b "], ("a", "b"), None),
    ("lines", ["a", 1, {}], ("a",), FindingCode.UNREADABLE_VALUE),
    ("lines", "a", (), FindingCode.UNREADABLE_VALUE),
    ("lines", None, (), None),
]


@pytest.mark.parametrize(("field", "value", "expected", "code"), CASES)
def test_each_kind_of_value_is_read_or_reported(
    field: str, value: Any, expected: Any, code: FindingCode | None
) -> None:
    sheet, findings = read(written({"needed": "x", field: value}), Sheet)
    assert getattr(sheet, field) == expected
    assert [each.code for each in findings] == ([code] if code else [])


def test_a_key_that_is_not_there_is_missing_where_it_is_required() -> None:
    _, findings = read(b"{}", Sheet)
    assert [each.code for each in findings] == [FindingCode.MISSING_REQUIRED_VALUE]


def test_unknown_keys_are_one_finding_for_each_kind_of_record_and_are_not_forwarded() -> None:
    period = {"module-id": "m", "alku": "2026-10-05", "loppu": "2026-10-06", "uusi": "salaisuus"}
    period["osaamisen-hankkimistapa-koodi-uri"] = "osaamisenhankkimistapa_koulutussopimus"
    unit = {"module-id": "u", "tutkinnon-osa-koodi-uri": "tutkinnonosat_1"}
    units = [{**unit, "osaamisen-hankkimistavat": [period, {**period, "toinen": 1}]}]
    document = {"id": 1, "eid": "e", "ensikertainen-hyvaksyminen": "2026-08-20"}
    wire, findings = read(written({**document, "hankittavat-ammat-tutkinnon-osat": units}), HoksWire)
    assert [(each.code, each.place) for each in findings] == [
        (FindingCode.UNKNOWN_FIELDS, "plannedVocationalUnits.acquisitions")
    ]
    assert b"salaisuus" not in msgspec.json.encode(wire)


def test_keys_that_came_apart_are_known_again() -> None:
    class Finnish(Open, frozen=True, kw_only=True):
        end: date | None = msgspec.field(name="päättymispäivä")

    apart = unicodedata.normalize("NFD", '{"päättymispäivä": "2026-10-05"}')
    for body in (apart.encode(), written(json.loads(apart))):
        assert read(body, Finnish) == (Finnish(end=date(2026, 10, 5)), ())


def test_findings_do_not_repeat_what_they_are_about() -> None:
    _, findings = read(written({"needed": "x", "count": "hemlighet"}), Sheet)
    assert b"hemlighet" not in msgspec.json.encode(findings)


# --- limits ---------------------------------------------------------------------------------------------------


def nested(depth: int) -> bytes:
    return b'{"needed": "x", "more": ' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


def test_a_document_may_be_as_deep_as_the_limit_and_no_deeper() -> None:
    assert read(nested(MAX_DEPTH), Sheet)[0].needed == "x"
    for depth in (MAX_DEPTH + 1, 2_000, 100_000):
        with pytest.raises(SourceInvalid) as caught:
            read(nested(depth), Sheet)
        assert caught.value.reason is Reason.NESTING


def test_brackets_in_texts_are_no_depth_and_hide_none() -> None:
    text = '"]\\"[[' * 100
    assert read(written({"needed": "x", "text": text}), Sheet)[0].text == text
    hidden = b'{"needed": "]]]]\\\\", "more": ' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}"
    with pytest.raises(SourceInvalid):
        read(hidden, Sheet)


def test_a_document_of_too_many_values_is_refused() -> None:
    with pytest.raises(SourceInvalid) as caught:
        read(b'{"needed": "x", "more": [' + b"0," * MAX_NODES + b"0]}", Sheet)
    assert caught.value.reason is Reason.NESTING


NO_RECORDS = [b"", b"null", b"[]", b"7", b'"x"', b"{", b"<html></html>", b'{"a": 1} {"b": 2}', b"\xff", b"[" * 3000]


@pytest.mark.parametrize("body", NO_RECORDS)
def test_what_is_no_record_is_refused(body: bytes) -> None:
    with pytest.raises(SourceInvalid):
        read(body, Sheet)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_and_nothing_else(body: bytes) -> None:
    for reading in (lambda: read(body, Sheet), lambda: elements(body, at_most=100), lambda: strings(body)):
        with suppress(SourceInvalid):
            reading()


def test_strings_of_a_list_are_told_from_the_rest() -> None:
    assert strings(b'[" a ", 1, null, "", "b"]') == (("a", "b"), 3)


# --- the tables -----------------------------------------------------------------------------------------------


def test_every_field_of_a_plan_or_right_on_the_wire_says_where_it_goes() -> None:
    modules = (ehoks_wire, ehoks_wire_competence, koski_wire)
    kinds = {
        each
        for module in modules
        for each in vars(module).values()
        if str(getattr(each, "__name__", "")).endswith("Wire")
    }
    for kind in kinds:
        for name, hint in get_type_hints(kind, include_extras=True).items():
            if name in kind.__struct_fields__:
                marks = [each for each in getattr(hint, "__metadata__", ()) if isinstance(each, At)]
                assert len(marks) == 1, f"{kind.__name__}.{name}"
