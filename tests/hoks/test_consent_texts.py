"""What students are shown before consenting: each version whole, in three languages, or the gateway does not start."""

import pytest

from hoks.consent_texts import read_consent_texts
from hoks.consenting import Language

WORDS = '{ fi = "Moi", sv = "Hej", en = "Hi" }'
FIRST = f'[[text]]\nversion = "1"\ntitle = {WORDS}\ntext = {WORDS}\n'
SECOND = FIRST.replace('"1"', '"2"').replace("Moi", "Terve")


def test_the_last_version_is_current_and_earlier_ones_can_still_be_read() -> None:
    texts = read_consent_texts(FIRST + SECOND)
    current, earlier = texts.text(Language.FI), texts.text(Language.FI, "1")
    assert current is not None and earlier is not None
    assert (current.version, current.text, current.is_current) == ("2", "Terve", True)
    assert (earlier.version, earlier.text, earlier.is_current) == ("1", "Moi", False)
    assert texts.text(Language.EN, "3") is None
    assert texts.current == "2"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "no `text`"),
        (FIRST + FIRST, "a version stands twice"),
        (FIRST.replace(', sv = "Hej"', "", 1), "1: title: needs each of fi, sv, en"),
        (FIRST.replace('"1"', "1"), "Expected `str`"),
        (FIRST + 'more = "x"', "unknown field `more`"),
        ("[[text]", "Expected"),
    ],
)
def test_texts_that_are_not_whole_are_refused(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        read_consent_texts(text)
