"""The parts of the page beside the plan: in every state of an answer, and the consents by the keyboard alone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Route

from tests.browser.answers import GRAPH, REFUSALS, lacking, without_end
from tests.browser.viewing import Viewing
from tests.browser.watch import Watch
from tests.conformance.standing import Standing

PARTS = {
    "My students": ("counsellor-a", 7, "Elias Johannes Tervajoki", "No students are assigned to you."),
    "My trainees": ("instructor-1", 1, "Aino Elviira Lehtovirta", "Today you are appointed to nobody's"),
    "Who has seen my data": ("student-7", 7, "Your data were shown", "Nobody has seen your data."),
    "Consents": ("student-7", 7, "In force", "You have given no consents."),
}
"""Who opens a part beside which student, what it shows, and what it says where there is nothing."""
LOOK = "(each) => [each.querySelector('.sign').textContent, getComputedStyle(each).border].join()"
RECIPIENT = "1.2.246.562.98.98000009195"


@pytest.fixture
def view(watch: Watch, gateway: Standing) -> Callable[..., Viewing]:
    return lambda **how: Viewing(watch, gateway, **how)


View = Callable[..., Viewing]


class Held:
    """Answers that wait until they are let go."""

    def __init__(self, watch: Watch) -> None:
        self.routes: list[Route] = []
        self._is_let_go = False
        watch.context.route(GRAPH, self._asked)

    def let_go(self) -> None:
        """Give these answers, and all others at once."""
        self._is_let_go = True
        while self.routes:
            self.routes.pop().continue_()

    def _asked(self, route: Route) -> None:
        if self._is_let_go:
            route.continue_()
        else:
            self.routes.append(route)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_says_in_words_how_it_went_and_keeps_what_may_stay(view: View, watch: Watch, part: str) -> None:
    persona, student, shown, none = PARTS[part]
    viewing = view()
    viewing.speak("en")
    viewing.look(persona, student)
    looks: dict[str, str] = {}

    def told(state: str) -> str:
        """What is said of a state, which no other state looks like, and how it is audited."""
        notice = viewing.page.locator(f"main .notice.{state}")
        notice.wait_for()
        viewing.settle()
        looks[state] = notice.evaluate(LOOK)
        assert viewing.violations() == [], state
        words: str = notice.inner_text()
        return words

    def ask_again() -> None:
        viewing.page.get_by_role("button", name="Try again").press("Enter")

    watch.context.route(GRAPH, lacking("UNAVAILABLE"))
    viewing.go(part)
    words = told("partial")
    assert "Some data are missing" in words and "a-ehoks (Did not answer)" in words
    assert shown in viewing.text()
    for outcome, is_empty in {"STALE": False, "INVALID": True}.items():
        watch.context.unroute(GRAPH)
        watch.context.route(GRAPH, lacking(outcome, is_empty=is_empty))
        ask_again()
        state = "partial" if is_empty else "stale"
        assert "a-ehoks" in told(state)
        assert (shown in viewing.text()) is not is_empty
        assert none not in viewing.text()
    watch.context.unroute(GRAPH)

    held = Held(watch)
    ask_again()
    waiting = viewing.page.locator("main .waiting")
    waiting.locator("progress").wait_for()
    assert viewing.focused().startswith("MAIN")
    waiting.get_by_text("A source is slow. Still waiting.").wait_for()
    assert viewing.violations() == []
    held.let_go()
    viewing.settle()
    assert shown in viewing.text()
    watch.context.unroute(GRAPH)

    watch.context.route(GRAPH, lacking("STALE"))
    viewing.go(part)
    for state, (answered, said, stays) in REFUSALS.items():
        watch.context.unroute(GRAPH)
        watch.context.route(GRAPH, answered)
        ask_again()
        assert said in told(state)
        assert (shown in viewing.text()) is stays, state
        assert not viewing.focused().startswith("BODY")
    watch.context.unroute(GRAPH)
    watch.context.route(GRAPH, lacking("", is_empty=True))
    ask_again()
    assert none in told("empty")
    assert looks.keys() == {"empty", "partial", "stale", *REFUSALS}
    assert len(set(looks.values())) == len(looks), looks
    watch.forget()


def test_what_a_group_alone_lacks_is_said(view: View, watch: Watch) -> None:
    viewing = view()
    viewing.speak("en")
    viewing.look("counsellor-a", 7)

    def answered(route: Route) -> None:
        is_group = "id" in (route.request.post_data_json.get("variables") or {})
        (lacking("UNAVAILABLE") if is_group else Route.continue_)(route)

    watch.context.route(GRAPH, answered)
    viewing.go("My students")
    assert "a-ehoks (Did not answer)" in viewing.page.locator("main .notice.partial").inner_text()


def test_more_of_who_has_seen_my_data_comes_after_what_is_there_and_has_the_focus(
    view: View, watch: Watch, gateway: Standing
) -> None:
    viewing = view()
    viewing.speak("en")
    watch.context.route(GRAPH, without_end)
    viewing.go("Who has seen my data")
    cards = viewing.page.locator(".card")
    first = cards.count()
    assert first > 0
    watch.context.unroute(GRAPH)
    busy, said, _ = REFUSALS["busy"]
    watch.context.route(GRAPH, busy)
    viewing.page.get_by_role("button", name="Show more").press("Enter")
    viewing.page.locator(".notice.busy").wait_for()
    assert said in viewing.text() and cards.count() == first
    assert viewing.focused() == "BUTTON Show more"
    watch.context.unroute(GRAPH)

    def next_page(route: Route) -> None:
        assert route.request.post_data_json["variables"] == {"after": "next"}
        body = {**route.request.post_data_json, "variables": {"after": None}}
        route.fulfill(response=route.fetch(post_data=body))

    watch.context.route(GRAPH, next_page)
    viewing.page.get_by_role("button", name="Try again").press("Enter")
    viewing.settle()
    assert cards.count() >= 2 * first
    assert viewing.focused().startswith("ARTICLE")
    watch.forget()


def test_a_consent_is_given_and_withdrawn_by_the_keyboard_alone_and_a_failure_loses_nothing(
    view: View, watch: Watch
) -> None:
    viewing = view()
    viewing.speak("en")
    page, form = viewing.page, viewing.page.locator("form.form")
    press = page.keyboard.press

    def fails_first(within: str) -> None:
        """Enter on the button that has the focus, which keeps it while that is waited for and where it fails."""
        button = viewing.focused()
        held = Held(watch)
        for state in ("busy", "offline"):
            press("Enter")
            page.locator(f"{within} .waiting progress").wait_for()
            press("Enter")
            assert viewing.violations() == []
            (asked,) = held.routes
            held.routes.clear()
            REFUSALS[state][0](asked)
            notice = page.locator(f"{within} .notice.{state}")
            notice.wait_for()
            assert REFUSALS[state][1] in notice.inner_text()
            assert viewing.focused() == button
            assert viewing.violations() == []
        watch.context.unroute(GRAPH)

    viewing.tab_to("BUTTON Consents")
    press("Enter")
    viewing.settle()
    assert viewing.focused().startswith("MAIN")
    viewing.tab_to("INPUT recipient")
    page.keyboard.type(RECIPIENT)
    viewing.tab_to("INPUT D9")
    press("Space")
    viewing.tab_to("INPUT D9")
    press("Space")
    viewing.tab_to("SELECT Recognition")
    press("ArrowDown")
    viewing.tab_to("INPUT endDate")
    page.keyboard.type("12312026")
    short = f"You let {RECIPIENT} see until 31 Dec 2026 (Learning at a workplace): Learning support."
    assert form.locator("p.strong").inner_text() == short
    viewing.tab_to("BUTTON Give a consent")
    fails_first("form")
    assert form.locator("p.strong").inner_text() == short
    viewing.speak("sv")
    viewing.speak("en")
    assert form.locator("input[name=recipient]").input_value() == RECIPIENT
    assert form.locator("input[name=endDate]").input_value() == "2026-12-31"
    assert form.locator("input:checked").count() == 2
    viewing.tab_to("BUTTON Give a consent")
    press("Enter")
    page.get_by_text("The consent is given.").wait_for()
    viewing.settle()
    assert viewing.focused() == "DIV The consent is given."
    assert form.locator("input[name=recipient]").input_value() == ""

    viewing.tab_to("BUTTON Withdraw the consent")
    press("Enter")
    assert viewing.focused() == "P It holds at once. Withdraw?"
    viewing.tab_to("BUTTON Cancel")
    press("Enter")
    assert viewing.focused() == "BUTTON Withdraw the consent"
    press("Enter")
    viewing.tab_to("BUTTON Withdraw the consent")
    fails_first(".card")
    press("Enter")
    page.get_by_text("The consent is withdrawn.").wait_for()
    viewing.settle()
    assert viewing.focused() == "DIV The consent is withdrawn."
    card = page.locator(".card", has_text=RECIPIENT).filter(has_text="Learning at a workplace")
    assert "Withdrawn 5 Oct 2026" in card.first.inner_text()
    watch.forget()
