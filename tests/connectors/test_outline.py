"""What a document shows at a glance: its structure outside its texts, and that no text needs cleaning."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import outline as outlines
from connectors.outline import clean, outline, structure

EDGES = [
    "", " ", "a ", " a", "\n", "a\n", "\ta", "a\tb", "a\nb", "\x00", "a\x07b", "\x7f", "a\x85", "\x9f", "\xa0a",
    "a\xa0b", "\u1680a", "a\u2009", "a\u2013b", "\u2028", "a\u202f", "\u205fa", "a\u3000", "\u3000", "\ufeff", "ä",
    "\U0001f600", "\\", '"', '\\"', '" ', "\\ ", "\\n", "\\u0020", "[{]},", ", ", ": ",
]  # fmt: skip
TEXTS = st.sampled_from(EDGES) | st.text(max_size=4) | st.lists(st.sampled_from(EDGES), max_size=3).map("".join)
DOCUMENTS = st.recursive(
    TEXTS | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(autouse=True, params=[1, 65_536], ids=["piece by piece", "at once"], scope="module")
def pieces(request: pytest.FixtureRequest) -> Any:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(outlines, "PIECE_BYTES", request.param)
        yield


def texts_in(document: Any) -> list[str]:
    if isinstance(document, dict):
        return [text for key, each in document.items() for text in (key, *texts_in(each))]
    if isinstance(document, list):
        return [text for each in document for text in texts_in(each)]
    return [document] if isinstance(document, str) else []


def is_encodable(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


@given(DOCUMENTS, st.booleans(), st.sampled_from([None, 1]))
def test_what_shows_no_unclean_text_has_none(document: Any, escapes: bool, indent: int | None) -> None:
    is_writable = all(map(is_encodable, texts_in(document)))
    body = json.dumps(document, ensure_ascii=escapes or not is_writable, indent=indent).encode()
    if outline(body).is_clean:
        assert all(clean(text) == text for text in texts_in(document))


@given(TEXTS.filter(is_encodable))
def test_whether_texts_are_clean_is_told_exactly_but_for_what_looks_like_the_edge_of_one(text: str) -> None:
    body = msgspec.json.encode({"text": text, "more": ["x", "y z"]})
    # A line or tab after a quotation mark that is told looks like the beginning of a text; a backslash like anything.
    if not any(each in body for each in (rb"\"\n", rb"\"\t", rb"\\")):
        assert outline(body).is_clean is (clean(text) == text)


def test_finnish_prose_with_quotations_dashes_and_lines_is_clean() -> None:
    text = 'Lähiopetus ti\u2013to, \u201dmuina\u201d päivinä "ohjattua".\nToinen rivi\t\u20ac 5'
    assert outline(json.dumps({"sisältö": text}, ensure_ascii=False, indent=2).encode()).is_clean


@given(DOCUMENTS)
def test_structure_is_what_stands_outside_texts(document: Any) -> None:
    bare = {str: "", int: 0, bool: 0}

    def emptied(value: Any) -> Any:
        """The same without texts: keys become numbers, which JSON does not know."""
        if isinstance(value, dict):
            return "{" + ",".join(f"0:{emptied(each)}" for each in value.values()) + "}"
        if isinstance(value, list):
            return "[" + ",".join(map(emptied, value)) + "]"
        return str(bare[type(value)])

    body = json.dumps(document).encode()
    expected = "".join(each for each in emptied(document) if each in "[]{},").encode()
    assert structure(body) == outline(body).structure == expected


@given(st.binary(max_size=60) | st.text(alphabet='"\\[]{}, ä\u2009', max_size=40).map(str.encode))
def test_of_what_is_no_document_something_is_told_all_the_same(body: bytes) -> None:
    assert structure(body) == outline(body).structure
