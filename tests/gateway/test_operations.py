"""Which document a request means: strict clients run what they registered, others what they sent before, and nobody
runs or learns what another has."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from gateway.envelope import Envelope, envelope
from gateway.errors import Code, RefusedError
from gateway.operations import Operations
from gateway.settings import ClientSettings
from hoks.caller import Caller, HeldRole, Role
from hoks.identifiers import PersonOid

TRUSTED, OTHER, SENT = "query Trusted { viewer { oid } }", "query Other { viewer { role } }", "{ viewer { oid } }"
TOOL, FRONT, OFFICE = "workplace-tool", "front-end", "office"
ANNA, BEN = PersonOid("1.2.246.562.98.98000000902"), PersonOid("1.2.246.562.98.98000000910")
NOT_FOUND = [{"message": "PersistedQueryNotFound", "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}]


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def caller(client: str | None, person: PersonOid = ANNA) -> Caller:
    acting = HeldRole(Role.STUDENT)
    return Caller(subject=person, acting=acting, held=(acting,), client=client)


def asked(query: str | None = None, named: str | None = None, document_id: str | None = None) -> Envelope:
    """A request as it comes over the wire."""
    body: dict[str, Any] = {"query": query} if query is not None else {}
    if named is not None:
        body["extensions"] = {"persistedQuery": {"version": 1, "sha256Hash": named}}
    if document_id is not None:
        body["documentId"] = document_id
    return envelope(json.dumps(body).encode())


@pytest.fixture
def operations(tmp_path: Path) -> Operations:
    """Of a client that is bound to its one document, of one that has one and is not bound, and of all others."""
    for client, text in ((TOOL, TRUSTED), (OFFICE, OTHER)):
        (tmp_path / f"{client}.json").write_text(json.dumps({sha256(text): text}))
    return Operations(
        [
            ClientSettings(id=TOOL, trusted_only=True, manifest_path=tmp_path / f"{TOOL}.json"),
            ClientSettings(id=OFFICE, manifest_path=tmp_path / f"{OFFICE}.json"),
        ]
    )


def opened(operations: Operations, request: Envelope, by: Caller) -> str:
    """The document that a request comes to."""
    found = operations.opened(request, by)
    assert isinstance(found, Envelope), found
    return found.query


def refusal(operations: Operations, request: Envelope, by: Caller) -> RefusedError:
    with pytest.raises(RefusedError) as refused:
        operations.opened(request, by)
    return refused.value


def test_a_trusted_document_is_run_by_its_hash_however_it_is_named_and_in_full(operations: Operations) -> None:
    for request in (
        asked(named=sha256(TRUSTED)),
        asked(document_id=sha256(TRUSTED)),
        asked(document_id=f"sha256:{sha256(TRUSTED)}"),
        asked(TRUSTED),
        asked(TRUSTED, sha256(TRUSTED)),
    ):
        assert opened(operations, request, caller(TOOL)) == TRUSTED


def test_a_strict_client_is_refused_everything_else_alike(operations: Operations) -> None:
    opened(operations, asked(SENT, sha256(SENT)), caller(FRONT))
    opened(operations, asked(SENT, sha256(SENT)), caller(None))
    refusals = [
        refusal(operations, request, caller(TOOL))
        for request in (
            asked(SENT),
            asked(SENT, sha256(SENT)),
            asked(SENT, sha256(TRUSTED)),
            asked(named=sha256(SENT)),
            asked(named=sha256(OTHER)),
            asked(named=sha256("never was")),
            asked(document_id=sha256(OTHER)),
            asked(f"{TRUSTED} "),
            asked(""),
        )
    ]
    assert {(each.code, each.status, each.message) for each in refusals} == {
        (Code.OPERATION_NOT_TRUSTED, 403, "the client may run only the operations of its manifest")
    }


def test_what_a_client_trusts_is_neither_run_by_another_nor_known_to_it(operations: Operations) -> None:
    for named in (sha256(TRUSTED), sha256("never was")):
        for by in (caller(FRONT), caller(OFFICE), caller(None)):
            assert operations.opened(asked(named=named), by) == NOT_FOUND
            assert operations.opened(asked(document_id=named), by) == NOT_FOUND


def test_a_client_that_is_not_bound_runs_its_manifest_and_anything_else(operations: Operations) -> None:
    assert opened(operations, asked(document_id=sha256(OTHER)), caller(OFFICE)) == OTHER
    assert opened(operations, asked(SENT), caller(OFFICE)) == SENT


def test_a_query_sent_with_its_hash_is_run_by_the_hash_from_then_on(operations: Operations) -> None:
    by = caller(FRONT)
    assert operations.opened(asked(named=sha256(SENT)), by) == NOT_FOUND
    assert opened(operations, asked(SENT, sha256(SENT)), by) == SENT
    assert opened(operations, asked(named=sha256(SENT)), by) == SENT


def test_nobody_learns_by_a_hash_what_another_person_or_client_has_sent(operations: Operations) -> None:
    opened(operations, asked(SENT, sha256(SENT)), caller(FRONT, ANNA))
    for by in (caller(FRONT, BEN), caller(OFFICE, ANNA), caller(None, ANNA)):
        assert operations.opened(asked(named=sha256(SENT)), by) == NOT_FOUND


def test_a_hash_that_is_not_the_query_s_is_refused_and_registers_nothing(operations: Operations) -> None:
    by = caller(FRONT)
    assert refusal(operations, asked(SENT, sha256(OTHER)), by).code is Code.BAD_REQUEST
    for text in (SENT, OTHER):
        assert operations.opened(asked(named=sha256(text)), by) == NOT_FOUND


def test_what_is_registered_is_bounded_and_what_has_gone_is_only_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.operations.REGISTERED_LETTERS", 40)
    operations, by = Operations(), caller(FRONT)
    first, second, long = "{ a { oid } } #first", "{ a { oid } } #second", "{ a }" + " " * 20_000
    for text in (first, second, long):
        assert opened(operations, asked(text, sha256(text)), by) == text
    assert operations.opened(asked(named=sha256(first)), by) == NOT_FOUND
    assert operations.opened(asked(named=sha256(long)), by) == NOT_FOUND
    assert opened(operations, asked(named=sha256(second)), by) == second


@pytest.mark.parametrize(
    "body",
    [
        {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": sha256(SENT)}}},
        {"extensions": {"persistedQuery": {"version": 1}}},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "a" * 201}}},
        {"extensions": {"persistedQuery": []}},
        {"extensions": {"persistedQuery": "x"}},
        {"documentId": 1},
        {"documentId": sha256(SENT), "query": SENT},
        {"documentId": "x", "extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha256(SENT)}}},
        {"query": None},
        {"documentId": None},
        {},
    ],
)
def test_a_request_that_names_its_document_wrongly_is_refused(body: object) -> None:
    with pytest.raises(RefusedError) as refused:
        envelope(json.dumps(body).encode())
    assert refused.value.code is Code.BAD_REQUEST


def test_other_extensions_are_let_be() -> None:
    assert envelope(b'{"query": "{ a }", "extensions": {"trace": 1, "persistedQuery": null}}').named is None
