"""Opaque cursors: encrypted, authenticated, and bound to the caller and the list they were given for.

A cursor holds an OID, which a caller may not be allowed to see; so it is not only signed.
"""

import base64
import binascii

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from hoks.caller import Caller
from hoks.errors import BadRequest
from hoks.identifiers import LearnerOid
from hoks.timeline import Placement
from resolvers.scalars import Cursor


class Cursors:
    """Makes and reads cursors under one secret of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        # The same student gives the same cursor to the same caller, so that answers can be compared.
        self._cipher = AESSIV(key)

    def after(self, caller: Caller, oid: LearnerOid) -> Cursor:
        """The cursor behind a student in the caller's list of students."""
        return self._made(oid.encode(), _bound(caller))

    def read(self, caller: Caller, cursor: Cursor) -> LearnerOid:
        """The student a cursor stands behind. Raises ``BadRequest`` for one that was not given to this caller."""
        return LearnerOid(self._read(cursor, _bound(caller)).decode())

    def after_entry(self, caller: Caller, oid: LearnerOid, place: Placement) -> Cursor:
        """The cursor behind an entry of a student's timeline."""
        return self._made(msgspec.json.encode(place), [*_bound(caller, b"timeline"), oid.encode()])

    def read_entry(self, caller: Caller, oid: LearnerOid, cursor: Cursor) -> Placement:
        """The place in a student's timeline behind which a cursor stands. Raises ``BadRequest`` for any other."""
        return msgspec.json.decode(self._read(cursor, [*_bound(caller, b"timeline"), oid.encode()]), type=Placement)

    def _made(self, place: bytes, bound: list[bytes]) -> Cursor:
        return Cursor(base64.urlsafe_b64encode(self._cipher.encrypt(place, bound)).decode())

    def _read(self, cursor: Cursor, bound: list[bytes]) -> bytes:
        try:
            raw = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True)
            return self._cipher.decrypt(raw, bound)
        except (binascii.Error, UnicodeError, ValueError, InvalidTag):
            raise BadRequest("`after` is not a cursor that this list gave to this caller") from None


def _bound(caller: Caller, listed: bytes = b"students") -> list[bytes]:
    return [listed, caller.subject.encode(), caller.role.encode(), (caller.organisation or "").encode()]
