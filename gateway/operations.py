"""Which document a request means: of its client's manifest, registered by the caller before (automatic persisted
queries), or sent with it; and whether its client may run it.

INVARIANT: what one caller has registered neither runs for another nor shows to another, by an error, that it is known:
a registration holds for the same person through the same client alone.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping

import msgspec
from cachetools import LRUCache

from gateway.documents import LONGEST_CACHED_TEXT
from gateway.envelope import Envelope
from gateway.errors import Code, ErrorBody, RefusedError, error, invalid_token
from gateway.manifests import Manifest
from gateway.noting import noted
from gateway.settings import ClientSettings
from hoks.caller import Caller, Embedding

REGISTRATIONS = 50_000
REGISTERED_LETTERS = 4_000_000
"""Of all documents that callers have registered; who comes back to one that has gone sends it again."""

_Registration = tuple[str | None, str, str]
"""Client, person, hash."""


class Operations:
    """The documents that requests name. One per process."""

    def __init__(self, clients: Iterable[ClientSettings] = ()) -> None:
        """Raises ``ManifestRefusedError`` for a manifest that cannot be used."""
        clients = tuple(clients)
        self._manifests = {each.id: Manifest(each.manifest_path) for each in clients if each.manifest_path is not None}
        self._bound = frozenset(each.id for each in clients if each.trusted_only)
        self._registered: LRUCache[_Registration, bool] = LRUCache(REGISTRATIONS)
        self._texts: LRUCache[str, str] = LRUCache(REGISTERED_LETTERS, getsizeof=len)

    def trusted(self, client: str | None, named: str) -> str | None:
        """The document of a hash in a client's manifest."""
        manifest = self._manifests.get(client) if client is not None else None
        return manifest.document(named) if manifest is not None else None

    def opened(self, asked: Envelope, caller: Caller) -> Envelope | list[ErrorBody]:
        """The request with the document that it means, or what is wrong with it. Raises ``RefusedError``."""
        text = self._trusted_text(asked, caller.client)
        noted().is_trusted = text is not None
        if caller.embedding is not None:
            return _bound(asked, text, caller.embedding)
        if text is None and caller.client in self._bound:
            # INVARIANT: the same for a hash that nobody knows, one of another client and any document in full.
            raise RefusedError(Code.OPERATION_NOT_TRUSTED)
        if text is None:
            text = self._registered_text(asked, caller)
        if text is None:
            return _NOT_FOUND
        return asked if text is asked.query else msgspec.structs.replace(asked, query=text)

    def _trusted_text(self, asked: Envelope, client: str | None) -> str | None:
        if asked.query:
            manifest = self._manifests.get(client) if client is not None else None
            return asked.query if manifest is not None and manifest.holds(asked.query) else None
        return self.trusted(client, asked.named) if asked.named is not None else None

    def _registered_text(self, asked: Envelope, caller: Caller) -> str | None:
        """The document as it was sent, and from now on under its hash; or the one sent under the hash before."""
        if asked.sha256 is None:
            return None if asked.named is not None else asked.query
        registration = (caller.client, caller.subject, asked.sha256)
        if not asked.query:
            return self._texts.get(asked.sha256) if registration in self._registered else None
        if sha256(asked.query) != asked.sha256:
            raise RefusedError(Code.BAD_REQUEST, "sha256Hash must be the SHA-256 hash of the query")
        if len(asked.query) <= LONGEST_CACHED_TEXT:
            self._registered[registration] = True
            self._texts[asked.sha256] = asked.query
        return asked.query


def _bound(asked: Envelope, text: str | None, embedding: Embedding) -> Envelope:
    """The one operation of an embed token, with its variables, which may be left out. Raises ``RefusedError``."""
    is_bound = (
        text is not None
        and sha256(text) == embedding.operation
        and asked.operation_name in (None, embedding.operation_name)
        and (not asked.variables or canonical(asked.variables) == embedding.variables)
    )
    if text is None or not is_bound:
        raise invalid_token()
    variables: dict[str, object] = json.loads(embedding.variables)
    return msgspec.structs.replace(asked, query=text, variables=variables)


def sha256(text: str) -> str:
    """The hash by which a document is known."""
    return hashlib.sha256(text.encode()).hexdigest()


def canonical(variables: Mapping[str, object]) -> str:
    """Variables as text: equal texts are equal variables."""
    return json.dumps(variables, sort_keys=True, separators=(",", ":"))


_NOT_FOUND: list[ErrorBody] = [error(Code.PERSISTED_QUERY_NOT_FOUND)]
