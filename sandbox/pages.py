"""What the README and the pages of ``docs`` show, each fenced block with its place; and of it, what GraphiQL can open.

A GraphQL block begins with ``# PERSONA``: who asks it in the sandbox.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from graphql import FieldNode, NonNullTypeNode, OperationDefinitionNode, parse

ROOT = Path(__file__).parents[1]
"""Of the checkout; where only the package is installed there are no pages."""
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_PERSONA = re.compile(r"# (\S+)\n")


class Block(NamedTuple):
    """A fenced block; ``number`` counts those of its language on the page from one."""

    page: str
    language: str
    number: int
    heading: str
    text: str

    @property
    def place(self) -> str:
        """Its name, by which tables know it."""
        return f"{self.page} {self.language or 'plain'} {self.number}"

    @property
    def persona(self) -> str | None:
        """Who asks it."""
        named = _PERSONA.match(self.text)
        return named[1] if named is not None else None


@cache
def blocks() -> tuple[Block, ...]:
    """Every block of every page."""
    pages = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
    return tuple(block for page in pages for block in _blocks(str(page.relative_to(ROOT)), page.read_text()))


def _blocks(page: str, text: str) -> Iterator[Block]:
    counts: dict[str, int] = {}
    for fence in _FENCE.finditer(text):
        language = fence[1]
        counts[language] = counts.get(language, 0) + 1
        headings = _HEADING.findall(_FENCE.sub("", text[: fence.start()]))
        yield Block(page, language, counts[language], headings[-1] if headings else "", fence[2])


def examples() -> str:
    """The operations that can be sent as they stand, as GraphiQL's page lists them: JSON."""
    told = [
        {
            "page": each.page,
            "title": f"{each.heading}: {', '.join(roots(each.text))}",
            "persona": each.persona,
            "query": each.text.splitlines(),
        }
        for each in blocks()
        if each.language == "graphql" and is_whole(each.text)
    ]
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def is_whole(text: str) -> bool:
    """Whether a document is one operation that needs no variable."""
    operations = _operations(text)
    needed = [each for one in operations for each in one.variable_definitions or ()]
    return len(operations) == 1 and not any(isinstance(each.type, NonNullTypeNode) for each in needed)


def roots(text: str) -> list[str]:
    """The fields that a document asks for."""
    selected = [each for one in _operations(text) for each in one.selection_set.selections]
    return [each.name.value for each in selected if isinstance(each, FieldNode)]


def _operations(text: str) -> list[OperationDefinitionNode]:
    return [each for each in parse(text).definitions if isinstance(each, OperationDefinitionNode)]
