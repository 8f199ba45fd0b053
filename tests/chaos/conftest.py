"""One scene for all tests of the room, and what an undisturbed gateway answers in it."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping

import pytest

from tests.chaos.faults import warm
from tests.chaos.scene import Front, Scene, Told, gateway, listening, scene
from tests.chaos.verdict import Heard

WHOLE = os.environ.get("HOKS_PROVE") == "1"
"""Whether the whole table is played, and not the sample."""
MOMENT_SECONDS = 0.2
"""In which what was missed can be loaded ahead."""
PERSONAS = ("student-7", "staff-a")


@pytest.fixture(scope="session")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The sandbox behind proxies."""
    warm()
    with scene(tmp_path_factory.mktemp("chaos")) as running:
        yield running


@pytest.fixture
async def front(here: Scene) -> AsyncIterator[Front]:
    """A fresh gateway: nothing that it learned of a source comes from another test."""
    here.heal()
    async with gateway(here) as running:
        yield running
    here.heal()


_UNDISTURBED: dict[str, Told] = {}


@pytest.fixture
async def undisturbed(here: Scene) -> Mapping[str, Told]:
    """What each persona is told when nothing fails."""
    if not _UNDISTURBED:
        here.heal()
        async with gateway(here) as running:
            for persona in PERSONAS:
                _UNDISTURBED[persona] = await running.ask(persona)
    return _UNDISTURBED


async def in_turn(front: Front) -> tuple[dict[str, Told], Heard]:
    """The student and a member of staff, asking one after the other, and what was logged."""
    told: dict[str, Told] = {}
    requests: list[list[str]] = []
    for persona in PERSONAS:
        with listening() as log:
            told[persona] = await front.ask(persona)
        requests.append(log.lines)
    with listening() as log:
        await asyncio.sleep(MOMENT_SECONDS)
    return told, Heard(requests, log.lines)


async def both(front: Front) -> dict[str, Told]:
    """The student and a member of staff, asking at once."""
    return dict(zip(PERSONAS, await asyncio.gather(*map(front.ask, PERSONAS)), strict=True))
