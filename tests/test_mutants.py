"""The list of changes that no test can notice is kept, and a run that differs from it fails."""

import pytest

from tests.mutants import LISTED, Survivor, change_in, complaints, listed, unnoticed

NAME = "hoks.access.redact.x__redact__mutmut_14"
ONE = Survivor(mutant=NAME, becomes="something = None", reason="it is only asked whether it is true")
RESULTS = f"""
    hoks.access.decide.x_decide__mutmut_1: killed
    hoks.narrow.x_narrow__mutmut_2: timeout
    {NAME}: survived
    hoks.access.redact.x_days_of__mutmut_1: no tests
"""
SHOWN = """# hoks.access.redact.x__redact__mutmut_14: survived
--- hoks/access/redact.py
+++ hoks/access/redact.py
@@ -2,7 +2,7 @@
-    something = False
+    something = None
"""


def test_what_a_run_did_not_kill_is_read_from_its_results() -> None:
    assert unnoticed(RESULTS) == {NAME: "survived", "hoks.access.redact.x_days_of__mutmut_1": "no tests"}
    assert change_in(SHOWN) == "something = None"


def test_a_run_is_as_it_is_listed() -> None:
    assert complaints({NAME: "survived"}, {NAME: "something = None"}, [ONE]) == []


@pytest.mark.parametrize(
    ("found", "change", "known", "said"),
    [
        ({NAME: "survived"}, "something = None", [], "not listed"),
        ({NAME: "no tests"}, "something = None", [], "no tests"),
        ({}, "", [ONE], "noticed by a test after all"),
        ({NAME: "survived"}, "something = True", [ONE], "is now `something = True`"),
    ],
    ids=["new", "untested", "killed", "moved"],
)
def test_a_run_that_is_not_as_it_is_listed_fails(
    found: dict[str, str], change: str, known: list[Survivor], said: str
) -> None:
    (complaint,) = complaints(found, {NAME: change}, known)
    assert said in complaint and NAME in complaint


def test_every_survivor_is_listed_once_and_with_a_reason() -> None:
    names = [each.mutant for each in listed()]
    assert names == sorted(set(names))
    assert all(len(each.reason) > 40 and each.becomes for each in listed()), LISTED
