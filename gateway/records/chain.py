"""How a record of the log is sealed: chained to the one before it, its body under a salt so that it can be erased.

The separate verifier (``deploy/log_verify.py``) states the same form once more, by itself; a change of either without
the other is found by their common tests. Hashes are SHA-256 (security 7.4).
"""

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

SALT_BYTES = 16
APART = "apart"
"""The key of a body under which stands what the person it is about is not shown: who looked, and in which request.

It is written on a line of its own and enters the hash only by its own hash, so that the rest can be shown, and proven,
without it."""
START = bytes(32)
"""What stands for the record before the first one."""

_RECORD = b"hoks-gateway log record 1\n"
_LEAF, _NODE = b"\x00", b"\x01"


class Sealed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A record as it is kept. The body and its salt can be erased; the rest stays, and with it the chain."""

    stream: str
    seq: int
    """From 1, without a gap."""
    at: int
    """Milliseconds since 1970, UTC."""
    prev: bytes
    body_hash: bytes
    hash: bytes
    salt: bytes | None
    body: bytes | None


def canonical(body: Mapping[str, Any]) -> bytes:
    """A body as bytes: JSON in UTF-8, keys sorted, no spaces. Raises ``TypeError`` for a float at any depth."""
    _refuse_floats(body)
    return msgspec.json.encode(body, order="deterministic")


def seal(body: Mapping[str, Any], *, stream: str, seq: int, at: int, prev: bytes, salt: bytes | None = None) -> Sealed:
    """The record that follows ``prev`` in its stream."""
    salt = salt or secrets.token_bytes(SALT_BYTES)
    written = _written(body)
    body_hash = hashlib.sha256(salt + proven(written)).digest()
    return Sealed(
        stream=stream,
        seq=seq,
        at=at,
        prev=prev,
        body_hash=body_hash,
        hash=record_hash(stream, seq, at, prev, body_hash),
        salt=salt,
        body=written,
    )


def seal_all(
    bodies: Iterable[Mapping[str, Any]], *, stream: str, after: int, at: int, prev: bytes
) -> tuple[Sealed, ...]:
    """The records that follow the ``after``-th one, one after the other."""
    sealed: list[Sealed] = []
    for seq, body in enumerate(bodies, after + 1):
        sealed.append(seal(body, stream=stream, seq=seq, at=at, prev=prev))
        prev = sealed[-1].hash
    return tuple(sealed)


def _written(body: Mapping[str, Any]) -> bytes:
    if APART not in body:
        return canonical(body)
    shown = {name: value for name, value in body.items() if name != APART}
    # Of few possible values the hash alone would tell which it is.
    apart = {**body[APART], "nonce": secrets.token_hex(SALT_BYTES)}
    return canonical(shown) + b"\n" + canonical(apart)


def proven(written: bytes) -> bytes:
    """What of a written body is hashed: what is shown of it, and the hash of what stands apart."""
    shown, newline, apart = written.partition(b"\n")
    return shown + newline + hashlib.sha256(apart).digest() if newline else shown


def opened(written: bytes) -> dict[str, Any]:
    """A body as it was before it was written, with a nonce in what stands apart."""
    shown, newline, apart = written.partition(b"\n")
    body: dict[str, Any] = msgspec.json.decode(shown)
    return {**body, APART: msgspec.json.decode(apart)} if newline else body


def record_hash(stream: str, seq: int, at: int, prev: bytes, body_hash: bytes) -> bytes:
    """The hash of a record's header, which the next record names."""
    return hashlib.sha256(b"%s%s\n%d\n%d\n%s%s" % (_RECORD, stream.encode(), seq, at, prev, body_hash)).digest()


def merkle_root(hashes: Sequence[bytes]) -> bytes:
    """The root over records' hashes (as in RFC 6962): a record's way to it proves that the record is among them."""
    if not hashes:
        raise ValueError("a root stands for at least one record")
    if len(hashes) == 1:
        return hashlib.sha256(_LEAF + hashes[0]).digest()
    half = _half(len(hashes))
    return hashlib.sha256(_NODE + merkle_root(hashes[:half]) + merkle_root(hashes[half:])).digest()


def inclusion_proof(hashes: Sequence[bytes], place: int) -> tuple[bytes, ...]:
    """The hashes that lead from the record at ``place`` to the root, nearest first."""
    if len(hashes) == 1:
        return ()
    half = _half(len(hashes))
    if place < half:
        return (*inclusion_proof(hashes[:half], place), merkle_root(hashes[half:]))
    return (*inclusion_proof(hashes[half:], place - half), merkle_root(hashes[:half]))


def _half(count: int) -> int:
    """The largest power of two below ``count``."""
    return 1 << (count - 1).bit_length() - 1


def _refuse_floats(value: object) -> None:
    match value:
        case float():
            raise TypeError("a record holds no floats: they have no one form")
        case dict():
            for each in value.values():
                _refuse_floats(each)
        case list() | tuple():
            for each in value:
                _refuse_floats(each)
