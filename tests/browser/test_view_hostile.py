"""Whatever people and systems write into a plan stays text on every part of the page, and keeps within it."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Route

from tests.browser.viewing import Viewing
from tests.browser.watch import Watch
from tests.conformance.standing import Standing

HOSTILE = {
    "script": "<script>window.hacked = 1</script><svg onload='window.hacked = 2'>{0}{1}",
    "markup": "\"><img src=x onerror='window.hacked = 3'></bdi></details><h1>Not ours</h1>&lt;b&gt;${7*7}",
    "direction": "\u202eitalialainen\u202c \u05d0\u05d1\u05d2 \u0645\u0631\u062d\u0628\u0627 \u2066\u2067",
    "10 kB": "Wörd" * 2_500,
}
FREE = frozenset(
    {"name", "workplaceName", "keyTasks", "periodDetail", "description", "contentDescriptions", "place", "source"}
    | {"deviationFromRequirements", "individualAssessmentCriteria", "role", "organisationName", "unitName", "uri"}
    | {"studentEmail", "studentPhone", "email", "phone", "fi", "sv", "en", "reference", "title", "text", "recipient"}
)
"""Members of an answer that a person or a source writes."""
LONG, FIRST_FEW = 1_000, 20
KEPT = frozenset({"viewer"})
PARTS = {
    "the plan": ("student-7", None),
    "my students": ("teacher-a", "My students"),
    "who has seen my data": ("student-7", "Who has seen my data"),
    "consents": ("student-7", "Consents"),
    "my trainees": ("instructor-1", "My trainees"),
}


@pytest.fixture
def view(watch: Watch, gateway: Standing) -> Callable[..., Viewing]:
    return lambda **how: Viewing(watch, gateway, **how)


def spoilt(value: Any, text: str, name: str = "", filled: Counter[str] | None = None) -> Any:
    """The answer with a text in the places of free text: in all, or of a long one in the first few of each name."""
    filled = Counter() if filled is None else filled
    match value:
        case dict():
            return {key: each if key in KEPT else spoilt(each, text, key, filled) for key, each in value.items()}
        case list():
            return [spoilt(each, text, name, filled) for each in value]
        case str() if name in FREE:
            filled[name] += 1
            return text if len(text) < LONG or filled[name] <= FIRST_FEW else value
        case None if name in {"periodDetail", "deviationFromRequirements", "studentEmail", "name"}:
            return text if len(text) < LONG else value
        case _:
            return value


MARKUP = """() => {
  const within = (each) => (each.shadowRoot ? all(each.shadowRoot) : [])
  const all = (root) => [...root.querySelectorAll('*')].flatMap((each) => [each, ...within(each)])
  return all(document.body).filter((each) => each.matches('img, svg, script, [onerror], [onload]')).length
}"""


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_texts_are_inert_and_keep_within_the_page(
    view: Callable[..., Viewing], watch: Watch, kind: str, part: str
) -> None:
    persona, name = PARTS[part]
    viewing = view()
    viewing.speak("en")
    viewing.look(persona, 7)

    def answered(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=json.dumps(spoilt(answer.json(), HOSTILE[kind])))

    watch.context.route("**/graphql", answered)
    if name is None:
        viewing.refresh()
    else:
        viewing.go(name)
    viewing.unfold()
    assert HOSTILE[kind][:60] in viewing.text()
    assert viewing.page.evaluate("() => window.hacked") is None
    assert viewing.page.evaluate(MARKUP) == 0
    assert viewing.page.get_by_role("heading", name="Not ours", exact=True).count() == 0
    for width in (320, 1280):
        viewing.page.set_viewport_size({"width": width, "height": 900})
        assert viewing.overflow() == [], width
    heights = viewing.page.evaluate("() => document.documentElement.scrollHeight")
    assert heights < 400_000
