"""The tree of a document as it is kept: every node in its place, and nothing that only a parser needs.

Of a tree as it is parsed four of five objects are places and tokens. Kept trees live long, and the collector of garbage
looks at each object of them, while every answer waits.
"""

from functools import lru_cache
from typing import cast

import msgspec
from graphql import DocumentNode, Source
from graphql.language import Location, NameNode, Token, TokenKind
from graphql.language.parser import Parser

_KNOWN_NAMES = 4_096


class _Place(msgspec.Struct, frozen=True, gc=False):
    """Where a node stands, as an error tells it; the collector does not look at it."""

    start: int
    end: int
    source: Source


@lru_cache(_KNOWN_NAMES)
def _name(value: str) -> NameNode:
    """A name, one for all places where it stands: an error of execution tells of fields and values."""
    return NameNode(value=value)


class _Parser(Parser):
    """A parser of what was parsed and validated before."""

    def loc(self, start_token: Token) -> Location:
        """The place from a token on."""
        end = self._lexer.last_token.end
        return cast(Location, _Place(start_token.start, end, self._lexer.source))

    def parse_name(self) -> NameNode:
        """A name that may stand in other places too."""
        return _name(cast(str, self.expect_token(TokenKind.NAME).value))


def kept(source: Source) -> DocumentNode:
    """The tree of a document that is valid."""
    return _Parser(source).parse_document()
