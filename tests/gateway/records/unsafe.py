"""A gateway that is wrong on purpose: what must be seen in the trace of a right one is not there in this one's.

Run as ``python -m tests.gateway.records.unsafe FAULT serve --config FILE``.
"""

import asyncio
import sys
from collections.abc import Iterable

import gateway.app
from gateway.cli import main
from gateway.records import dictation
from gateway.records.disclosures import Recorder
from hoks.caller import Caller
from hoks.disclosing import Told

SECONDS = 0.2
"""Long beside what the rest of an answer takes."""


class Hasty(Recorder):
    """Lets the answer go first and records it a moment later."""

    async def release(self, caller: Caller, told: Iterable[Told], operation: str) -> None:
        async def later() -> None:
            await asyncio.sleep(SECONDS)
            await super(Hasty, self).release(caller, told, operation)

        self._later = asyncio.create_task(later())


def sent_first() -> None:
    setattr(gateway.app, "Recorder", Hasty)  # noqa: B010 - the one place that knows every part


def not_synced() -> None:
    # Whoever records is a program of its own.
    setattr(dictation, "_PROGRAM", dictation._PROGRAM.replace("main(int", _NOT_SYNCED + "main(int"))  # noqa: B010


_NOT_SYNCED = """
from gateway.records import opening
opening._PRAGMAS = (*opening._PRAGMAS, "synchronous = NORMAL")
"""
FAULTS = {"sent-first": sent_first, "not-synced": not_synced}

if __name__ == "__main__":
    FAULTS[sys.argv[1]]()
    sys.exit(main(sys.argv[2:]))
