"""What the README shows is what happens."""

import json
import re
from pathlib import Path

from gateway.errors import Code
from tests.stories.conftest import Gateway

README = (Path(__file__).parents[2] / "README.md").read_text()


def block(language: str) -> str:
    """The README's only block of that language."""
    (text,) = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return str(text)


async def test_the_readmes_query_gives_the_readmes_answer(gateway: Gateway) -> None:
    answer = await gateway.ask("staff-a", block("graphql"))

    assert answer == json.loads(block("json"))


def test_the_readme_lists_every_public_error_code() -> None:
    listed = set(re.findall(r"`([A-Z_]+)`", README.split("## Errors")[1].split("## The map")[0]))
    assert listed == {code.value for code in Code}
