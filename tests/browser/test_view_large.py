"""The largest plans are seen within a second of the answer, a megabyte within two, and scrolled without a stutter, by
the browser's traces."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Route

from sandbox.cast import people
from tests.browser.viewing import Viewing
from tests.browser.watch import Watch
from tests.conformance.standing import Standing
from tests.view.operations import documents

FIRST_VIEW_SECONDS, OF_A_MEGABYTE_SECONDS = 1.0, 2.0
LONGEST_FRAME_SECONDS = 0.2
LARGE_BYTES = 1_000_000
TRIES = 3
"""A busy machine makes a measurement longer, never shorter: the best of at most so many counts."""
SEEN = """() => new Promise((done) => {
  const look = () => {
    const isSeen = document.querySelector('hoks-plan').shadowRoot.querySelector('.lane .row')
    const [asked] = performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/graphql')).slice(-1)
    if (!isSeen || !asked) return requestAnimationFrame(look)
    requestAnimationFrame(() => setTimeout(() => done((performance.now() - asked.responseEnd) / 1000)))
  }
  look()
})"""


@pytest.fixture
def view(watch: Watch, gateway: Standing) -> Callable[..., Viewing]:
    return lambda **how: Viewing(watch, gateway, **how)


def busiest(gateway: Standing) -> int:
    """The student of the cast whose answer is the longest."""
    sizes = {
        person.number: len(json.dumps(gateway.ask(f"student-{person.number}", documents()["OwnPlan"])))
        for person in people().person
    }
    return max(sizes, key=sizes.__getitem__)


def first_view(viewing: Viewing) -> float:
    """Seconds from the answer to the frame that shows it."""
    viewing.page.evaluate("() => document.querySelector('hoks-plan').clear()")
    viewing.page.evaluate("() => { document.querySelector('hoks-plan').refresh() }")
    seconds: float = viewing.page.evaluate(SEEN)
    viewing.settle()
    return seconds


def best(measured: Callable[[], float], bound: float) -> float:
    """The shortest of some measurements, which end with the first within its bound."""
    found = measured()
    for _ in range(TRIES - 1):
        if found <= bound:
            break
        found = min(found, measured())
    return found


def test_the_largest_plan_of_the_sandbox_is_seen_within_a_second_of_its_answer(
    view: Callable[..., Viewing], gateway: Standing, record_property: Callable[[str, object], None]
) -> None:
    viewing = view()
    number = busiest(gateway)
    viewing.look(f"student-{number}", number)
    seconds = best(lambda: first_view(viewing), FIRST_VIEW_SECONDS)
    record_property("seconds", seconds)
    print(f"person {number}: first view {seconds * 1000:.0f} ms after the answer")
    assert seconds <= FIRST_VIEW_SECONDS


def grown(content: dict[str, Any]) -> bytes:
    """The answer with its units again and again, each elsewhere in time, until it is a megabyte."""
    (edge,) = content["data"]["students"]["edges"]
    units = edge["node"]["combinedUnits"]
    original, copies = json.dumps(units), 0
    while len(json.dumps(content)) < LARGE_BYTES:
        copies += 1
        again = original.replace("2025-", f"{2018 + copies % 7}-").replace("2026-", f"{2019 + copies % 7}-")
        units += json.loads(again)
    return json.dumps(content).encode()


def longest_task(trace: bytes) -> float:
    """Seconds by the clock of the longest task on the thread that draws the page."""
    events = json.loads(trace)["traceEvents"]
    threads = {
        (each["pid"], each["tid"])
        for each in events
        if each["name"] == "thread_name" and each["args"]["name"] == "CrRendererMain"
    }
    tasks = [
        each["dur"]
        for each in events
        if each["name"] == "RunTask" and "dur" in each and (each["pid"], each["tid"]) in threads
    ]
    assert len(tasks) > 20
    return float(max(tasks)) / 1_000_000


def scrolled(viewing: Viewing, chromium: Browser) -> float:
    """The longest task while the whole page is scrolled through by the wheel, down and up again."""
    chromium.start_tracing(page=viewing.page, categories=["disabled-by-default-devtools.timeline", "toplevel"])
    viewing.page.mouse.move(600, 500)
    for step in [900] * 40 + [-2500] * 16:
        viewing.page.mouse.wheel(0, step)
        viewing.page.wait_for_timeout(30)
    return longest_task(chromium.stop_tracing())


def test_a_plan_of_a_megabyte_is_seen_in_time_and_scrolled_without_a_stutter(
    view: Callable[..., Viewing], watch: Watch, chromium: Browser, record_property: Callable[[str, object], None]
) -> None:
    viewing = view()
    viewing.look("student-7", 7)
    sent: list[int] = []

    def answered(route: Route) -> None:
        answer = route.fetch()
        body = grown(answer.json())
        sent.append(len(body))
        route.fulfill(response=answer, body=body)

    watch.context.route("**/graphql", answered)
    seconds = best(lambda: first_view(viewing), OF_A_MEGABYTE_SECONDS)
    assert min(sent) >= LARGE_BYTES
    assert viewing.plan.locator(".row").count() > 300
    assert seconds <= OF_A_MEGABYTE_SECONDS
    frame = best(lambda: scrolled(viewing, chromium), LONGEST_FRAME_SECONDS)
    record_property("seconds", frame)
    print(f"a plan of {sent[0]:,} bytes: first view {seconds * 1000:.0f} ms, longest task {frame * 1000:.0f} ms")
    assert frame <= LONGEST_FRAME_SECONDS
    opened = viewing.plan.locator(".row > summary").nth(250)
    opened.click()
    assert viewing.plan.locator(".row[open]").count() == 1
