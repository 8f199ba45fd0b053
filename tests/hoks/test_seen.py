"""Looks folded by the hour: none is lost, none is mixed with another, and none names whoever looked."""

from datetime import UTC, datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from hoks.identifiers import LearnerOid, OrganisationOid, StudyRightOid
from hoks.seen import HOUR, Disclosure, Look, Noted, Row, Term, fold, in_words
from hoks.values import Organisation, Text
from tests.strategies import LAW

AINO = LearnerOid("1.2.246.562.98.98000000011")
A, B = OrganisationOid("1.2.246.562.99.99000000016"), OrganisationOid("1.2.246.562.99.99000000024")
RIGHT = StudyRightOid("1.2.246.562.15.15000010119")
NINE = int(datetime(2026, 10, 5, 9, tzinfo=UTC).timestamp() * 1000)
LOOK = Look(
    subject=AINO,
    event="disclosed",
    organisation=A,
    role="responsible_teacher",
    purpose="GUIDANCE",
    right=RIGHT,
    items=("D1", "D9"),
    grounds=("G2", "P4"),
    laws=("531/2017 109 a § 1 mom.",),
    provider=A,
    discloser=A,
    source="a-ehoks",
)

LOOKS = st.builds(
    Look,
    subject=st.just(AINO),
    event=st.sampled_from(["disclosed", "log.read"]),
    organisation=st.sampled_from([A, B, None]),
    role=st.sampled_from(["staff", "instructor", None]),
    right=st.sampled_from([RIGHT, StudyRightOid("1.2.246.562.15.15000010127"), None]),
    items=st.sampled_from([(), ("D1",), ("D1", "D9")]),
    stale=st.booleans(),
)
NOTED = st.lists(st.builds(Noted, st.integers(NINE, NINE + 3 * HOUR), LOOKS), max_size=60)


def test_polling_of_one_hour_is_one_row_with_its_count_and_a_look_of_another_role_stands_by_itself() -> None:
    other = msgspec.structs.replace(LOOK, role="staff")
    polled = [Noted(NINE + minute * 60_000, LOOK) for minute in range(0, 60, 5)]
    rows = fold([*polled, Noted(NINE + 7, other), Noted(NINE + HOUR, LOOK)])
    assert rows == (
        Row(look=LOOK, first=NINE + HOUR, last=NINE + HOUR, count=1),
        Row(look=other, first=NINE + 7, last=NINE + 7, count=1),
        Row(look=LOOK, first=NINE, last=NINE + 55 * 60_000, count=12),
    )


@LAW
@given(NOTED)
def test_folding_loses_no_look(noted: list[Noted]) -> None:
    assert sum(row.count for row in fold(noted)) == len(noted)


@LAW
@given(NOTED, st.randoms())
def test_the_order_in_which_looks_are_read_changes_nothing(noted: list[Noted], dice: st.DataObject) -> None:
    shuffled = list(noted)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]  # random.Random, as the strategy gives it
    assert fold(shuffled) == fold(noted)


@LAW
@given(NOTED)
def test_no_two_looks_of_another_organisation_role_plan_or_hour_are_one_row(noted: list[Noted]) -> None:
    rows = fold(noted)
    told = [(row.first // HOUR, row.look) for row in rows]
    assert len(set(told)) == len(told)
    for row in rows:
        own = [
            each.at
            for each in noted
            if each.look.organisation == row.look.organisation
            and each.look.role == row.look.role
            and each.look.right == row.look.right
            and each.look == row.look
            and each.at // HOUR == row.first // HOUR
        ]
        assert (row.count, row.first, row.last) == (len(own), min(own), max(own))
        assert row.first // HOUR == row.last // HOUR
    assert len({row.place.reference for row in rows}) == len(rows)


@LAW
@given(NOTED, NOTED)
def test_looks_that_follow_move_no_row_that_was_there(noted: list[Noted], more: list[Noted]) -> None:
    later = [Noted(each.at + 3 * HOUR + 1, each.look) for each in more]
    before = [row.place for row in fold(noted)]
    latest = max((each.at for each in noted), default=NINE)
    # Of the hour that goes on, too: a later look of the same kind is counted where the first one stands.
    again = [Noted(latest + 1, each.look) for each in noted[-1:]]
    after = [row.place for row in fold([*noted, *again, *later])]
    assert [place for place in after if place in before] == before
    if before:
        assert after[-len(before) :] == before


def test_a_row_is_told_in_plain_words_and_names_nobody() -> None:
    (row,) = fold([Noted(NINE, LOOK), Noted(NINE + 1_500, LOOK)])
    told = in_words(row)
    assert told == Disclosure(
        reference=row.place.reference,
        event=Term(
            code="disclosed",
            name=Text(fi="Tietojasi katsottiin", sv="Dina uppgifter visades", en="Your data were shown"),
        ),
        is_own=False,
        count=2,
        first=datetime(2026, 10, 5, 9, tzinfo=UTC),
        last=datetime(2026, 10, 5, 9, 0, 1, 500_000, tzinfo=UTC),
        role=Term(
            code="responsible_teacher", name=Text(fi="Vastuuopettaja", sv="Ansvarig lärare", en="Responsible teacher")
        ),
        organisation=Organisation(oid=A),
        purpose=Term(
            code="GUIDANCE",
            name=Text(fi="Ohjaus ja opetus", sv="Handledning och undervisning", en="Guidance and teaching"),
        ),
        items=(
            Term(
                code="D1",
                name=Text(
                    fi="Suunnitelman hyväksymis- ja päivitysajat",
                    sv="När planen godkändes och uppdaterades",
                    en="When the plan was approved and updated",
                ),
            ),
            Term(
                code="D9",
                name=Text(
                    fi="Opiskeluvalmiuksia tukevat opinnot ja oppimisen tuki",
                    sv="Studier som stöder studiefärdigheterna och stöd för lärandet",
                    en="Studies supporting study skills, and learning support",
                ),
            ),
        ),
        grounds=told.grounds,
        laws=("531/2017 109 a § 1 mom.",),
        study_right_oid=RIGHT,
        provider=Organisation(oid=A),
        discloser=Organisation(oid=A),
        source="a-ehoks",
        consents=(),
        may_be_older=False,
    )
    assert [each.code for each in told.grounds] == ["G2", "P4"]
    assert not {"viewer", "viewer_oid", "person", "request"} & set(Disclosure.__struct_fields__)
    assert not {"viewer", "person", "request"} & set(Look.__struct_fields__)


def test_own_looks_and_own_consents_are_marked_as_ones_own_and_a_code_that_is_gone_keeps_its_code() -> None:
    def told(**change: object) -> Disclosure:
        return in_words(fold([Noted(NINE, msgspec.structs.replace(LOOK, **change))])[0])

    assert told(role="student").is_own
    assert told(role=None, event="consent.given").is_own
    assert not told(role="operator", event="log.read").is_own
    assert told(grounds=("Z9",)).grounds == (Term(code="Z9", name=None),)
