"""Signs real tokens for the cast, with a key that lives as long as the process; to any client that is named."""

import time
import uuid
from collections.abc import Callable, Sequence

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .cast import Persona, cast, person_oid, students_of
from .organisations import organisation

AUDIENCE = "hoks-gateway"
TOKEN_SECONDS = 12 * 3600
_KEY_ID = "sandbox"


def issuer_app(issuer: str, clock: Callable[[], float] = time.time, pages: Sequence[str] = ()) -> Starlette:
    """An OpenID provider whose only way to log in is to name a persona; ``pages`` are origins that may read it."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    jwks = {"keys": [public | {"kid": _KEY_ID, "use": "sig", "alg": "ES256"}]}
    personas = {p.persona: p for p in cast()}

    async def configuration(_: Request) -> Response:
        return _json(
            {
                "issuer": issuer,
                "jwks_uri": f"{issuer}/jwks",
                "token_endpoint": f"{issuer}/token",
                "response_types_supported": ["token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
            }
        )

    async def keys(_: Request) -> Response:
        return _json(jwks)

    async def listing(_: Request) -> Response:
        return _json([_listed(each) for each in personas.values()])

    async def token(request: Request) -> Response:
        wanted = await _asked(request)
        persona = personas.get(str(wanted.get("persona", "")))
        if persona is None:
            return _json({"error": "unknown_persona", "personas": list(personas)}, 404)
        claims = _claims(persona, issuer, int(clock()))
        if wanted.get("client"):
            claims["client_id"] = str(wanted["client"])
        signed = jwt.encode(claims, key, algorithm="ES256", headers={"kid": _KEY_ID})
        return _json({"access_token": signed, "token_type": "Bearer", "expires_in": TOKEN_SECONDS})

    return Starlette(
        routes=[
            Route("/.well-known/openid-configuration", configuration),
            Route("/jwks", keys),
            Route("/personas", listing),
            Route("/token", token, methods=["POST"]),
        ],
        middleware=[Middleware(CORSMiddleware, allow_origins=pages, allow_methods=("GET", "POST"))],
    )


def _listed(persona: Persona) -> dict[str, object]:
    """A persona, each role as the header ``Acting-Role`` names it, and the students to whom the cast ties them."""
    roles = [f"{role}@{oid}" if oid else role for role, oid in _roles(persona)]
    return {
        "persona": persona.persona,
        "title": persona.title,
        "shows": persona.shows,
        "actingRoles": roles,
        "students": [person_oid(number) for number in students_of(persona.persona)],
    }


async def _asked(request: Request) -> dict[str, object]:
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _claims(persona: Persona, issuer: str, now: int) -> dict[str, object]:
    roles = [{"role": role, **({"organisation": oid} if oid else {})} for role, oid in _roles(persona)]
    return {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": persona.subject,
        "iat": now,
        "exp": now + TOKEN_SECONDS,
        "jti": str(uuid.uuid4()),
        "roles": roles,
    }


def _roles(persona: Persona) -> list[tuple[str, str | None]]:
    """Each role, with the OID of the organisation in which it is held, if any."""
    return [(each.role, organisation(each.organisation).oid if each.organisation else None) for each in persona.roles]


def _json(value: object, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type="application/json")
