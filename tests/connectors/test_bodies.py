"""Hostile JSON: each body comes to a refusal or to values within bounds, and costs little either way."""

import json
import time
import tracemalloc
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.bodies import (
    MAX_DEPTH,
    MAX_NODES,
    MAX_REBUILT,
    MOST_BY_PIECES,
    MOST_COMPOSED,
    elements,
    members,
    parsed,
    sound,
    strings,
    values,
)
from connectors.failures import Reason, SourceInvalid

MILLION = 1_000_000


def refusal(reading: Callable[[], object]) -> Reason:
    with pytest.raises(SourceInvalid) as caught:
        reading()
    return caught.value.reason


EMPTIES = b"[" + b"{}," * (MILLION - 1) + b"{}]"
LISTS = b"[" + b"[]," * (MILLION - 1) + b"[]]"
DEEP = b"[" * 100_000 + b"]" * 100_000
DEEP_KEYS = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
SHORT_TEXTS = b"[" + b'"",' * MILLION + b'""]'
NUMBERS = b"[" + b"1," * MILLION + b"1]"


@pytest.mark.parametrize(
    "body",
    [EMPTIES, LISTS, DEEP, DEEP_KEYS, SHORT_TEXTS, NUMBERS],
    ids=["10^6 objects", "10^6 lists", "100 000 deep", "100 000 deep in keys", "10^6 texts", "10^6 numbers"],
)
@pytest.mark.parametrize(
    "reading",
    [sound, strings, lambda body: elements(body, at_most=2_000), lambda body: members(body, at_most=5_000)],
    ids=["sound", "strings", "elements", "members"],
)
def test_structure_without_end_is_refused_before_anything_is_built(
    body: bytes, reading: Callable[[bytes], object]
) -> None:
    tracemalloc.start()
    try:
        assert refusal(lambda: reading(body)) is Reason.NESTING
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 32_000_000


@pytest.mark.parametrize("before", [0, 1, 32_700, 32_735, 32_767, 32_768, 40_000])
def test_a_document_is_as_deep_as_its_deepest_value_wherever_that_stands(before: int) -> None:
    """Among so many brackets that they are counted one by one, some at a time."""

    def nested(depth: int) -> bytes:
        return b"[" + b"[]," * before + b"[" * depth + b"]" * depth + b",[]" * 7_000 + b"]"

    assert sound(nested(MAX_DEPTH - 1)) == nested(MAX_DEPTH - 1)
    assert refusal(lambda: sound(nested(MAX_DEPTH))) is Reason.NESTING


def keyed(count: int) -> bytes:
    return b"{" + b",".join(b'"%d":1' % number for number in range(count)) + b"}"


def test_keys_count_as_much_as_values() -> None:
    assert len(parsed(sound(keyed(MAX_NODES)))) == MAX_NODES
    assert refusal(lambda: sound(keyed(MAX_NODES + 2))) is Reason.NESTING
    spread = b"[" + b",".join([keyed(10)] * (MAX_NODES // 10)) + b"]"
    assert refusal(lambda: sound(spread)) is Reason.NESTING


def test_an_object_of_many_records_has_no_more_members_than_were_asked_for() -> None:
    assert len(members(keyed(50), at_most=50)) == 50
    assert refusal(lambda: members(keyed(51), at_most=50)) is Reason.NESTING


def test_a_list_has_no_more_elements_than_were_asked_for() -> None:
    assert len(elements(b"[1,2,3]", at_most=3)) == 3
    assert refusal(lambda: elements(b"[1,2,3,4]", at_most=3)) is Reason.NESTING


def test_an_honest_batch_may_hold_more_values_than_a_record() -> None:
    record = json.dumps({"oid": "1.2.246.562.24.00000000001", "rows": [{"koodiarvo": "lasna"}] * 20}).encode()
    body = b"[" + b",".join([record] * 4_000) + b"]"
    assert refusal(lambda: sound(body)) is Reason.NESTING
    assert len(elements(body, at_most=4_000)) == 4_000


def test_a_number_of_six_thousand_digits_is_one_number_and_costs_nobody_else() -> None:
    value, other = parsed(b"[" + b"9" * 6_000 + b", 7]")
    assert (value, other) == (float("inf"), 7)


def test_a_huge_text_is_one_value() -> None:
    body = b'["' + b"x" * 4_900_000 + b'"]'
    assert len(parsed(sound(body))[0]) == 4_900_000


@pytest.mark.parametrize(
    "body",
    [('["' + "a\u0308" * 510_000 + '"]').encode(), b'["' + b"\\u0061\\u0308" * 260_000 + b'"]'],
    ids=["written out", "escaped"],
)
def test_a_document_with_more_to_compose_than_any_text_has_is_refused_before_it_is(body: bytes) -> None:
    with mock.patch("connectors.bodies.parsed", side_effect=AssertionError):
        assert refusal(lambda: sound(body)) is Reason.UNREADABLE


def test_a_large_finnish_text_whose_letters_are_taken_apart_is_composed() -> None:
    body = ('["' + "a\u0308iti ja poika menevät yhdessä" * 100_000 + '"]').encode()
    assert parsed(sound(body)) == ["äiti ja poika menevät yhdessä" * 100_000]


def test_a_batch_larger_than_what_is_composed_at_once_is_composed_record_by_record() -> None:
    record = ('{"name":"' + "a\u0308iti ja poika menevät yhdessä" * 1_000 + '"}').encode()
    body = b"[" + b",".join([record] * 140) + b"]"
    assert len(body) > MOST_COMPOSED
    assert {sound(each) for each in elements(body, at_most=140)} == {
        ('{"name":"' + "äiti ja poika menevät yhdessä" * 1_000 + '"}').encode()
    }


KEYS_AND_TEXTS = st.text(st.sampled_from('a\u00e4o\u0308\u0323<>="\\\n,:[]{}'), max_size=9)
DOCUMENTS = st.recursive(
    KEYS_AND_TEXTS | st.integers(0, 9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS_AND_TEXTS, inner, max_size=4),
    max_leaves=12,
)


def in_composed_letters(value: object) -> object:
    match value:
        case str():
            return unicodedata.normalize("NFC", value)
        case list():
            return [in_composed_letters(each) for each in value]
        case dict():
            return {in_composed_letters(key): in_composed_letters(each) for key, each in value.items()}
    return value


@given(DOCUMENTS, st.booleans())
def test_every_text_and_key_of_a_document_is_composed_however_it_is_written(document: object, escaped: bool) -> None:
    body = json.dumps(document, ensure_ascii=escaped).encode()
    wanted = in_composed_letters(document)
    assert parsed(sound(body)) == wanted
    assert values(body) == wanted


SMALL_AND_MANY = {
    "written out": ("[" + ",".join(['"a\u0308"'] * (MAX_NODES - 1)) + "]").encode(),
    "keys": ("{" + ",".join(f'"a\u0308{number}":1' for number in range(MAX_NODES // 2)) + "}").encode(),
    "escaped": b"[" + b",".join([b'"a\\u0308"'] * (MAX_REBUILT - 1)) + b"]",
    "escaped, too many": b"[" + b",".join([b'"a\\u0308"'] * (MAX_NODES - 1)) + b"]",
    "of words": ('["' + "kevätjuhla a\u0308iti " * (MOST_BY_PIECES // 23) + '"]').encode(),
}


@pytest.mark.parametrize("kind", SMALL_AND_MANY)
def test_many_small_texts_to_compose_keep_nobody_waiting(kind: str) -> None:
    # What else the machine does makes it longer, never shorter.
    taken = []
    for _ in range(3):
        began = time.thread_time()
        with suppress(SourceInvalid):
            sound(SMALL_AND_MANY[kind])
        taken.append(time.thread_time() - began)
    assert min(taken) < 0.1


def test_of_a_key_that_is_there_twice_the_last_counts_in_every_reading() -> None:
    body = b'{"a": 1, "a": 2}'
    assert parsed(body) == {"a": 2}
    assert members(body, at_most=2) == {"a": b"2"}


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_in_json_is_a_text_at_most(word: str) -> None:
    assert parsed(f"[{word}]".encode()) == [word]
    assert elements(f"[{word}]".encode(), at_most=9) == (f'"{word}"'.encode(),)


@pytest.mark.parametrize(
    ("body", "whole"),
    [
        (b'[{"a":"\\ud800x"},{"a":1}]', [{"a": "x"}, {"a": 1}]),
        (b'\xef\xbb\xbf[{"a":1}]', [{"a": 1}]),
        (b'[{"a":NaN},{"a":1}]', [{"a": "NaN"}, {"a": 1}]),
        (b'[{"a":NaN,"b":1e999}]', [{"a": "NaN", "b": "inf"}]),
    ],
    ids=["half a letter", "byte order mark", "no number", "endless number"],
)
def test_one_wrong_letter_costs_no_other_record_of_the_body(body: bytes, whole: list[object]) -> None:
    assert [json.loads(each) for each in elements(body, at_most=10)] == whole
    assert json.loads(members(b'{"k":' + body.removeprefix(b"\xef\xbb\xbf") + b"}", at_most=10)["k"]) == whole


def test_a_large_body_is_not_written_anew() -> None:
    wrong = b"[NaN" + b",1234567" * (MAX_NODES + 10) + b"]"
    assert refusal(lambda: elements(wrong, at_most=MILLION)) is Reason.NESTING


@pytest.mark.parametrize(
    "reading",
    [lambda body: elements(body, at_most=1_000), lambda body: members(body, at_most=1_000)],
    ids=["elements", "members"],
)
@pytest.mark.parametrize("part", [b'"%x":1', b'"%x":{"a":"b"}', b'"%x":[1,[2,{"c":3}]]'])
def test_more_parts_than_were_asked_for_are_refused_before_they_take_much_memory(
    part: bytes, reading: Callable[[bytes], object]
) -> None:
    body = b"{" + b",".join(part % number for number in range(300_000)) + b"}"
    tracemalloc.start()
    try:
        assert refusal(lambda: reading(body)) is Reason.NESTING
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 2 * len(body)


_JSON = st.recursive(
    st.none() | st.text(alphabet='a,"\\[]{}:', max_size=6) | st.integers(-9, 9),
    lambda each: (
        st.lists(each, max_size=4) | st.dictionaries(st.text(alphabet='a,"\\[]{}', max_size=4), each, max_size=4)
    ),
    max_leaves=30,
)


@given(given_=st.lists(_JSON, max_size=8), most=st.integers(1, 8), piece=st.integers(1, 40))
def test_parts_are_counted_whatever_stands_in_them_and_wherever_a_piece_ends(
    given_: list[object], most: int, piece: int
) -> None:
    body = json.dumps(given_).encode()
    with mock.patch("connectors.outline.PIECE_BYTES", piece):
        if len(given_) > most:
            assert refusal(lambda: elements(body, at_most=most)) is Reason.NESTING
        else:
            assert [json.loads(each) for each in elements(body, at_most=most)] == given_
