"""What the pages show, for the tests that execute it: operations with their persona, commands as words.

``tests/test_pages.py`` says which test executes what.
"""

import shlex
from collections.abc import Mapping

from sandbox.pages import Block, blocks

PROGRAMS = frozenset({"hoks-gateway", "hoks-log-verify"})
SHELL = frozenset({"", "sh", "bash", "console"})


def shown(page: str, *languages: str) -> list[Block]:
    """The blocks of a page in these languages."""
    return [each for each in blocks() if each.page == page and each.language in languages]


def lines(block: Block) -> list[str]:
    """The commands of a block; an indented line goes on with the one before."""
    return [each for each in block.text.replace("\n  ", " ").splitlines() if each]


def program(line: str) -> str:
    """Which program a command runs."""
    return line.partition(" ")[0].rpartition("/")[2]


def command(page: str, begins: str, places: Mapping[str, object]) -> list[str]:
    """The arguments of the one command of a page that begins so, with files of a test in the places of the reader's."""
    commands = [each for block in shown(page, *SHELL) for each in lines(block) if program(each) in PROGRAMS]
    (words,) = (shlex.split(each) for each in commands if each.removeprefix(".venv/bin/").startswith(begins))
    assert places.keys() <= set(words), f"{places.keys() - set(words)} of {words}"
    return [str(places.get(word, word)) for word in words[1:]]
