"""The keys of an issuer: only fit ones, fetched seldom, kept through an outage and no longer than a day."""

import asyncio
import math

import httpx
import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from connectors.breaker import State
from connectors.client import HttpClient, Incoming, Outgoing
from gateway.keys import KeyClients, KeySet, NoKeysError
from hoks.asking import ending, time_left

from .conftest import ISSUER, Issuer, Timer


@pytest.fixture
def timer() -> Timer:
    return Timer()


@pytest.fixture
def keys(issuer: Issuer, timer: Timer) -> KeySet:
    return KeySet(f"{ISSUER}/jwks", ("ES256", "RS256"), issuer, timer=timer)


async def test_a_known_key_is_fetched_once(keys: KeySet, issuer: Issuer) -> None:
    for _ in range(5):
        await keys.key("key-1", "ES256")
    assert issuer.fetches == 1


async def test_many_who_wait_share_one_fetch(keys: KeySet, issuer: Issuer) -> None:
    await asyncio.gather(*(keys.key("key-1", "ES256") for _ in range(50)))
    assert issuer.fetches == 1


async def test_a_new_key_is_found_after_thirty_seconds(keys: KeySet, issuer: Issuer, timer: Timer) -> None:
    await keys.key("key-1", "ES256")
    issuer.key_set = {"keys": [issuer.public("key-2")]}
    timer.seconds += 29
    with pytest.raises(jwt.PyJWKError):
        await keys.key("key-2", "ES256")
    timer.seconds += 1
    await keys.key("key-2", "ES256")
    assert issuer.fetches == 2


async def test_a_key_that_the_issuer_withdrew_is_gone_after_the_next_look(
    keys: KeySet, issuer: Issuer, timer: Timer
) -> None:
    await keys.key("key-1", "ES256")
    issuer.key_set = {"keys": [issuer.public("key-2")]}
    timer.seconds += 3_601
    await keys.key("key-1", "ES256")
    await keys.key("key-2", "ES256")
    with pytest.raises(jwt.PyJWKError):
        await keys.key("key-1", "ES256")


async def test_the_last_good_keys_serve_through_an_outage_for_a_day(keys: KeySet, issuer: Issuer, timer: Timer) -> None:
    await keys.key("key-1", "ES256")
    issuer.is_down = True
    timer.seconds += 24 * 3_600
    await keys.key("key-1", "ES256")
    await keys.aclose()
    timer.seconds += 60
    with pytest.raises(NoKeysError):
        await keys.key("key-1", "ES256")


async def test_an_outage_is_tried_again_after_thirty_seconds_only(keys: KeySet, issuer: Issuer, timer: Timer) -> None:
    issuer.is_down = True
    for _ in range(20):
        with pytest.raises(NoKeysError):
            await keys.key("key-1", "ES256")
    assert issuer.fetches == 1
    issuer.is_down = False
    timer.seconds += 30
    await keys.key("key-1", "ES256")


async def test_a_broken_issuer_is_asked_once_in_thirty_seconds_whatever_keys_are_named(
    keys: KeySet, issuer: Issuer, timer: Timer
) -> None:
    issuer.is_down = True
    for minute in range(3):
        for number in range(100):
            with pytest.raises(NoKeysError):
                await keys.key(f"key-{minute}-{number}", "ES256")
            timer.seconds += 0.3
    assert issuer.fetches == 3


async def test_a_sick_issuer_is_no_sickness_of_another(issuer: Issuer) -> None:
    calls: list[str] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        calls.append(str(request.url))
        if request.url.host == "sick.test":
            return httpx.Response(503, headers={"retry-after": "30"}, stream=httpx.ByteStream(b""))
        return httpx.Response(200, stream=httpx.ByteStream(msgspec.json.encode(issuer.key_set)))

    def client(url: str) -> HttpClient:
        return HttpClient([url], source="keys of an issuer", transport=httpx.MockTransport(answer))

    sick, well = "https://sick.test/jwks", f"{ISSUER}/jwks"
    clients = KeyClients({sick: client(sick), well: client(well)})
    with pytest.raises(NoKeysError):
        await KeySet(sick, ("ES256",), clients).key("key-1", "ES256")
    with pytest.raises(NoKeysError):
        await KeySet(sick, ("ES256",), clients).key("key-1", "ES256")
    assert (await KeySet(well, ("ES256",), clients).key("key-1", "ES256")).key_id == "key-1"
    assert [each.breaker for each in clients.conditions()] == [State.OPEN, State.CLOSED]
    with pytest.raises(NoKeysError):
        await KeySet("https://other.test/jwks", ("ES256",), clients).key("key-1", "ES256")
    await clients.aclose()
    assert calls == [sick, well]


async def test_a_fetch_is_not_cut_by_the_stage_of_who_asked_first(timer: Timer, issuer: Issuer) -> None:
    class Slow:
        async def send(self, request: Outgoing) -> Incoming:
            assert time_left() == math.inf
            return await issuer.send(request)

    keys = KeySet(f"{ISSUER}/jwks", ("ES256",), Slow(), timer=timer)
    with ending(asyncio.get_running_loop().time() + 1):
        assert (await keys.key("key-1", "ES256")).key_id == "key-1"


@pytest.mark.parametrize("key_set", [[], {}, {"keys": {}}, {"keys": [1]}, {"keys": []}, "text", None])
async def test_a_malformed_key_set_gives_no_keys_and_leaves_the_old_ones(
    keys: KeySet, issuer: Issuer, timer: Timer, key_set: object
) -> None:
    await keys.key("key-1", "ES256")
    issuer.key_set = key_set
    timer.seconds += 31
    with pytest.raises(jwt.PyJWKError):
        await keys.key("key-2", "ES256")
    await keys.key("key-1", "ES256")


async def test_a_key_set_beyond_256_kilobytes_is_not_read(timer: Timer, issuer: Issuer) -> None:
    issuer.key_set = {"keys": [issuer.public("key-1", note="x" * 256_000)]}
    with pytest.raises(NoKeysError):
        await KeySet(f"{ISSUER}/jwks", ("ES256",), issuer, timer=timer).key("key-1", "ES256")


@pytest.mark.parametrize(
    "change",
    [
        {"use": "enc"},
        {"alg": "ES384"},
        {"kty": "RSA"},
        {"crv": "P-384"},
        {"key_ops": ["sign"]},
        {"kid": "k" * 129},
        {"kid": 1},
        {"x": "AA"},
        {"d": "AA"},
        {"kty": "oct", "k": "AAAA"},
    ],
    ids=str,
)
async def test_a_key_that_is_not_for_checking_signatures_is_left_out(
    timer: Timer, issuer: Issuer, change: dict[str, object]
) -> None:
    issuer.key_set = {"keys": [issuer.public("key-1", **change), issuer.public("other")]}
    keys = KeySet(f"{ISSUER}/jwks", ("ES256",), issuer, timer=timer)
    with pytest.raises(jwt.PyJWKError):
        await keys.key(str(change.get("kid", "key-1")), "ES256")
    await keys.key("other", "ES256")


async def test_a_key_without_an_algorithm_serves_those_of_its_kind_only(
    keys: KeySet, issuer: Issuer, timer: Timer
) -> None:
    rsa_key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    ec_key = ec.generate_private_key(ec.SECP256R1())
    issuer.key_set = {
        "keys": [
            {**RSAAlgorithm.to_jwk(rsa_key.public_key(), as_dict=True), "kid": "rsa"},
            {**ECAlgorithm.to_jwk(ec_key.public_key(), as_dict=True), "kid": "ec"},
        ]
    }
    assert (await keys.key("rsa", "RS256")).algorithm_name == "RS256"
    assert (await keys.key("ec", "ES256")).algorithm_name == "ES256"
    for key_id, algorithm in (("rsa", "ES256"), ("ec", "RS256"), ("rsa", "RS512"), ("rsa", "none"), ("rsa", "HS256")):
        with pytest.raises(jwt.PyJWKError):
            await keys.key(key_id, algorithm)


async def test_a_caller_who_leaves_does_not_take_the_fetch_from_the_others(timer: Timer, issuer: Issuer) -> None:
    answered = asyncio.Event()

    class Slow:
        async def send(self, request: Outgoing) -> Incoming:
            await answered.wait()
            return await issuer.send(request)

    keys = KeySet(f"{ISSUER}/jwks", ("ES256",), Slow(), timer=timer)
    leaving, waiting = (asyncio.create_task(keys.key("key-1", "ES256")) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    answered.set()
    assert (await waiting).key_id == "key-1"
    assert issuer.fetches == 1
