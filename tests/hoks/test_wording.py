"""No code of the log goes without plain words in all three languages, and no word without a code."""

from collections.abc import Mapping
from importlib import resources

import pytest

from hoks.access.rules import read_policy
from hoks.caller import Role
from hoks.consenting import Purpose
from hoks.disclosing import PURPOSES
from hoks.items import Item
from hoks.values import Text
from hoks.wording import AIMS, EVENTS, GROUNDS, ITEMS, OPERATOR, ROLES

POLICY = read_policy(resources.files("hoks.access").joinpath("rules.toml").read_text(encoding="utf-8"))


def test_every_ground_of_the_rules_has_its_words_and_no_other_has() -> None:
    assert {code for rule in POLICY.rules for code in rule.ground.code.split()} == set(GROUNDS)


def test_every_role_item_and_purpose_has_its_words_and_no_other_has() -> None:
    assert set(ROLES) == {*Role, OPERATOR}
    assert set(ITEMS) == set(Item)
    assert set(AIMS) == {*PURPOSES.values(), *Purpose, "LOG_READING"}


@pytest.mark.parametrize("words", [ROLES, GROUNDS, AIMS, ITEMS, EVENTS])
def test_the_words_are_there_in_finnish_swedish_and_english_and_tell_codes_apart(words: Mapping[str, Text]) -> None:
    for code, text in words.items():
        assert text.fi and text.sv and text.en, code
        assert len({text.fi, text.sv, text.en}) >= 2, f"{code}: one language stands for all"
    for language in ("fi", "sv", "en"):
        assert len({getattr(text, language) for text in words.values()}) == len(words)


def test_a_student_reads_plain_sentences() -> None:
    assert GROUNDS["T2"] == Text(
        fi="Jos ohjaajia on useita, kukin näkee vain oman osuutensa.",
        sv="Om det finns flera handledare ser var och en bara sin egen del.",
        en="Where there are several instructors, each sees only their own part.",
    )
    assert ROLES["guidance_counsellor"].fi == "Opinto-ohjaaja"
    assert EVENTS["disclosed"].en == "Your data were shown"
