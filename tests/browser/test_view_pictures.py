"""Pictures of the page for the documentation: made anew by each run, and kept in `docs/` where `PICTURES` says so."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.test_view_large import busiest
from tests.browser.viewing import Viewing
from tests.browser.watch import Watch
from tests.conformance.standing import Standing

ROOT = Path(__file__).parents[2]
MOST_BYTES = 200_000
TALLEST = 1_250
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def view(watch: Watch, gateway: Standing) -> Callable[..., Viewing]:
    return lambda **how: Viewing(watch, gateway, **how)


@pytest.mark.parametrize("who", ["person-1", "person-7", "busiest"])
def test_a_picture_of_a_plan_is_small(
    view: Callable[..., Viewing], gateway: Standing, tmp_path: Path, who: str
) -> None:
    number = {"person-1": 1, "person-7": 7}.get(who) or busiest(gateway)
    viewing = view(width=1100, scheme="light")
    viewing.speak("en")
    viewing.look(f"student-{number}", number)
    viewing.page.set_viewport_size({"width": 1100, "height": TALLEST})
    viewing.page.wait_for_timeout(300)
    folder = Path(os.environ.get("PICTURES", tmp_path))
    picture = folder / f"view-{who}.png"
    viewing.page.screenshot(path=picture)
    assert picture.read_bytes().startswith(PNG)
    assert 20_000 < picture.stat().st_size < MOST_BYTES


def test_the_pictures_of_the_documentation_are_there_and_small() -> None:
    pictures = {each.name: each.stat().st_size for each in (ROOT / "docs/pictures").glob("view-*.png")}
    assert pictures.keys() == {"view-person-1.png", "view-person-7.png", "view-busiest.png"}
    assert max(pictures.values()) < MOST_BYTES
    assert "docs/pictures/view-person-7.png" in (ROOT / "README.md").read_text(encoding="utf-8")
