"""The way one system writes its rows: what can differ between systems, and how a value becomes text."""

from dataclasses import dataclass, field
from datetime import date, datetime

from .plans import HELSINKI
from .rows import Cell, Row

PRIVATE = "_"
"""Columns that begin so are in the file but not in the gateway's mapping."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The keys of a drop's manifest."""

    complete: str
    snapshot_at: str
    files: str
    rows: str
    sha256: str = "sha256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One file; ``columns`` maps logical names to the names in its header, in the header's order."""

    file: str
    columns: dict[str, str]

    @property
    def mapped(self) -> dict[str, str]:
        """The columns that the gateway is told of."""
        return {ours: theirs for ours, theirs in self.columns.items() if not ours.startswith(PRIVATE)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The way one system writes its rows."""

    encoding: str
    delimiter: str
    line_end: str
    date_format: str
    instant_format: str
    decimal: str
    list_separator: str
    true_value: str
    false_value: str
    language: str
    """The language its names are in."""
    manifest: Manifest
    tables: dict[str, Table]
    codes: dict[str, dict[str, str]]
    """Code table, then the system's word, then the word of the gateway."""
    code_prefixes: dict[str, str] = field(default_factory=dict)
    """What stands before a bare code to make it whole; empty where codes are written in full."""

    def cell(self, table: str, column: str, row: Row) -> str:
        """A value of a row as text in the file."""
        value = row[column]
        if isinstance(value, str):
            return self._code(table, column, row, value)
        if isinstance(value, tuple):
            return self.list_separator.join(self._code(table, column, row, item) for item in value)
        return self._plain(value)

    def _plain(self, value: Cell) -> str:
        match value:
            case None:
                return ""
            case bool():
                return self.true_value if value else self.false_value
            case datetime():
                return self._instant(value)
            case date():
                return value.isoformat() if self.date_format == "yyyy-mm-dd" else _finnish(value)
            case _:
                return str(value).replace(".", self.decimal)

    def _instant(self, value: datetime) -> str:
        local = value.astimezone(HELSINKI)
        return local.isoformat() if self.instant_format == "iso" else f"{_finnish(local)} {local:%H:%M}"

    def _code(self, table: str, column: str, row: Row, value: str) -> str:
        if words := _CODE_TABLES.get((table, column)):
            theirs = {ours: word for word, ours in self.codes[words].items()}
            return theirs[value]
        if not value or (table, column) not in _PREFIXED:
            return value
        name = _PREFIXED[table, column] or str(row["kind"])
        return value.removeprefix(self.code_prefixes.get(name, ""))


# Columns whose values are words of a code table.
_CODE_TABLES = {
    ("rights", "state"): "state",
    ("rights", "type"): "right_type",
    ("units", "kind"): "unit_kind",
    ("prior_units", "kind"): "prior_kind",
    ("periods", "mode"): "mode",
    ("assessors", "kind"): "assessor_kind",
    ("prior_units", "process"): "process",
    ("appointments", "kind"): "appointment_kind",
    ("assignments", "role"): "guidance_role",
}
# Columns that hold codes, and what kind of code; None where the row's own kind says it.
_PREFIXED = {
    ("units", "code"): None,
    ("prior_units", "code"): None,
    ("plans", "career_plan_goal"): "career_goal",
    ("units", "support_type"): "support_type",
    ("units", "unit_group"): "unit_group",
    ("periods", "apprenticeship_basis"): "apprenticeship_basis",
    ("environments", "code"): "environment",
    ("demonstrations", "subareas"): "demonstration_subarea",
    ("appointments", "unit_code"): "appointed_unit",
}


def _finnish(day: date) -> str:
    return f"{day.day}.{day.month}.{day.year}"


def table(file: str, columns: str) -> Table:
    """One file from pairs of logical and physical names."""
    pairs = (pair.partition("=") for pair in columns.split())
    return Table(file=file, columns={logical: physical for logical, _, physical in pairs})
