"""The issuer signs tokens that its published key verifies."""

import httpx
import jwt
import pytest

from sandbox.cast import cast, person_oid
from sandbox.issuer import issuer_app
from sandbox.organisations import organisation

from .conftest import client_of

ISSUER = "http://127.0.0.1:8081"


@pytest.fixture
def issuer() -> httpx.AsyncClient:
    return client_of(issuer_app(ISSUER))


async def claims(client: httpx.AsyncClient, persona: str) -> dict[str, object]:
    answer = (await client.post("/token", json={"persona": persona})).json()
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 43200
    token = answer["access_token"]
    keys = jwt.PyJWKSet.from_dict((await client.get("/jwks")).json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    required = ["iss", "aud", "sub", "iat", "exp", "jti"]
    read: dict[str, object] = jwt.decode(
        token, key, ["ES256"], audience="hoks-gateway", issuer=ISSUER, options={"require": required}
    )
    return read


async def test_a_token_verifies_against_the_published_key_and_carries_the_role(issuer: httpx.AsyncClient) -> None:
    staff = await claims(issuer, "staff-a-school")
    assert staff["roles"] == [{"role": "staff", "organisation": organisation("A-school").oid}]
    student = await claims(issuer, "student-7")
    assert student["roles"] == [{"role": "student"}]
    assert student["sub"] == person_oid(7)
    assert (await claims(issuer, "system-a"))["roles"] == [{"role": "system", "organisation": organisation("A").oid}]


async def test_a_token_names_the_client_that_it_is_issued_to(issuer: httpx.AsyncClient) -> None:
    answer = (await issuer.post("/token", json={"persona": "staff-a", "client": "tool"})).json()
    issued = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert issued["client_id"] == "tool"
    assert "client_id" not in await claims(issuer, "staff-a")


async def test_two_tokens_have_two_ids(issuer: httpx.AsyncClient) -> None:
    assert (await claims(issuer, "staff-a"))["jti"] != (await claims(issuer, "staff-a"))["jti"]


async def test_no_private_part_of_the_key_is_published(issuer: httpx.AsyncClient) -> None:
    (key,) = (await issuer.get("/jwks")).json()["keys"]
    assert key.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"}


async def test_the_configuration_points_at_the_issuer_itself(issuer: httpx.AsyncClient) -> None:
    told = (await issuer.get("/.well-known/openid-configuration")).json()
    assert told["issuer"] == ISSUER
    assert told["jwks_uri"] == f"{ISSUER}/jwks"


async def test_an_unknown_persona_is_told_who_there_is(issuer: httpx.AsyncClient) -> None:
    for body in (b'{"persona": "nobody"}', b"[]", b"{", b'{"persona": ["staff-a"]}'):
        answer = await issuer.post("/token", content=body)
        assert answer.status_code == 404
        assert answer.json() == {"error": "unknown_persona", "personas": [p.persona for p in cast()]}


async def test_personas_are_listed_with_what_they_show(issuer: httpx.AsyncClient) -> None:
    listed = (await issuer.get("/personas")).json()
    assert [p["persona"] for p in listed] == [p.persona for p in cast()]
    assert all(
        p.keys() == {"persona", "title", "shows", "actingRoles", "students"} and p["title"] and p["shows"]
        for p in listed
    )
    roles = {p["persona"]: p["actingRoles"] for p in listed}
    of_staff = f"staff@{organisation('A').oid}"
    assert roles["dual-a"] == [of_staff, f"responsible_teacher@{organisation('A-school').oid}"]
    assert roles["student-7"] == ["student"]
    students = {p["persona"]: p["students"] for p in listed}
    assert students["teacher-a"] == [person_oid(number) for number in (1, 4, 7)]
    assert students["instructor-1"] == [person_oid(number) for number in (1, 7)]
    assert students["student-7"] == students["recipient-1"] == [person_oid(7)]
    assert students["staff-a"] == []


async def test_pages_of_the_gateway_alone_may_read_what_it_says() -> None:
    client = client_of(issuer_app(ISSUER, pages=["http://localhost:8080"]))
    for origin, allowed in (("http://localhost:8080", "http://localhost:8080"), ("http://evil.test", None)):
        answer = await client.get("/personas", headers={"origin": origin})
        assert answer.headers.get("access-control-allow-origin") == allowed
