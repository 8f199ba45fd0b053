"""The page on which a sandbox is asked by hand, as a newcomer uses it: an example, another person, another answer."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page

from sandbox import pages
from tests.browser.watch import Watch
from tests.conformance.standing import Standing

README_FIRST = next(each for each in pages.blocks() if each.language == "graphql")
HERS = "elias.tervajoki@opiskelija.example"


@pytest.fixture
def page(watch: Watch, gateway: Standing) -> Page:
    """The page, drawn, with the schema read."""
    page = watch.open(f"{gateway.origin}/graphiql")
    page.wait_for_selector(".graphiql-execute-button")
    return page


def run(page: Page) -> dict[str, Any]:
    """Press the button; the answer as it is shown."""
    with page.expect_response("**/graphql"):
        page.click(".graphiql-execute-button")
    page.wait_for_selector(".graphiql-spinner", state="detached")
    page.wait_for_function("() => document.querySelector('.result-window .CodeMirror').CodeMirror.getValue()")
    return shown(page)


def shown(page: Page) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(
        page.evaluate("() => document.querySelector('.result-window .CodeMirror').CodeMirror.getValue()")
    )
    return answer


def test_the_first_example_is_the_readmes_and_is_answered_as_it_says(page: Page) -> None:
    answers = [each for each in pages.blocks() if each.page == "README.md" and each.language == "json"]
    assert page.input_value("#persona") == "staff-a"
    assert run(page) == json.loads(answers[0].text)


def test_another_person_is_answered_something_else(page: Page, gateway: Standing) -> None:
    assert run(page)["data"]["student"]["hoksit"][0]["studentEmail"] == HERS
    page.select_option("#persona", "staff-c")
    assert "third provider" in page.inner_text("#shows")
    assert page.input_value("#role").startswith("staff@")
    answer = run(page)
    assert answer == gateway.ask("staff-c", README_FIRST.text)
    assert answer["data"]["student"]["hoksit"][0]["studentEmail"] is None
    page.select_option("#persona", "assessor-2")
    assert run(page)["data"]["student"] is None


def test_who_holds_two_roles_asks_in_the_one_that_is_chosen(page: Page) -> None:
    page.select_option("#persona", "dual-a")
    assert run(page)["extensions"]["access"]["role"] == "staff"
    page.select_option("#role", index=1)
    assert run(page)["extensions"]["access"]["role"] == "responsible_teacher"


def test_an_example_of_each_page_is_shown_and_answered_to_whom_it_is_for(page: Page) -> None:
    wanted = json.loads(pages.examples())
    assert page.locator("#example option").count() == len(wanted)
    first = {each["page"]: place for place, each in reversed(list(enumerate(wanted)))}
    assert first.keys() == {"README.md", "docs/guidance.md", "docs/recognition.md", "docs/records.md"}
    for place in first.values():
        example = wanted[place]
        page.select_option("#example", str(place))
        assert page.input_value("#persona") == example["persona"]
        page.wait_for_function(
            "(query) => document.querySelector('.graphiql-query-editor .CodeMirror').CodeMirror.getValue() === query",
            arg="\n".join(example["query"]),
        )
        answer = run(page)
        assert answer.keys() == {"data", "extensions"}, example["title"]


def test_the_schema_is_read_and_its_laws_items_can_be_looked_up(page: Page) -> None:
    page.click("button[aria-label='Show Documentation Explorer']")
    page.click('a.graphiql-doc-explorer-type-name:text-is("Query")')
    page.click('a.graphiql-doc-explorer-field-name:text-is("student")')
    assert page.inner_text(".graphiql-doc-explorer-title") == "student"


def test_its_dialogs_menus_and_completion_get_by_with_the_policy(page: Page) -> None:
    for name in ("Open settings dialog", "Open short keys dialog"):
        page.click(f"button[aria-label='{name}']")
        page.wait_for_selector(".graphiql-dialog")
        page.keyboard.press("Escape")
        page.wait_for_selector(".graphiql-dialog", state="detached")
    page.click(".graphiql-tab-add")
    page.click(".graphiql-query-editor .CodeMirror")
    page.keyboard.press("Control+A")
    page.keyboard.type("query A { stud", delay=20)
    page.keyboard.press("Control+Space")
    page.wait_for_selector(".CodeMirror-hints:has-text('students')")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+A")
    page.keyboard.type("query A { viewer { oid } } query B { __typename }")
    page.wait_for_timeout(500)  # what is typed is read a little later
    page.click(".graphiql-execute-button")
    with page.expect_response("**/graphql"):
        page.click(".graphiql-dropdown-item:has-text('A')")
    page.wait_for_function("() => document.querySelector('.result-window .CodeMirror').CodeMirror.getValue()")
    assert shown(page)["data"].keys() == {"viewer"}


def test_nothing_is_asked_of_anybody_but_the_gateway_and_its_issuer(
    page: Page, watch: Watch, gateway: Standing
) -> None:
    run(page)
    asked = {re.sub(r"[?#].*", "", each) for each in watch.requested if not each.startswith("data:")}
    assert {each for each in asked if each.startswith(gateway.issuer)} == {
        f"{gateway.issuer}/personas",
        f"{gateway.issuer}/token",
    }
    assert all(each.startswith((f"{gateway.origin}/graphiql", gateway.url, gateway.issuer)) for each in asked)
    assert not [each for each in watch.requested if "Bearer" in each or "eyJ" in each]
