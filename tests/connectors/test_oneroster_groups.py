"""Classes of a roster as groups: who guides whom, only in the roles that the settings name, and never by guessing."""

import logging
from collections.abc import Collection
from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.catalogue import connect
from connectors.client import Incoming, Outgoing
from connectors.failures import Reason, SourceUnavailable
from connectors.oauth import AccessTokens, TokenHttp
from connectors.oneroster import OneRosterSource
from connectors.oneroster_groups import MOST_GUIDED, GroupPlaces
from connectors.oneroster_wire import day_in
from hoks.caller import Role
from hoks.identifiers import PersonOid
from hoks.outcomes import Answer, Outcome
from hoks.relations import Assignment
from hoks.student import Person
from tests.connectors import contract
from tests.connectors.roster import RosterServer, Row, enrolment, user
from tests.connectors.test_oneroster import ACCOUNT, SETTINGS, roster
from tests.connectors.wires import PROVIDER, StillClock, learner, said

TEACHER = PersonOid(learner(901))
OTHER = PersonOid(learner(902))
BY_TEACHERS = GroupPlaces(roles={"teacher": "responsible_teacher"})
GIVES: Row = {"gives": ("rights", "assignments"), "groups": BY_TEACHERS}


def group(number: int = 1, **changed: Any) -> Row:
    """A class, by default a homeroom."""
    row: Row = {"sourcedId": f"c-{number}", "status": "active", "title": f"SÄH2{number}", "classType": "homeroom"}
    return row | changed


def staff(number: int, oid: str = TEACHER, **changed: Any) -> Row:
    """A user of the staff, known by the OID by which they sign in."""
    ids = [{"type": "staffNumber", "identifier": f"T{number}"}, {"type": "oppijanumero", "identifier": oid}]
    return user(number, **({"userIds": ids, "roles": [{"roleType": "primary", "role": "teacher"}]} | changed))


def teaching(number: int, of: int, in_class: int = 1, **changed: Any) -> Row:
    """The enrolment of one of the staff in a class."""
    row = enrolment(number, of=of, role="teacher", **{"class": {"sourcedId": f"c-{in_class}", "type": "class"}})
    return {key: value for key, value in row.items() if key != "metadata"} | changed


def school() -> RosterServer:
    """Students 1 and 2 in the homeroom of teacher 901, student 3 in another class."""
    server = RosterServer(
        [user(1), user(2), user(3), staff(901)],
        [
            *(enrolment(each, of=each) for each in (1, 2)),
            enrolment(3, of=3, **{"class": {"sourcedId": "c-2"}}),
            teaching(9, of=901),
        ],
        most=2,
    )
    server.rows["classes"] = [group(1), group(2, classType="scheduled")]
    return server


def guides(number: int, person: PersonOid = TEACHER, name: str = "SÄH21") -> Assignment:
    """A teacher who is responsible for a student through a group."""
    return Assignment(
        person=person, role=Role.RESPONSIBLE_TEACHER, learner=learner(number), provider=PROVIDER, group=name
    )


async def listed(server: RosterServer, **settings: Any) -> Answer[tuple[Assignment, ...]]:
    """Everybody whom anybody guides."""
    return (await roster(server, **(GIVES | settings)).guided()).answers[PROVIDER]


async def of_persons(server: RosterServer, people: Collection[str], **settings: Any) -> list[Any]:
    """Whom each of these persons guides."""
    reply = await roster(server, **(GIVES | settings)).assignments([PersonOid(each) for each in people])
    return [(reply.answers[PersonOid(each)].outcome, reply.answers[PersonOid(each)].value) for each in people]


# --- what it tells --------------------------------------------------------------------------------------------


async def test_the_primary_teacher_of_a_homeroom_is_responsible_for_its_students_where_the_settings_say_so() -> None:
    assert await listed(school()) == Answer(Outcome.OK, (guides(1), guides(2)))
    assert await of_persons(school(), [TEACHER, OTHER, contract.NO_OID]) == [
        (Outcome.OK, (guides(1), guides(2))),
        (Outcome.ABSENT, None),
        (Outcome.INVALID, None),
    ]


async def test_without_such_a_setting_a_roster_tells_of_nobody_and_no_class_is_read() -> None:
    server = school()
    silent = roster(server)

    assert [each.gives for each in silent.capabilities.told] == ["rights", "learners", "holders"]
    await silent.learners()
    assert server.asked("classes") == []


async def test_a_word_of_the_vendors_may_be_another_role() -> None:
    server = school()
    server.rows["enrollments"][-1]["role"] = "ext:Opo"
    counsels = GroupPlaces(roles={"ext:opo": "guidance_counsellor"}, only_primary=False)

    told = (await listed(server, groups=counsels)).value or ()

    assert [(each.role, each.learner) for each in told] == [
        (Role.GUIDANCE_COUNSELLOR, learner(1)),
        (Role.GUIDANCE_COUNSELLOR, learner(2)),
    ]


async def test_other_classes_and_another_name_may_be_configured() -> None:
    server = school()
    server.rows["classes"] = [group(1, classType="ext:ryhma", classCode="24A"), group(2)]
    places = GroupPlaces(roles=BY_TEACHERS.roles, class_types=("ext:ryhma",), name="classCode")

    assert (await listed(server, groups=places)).value == (guides(1, name="24A"), guides(2, name="24A"))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"primary": "false"}, ()),
        ({"primary": None}, ()),
        ({"primary": True}, (1, 2)),
        ({"status": "tobedeleted"}, ()),
        ({"status": "held"}, ()),
        ({"role": "proctor"}, ()),
        ({"role": 7}, ()),
        ({"beginDate": "2026-10-06"}, ()),
        ({"beginDate": "2026-10-05T00:00:00.000Z"}, (1, 2)),
        ({"beginDate": None}, (1, 2)),
        ({"endDate": "2026-10-05"}, ()),
        ({"endDate": "2026-10-06"}, (1, 2)),
        ({"endDate": "soon"}, ()),
        ({"endDate": "20261006"}, ()),
        ({"endDate": 2026}, ()),
        ({"user": {"sourcedId": "u-904"}}, ()),
        ({"user": None}, ()),
        ({"class": {"sourcedId": "c-9"}}, ()),
        ({"class": "c-1"}, ()),
    ],
)
async def test_only_an_enrolment_that_says_so_today_makes_a_guide(changed: Row, told: tuple[int, ...]) -> None:
    server = school()
    server.rows["enrollments"][-1] |= changed

    assert StillClock().today() == date(2026, 10, 5)
    assert await listed(server) == Answer(Outcome.OK, tuple(guides(each) for each in told))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"status": "tobedeleted"}, (2,)),
        ({"status": "held"}, (2,)),
        ({"endDate": "2026-10-05"}, (2,)),
        ({"endDate": "x"}, (2,)),
        ({"user": {"sourcedId": "u-999"}}, (2,)),
        ({"role": "aide"}, (2,)),
    ],
)
async def test_only_an_enrolment_that_says_so_today_makes_a_student_of_the_group(
    changed: Row, told: tuple[int, ...]
) -> None:
    server = school()
    server.rows["enrollments"][0] |= changed

    assert await listed(server) == Answer(Outcome.OK, tuple(guides(each) for each in told))


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "tobedeleted"},
        {"status": "held"},
        {"userIds": []},
        {"userIds": [{"type": "staffNumber", "identifier": TEACHER}]},
        {"userIds": [{"type": "oppijanumero", "identifier": "alva"}]},
        {"userIds": [{"type": "oppijanumero", "identifier": each} for each in (TEACHER, OTHER)]},
    ],
)
async def test_who_is_not_known_by_one_oid_guides_nobody(changed: Row) -> None:
    server = school()
    server.rows["users"][-1] = staff(901, **changed)

    assert await listed(server) == Answer(Outcome.OK, ())


async def test_a_student_known_by_two_numbers_is_in_no_group() -> None:
    server = school()
    server.rows["users"][0] = user(1, learner(1), learner(77))

    assert (await listed(server)).value == (guides(2),)


async def test_staff_may_be_known_by_another_id_than_learners() -> None:
    server = school()
    server.rows["users"][-1]["userIds"].append({"type": "signsInAs", "identifier": OTHER})
    places = msgspec.structs.replace(BY_TEACHERS, person_id_type="signsInAs")

    assert (await listed(server, groups=places)).value == (guides(1, OTHER), guides(2, OTHER))


@pytest.mark.parametrize(
    "changed", [{"status": "tobedeleted"}, {"classType": None}, {"title": " "}, {"title": 21}, {"sourcedId": 1}]
)
async def test_a_class_that_does_not_say_that_it_is_a_group_is_none(changed: Row) -> None:
    server = school()
    server.rows["classes"][0] |= changed

    assert await listed(server) == Answer(Outcome.OK, ())


async def test_rows_that_are_left_out_are_counted_and_say_nothing_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    server = school()
    server.rows["enrollments"][0]["endDate"] = "010203-999X"
    with caplog.at_level(logging.WARNING):
        await listed(server)

    assert "source c-roster: 1 rows of groups left out" in caplog.messages
    assert "010203" not in caplog.text


# --- what becomes of what goes wrong --------------------------------------------------------------------------


def groups_of(server: RosterServer, **settings: Any) -> Any:
    """The connector before a server, with groups."""
    return roster(server, **(GIVES | settings))


async def test_it_tells_what_it_declares_and_nothing_else() -> None:
    server = school()
    assert [each.gives for each in groups_of(server).capabilities.told] == [
        "rights",
        "learners",
        "holders",
        "assignments",
        "guides",
    ]
    await contract.everything_declared_is_told(groups_of(server))
    server.fault = lambda _: said({}, 503)
    await contract.everything_declared_fails_as_declared(groups_of(server))


async def test_where_classes_cannot_be_read_rights_can_and_groups_are_a_gap() -> None:
    server = school()

    def silent(request: Outgoing) -> Incoming | None:
        if "/classes" in request.url:
            raise SourceUnavailable(Reason.TIMEOUT)
        return None

    server.fault = silent
    source = groups_of(server)

    assert (await source.guided()).answers[PROVIDER].outcome is Outcome.UNAVAILABLE
    assert (await source.assignments([TEACHER])).answers[TEACHER].outcome is Outcome.UNAVAILABLE
    one = Person(oid=learner(1))
    assert (await source.rights([one])).answers[one.oid].outcome is Outcome.OK


async def test_more_than_anybody_can_honestly_guide_is_refused() -> None:
    many = 448
    assert many * (many + 1) > MOST_GUIDED
    server = RosterServer(
        [user(each) for each in range(1, many + 2)] + [staff(each, learner(each)) for each in range(1001, 1001 + many)],
        [enrolment(each, of=each) for each in range(1, many + 2)]
        + [teaching(each, of=each) for each in range(1001, 1001 + many)],
        most=10_000,
    )
    server.rows["classes"] = [group()]

    assert (await listed(server, page_size=10_000)).outcome is Outcome.INVALID


async def test_groups_cost_one_reading_of_the_roster_beside_rights() -> None:
    server = school()
    source = groups_of(server, page_size=1_000)
    server.most = 1_000
    await source.guided()
    await source.assignments([TEACHER])
    await source.rights([Person(oid=learner(1))])

    assert [len(server.asked(each)) for each in ("classes", "users", "enrollments", "orgs")] == [1, 1, 1, 1]


async def test_an_enrolment_that_ends_today_is_not_kept_over_midnight() -> None:
    class NextDay(StillClock):
        day = date(2026, 10, 5)

        def today(self) -> date:
            return self.day

    server, clock = school(), NextDay()
    server.rows["enrollments"][0]["endDate"] = "2026-10-06"
    told = msgspec.structs.replace(SETTINGS, **GIVES)
    source = OneRosterSource(told, TokenHttp(server, AccessTokens(ACCOUNT, server, "secret")), clock)
    first = await source.guided()
    clock.day = date(2026, 10, 6)
    second = await source.guided()

    assert first.answers[PROVIDER].value == (guides(1), guides(2))
    assert second.answers[PROVIDER].value == (guides(2),)


# --- settings -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changed",
    [{"gives": ("rights", "assignments")}, {"groups": BY_TEACHERS}, {"gives": ()}],
)
def test_a_roster_that_says_who_guides_says_in_which_role(changed: Row) -> None:
    told = {name: getattr(SETTINGS, name) for name in ("id", "provider", "base_url", "account")}
    with pytest.raises(ValueError, match=r"source `c-roster`: gives"):
        type(SETTINGS)(**{**told, **changed})


@pytest.mark.parametrize("roles", ["{}", '{"teacher": "staff"}', '{"teacher": "head_of_training"}'])
def test_staff_of_a_roster_are_no_more_than_guides(roles: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(f'{{"roles": {roles}}}', type=GroupPlaces)


@pytest.mark.parametrize("gives", [("rights",), ("assignments",), ("rights", "assignments")])
def test_a_roster_is_asked_for_what_it_gives_and_no_more(gives: tuple[str, ...], tmp_path: Any) -> None:
    secret = tmp_path / "unused"
    secret.write_text("secret")
    secret.chmod(0o600)
    groups = BY_TEACHERS if "assignments" in gives else None
    made = connect([msgspec.structs.replace(SETTINGS, gives=gives, groups=groups)], StillClock(), folder=tmp_path)

    given = [made.rights, made.holders, made.assignments, made.guidance]
    assert [bool(each) for each in given] == [
        "rights" in gives,
        "rights" in gives,
        "assignments" in gives,
        "assignments" in gives,
    ]


# --- a law ----------------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(st.sets(st.integers(0, 6), max_size=6))
async def test_a_row_less_tells_of_nobody_more(without: set[int]) -> None:
    server = school()
    rows = [(name, row) for name in ("users", "enrollments", "classes") for row in server.rows[name]]
    everybody = set((await listed(server)).value or ())
    for name, row in [rows[each] for each in without]:
        server.rows[name].remove(row)

    assert set((await listed(server)).value or ()) <= everybody


@pytest.mark.parametrize(("text", "day"), [("2026-10-06", date(2026, 10, 6)), ("", None), (None, None)])
def test_a_day_is_read_or_is_not_there(text: str | None, day: date | None) -> None:
    assert day_in(text) == day
