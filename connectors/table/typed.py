"""Typed values of a database to texts as the settings declare them, and keys to values that a column can hold.

What has a type needs no format: but rows are read in one way, wherever they come from. A format without seconds loses
those of a typed moment, ``iso`` loses nothing.
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from sqlalchemy import types

from connectors.table.cells import HELSINKI
from connectors.table.settings import TableSettings

_DAYS: dict[str, str] = {
    "d.m.yyyy": "{0.day}.{0.month}.{0.year:04}",
    "dd.mm.yyyy": "{0.day:02}.{0.month:02}.{0.year:04}",
    "yyyy-mm-dd": "{0.year:04}-{0.month:02}-{0.day:02}",
    "yyyymmdd": "{0.year:04}{0.month:02}{0.day:02}",
    "iso": "{0.year:04}-{0.month:02}-{0.day:02}",
}
_TIMES = {"HH:MM": " {0.hour:02}:{0.minute:02}", "HH:MM:SS": " {0.hour:02}:{0.minute:02}:{0.second:02}"}
_MOMENTS = frozenset({"approved_at", "updated_at"})
"""Columns of moments; every other column that holds a time holds a day."""
_WHOLE = re.compile(r"-?\d{1,19}", re.ASCII)
_LARGEST = 2**63


def written(value: object, column: str, settings: TableSettings) -> str:
    """A value as the text of a cell; nothing is an empty text."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            words = settings.true_values if value else settings.false_values
            return words[0] if words else str(value)
        case datetime() if column in _MOMENTS:
            return _moment(value, settings.instant_format)
        case date():
            return _DAYS[settings.date_format].format(_local(value))
        case int():
            return str(value)
        case float() | Decimal():
            return f"{Decimal(str(value)):f}".replace(".", settings.decimal)
        case bytes():
            return value.decode(settings.encoding, errors="replace")
        case list() | tuple():
            return settings.list_separator.join(written(each, column, settings) for each in value)
        case _:
            return str(value)


def _local(value: date) -> date:
    """A day, or a moment as the wall clock in Helsinki shows it."""
    return value.astimezone(HELSINKI) if isinstance(value, datetime) and value.tzinfo else value


def _moment(value: datetime, pattern: str) -> str:
    if pattern == "iso":
        return value.isoformat()
    day, _, time = pattern.partition(" ")
    return (_DAYS[day] + _TIMES[time]).format(_local(value))


class Bare(types.UserDefinedType[str]):
    """A text that goes out without a type, so that the column's own decides: a padded one too finds its index."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Never asked for: no column is made of it."""
        return "text"


Bound = str | int | Decimal
Type = types.TypeEngine[Any]
KeyOf = Callable[[object], Bound | None]


def _text(value: object) -> str | None:
    text = str(value)
    is_sendable = text and "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)
    return text if is_sendable else None


def _whole(value: object) -> int | None:
    text = str(value)
    return number if _WHOLE.fullmatch(text) and abs(number := int(text)) < _LARGEST else None


def _number(value: object) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _uuid(value: object) -> str | None:
    try:
        return str(UUID(str(value)))
    except ValueError:
        return None


_KINDS: tuple[tuple[type[Type], Type, KeyOf], ...] = (
    (types.Integer, types.BigInteger(), _whole),
    (types.Numeric, types.Numeric(), _number),
    (types.Uuid, Bare(), _uuid),
)


def asked_by(column: Type) -> tuple[Type, KeyOf] | None:
    """The type of a key in a question to a column, and how it is made: nothing comes of a key that it cannot hold.

    Nothing for a column that cannot be asked by key.
    """
    if isinstance(column, types.String) and not isinstance(column, types.Enum):
        return Bare(), _text
    return next(((bound, make) for kind, bound, make in _KINDS if isinstance(column, kind)), None)
