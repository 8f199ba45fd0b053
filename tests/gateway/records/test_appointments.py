"""Appointments: made, accepted once by the first who brings the code, ended at once, each change on record."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from gateway.records.appointments import Appointments
from gateway.records.log import Log, bodies_of
from gateway.records.store import Store
from gateway.records.stream import Entry
from gateway.records.tables import APPOINTMENT, FAILED_CODE
from hoks.appointing import AppointmentWish, MadeAppointment, Pointer
from hoks.errors import BadRequest
from hoks.identifiers import LearnerOid, OrganisationOid, PersonOid, StudyRightOid
from hoks.outcomes import Outcome
from hoks.relations import Appointment, AppointmentKind
from tests.gateway.records.test_consents import Clock

DAY = date(2026, 10, 5)
AINO = LearnerOid("1.2.246.562.98.98000000011")
RIGHT, ANOTHER_RIGHT = StudyRightOid("1.2.246.562.15.15000010119"), StudyRightOid("1.2.246.562.15.15000070118")
PROVIDER, ANOTHER_PROVIDER = (
    OrganisationOid("1.2.246.562.99.99000000016"),
    OrganisationOid("1.2.246.562.99.99000000024"),
)
STAFF = PersonOid("1.2.246.562.98.98000000902")
MIKKO, LEENA = PersonOid("1.2.246.562.98.98000000911"), PersonOid("1.2.246.562.98.98000000929")
INSTRUCTOR, ASSESSOR = AppointmentKind.INSTRUCTOR, AppointmentKind.ASSESSOR
PERIOD = Pointer(part_key="period-1")
SHOWN = Pointer(
    unit_uri="tutkinnonosat_109203",
    start_date=date(2026, 11, 23),
    end_date=date(2026, 11, 24),
    environment="Pikkulahden Osuuskunta",
)


def wish(kind: AppointmentKind = INSTRUCTOR, **changes: Any) -> AppointmentWish:
    """Somebody to be instructor of the period, or assessor of the demonstration."""
    pointer = PERIOD if kind is INSTRUCTOR else SHOWN
    wanted = {"learner": AINO, "right": RIGHT, "pointer": pointer, "until": None, "by": STAFF, "provider": PROVIDER}
    return AppointmentWish(kind=kind, **{**wanted, **changes})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def appointments(store: Store, clock: Clock) -> Appointments:
    return Appointments(store, Log("a"), clock)


async def held(appointments: Appointments, person: PersonOid) -> tuple[Appointment, ...]:
    """What a person is appointed to."""
    return (await appointments.appointments([person])).answers[person].value or ()


async def accepted(appointments: Appointments, by: PersonOid = MIKKO, **changes: Any) -> MadeAppointment:
    """An appointment that somebody has accepted."""
    _, code = await appointments.make(wish(**changes))
    made = await appointments.accept(code, INSTRUCTOR, by)
    assert made is not None
    return made


# --- made and accepted ------------------------------------------------------------------------------------------


async def test_an_appointment_is_nobodys_until_its_code_is_brought(appointments: Appointments) -> None:
    made, code = await appointments.make(wish())
    assert (made.person, await held(appointments, MIKKO)) == (None, ())
    assert (await appointments.appointments([MIKKO])).answers[MIKKO].outcome is Outcome.ABSENT
    assert await appointments.accept(code, INSTRUCTOR, MIKKO) is not None
    expected = Appointment(
        person=MIKKO,
        kind=INSTRUCTOR,
        learner=AINO,
        right=RIGHT,
        part_key="period-1",
        told_by=PROVIDER,
        id=made.id,
    )
    assert await held(appointments, MIKKO) == (expected,)
    assert await held(appointments, LEENA) == ()


async def test_a_demonstration_is_kept_by_unit_dates_and_environment(appointments: Appointments) -> None:
    _, code = await appointments.make(wish(ASSESSOR, until=date(2026, 12, 1)))
    assert await appointments.accept(code, ASSESSOR, MIKKO) is not None
    (found,) = await held(appointments, MIKKO)
    told = (found.part_key, found.unit_uri, found.start_date, found.end_date, found.environment, found.until)
    assert told == (
        *(None, "tutkinnonosat_109203", date(2026, 11, 23), date(2026, 11, 24), "Pikkulahden Osuuskunta"),
        date(2026, 12, 1),
    )


async def test_a_code_has_135_random_bits_and_only_its_hash_is_kept(appointments: Appointments, store: Store) -> None:
    first, code = await appointments.make(wish())
    _, other = await appointments.make(wish())
    assert [len(group) for group in code.split("-")] == [5] * 7
    secret, other_secret = (each.replace("-", "")[8:] for each in (code, other))
    assert len(secret) == 27 and secret != other_secret
    (row,) = await store.read(lambda c: c.execute(select(APPOINTMENT).where(APPOINTMENT.c.id == first.id)).all())
    kept = repr(tuple(row))
    assert secret not in kept and code not in kept and len(row.code_hash) == 32
    records = repr(await store.read(lambda connection: bodies_of(connection, AINO)))
    assert secret not in records and code not in records


@pytest.mark.parametrize("typed", [str.lower, lambda code: f" {code} ", lambda code: code.replace("-", " ")])
async def test_a_code_may_be_typed_as_people_type(appointments: Appointments, typed: Any) -> None:
    _, code = await appointments.make(wish())
    assert await appointments.accept(typed(code), INSTRUCTOR, MIKKO) is not None


async def test_letters_that_look_like_digits_are_read_as_them(appointments: Appointments) -> None:
    while True:
        _, code = await appointments.make(wish())
        if "0" in code[10:] and "1" in code[10:]:
            break
    typed = code[:10] + code[10:].replace("0", "o", 1).replace("1", "l", 1)
    assert await appointments.accept(typed, INSTRUCTOR, MIKKO) is not None


async def test_who_has_accepted_may_bring_the_code_again_and_nothing_changes(
    appointments: Appointments, store: Store, clock: Clock
) -> None:
    _, code = await appointments.make(wish())
    first = await appointments.accept(code, INSTRUCTOR, MIKKO)
    clock.moment += timedelta(days=30)
    assert await appointments.accept(code, INSTRUCTOR, MIKKO) == first
    records = await store.read(lambda connection: bodies_of(connection, AINO))
    assert [each["event"] for each in records] == ["appointment.made", "appointment.bound"]


async def test_every_change_is_on_record_with_who_made_it(appointments: Appointments, store: Store) -> None:
    made = await accepted(appointments, until=date(2026, 12, 1))
    await appointments.end(made.id, PROVIDER, STAFF)
    records = await store.read(lambda connection: bodies_of(connection, AINO))
    assert [(each["event"], each["by"], each["person"], each["version"]) for each in records] == [
        ("appointment.made", STAFF, None, 1),
        ("appointment.bound", MIKKO, MIKKO, 2),
        ("appointment.ended", STAFF, MIKKO, 3),
    ]
    for each in records:
        assert (each["appointment"], each["kind"], each["plan"]) == (made.id, "INSTRUCTOR", RIGHT)
        assert (each["subject"], each["provider"], each["until"]) == (AINO, PROVIDER, "2026-12-01")
        assert "period-1" not in repr(each)


async def test_what_was_made_and_accepted_is_there_after_a_restart(
    appointments: Appointments, other: Store, clock: Clock
) -> None:
    _, code = await appointments.make(wish())
    restarted = Appointments(other, Log("a"), clock)
    assert await restarted.accept(code, INSTRUCTOR, MIKKO) is not None
    assert [each.part_key for each in await held(appointments, MIKKO)] == ["period-1"]
    assert await appointments.accept(code, INSTRUCTOR, LEENA) is None


async def test_a_hundred_appointments_to_one_plan_are_enough(appointments: Appointments) -> None:
    for _ in range(100):
        made, _ = await appointments.make(wish())
    with pytest.raises(BadRequest, match="at most 100"):
        await appointments.make(wish())
    await appointments.make(wish(right=ANOTHER_RIGHT))
    await appointments.end(made.id, PROVIDER, STAFF)
    await appointments.make(wish())


# --- codes that cannot be used ----------------------------------------------------------------------------------


async def test_the_first_who_brings_a_code_is_bound_and_nobody_after(appointments: Appointments) -> None:
    _, code = await appointments.make(wish())
    assert await appointments.accept(code, INSTRUCTOR, MIKKO) is not None
    assert await appointments.accept(code, INSTRUCTOR, LEENA) is None
    assert await held(appointments, LEENA) == ()
    assert [each.person for each in await held(appointments, MIKKO)] == [MIKKO]


async def test_a_code_of_the_other_kind_binds_nobody(appointments: Appointments) -> None:
    _, code = await appointments.make(wish())
    assert await appointments.accept(code, ASSESSOR, MIKKO) is None
    assert await appointments.accept(code, INSTRUCTOR, MIKKO) is not None


@pytest.mark.parametrize("code", ["", "-", "ABCDE", "0" * 35, "0" * 10_000, "\0" * 35, "Ä" * 35, "%" * 35, "_" * 35])
async def test_what_is_no_code_binds_nobody_and_counts(appointments: Appointments, store: Store, code: str) -> None:
    await appointments.make(wish())
    assert await appointments.accept(code, INSTRUCTOR, MIKKO) is None
    assert len(await store.read(lambda connection: connection.execute(select(FAILED_CODE)).all())) == 1


async def test_a_code_can_be_used_through_its_last_moment(appointments: Appointments, clock: Clock) -> None:
    _, code = await appointments.make(wish())
    _, late = await appointments.make(wish())
    clock.moment += timedelta(days=14)
    assert await appointments.accept(code, INSTRUCTOR, MIKKO) is not None
    clock.moment += timedelta(milliseconds=1)
    assert await appointments.accept(late, INSTRUCTOR, LEENA) is None


async def test_the_settings_say_for_how_long_a_code_can_be_used(store: Store, clock: Clock) -> None:
    appointments = Appointments(store, Log("a"), clock, code_days=1)
    made, code = await appointments.make(wish())
    assert made.code_until == datetime(2026, 10, 6, 9, 0, tzinfo=UTC)
    clock.moment += timedelta(days=1, seconds=1)
    assert await appointments.accept(code, INSTRUCTOR, MIKKO) is None


async def test_a_clock_that_is_set_back_revives_no_code(appointments: Appointments, store: Store, clock: Clock) -> None:
    _, code = await appointments.make(wish())
    clock.moment += timedelta(days=15)
    at = int(clock.moment.timestamp() * 1000)
    await store.write(lambda connection: Log("a").append(connection, [Entry(body={"event": "disclosed"})], at=at))
    clock.moment -= timedelta(days=15)
    assert await appointments.accept(code, INSTRUCTOR, MIKKO) is None


async def test_the_code_of_an_ended_appointment_is_dead(appointments: Appointments) -> None:
    made, code = await appointments.make(wish())
    await appointments.end(made.id, PROVIDER, STAFF)
    assert await appointments.accept(code, INSTRUCTOR, MIKKO) is None


async def test_the_code_of_an_appointment_that_is_over_is_dead(appointments: Appointments, clock: Clock) -> None:
    _, code = await appointments.make(wish(until=DAY))
    clock.moment += timedelta(days=1)
    assert await appointments.accept(code, INSTRUCTOR, MIKKO) is None


def spoilt(code: str) -> str:
    """A code with a wrong last letter."""
    return code[:-1] + ("Z" if code[-1] != "Z" else "Y")


async def test_a_code_that_ten_tries_missed_is_dead_for_everybody(appointments: Appointments) -> None:
    made, code = await appointments.make(wish())
    people = [PersonOid(f"1.2.246.562.98.1000000{number:04}") for number in range(10)]
    for person in people:
        assert await appointments.accept(spoilt(code), INSTRUCTOR, person) is None
    assert await appointments.accept(code, INSTRUCTOR, MIKKO) is None
    (after,) = await appointments.to(RIGHT, PROVIDER)
    assert (after.id, after.code_is_dead, after.person) == (made.id, True, None)


async def test_nine_wrong_tries_still_leave_the_code_alive(appointments: Appointments) -> None:
    _, code = await appointments.make(wish())
    for _ in range(9):
        assert await appointments.accept(spoilt(code), INSTRUCTOR, MIKKO) is None
    assert await appointments.accept(code, INSTRUCTOR, MIKKO) is not None


async def test_who_failed_ten_times_within_an_hour_waits_with_any_code_and_others_do_not(
    appointments: Appointments, other: Store, clock: Clock
) -> None:
    _, code = await appointments.make(wish())
    _, second = await appointments.make(wish())
    for _ in range(10):
        await appointments.accept("0" * 35, INSTRUCTOR, MIKKO)
        clock.moment += timedelta(minutes=5)
    assert await Appointments(other, Log("a"), clock).accept(code, INSTRUCTOR, MIKKO) is None
    assert await appointments.accept(second, INSTRUCTOR, LEENA) is not None
    clock.moment += timedelta(minutes=10)  # the first is an hour ago
    assert await appointments.accept(code, INSTRUCTOR, MIKKO) is not None


# --- ended ------------------------------------------------------------------------------------------------------


async def test_an_ended_appointment_holds_on_no_day_and_ending_it_again_is_no_fault(appointments: Appointments) -> None:
    made = await accepted(appointments)
    first = await appointments.end(made.id, PROVIDER, STAFF)
    assert first is not None and first.ended_on == DAY
    assert await appointments.end(made.id, PROVIDER, STAFF) == first
    assert [each.until for each in await held(appointments, MIKKO)] == [date.min]


async def test_another_providers_appointment_and_one_that_never_was_are_alike(appointments: Appointments) -> None:
    made = await accepted(appointments)
    assert await appointments.end(made.id, ANOTHER_PROVIDER, STAFF) is None
    assert await appointments.end("0" * 32, PROVIDER, STAFF) is None
    assert await appointments.to(RIGHT, ANOTHER_PROVIDER) == ()
    assert [each.ended_on for each in await appointments.to(RIGHT, PROVIDER)] == [None]


async def test_who_is_appointed_anew_to_what_was_ended_holds_it_again(appointments: Appointments, clock: Clock) -> None:
    first = await accepted(appointments)
    await appointments.end(first.id, PROVIDER, STAFF)
    clock.moment += timedelta(minutes=1)
    again = await accepted(appointments)
    assert [(each.id, each.until) for each in await held(appointments, MIKKO)] == [(again.id, None)]


async def test_a_plans_appointments_are_listed_newest_first(appointments: Appointments, clock: Clock) -> None:
    first = await accepted(appointments)
    clock.moment += timedelta(minutes=1)
    second, _ = await appointments.make(wish(ASSESSOR))
    await appointments.make(wish(right=ANOTHER_RIGHT))
    assert await appointments.to(RIGHT, PROVIDER) == (second, first)


async def test_a_broken_store_leaves_it_unknown_who_is_appointed(appointments: Appointments, store: Store) -> None:
    await store.write(lambda connection: connection.exec_driver_sql("DROP TABLE appointment"))
    assert (await appointments.appointments([MIKKO])).answers[MIKKO].outcome is Outcome.UNAVAILABLE


async def test_ids_that_begin_alike_do_not_hide_each_other(appointments: Appointments, store: Store) -> None:
    made, code = await appointments.make(wish())
    (row,) = await store.read(lambda connection: connection.execute(select(APPOINTMENT)).mappings().all())
    twin = {**row, "id": made.id[:8] + "0" * 24, "code_hash": bytes(32)}
    await store.write(lambda connection: connection.execute(insert(APPOINTMENT), twin))
    bound = await appointments.accept(code, INSTRUCTOR, MIKKO)
    assert bound is not None and bound.id == made.id
