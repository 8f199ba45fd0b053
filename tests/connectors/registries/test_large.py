"""Large documents: read record by record, with the same result as field by field, and nobody else waits long."""

import asyncio
import json
import time
import tracemalloc
from typing import Any

import msgspec
import pytest

from connectors.failures import SourceInvalid
from connectors.registries.large import elements_in, part, records
from connectors.wire import Open, Text, Whole


class Thing(Open, frozen=True, kw_only=True):
    """A record with a name."""

    number: Whole | None = msgspec.field(name="numero", default=None)
    name: Text | None = msgspec.field(name="nimi", default=None)


def read(value: Any, at_most: int = 100) -> list[Thing]:
    return list(records(json.dumps(value, ensure_ascii=False).encode(), Thing, at_most))


def test_each_record_is_read_and_one_bad_one_loses_no_other() -> None:
    given = [
        {"numero": 1, "nimi": "a", "muuta": [1]},
        7,
        "x",
        {"numero": "2", "nimi": " b "},
        {"numero": [], "nimi": None},
    ]
    assert read(given) == [Thing(number=1, name="a"), Thing(number=2, name="b"), Thing()]


def test_letters_are_composed() -> None:
    assert read([{"nimi": "Ha\u0308meenlinna"}]) == [Thing(name="H\u00e4meenlinna")]


@pytest.mark.parametrize("value", [{}, "x", None, 7, [7], ["x", None]])
def test_what_is_no_list_of_records_is_no_answer(value: Any) -> None:
    with pytest.raises(SourceInvalid):
        read(value)


@pytest.mark.parametrize("body", [b"", b"[", b"[{}", b"<html>", b"\xff", b"[" * 100_000, b'[{"nimi":"\xff"}]x'])
def test_what_is_no_json_to_its_end_is_no_answer(body: bytes) -> None:
    with pytest.raises(SourceInvalid):
        list(records(body, Thing, 10))


def test_a_list_that_is_too_long_is_no_answer() -> None:
    assert read([{}] * 3, at_most=3) == [Thing()] * 3
    with pytest.raises(SourceInvalid):
        read([{}] * 4, at_most=3)


def test_a_list_without_end_is_refused_before_its_elements_are_made() -> None:
    body = b"[" + b"{}," * 999_999 + b"{}]"
    tracemalloc.start()
    try:
        with pytest.raises(SourceInvalid):
            elements_in(body, 100_000)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Made, they would take fifteen times as much as they do on the wire.
    assert most < 8 * len(body)


def test_only_the_parts_that_are_asked_for_are_cut_out_and_a_null_is_none() -> None:
    assert part(b'{"a": [1], "b": null, "c": {}}', "a", "b", "d") == {"a": b"[1]"}
    assert elements_in(b'[1, {"a": 2}]', 2) == [b"1", b'{"a": 2}']
    with pytest.raises(SourceInvalid):
        part(b"[]", "a")


async def test_while_a_large_set_is_read_nothing_else_stands_still() -> None:
    body = json.dumps(
        [{"numero": each, "nimi": f"Nimi {each}", "kuvaus": "x" * 500} for each in range(20_000)]
    ).encode()
    started = time.process_time()  # not of the clock on the wall: the machine of a test is shared
    reading = asyncio.create_task(asyncio.to_thread(lambda: len(list(records(body, Thing, 20_000)))))
    turns = 0
    while not reading.done():
        await asyncio.sleep(0.001)
        turns += 1
    took = time.process_time() - started
    assert await reading == 20_000
    assert turns > took / 0.05, "the loop came round at least every 50 ms on average"
