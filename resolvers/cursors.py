"""Opaque cursors: authenticated, and bound to the caller and the list they were given for."""

import base64
import binascii
import hashlib
import hmac

from hoks.caller import Caller
from hoks.errors import BadRequest
from hoks.identifiers import LearnerOid
from resolvers.scalars import Cursor

_TAG_BYTES = 16


class Cursors:
    """Makes and reads cursors under one secret."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def after(self, caller: Caller, oid: LearnerOid) -> Cursor:
        """The cursor behind a student in the caller's list of students."""
        text = oid.encode()
        return Cursor(base64.urlsafe_b64encode(self._tag(caller, text) + text).decode())

    def read(self, caller: Caller, cursor: Cursor) -> LearnerOid:
        """The student a cursor stands behind. Raises ``BadRequest`` for one that was not given to this caller."""
        try:
            raw = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError, ValueError):
            raw = b""
        tag, text = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
        if not text or not hmac.compare_digest(tag, self._tag(caller, text)):
            raise BadRequest("`after` is not a cursor that this list gave to this caller")
        return LearnerOid(text.decode())

    def _tag(self, caller: Caller, text: bytes) -> bytes:
        bound = "\n".join(("students", caller.subject, caller.role, caller.organisation or "")).encode()
        return hmac.new(self._key, bound + b"\n" + text, hashlib.sha256).digest()[:_TAG_BYTES]
