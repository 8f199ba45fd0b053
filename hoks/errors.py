"""What goes wrong in the domain, by whose fault it is.

DomainError
├── SourcesUnavailable   a source: what the caller asks for cannot be told from what is missing
└── BadRequest           the caller: an argument that cannot be right
"""


class DomainError(Exception):
    """Base of the domain's own errors; messages hold no personal data."""


class SourcesUnavailable(DomainError):
    """The caller's own sources could not be read, so "nothing" would be a guess."""


class BadRequest(DomainError):
    """An argument that cannot be right, whatever the data are."""
