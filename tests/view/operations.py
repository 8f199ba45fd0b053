"""The trusted documents of the view, put together of the files that people read: each operation with its fragments.

``python -m tests.view.operations`` writes the manifest and the hashes that the elements send.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    Visitor,
    parse,
    print_ast,
    strip_ignored_characters,
    visit,
)

VIEW = Path(__file__).parents[2] / "view"
FOLDER = VIEW / "operations"
MANIFEST = VIEW / "operations.json"
OF_ELEMENTS = frozenset({"Plan", "OwnPlan", "Period"})
"""What an element asks by itself, also in the pages of others; the rest only the page asks."""
HASHES = {VIEW / "operations.js": True, VIEW / "pages/operations.js": False}
"""Files of hashes, and whether they are of what the elements ask."""


def documents() -> dict[str, str]:
    """Each operation by its name, with exactly the fragments that it uses."""
    definitions = [each for file in sorted(FOLDER.glob("*.graphql")) for each in parse(file.read_text()).definitions]
    fragments = {each.name.value: each for each in definitions if isinstance(each, FragmentDefinitionNode)}
    operations = [each for each in definitions if isinstance(each, OperationDefinitionNode)]
    return {
        each.name.value: strip_ignored_characters(
            print_ast(DocumentNode(definitions=(each, *(fragments[name] for name in sorted(used(each, fragments))))))
        )
        for each in operations
        if each.name is not None
    }


def used(
    node: OperationDefinitionNode | FragmentDefinitionNode, fragments: dict[str, FragmentDefinitionNode]
) -> set[str]:
    """The names of the fragments that a definition uses, through others too."""
    names = set(_spread(node))
    return names.union(*(used(fragments[name], fragments) for name in names))


def _spread(node: OperationDefinitionNode | FragmentDefinitionNode) -> Iterator[str]:
    found: list[str] = []

    class Spreads(Visitor):
        def enter_fragment_spread(self, spread: FragmentSpreadNode, *_: object) -> None:
            found.append(spread.name.value)

    visit(node, Spreads())
    yield from found


def hashed(text: str) -> str:
    """The hash by which a document is asked for."""
    return hashlib.sha256(text.encode()).hexdigest()


def manifest() -> str:
    """``operations.json``."""
    return json.dumps({hashed(text): text for text in documents().values()}, indent=2) + "\n"


def hashes(*, of_elements: bool) -> str:
    """``operations.js``, of the elements or of the page."""
    asked = {name: text for name, text in documents().items() if (name in OF_ELEMENTS) is of_elements}
    lines = "".join(f'  {name}: "{hashed(text)}",\n' for name, text in asked.items())
    return (
        "// The trusted documents by name; made of operations/ by `make operations`.\n"
        f"export const OPERATIONS = Object.freeze({{\n{lines}}})\n"
    )


if __name__ == "__main__":
    MANIFEST.write_text(manifest())
    for file, of_elements in HASHES.items():
        file.write_text(hashes(of_elements=of_elements))
