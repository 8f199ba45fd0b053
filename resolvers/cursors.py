"""Opaque cursors: encrypted, authenticated, and bound to the caller and the list they were given for.

A cursor of students holds an OID, which a caller may not be allowed to see; so it is not only signed. One of the log
holds only what stands in the row itself: what others were told of others is not in it.
"""

import base64
import binascii

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from hoks.caller import Caller
from hoks.errors import BadRequest
from hoks.identifiers import LearnerOid
from hoks.paging import Cursor
from hoks.seen import Place
from hoks.timeline import Placement


class Cursors:
    """Makes and reads cursors under one secret of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        # The same student gives the same cursor to the same caller, so that answers can be compared.
        self._cipher = AESSIV(key)

    def after(self, caller: Caller, oid: LearnerOid) -> Cursor:
        """The cursor behind a student in the caller's list of students."""
        return self._sealed(oid, _bound(caller, _STUDENTS))

    def read(self, caller: Caller, cursor: Cursor) -> LearnerOid:
        """The student a cursor stands behind. Raises ``BadRequest`` for one that was not given to this caller."""
        return LearnerOid(self._opened(cursor, _bound(caller, _STUDENTS)))

    def behind(self, caller: Caller, place: Place) -> Cursor:
        """The cursor behind a row of the caller's own log."""
        return self._sealed(f"{place.first} {place.reference}", _bound(caller, _ROWS))

    def place(self, caller: Caller, cursor: Cursor) -> Place:
        """The row a cursor stands behind. Raises ``BadRequest`` for one that was not given to this caller."""
        first, _, reference = self._opened(cursor, _bound(caller, _ROWS)).partition(" ")
        return Place(int(first), reference)

    def after_entry(self, caller: Caller, oid: LearnerOid, place: Placement) -> Cursor:
        """The cursor behind an entry of a student's timeline."""
        return self._sealed(msgspec.json.encode(place).decode(), [*_bound(caller, _ENTRIES), oid.encode()])

    def entry(self, caller: Caller, oid: LearnerOid, cursor: Cursor) -> Placement:
        """The place in a student's timeline behind which a cursor stands. Raises ``BadRequest`` for any other."""
        bound = [*_bound(caller, _ENTRIES), oid.encode()]
        return msgspec.json.decode(self._opened(cursor, bound), type=Placement)

    def _sealed(self, text: str, bound: list[bytes]) -> Cursor:
        return Cursor(base64.urlsafe_b64encode(self._cipher.encrypt(text.encode(), bound)).decode())

    def _opened(self, cursor: Cursor, bound: list[bytes]) -> str:
        try:
            raw = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True)
            return self._cipher.decrypt(raw, bound).decode()
        except (binascii.Error, UnicodeError, ValueError, InvalidTag):
            raise BadRequest("`after` is not a cursor that this list gave to this caller") from None


_STUDENTS, _ROWS, _ENTRIES = b"students", b"disclosures", b"timeline"


def _bound(caller: Caller, what: bytes) -> list[bytes]:
    return [what, caller.subject.encode(), caller.role.encode(), (caller.organisation or "").encode()]
