"""What the room of the view says of itself: fresh documents, words in three languages, modules of a bounded size."""

import re
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

import view
from gateway.manifests import misfits
from gateway.settings import Limits
from hoks.items import Item
from hoks.outcomes import Outcome
from resolvers.schema import build, executable
from tests.view import operations
from tests.view.operations import VIEW, documents

ROOT = Path(__file__).parents[2]
MOST_BYTES = 40_000
TEXT = re.compile(r'^  "?([\w.]+)"?: "(.*)",$', re.MULTILINE)
IMPORT = re.compile(r'(?:from|import) "(\.[^"]+)"', re.MULTILINE)


def test_every_operation_fits_the_printed_schema() -> None:
    schema = build_schema((ROOT / "schema.graphql").read_text(), assume_valid_sdl=True)
    faults = {name: validate(schema, parse(text)) for name, text in documents().items()}
    assert {name: found for name, found in faults.items() if found} == {}
    assert len(faults) == 11


def test_every_operation_stays_within_the_usual_limits() -> None:
    texts = {operations.hashed(text): text for text in documents().values()}
    assert list(misfits(operations.MANIFEST, texts, executable(build()), Limits())) == []


def test_the_manifest_and_the_hashes_are_fresh() -> None:
    assert operations.MANIFEST.read_text() == operations.manifest(), "run `make operations`"
    for file, of_elements in operations.HASHES.items():
        assert file.read_text() == operations.hashes(of_elements=of_elements), "run `make operations`"


def test_the_room_lists_its_modules() -> None:
    listed = set(re.findall(r"^([\w-]+\.(?:js|css|html)) ", view.__doc__ or "", re.MULTILINE))
    files = {each.name for folder in (VIEW, VIEW / "pages") for each in folder.iterdir()}
    assert listed == {name for name in files if name.endswith((".js", ".css", ".html"))}


def test_every_module_says_its_promise() -> None:
    assert [each.name for each in VIEW.rglob("*.js") if not each.read_text().startswith("// ")] == []


def words(lang: str) -> dict[str, str]:
    return dict(TEXT.findall((VIEW / f"texts/{lang}.js").read_text()))


def page_words() -> dict[str, list[str]]:
    return {key: text.split("|") for key, text in TEXT.findall((VIEW / "pages/texts.js").read_text())}


def places(text: str) -> set[str]:
    return set(re.findall(r"\{\d\}", text))


@pytest.mark.parametrize("lang", ["fi", "en", "sv"])
def test_every_language_has_every_word_with_the_same_places(lang: str) -> None:
    finnish = words("fi")
    assert {key: places(text) for key, text in words(lang).items()} == {k: places(t) for k, t in finnish.items()}
    assert all(text.strip() for text in words(lang).values())


def test_the_page_has_every_word_in_three_languages_with_the_same_places() -> None:
    table = page_words()
    assert len(table) > 80
    assert {key for key, texts in table.items() if len(texts) != 3 or not all(texts)} == set()
    assert {key for key, texts in table.items() if len({frozenset(places(text)) for text in texts}) > 1} == set()


def test_what_the_schema_can_say_has_words() -> None:
    said = words("en").keys() | page_words().keys()
    schema = (ROOT / "schema.graphql").read_text()
    for name in ("UnitStage", "StudyRightState", "HintKind", "Severity", "Role", "GuidanceState", "Purpose"):
        (values,) = re.findall(rf"^enum {name} \{{\n(.*?)\n\}}", schema, re.MULTILINE | re.DOTALL)
        assert set(values.split()) - said == set(), name
    assert {*Item, *Outcome} - said == set()


def test_every_word_that_is_asked_for_is_there() -> None:
    said = words("en").keys() | page_words().keys()
    asked = {key for each in VIEW.rglob("*.js") for key in re.findall(r'\bt\("(\w+)"', each.read_text())}
    assert asked - said == set()


def loaded(module: Path, lang: str) -> set[Path]:
    """A module with all that it imports, in one language."""
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting += [(each.parent / name).resolve() for name in IMPORT.findall(each.read_text())]
            if each.name == "texts.js" and each.parent == VIEW:
                waiting.append(VIEW / f"texts/{lang}.js")
    return found


@pytest.mark.parametrize("element", ["hoks-plan", "hoks-period"])
def test_an_element_with_all_its_modules_is_at_most_40_kilobytes(element: str) -> None:
    sizes = {
        lang: sum(each.stat().st_size for each in loaded(VIEW / f"{element}.js", lang)) for lang in ("fi", "sv", "en")
    }
    assert max(sizes.values()) <= MOST_BYTES, sizes


def test_nothing_writes_markup_or_speaks_to_the_console_or_keeps_anything() -> None:
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|console\.|Storage\b|indexedDB|\.cookie|\beval\(|DOMParser"
        r"|setHTML|history\.|location\.|https?://(?!www\.w3\.org)"
    )
    found = {
        each.name: forbidden.findall(each.read_text()) for each in VIEW.rglob("*.*") if each.suffix in {".js", ".html"}
    }
    assert {name: hits for name, hits in found.items() if hits} == {}
