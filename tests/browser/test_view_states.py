"""What goes wrong is said in words with what to do, each state in its own way; nothing is lost that need not be, and
nothing of anybody is left behind."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import Error, Route

from gateway.trial import asked
from tests.browser.answers import GRAPH, REFUSALS, faulty, gone, lacking, refused
from tests.browser.viewing import LANGUAGES, Viewing
from tests.browser.watch import Watch
from tests.conformance.standing import Standing

AINO = "Aino Elviira Lehtovirta"


@pytest.fixture
def view(watch: Watch, gateway: Standing) -> Callable[..., Viewing]:
    return lambda **how: Viewing(watch, gateway, **how)


View = Callable[..., Viewing]


@pytest.fixture
def failing(gateway: Standing) -> Iterator[Callable[[str, str], None]]:
    """Lets a source of the sandbox fail; all are well again afterwards."""
    failed: list[str] = []

    def fail(source: str, kind: str) -> None:
        failed.append(source)
        assert asked(gateway.port + 1, "PUT", f"/faults/{source}", {"fault": kind})[0] == 200

    yield fail
    for source in failed:
        asked(gateway.port + 1, "PUT", f"/faults/{source}", {"fault": "none"})
    gateway.wait_for_every_source()


@pytest.mark.parametrize("state", REFUSALS)
def test_a_refusal_while_looking_is_said_and_what_may_stay_stays(view: View, watch: Watch, state: str) -> None:
    answered, said, stays = REFUSALS[state]
    viewing = view()
    viewing.speak("en")
    watch.context.route(GRAPH, answered)
    viewing.refresh()
    viewing.plan.locator(f".notice.{state}").wait_for()
    told = viewing.text()
    assert said in told
    assert (AINO in told) is stays
    assert viewing.focused().startswith("DIV" if state == "denied" else "BUTTON Try again")
    assert viewing.violations() == []
    for language in LANGUAGES:
        viewing.speak(language)
        assert viewing.plan.locator(f".notice.{state} p").inner_text()
    watch.context.unroute(GRAPH)
    if state != "denied":
        viewing.plan.locator(f".notice.{state} button").click()
        viewing.settle()
        viewing.plan.get_by_role("heading", name=AINO).wait_for()
        assert viewing.focused().startswith(("BUTTON", "DIV"))
    watch.forget()
    assert watch.faults() == []


@pytest.mark.parametrize("state", REFUSALS)
def test_a_refusal_at_the_start_is_said_with_what_to_do(view: View, watch: Watch, state: str) -> None:
    answered, said, _ = REFUSALS[state]
    watch.context.route(GRAPH, answered)
    if state == "offline":
        watch.context.route("**/token", answered)
    viewing = view()
    viewing.speak("en")
    notice = viewing.page.locator(f".notice.{state}")
    assert said in notice.inner_text()
    assert viewing.violations() == []
    viewing.page.set_viewport_size({"width": 320, "height": 800})
    assert viewing.overflow() == []
    watch.context.unroute_all()
    notice.get_by_role("button", name="Try again").click()
    viewing.plan.get_by_role("heading", name=AINO).wait_for()
    watch.forget()


def test_waiting_shows_that_it_goes_on_and_says_when_a_source_is_slow(view: View, watch: Watch) -> None:
    viewing = view()
    viewing.speak("en")
    held: list[Route] = []
    watch.context.route(GRAPH, lambda route: held.append(route))
    viewing.ask_again()
    waiting = viewing.plan.locator(".waiting")
    waiting.locator("progress").wait_for()
    assert AINO in viewing.text()
    waiting.get_by_text("A source is slow. Still waiting.").wait_for()
    assert viewing.violations() == []
    held[0].continue_()
    viewing.settle()
    assert AINO in viewing.text()


def test_a_source_that_fails_is_named_and_the_rest_stays(
    view: View, failing: Callable[[str, str], None], gateway: Standing
) -> None:
    viewing = view()
    viewing.speak("en")
    viewing.look("student-7", 7)
    failing("a-ehoks", "503")
    viewing.page.wait_for_timeout(2500)  # what the sandbox's gateway keeps of an answer is over
    viewing.refresh()
    notice = viewing.plan.locator(".notice.partial")
    assert "Some data are missing" in notice.inner_text() and "a-ehoks" in notice.inner_text()
    assert viewing.plan.locator(".plans article").count() == 1
    assert "Did not answer" in viewing.plan.locator(".sources").inner_text()
    assert viewing.violations() == []


def test_an_old_answer_is_marked_as_old(view: View, watch: Watch) -> None:
    viewing = view()
    viewing.speak("en")
    watch.context.route(GRAPH, lacking("STALE"))
    viewing.refresh()
    assert "Some data are old" in viewing.plan.locator(".notice.stale").inner_text()
    assert AINO in viewing.text()
    assert viewing.violations() == []
    looks = viewing.plan.locator(".notice.stale").evaluate("(each) => getComputedStyle(each).borderLeftColor")
    watch.context.route(GRAPH, refused(500, "INTERNAL"))
    viewing.refresh()
    failed = viewing.plan.locator(".notice.failed")
    failed.wait_for()
    assert failed.evaluate("(each) => getComputedStyle(each).borderLeftColor") != looks
    watch.forget()


def test_a_field_that_fails_is_said_and_a_network_that_is_back_is_used_at_once(view: View, watch: Watch) -> None:
    viewing = view()
    viewing.speak("en")
    watch.context.route(GRAPH, faulty)
    viewing.refresh()
    assert "Some data are missing" in viewing.plan.locator(".notice.partial").inner_text()
    assert AINO in viewing.text()
    watch.context.unroute(GRAPH)
    watch.context.route(GRAPH, gone)
    viewing.refresh()
    viewing.plan.locator(".notice.offline").wait_for()
    watch.context.unroute(GRAPH)
    viewing.page.evaluate("() => dispatchEvent(new Event('online'))")
    viewing.plan.locator(".notice.offline").wait_for(state="detached")
    viewing.settle()
    assert viewing.plan.locator(".notice").count() == 0
    assert AINO in viewing.text()
    watch.forget()


def test_an_answer_that_comes_too_late_is_not_shown(view: View, watch: Watch) -> None:
    viewing = view()
    late: list[Route] = []
    watch.context.route(GRAPH, lambda route: late.append(route))
    viewing.plan.evaluate("(plan) => { plan.refresh() }")
    viewing.plan.locator(".waiting").wait_for()
    watch.context.unroute(GRAPH)
    viewing.plan.evaluate("(plan) => plan.refresh()")
    viewing.settle()
    (route,) = late
    with suppress(Error):  # what nobody waits for any more
        refused(500, "INTERNAL")(route)
    viewing.page.wait_for_timeout(100)
    assert viewing.plan.locator(".notice").count() == 0
    assert AINO in viewing.text()
    watch.forget()


def test_a_consent_that_is_withdrawn_while_somebody_looks_takes_the_data_off_the_page(
    view: View, gateway: Standing
) -> None:
    text = gateway.ask("student-9", "{ consentText(language: EN) { version } }")["data"]["consentText"]["version"]
    plans = gateway.ask("student-9", "{ students { edges { node { hoksit { studyRightOid } } } } }")
    right = plans["data"]["students"]["edges"][0]["node"]["hoksit"][0]["studyRightOid"]
    recipient = gateway.ask("recipient-2", "{ viewer { oid } }")["data"]["viewer"]["oid"]
    wish = {
        "studyRightOid": right,
        "recipientKind": "PERSON",
        "recipient": recipient,
        "items": ["D1", "D2u", "D10"],
        "purpose": "EMPLOYMENT",
        "endDate": "2026-12-31",
        "textVersion": text,
        "language": "EN",
    }
    give = "mutation ($input: NewConsentInput!) { giveConsent(input: $input) { id } }"
    consent = gateway.ask("student-9", give, {"input": wish})["data"]["giveConsent"]["id"]

    viewing = view()
    viewing.speak("en")
    viewing.look("recipient-2", 9)
    units = viewing.plan.locator(".row .what bdi").all_inner_texts()
    assert len(units) > 3
    withdraw = "mutation ($id: ID!) { withdrawConsent(id: $id) { isInForce } }"
    gateway.ask("student-9", withdraw, {"id": consent})
    viewing.refresh()
    told = viewing.text()
    assert "The data are no longer shown" in told and "a consent was withdrawn" in told
    assert not [unit for unit in units if unit in told]
    assert viewing.violations() == []
    viewing.look("student-9", 9)
    viewing.look("recipient-2", 9)
    assert "Nothing to show" in viewing.plan.locator(".notice.empty").inner_text()
    assert viewing.violations() == []


def in_production(view: View, watch: Watch) -> Viewing:
    """The page as it is served without a sandbox."""
    settings = {"client": "hoks-view", "personas": None, "today": None}
    watch.context.route("**/view/settings.json", lambda route: route.fulfill(json=settings))
    viewing = view()
    viewing.speak("en")
    return viewing


def test_without_a_sandbox_the_page_asks_for_a_token_keeps_it_to_itself_and_lets_a_role_be_chosen(
    view: View, watch: Watch, gateway: Standing
) -> None:
    viewing = in_production(view, watch)
    assert "Sign in" in viewing.text()
    assert viewing.violations() == []
    watch.forget()
    field = viewing.page.locator("input[name=token]")

    def sign_in(token: str) -> None:
        field.fill(token)
        field.press("Enter")

    sign_in("no token")
    viewing.page.locator(".notice.expired").wait_for()
    assert viewing.violations() == []
    watch.forget()
    sign_in(gateway.token("dual-a", "hoks-view"))
    viewing.page.get_by_role("button", name="Responsible teacher").wait_for()
    assert viewing.violations() == []
    watch.forget()
    viewing.page.get_by_role("button", name="Responsible teacher").click()
    viewing.page.locator(".card").first.wait_for()
    assert viewing.page.locator(".card").count() == 2
    viewing.page.locator(".card button").first.click()
    viewing.settle()
    assert viewing.plan.locator(".row").count() > 3
    assert viewing.page.url == f"{gateway.origin}/view"


def test_whoever_signs_in_again_finds_what_they_typed_and_nobody_else_does(
    view: View, watch: Watch, gateway: Standing
) -> None:
    viewing = in_production(view, watch)
    token, recipient = (viewing.page.locator(f"input[name={name}]") for name in ("token", "recipient"))
    token.fill(gateway.token("student-1", "hoks-view"))
    token.press("Enter")
    viewing.plan.get_by_role("heading", name=AINO).wait_for()
    viewing.go("Consents")
    recipient.fill("1.2.246.562.98.98000009195")
    for persona, typed in {"student-1": "1.2.246.562.98.98000009195", "student-7": ""}.items():
        watch.context.route(GRAPH, refused(401, "UNAUTHENTICATED"))
        viewing.go("Consents")
        viewing.page.locator(".notice.expired").wait_for()
        assert viewing.page.locator("form, .card").count() == 0
        viewing.page.get_by_role("button", name="Sign in").press("Enter")
        assert viewing.focused().startswith("INPUT token")
        watch.context.unroute(GRAPH)
        token.fill(gateway.token(persona, "hoks-view"))
        token.press("Enter")
        recipient.wait_for()
        assert recipient.input_value() == typed
    watch.forget()


def test_no_address_and_no_word_to_the_console_tells_of_anybody(view: View, watch: Watch) -> None:
    said: list[str] = []
    watch.context.on("console", lambda message: said.append(message.text))
    viewing = view()
    viewing.look("teacher-a")
    viewing.go("Opiskelijani" if viewing.page.locator("html").get_attribute("lang") == "fi" else "My students")
    watch.context.route(GRAPH, refused(500, "INTERNAL"))
    viewing.page.reload()
    viewing.page.locator(".notice.failed").wait_for()
    texts = [*said, *watch.requested]
    assert not [text for text in texts if "1.2.246" in text or "Lehtovirta" in text or "token=" in text]
    watch.forget()
