"""What goes wrong in the domain, by whose fault it is.

DomainError
├── SourcesUnavailable   a source: what the caller asks for cannot be told from what is missing
├── BadRequest           the caller: an argument that cannot be right
└── WrongRole            the caller: the acting role is not the one for this
"""

from enum import StrEnum


class DomainError(Exception):
    """Base of the domain's own errors; messages hold no personal data."""


class SourcesUnavailable(DomainError):
    """The caller's own sources could not be read, so "nothing" would be a guess."""


class BadRequest(DomainError):
    """An argument that cannot be right, whatever the data are; ``reason`` is the fault's own lasting name, if any."""

    def __init__(self, message: str, reason: StrEnum | None = None) -> None:
        self.reason = reason
        super().__init__(message)


class WrongRole(DomainError):
    """What is asked for is another acting role's to do."""
