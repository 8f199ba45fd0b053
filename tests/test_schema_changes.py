"""No breaking change of the schema goes unsaid."""

from pathlib import Path

import pytest

from tests import schema_changes
from tests.schema_changes import Change, Declared, Severity, changes, complaints, declared, main

PROMISED = """
directive @item(code: [String!]!) on FIELD_DEFINITION
type Query { student(oid: String): Student }
type Student { oid: String @item(code: ["ID"]) name: String phase: Phase }
enum Phase { CURRENT ENDED }
"""


@pytest.mark.parametrize(
    ("before", "after", "severity", "text"),
    [
        (" name: String", "", "breaking", "Field Student.name was removed."),
        ("name: String", "name: [String]", "breaking", "Field Student.name changed type from String to [String]."),
        ("oid: String)", "oid: String!)", "breaking", None),
        ("CURRENT ENDED", "CURRENT", "breaking", "Enum value Phase.ENDED was removed."),
        ("CURRENT ENDED", "CURRENT ENDED ANNULLED", "dangerous", "Enum value Phase.ANNULLED was added."),
        ("oid: String)", 'oid: String = "x")', "safe", None),
        ("oid: String)", "oid: String, day: String)", "dangerous", None),
        (
            '(code: ["ID"])',
            '(code: ["D1"])',
            "dangerous",
            'Student.oid changed from @item(code: ["ID"]) to @item(code: ["D1"]).',
        ),
        ("name: String", "name: String email: String", "safe", "Field Student.email was added."),
        ("name: String", "name: String!", "safe", None),
    ],
)
def test_a_change_is_classified(before: str, after: str, severity: str, text: str | None) -> None:
    assert before in PROMISED
    (change,) = changes(PROMISED, PROMISED.replace(before, after))
    assert change.severity == severity
    assert text is None or change.text == text


def test_only_what_breaks_must_be_declared_and_only_what_breaks_may_be() -> None:
    found = [Change(Severity.BREAKING, "a"), Change(Severity.DANGEROUS, "b"), Change(Severity.SAFE, "c")]
    assert complaints(found, [Declared("a", "it was never filled in")]) == []
    assert complaints(found, []) == ["breaking, and not declared: a"]
    assert complaints(found, [Declared("a", "why"), Declared("b", "why")]) == ["declared, and no breaking change: b"]
    assert complaints(found, [Declared("a", " ")]) == ["declared without a reason: a"]


def test_every_breaking_change_since_the_promise_is_declared() -> None:
    found = changes(schema_changes.PROMISED.read_text(), schema_changes.PRESENT.read_text())
    assert complaints(found, declared()) == []


def test_an_undeclared_change_fails_until_it_is_declared_or_released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("PRESENT", "PROMISED", "DECLARED"):
        monkeypatch.setattr(schema_changes, name, tmp_path / name)
    (tmp_path / "PROMISED").write_text(PROMISED)
    (tmp_path / "PRESENT").write_text(PROMISED.replace(" name: String", ""))
    (tmp_path / "DECLARED").write_text("# how to\n")
    assert main([]) == 1
    assert capsys.readouterr().out == "breaking: Field Student.name was removed.\n"
    entry = '# how to\n[[breaking]]\nchange = "Field Student.name was removed."\nreason = "Nobody asked for it."\n'
    (tmp_path / "DECLARED").write_text(entry)
    assert main([]) == 0
    assert main(["--release"]) == 0
    assert (tmp_path / "DECLARED").read_text() == "# how to\n"
    capsys.readouterr()
    assert main([]) == 0
    assert capsys.readouterr().out == ""
