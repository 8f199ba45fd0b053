"""What a student may consent to: exact items, a year at most, and nobody else's contact data."""

from datetime import date, timedelta
from importlib import resources
from typing import Any

import msgspec
import pytest

from hoks.access.rules import read_policy
from hoks.consenting import Language, Purpose, RecipientKind, Wish, consentable, refuse
from hoks.errors import BadRequest
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
    purpose=Purpose.RECOGNITION,
    start=DAY,
    end=DAY + timedelta(days=30),
    text_version="2026-1",
    language=Language.FI,
)


def test_of_the_laws_items_all_can_be_opened_but_contact_data_and_technical_ones() -> None:
    assert frozenset(Item) - consentable(POLICY) == {Item.ID, Item.SR, Item.Cs, Item.Ci, Item.X}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"end": DAY - timedelta(days=1), "start": DAY}, "the end is before the start"),
        ({"start": DAY - timedelta(days=9), "end": DAY - timedelta(days=1)}, "the end is in the past"),
        ({"end": DAY + timedelta(days=366)}, "a consent holds at most a year"),
        ({"end": date(9999, 12, 31)}, "a consent holds at most a year"),
        ({"start": DAY + timedelta(days=400), "end": DAY + timedelta(days=401)}, "more than a year away"),
        ({"items": frozenset()}, "no item is named"),
        ({"items": frozenset({Item.D1, Item.Ci, Item.Cs})}, "no consent opens Ci, Cs"),
    ],
)
def test_what_cannot_be_right_is_refused_in_words(change: dict[str, Any], told: str) -> None:
    with pytest.raises(BadRequest, match=told):
        refuse(msgspec.structs.replace(WISH, **change), DAY, consentable(POLICY))


@pytest.mark.parametrize("days", [0, 30, 365])
def test_one_day_and_up_to_a_year_can_be_given(days: int) -> None:
    refuse(msgspec.structs.replace(WISH, end=DAY + timedelta(days=days)), DAY, consentable(POLICY))
