"""A shelf: looked up without waiting, loaded once for whoever missed it, kept when the register falls silent."""

import asyncio

import pytest

from connectors.failures import Reason, SourceUnavailable
from connectors.registries.shelf import RETRY_SECONDS, Shelf

HOUR = 3600.0


class Register:
    """Tells what a key is called, counts who asks, and can fall silent."""

    def __init__(self) -> None:
        self.told: dict[str, str | None] = {"a": "Alfa", "b": "Beeta"}
        self.asked: list[str] = []
        self.fault: Exception | None = None
        self.time = 0.0

    async def load(self, key: str) -> str | None:
        self.asked.append(key)
        if self.fault is not None:
            raise self.fault
        return self.told.get(key)

    def shelf(self, *always: str, most: int = 10) -> Shelf[str, str]:
        return Shelf(
            "names",
            self.load,
            refresh_seconds=HOUR,
            always=always,
            most=most,
            seconds=lambda: self.time,
            pause_seconds=0,
        )


async def test_what_is_missed_is_loaded_later_and_once() -> None:
    register = Register()
    shelf = register.shelf()
    assert (shelf.get("a"), shelf.get("a"), register.asked) == (None, None, [])
    await shelf.load_due()
    assert (shelf.get("a"), register.asked) == ("Alfa", ["a"])


async def test_what_is_always_wanted_is_loaded_unasked() -> None:
    register = Register()
    shelf = register.shelf("a", "b")
    await shelf.load_due()
    assert register.asked == ["a", "b"]
    assert (shelf.get("a"), shelf.get("b")) == ("Alfa", "Beeta")


async def test_what_the_register_does_not_have_is_not_asked_again_before_long() -> None:
    register = Register()
    shelf = register.shelf()
    for _ in range(3):
        assert shelf.get("nothing") is None
        await shelf.load_due()
    assert register.asked == ["nothing"]
    register.time = HOUR + 1
    await shelf.load_due()
    assert register.asked == ["nothing"] * 2


@pytest.mark.parametrize("fault", [SourceUnavailable(Reason.TIMEOUT), RuntimeError("over 010203-999X")])
async def test_when_the_register_falls_silent_the_old_stays(fault: Exception, caplog: pytest.LogCaptureFixture) -> None:
    register = Register()
    shelf = register.shelf("a")
    await shelf.load_due()
    register.fault, register.told["a"], register.time = fault, "Alpha", HOUR + 1
    await shelf.load_due()
    assert (shelf.get("a"), len(register.asked)) == ("Alfa", 2)
    await shelf.load_due()
    assert len(register.asked) == 2, "left alone for a while"
    register.fault, register.time = None, HOUR + RETRY_SECONDS + 2
    await shelf.load_due()
    assert shelf.get("a") == "Alpha"
    assert "010203" not in caplog.text


async def test_what_was_used_last_is_kept_and_what_is_always_wanted_never_gives_way() -> None:
    register = Register()
    shelf = register.shelf("a", most=2)
    for key in ("b", "c", "d", "e"):
        shelf.get(key)
    await shelf.load_due()
    assert register.asked == ["a", "d", "e"]
    shelf.get("d")
    shelf.get("f")
    await shelf.load_due()
    assert shelf.get("a") == "Alfa"
    shelf.get("d")
    shelf.get("e")
    await shelf.load_due()
    assert register.asked == ["a", "d", "e", "f", "e"], "e gave way to f, and d did not"


async def test_it_loads_in_the_background_one_thing_at_a_time() -> None:
    register = Register()
    at_once = most_at_once = 0

    async def slow(key: str) -> str | None:
        nonlocal at_once, most_at_once
        at_once += 1
        most_at_once = max(most_at_once, at_once)
        await asyncio.sleep(0.001)
        at_once -= 1
        return await register.load(key)

    shelf: Shelf[str, str] = Shelf("names", slow, refresh_seconds=HOUR, always=("a", "b"), pause_seconds=0)
    running = asyncio.create_task(shelf.run())
    await shelf.settled()
    assert shelf.get("c") is None
    await shelf.settled()
    running.cancel()
    assert register.asked == ["a", "b", "c"]
    assert most_at_once == 1


async def test_however_many_things_are_missed_no_more_is_planned_than_is_kept() -> None:
    register = Register()
    shelf = register.shelf("a", most=5)
    for number in range(5_000):
        shelf.get(f"key {number}")
        if number % 1_000 == 0:
            await shelf.load_due()
    assert len(shelf._due) <= 2 * 6 + 101
    await shelf.load_due()
    assert register.asked[-5:] == [f"key {number}" for number in range(4_995, 5_000)]
