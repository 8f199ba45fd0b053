from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hoks.identifiers import (
    OPH,
    Check,
    check_business_id,
    check_learner_oid,
    check_organisation_oid,
    check_study_right_oid,
    ibm731,
    learner_oid,
    luhn,
    organisation_oid,
    study_right_oid,
    with_check_digit,
)

OK, BAD, MALFORMED = Check.OK, Check.BAD_CHECK_DIGIT, Check.MALFORMED

ten_digits = st.integers(1_000_000_000, 9_999_999_999).map(str)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1.2.246.562.24.44651722625", OK),
        ("1.2.246.562.24.44651722624", BAD),
        ("1.2.246.562.24.00000000001", MALFORMED),
        ("1.2.246.562.98.24707445854", OK),
        ("1.2.246.562.98.99000000028", OK),
        ("1.2.246.562.198.99000000028", OK),
        ("1.2.246.562.298.99000000028", OK),
        ("1.2.246.562.398.99000000028", MALFORMED),
        ("1.2.246.562.98.52356235613", BAD),
        ("1.2.246.562.24.10000000090", OK),
        ("1.2.246.562.24.100000000910", OK),
        ("1.2.246.562.98.10000000140", OK),
        ("1.2.246.562.98.100000001410", OK),
        ("1.2.246.562.24.446517226210", BAD),
        ("1.2.246.562.98.100000000010", BAD),
        ("1.2.246.562.98.1000000014010", MALFORMED),
        ("1.2.246.562.15.76811932037", MALFORMED),
        ("1.2.246.562.24.4465172262", MALFORMED),
        ("1.2.246.562.24.446517226255", MALFORMED),
        (" 1.2.246.562.24.44651722625", MALFORMED),
        ("1.2.246.562.24.44651722625\n", MALFORMED),
        ("1-2-246-562-24-44651722625", MALFORMED),
        ("1.2.246.562.24.٤٤٦٥١٧٢٢٦٢٥", MALFORMED),
        ("", MALFORMED),
    ],
)
def test_a_learner_oid_is_looked_at_by_the_rule_of_its_node(text: str, found: Check) -> None:
    assert check_learner_oid(text) is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1.2.246.562.15.76811932037", OK),
        ("1.2.246.562.15.84012103747", OK),
        ("1.2.246.562.15.99000000028", OK),
        ("1.2.246.562.15.76811932038", BAD),
        ("1.2.246.562.15.10000000140", OK),
        ("1.2.246.562.15.100000001410", OK),
        ("1.2.246.562.15.768119320310", BAD),
        ("1.2.246.562.15.06811932037", MALFORMED),
        ("1.2.246.562.24.44651722625", MALFORMED),
        ("1.2.246.562.15.76811932037 ", MALFORMED),
    ],
)
def test_a_study_right_oid_carries_a_luhn_digit(text: str, found: Check) -> None:
    assert check_study_right_oid(text) is found


@pytest.mark.parametrize(
    "text",
    [
        "1.2.246.562.10.51720121923",
        "1.2.246.562.10.52251087186",
        "1.2.246.562.10.52251087187",
        "1.2.246.562.99.99000000028",
        "1.2.246.562.199.99000000028",
        "1.2.246.562.299.99000000028",
        "1.2.246.562.10.00000000001",
        "1.2.246.562.10.2013101416172819293031",
        "1.2.246.562.10.2014101416172819293031",
        "1.2.246.562.10.990000000210",
    ],
)
def test_an_organisation_oid_is_taken_by_its_shape_whatever_its_last_digit(text: str) -> None:
    assert check_organisation_oid(text) is OK


@pytest.mark.parametrize(
    "text",
    [
        "1.2.246.562.24.51720121923",
        "1.2.246.562.10.00000000002",
        "1.2.246.562.10.2012101416172819293031",
        "1.2.246.562.10.20131014161728192930",
        "1.2.246.562.10.517201219",
        "1.2.246.562.10.",
        "organisation",
    ],
)
def test_another_shape_is_no_organisation_oid(text: str) -> None:
    assert check_organisation_oid(text) is MALFORMED


def test_the_root_of_the_tree_is_an_organisation() -> None:
    assert OPH == "1.2.246.562.10.00000000001"
    assert check_organisation_oid(OPH) is OK


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0502454-6", OK),
        ("2769790-1", OK),
        ("0502454-7", BAD),
        ("0000000-0", OK),
        ("0000006-0", BAD),
        ("0000006-1", BAD),
        ("502454-6", MALFORMED),
        ("05024546", MALFORMED),
        ("0502454-66", MALFORMED),
        ("0502454–6", MALFORMED),
    ],
)
def test_a_business_id_carries_a_digit_modulo_eleven_and_remainder_one_is_never_issued(text: str, found: Check) -> None:
    # 0000006: 6 * 2 = 12, remainder 1.
    assert check_business_id(text) is found


@pytest.mark.parametrize(
    ("digits", "by_luhn", "by_ibm"),
    [
        ("4465172262", 9, 5),
        ("7681193203", 7, 2),
        ("9900000002", 8, 4),
        ("1000000009", 0, 0),
        ("1000000014", 0, 2),
    ],
)
def test_the_two_rules_give_their_own_digits(digits: str, by_luhn: int, by_ibm: int) -> None:
    assert (luhn(digits), ibm731(digits)) == (by_luhn, by_ibm)


@given(ten_digits, st.sampled_from(("24", "98", "198", "298")))
def test_a_learner_oid_that_is_made_is_accepted(digits: str, node: str) -> None:
    made = with_check_digit(node, digits)
    assert check_learner_oid(made) is OK
    assert learner_oid(made) == made
    assert made.startswith(f"1.2.246.562.{node}.{digits}")


@given(ten_digits)
def test_a_study_right_oid_that_is_made_is_accepted_and_no_other_last_digit_is(digits: str) -> None:
    made = with_check_digit("15", digits)
    others = {made[:-1] + last for last in "0123456789"} - {made}
    assert study_right_oid(made) == made
    assert {check_study_right_oid(other) for other in others} == {BAD}


@given(ten_digits, st.integers(0, 9), st.integers(1, 9))
def test_one_wrong_digit_is_always_seen(digits: str, place: int, by: int) -> None:
    wrong = digits[:place] + str((int(digits[place]) + by) % 10) + digits[place + 1 :]
    if not wrong.startswith("0"):
        for node, check in (("24", check_learner_oid), ("15", check_study_right_oid)):
            made = with_check_digit(node, digits)
            assert check(made.replace(digits, wrong)) is BAD


@pytest.mark.parametrize(
    ("read", "text", "said"),
    [
        (learner_oid, "1.2.246.562.24.44651722624", "expected a learner OID: its check digit is wrong"),
        (learner_oid, "Aino Testinen", "expected a learner OID: its shape is wrong"),
        (study_right_oid, "1.2.246.562.15.76811932038", "expected a study right OID: its check digit is wrong"),
        (study_right_oid, "010594Y9032", "expected a study right OID: its shape is wrong"),
        (organisation_oid, "0502454-6", "expected an organisation OID: its shape is wrong"),
    ],
)
def test_a_refusal_says_what_was_expected_and_never_repeats_what_came(
    read: Callable[[str], str], text: str, said: str
) -> None:
    with pytest.raises(ValueError, match="expected") as refusal:
        read(text)
    assert str(refusal.value) == said
    assert text not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_an_organisation_oid_with_a_wrong_check_digit_is_let_through() -> None:
    assert organisation_oid("1.2.246.562.10.52251087187") == "1.2.246.562.10.52251087187"
