"""Plans in eHOKS's form at addresses of a provider's own: one call a plan, and no plan but that of the right."""

import json
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from connectors.catalogue import connect
from connectors.client import Incoming, Outgoing
from connectors.documents import DocumentsSettings, DocumentsSource
from connectors.network import SettingsRefusedError
from hoks.outcomes import Outcome
from tests.connectors import contract
from tests.connectors.ehoks_stub import a_plan
from tests.connectors.wires import PROVIDER, Port, StillClock, learner, right, said, silent

ONE, TWO, THREE = right(1), right(2), right(3)
BASE = "https://system.example/v1"
SETTINGS: dict[str, Any] = {
    "kind": "documents",
    "id": "e-plans",
    "provider": PROVIDER,
    "base_url": BASE,
    "path": "/rights/{right}/plan",
    "auth": {"kind": "none"},
}


def settings(**changed: Any) -> DocumentsSettings:
    """The settings of a source, as an operator writes them."""
    return msgspec.convert({**SETTINGS, **changed}, DocumentsSettings)


class System:
    """A student system that has a document for each right, and answers that a test may put in their place."""

    def __init__(self, *plans: dict[str, Any], enveloped: bool = True) -> None:
        self._answers = {
            f"{BASE}/rights/{plan['opiskeluoikeus-oid']}/plan": {"data": plan} if enveloped else plan for plan in plans
        }
        self.port = Port(self._answer)

    def source(self, **changed: Any) -> DocumentsSource:
        """The connector before this system."""
        return DocumentsSource(settings(**changed), self.port, StillClock())

    def _answer(self, request: Outgoing) -> Incoming:
        found = self._answers.get(request.url)
        return said(found) if found is not None else said({"message": "nothing here"}, 404)


async def outcome(system: System, **changed: Any) -> Outcome:
    """What comes of asking for the first right."""
    return (await system.source(**changed).plans([ONE])).answers[ONE].outcome


# --- contract -------------------------------------------------------------------------------------------------


async def test_every_right_that_was_asked_is_answered_and_no_other() -> None:
    system = System(a_plan(ONE, 1), a_plan(TWO, 2))
    await contract.plans_answer_every_right_that_was_asked_and_no_other(system.source(), [ONE, TWO, THREE])


async def test_a_malformed_right_spoils_no_other_and_is_not_sent() -> None:
    system = System(a_plan(ONE, 1))
    await contract.plans_survive_a_malformed_right(system.source(), ONE)
    assert [request.url for request in system.port.sent] == [f"{BASE}/rights/{ONE}/plan"]


async def test_asking_for_no_right_calls_nobody() -> None:
    system = System()
    await contract.plans_of_no_right_are_no_answers(system.source())
    assert system.port.sent == []


async def test_a_source_that_is_down_gives_outcomes() -> None:
    system = System()
    system.port.answer = silent
    await contract.broken_plans_are_outcomes(system.source(), [ONE, TWO])


@pytest.mark.parametrize("absent", ["absent", "absent_or_denied"])
async def test_it_tells_what_it_declares_and_nothing_else(absent: str) -> None:
    system = System(a_plan(ONE, 1))
    await contract.everything_declared_is_told(system.source(absent=absent))
    system.port.answer = silent
    await contract.everything_declared_fails_as_declared(system.source(absent=absent))


# --- one call a plan ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["enveloped", "bare"])
async def test_a_plan_is_one_call_in_either_form(form: str) -> None:
    system = System(a_plan(ONE, 41), enveloped=form == "enveloped")
    reply = await system.source(form=form).plans([ONE])
    (plan,) = reply.answers[ONE].value or ()
    assert (plan.study_right_oid, plan.student_oid, plan.source_id) == (ONE, learner(41), "41")
    assert len(system.port.sent) == 1


async def test_a_document_in_the_other_form_is_not_taken() -> None:
    assert await outcome(System(a_plan(ONE, 1)), form="bare") is Outcome.INVALID
    assert await outcome(System(a_plan(ONE, 1), enveloped=False)) is Outcome.INVALID


async def test_the_holder_of_a_right_is_who_its_plan_names() -> None:
    system = System(a_plan(ONE, 1), {**a_plan(TWO, 2), "oppija-oid": "nobody"})
    reply = await system.source().holders([ONE, TWO, THREE])
    assert reply.answers[ONE].value == learner(1)
    assert {reply.answers[each].outcome for each in (TWO, THREE)} == {Outcome.ABSENT_OR_DENIED}


# --- what is not taken ----------------------------------------------------------------------------------------


async def test_a_plan_of_another_right_is_dropped_whole() -> None:
    system = System()
    system.port.answer = lambda _: said({"data": a_plan(TWO, 2)})
    reply = await system.source().plans([ONE])
    assert (reply.answers[ONE].outcome, reply.answers[ONE].value) == (Outcome.INVALID, None)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (said({"data": None}), Outcome.INVALID),
        (said([]), Outcome.INVALID),
        (Incoming(status=200, body=b"<html>back soon</html>"), Outcome.INVALID),
        (said({}, 401), Outcome.DENIED),
        (said({}, 403), Outcome.DENIED),
        (said({}, 429), Outcome.THROTTLED),
        (said({}, 500), Outcome.UNAVAILABLE),
    ],
)
async def test_an_answer_that_is_no_plan_is_an_outcome(answer: Incoming, expected: Outcome) -> None:
    system = System()
    system.port.answer = lambda _: answer
    assert await outcome(system) is expected


# --- settings -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "plans/{right}",
        "/plans",
        "/{right}/{right}",
        "/{learner}/{right}",
        "/{right}?all=1",
        "/{right}#x",
        "//{right}@x",
    ],
)
def test_a_path_without_the_right_once_is_refused(path: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"expected a path with \{right\} in it once"):
        settings(path=path)


async def test_the_credential_is_on_each_call(tmp_path: Path) -> None:
    key = tmp_path / "e.key"
    key.write_text("invented key")
    key.chmod(0o600)
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"data": a_plan(ONE, 1)})

    auth = {"kind": "header", "header": "X-Key", "secret_file": "e.key"}
    changed = settings(auth=auth, base_url="http://127.0.0.1:1/v1")
    connected = connect([changed], StillClock(), folder=tmp_path, transport=httpx.MockTransport(answer))
    (source,) = connected.plans
    reply = await source.plans([ONE])
    await connected.aclose()
    assert reply.answers[ONE].outcome is Outcome.OK
    assert [(str(each.url), each.headers["x-key"]) for each in seen] == [
        (f"http://127.0.0.1:1/v1/rights/{ONE}/plan", "invented key")
    ]


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    key = tmp_path / "e.key"
    key.write_text("invented key")
    key.chmod(0o644)
    with pytest.raises(SettingsRefusedError, match="others can read this secret"):
        connect([settings(auth={"kind": "bearer", "secret_file": "e.key"})], StillClock(), folder=tmp_path)


def test_settings_are_written_as_the_page_writes_them() -> None:
    page = (Path(__file__).parents[2] / "docs" / "connect-a-provider.md").read_text()
    block = page.split("## 7. ")[1].split("```toml\n")[1].split("```")[0]
    read = msgspec.toml.decode(block, type=dict[str, list[DocumentsSettings]])
    assert [each.path for each in read["source"]] == ["/hoks/{right}"]
    assert json.loads(page.split("## 7. ")[1].split("```json\n")[1].split("```")[0])["data"]["opiskeluoikeus-oid"]
