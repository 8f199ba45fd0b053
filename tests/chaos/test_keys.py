"""The keys by which callers are known: an issuer that fails lets nobody in and keeps nobody out whose key is known."""

import asyncio
import json
import time
from collections.abc import Mapping

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from sandbox.issuer import AUDIENCE
from sandbox.settings import url
from tests.chaos.conftest import WHOLE
from tests.chaos.faults import ELIAS, FAULTS, GROUPS
from tests.chaos.proxy import Fault
from tests.chaos.scene import Scene, gateway, listening
from tests.chaos.verdict import PERSONAL, TROUBLE

QUERY = "{ viewer { role } }"
ASKING = 5
MOST_CALLS = 2
"""One, and once more where nothing was heard of it."""
_OTHER = ec.generate_private_key(ec.SECP256R1())
_PUBLIC = ECAlgorithm.to_jwk(_OTHER.public_key(), as_dict=True) | {"use": "sig", "alg": "ES256"}


def _set_of(*keys: Mapping[str, object]) -> bytes:
    return json.dumps({"keys": keys}).encode()


OF_KEYS = (
    Fault(name="no-keys", body=_set_of()),
    Fault(name="keys-for-encrypting", body=_set_of(_PUBLIC | {"kid": "sandbox", "use": "enc"})),
    Fault(name="another-key-only", body=_set_of(_PUBLIC | {"kid": "another"})),
    Fault(name="another-key-under-the-same-id", body=_set_of(_PUBLIC | {"kid": "sandbox"})),
    Fault(name="flood-of-keys", body=_set_of(*(_PUBLIC | {"kid": f"{number}"} for number in range(3_000)))),
    Fault(name="keys-that-are-none", body=b'{"keys":[1,"x",null]}'),
)
FINE = (200,)
EXPECTED: Mapping[str, tuple[int, ...] | tuple[int, str]] = {
    **dict.fromkeys(FAULTS, (503, "UNAVAILABLE")),
    **dict.fromkeys(("slow-accept", "latency-0.1", "jitter", "no-length", "chunked", "early-hints"), FINE),
    **dict.fromkeys(("extra-bytes", "two-answers", "gzip", "latin-1", "lone-surrogates", "text-plain"), FINE),
    **dict.fromkeys((fault.name for fault in GROUPS["clock"]), FINE),
    # Of what these change there is nothing in keys.
    **dict.fromkeys((fault.name for fault in GROUPS["meaning"]), FINE),
    **dict.fromkeys(("nan", "duplicate-keys", "6000-digit-number", "huge-string", "marks-without-end"), FINE),
    **dict.fromkeys(("no-keys", "keys-for-encrypting", "keys-that-are-none", "flood-of-keys"), (503, "UNAVAILABLE")),
    # The issuer has answered, and has no such key: that is the caller's fault.
    "another-key-only": (401, "UNAUTHENTICATED"),
    "another-key-under-the-same-id": (401, "UNAUTHENTICATED"),
}
"""What whoever asks is told while the gateway has no keys yet."""
LATER_SECONDS = {"another-key-under-the-same-id": 3_601.0}
"""When the issuer's own key is found again; else after thirty seconds. A key whose id is known is not asked for."""
SAMPLE = ("refuse", "black-hole", "status-500", "html-200", "million-empty-objects", "another-key-only")
BY_NAME = {**FAULTS, **{fault.name: fault for fault in OF_KEYS}}


class Seconds:
    """A clock that goes on by itself and may be turned on."""

    def __init__(self) -> None:
        self.more = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.more


def test_every_fault_of_keys_has_an_expectation() -> None:
    assert {fault.name for fault in OF_KEYS} <= EXPECTED.keys()


@pytest.mark.proves("without keys nobody is let in, in time, and the issuer is asked once")
@pytest.mark.parametrize("name", EXPECTED if WHOLE else SAMPLE)
async def test_without_keys_nobody_is_let_in_and_the_issuer_is_asked_once(here: Scene, name: str) -> None:
    here.heal()
    here.token("student-7")
    seconds = Seconds()
    calls, proxy = here.proxies["issuer"].calls.total(), here.proxies["issuer"]
    with listening() as log:
        async with gateway(here, seconds=seconds, knows_callers=False) as front:
            here.play(BY_NAME[name], "keys")
            told = await asyncio.gather(*(front.ask("student-7", QUERY) for _ in range(ASKING)))
            told.append(await front.ask("student-7", QUERY))
            assert [(each.status, *each.codes) for each in told] == [EXPECTED[name]] * (ASKING + 1)
            assert not any(each.is_late for each in told)
            assert proxy.calls.total() - calls <= MOST_CALLS
            here.heal()
            assert sum("token issuer" in line for line in log.lines) == (EXPECTED[name][0] == 503)
            seconds.more = LATER_SECONDS.get(name, 31.0)
            # The first to ask then may still be judged by the old keys.
            await front.ask("student-7", QUERY)
            await asyncio.sleep(0.1)
            after = await front.ask("student-7", QUERY)
            is_left_alone = any("breaker open" in line for line in log.lines)
            assert (after.status, after.codes) == ((503, ["UNAVAILABLE"]) if is_left_alone else (200, []))
    assert [line for line in log.lines if PERSONAL.search(line) or TROUBLE.search(line)] == []


@pytest.mark.parametrize("name", ["black-hole", "status-500", "no-keys"])
async def test_known_keys_serve_through_an_outage_and_unknown_ones_are_refused_at_once(here: Scene, name: str) -> None:
    here.heal()
    seconds = Seconds()
    async with gateway(here, seconds=seconds) as front:
        here.play(BY_NAME[name], "keys")
        seconds.more = 3_700.0
        # From now on a look at the issuer is due; nobody waits for it whose key is known.
        known = [await front.ask(persona, QUERY) for persona in ("student-7", "staff-a", "student-7")]
        assert [each.status for each in known] == [200] * 3
        assert max(each.seconds for each in known) < 0.5
        foreign = [await front.ask("", QUERY, _signed(here, f"key-{number}")) for number in range(20)]
        assert {(each.status, *each.codes) for each in foreign} == {(401, "UNAUTHENTICATED")}
        assert max(each.seconds for each in foreign[1:]) < 0.5
    here.heal()


def _signed(here: Scene, key_id: str) -> str:
    claims = {"iss": url(here.port, "issuer"), "aud": AUDIENCE, "sub": ELIAS}
    return jwt.encode(claims, _OTHER, algorithm="ES256", headers={"kid": key_id})
