"""The page ``/view`` as people use it: somebody looks, in a language, and it is audited as it stands."""

from functools import cache
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Locator, Page

from tests.browser.watch import Watch
from tests.conformance.node import installed
from tests.conformance.standing import Standing

LANGUAGES = {"fi": "Suomi", "sv": "Svenska", "en": "English"}
STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
MOST_STOPS = 80
SETTLED = """() => {
  const parts = [document, ...[...document.querySelectorAll('*')].map((each) => each.shadowRoot).filter(Boolean)]
  const main = document.querySelector('main')
  const isDrawn = (each) => each.shadowRoot?.querySelector('.notice, header')
  const isThere = main && main.childElementCount > 0 && [...main.querySelectorAll('hoks-plan')].every(isDrawn)
  return isThere && !parts.some((each) => each.querySelector('.waiting'))
}"""
"""That nothing is waited for any more."""


class Viewing:
    """A page at ``/view`` in a watched window."""

    def __init__(self, watch: Watch, gateway: Standing, *, width: int = 1280, scheme: Any = "light") -> None:
        self.gateway, self._scheme = gateway, scheme
        self.page: Page = watch.context.new_page()
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        self.page.goto(f"{gateway.origin}/view")
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is waited for."""
        self.page.wait_for_function(SETTLED)

    def speak(self, language: str) -> None:
        """Choose a language."""
        self.page.get_by_role("button", name=LANGUAGES[language]).click()
        self.page.wait_for_function(_SPOKEN, arg=language)
        self.settle()

    def look(self, persona: str, student: int = 1) -> None:
        """Look at a student through somebody's eyes."""
        whose, eyes = self.page.locator(".eyes select").all()
        choice = whose.evaluate(_CHOICE, f"Student {student}:")
        if whose.input_value() != choice:
            whose.select_option(choice)
            self.settle()
        if eyes.input_value() != persona:
            eyes.select_option(persona)
            self.settle()

    def go(self, name: str) -> None:
        """Open a part of the page by the words on its button."""
        self.page.locator("nav").get_by_role("button", name=name, exact=True).click()
        self.settle()

    def ask_again(self) -> None:
        """Press the plan's button that reads it anew; what is asked may still be on its way."""
        self.plan.get_by_role("button", name="Refresh").click()

    def refresh(self) -> None:
        """Read the plan anew, until the element tells how that went."""
        self.plan.evaluate(_LISTEN)
        self.ask_again()
        self.plan.evaluate("(plan) => plan.told")
        self.settle()

    @property
    def plan(self) -> Locator:
        """The plan as it is shown."""
        return self.page.locator("hoks-plan")

    def text(self) -> str:
        """What is read on the page below the choice of eyes."""
        told: str = self.page.evaluate(_TOLD)
        return told

    def unfold(self) -> None:
        """Open everything that opens."""
        while (folded := self.page.locator("main details:not([open]) > summary")).count():
            folded.first.click()

    def focused(self) -> str:
        """What has the focus, within elements too: its tag and its words, or what a field is called."""
        told: str = self.page.evaluate(_FOCUSED)
        return told

    def tab_to(self, words: str) -> None:
        """Go on by the keyboard until that has the focus."""
        passed = [self.focused()]
        while len(passed) < MOST_STOPS:
            self.page.keyboard.press("Tab")
            passed.append(self.focused())
            if passed[-1].startswith(words):
                return
        raise AssertionError(f"no {words} among {passed}")

    def violations(self) -> list[str]:
        """What axe finds against WCAG 2.2 AA and good practice, in light and in dark."""
        found: list[str] = []
        for scheme in SCHEMES:
            self.page.emulate_media(color_scheme=scheme)
            found += [f"{scheme}: {each}" for each in violations(self.page)]
        self.page.emulate_media(color_scheme=self._scheme)
        return found

    def overflow(self) -> list[str]:
        """What reaches beyond the window's edges, and so is lost or makes the page scroll sideways."""
        found: list[str] = self.page.evaluate(_OVERFLOWING)
        return found


_SPOKEN = """(lang) => {
  const bodies = [...document.querySelectorAll('hoks-plan')].map((each) => each.shadowRoot.querySelector('.body'))
  return [document.documentElement, ...bodies].every((each) => each.lang === lang)
}"""
_LISTEN = """(plan) => {
  const told = (name) => new Promise((heard) => plan.addEventListener(name, () => heard(), { once: true }))
  plan.told = Promise.race([told('hoks-loaded'), told('hoks-failed')])
}"""
_FOCUSED = """() => {
  let at = document.activeElement
  while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement
  return `${at.tagName} ${at.innerText || at.name || at.value || ''}`
}"""
_CHOICE = "(all, wanted) => [...all.options].find(({ text }) => text.startsWith(wanted)).value"
_TOLD = """() => {
  const within = (each) => [...(each.shadowRoot?.children ?? [])].map(({ innerText }) => innerText)
  const main = document.querySelector('main')
  return [main.innerText, ...[...main.querySelectorAll('*')].flatMap(within)].join('\\n')
}"""
_OVERFLOWING = """() => {
  const width = document.documentElement.clientWidth
  const within = (each) => (each.shadowRoot ? all(each.shadowRoot) : [])
  const all = (root) => [...root.querySelectorAll('*')].flatMap((each) => [each, ...within(each)])
  const beyond = all(document.body).filter((each) => {
    const { left, right, width: own } = each.getBoundingClientRect()
    return own > 0 && (right > width + 1 || left < -1) && !each.matches('.skip, .track > *, option, optgroup')
  })
  const whole = document.documentElement.scrollWidth
  const scrolls = whole > width + 1 ? [`the page: ${whole}`] : []
  const named = ({ tagName, className, textContent }) => `${tagName}.${className} ${textContent.slice(0, 40)}`
  return [...scrolls, ...beyond.slice(0, 5).map(named)]
}"""


@cache
def _axe() -> str:
    folder = installed(Path(__file__).with_name("axe"))
    return (folder / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """What axe finds on a page as it stands, each with the places where."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_axe())
    run = "(how) => axe.run(document, how).then(({ violations }) => violations)"
    found: list[dict[str, Any]] = page.evaluate(run, {"runOnly": STANDARD, "resultTypes": ["violations"]})
    return [f"{each['id']}: {node['target']} {node['failureSummary']}" for each in found for node in each["nodes"][:5]]
