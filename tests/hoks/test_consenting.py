"""What a student may consent to: exact items, a year at most, and nobody else's contact data."""

from datetime import date, timedelta
from importlib import resources
from typing import Any

import msgspec
import pytest

from hoks.access.rules import read_policy
from hoks.consenting import Language, Purpose, RecipientKind, Wish, refuse
from hoks.errors import BadRequest
from hoks.giving import consentable
from hoks.identifiers import LearnerOid, StudyRightOid
from hoks.items import Item

DAY = date(2026, 10, 5)
POLICY = read_policy(resources.files("hoks.access").joinpath("rules.toml").read_text(encoding="utf-8"))
WISH = Wish(
    subject=LearnerOid("1.2.246.562.98.98000000011"),
    recipient_kind=RecipientKind.ORGANISATION,
    recipient="1.2.246.562.99.99000000036",
    right=StudyRightOid("1.2.246.562.15.15000010119"),
    items=frozenset({Item.D1, Item.D9}),
    express=frozenset({Item.D9}),
    purpose=Purpose.RECOGNITION,
    start=DAY,
    end=DAY + timedelta(days=30),
    text_version="2026-1",
    language=Language.FI,
)


def test_of_the_laws_items_all_can_be_opened_but_contact_data_and_technical_ones() -> None:
    assert frozenset(Item) - consentable(POLICY) == {Item.ID, Item.SR, Item.Cs, Item.Ci, Item.X}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"end": DAY - timedelta(days=1), "start": DAY}, "END_BEFORE_START"),
        ({"start": DAY - timedelta(days=9), "end": DAY - timedelta(days=1)}, "END_IN_THE_PAST"),
        ({"end": DAY + timedelta(days=366)}, "LONGER_THAN_A_YEAR"),
        ({"start": DAY - timedelta(days=9), "end": DAY + timedelta(days=366)}, "LONGER_THAN_A_YEAR"),
        ({"end": date(9999, 12, 31)}, "LONGER_THAN_A_YEAR"),
        ({"start": DAY + timedelta(days=400), "end": DAY + timedelta(days=401)}, "START_TOO_FAR_AWAY"),
        ({"items": frozenset()}, "NO_ITEM"),
        ({"items": frozenset({Item.D1, Item.Ci, Item.Cs})}, "ITEM_NOT_FOR_CONSENT"),
        ({"express": frozenset()}, "SENSITIVE_ITEM_NOT_NAMED_EXPRESSLY"),
        ({"express": frozenset({Item.D1, Item.D9})}, "SENSITIVE_ITEM_NOT_NAMED_EXPRESSLY"),
        ({"express": frozenset({Item.D8, Item.D9})}, "SENSITIVE_ITEM_NOT_NAMED_EXPRESSLY"),
    ],
)
def test_what_cannot_be_right_is_refused_in_words_and_by_a_lasting_name(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadRequest) as refused:
        refuse(msgspec.structs.replace(WISH, **change), DAY, consentable(POLICY))
    assert refused.value.reason == reason
    assert str(refused.value)


@pytest.mark.parametrize("item", ["D6u", "D6d", "D8", "D9", "D11b", "Gi"])
def test_each_sensitive_item_must_be_agreed_to_by_itself(item: str) -> None:
    wish = msgspec.structs.replace(WISH, items=frozenset({Item.D1, Item(item)}), express=frozenset())
    with pytest.raises(BadRequest):
        refuse(wish, DAY, consentable(POLICY))
    refuse(msgspec.structs.replace(wish, express=frozenset({Item(item)})), DAY, consentable(POLICY))


def test_no_other_item_needs_that() -> None:
    plain = consentable(POLICY) - {Item.D6u, Item.D6d, Item.D8, Item.D9, Item.D11b, Item.Gi}
    refuse(msgspec.structs.replace(WISH, items=plain, express=frozenset()), DAY, consentable(POLICY))


@pytest.mark.parametrize("days", [0, 30, 365])
def test_one_day_and_up_to_a_year_can_be_given(days: int) -> None:
    refuse(msgspec.structs.replace(WISH, end=DAY + timedelta(days=days)), DAY, consentable(POLICY))
