"""The pages of ``/view`` are for everybody: audited by axe in light and dark, by keyboard alone, at every width,
without motion."""

from collections.abc import Callable

import pytest

from tests.browser.viewing import Viewing
from tests.browser.watch import Watch
from tests.conformance.standing import Standing

SKIP = "A Skip to the content"
WIDTHS = (320, 480, 768, 1280, 1920)


@pytest.fixture
def view(watch: Watch, gateway: Standing) -> Callable[..., Viewing]:
    return lambda **how: Viewing(watch, gateway, **how)


View = Callable[..., Viewing]

PARTS = {
    "the plan": ("student-7", 7, None),
    "the plan with much withheld": ("instructor-1", 1, "Plan"),
    "who has seen my data": ("student-7", 7, "Who has seen my data"),
    "consents": ("student-7", 7, "Consents"),
    "my students": ("counsellor-a", 7, "My students"),
    "my trainees": ("instructor-1", 1, "My trainees"),
    "a demonstration": ("assessor-1", 1, "My trainees"),
    "nobody to see": ("authority-2", 1, "My students"),
}


def opened(view: View, part: str, **how: object) -> Viewing:
    """A part of the page in English, with everything open."""
    persona, student, name = PARTS[part]
    viewing = view(**how)
    viewing.speak("en")
    viewing.look(persona, student)
    if name is not None:
        viewing.go(name)
    return viewing


@pytest.mark.parametrize("part", PARTS)
def test_axe_finds_nothing_in_light_and_in_dark_and_nothing_is_lost_at_any_width(view: View, part: str) -> None:
    viewing = opened(view, part)
    viewing.unfold()
    assert viewing.violations() == []
    for width in WIDTHS:
        viewing.page.set_viewport_size({"width": width, "height": 900})
        assert viewing.overflow() == [], width
    viewing.page.set_viewport_size({"width": 320, "height": 900})
    assert viewing.violations() == []


def test_the_keyboard_alone_does_everything(view: View) -> None:
    viewing = view()
    viewing.speak("en")
    page = viewing.page
    stops: list[str] = []
    while stops.count(SKIP) < 2 and len(stops) < 400:
        page.keyboard.press("Tab")
        stops.append(viewing.focused())
    for stop in (SKIP, "BUTTON Suomi", "SELECT", "BUTTON Consents", "BUTTON Refresh", "SUMMARY"):
        assert any(each.startswith(stop) for each in stops), stop
    rows = viewing.plan.locator("details").count()
    assert sum(each.startswith("SUMMARY") for each in stops) >= rows

    viewing.plan.locator(".row > summary").nth(1).focus()
    page.keyboard.press("Enter")
    assert viewing.plan.locator(".row[open]").count() == 1
    page.locator(".eyes select").last.focus()
    page.keyboard.press("ArrowDown")
    viewing.settle()
    assert page.locator(".eyes select").last.input_value() != "student-1"
    assert viewing.focused().startswith("SELECT")


def test_a_change_of_language_keeps_the_focus_and_the_plan(view: View) -> None:
    viewing = view()
    asked: list[str] = []
    viewing.page.on("request", lambda request: asked.append(request.url))
    viewing.speak("sv")
    assert viewing.focused() == "BUTTON Svenska"
    assert not [each for each in asked if each.endswith("/graphql")]


def test_where_less_motion_is_wanted_nothing_moves(view: View) -> None:
    viewing = view()
    moving = viewing.page.evaluate("() => document.getAnimations({ subtree: true }).length")
    assert moving == 0
