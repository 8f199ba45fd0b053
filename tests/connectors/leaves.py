"""Whether every value of a document is found again in what was made of it."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

HELSINKI = ZoneInfo("Europe/Helsinki")


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each value of a document with its path; a code of Koski's is one value, its set and value together."""
    if isinstance(value, dict):
        if "koodiarvo" in value and "koodistoUri" in value:
            value = {**value, "koodiarvo": f"{value['koodistoUri']}_{value['koodiarvo']}"}
            del value["koodistoUri"]
        for key, each in value.items():
            yield from leaves(each, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for each in value:
            yield from leaves(each, path)
    else:
        yield path, value


def comparable(value: Any) -> Any:
    """A value of a document as our model holds it; nothing for an empty text."""
    if isinstance(value, bool):
        return ("truth", value)
    if isinstance(value, int | float):
        return ("number", float(value))
    text = str(value).strip()
    if len(text) > 10 and text[4:5] == text[7:8] == "-" and text[10] == "T":
        moment = datetime.fromisoformat(text)
        return ("moment", (moment if moment.tzinfo else moment.replace(tzinfo=HELSINKI)).astimezone(UTC))
    return ("text", text) if text else None


def held(value: Any) -> Counter[Any]:
    """Every value that a record of ours holds."""
    counted: Counter[Any] = Counter()
    stack = [value]
    while stack:
        each = stack.pop()
        match each:
            case msgspec.Struct():
                stack += [getattr(each, name) for name in each.__struct_fields__]
            case tuple():
                stack += each
            case datetime():
                counted["moment", each] += 1
            case date():
                counted["text", each.isoformat()] += 1
            case None:
                pass
            case _:
                counted[comparable(each)] += 1
    return counted


def is_left_out(path: str, left_out: dict[str, str]) -> bool:
    return any(path == prefix or path.startswith(f"{prefix}.") for prefix in left_out) or ".lyhytNimi." in path


def lost(document: Any, record: Any, left_out: dict[str, str]) -> list[str]:
    """Paths of values that neither the record holds as often as the document, nor the list leaves out."""
    known = held(record)
    missing = []
    for path, value in leaves(document):
        found = comparable(value)
        if found is None or is_left_out(path, left_out):
            continue
        if known[found] == 0:
            missing.append(path)
        known[found] -= 1
    return missing
