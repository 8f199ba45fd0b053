"""What the README shows is what happens."""

import json
import re
from pathlib import Path

import pytest

from gateway.errors import Code
from hoks.guidance_phase import GuidancePhase, PhaseReason
from hoks.hints import Basis, HintKind
from hoks.placed import UnitMatch
from hoks.progress import UnitStage
from tests.stories.conftest import Gateway

README = (Path(__file__).parents[2] / "README.md").read_text()


def blocks(language: str, text: str = README) -> list[str]:
    """The blocks of a page in that language."""
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


async def test_the_readmes_query_gives_the_readmes_answer(gateway: Gateway) -> None:
    answer = await gateway.ask("staff-a", blocks("graphql")[0])

    assert answer == json.loads(blocks("json")[0])


PAIRS = re.findall(r"```graphql\n([^`]*)```\n\n```json\n([^`]*)```", README)


async def test_each_kind_of_hint_has_a_worked_query_whose_answer_holds_what_is_shown(gateway: Gateway) -> None:
    worked = [(query, json.loads(shown)) for query, shown in PAIRS if "hints" in query]
    for query, shown in worked:
        answer = await gateway.ask("teacher-a", query)
        assert shown in answer["data"]["student"]["hints"]
    assert [shown["kind"] for _, shown in worked] == list(HintKind)


RECOGNITION = (Path(__file__).parents[2] / "docs/recognition.md").read_text()


@pytest.mark.parametrize("query", [*blocks("graphql")[1:], *blocks("graphql", RECOGNITION)])
async def test_every_query_on_what_plans_say_together_is_answered(gateway: Gateway, query: str) -> None:
    for persona in ("teacher-a", "staff-a"):
        answer = await gateway.ask(persona, query)
        assert "errors" not in answer
    assert json.dumps(answer["data"]).count("{") > 10


def test_the_page_on_recognition_names_every_word_of_the_graph() -> None:
    for words in (HintKind, Basis, UnitMatch, UnitStage, PhaseReason, GuidancePhase):
        for word in words:
            assert f"`{word}`" in RECOGNITION, word


def test_the_readme_lists_every_public_error_code() -> None:
    listed = set(re.findall(r"`([A-Z_]+)`", README.split("## Errors")[1].split("## The map")[0]))
    assert listed == {code.value for code in Code}
