"""What an operator may set of every source that is reached over HTTP, and within which bounds."""

from typing import Annotated, ClassVar

import msgspec

DEFAULT_SECONDS = 3.0
DEFAULT_MAX_BYTES = 5_000_000
DEFAULT_CONCURRENCY = 8
DEFAULT_WAITING = 64
DEFAULT_CACHE_SECONDS = 30.0

Concurrency = Annotated[int, msgspec.Meta(ge=1, le=100)]
"""How many calls to the source may run at a time."""
Waiting = Annotated[int, msgspec.Meta(ge=0, le=10_000)]
"""How many calls may wait for their turn; one more is refused at once."""
Seconds = Annotated[float, msgspec.Meta(gt=0, le=60)]
"""The total deadline of one call, its wait for a turn included."""
MaxBytes = Annotated[int, msgspec.Meta(ge=1_000, le=500_000_000)]
"""The largest decoded answer."""
CacheSeconds = Annotated[float, msgspec.Meta(ge=0, le=60)]
"""For how long an answer is as good as a new one; a right that ends must not live on for more than a minute."""
StaleSeconds = Annotated[float, msgspec.Meta(ge=0, le=240)]
"""For how long after that it is shown, marked as old, where the source cannot be asked; in all five minutes."""


class Reached(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the settings of a source over HTTP."""

    concurrency: Concurrency = DEFAULT_CONCURRENCY
    waiting: Waiting = DEFAULT_WAITING
    seconds: Seconds = DEFAULT_SECONDS
    max_bytes: MaxBytes = DEFAULT_MAX_BYTES
    private_network: bool = False
    """Whether the source's host may have an address of a private network; else only public ones are reached."""
    root_certificates: str | None = None
    """The file of the authorities whose certificates its server may show, and no others; else the public web's."""
    client_certificate_file: str | None = None
    """The certificate by which we show ourselves to the source, with what leads to its authority, in PEM."""
    client_key_file: str | None = None
    """The key of that certificate, in PEM, readable by its owner alone."""


class Remembered(Reached, frozen=True, kw_only=True):
    """Base of the settings of a source over HTTP whose raw answers are kept for a moment."""

    one_by_one: ClassVar[bool] = False
    """Whether the source is asked key by key: then each key is fetched, shared and given alone."""
    version: ClassVar[int] = 1
    """Raised when the connector makes something else of the same answer."""

    cache_seconds: CacheSeconds = DEFAULT_CACHE_SECONDS
    stale_seconds: StaleSeconds = 0
    invalidate_key_file: str | None = None
    """The secret with which the source signs that something of its has changed."""
