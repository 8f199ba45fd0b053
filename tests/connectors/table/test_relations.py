"""Appointments and assignments: what a row says for certain counts, and a row that does not appoints nobody."""

import logging
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.table import TableSource
from connectors.table.relations import read_appointments
from connectors.table.snapshot import take_snapshot
from hoks.caller import Role
from hoks.identifiers import LearnerOid, PersonOid
from hoks.outcomes import Outcome
from hoks.ports import AppointmentSource, AssignmentSource
from hoks.relations import Appointment, AppointmentKind, Assignment
from tests.connectors.table.drops import (
    AINO,
    B_PROVIDER,
    C_PROVIDER,
    EERO,
    RIGHT_1,
    RIGHT_2,
    UNKNOWN_RIGHT,
    Files,
    FixedClock,
    of,
    settings_for,
    write_drop,
)

VILLE = PersonOid("1.2.246.562.98.98000009062")
KAISA = PersonOid("1.2.246.562.98.98000009096")
NOBODY = PersonOid("1.2.246.562.98.98000009104")

GOOD = of(henkilo_oid=VILLE, laji="OHJ", oo_oid=RIGHT_1, oppijanumero=AINO, tunniste="wp-1")
DEMONSTRATION = of(
    henkilo_oid=VILLE,
    laji="ARV",
    oo_oid=RIGHT_1,
    naytto_koodi="109203",
    alku="23.11.2026",
    loppu="26.11.2026",
    ymparisto="Paja Oy",
)
GUIDES = of(henkilo_oid=VILLE, rooli="VO", opnro="1", ryhma="LII24")


def drop(appointments: list[dict[str, str]], assignments: list[dict[str, str]] | None = None) -> Files:
    return {
        "opiskelijat.csv": [of(opnro="1", oppijanumero=AINO), of(opnro="2", oppijanumero=EERO), of(opnro="3")],
        "opinto_oikeudet.csv": [
            of(oo_id="11", opnro="1", oo_oid=RIGHT_1, tila="L", tila_alku="17.8.2024"),
            of(oo_id="12", opnro="2", oo_oid=RIGHT_2, tila="L", tila_alku="17.8.2024"),
        ],
        "nimitykset.csv": appointments,
        "ryhmat.csv": assignments or [],
    }


def source_of(folder: Path, files: Files, which: str = "b") -> TableSource:
    return TableSource(write_drop(folder, which, files), FixedClock())


async def appointed(source: TableSource, person: PersonOid = VILLE) -> tuple[Appointment, ...]:
    return (await source.appointments([person])).answers[person].value or ()


async def guided(source: TableSource, person: PersonOid = VILLE) -> tuple[Assignment, ...]:
    return (await source.assignments([person])).answers[person].value or ()


def test_it_is_a_source_of_appointments_and_of_assignments(tmp_path: Path) -> None:
    source: AppointmentSource = source_of(tmp_path, drop([]))
    also: AssignmentSource = source_of(tmp_path, drop([]))
    assert (source.source.id, also.source.provider_oid) == ("b-primus", B_PROVIDER)


async def test_an_instructor_is_appointed_to_a_period_by_its_key(tmp_path: Path) -> None:
    assert await appointed(source_of(tmp_path, drop([GOOD]))) == (
        Appointment(person=VILLE, kind=AppointmentKind.INSTRUCTOR, learner=AINO, right=RIGHT_1, part_key="wp-1"),
    )


async def test_an_assessor_may_be_appointed_by_unit_dates_and_environment(tmp_path: Path) -> None:
    assert await appointed(source_of(tmp_path, drop([DEMONSTRATION]))) == (
        Appointment(
            person=VILLE,
            kind=AppointmentKind.ASSESSOR,
            learner=AINO,
            right=RIGHT_1,
            unit_uri="tutkinnonosat_109203",
            start_date=date(2026, 11, 23),
            end_date=date(2026, 11, 26),
            environment="Paja Oy",
        ),
    )


@pytest.mark.parametrize("code", ["tutkinnonosat_109203", "ammatillisenoppiaineet_vvai22"])
async def test_a_unit_that_names_its_code_set_is_left_as_it_is(tmp_path: Path, code: str) -> None:
    (found,) = await appointed(source_of(tmp_path, drop([DEMONSTRATION | {"naytto_koodi": code}])))
    assert found.unit_uri == code


async def test_an_empty_learner_is_the_holder_of_the_right_in_the_same_drop(tmp_path: Path) -> None:
    rows = [GOOD | {"oppijanumero": "", "oo_oid": RIGHT_2}]
    (found,) = await appointed(source_of(tmp_path, drop(rows)))
    assert found.learner == EERO


async def test_a_named_learner_may_have_a_right_that_the_drop_does_not_know(tmp_path: Path) -> None:
    (found,) = await appointed(source_of(tmp_path, drop([GOOD | {"oo_oid": UNKNOWN_RIGHT}])))
    assert (found.right, found.learner) == (UNKNOWN_RIGHT, AINO)


async def test_another_provider_says_the_same_in_other_words(tmp_path: Path) -> None:
    source = source_of(
        tmp_path,
        {
            "appointments.csv": [
                of(person_oid=VILLE, kind="assessor", right_oid=RIGHT_1, learner_oid=AINO, part="7", end="2026-11-26")
            ],
            "roles.csv": [of(person_oid=VILLE, role="counsellor", learner_oid=AINO)],
        },
        "c",
    )
    (appointment,) = await appointed(source)
    assert (appointment.kind, appointment.part_key, appointment.end_date) == (
        AppointmentKind.ASSESSOR,
        "7",
        date(2026, 11, 26),
    )
    assert await guided(source) == (
        Assignment(person=VILLE, role=Role.GUIDANCE_COUNSELLOR, learner=AINO, provider=C_PROVIDER),
    )


DROPPED: dict[str, dict[str, str]] = {
    "without the OID of a person: empty": {"henkilo_oid": ""},
    "without the OID of a person: a name": {"henkilo_oid": "Ville Vasarainen"},
    "without the OID of a person: an OID of something else": {"henkilo_oid": RIGHT_1},
    "of an unknown kind: empty": {"laji": ""},
    "of an unknown kind: a word that is not mapped": {"laji": "OHJAAJA"},
    "without the OID of a right: empty": {"oo_oid": ""},
    "without the OID of a right: malformed": {"oo_oid": "11"},
    "without one learner: nobody known to have the right": {"oppijanumero": "", "oo_oid": UNKNOWN_RIGHT},
    "without one learner: malformed, although the right has a holder": {"oppijanumero": "1"},
    "with an unreadable date: the end": {"loppu": "31.2.2027"},
    "with an unreadable date: the end in another format": {"loppu": "2027-01-31"},
    "with an unreadable date: the start": {"alku": "syksy"},
    "that point at no part: no key": {"tunniste": " "},
    "that point at no part: an instructor by unit and dates": {**DEMONSTRATION, "laji": "OHJ", "tunniste": ""},
    "that point at no part: no unit": {**DEMONSTRATION, "naytto_koodi": "", "tunniste": ""},
    "that point at no part: no start": {**DEMONSTRATION, "alku": "", "tunniste": ""},
    "that point at no part: no end": {**DEMONSTRATION, "loppu": "", "tunniste": ""},
    "that point at no part: no environment": {**DEMONSTRATION, "ymparisto": "", "tunniste": ""},
}


@pytest.mark.parametrize("case", DROPPED)
async def test_a_row_that_is_not_certain_appoints_nobody_and_is_counted(
    tmp_path: Path, case: str, caplog: pytest.LogCaptureFixture
) -> None:
    source = source_of(tmp_path, drop([GOOD | DROPPED[case], GOOD | {"henkilo_oid": KAISA}]))
    assert await appointed(source) == ()
    assert len(await appointed(source, KAISA)) == 1
    told = [message for message in caplog.messages if "table appointments" in message]
    assert told == [f"source b-primus: table appointments: 1 rows {case.partition(':')[0]}"]
    assert not any(text in caplog.text for text in (VILLE, AINO, "Vasarainen", "Paja"))


async def test_a_right_with_two_holders_appoints_to_neither(tmp_path: Path) -> None:
    files = dict(drop([GOOD | {"oppijanumero": ""}]))
    second = of(oo_id="13", opnro="2", oo_oid=RIGHT_1, tila="L", tila_alku="17.8.2024")
    files["opinto_oikeudet.csv"] = [*files["opinto_oikeudet.csv"], second]
    assert await appointed(source_of(tmp_path, files)) == ()


async def test_a_row_told_twice_is_one_appointment(tmp_path: Path) -> None:
    again = GOOD | {"oppijanumero": ""}
    assert len(await appointed(source_of(tmp_path, drop([GOOD, GOOD, again])))) == 1


async def test_nobody_is_appointed_by_name(tmp_path: Path) -> None:
    files = dict(drop([]))
    files["jaksot.csv"] = [of(jakso_id="1", osa_id="31", tunniste="wp-1", ohjaaja_nimi="Ville Vasarainen")]
    source = source_of(tmp_path, files)
    for asked in (VILLE, PersonOid("Ville Vasarainen"), PersonOid("")):
        assert await appointed(source, asked) == ()


async def test_a_member_of_staff_guides_students_by_local_key_role_and_group(tmp_path: Path) -> None:
    rows = [GUIDES, GUIDES | {"opnro": "2", "rooli": "KUR", "ryhma": ""}]
    assert await guided(source_of(tmp_path, drop([], rows))) == (
        Assignment(person=VILLE, role=Role.RESPONSIBLE_TEACHER, learner=AINO, provider=B_PROVIDER, group="LII24"),
        Assignment(person=VILLE, role=Role.SCHOOL_SOCIAL_WORKER, learner=EERO, provider=B_PROVIDER),
    )


@pytest.mark.parametrize(
    ("word", "role"),
    [
        ("VO", Role.RESPONSIBLE_TEACHER),
        ("OPO", Role.GUIDANCE_COUNSELLOR),
        ("ERVA", Role.SPECIAL_NEEDS_TEACHER),
        ("KUR", Role.SCHOOL_SOCIAL_WORKER),
    ],
)
async def test_each_guidance_role_has_the_providers_word(tmp_path: Path, word: str, role: Role) -> None:
    (found,) = await guided(source_of(tmp_path, drop([], [GUIDES | {"rooli": word}])))
    assert found.role is role


UNASSIGNED: dict[str, dict[str, str]] = {
    "without the OID of a person: empty": {"henkilo_oid": ""},
    "without the OID of a person: malformed": {"henkilo_oid": "5"},
    "of an unknown role: empty": {"rooli": ""},
    "of an unknown role: a word that is not mapped": {"rooli": "REHTORI"},
    "of an unknown role: a role that is not given by assignment": {"rooli": "staff"},
    "without one learner: no key": {"opnro": ""},
    "without one learner: an unknown key": {"opnro": "9"},
    "without one learner: a student without an OID": {"opnro": "3"},
}


@pytest.mark.parametrize("case", UNASSIGNED)
async def test_a_row_that_is_not_certain_assigns_nobody_and_is_counted(
    tmp_path: Path, case: str, caplog: pytest.LogCaptureFixture
) -> None:
    source = source_of(tmp_path, drop([], [GUIDES | UNASSIGNED[case]]))
    assert await guided(source) == ()
    told = [message for message in caplog.messages if "table assignments" in message]
    assert told == [f"source b-primus: table assignments: 1 rows {case.partition(':')[0]}"]


async def test_a_key_that_two_students_share_assigns_neither(tmp_path: Path) -> None:
    files = dict(drop([], [GUIDES]))
    files["opiskelijat.csv"] = [*files["opiskelijat.csv"], of(opnro="1", oppijanumero=EERO)]
    assert await guided(source_of(tmp_path, files)) == ()


@pytest.mark.parametrize("learner", [EERO, "x"])
async def test_an_assignment_whose_key_and_learner_number_disagree_assigns_neither(
    tmp_path: Path, learner: str
) -> None:
    source = source_of(
        tmp_path,
        {
            "people.csv": [of(student_no="1", learner_oid=AINO)],
            "roles.csv": [of(person_oid=VILLE, role="teacher", student_no="1", learner_oid=learner)],
        },
        "c",
    )
    assert await guided(source) == ()


async def test_everybody_who_is_guided_is_listed_by_the_provider(tmp_path: Path) -> None:
    other = of(henkilo_oid=NOBODY, rooli="VO", opnro="2", ryhma="LII24")
    reply = await source_of(tmp_path, drop([], [GUIDES, other, GUIDES, of(henkilo_oid=VILLE, rooli="VO")])).guided()
    ((provider, answer),) = reply.answers.items()
    assert answer.outcome is Outcome.OK
    assert [(each.person, each.learner, each.group, each.provider) for each in answer.value or ()] == [
        (VILLE, AINO, "LII24", provider),
        (NOBODY, EERO, "LII24", provider),
    ]


async def test_a_list_of_guides_that_is_not_whole_is_no_list(tmp_path: Path) -> None:
    source = source_of(tmp_path, drop([], [GUIDES]))
    (tmp_path / "ryhmat.csv").unlink()
    assert (await source.guided()).outcome is Outcome.UNAVAILABLE


async def test_every_person_that_was_asked_is_answered_and_nobody_else(tmp_path: Path) -> None:
    source = source_of(tmp_path, drop([GOOD], [GUIDES]))
    for reply in (await source.appointments([VILLE, NOBODY]), await source.assignments([VILLE, NOBODY])):
        assert {person: answer.outcome for person, answer in reply.answers.items()} == {
            VILLE: Outcome.OK,
            NOBODY: Outcome.ABSENT,
        }
    assert (await source.appointments([])).answers == {}
    assert (await source.assignments([])).answers == {}


@pytest.mark.parametrize("nothing", ["", "?", "x", "'; DROP TABLE appointments; --"])
async def test_no_key_makes_it_raise_or_finds_what_cannot_be_read(tmp_path: Path, nothing: str) -> None:
    source = source_of(tmp_path, drop([GOOD | {"henkilo_oid": "?"}], [GUIDES | {"henkilo_oid": "?"}]))
    asked = [PersonOid(nothing)]
    for reply in (await source.appointments(asked), await source.assignments(asked)):
        assert {answer.outcome for answer in reply.answers.values()} == {Outcome.ABSENT}


async def test_a_drop_that_is_not_whole_makes_every_person_unavailable(tmp_path: Path) -> None:
    source = source_of(tmp_path, drop([GOOD], [GUIDES]))
    (tmp_path / "ryhmat.csv").unlink()
    for reply in (await source.appointments([VILLE]), await source.assignments([VILLE])):
        assert {answer.outcome for answer in reply.answers.values()} == {Outcome.UNAVAILABLE}


async def test_a_source_that_does_not_give_them_does_not_say_that_there_are_none(tmp_path: Path) -> None:
    write_drop(tmp_path, "b", drop([]))
    source = TableSource(settings_for("b", tmp_path, gives=["rights"]), FixedClock())
    assert (await source.appointments([VILLE])).outcome is Outcome.ABSENT_OR_DENIED
    assert (await source.assignments([VILLE])).outcome is Outcome.ABSENT_OR_DENIED


CELL = st.sampled_from(["", "?", "x", "1", VILLE, AINO, RIGHT_1, "OHJ", "ARV", "1.1.2026", "31.2.2026", "wp-1"])


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(DEMONSTRATION | GOOD, CELL)), max_size=6))
def test_whatever_the_rows_hold_an_appointment_is_whole_or_is_none(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]]
) -> None:
    settings = write_drop(tmp_path_factory.mktemp("b"), "b", drop([*rows, GOOD]))
    found = read_appointments(take_snapshot(settings), [VILLE], settings)
    for each in found[VILLE]:
        assert each.person == VILLE
        assert (each.right, each.learner) in {(RIGHT_1, AINO), (RIGHT_1, LearnerOid(VILLE))}
        by_what_is_known = (each.unit_uri, each.start_date, each.end_date, each.environment)
        assert each.part_key or (each.kind is AppointmentKind.ASSESSOR and None not in by_what_is_known)


def test_refused_rows_are_told_at_the_level_of_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        take_snapshot(write_drop(tmp_path, "b", drop([GOOD | {"laji": "?"}])))
    assert caplog.messages == [
        "source b-primus: table people: 1 rows without a learner number",
        "source b-primus: table appointments: 1 rows of an unknown kind",
    ]
