import pytest

from hoks.findings import MEANING, Finding, FindingCode, Severity, finding
from hoks.items import Item


@pytest.mark.parametrize("code", FindingCode)
def test_every_code_has_a_severity_and_a_meaning_in_three_languages(code: FindingCode) -> None:
    severity, message = MEANING[code]
    assert severity in Severity
    texts = (message.fi, message.sv, message.en)
    assert all(text and text == text.strip() for text in texts)
    assert len(set(texts)) == 3


def test_no_two_codes_mean_the_same() -> None:
    for language in ("fi", "sv", "en"):
        texts = [getattr(message, language) for _, message in MEANING.values()]
        assert len(set(texts)) == len(texts)


def test_nothing_else_has_a_meaning() -> None:
    assert set(MEANING) == set(FindingCode)


def test_a_finding_says_what_where_and_about_which_item_and_holds_no_value() -> None:
    found = finding(FindingCode.UNKNOWN_CODE, "acquisitions.mode", Item.G)
    assert (found.code, found.place, found.item) == (FindingCode.UNKNOWN_CODE, "acquisitions.mode", Item.G)
    assert found.severity is Severity.INFO
    assert found.message.fi == "Tuntematon koodiarvo"
    assert Finding.__struct_fields__ == ("item", "code", "place", "severity", "message")


@pytest.mark.parametrize(
    ("code", "severity"),
    [
        (FindingCode.UNKNOWN_STATE, Severity.ERROR),
        (FindingCode.PLAN_ON_BOTH_SIDES_OF_LINK, Severity.ERROR),
        (FindingCode.LINK_NAMES_WRONG_SCHOOL, Severity.ERROR),
        (FindingCode.LINK_CYCLE, Severity.ERROR),
        (FindingCode.DIFFERENT_COPY, Severity.WARNING),
        (FindingCode.LINK_TARGET_ENDED, Severity.WARNING),
        (FindingCode.UNKNOWN_FIELDS, Severity.INFO),
    ],
)
def test_what_closes_or_confuses_weighs_more_than_what_is_only_unknown(code: FindingCode, severity: Severity) -> None:
    assert finding(code, "x", Item.SR).severity is severity


def test_equal_findings_are_one() -> None:
    a, b = (finding(FindingCode.UNKNOWN_CODE, "x", Item.SR) for _ in range(2))
    assert len({a, b}) == 1
