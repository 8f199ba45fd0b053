"""Whoever is appointed is named in a part that is really there, and the whole cast can log in."""

from collections import defaultdict
from datetime import date
from pathlib import Path

import pytest

from connectors.catalogue import connect
from connectors.connected import Connected
from gateway.clock import FixedDayClock
from gateway.settings_file import load
from hoks.caller import WITHIN_AN_ORGANISATION, Role
from hoks.identifiers import LearnerOid, PersonOid
from hoks.plan import Hoks
from hoks.relations import Appointment, AppointmentKind
from sandbox import BUSINESS_DAY
from sandbox.cast import cast, people, person_oid
from sandbox.organisations import organisation
from sandbox.parts import Json
from sandbox.server import lay_out
from sandbox.settings import settings_text
from sandbox.world import World, build_world

RIGHT = "1.2.246.562.15.150000"


def subject(persona: str) -> PersonOid:
    return PersonOid(people().subject_of(persona))


@pytest.fixture(scope="module")
def connected(tmp_path_factory: pytest.TempPathFactory, world: World) -> Connected:
    folder = tmp_path_factory.mktemp("sandbox")
    lay_out(folder, world)
    file = folder / "gateway.toml"
    file.write_text(settings_text(9000, folder))
    return connect(load(file).source, FixedDayClock(BUSINESS_DAY))


async def appointed(connected: Connected, persona: str) -> list[tuple[str, Appointment]]:
    """What a persona is appointed to, with the source that says so."""
    found = []
    for source in connected.appointments:
        reply = await source.appointments([subject(persona)])
        found += [(source.source.id, each) for each in reply.answers[subject(persona)].value or ()]
    return found


async def plan(connected: Connected, appointment: Appointment) -> Hoks:
    """The plan that a table source gives for an appointment."""
    for source in connected.plans:
        if source.source.id in ("b-primus", "c-table"):
            (answer,) = (await source.plans([appointment.right])).answers.values()
            if answer.value:
                return answer.value[0]
    raise AssertionError("no plan")


# Who is appointed to what: source, right, student, and the key or what stands for it.
INSTRUCTORS = {
    "instructor-1": [("a-staff", "10114", 1, "wp-15000010114-3"), ("c-table", "70233", 7, "wp-15000070233-3")],
    "instructor-2": [("a-staff", "70118", 7, "wp-15000070118-3")],
    "instructor-3": [("c-table", "90132", 9, "wp-15000090132-5")],
}


@pytest.mark.parametrize("persona", INSTRUCTORS)
async def test_an_instructor_is_appointed_to_these_periods(connected: Connected, persona: str) -> None:
    found = await appointed(connected, persona)
    assert [(source, each.right, each.learner, each.part_key) for source, each in found] == [
        (source, RIGHT + right, person_oid(student), key) for source, right, student, key in INSTRUCTORS[persona]
    ]
    assert {each.kind for _, each in found} == {AppointmentKind.INSTRUCTOR}


async def test_the_assessor_at_a_is_appointed_by_unit_dates_and_environment(connected: Connected) -> None:
    ((source, appointment),) = await appointed(connected, "assessor-1")
    assert source == "a-staff"
    assert appointment == Appointment(
        person=subject("assessor-1"),
        kind=AppointmentKind.ASSESSOR,
        learner=LearnerOid(person_oid(1)),
        right=appointment.right,
        unit_uri="tutkinnonosat_109203",
        start_date=date(2026, 11, 23),
        end_date=date(2026, 11, 26),
        environment="Pikkulahden Osuuskunta",
    )
    assert appointment.right == RIGHT + "10114"


async def test_the_assessor_at_b_is_appointed_by_bs_row_key_and_found_by_the_right(connected: Connected) -> None:
    ((source, appointment),) = await appointed(connected, "assessor-2")
    assert (source, appointment.right, appointment.learner) == ("b-primus", RIGHT + "50128", person_oid(5))
    shown = [
        demonstration
        for unit in (await plan(connected, appointment)).planned_vocational_units or ()
        for demonstration in unit.demonstrations or ()
        if demonstration.source_key == appointment.part_key
    ]
    assert [(each.start_date, each.end_date) for each in shown] == [(date(2026, 11, 23), date(2026, 11, 26))]


@pytest.mark.parametrize("persona", ["instructor-1", "instructor-3"])
async def test_what_c_says_names_a_period_that_cs_plan_has_today(connected: Connected, persona: str) -> None:
    (appointment,) = (each for source, each in await appointed(connected, persona) if source == "c-table")
    (period,) = (
        period
        for unit in (await plan(connected, appointment)).planned_vocational_units or ()
        for period in unit.acquisitions or ()
        if period.source_key == appointment.part_key
    )
    assert period.start_date
    assert period.end_date
    assert period.start_date <= BUSINESS_DAY <= period.end_date


def units(world: World, right: str) -> list[Json]:
    document = next(p.document for p in world.plans if p.right.oid == right and not p.copied)
    found: list[Json] = document["hankittavat-ammat-tutkinnon-osat"]
    return found


async def test_what_as_staff_system_says_names_parts_that_ehoks_has(connected: Connected, world: World) -> None:
    today = BUSINESS_DAY.isoformat()
    named: defaultdict[AppointmentKind, int] = defaultdict(int)
    for persona in ("instructor-1", "instructor-2", "assessor-1"):
        for source, each in await appointed(connected, persona):
            if source != "a-staff":
                continue
            named[each.kind] += sum(
                period.get("yksiloiva-tunniste") == each.part_key and period["alku"] <= today <= period["loppu"]
                for unit in units(world, each.right)
                for period in unit["osaamisen-hankkimistavat"]
                if each.part_key
            )
            named[each.kind] += sum(
                (unit["tutkinnon-osa-koodi-uri"], shown["alku"], shown["loppu"], shown["nayttoymparisto"]["nimi"])
                == (each.unit_uri, str(each.start_date), str(each.end_date), each.environment)
                for unit in units(world, each.right)
                for shown in unit["osaamisen-osoittaminen"]
            )
    assert named == {AppointmentKind.INSTRUCTOR: 2, AppointmentKind.ASSESSOR: 1}


ASSIGNED: dict[str, tuple[str, Role, str | None, list[int]]] = {
    "teacher-a": ("a-staff", Role.RESPONSIBLE_TEACHER, None, [1, 4, 7]),
    "dual-a": ("a-staff", Role.RESPONSIBLE_TEACHER, None, [3, 5]),
    "counsellor-a": ("a-staff", Role.GUIDANCE_COUNSELLOR, "OPO-3", [1, 2, 7]),
    "special-a": ("a-staff", Role.SPECIAL_NEEDS_TEACHER, None, [7]),
    "social-a": ("a-staff", Role.SCHOOL_SOCIAL_WORKER, None, [7]),
    "teacher-b": ("b-primus", Role.RESPONSIBLE_TEACHER, None, [1]),
    "counsellor-c": ("c-table", Role.GUIDANCE_COUNSELLOR, "SHV-2", [7, 9]),
}


@pytest.mark.parametrize("persona", [each.persona for each in cast()])
async def test_each_persona_guides_these_students_and_no_other(connected: Connected, persona: str) -> None:
    (who,) = (each for each in cast() if each.persona == persona)
    found = []
    for source in connected.assignments:
        answer = (await source.assignments([PersonOid(who.subject)])).answers[PersonOid(who.subject)]
        found += [
            (source.source.id, each.role, each.group, each.learner, each.provider == source.source.provider_oid)
            for each in answer.value or ()
        ]
    source_id, role, group, students = ASSIGNED.get(persona, ("", Role.STAFF, None, []))
    assert found == [(source_id, role, group, person_oid(number), True) for number in students]


def test_every_role_of_the_law_has_a_persona_and_stands_where_its_role_is_held() -> None:
    held = [(Role(role.role), role.organisation) for each in cast() for role in each.roles]
    assert {role for role, _ in held} == set(Role)
    # A consent is given to a person or to an organisation.
    fixed = [(role, place) for role, place in held if role is not Role.CONSENT_RECIPIENT]
    assert all((place is not None) == (role in WITHIN_AN_ORGANISATION) for role, place in fixed)
    assert all(organisation(place) for _, place in held if place)


def test_personas_are_different_people_and_none_is_a_student_by_another_name(world: World) -> None:
    subjects = [each.subject for each in cast()]
    assert len(subjects) == len(set(subjects))
    officials = {people().subject_of(each.persona) for each in people().persona}
    assert not officials & {alias for person in world.people for alias in person.aliases}


def test_one_persona_holds_two_roles() -> None:
    (dual,) = (each for each in cast() if each.persona == "dual-a")
    assert [(role.role, role.organisation) for role in dual.roles] == [
        ("staff", "A"),
        ("responsible_teacher", "A-school"),
    ]


async def test_the_large_group_is_the_counsellors_when_it_is_there(tmp_path: Path) -> None:
    lay_out(tmp_path, build_world(large_group=30))
    file = tmp_path / "gateway.toml"
    file.write_text(settings_text(9000, tmp_path))
    (source, *_) = connect(load(file).source, FixedDayClock(BUSINESS_DAY)).assignments
    guided = (await source.assignments([subject("counsellor-a")])).answers[subject("counsellor-a")].value or ()
    assert [each.group for each in guided] == ["OPO-3"] * 3 + ["SUURI-26"] * 30
    assert len({each.learner for each in guided}) == 33
