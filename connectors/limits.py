"""What an operator may set of every source that is reached over HTTP, and within which bounds."""

from typing import Annotated

import msgspec

DEFAULT_SECONDS = 3.0
DEFAULT_MAX_BYTES = 5_000_000
DEFAULT_CONCURRENCY = 8
DEFAULT_WAITING = 64


class Reached(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the settings of a source over HTTP."""

    concurrency: Annotated[int, msgspec.Meta(ge=1, le=100)] = DEFAULT_CONCURRENCY
    """How many calls to the source may run at a time."""
    waiting: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = DEFAULT_WAITING
    """How many calls may wait for their turn; one more is refused at once."""
    seconds: Annotated[float, msgspec.Meta(gt=0, le=60)] = DEFAULT_SECONDS
    """The total deadline of one call, its wait for a turn included."""
    max_bytes: Annotated[int, msgspec.Meta(ge=1_000, le=500_000_000)] = DEFAULT_MAX_BYTES
    """The largest decoded answer."""
    private_network: bool = False
    """Whether the source's host may have an address of a private network; else only public ones are reached."""
