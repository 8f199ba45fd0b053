"""A call to all of its pages: to their end or not at all, never in a loop, never away from the provider's address."""

import asyncio
import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import msgspec

from connectors.bodies import values
from connectors.client import HttpPort, Incoming, Outgoing
from connectors.failures import Reason, SourceInvalid, refuse_failures
from connectors.rest.calls import Call, CursorPages, LinkedPages, NumberedPages, OffsetPages, Paging
from connectors.rest.expressions import Expression, Unreadable
from connectors.rest.mapping import MOST_ROWS
from connectors.rest.requests import request

LONGEST_CURSOR = 4_000

_LINK = re.compile(r"<(?P<url>[^<>]*)>(?P<rest>[^<]*)")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"(?P<quoted>[^\"]*)\"|(?P<bare>[^\s;,]+))", re.IGNORECASE)


class Pages:
    """The pages of one declared call."""

    def __init__(self, http: HttpPort, base: str, call: Call, count: Callable[[Any], int]) -> None:
        self._http = http
        self._base = base
        self._call = call
        self._count = count
        self._asks_one = "key" in call.placeholders
        self._turn = None if call.paging is None else _Turn(call.paging, base)

    async def all(self, batch: Sequence[str]) -> list[Any]:
        """The documents of every page; none where the provider has nothing of the one key that was asked.

        Raises ``SourceFailure`` for a page that is missing, repeated or one too many: half an answer is none.
        """
        documents: list[Any] = []
        seen: set[bytes] = set()
        rows = 0
        position: dict[str, Any] = self._turn.begin() if self._turn else {}
        following: str | None = None
        while True:
            outgoing = request(self._base, self._call, batch, position)
            if following is not None:
                outgoing = msgspec.structs.replace(outgoing, url=following)
            answer = await self._http.send(outgoing)
            if self._says_nothing(answer, first=not documents):
                return documents
            document, rows_here = await asyncio.to_thread(self._read, answer, seen)
            documents.append(document)
            rows += rows_here
            if rows > MOST_ROWS:
                raise SourceInvalid(Reason.OVERSIZE)
            if self._turn is None:
                return documents
            turned = self._turn.after(document, answer, outgoing, len(documents), rows_here, rows)
            if turned is None:
                return documents
            if len(documents) >= self._turn.max_pages:
                raise SourceInvalid(Reason.OVERSIZE)
            position, following = turned

    def _says_nothing(self, answer: Incoming, *, first: bool) -> bool:
        if first and (answer.status == 204 or (answer.status == 404 and self._asks_one)):
            return True
        if answer.status in (204, 404):
            # The call for many and its later pages are always there: this says nothing about anybody.
            raise SourceInvalid(Reason.STATUS)
        refuse_failures(answer.status)
        return False

    def _read(self, answer: Incoming, seen: set[bytes]) -> tuple[Any, int]:
        document = values(answer.body)
        count = self._count(document)
        if count and self._turn is not None:
            digest = hashlib.blake2b(answer.body, digest_size=16).digest()
            if digest in seen:
                raise SourceInvalid(Reason.MISMATCH)
            seen.add(digest)
        return document, count


class _Turn:
    """How to come from one page to the next."""

    def __init__(self, paging: Paging, base: str) -> None:
        self.max_pages = paging.max_pages
        self._paging = paging
        self._origin = _origin(httpx.URL(base))
        self._next = _optional(paging.next) if isinstance(paging, CursorPages | LinkedPages) else None
        self._more = _optional(paging.more) if isinstance(paging, NumberedPages) else None
        self._total = _optional(paging.total)

    def begin(self) -> dict[str, Any]:
        """The position of the first page."""
        match self._paging:
            case NumberedPages(first=first):
                return {"page": first}
            case OffsetPages():
                return {"offset": 0}
            case CursorPages():
                return {"cursor": None}
            case _:
                return {}

    def after(
        self, document: Any, answer: Incoming, asked: Outgoing, pages: int, rows_here: int, rows: int
    ) -> tuple[dict[str, Any], str | None] | None:
        """The position or the address of the page after this one; nothing after the last."""
        total = self._total_of(document)
        turned = self._turned(document, answer, asked, pages, rows_here, rows)
        counts = isinstance(self._paging, NumberedPages | OffsetPages)
        if counts and total is not None and rows >= total:
            return None
        if turned is None and total is not None and rows < total:
            # INVARIANT: a listing that ends before its own total is no listing: who is missing is not absent.
            raise SourceInvalid(Reason.MISMATCH)
        return turned

    def _turned(
        self, document: Any, answer: Incoming, asked: Outgoing, pages: int, rows_here: int, rows: int
    ) -> tuple[dict[str, Any], str | None] | None:
        match self._paging:
            case NumberedPages(first=first):
                goes_on = rows_here > 0 if self._more is None else _value(self._more, document) is True
                return ({"page": first + pages}, None) if goes_on else None
            case OffsetPages():
                return ({"offset": rows}, None) if rows_here else None
            case CursorPages():
                cursor = self._cursor(document)
                return None if cursor is None else ({"cursor": cursor}, None)
            case _:
                link = self._link(document, answer)
                return None if link is None else ({}, self._followed(asked.url, link))

    def _total_of(self, document: Any) -> int | None:
        if self._total is None:
            return None
        match _value(self._total, document):
            case bool():
                pass
            case int() as total if total >= 0:
                return total
            case str() as digits if re.fullmatch(r"\d{1,12}", digits, re.ASCII):
                return int(digits)
        raise SourceInvalid(Reason.UNREADABLE)

    def _cursor(self, document: Any) -> str | None:
        match _value(self._next, document):
            case None | "" | False:
                return None
            case bool():
                pass
            case int() as number:
                return str(number)
            case str() as text if len(text) <= LONGEST_CURSOR:
                return text
        raise SourceInvalid(Reason.UNREADABLE)

    def _link(self, document: Any, answer: Incoming) -> str | None:
        if self._next is None:
            return _next_in(answer.headers.get("link", ""))
        match _value(self._next, document):
            case None | "":
                return None
            case str() as text:
                return text
        raise SourceInvalid(Reason.UNREADABLE)

    def _followed(self, asked: str, link: str) -> str:
        """The address of a link. INVARIANT: only at the provider's own address, for the call carries our credential."""
        try:
            url = httpx.URL(asked).join(link)
        except (httpx.InvalidURL, ValueError):
            raise SourceInvalid(Reason.ORIGIN) from None
        if _origin(url) != self._origin or url.userinfo or len(link) > LONGEST_CURSOR:
            raise SourceInvalid(Reason.ORIGIN)
        return str(url.copy_with(fragment=None))


def _next_in(header: str) -> str | None:
    for link in _LINK.finditer(header):
        rel = _REL.search(link["rest"])
        if rel and "next" in (rel["quoted"] or rel["bare"] or "").lower().split():
            return link["url"]
    return None


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or {"https": 443, "http": 80}.get(url.scheme)


def _optional(text: str | None) -> Expression | None:
    return Expression(text) if text else None


def _value(expression: Expression | None, document: Any) -> Any:
    try:
        return expression.of(document) if expression else None
    except Unreadable:
        raise SourceInvalid(Reason.UNREADABLE) from None
