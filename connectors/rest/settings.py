"""What an operator declares of a provider's interface, refused at start where it is wrong."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from connectors.limits import (
    DEFAULT_CACHE_SECONDS,
    DEFAULT_CONCURRENCY,
    DEFAULT_MAX_BYTES,
    DEFAULT_SECONDS,
    DEFAULT_WAITING,
    CacheSeconds,
    Concurrency,
    MaxBytes,
    Remembered,
    Seconds,
    StaleSeconds,
    Waiting,
)
from connectors.oauth import ClientCredentials
from connectors.rest.calls import Call, Entity
from connectors.rest.mappable import NEEDED, TABLES
from connectors.rest.misfits import faults_of_calls
from connectors.table.cells import LISTED
from connectors.table.settings import RowSettings, Strict

# --- credentials ----------------------------------------------------------------------------------------------

Text = Annotated[str, msgspec.Meta(min_length=1)]
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", re.ASCII)
_OURS = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection", "accept-encoding"})
"""Headers that the client itself answers for."""


class NoCredential(Strict, frozen=True, tag_field="kind", tag="none"):
    """The provider knows us by our network alone, as behind a security server."""


class BearerCredential(Strict, frozen=True, tag_field="kind", tag="bearer"):
    """A token that lasts, in a file."""

    secret_file: Text


class BasicCredential(Strict, frozen=True, tag_field="kind", tag="basic"):
    """A user name, and a password in a file."""

    username: Text
    secret_file: Text


class HeaderCredential(Strict, frozen=True, tag_field="kind", tag="header"):
    """A key in a header of the provider's own."""

    header: Text
    secret_file: Text


class TokenCredential(ClientCredentials, frozen=True, tag_field="kind", tag="client_credentials"):
    """An account at a token server (OAuth2 client credentials)."""


Credential = NoCredential | BearerCredential | BasicCredential | HeaderCredential | TokenCredential

# --- the source -----------------------------------------------------------------------------------------------


class JsonSettings(RowSettings, frozen=True, kw_only=True, tag_field="kind", tag="json"):
    """One provider's JSON interface: where it is, how it knows us, what is asked how, and what its answers mean."""

    base_url: str
    auth: Credential
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    """On every call: what a security server or a gateway in between asks for."""
    absent: Literal["absent", "absent_or_denied"] = "absent_or_denied"
    """What it means that an answer lacks a key: that there is nothing, or that we may only not see it."""
    rights: tuple[Call, ...] = ()
    learners: tuple[Call, ...] = ()
    plans: tuple[Call, ...] = ()
    holders: tuple[Call, ...] = ()
    appointments: tuple[Call, ...] = ()
    assignments: tuple[Call, ...] = ()
    list_separator: str = LISTED
    """Only for a provider that writes several texts in one; a list is a list."""
    true_values: tuple[str, ...] = ("true",)
    false_values: tuple[str, ...] = ("false",)
    concurrency: Concurrency = DEFAULT_CONCURRENCY
    waiting: Waiting = DEFAULT_WAITING
    seconds: Seconds = DEFAULT_SECONDS
    max_bytes: MaxBytes = DEFAULT_MAX_BYTES
    private_network: bool = False
    root_certificates: str | None = None
    client_certificate_file: str | None = None
    client_key_file: str | None = None
    cache_seconds: CacheSeconds = DEFAULT_CACHE_SECONDS
    stale_seconds: StaleSeconds = 0
    invalidate_key_file: str | None = None

    def __post_init__(self) -> None:
        for fault in _faults(self):
            raise ValueError(f"source `{self.id}`: {fault}")

    @property
    def reached(self) -> Remembered:
        """What every source over HTTP can be told: a record has one base, and this one's is how rows are written."""
        return Remembered(**{name: getattr(self, name) for name in Remembered.__struct_fields__})

    def is_asked(self, entity: Entity) -> bool:
        """Whether the source is asked this question at all."""
        if entity == "holders":
            return bool(self.holders)
        return "rights" in self.gives if entity == "learners" else entity in self.gives

    def calls(self, entity: Entity) -> tuple[Call, ...]:
        """The calls that answer one question, in the order of the settings."""
        calls: tuple[Call, ...] = getattr(self, entity)
        return calls


def _faults(settings: JsonSettings) -> Iterator[str]:
    yield from settings.faults_of_values()
    names = [*settings.headers, *([settings.auth.header] if isinstance(settings.auth, HeaderCredential) else [])]
    for name in names:
        if not _HEADER.fullmatch(name) or name.lower() in _OURS:
            yield f"`{name}` is no header that may be set"
    for value in settings.headers.values():
        if not value.isascii() or not value.isprintable():
            yield "headers: expected values of printable ASCII"
    if not settings.gives:
        yield "gives: expected at least one of rights, plans, appointments, assignments"
    for given in settings.gives:
        for entity in NEEDED[given]:
            if not settings.calls(entity):
                yield f"`{entity}` is needed for what the source gives: add [[source.{entity}]]"
    for entity in TABLES:
        yield from faults_of_calls(entity, settings.calls(entity))
