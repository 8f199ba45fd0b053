"""On paper each part of the page is one document: whose it is, who printed it when, all that was folded, nothing to
press, nothing cut, nothing torn from its heading; and the page is as it was afterwards."""

import io
import re
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Route
from pypdf import PdfReader

from tests.browser.answers import GRAPH, lacking, without_end
from tests.browser.viewing import Viewing
from tests.browser.watch import Watch
from tests.conformance.standing import Standing

ELIAS, AINO = "Elias Johannes Tervajoki", "Aino Elviira Lehtovirta"
PARTS = {
    "the plan": ("en", "student-7", 7, None, ELIAS),
    "the plan with much withheld": ("en", "instructor-1", 1, "Plan", AINO),
    "the plan with much withheld, in Finnish": ("fi", "instructor-1", 1, "Suunnitelma", AINO),
    "the plan with much withheld, in Swedish": ("sv", "instructor-1", 1, "Plan", AINO),
    "who has seen my data": ("en", "student-7", 7, "Who has seen my data", ELIAS),
    "consents": ("en", "student-7", 7, "Consents", ELIAS),
    "my students": ("en", "counsellor-a", 7, "My students", "Group OPO-3"),
    "my trainees": ("en", "instructor-1", 1, "My trainees", AINO),
}
"""In which language and by whom a part is printed, beside which student, and whose name it bears."""
PRINTED = {"fi": "Tulostettu 5.10.2026", "sv": "Utskriven 5 okt. 2026", "en": "Printed 5 Oct 2026"}
TITLES = {
    "fi": "HOKS – opiskelijan suunnitelmat",
    "sv": "PUK – den studerandes planer",
    "en": "HOKS – a student's plans",
}
ON_SHEETS = 680
"""How many CSS pixels an A4 sheet is wide within its margins."""
FOOTER = re.compile(r"(.*)\s(\d+) / (\d+)$")


@pytest.fixture
def view(watch: Watch, gateway: Standing) -> Callable[..., Viewing]:
    return lambda **how: Viewing(watch, gateway, **how)


View = Callable[..., Viewing]

_EACH = """
  const within = (each) => (each.shadowRoot ? all(each.shadowRoot) : [])
  const all = (root) => [...root.querySelectorAll('*')].flatMap((each) => [each, ...within(each)])
"""
REMEMBERED = f"""() => {{ {_EACH}
  window.was = new Map(all(document.body).filter((each) => each.matches('details')).map((each) => [each, each.open]))
  return [...window.was.values()]
}}"""
UNLIKE = f"""() => {{ {_EACH}
  const [now, was] = [all(document.body).filter((each) => each.matches('details')), window.was]
  return now.filter((each) => each.open !== (was.get(each) ?? false)).map((each) => each.innerText)
}}"""
"""What is folded otherwise than it was, or open although it was made only now."""
FOLDED = (
    f"""() => {{ {_EACH} return all(document.body).filter((each) => each.matches('details:not([open])')).length }}"""
)
CONTROLS = f"""() => {{ {_EACH}
  const pressed = all(document.body).filter((each) => each.matches('button, select, input, textarea, a, progress, nav'))
  return pressed.filter((each) => each.checkVisibility()).map((each) => each.outerHTML)
}}"""
LEADING = f"""() => {{ {_EACH}
  const texts = (name) => all(document.body).filter((each) => each.matches(name)).map((each) => each.innerText)
  const isLed = (each) => each.querySelector('.inside')?.innerText.trim()
  const rows = all(document.body).filter((each) => each.matches('.row') && isLed(each))
  const units = rows.map((each) => each.querySelector('.what').innerText)
  return [...texts('h1, h2, :not(article) > h3, h4'), ...units].filter(Boolean)
}}"""
"""What is followed by something that it leads: headings, and the names of units of which more is told."""

MEETING = """(plan) => {
  const ticks = [...plan.shadowRoot.querySelectorAll('.scale .tick')].filter((each) => each.checkVisibility())
  const boxes = ticks.map((each) => each.getBoundingClientRect()).sort((one, other) => one.left - other.left)
  const meeting = boxes.filter((box, place) => boxes[place + 1]?.left < box.right).map(({ left }) => left)
  return boxes.length > 2 ? meeting : ['too few']
}"""
"""Labels of the axis that reach into the next."""


def squeezed(text: str) -> str:
    """Letters alone, however a line is broken."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


def opened(view: View, part: str, **how: Any) -> Viewing:
    language, persona, student, name, _ = PARTS[part]
    viewing = view(**how)
    viewing.speak(language)
    viewing.look(persona, student)
    if name is not None:
        viewing.go(name)
    return viewing


def printed(viewing: Viewing, **how: Any) -> PdfReader:
    """What the browser prints."""
    return PdfReader(io.BytesIO(viewing.page.pdf(format="A4", **how)))


def sheets(printed: PdfReader) -> list[list[str]]:
    """The lines of each sheet as they stand on it."""
    pages = [page.extract_text(extraction_mode="layout") for page in printed.pages]
    return [[line.strip() for line in page.splitlines() if line.strip()] for page in pages]


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_printed_as_one_document(view: View, part: str) -> None:
    language, _, _, _, whose = PARTS[part]
    viewing = opened(view, part, scheme="dark")
    page = viewing.page
    for summary in page.locator("main summary").all()[1:3]:
        summary.click()
    before = page.evaluate(REMEMBERED)
    assert set(before) == ({True, False} if "plan" in part else set())

    paper = printed(viewing)
    assert page.evaluate(UNLIKE) == []
    pages = sheets(paper)
    first = squeezed("\n".join(pages[0]))
    assert first.startswith(squeezed(TITLES[language]))
    assert squeezed(PRINTED[language]) in first and squeezed(whose) in first

    page.set_viewport_size({"width": ON_SHEETS, "height": 900})
    page.emulate_media(media="print", color_scheme="dark")
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(FOLDED) == 0
    assert page.evaluate(CONTROLS) == []
    assert viewing.overflow() == []
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    said = {squeezed(word) for word in viewing.text().split()}
    assert len(said) > 30
    text = squeezed("".join(each.extract_text() for each in paper.pages))
    assert {word for word in said if word not in text} == set()

    leading = {squeezed(each) for each in page.evaluate(LEADING)}
    for place, (*lines, footer) in enumerate(pages, 1):
        match = FOOTER.fullmatch(footer)
        assert match is not None, footer
        own, number, count = match.groups()
        assert (int(number), int(count)) == (place, len(pages))
        assert own.strip() == (
            f"{whose} · {PRINTED[language]}" if whose == ELIAS or "plan" in part else PRINTED[language]
        )
        content = squeezed("\n".join(lines))
        assert not [each for each in leading if content.endswith(each)], place
        if part == "the plan" and 1 < place < len(pages) / 2:
            assert {"Today", "2025", "2026", "2027", "2028"} <= set(" ".join(lines[:2]).split()), place
    page.evaluate("() => dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(UNLIKE) == []


def test_no_two_labels_of_the_time_axis_meet_at_any_width(view: View) -> None:
    viewing = opened(view, "the plan")
    for width in (320, ON_SHEETS, 768, 1024, 1280, 1920):
        viewing.page.set_viewport_size({"width": width, "height": 900})
        assert viewing.plan.evaluate(MEETING) == [], width


def aged(route: Route) -> None:
    """The answer, of somebody who began to study long ago."""
    answer = route.fetch()
    content = answer.json()
    content["data"]["students"]["edges"][0]["node"]["studyRights"][0]["startDate"] = "2014-08-10"
    route.fulfill(response=answer, json=content)


def test_the_labels_of_a_long_time_can_be_read_in_a_narrow_window(view: View, watch: Watch) -> None:
    viewing = opened(view, "the plan", width=320)
    watch.context.route(GRAPH, aged)
    viewing.refresh()
    assert viewing.plan.evaluate(MEETING) == []


def test_what_is_withheld_missing_or_left_out_is_said_on_paper_in_words(view: View, watch: Watch) -> None:
    viewing = opened(view, "the plan with much withheld")
    watch.context.route(GRAPH, lacking("UNAVAILABLE"))
    viewing.refresh()
    text = squeezed("".join(each.extract_text() for each in printed(viewing).pages))
    for words in (
        "Some data are missing",
        "a-ehoks (Did not answer)",
        "Career goal. No rule gives this to your role.",
        "Individual assessment. No rule gives this to your role.",
    ):
        assert squeezed(words) in text, words

    watch.context.unroute(GRAPH)
    viewing = opened(view, "who has seen my data")
    watch.context.route(GRAPH, without_end)
    viewing.go("Who has seen my data")
    assert not viewing.page.get_by_text("Not all are shown here.").is_visible()
    last = sheets(printed(viewing))[-1]
    assert "Not all are shown here." in last and "Show more" not in last


def test_a_name_of_hostile_letters_is_but_a_name_on_paper(view: View, watch: Watch) -> None:
    hostile = '"; } @page { margin: 0 } \\ body { display: none } Ääö 8'
    viewing = opened(view, "the plan")

    def named(route: Route) -> None:
        answer = route.fetch()
        content = answer.json()
        content["data"]["students"]["edges"][0]["node"]["name"] = hostile
        route.fulfill(response=answer, json=content)

    watch.context.route(GRAPH, named)
    viewing.refresh()
    assert squeezed(sheets(printed(viewing, page_ranges="1"))[0][-1]).startswith(squeezed(hostile))
