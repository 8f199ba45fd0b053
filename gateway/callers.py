"""Turns a bearer token and the header ``Acting-Role`` into a verified caller in exactly one acting role.

A verified token is remembered by its digest until it expires, or the issuer's keys are read anew; the acting role is
resolved for each request.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import jwt
import msgspec
from cachetools import TLRUCache

from connectors.client import HttpPort
from gateway.admission import STRANGERS, TurnOf, at_once
from gateway.errors import Code, RefusedError, invalid_token
from gateway.keys import LONGEST_KEY_ID, KeySet, NoKeysError
from gateway.settings import LONGEST_CLIENT, IssuerSettings
from hoks.caller import EITHER_WAY, WITHIN_AN_ORGANISATION, Caller, HeldRole, Role
from hoks.identifiers import Check, OrganisationOid, PersonOid, check_learner_oid, check_organisation_oid

LEEWAY_SECONDS = 60
REMEMBERED_TOKENS = 10_000
LONGEST_TOKEN = 16_384
_REQUIRED = ["exp", "iat", "iss", "aud", "sub"]
# Headers by which a token would bring its own key, or ask for processing that we do not know.
_REFUSED_HEADERS = frozenset({"jwk", "jku", "x5u", "x5c", "crit"})


class _RoleClaim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    role: str
    organisation: str | None = None


class _Claims(msgspec.Struct, frozen=True):
    sub: str
    exp: int | float
    iat: int | float
    roles: tuple[_RoleClaim, ...] = ()
    client_id: str | None = None
    azp: str | None = None


class _Issuer(NamedTuple):
    settings: IssuerSettings
    keys: KeySet


class _Signed(NamedTuple):
    """By which key a token was found to be signed."""

    issuer: _Issuer
    key_id: str
    algorithm: str
    key: jwt.PyJWK

    @property
    def is_still(self) -> bool:
        """Whether the issuer's keys are still those that it was verified with: a key may have been taken back."""
        return self.issuer.keys.known(self.key_id, self.algorithm) is self.key


class _Verified(NamedTuple):
    subject: PersonOid
    held: tuple[HeldRole, ...]
    client: str | None
    expires: float
    signed: _Signed


class Callers:
    """Everybody who may call, by the issuers of the settings."""

    def __init__(
        self,
        issuers: Iterable[IssuerSettings],
        http: HttpPort,
        *,
        timer: Callable[[], float] = time.time,
        seconds: Callable[[], float] = time.monotonic,
        turn: TurnOf = at_once,
    ) -> None:
        """``timer`` tells when tokens end, in seconds since 1970; by ``seconds`` the issuers' keys grow old.

        What was never seen before is verified in a turn of strangers.
        """
        self._turn = turn
        self._issuers: Mapping[str, _Issuer] = {
            settings.issuer: _Issuer(settings, KeySet(settings.jwks_url, settings.algorithms, http, timer=seconds))
            for settings in issuers
        }
        self._verified: TLRUCache[bytes, _Verified] = TLRUCache(
            REMEMBERED_TOKENS, ttu=lambda _digest, verified, _now: verified.expires, timer=timer
        )

    async def identify(self, authorization: str | None, acting_role: str | None) -> Caller:
        """The caller behind the two headers; ``RefusedError`` where there is none."""
        token = _bearer(authorization)
        digest = hashlib.sha256(token.encode()).digest()
        verified = self._verified.get(digest)
        if verified is None or not verified.signed.is_still:
            async with self._turn(STRANGERS):
                verified = await self._verify(token)
            self._verified[digest] = verified
        acting = _acting(verified.held, acting_role)
        return Caller(subject=verified.subject, acting=acting, held=verified.held, client=verified.client)

    async def aclose(self) -> None:
        """Give up whatever fetch of keys is under way."""
        for issuer in self._issuers.values():
            await issuer.keys.aclose()

    async def _verify(self, token: str) -> _Verified:
        try:
            header = jwt.get_unverified_header(token)
            issuer = self._issuer_of(token)
            key_id, algorithm = _key_id(header), str(header.get("alg"))
            key = await issuer.keys.key(key_id, algorithm)
            claims = jwt.decode(
                token,
                key,
                algorithms=list(issuer.settings.algorithms),
                audience=issuer.settings.audience,
                issuer=issuer.settings.issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": _REQUIRED, "enforce_minimum_key_length": True},
            )
            return _accepted(msgspec.convert(claims, _Claims), _Signed(issuer, key_id, algorithm, key))
        except NoKeysError:
            raise RefusedError(Code.UNAVAILABLE) from None
        # PyJWT leaks plain errors of the standard library for some malformed tokens.
        except (jwt.PyJWTError, msgspec.ValidationError, ValueError, TypeError, OverflowError, RecursionError):
            raise invalid_token() from None

    def _issuer_of(self, token: str) -> _Issuer:
        # Not verified yet: it only chooses whose keys and rules the token must stand up to.
        claimed = jwt.decode(token, options={"verify_signature": False}).get("iss")
        issuer = self._issuers.get(claimed) if isinstance(claimed, str) else None
        if issuer is None:
            raise invalid_token()
        return issuer


def _bearer(authorization: str | None) -> str:
    if authorization is None:
        raise RefusedError(Code.UNAUTHENTICATED, headers={"www-authenticate": "Bearer"})
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    # A comma appears when the header was sent twice; no token holds one.
    if scheme.lower() != "bearer" or not token.isascii() or "," in token or len(token) > LONGEST_TOKEN:
        raise invalid_token()
    return token


def _key_id(header: Mapping[str, object]) -> str:
    key_id = header.get("kid")
    if _REFUSED_HEADERS & header.keys() or not isinstance(key_id, str) or not 0 < len(key_id) <= LONGEST_KEY_ID:
        raise invalid_token()
    return key_id


def _accepted(claims: _Claims, signed: _Signed) -> _Verified:
    longest = signed.issuer.settings.max_token_hours * 3600
    # `not <=` rather than `>`: a life that is no number is refused too.
    if check_learner_oid(claims.sub) is Check.MALFORMED or not 0 < claims.exp - claims.iat <= longest:
        raise invalid_token()
    held = dict.fromkeys(role for claim in claims.roles if (role := _held(claim)) is not None)
    return _Verified(PersonOid(claims.sub), tuple(held), _client(claims), claims.exp, signed)


def _client(claims: _Claims) -> str | None:
    """The client that the token was issued to: ``client_id`` (RFC 9068) or ``azp`` (OpenID Connect)."""
    named = {each for each in (claims.client_id, claims.azp) if each is not None}
    # INVARIANT: a token that names two is nobody's: one of them could be bound to fewer operations than the other.
    if len(named) > 1 or any(not 0 < len(each) <= LONGEST_CLIENT for each in named):
        raise invalid_token()
    return next(iter(named), None)


def _held(claim: _RoleClaim) -> HeldRole | None:
    """The role as held; ``None`` for a role we do not know and for one that stands in the wrong kind of place."""
    if claim.role not in _ROLES:
        return None
    role = Role(claim.role)
    if role not in EITHER_WAY and (role in WITHIN_AN_ORGANISATION) != (claim.organisation is not None):
        return None
    if claim.organisation is None:
        return HeldRole(role)
    if check_organisation_oid(claim.organisation) is not Check.OK:
        return None
    return HeldRole(role, OrganisationOid(claim.organisation))


_ROLES = frozenset(role.value for role in Role)


def _acting(held: tuple[HeldRole, ...], named: str | None) -> HeldRole:
    if named is None and len(held) > 1:
        raise RefusedError(Code.ACTING_ROLE_REQUIRED)
    for role in held:
        if named is None or named.strip() == _as_named(role):
            return role
    raise RefusedError(Code.ACTING_ROLE_NOT_HELD)


def _as_named(role: HeldRole) -> str:
    return role.role.value if role.organisation is None else f"{role.role.value}@{role.organisation}"
