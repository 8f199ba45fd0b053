"""How a record of the log is sealed: chained to the one before it, its body under a salt so that it can be erased.

The separate verifier (``deploy/log_verify.py``) states the same form once more, by itself; a change of either without
the other is found by their common tests. Hashes are SHA-256 (security 7.4).
"""

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
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


Body = Mapping[str, Any] | bytes
"""The body of a record, or what is written of it already: see ``written``."""


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


def seal(body: Body, *, stream: str, seq: int, at: int, prev: bytes, salt: bytes | None = None) -> Sealed:
    """The record that follows ``prev`` in its stream."""
    salt = salt or secrets.token_bytes(SALT_BYTES)
    kept = as_kept(body)
    body_hash = hashlib.sha256(salt + proven(kept)).digest()
    return Sealed(
        stream=stream,
        seq=seq,
        at=at,
        prev=prev,
        body_hash=body_hash,
        hash=record_hash(stream, seq, at, prev, body_hash),
        salt=salt,
        body=kept,
    )


def seal_all(bodies: Iterable[Body], *, stream: str, after: int, at: int, prev: bytes) -> tuple[Sealed, ...]:
    """The records that follow the ``after``-th one, one after the other."""
    sealed: list[Sealed] = []
    bodies = [*bodies]
    salts = BytesIO(secrets.token_bytes(SALT_BYTES * len(bodies)))
    for seq, body in enumerate(bodies, after + 1):
        sealed.append(seal(body, stream=stream, seq=seq, at=at, prev=prev, salt=salts.read(SALT_BYTES)))
        prev = sealed[-1].hash
    return tuple(sealed)


def as_kept(body: Body) -> bytes:
    """A body as it is kept."""
    if isinstance(body, bytes):
        return body
    if APART not in body:
        return canonical(body)
    shown = {name: value for name, value in body.items() if name != APART}
    return written(canonical(shown), canonical({**body[APART], "nonce": nonce()}))


def nonce() -> str:
    """What stands among what stands apart: of few possible values the hash alone would tell which it is."""
    return secrets.token_hex(SALT_BYTES)


def written(shown: bytes, apart: bytes) -> bytes:
    """A body as it is kept, of two canonical forms: what is shown, and what stands apart."""
    return shown + b"\n" + apart


def proven(written: bytes) -> bytes:
    """What of a written body is hashed: what is shown of it, and the hash of what stands apart."""
    shown, apart = split(written)
    return shown + b"\n" + apart if apart is not None else shown


def split(written: bytes) -> tuple[bytes, bytes | None]:
    """What is shown of a written body, and the hash of what stands apart, where anything does."""
    shown, newline, apart = written.partition(b"\n")
    return shown, hashlib.sha256(apart).digest() if newline else None


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
    return levels(hashes)[-1][0]


def inclusion_proof(hashes: Sequence[bytes], place: int) -> tuple[bytes, ...]:
    """The hashes that lead from the record at ``place`` to the root, nearest first."""
    return path(levels(hashes), place)


def levels(hashes: Sequence[bytes]) -> list[list[bytes]]:
    """The tree over records' hashes, from its leaves to its root."""
    if not hashes:
        raise ValueError("a root stands for at least one record")
    tree = [[hashlib.sha256(_LEAF + each).digest() for each in hashes]]
    while len(below := tree[-1]) > 1:
        pairs = zip(below[::2], below[1::2], strict=False)
        above = [hashlib.sha256(_NODE + one + other).digest() for one, other in pairs]
        # One without a neighbour is its own parent.
        tree.append(above + below[len(below) & ~1 :])
    return tree


def path(tree: Sequence[Sequence[bytes]], place: int) -> tuple[bytes, ...]:
    """The hashes that lead through a tree from the leaf at ``place`` to the root, nearest first."""
    found = []
    for level in tree[:-1]:
        beside = place ^ 1
        if beside < len(level):
            found.append(level[beside])
        place //= 2
    return tuple(found)


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
