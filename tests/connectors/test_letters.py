"""Letters composed as Unicode has it, and in bounded time whatever is piled upon them."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.bodies import sound
from connectors.letters import composed
from connectors.table.cells import clean

PILE = "a" + "\u0315\u0300" * 100_000
"""Marks of two classes in turn, which to put in order takes half a minute."""


WORDS = st.lists(
    st.text(st.sampled_from("a\u00e4o\u0308\u030a\u0323\u05b0\u1100\u1161\u212b\n"), max_size=12), max_size=60
)


@given(WORDS.map(" ".join))
def test_a_text_is_composed_as_unicode_has_it(text: str) -> None:
    assert composed(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    "reading",
    [
        composed,
        clean,
        lambda text: sound(f'{{"{text}": 1}}'.encode()),
        lambda text: sound(('["' + text.encode("unicode-escape").decode() + '"]').encode()),
    ],
    ids=["a text", "a cell", "a key", "escaped"],
)
def test_marks_without_end_keep_nobody_waiting(reading: object) -> None:
    assert callable(reading)
    # What else the machine does makes it longer, never shorter.
    taken = []
    for _ in range(3):
        began = time.thread_time()
        assert reading(PILE)
        taken.append(time.thread_time() - began)
    assert min(taken) < 0.1
