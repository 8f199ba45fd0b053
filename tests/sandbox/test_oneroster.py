"""Provider C's roster answers as a server of OneRoster 1.2 does, and says of each right what C's files say."""

import base64
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest
from starlette.applications import Starlette

from connectors.client import Incoming, Outgoing
from connectors.oauth import AccessTokens, ClientCredentials, TokenHttp
from connectors.oneroster import SCOPE, OneRosterSource
from connectors.oneroster_settings import OneRosterSettings
from connectors.table import TableSource
from gateway.clock import FixedDayClock
from gateway.settings_file import load
from hoks.caller import Role
from hoks.identifiers import LearnerOid
from hoks.outcomes import Outcome
from hoks.student import Person
from hoks.study_right import Phase, StudyRight, phase_on
from hoks.values import Code
from sandbox import BUSINESS_DAY
from sandbox.oneroster import MAX_PAGE, SERVICE, TOKEN_SECONDS, roster_app, roster_rows
from sandbox.parts import Json
from sandbox.server import lay_out
from sandbox.settings import settings_text
from sandbox.world import World

from .conftest import BASE, Clock, client_of

SECRET = "c-secret"
LOGIN = {"authorization": "Basic " + base64.b64encode(f"gateway-c:{SECRET}".encode()).decode()}
FORM = {"grant_type": "client_credentials", "scope": SCOPE}


@pytest.fixture
def rows(world: World) -> dict[str, list[Json]]:
    return roster_rows(world)


@pytest.fixture
def app(rows: dict[str, list[Json]], clock: Clock) -> Starlette:
    return roster_app(rows, "gateway-c", SECRET, clock)


@pytest.fixture
def server(app: Starlette) -> httpx.AsyncClient:
    return client_of(app)


async def token(server: httpx.AsyncClient) -> str:
    granted = await server.post("/token", data=FORM, headers=LOGIN)
    assert granted.status_code == 200
    return str(granted.json()["access_token"])


async def get(server: httpx.AsyncClient, collection: str, **query: str) -> httpx.Response:
    headers = {"authorization": f"Bearer {await token(server)}"}
    return await server.get(f"{SERVICE}/{collection}", params=query, headers=headers)


# --- the server -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "headers", "status", "error"),
    [
        ({**FORM, "grant_type": "password"}, LOGIN, 400, "unsupported_grant_type"),
        (FORM, {}, 401, "invalid_client"),
        (FORM, {"authorization": "Basic ="}, 401, "invalid_client"),
        (FORM, {"authorization": "Basic " + base64.b64encode(b"gateway-c:wrong").decode()}, 401, "invalid_client"),
        ({**FORM, "scope": "other"}, LOGIN, 400, "invalid_scope"),
    ],
)
async def test_a_token_is_for_the_account_and_the_scope(
    server: httpx.AsyncClient, form: dict[str, str], headers: dict[str, str], status: int, error: str
) -> None:
    answer = await server.post("/token", data=form, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


async def test_a_token_ends_after_a_minute(server: httpx.AsyncClient, clock: Clock) -> None:
    headers = {"authorization": f"Bearer {await token(server)}"}
    assert (await server.get(f"{SERVICE}/orgs", headers=headers)).status_code == 200
    clock.now += TOKEN_SECONDS + 1
    late = await server.get(f"{SERVICE}/orgs", headers=headers)
    assert late.status_code == 401
    fields = late.json()["imsx_CodeMinor"]["imsx_codeMinorField"]
    assert fields == [{"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": "unauthorisedrequest"}]


async def test_a_collection_comes_sorted_in_pages_of_two_with_its_count_and_links(server: httpx.AsyncClient) -> None:
    first = await get(server, "orgs", limit="100", sort="sourcedId")
    assert [row["sourcedId"] for row in first.json()["orgs"]] == ["c", "c-school"]
    assert first.headers["x-total-count"] == "3"
    place = f"{BASE}{SERVICE}/orgs?sort=sourcedId&limit=2&offset=2"
    assert first.headers["link"] == f'<{place}>; rel="next", <{place}>; rel="last"'
    last = await get(server, "orgs", limit="100", offset="2", sort="sourcedId", orderBy="asc")
    assert [row["sourcedId"] for row in last.json()["orgs"]] == ["c-site"]
    assert 'rel="next"' not in last.headers["link"]


async def test_a_filter_finds_one_person_and_their_enrolments(server: httpx.AsyncClient, world: World) -> None:
    right = world.cast_right(7, "c")
    (user,) = (await get(server, "users", filter=f"userIds.identifier='{right.person.oid}'")).json()["users"]
    enrolments = await get(server, "enrollments", filter=f"user.sourcedId='{user['sourcedId']}'")
    (enrolment,) = enrolments.json()["enrollments"]
    assert enrolment["metadata"]["studyRightOid"] == right.oid
    assert "state" not in enrolment["metadata"]
    assert (enrolment["status"], enrolment["beginDate"], enrolment.get("endDate")) == ("active", "2025-08-18", None)


@pytest.mark.parametrize(
    ("query", "status", "minor"),
    [
        ({"filter": "nonsense"}, 400, "invalid_filter_field"),
        ({"limit": "many"}, 400, "invalid_filter_field"),
        ({"limit": "0"}, 400, "invalid_selection_field"),
    ],
)
async def test_what_cannot_be_asked_is_refused(
    server: httpx.AsyncClient, query: dict[str, str], status: int, minor: str
) -> None:
    answer = await get(server, "users", **query)
    assert answer.status_code == status
    assert answer.json()["imsx_CodeMinor"]["imsx_codeMinorField"][0]["imsx_codeMinorFieldValue"] == minor
    assert (await get(server, "grades")).status_code == 404


def test_every_row_of_the_roster_has_what_the_standard_asks(rows: dict[str, list[Json]]) -> None:
    for collection, found in rows.items():
        assert len({row["sourcedId"] for row in found}) == len(found) > MAX_PAGE, collection
        assert {row["status"] for row in found} <= {"active", "tobedeleted"}
    users = {row["sourcedId"] for row in rows["users"]}
    schools = {row["sourcedId"] for row in rows["orgs"]}
    assert all(row["user"]["sourcedId"] in users for row in rows["enrollments"])
    assert all(row["school"]["sourcedId"] in schools for row in rows["enrollments"])


# --- through the connector ------------------------------------------------------------------------------------


class Through:
    """The connector's port into the app; ``between`` runs before each call for a page."""

    def __init__(self, server: httpx.AsyncClient) -> None:
        self._server = server
        self.between: Any = lambda: None

    async def send(self, request: Outgoing) -> Incoming:
        if request.method == "GET":
            self.between()
        answer = await self._server.request(
            request.method, request.url, headers=dict(request.headers), content=request.body or None
        )
        return Incoming(status=answer.status_code, headers=dict(answer.headers), body=answer.content)


@pytest.fixture(scope="module")
def configured(tmp_path_factory: pytest.TempPathFactory, world: World) -> tuple[OneRosterSettings, TableSource]:
    """The settings of C's roster, and the source of C's files."""
    folder = tmp_path_factory.mktemp("sandbox")
    lay_out(folder, world)
    file = folder / "gateway.toml"
    file.write_text(settings_text(8081 - 5, folder))
    sources = {each.id: each for each in load(file).source}
    table, roster = sources["c-table"], sources["c-roster"]
    assert isinstance(roster, OneRosterSettings)
    return roster, TableSource(table, FixedDayClock(BUSINESS_DAY))  # type: ignore[arg-type]  # the settings of c-table


def connected(
    settings: OneRosterSettings, server: httpx.AsyncClient, **changed: Any
) -> tuple[OneRosterSource, Through]:
    settings = msgspec.structs.replace(settings, **changed)
    account = ClientCredentials(
        token_url=settings.account.token_url, client_id="gateway-c", secret_file="unused", scopes=(SCOPE,)
    )
    port = Through(server)
    http = TokenHttp(port, AccessTokens(account, port, SECRET))
    return OneRosterSource(settings, http, FixedDayClock(BUSINESS_DAY)), port


def everybody(world: World) -> list[Person]:
    persons = {right.person.oid: right.person for right in world.rights}
    return [
        Person(oid=LearnerOid(each.oid), aliases=frozenset(map(LearnerOid, each.slaves))) for each in persons.values()
    ]


def as_files_say(rights: tuple[StudyRight, ...]) -> Iterator[StudyRight]:
    """Rights with the one thing added that a window has no word for: the code of presence."""
    for right in rights:
        code = Code(uri="koskiopiskeluoikeudentila_lasna")
        periods = tuple(
            msgspec.structs.replace(each, state_code=each.state_code or code) for each in right.periods or ()
        )
        yield msgspec.structs.replace(right, periods=periods)


@pytest.mark.parametrize("filter_at_most", [0, 200])
async def test_the_roster_says_of_every_right_what_cs_files_say(
    configured: tuple[OneRosterSettings, TableSource], server: httpx.AsyncClient, world: World, filter_at_most: int
) -> None:
    settings, table = configured
    source, _ = connected(settings, server, filter_at_most=filter_at_most)
    people = everybody(world)
    of_roster, of_table = await source.rights(people), await table.rights(people)
    compared = 0
    for person in people:
        found = of_roster.answers[person.oid]
        expected = of_table.answers[person.oid].value or ()
        by_oid = sorted(expected, key=lambda each: each.oid)
        assert list(as_files_say(found.value or ())) == by_oid
        assert found.outcome is (Outcome.OK if expected else Outcome.ABSENT)
        compared += len(expected)
    assert compared == len(world.rights_of("C")) > 20


async def test_the_list_and_the_holders_are_those_of_cs_files(
    configured: tuple[OneRosterSettings, TableSource], server: httpx.AsyncClient, world: World
) -> None:
    settings, table = configured
    source, _ = connected(settings, server)
    listed, expected = await source.learners(), await table.learners()
    assert listed.answers[settings.provider].outcome is Outcome.OK
    assert listed.answers == expected.answers
    rights = [each.oid for each in world.rights]
    held = (await source.holders(rights)).answers  # type: ignore[arg-type]  # the sandbox's OIDs are plain texts
    assert {oid: answer.value for oid, answer in held.items() if answer.value} == {
        each.oid: each.person.oid for each in world.rights_of("C")
    }


async def test_the_roster_says_of_every_group_what_cs_files_say(
    configured: tuple[OneRosterSettings, TableSource], server: httpx.AsyncClient, world: World
) -> None:
    settings, table = configured
    source, _ = connected(settings, server)
    told = (await source.guided()).answers[settings.provider].value or ()

    assert [(each.role, each.group, each.person) for each in told] == 2 * [
        (Role.GUIDANCE_COUNSELLOR, "SHV-2", "1.2.246.562.98.98000009187")
    ]
    assert {each.learner for each in told} == {world.cast_right(number, "c").person.oid for number in (7, 9)}
    assert set(told) == set((await table.guided()).answers[settings.provider].value or ())


async def test_what_the_law_needs_comes_through_the_vendors_own_keys(
    configured: tuple[OneRosterSettings, TableSource], server: httpx.AsyncClient, world: World
) -> None:
    source, _ = connected(configured[0], server)

    async def right(number: int) -> StudyRight:
        person = Person(oid=LearnerOid(world.cast_right(number, "c").person.oid))
        (only,) = (await source.rights([person])).answers[person.oid].value or ()
        return only

    assert phase_on(await right(6), BUSINESS_DAY) is Phase.ANNULLED
    assert phase_on(await right(9), BUSINESS_DAY) is Phase.CURRENT
    chained, sold = (await right(16)).included_in, (await right(11)).included_in
    assert chained is not None and chained.oid == world.cast_right(16, "b").oid
    assert sold is not None and sold.oid == world.cast_right(11, "a").oid
    assert (await right(7)).included_in is None


async def test_rows_that_come_and_go_between_pages_lose_and_double_nobody(
    configured: tuple[OneRosterSettings, TableSource],
    server: httpx.AsyncClient,
    rows: dict[str, list[Json]],
    world: World,
) -> None:
    source, port = connected(configured[0], server, filter_at_most=0)
    students = {right.person.oid for right in world.rights_of("C")}
    teacher = next(row for row in rows["users"] if row["sourcedId"] == "T00001")
    calls = iter(range(10_000))

    def shift() -> None:
        # For the first reading the first row is now there and now gone, so every later page begins elsewhere.
        number = next(calls)
        if number < 30:
            rows["users"] = [row for row in rows["users"] if not row["sourcedId"].startswith("A0")]
            if number % 2:
                rows["users"].append({**teacher, "sourcedId": f"A0{number}"})

    port.between = shift
    listed = (await source.learners()).answers[configured[0].provider]
    assert (listed.outcome, set(listed.value or ())) == (Outcome.OK, students)
