"""Work that is given up: it ends at once for who waited, and cleans up to its end for itself."""

import asyncio

import anyio
import pytest

from connectors.errands import Errands


class Work:
    """Work without end that needs a while to clean up behind itself."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.is_clean = False

    async def __call__(self) -> str:
        try:
            self.began.set()
            await asyncio.sleep(60)
            return "done"
        finally:
            with anyio.CancelScope(shield=True):
                await asyncio.sleep(0.1)
                self.is_clean = True


def soon(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


async def test_the_result_comes_through() -> None:
    async def work() -> str:
        return "done"

    assert await Errands().run(work(), soon(1)) == "done"


async def test_what_goes_wrong_comes_through() -> None:
    async def work() -> str:
        raise KeyError("x")

    with pytest.raises(KeyError):
        await Errands().run(work(), soon(1))


async def test_time_is_up_when_it_is_up_and_the_cleaning_goes_on() -> None:
    errands, work = Errands(), Work()
    began = soon(0)
    with pytest.raises(TimeoutError):
        await errands.run(work(), soon(0.05))
    assert soon(0) - began < 0.1
    assert not work.is_clean
    await errands.aclose()
    assert work.is_clean


async def test_who_gives_up_twice_does_not_disturb_the_cleaning() -> None:
    errands, work = Errands(), Work()
    waiting = asyncio.create_task(errands.run(work(), soon(60)))
    await work.began.wait()
    for _ in range(3):
        waiting.cancel()
        await asyncio.sleep(0.01)
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await errands.aclose()
    assert work.is_clean


async def test_what_goes_wrong_when_nobody_waits_any_more_is_nobodys_concern() -> None:
    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise KeyError("x")

    errands = Errands()
    with pytest.raises(TimeoutError):
        await errands.run(work(), soon(0.01))
    await errands.aclose()
    await errands.aclose()
