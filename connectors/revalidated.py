"""The port for sources that say which version of a document they gave: asked again, they may say that it still holds.

INVARIANT: a remembered body is used only where the source itself has just said, to the same credential, that it holds.
"""

import re
import time
from collections.abc import Callable, Collection, Mapping

import cachetools
import cachetools.keys
import msgspec

from connectors.client import HttpPort, Incoming, Outgoing
from connectors.failures import Reason, SourceInvalid

DEFAULT_BYTES = 16_000_000
KEPT_SECONDS = 600.0
"""How long a body lies here; what is not asked again in that time is not worth having in memory."""
ENTRY_BYTES = 1_000

_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]{0,200}"')
_HTTP_DATE = re.compile(r"[A-Za-z]{3}, \d{2} [A-Za-z]{3} \d{4} \d{2}:\d{2}:\d{2} GMT")
_CONDITIONS = ("if-none-match", "if-modified-since")


class Remembered(msgspec.Struct, frozen=True):
    """An answer, and the conditions under which it is asked for again."""

    answer: Incoming
    conditions: Mapping[str, str]


class Bodies(cachetools.TTLCache[object, Remembered]):
    """Remembered bodies of all sources of one gateway, the least used thrown out first."""

    def __init__(self, max_bytes: int = DEFAULT_BYTES, seconds: Callable[[], float] = time.monotonic) -> None:
        super().__init__(max_bytes, KEPT_SECONDS, seconds, lambda each: ENTRY_BYTES + len(each.answer.body))


class Revalidated:
    """``HttpPort`` over another, for one source."""

    def __init__(self, source: str, http: HttpPort, bodies: Bodies, passing: Collection[str] = ()) -> None:
        """``passing`` are headers, in lower case, that change with each call and say nothing of whose the answer is.

        Every other header of a request is part of what was asked: two credentials never share an answer.
        """
        self._source = source
        self._http = http
        self._bodies = bodies
        self._passing = frozenset(passing)

    async def send(self, request: Outgoing) -> Incoming:
        """Send the request; raises ``SourceFailure`` when no whole answer comes."""
        if request.method != "GET" or request.body or not _lower(request.headers).keys().isdisjoint(_CONDITIONS):
            return await self._http.send(request)
        key = self._key(request)
        known = self._bodies.get(key)
        if known is None:
            return self._noted(key, await self._http.send(request))
        asked = msgspec.structs.replace(request, headers={**request.headers, **known.conditions})
        answer = await self._http.send(asked)
        if answer.status != 304:
            return self._noted(key, answer)
        if answer.headers.get("etag", known.answer.headers.get("etag")) != known.answer.headers.get("etag"):
            self._bodies.pop(key, None)
            raise SourceInvalid(Reason.MISMATCH)
        if _may_not_be_kept(answer.headers):
            self._bodies.pop(key, None)
        return known.answer

    def _key(self, request: Outgoing) -> object:
        headers = sorted(each for each in _lower(request.headers).items() if each[0] not in self._passing)
        return cachetools.keys.typedkey(self._source, request.url, *(part for header in headers for part in header))

    def _noted(self, key: object, answer: Incoming) -> Incoming:
        """The answer, remembered where it may be and where there is something to ask by; else nothing is any more."""
        self._bodies.pop(key, None)
        conditions = _conditions(answer.headers)
        entry = Remembered(answer, conditions)
        fits = ENTRY_BYTES + len(answer.body) <= self._bodies.maxsize
        if answer.status == 200 and conditions and fits and not _may_not_be_kept(answer.headers):
            self._bodies[key] = entry
        return answer


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _conditions(headers: Mapping[str, str]) -> dict[str, str]:
    """What to send along next time; a version that is not written as HTTP has it is no version."""
    etag, modified = headers.get("etag", ""), headers.get("last-modified", "")
    if _ETAG.fullmatch(etag):
        return {"if-none-match": etag}
    return {"if-modified-since": modified} if _HTTP_DATE.fullmatch(modified) else {}


def _may_not_be_kept(headers: Mapping[str, str]) -> bool:
    directives = {each.strip().partition("=")[0].lower() for each in headers.get("cache-control", "").split(",")}
    return "no-store" in directives or headers.get("vary", "").strip() == "*"
