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
        return self.sealed(caller, "students", oid.encode())

    def read(self, caller: Caller, cursor: Cursor) -> LearnerOid:
        """The student a cursor stands behind. Raises ``BadRequest`` for one that was not given to this caller."""
        return LearnerOid(self.opened(caller, "students", cursor).decode())

    def behind(self, caller: Caller, place: Place) -> Cursor:
        """The cursor behind a row of the caller's own log."""
        return self.sealed(caller, "disclosures", f"{place.first} {place.reference}".encode())

    def place(self, caller: Caller, cursor: Cursor) -> Place:
        """The row a cursor stands behind. Raises ``BadRequest`` for one that was not given to this caller."""
        first, _, reference = self.opened(caller, "disclosures", cursor).decode().partition(" ")
        return Place(int(first), reference)

    def after_entry(self, caller: Caller, oid: LearnerOid, place: Placement) -> Cursor:
        """The cursor behind an entry of a student's timeline."""
        return self.sealed(caller, f"timeline {oid}", msgspec.json.encode(place))

    def entry(self, caller: Caller, oid: LearnerOid, cursor: Cursor) -> Placement:
        """The place in a student's timeline behind which a cursor stands. Raises ``BadRequest`` for any other."""
        return msgspec.json.decode(self.opened(caller, f"timeline {oid}", cursor), type=Placement)

    def sealed(self, caller: Caller, listing: str, place: bytes) -> Cursor:
        """The cursor of a place in one of the caller's lists."""
        return Cursor(base64.urlsafe_b64encode(self._cipher.encrypt(place, _bound(caller, listing))).decode())

    def opened(self, caller: Caller, listing: str, cursor: Cursor, argument: str = "after") -> bytes:
        """The place of a cursor. Raises ``BadRequest`` for one that this list did not give to this caller."""
        try:
            raw = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True)
            return self._cipher.decrypt(raw, _bound(caller, listing))
        except (binascii.Error, UnicodeError, ValueError, InvalidTag):
            raise BadRequest(f"`{argument}` is not a cursor that this list gave to this caller") from None


def _bound(caller: Caller, listing: str) -> list[bytes]:
    return [listing.encode(), caller.subject.encode(), caller.role.encode(), (caller.organisation or "").encode()]
