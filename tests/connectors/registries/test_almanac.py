"""An almanac: looked up without waiting, loaded once for whoever missed it, kept when the register falls silent."""

import asyncio

import pytest

from connectors.failures import Reason, SourceUnavailable
from connectors.registries.almanac import RETRY_SECONDS, Almanac

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

    def almanac(self, *always: str, most: int = 10) -> Almanac[str, str]:
        return Almanac(
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
    almanac = register.almanac()
    assert (almanac.get("a"), almanac.get("a"), register.asked) == (None, None, [])
    await almanac.load_due()
    assert (almanac.get("a"), register.asked) == ("Alfa", ["a"])


async def test_what_is_always_wanted_is_loaded_unasked() -> None:
    register = Register()
    almanac = register.almanac("a", "b")
    await almanac.load_due()
    assert register.asked == ["a", "b"]
    assert (almanac.get("a"), almanac.get("b")) == ("Alfa", "Beeta")


async def test_what_the_register_does_not_have_is_not_asked_again_before_long() -> None:
    register = Register()
    almanac = register.almanac()
    for _ in range(3):
        assert almanac.get("nothing") is None
        await almanac.load_due()
    assert register.asked == ["nothing"]
    register.time = HOUR + 1
    await almanac.load_due()
    assert register.asked == ["nothing"] * 2


@pytest.mark.parametrize("fault", [SourceUnavailable(Reason.TIMEOUT), RuntimeError("over 010203-999X")])
async def test_when_the_register_falls_silent_the_old_stays(fault: Exception, caplog: pytest.LogCaptureFixture) -> None:
    register = Register()
    almanac = register.almanac("a")
    await almanac.load_due()
    register.fault, register.told["a"], register.time = fault, "Alpha", HOUR + 1
    await almanac.load_due()
    assert (almanac.get("a"), len(register.asked)) == ("Alfa", 2)
    await almanac.load_due()
    assert len(register.asked) == 2, "left alone for a while"
    register.fault, register.time = None, HOUR + RETRY_SECONDS + 2
    await almanac.load_due()
    assert almanac.get("a") == "Alpha"
    assert "010203" not in caplog.text


async def test_what_cannot_be_loaded_ahead_is_said_once_and_in_the_background(
    caplog: pytest.LogCaptureFixture,
) -> None:
    register = Register()
    register.fault = SourceUnavailable(Reason.TIMEOUT)
    almanac = register.almanac("a")
    running = asyncio.create_task(almanac.run())
    await almanac.settled()
    running.cancel()
    said = [(record.name, record.getMessage()) for record in caplog.records]
    assert said == [("connectors.failures.background", "source names: UNAVAILABLE (timeout) x 1")]


async def test_what_was_used_last_is_kept_and_what_is_always_wanted_never_gives_way() -> None:
    register = Register()
    almanac = register.almanac("a", most=2)
    for key in ("b", "c", "d", "e"):
        almanac.get(key)
    await almanac.load_due()
    assert register.asked == ["a", "d", "e"]
    almanac.get("d")
    almanac.get("f")
    await almanac.load_due()
    assert almanac.get("a") == "Alfa"
    almanac.get("d")
    almanac.get("e")
    await almanac.load_due()
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

    almanac: Almanac[str, str] = Almanac("names", slow, refresh_seconds=HOUR, always=("a", "b"), pause_seconds=0)
    running = asyncio.create_task(almanac.run())
    await almanac.settled()
    assert almanac.get("c") is None
    await almanac.settled()
    running.cancel()
    assert register.asked == ["a", "b", "c"]
    assert most_at_once == 1


async def test_however_many_things_are_missed_no_more_is_planned_than_is_kept() -> None:
    register = Register()
    almanac = register.almanac("a", most=5)
    for number in range(5_000):
        almanac.get(f"key {number}")
        if number % 1_000 == 0:
            await almanac.load_due()
    assert len(almanac._due) <= 2 * 6 + 101
    await almanac.load_due()
    assert register.asked[-5:] == [f"key {number}" for number in range(4_995, 5_000)]
