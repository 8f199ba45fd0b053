"""Text of a cell to a value of ours. What cannot be read becomes null and a finding, never an exception.

A finding is about the law item of the field that the cell fills, so it is seen by those who see that field.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import TypeVar
from zoneinfo import ZoneInfo

from connectors.letters import composed
from connectors.table.settings import RowSettings
from hoks.findings import Finding, FindingCode, finding
from hoks.identifiers import (
    BusinessId,
    Check,
    OrganisationOid,
    StudyRightOid,
    check_business_id,
    check_organisation_oid,
    check_study_right_oid,
)
from hoks.items import Item, Shown, classification
from hoks.records import Record
from hoks.values import Code

Row = Mapping[str, str | None]
"""One row by logical column names."""
R = TypeVar("R", bound=Record)
T = TypeVar("T")

_WHOLE_LIMIT = 2**31 - 1
"""The largest whole number that the graph can carry."""
HELSINKI = ZoneInfo("Europe/Helsinki")
_CONTROL = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)])
del _CONTROL[ord("\n")], _CONTROL[ord("\t")]
_TOKENS = {
    "yyyy": r"(?P<year>\d{4})",
    "dd": r"(?P<day>\d{2})",
    "mm": r"(?P<month>\d{2})",
    "d": r"(?P<day>\d{1,2})",
    "m": r"(?P<month>\d{1,2})",
    "HH": r"(?P<hour>\d{2})",
    "MM": r"(?P<minute>\d{2})",
    "SS": r"(?P<second>\d{2})",
}
_TOKEN = re.compile("yyyy|dd|mm|HH|MM|SS|d|m")
_ISO_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.]\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
_NUMBERS = {sign: re.compile(rf"-?\d{{1,12}}(?:{re.escape(sign)}\d{{1,12}})?", re.ASCII) for sign in ".,"}


SCOPE = "\x1f"
"""In a key of rows that did not come as tables: what is before the last of these keeps students and plans apart."""
PLACE = "\x1e"
"""In such a key: what comes after it stands for a row's place and is nothing of the provider's."""
UNREADABLE_CELL = "\x1a"
"""A cell whose value in the source is no text, number, truth or list of these."""

LISTED = "\x1d"
"""Ends each text in a cell that came as a list: such a cell is not parted by the provider's own separator."""


def own_key(row: Row) -> str | None:
    """The provider's own key of a row. No other key has these signs: they are not kept of what a provider writes."""
    key = row["key"]
    return (key.rpartition(SCOPE)[2].partition(PLACE)[0] or None) if key else None


def clean(text: str | None) -> str | None:
    """A text trimmed, composed (NFC) and without control characters but line breaks and tabs; empty is null."""
    if not text:
        return None
    text = composed(text)
    if not text.isprintable():
        text = text.translate(_CONTROL)
    return text.strip() or None


def day_of(text: str, pattern: str) -> date | None:
    """A day written in a pattern of the settings."""
    match = _expression("yyyy-mm-dd" if pattern == "iso" else pattern).fullmatch(text)
    try:
        return date(**_numbers(match)) if match else None
    except ValueError:
        return None


def moment_of(text: str, pattern: str) -> datetime | None:
    """A moment written in a pattern of the settings, in UTC; without an offset it is local time in Helsinki."""
    match = (_ISO_MOMENT if pattern == "iso" else _expression(pattern)).fullmatch(text)
    try:
        moment = _moment(text, match) if match else None
        return moment.astimezone(UTC) if moment else None
    except (ValueError, OverflowError):
        return None


def _moment(text: str, match: re.Match[str]) -> datetime:
    if match.re is _ISO_MOMENT:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=HELSINKI)
    parts = _numbers(match)
    day = (parts["year"], parts["month"], parts["day"])
    return datetime(*day, parts["hour"], parts["minute"], parts.get("second", 0), tzinfo=HELSINKI)


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(_TOKEN.sub(lambda token: _TOKENS[token[0]], pattern.replace(".", r"\.")), re.ASCII)


def _numbers(match: re.Match[str]) -> dict[str, int]:
    return {name: int(digits) for name, digits in match.groupdict().items()}


class Notes:
    """The findings of one plan or right, each once however many rows show it."""

    def __init__(self) -> None:
        self._found: set[tuple[str, FindingCode, Item]] = set()

    def add(self, code: FindingCode, place: str, item: Item) -> None:
        """Note a finding."""
        self._found.add((place, code, item))

    def all(self) -> tuple[Finding, ...]:
        """What was found, by place: the order says nothing of the rows."""
        return tuple(finding(code, place, item) for place, code, item in sorted(self._found))


class Cells:
    """A row read as one record of ours; ``field`` is always the path of the value in that record."""

    __slots__ = ("_faults", "_row", "_settings")

    def __init__(self, row: Row, settings: RowSettings) -> None:
        self._row = row
        self._settings = settings
        self._faults: list[tuple[FindingCode, str]] = []

    def note(self, code: FindingCode, field: str) -> None:
        """Note what is wrong with a field."""
        self._faults.append((code, field))

    def take_over(self, other: "Cells") -> None:
        """Take over what is wrong with a row whose values stand in this record."""
        self._faults += other._faults

    def settle(self, record: R, place: str, notes: Notes) -> R:
        """Hand over what was wrong, by the law items that the finished record gives to its fields."""
        for code, field in self._faults:
            path = f"{place}.{field}" if place else field
            notes.add(code, camel(path), item_of(record, field.partition(".")[0]))
        return record

    def any(self, *columns: str) -> bool:
        """Whether any of the cells holds something."""
        return any(clean(self._row[column]) for column in columns)

    def text(self, column: str, field: str = "", *, required: bool = False) -> str | None:
        """A text; ``required`` makes a finding of an empty cell."""
        if self._row[column] == UNREADABLE_CELL:
            if field:
                self.note(FindingCode.UNREADABLE_VALUE, field)
            return None
        value = clean(self._row[column])
        if value is None and required:
            self.note(FindingCode.MISSING_REQUIRED_VALUE, field or column)
        return value

    def texts(self, column: str) -> tuple[str, ...]:
        """Several texts in one cell."""
        cell = self._row[column] or ""
        pieces = cell.split(LISTED if LISTED in cell else self._settings.list_separator)
        return tuple(text for text in map(clean, pieces) if text)

    def day(self, column: str, field: str, *, required: bool = False) -> date | None:
        """A day."""
        return self._read(column, field, lambda text: day_of(text, self._settings.date_format), required)

    def moment(self, column: str, field: str) -> datetime | None:
        """A moment, in UTC."""
        return self._read(column, field, lambda text: moment_of(text, self._settings.instant_format))

    def number(self, column: str, field: str, *, required: bool = False) -> float | None:
        """A number with the provider's decimal sign."""
        return self._read(column, field, self._as_number, required)

    def whole(self, column: str, field: str) -> int | None:
        """A whole number; decimals may only be zeros."""
        return self._read(column, field, self._as_whole)

    def truth(self, column: str, field: str) -> bool | None:
        """Yes or no, by the provider's words."""
        return self._read(column, field, self._as_truth)

    def code(
        self, column: str, field: str, prefix: str = "", *, version: str | None = None, required: bool = False
    ) -> Code | None:
        """A code of a national set, with its version where the row has one."""
        uri = self.text(column, field, required=required)
        if uri is None:
            return None
        return Code(uri=prefixed(uri, prefix), version=self.whole(version, f"{field}.version") if version else None)

    def translated(self, column: str, field: str, words: Mapping[str, str], *, required: bool = False) -> Code | None:
        """A code that the settings give for the provider's word."""
        word = self.text(column, field, required=required)
        return None if word is None else Code(uri=words.get(word, word))

    def organisation_oid(self, column: str, field: str) -> OrganisationOid | None:
        """OID of an organisation."""
        return self._identifier(column, field, check_organisation_oid, OrganisationOid)

    def study_right_oid(self, column: str, field: str) -> StudyRightOid | None:
        """OID of a study right; a wrong check digit is only a finding."""
        return self._identifier(column, field, check_study_right_oid, StudyRightOid)

    def business_id(self, column: str, field: str) -> BusinessId | None:
        """Business id; a wrong check digit is only a finding."""
        return self._identifier(column, field, check_business_id, BusinessId)

    def _read(self, column: str, field: str, read: Callable[[str], T | None], required: bool = False) -> T | None:
        text = self.text(column, field, required=required)
        if text is None:
            return None
        value = read(text)
        if value is None:
            self.note(FindingCode.UNREADABLE_VALUE, field)
        return value

    def _identifier(self, column: str, field: str, check: Callable[[str], Check], make: Callable[[str], T]) -> T | None:
        text = self.text(column, field)
        match None if text is None else check(text):
            case None:
                return None
            case Check.MALFORMED:
                self.note(FindingCode.UNREADABLE_VALUE, field)
                return None
            case Check.BAD_CHECK_DIGIT:
                self.note(FindingCode.BAD_CHECK_DIGIT, field)
        return make(text or "")

    def _as_number(self, text: str) -> float | None:
        sign = self._settings.decimal
        return float(text.replace(sign, ".")) if _NUMBERS[sign].fullmatch(text) else None

    def _as_whole(self, text: str) -> int | None:
        number = self._as_number(text)
        if number is None or not number.is_integer() or abs(number) > _WHOLE_LIMIT:
            return None
        return int(number)

    def _as_truth(self, text: str) -> bool | None:
        word = text.casefold()
        if word in (each.casefold() for each in self._settings.true_values):
            return True
        return False if word in (each.casefold() for each in self._settings.false_values) else None


def prefixed(code: str, prefix: str) -> str:
    """A bare code as a national one."""
    return code if code.startswith(prefix) else prefix + code


def item_of(record: Record, field: str) -> Item:
    """The law item of a field in a finished record."""
    shown = _shown(type(record))[field]
    chosen: Item = getattr(record, shown.choose) if shown.choose else shown.items[0]
    return chosen


@cache
def _shown(record: type[Record]) -> dict[str, Shown]:
    return classification(record)


@cache
def camel(path: str) -> str:
    """A path by the names of the graph."""
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), path)
