"""Where a value stands in an answer, as a JMESPath expression, and the value as the text of a cell.

An expression sees one record and what is below it, nothing above and nothing beside. JMESPath has no variables and no
loops, so its cost is at most the size of the record times what the operator's expression itself repeats.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions
from jmespath.visitor import TreeInterpreter

from connectors.table.cells import LISTED, UNREADABLE_CELL
from connectors.table.settings import RowSettings

LONGEST_EXPRESSION = 1_000
"""Characters. Each step may double a list (``[@, @][]``): the length bounds what an expression can make of a record."""
MOST_ELEMENTS = 100_000
"""Elements that one expression may give."""


class Unreadable(Exception):
    """An expression does not fit the record that it was applied to."""


_INTERPRETER = TreeInterpreter()
"""One for all: it remembers nothing of what it visits, and the library's own search makes another each time."""


class Expression:
    """A compiled expression; ``ValueError`` where the text is none."""

    __slots__ = ("_parsed",)

    def __init__(self, text: str) -> None:
        if not text or len(text) > LONGEST_EXPRESSION:
            raise ValueError(f"expected a JMESPath expression of 1-{LONGEST_EXPRESSION} characters")
        try:
            compiled = jmespath.compile(text)
            faults = list(_faults(compiled.parsed))
        except JMESPathError as fault:
            faults = [" ".join(str(fault).split())[:200]]
        except RecursionError:
            faults = ["it is nested too deeply"]
        if faults:
            raise ValueError(f"expected a JMESPath expression, got `{text}`: {faults[0]}")
        self._parsed = compiled.parsed

    def of(self, record: Any) -> Any:
        """The value in a record; nothing where there is none. ``Unreadable`` where a function cannot take what is."""
        try:
            return _INTERPRETER.visit(self._parsed, record)
        except (JMESPathError, RecursionError, ValueError, TypeError, AttributeError, OverflowError):
            raise Unreadable from None

    def elements_of(self, record: Any) -> list[Any] | None:
        """The list in a record, a lone object as a list of one; nothing where there is no value at all."""
        value = self.of(record)
        match value:
            case None:
                return None
            case dict():
                return [value]
            case list() if len(value) <= MOST_ELEMENTS:
                return value
            case _:
                raise Unreadable


_SIGNATURES: Mapping[str, Sequence[Mapping[str, Any]]] = {
    name: known["signature"] for name, known in Functions.FUNCTION_TABLE.items()
}


def _faults(node: Mapping[str, Any]) -> Iterator[str]:
    """Functions that do not exist or are called wrongly: the library itself looks only when it calls them."""
    if node["type"] == "function_expression":
        name, given = node["value"], len(node["children"])
        signature = _SIGNATURES.get(name)
        if signature is None:
            yield f"there is no function `{name}`; the functions are {', '.join(sorted(_SIGNATURES))}"
        elif given != len(signature) and not (signature and signature[-1].get("variadic") and given > len(signature)):
            yield f"function `{name}` takes {len(signature)} arguments"
    for child in node["children"]:
        if isinstance(child, Mapping):
            yield from _faults(child)


def cell(value: Any, settings: RowSettings, *, several: bool) -> str | None:
    """A value as the text of a cell; ``several`` where the column holds a list. What is none is an unreadable cell."""
    if isinstance(value, list):
        if not several:
            return UNREADABLE_CELL
        return _listed([_text(each, settings) for each in value])
    text = _text(value, settings)
    return UNREADABLE_CELL if text is None and value is not None else text


def _listed(texts: Sequence[str | None]) -> str | None:
    if any(text is None for text in texts):
        return UNREADABLE_CELL
    return "".join(text.replace(LISTED, " ") + LISTED for text in texts if text) or None


def _text(value: Any, settings: RowSettings) -> str | None:
    match value:
        case str():
            return value
        case bool():
            words = settings.true_values if value else settings.false_values
            return words[0] if words else None
        case int():
            return str(value)
        case float():
            return repr(value).replace(".", settings.decimal)
        case _:
            return None
