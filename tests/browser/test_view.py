"""The page ``/view``: the same student through the eyes of each persona, in each language."""

import re
from collections.abc import Callable
from datetime import date

import pytest
from playwright.sync_api import Route

from tests.browser.viewing import LANGUAGES, Viewing
from tests.browser.watch import Watch
from tests.conformance.standing import Standing

AINO = "Aino Elviira Lehtovirta"
CONTACT = "aino.lehtovirta@opiskelija.example"
TITLES = {
    "fi": "HOKS – opiskelijan suunnitelmat",
    "sv": "PUK – den studerandes planer",
    "en": "HOKS – a student's plans",
}
AXIS = {"fi": "Aikajana", "sv": "Tidslinje", "en": "Time axis"}
HIDDEN = {"fi": "Ei näytetä sinulle", "sv": "Visas inte för dig", "en": "Not shown to you"}
COUNTED = re.compile(r"(\d+)\D+(\d+)\D+(\d+)\D+(\d+)")


LOOK = "(bar) => ['backgroundColor', 'backgroundImage'].map((each) => getComputedStyle(bar)[each])"


@pytest.fixture
def view(watch: Watch, gateway: Standing) -> Callable[..., Viewing]:
    """Opens the page."""
    return lambda **how: Viewing(watch, gateway, **how)


View = Callable[..., Viewing]


def counted(viewing: Viewing) -> tuple[int, ...]:
    """Plans, units, periods and demonstrations, as the line says that they are shown now."""
    match = COUNTED.search(viewing.page.locator(".change").inner_text())
    assert match is not None
    return tuple(map(int, match.groups()))


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_persona_sees_their_part_of_the_same_student(view: View, language: str) -> None:
    viewing = view()
    viewing.speak(language)
    assert viewing.page.title() == TITLES[language]
    assert viewing.page.locator("html").get_attribute("lang") == language

    whole = counted(viewing)
    assert whole[0] == 1 and whole[1] > 20 and whole[2] > 15 and whole[3] > 5
    for persona in ("student-1", "teacher-a", "teacher-b"):
        viewing.look(persona)
        told = viewing.text()
        assert AINO in told and AXIS[language] in told and CONTACT in told, persona
        assert counted(viewing) == whole

    viewing.look("instructor-1")
    told = viewing.text()
    assert AINO in told and HIDDEN[language] in told and CONTACT not in told
    assert counted(viewing) == (1, 1, 1, 1)
    viewing.look("assessor-1")
    told = viewing.text()
    assert HIDDEN[language] in told and CONTACT not in told
    plans, units, periods, demonstrations = counted(viewing)
    assert (plans, units, demonstrations) == (1, 1, 1) and periods <= 1


def test_a_line_says_what_changed_and_why(view: View) -> None:
    viewing = view()
    viewing.speak("en")
    line = viewing.page.locator(".change")
    assert "a student sees the own plans whole" in line.inner_text()
    assert "The one before" not in line.inner_text()
    viewing.look("instructor-1")
    assert "plans 1, units 1, periods 1, demonstrations 1. The one before saw: plans 1, units 24" in line.inner_text()
    assert "No longer shown: " in line.inner_text() and "Student's contact data" in line.inner_text()
    assert "an instructor sees only the period to which they are appointed" in line.inner_text()
    viewing.look("teacher-a")
    assert "Now also: " in line.inner_text()
    viewing.look("student-7", 7)
    assert "The one before" not in line.inner_text()


def at_ten_providers(route: Route) -> None:
    """The answer with further study rights, each at a provider of its own."""
    answer = route.fetch()
    content = answer.json()
    student = content["data"]["students"]["edges"][0]["node"]
    first = student["studyRights"][0]
    for place in range(10 - len(student["studyRights"])):
        provider = {**first["provider"], "oid": f"1.2.246.562.10.9900000000{place}", "name": {"en": f"School {place}"}}
        student["studyRights"].append({**first, "oid": f"{first['oid']}{place}", "provider": provider})
    route.fulfill(response=answer, json=content)


def test_a_student_at_several_providers_has_all_on_one_axis_each_with_colour_and_pattern(
    view: View, watch: Watch
) -> None:
    viewing = view()
    viewing.speak("en")
    viewing.look("student-7", 7)
    lanes = viewing.plan.locator(".lane")
    assert lanes.count() == 2
    looks = [lane.locator(".bar.state").first.evaluate(LOOK) for lane in lanes.all()]
    assert looks[0][0] != looks[1][0] and looks[0][1] != looks[1][1]
    legend = viewing.plan.locator(".legend").inner_text()
    assert "Aura River Education Authority" in legend and "Ceder Vocational Institute" in legend
    for shape in ("At a workplace", "Interruption", "Demonstration", "Approved", "Estimated end"):
        assert shape in legend
    units = viewing.plan.locator(".units").text_content() or ""
    for state in ("Planned", "Under way", "Demonstrated", "Recognised", "Already acquired elsewhere"):
        assert state in units, state
    assert "Overlapping workplace periods" in viewing.plan.locator(".hints").inner_text()
    assert "a-ehoks" in viewing.plan.locator(".sources").inner_text()

    watch.context.route("**/graphql", at_ten_providers)
    viewing.refresh()
    for part in (".legend .swatch", ".lane .row:first-of-type .bar.state:first-child"):
        looks = viewing.plan.locator(part).evaluate_all(f"(all) => all.map({LOOK}).map(String)")
        assert len(looks) == len(set(looks)) == 10, part


def test_the_axis_is_true_to_time(view: View) -> None:
    viewing = view()
    viewing.speak("en")
    ticks = {}
    for tick in viewing.plan.locator(".scale .tick.year").all():
        ticks[int(tick.inner_text())] = float(str(tick.get_attribute("style")).split(":")[1].rstrip("%; "))
    years = sorted(ticks)
    assert len(years) >= 3
    of_a_day = (ticks[years[-1]] - ticks[years[0]]) / (date(years[-1], 1, 1) - date(years[0], 1, 1)).days
    now = viewing.plan.locator(".lines .now").get_attribute("style") or ""
    expected = ticks[years[0]] + of_a_day * (date(2026, 10, 5) - date(years[0], 1, 1)).days
    assert float(now.split(":")[1].rstrip("%; ")) == pytest.approx(expected, abs=0.05)


def test_what_is_withheld_is_said_at_its_place_with_the_ground_in_words(view: View) -> None:
    viewing = view()
    viewing.speak("en")
    viewing.look("instructor-1")
    mark = viewing.plan.locator(".mark").first
    mark.locator("summary").click()
    assert "No rule gives this to your role." in mark.inner_text()
    hidden = viewing.plan.locator("details.hidden")
    hidden.locator("summary").first.click()
    assert "Student's contact data. No rule gives this to your role." in hidden.inner_text()


def test_a_teacher_has_the_students_by_group_with_states_and_what_is_acquired_elsewhere(view: View) -> None:
    viewing = view()
    viewing.speak("en")
    viewing.look("counsellor-a")
    viewing.go("My students")
    told = viewing.text()
    assert "Group OPO-3" in told and "State of the plan" in told
    assert viewing.page.locator(".card").count() == 3
    elias = viewing.page.locator(".card", has_text="Elias Johannes Tervajoki")
    assert "Already acquired elsewhere" in elias.inner_text()
    assert "Ceder Vocational Institute" in elias.locator(".elsewhere").inner_text()
    elias.get_by_role("button").click()
    viewing.settle()
    assert viewing.plan.get_by_role("heading", level=2).inner_text() == "Elias Johannes Tervajoki"
    viewing.look("teacher-a", 7)
    viewing.go("My students")
    assert viewing.page.locator(".card").count() == 3


def test_a_workplace_has_its_trainees_periods_with_tasks_dates_and_contact_and_nothing_else(view: View) -> None:
    viewing = view()
    viewing.speak("en")
    viewing.look("instructor-1")
    viewing.go("My trainees")
    told = viewing.text()
    assert viewing.page.locator(".trainee").count() == 2
    assert AINO in told and "Elias Johannes Tervajoki" in told
    for word in ("At a workplace", "Tasks at the workplace", "Contact at the school"):
        assert word in told
    for word in (CONTACT, "Progress", "Career goal", "Learning support", "Recognised"):
        assert word not in told


def test_a_student_sees_who_looked_and_gives_and_withdraws_a_consent(view: View) -> None:
    viewing = view()
    viewing.speak("en")
    viewing.look("teacher-a")
    viewing.look("student-1")
    viewing.go("Who has seen my data")
    told = viewing.text()
    assert "Your data were shown" in told and "Responsible teacher" in told and "Guidance and teaching" in told

    viewing.go("Consents")
    form = viewing.page.locator("form.form")
    assert "Consent to disclosing data" in viewing.text()
    form.get_by_role("button").click()
    assert form.locator("input[name=recipient]").evaluate("(each) => each.matches(':invalid')")
    form.locator("input[name=recipient]").fill("1.2.246.562.98.98000009195")
    form.locator("input[name=endDate]").fill("2026-12-31")
    form.locator("input[value=D2u]").check()
    short = form.locator("p.strong").inner_text()
    assert short == "You let 1.2.246.562.98.98000009195 see until 31 Dec 2026 (Recognition of competence): Units."
    form.locator("input[value=D9]").first.check()
    form.get_by_role("button").click()
    viewing.page.get_by_text("Confirm each sensitive item by itself.").wait_for()
    assert form.locator("input[name=recipient]").input_value() == "1.2.246.562.98.98000009195"
    form.locator("input[value=D9]").last.check()
    form.get_by_role("button").click()
    viewing.page.get_by_text("The consent is given.").wait_for()
    card = viewing.page.locator(".card", has_text="1.2.246.562.98.98000009195")
    assert "In force" in card.inner_text() and "31 Dec 2026" in card.inner_text()
    card.get_by_role("button", name="Withdraw the consent").click()
    card.get_by_role("button", name="Withdraw the consent").click()
    viewing.page.get_by_text("The consent is withdrawn.").wait_for()
    assert "Withdrawn 5 Oct 2026" in viewing.page.locator(".card", has_text="1.2.246.562.98.98000009195").inner_text()
