"""Who gets in: only bearers of good tokens of known issuers, in one role that the token holds."""

import asyncio
import base64
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.callers import Callers
from gateway.errors import Code, RefusedError
from gateway.keys import KEEP_SECONDS, REFRESH_SECONDS
from gateway.settings import IssuerSettings
from hoks.caller import HeldRole, Role
from hoks.identifiers import OrganisationOid

from .conftest import AUDIENCE, ISSUER, PERSON, PROVIDER_A, STAFF_A, STAFF_B, STUDENT, Issuer, Timer


@pytest.fixture
async def callers(issuer: Issuer, trusted: IssuerSettings) -> AsyncIterator[Callers]:
    callers = Callers([trusted], issuer)
    yield callers
    await callers.aclose()


async def refused(callers: Callers, token: str | None, role: str | None = None) -> Code:
    with pytest.raises(RefusedError) as refusal:
        await callers.identify(None if token is None else f"Bearer {token}", role)
    return refusal.value.code


def forged(header: Mapping[str, object], claims: Mapping[str, object], signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def claims(**changes: object) -> dict[str, object]:
    now = int(time.time())
    good = {"iss": ISSUER, "aud": AUDIENCE, "sub": PERSON, "iat": now, "exp": now + 600, "roles": [STUDENT]}
    return {**good, **changes}


# --- tokens


async def test_a_good_token_makes_a_caller_in_its_only_role(callers: Callers, issuer: Issuer) -> None:
    caller = await callers.identify(f"Bearer {issuer.token(STAFF_A)}", None)
    assert caller.subject == PERSON
    assert caller.acting == HeldRole(Role.STAFF, OrganisationOid(PROVIDER_A))
    assert caller.held == (caller.acting,)


@pytest.mark.parametrize("named", [{"client_id": "tool"}, {"azp": "tool"}, {"client_id": "tool", "azp": "tool"}])
async def test_the_client_is_the_one_that_the_token_was_issued_to(
    callers: Callers, issuer: Issuer, named: dict[str, str]
) -> None:
    assert (await callers.identify(f"Bearer {issuer.token(STUDENT, claims=named)}", None)).client == "tool"
    assert (await callers.identify(f"Bearer {issuer.token(STUDENT)}", None)).client is None


@pytest.mark.parametrize(
    "named", [{"client_id": "tool", "azp": "other"}, {"client_id": ""}, {"azp": "x" * 201}, {"azp": ["tool"]}]
)
async def test_a_token_of_two_clients_or_of_none_that_can_be_named_is_unauthenticated(
    callers: Callers, issuer: Issuer, named: dict[str, object]
) -> None:
    assert await refused(callers, issuer.token(STUDENT, claims=named)) is Code.UNAUTHENTICATED


async def test_the_scheme_is_read_in_any_case(callers: Callers, issuer: Issuer) -> None:
    assert (await callers.identify(f"bearer  {issuer.token(STUDENT)}", None)).role is Role.STUDENT


async def test_no_token_is_unauthenticated_and_the_client_is_told_the_scheme(callers: Callers) -> None:
    with pytest.raises(RefusedError) as refusal:
        await callers.identify(None, None)
    assert refusal.value.status == 401
    assert refusal.value.headers == {"www-authenticate": "Bearer"}


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer a.b", "Bearer ä.ö.å", "Bearer ...."])
async def test_what_is_no_bearer_token_is_unauthenticated(callers: Callers, header: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        await callers.identify(header, None)
    assert refusal.value.code is Code.UNAUTHENTICATED


async def test_two_authorization_headers_are_unauthenticated(callers: Callers, issuer: Issuer) -> None:
    token = issuer.token(STUDENT)
    assert await refused(callers, f"{token}, Bearer {token}") is Code.UNAUTHENTICATED


async def test_a_token_longer_than_16_kilobytes_is_unauthenticated(callers: Callers, issuer: Issuer) -> None:
    assert await refused(callers, issuer.token(STUDENT, padding="x" * 20_000)) is Code.UNAUTHENTICATED


async def test_a_token_signed_by_another_key_is_unauthenticated(callers: Callers) -> None:
    assert await refused(callers, Issuer().token(STAFF_A)) is Code.UNAUTHENTICATED


async def test_a_token_whose_claims_were_changed_is_unauthenticated(callers: Callers, issuer: Issuer) -> None:
    header, _, signature = issuer.token(STUDENT).split(".")
    payload = forged({}, claims(roles=[STAFF_A])).split(".")[1]
    assert await refused(callers, f"{header}.{payload}.{signature}") is Code.UNAUTHENTICATED


@pytest.mark.parametrize("algorithm", ["none", "None", "", None])
async def test_an_unsigned_token_is_unauthenticated(callers: Callers, algorithm: str | None) -> None:
    token = forged({"alg": algorithm, "typ": "JWT", "kid": "key-1"}, claims())
    assert await refused(callers, token) is Code.UNAUTHENTICATED


async def test_a_token_signed_with_the_public_key_as_a_shared_secret_is_unauthenticated(
    callers: Callers, issuer: Issuer
) -> None:
    public = issuer.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    unsigned = forged({"alg": "HS256", "typ": "JWT", "kid": "key-1"}, claims()).rsplit(".", 1)[0]
    mac = base64.urlsafe_b64encode(hmac.digest(public, unsigned.encode(), "sha256")).rstrip(b"=").decode()
    assert await refused(callers, f"{unsigned}.{mac}") is Code.UNAUTHENTICATED


async def test_an_algorithm_that_the_settings_do_not_name_is_unauthenticated(callers: Callers, issuer: Issuer) -> None:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    published = {**jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": "key-2"}
    issuer.key_set = {"keys": [published, issuer.public("key-1")]}
    token = jwt.encode(claims(), key, algorithm="RS256", headers={"kid": "key-2"})
    assert await refused(callers, token) is Code.UNAUTHENTICATED


WRONG: dict[str, Callable[[int], dict[str, object]]] = {
    "another audience": lambda now: {"aud": "another-service"},
    "other audiences": lambda now: {"aud": ["another-service", "a-third"]},
    "another issuer": lambda now: {"iss": "https://other.test"},
    "the issuer with a slash": lambda now: {"iss": f"{ISSUER}/"},
    "long over": lambda now: {"exp": 1_700_000_000, "iat": 1_699_999_000},
    "just over": lambda now: {"exp": now - 61, "iat": now - 600},
    "good for too long": lambda now: {"exp": now + 13 * 3600},
    "good for ages": lambda now: {"exp": 99_999_999_999},
    "an end that is no number": lambda now: {"exp": "tomorrow"},
    "of the future": lambda now: {"iat": now + 3_600, "exp": now + 7_200},
    "of a near future": lambda now: {"iat": now + 900},
    "not yet good": lambda now: {"nbf": now + 600},
    "of nobody": lambda now: {"sub": ""},
    "of a number": lambda now: {"sub": 7},
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_token_with_a_wrong_claim_is_unauthenticated(callers: Callers, issuer: Issuer, wrong: str) -> None:
    token = issuer.token(STAFF_A, claims=WRONG[wrong](int(time.time())))
    assert await refused(callers, token) is Code.UNAUTHENTICATED


@pytest.mark.parametrize("claim", ["exp", "iat", "iss", "aud", "sub"])
async def test_a_token_without_a_required_claim_is_unauthenticated(
    callers: Callers, issuer: Issuer, claim: str
) -> None:
    assert await refused(callers, issuer.token(STAFF_A, without=(claim,))) is Code.UNAUTHENTICATED


async def test_an_audience_among_others_is_good(callers: Callers, issuer: Issuer) -> None:
    token = issuer.token(STAFF_A, aud=["another-service", AUDIENCE])
    assert (await callers.identify(f"Bearer {token}", None)).role is Role.STAFF


async def test_clocks_may_differ_by_a_minute(callers: Callers, issuer: Issuer) -> None:
    now = int(time.time())
    assert await callers.identify(f"Bearer {issuer.token(STAFF_A, iat=now - 300, exp=now - 30)}", None)
    assert await callers.identify(f"Bearer {issuer.token(STAFF_A, iat=now + 30)}", None)


@pytest.mark.parametrize(
    "header",
    [
        {"jwk": {"kty": "EC"}},
        {"jku": "https://attacker.test/keys"},
        {"x5u": "https://attacker.test/cert"},
        {"x5c": ["MIIB"]},
        {"crit": ["b64"]},
        {"kid": "k" * 129},
        {"kid": ""},
    ],
    ids=lambda header: next(iter(header)),
)
async def test_a_token_that_brings_or_misnames_a_key_is_refused_before_any_fetch(
    callers: Callers, issuer: Issuer, header: dict[str, object]
) -> None:
    assert await refused(callers, issuer.token(STAFF_A, headers=header)) is Code.UNAUTHENTICATED
    assert issuer.fetches == 0


async def test_a_verified_token_is_remembered_until_it_expires(issuer: Issuer, trusted: IssuerSettings) -> None:
    timer = Timer()
    timer.seconds = time.time()
    callers = Callers([trusted], issuer, timer=timer)
    now = int(time.time())
    token = issuer.token(STAFF_A, iat=now - 300, exp=now + 2)
    await callers.identify(f"Bearer {token}", None)
    # The digest alone is remembered, so another text with the same claims is verified on its own.
    header, payload, signature = token.split(".")
    assert await refused(callers, f"{header}.{payload}.{signature[:-4]}AAAA") is Code.UNAUTHENTICATED
    timer.seconds += 600
    assert (await callers.identify(f"Bearer {token}", None)).role is Role.STAFF


async def test_a_remembered_token_is_refused_once_its_key_was_taken_back(
    issuer: Issuer, trusted: IssuerSettings
) -> None:
    seconds = Timer()
    callers = Callers([trusted], issuer, seconds=seconds)
    token = issuer.token(STAFF_A)
    await callers.identify(f"Bearer {token}", None)
    issuer.key_set = {"keys": [issuer.public("key-2")]}
    assert (await callers.identify(f"Bearer {token}", None)).role is Role.STAFF
    seconds.seconds += REFRESH_SECONDS + 1
    # This one does not wait for the keys that it sends for.
    assert (await callers.identify(f"Bearer {token}", None)).role is Role.STAFF
    await asyncio.sleep(0.01)
    assert await refused(callers, token) is Code.UNAUTHENTICATED


async def test_a_remembered_token_outlives_an_issuer_that_is_down_by_a_day_and_no_longer(
    issuer: Issuer, trusted: IssuerSettings
) -> None:
    seconds = Timer()
    callers = Callers([trusted], issuer, seconds=seconds)
    token = issuer.token(STAFF_A)
    await callers.identify(f"Bearer {token}", None)
    issuer.is_down = True
    seconds.seconds += KEEP_SECONDS
    assert (await callers.identify(f"Bearer {token}", None)).role is Role.STAFF
    await asyncio.sleep(0.01)
    seconds.seconds += 31
    assert await refused(callers, token) is Code.UNAVAILABLE


async def test_the_acting_role_is_resolved_anew_for_a_remembered_token(callers: Callers, issuer: Issuer) -> None:
    token = issuer.token(STAFF_A, STAFF_B)
    assert (await callers.identify(f"Bearer {token}", f"staff@{PROVIDER_A}")).organisation == PROVIDER_A
    assert await refused(callers, token) is Code.ACTING_ROLE_REQUIRED
    assert await refused(callers, token, "student") is Code.ACTING_ROLE_NOT_HELD


# --- roles


async def test_several_roles_need_a_named_one(callers: Callers, issuer: Issuer) -> None:
    token = issuer.token(STAFF_A, STUDENT)
    assert await refused(callers, token) is Code.ACTING_ROLE_REQUIRED
    assert (await callers.identify(f"Bearer {token}", "student")).acting == HeldRole(Role.STUDENT)
    named = await callers.identify(f"Bearer {token}", f"staff@{PROVIDER_A}")
    assert named.organisation == PROVIDER_A
    assert len(named.held) == 2


@pytest.mark.parametrize(
    "named",
    [
        "",
        "staff",
        "staff@",
        f"staff@{PROVIDER_A}x",
        f"STAFF@{PROVIDER_A}",
        f"system@{PROVIDER_A}",
        f"staff@{STAFF_B['organisation']}",
        f"staff@{PROVIDER_A}, student",
        "oph",
        "@",
    ],
)
async def test_a_role_that_is_not_held_is_refused_even_where_the_token_has_only_one(
    callers: Callers, issuer: Issuer, named: str
) -> None:
    assert await refused(callers, issuer.token(STAFF_A), named) is Code.ACTING_ROLE_NOT_HELD


async def test_a_token_without_roles_acts_in_none(callers: Callers, issuer: Issuer) -> None:
    assert await refused(callers, issuer.token()) is Code.ACTING_ROLE_NOT_HELD
    assert await refused(callers, issuer.token(without=("roles",)), "student") is Code.ACTING_ROLE_NOT_HELD


@pytest.mark.parametrize(
    "role",
    [
        {"role": "minister"},
        {"role": "staff"},
        {"role": "staff", "organisation": None},
        {"role": "staff", "organisation": "A"},
        {"role": "student", "organisation": PROVIDER_A},
    ],
    ids=str,
)
async def test_a_role_that_cannot_be_held_so_is_dropped(
    callers: Callers, issuer: Issuer, role: dict[str, object]
) -> None:
    assert await refused(callers, issuer.token(role)) is Code.ACTING_ROLE_NOT_HELD
    caller = await callers.identify(f"Bearer {issuer.token(role, STAFF_B)}", None)
    assert caller.held == (HeldRole(Role.STAFF, OrganisationOid(str(STAFF_B["organisation"]))),)


async def test_a_consents_recipient_is_a_person_as_such_or_whoever_acts_for_an_organisation(
    callers: Callers, issuer: Issuer
) -> None:
    named = {"role": "consent_recipient", "organisation": PROVIDER_A}
    both = issuer.token({"role": "consent_recipient"}, named)
    assert (await callers.identify(f"Bearer {both}", "consent_recipient")).organisation is None
    assert (await callers.identify(f"Bearer {both}", f"consent_recipient@{PROVIDER_A}")).organisation == PROVIDER_A
    assert await refused(callers, issuer.token({**named, "organisation": "A"})) is Code.ACTING_ROLE_NOT_HELD


async def test_a_role_named_twice_is_one_role(callers: Callers, issuer: Issuer) -> None:
    assert len((await callers.identify(f"Bearer {issuer.token(STAFF_A, STAFF_A)}", None)).held) == 1


@pytest.mark.parametrize("roles", ["staff", [None], ["staff"], [{"organisation": PROVIDER_A}], [{"role": 1}], {}, None])
async def test_a_malformed_role_claim_is_unauthenticated(callers: Callers, issuer: Issuer, roles: object) -> None:
    assert await refused(callers, issuer.token(roles=roles)) is Code.UNAUTHENTICATED


async def test_a_role_with_a_condition_that_we_do_not_know_is_unauthenticated(callers: Callers, issuer: Issuer) -> None:
    assert await refused(callers, issuer.token({**STAFF_A, "until": "2020-01-01"})) is Code.UNAUTHENTICATED


# --- issuers


async def test_a_token_of_one_issuer_is_not_checked_with_the_keys_of_another(
    issuer: Issuer, trusted: IssuerSettings
) -> None:
    second = IssuerSettings(issuer="https://second.test", audience=AUDIENCE, jwks_url=f"{ISSUER}/jwks")
    callers = Callers([trusted, second], issuer)
    other = Issuer()
    assert await refused(callers, other.token(STAFF_A, iss="https://second.test")) is Code.UNAUTHENTICATED


async def test_without_any_keys_the_gateway_is_unavailable_rather_than_the_token_bad(
    callers: Callers, issuer: Issuer
) -> None:
    issuer.is_down = True
    assert await refused(callers, issuer.token(STAFF_A)) is Code.UNAVAILABLE


async def test_a_storm_of_unknown_keys_asks_the_issuer_once(callers: Callers, issuer: Issuer) -> None:
    tokens = [issuer.token(STAFF_A, headers={"kid": f"../{n}"}) for n in range(200)]
    codes = await asyncio.gather(*(refused(callers, token) for token in tokens))
    assert set(codes) == {Code.UNAUTHENTICATED}
    assert issuer.fetches == 1
    assert (await callers.identify(f"Bearer {issuer.token(STAFF_A)}", None)).role is Role.STAFF
    assert issuer.fetches == 1
