"""An issuer with keys of its own, behind the HTTP port, and what the endpoint needs to be tried alone."""

import time
from collections.abc import Mapping

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from connectors.client import Incoming, Outgoing
from connectors.failures import Reason, SourceUnavailable
from gateway.settings import IssuerSettings

ISSUER = "https://issuer.test"
AUDIENCE = "hoks-gateway"
PERSON = "1.2.246.562.98.98000000902"
PROVIDER_A = "1.2.246.562.99.99000000016"
PROVIDER_B = "1.2.246.562.99.99000000024"
STAFF_A = {"role": "staff", "organisation": PROVIDER_A}
STAFF_B = {"role": "staff", "organisation": PROVIDER_B}
STUDENT = {"role": "student"}


class Issuer:
    """A token issuer, as whoever fetches its keys over the port sees it."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.key_set: object = {"keys": [self.public("key-1")]}
        self.fetches = 0
        self.is_down = False

    def public(self, key_id: str, **changes: object) -> dict[str, object]:
        """The public key as the issuer publishes it."""
        key: dict[str, object] = dict(ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True))
        return {**key, "kid": key_id, "use": "sig", "alg": "ES256", **changes}

    async def send(self, request: Outgoing) -> Incoming:
        """Answer a request for the keys."""
        assert (request.method, request.url) == ("GET", f"{ISSUER}/jwks")
        self.fetches += 1
        if self.is_down:
            raise SourceUnavailable(Reason.CONNECT)
        return Incoming(status=200, body=msgspec.json.encode(self.key_set))

    def token(
        self,
        *roles: Mapping[str, object],
        headers: Mapping[str, object] | None = None,
        without: tuple[str, ...] = (),
        claims: Mapping[str, object] | None = None,
        **changes: object,
    ) -> str:
        """A token signed by the issuer, with claims changed or left out."""
        now = int(time.time())
        good: dict[str, object] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": PERSON,
            "iat": now,
            "exp": now + 600,
            "roles": list(roles),
            **(claims or {}),
            **changes,
        }
        kept = {name: value for name, value in good.items() if name not in without}
        return jwt.encode(kept, self.key, algorithm="ES256", headers={"kid": "key-1", **(headers or {})})


class Timer:
    """A clock that tests turn by hand."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def trusted() -> IssuerSettings:
    return IssuerSettings(issuer=ISSUER, audience=AUDIENCE, jwks_url=f"{ISSUER}/jwks")
