"""Manifests of trusted documents: the operations that a client has registered, by hash, one JSON file per client.

The form is that of graphql-codegen (``persisted-documents.json`` of the client preset) and of the Relay compiler,
``{hash: document}``: a file that they emit is a manifest as it is.
"""

import hashlib
import json
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
from graphql import GraphQLError, GraphQLSchema, parse
from graphql.language import OperationDefinitionNode

from gateway.documents import Documents
from gateway.settings import Limits
from resolvers.prepared import PreparedDocument

LARGEST_MANIFEST = 5_000_000
"""Bytes of a file."""
NAMELESS = "(nameless)"

_ALGORITHMS = {32: "md5", 40: "sha1", 64: "sha256"}
"""How documents are hashed, by the digits of the hash: by Relay, by graphql-codegen, by Apollo and by choice."""

_NAMED_TOKENS = 20_000
"""How far a document is read for its name alone, which may be beyond every limit."""

log = logging.getLogger(__name__)


class ManifestRefusedError(Exception):
    """A manifest that cannot be used; the text is one line that names the file."""


def bare(named: str) -> str:
    """A hash without the algorithm that may stand before it (``sha256:``)."""
    algorithm, _, digits = named.rpartition(":")
    return digits if algorithm in ("", _ALGORITHMS.get(len(digits))) else named


def read_manifest(file: Path) -> dict[str, str]:
    """The documents of a file by their hashes. Raises ``ManifestRefusedError``.

    INVARIANT: a hash stands for the one document whose hash it is, whoever wrote the file.
    """
    try:
        content = file.read_bytes()
        if len(content) > LARGEST_MANIFEST:
            raise ManifestRefusedError(f"{file}: expected at most {LARGEST_MANIFEST} bytes")
        documents = msgspec.json.decode(content, type=dict[str, str])
    except OSError as fault:
        raise ManifestRefusedError(f"{file}: cannot be read: {fault.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ManifestRefusedError(f"{file}: expected a JSON object of documents by their hashes") from None
    for hashed, text in documents.items():
        if not _is_hash_of(bare(hashed), text):
            name = name_of(text)
            raise ManifestRefusedError(
                f"{file}: operation {name}: `{hashed[:80]}` is not the MD5, SHA-1 or SHA-256 hash of its document"
            )
    return {bare(hashed): text for hashed, text in documents.items()}


def _is_hash_of(digits: str, text: str) -> bool:
    algorithm = _ALGORITHMS.get(len(digits))
    if algorithm is None:
        return False
    # Known by their hashes only: what a document may do is decided by what it says.
    return hashlib.new(algorithm, text.encode(), usedforsecurity=False).hexdigest() == digits


def name_of(text: str) -> str:
    """The name of a document's operations, for people; whether it fits the schema or not."""
    try:
        definitions = parse(text, no_location=True, max_tokens=_NAMED_TOKENS).definitions
    except (GraphQLError, RecursionError):
        return NAMELESS
    operations = [each for each in definitions if isinstance(each, OperationDefinitionNode)]
    return ", ".join(each.name.value if each.name else NAMELESS for each in operations) or NAMELESS


def misfits(file: Path, documents: Mapping[str, str], schema: GraphQLSchema, limits: Limits) -> Iterator[str]:
    """One line for each document that this gateway would refuse: the file, the operation's name and the reason."""
    known = Documents(schema, limits, projection=False)
    for hashed, text in documents.items():
        read = known.document(text)
        if not isinstance(read, PreparedDocument):
            reason = " ".join(str(read[0]["message"]).split())
            yield f"{file}: operation {name_of(text)} ({hashed[:12]}): {reason}"


def add_to_manifest(file: Path, documents: Mapping[str, str]) -> int:
    """Add documents to a manifest, made where there is none; how many were new. Raises ``ManifestRefusedError``."""
    held = read_manifest(file) if file.exists() else {}
    together = {**held, **documents}
    beside = file.with_name(f".{file.name}.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(together, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        # In one step: a gateway that looks meanwhile reads the one or the other, and never half of it.
        beside.replace(file)
    except OSError as fault:
        raise ManifestRefusedError(f"{file}: cannot be written: {fault.strerror}") from None
    return len(together) - len(held)


class Manifest:
    """The manifest of one client as it stands: what is added to the file, or taken out, holds from then on."""

    def __init__(self, file: Path) -> None:
        """Raises ``ManifestRefusedError`` for a file that cannot be used; one that is not there is empty."""
        self._file = file
        self._seen = self._state()
        self._by_hash = read_manifest(file) if self._seen is not None else {}
        self._texts = frozenset(self._by_hash.values())

    def document(self, named: str) -> str | None:
        """The document of a hash."""
        self._look()
        return self._by_hash.get(bare(named))

    def holds(self, text: str) -> bool:
        """Whether exactly this document was registered."""
        self._look()
        return text in self._texts

    def _look(self) -> None:
        """Read the file again where it is another one than before; one that cannot be used leaves all as it was."""
        state = self._state()
        if state == self._seen:
            return
        self._seen = state
        try:
            self._by_hash = read_manifest(self._file) if state is not None else {}
        except ManifestRefusedError as refused:
            log.error("a manifest of trusted documents was not taken over: %s", refused)
            return
        self._texts = frozenset(self._by_hash.values())

    def _state(self) -> tuple[int, int, int] | None:
        try:
            status = os.stat(self._file)
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino
