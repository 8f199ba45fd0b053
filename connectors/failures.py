"""What can go wrong with a source: each failure is an outcome and a reason, and neither says about whom we asked."""

import logging
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum

from hoks.asking import speaking
from hoks.outcomes import Outcome

LOG = logging.getLogger(__name__)


class Reason(StrEnum):
    """Why a source gave nothing, short enough for a log line."""

    TIMEOUT = "timeout"
    LATE = "late"
    """The request had no time left for the call, which was not sent."""
    BUSY = "busy"
    """Too many calls to the source were under way or waiting."""
    OPEN = "open"
    """The source fails and is left alone for a while."""
    ADDRESS = "address"
    """The host's name leads to where no source may be."""
    CONNECT = "connect"
    TLS = "tls"
    """The source's certificate is not trusted, or it does not trust ours, or its TLS is too old."""
    STREAM = "stream"
    OVERSIZE = "oversize"
    RATIO = "ratio"
    ENCODING = "encoding"
    REDIRECT = "redirect"
    ORIGIN = "origin"
    STATUS = "status"
    LOGIN = "login"
    UNREADABLE = "unreadable"
    NESTING = "nesting"
    MISMATCH = "mismatch"
    SHIFTING = "shifting"
    FOREIGN_PERSON = "foreign_person"
    MISSING = "missing"
    UNEXPECTED = "unexpected"


class SourceFailure(Exception):
    """A source could not be read: the outcome it comes to, and why. It says nothing about whom it was asked."""

    def __init__(self, outcome: Outcome, reason: Reason) -> None:
        super().__init__(f"{outcome.value}: {reason.value}")
        self.outcome = outcome
        self.reason = reason


class SourceUnavailable(SourceFailure):
    """The source did not answer, or not in a form that may be taken in."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(Outcome.UNAVAILABLE, reason)


class SourceThrottled(SourceFailure):
    """The source is asked too much."""

    def __init__(self, reason: Reason = Reason.STATUS) -> None:
        super().__init__(Outcome.THROTTLED, reason)


class SourceDenied(SourceFailure):
    """The source refuses our own credential."""

    def __init__(self, reason: Reason = Reason.STATUS) -> None:
        super().__init__(Outcome.DENIED, reason)


class SourceInvalid(SourceFailure):
    """The source answered, and not with what was agreed or asked."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(Outcome.INVALID, reason)


_OUTCOME_OF_STATUS = {
    401: Outcome.DENIED,
    403: Outcome.DENIED,
    404: Outcome.ABSENT_OR_DENIED,
    408: Outcome.UNAVAILABLE,
    410: Outcome.UNAVAILABLE,
    423: Outcome.UNAVAILABLE,
    425: Outcome.UNAVAILABLE,
    429: Outcome.THROTTLED,
}
_OUTCOME_OF_CLASS = {2: Outcome.OK, 4: Outcome.INVALID}


def outcome_of(status: int) -> Outcome:
    """What an HTTP status comes to, where the source's own habits say nothing else (registries 19)."""
    return _OUTCOME_OF_STATUS.get(status) or _OUTCOME_OF_CLASS.get(status // 100, Outcome.UNAVAILABLE)


def refuse_failures(status: int) -> None:
    """Raise for a status that is no success."""
    outcome = outcome_of(status)
    if outcome is not Outcome.OK:
        raise SourceFailure(outcome, Reason.STATUS)


def report(source: str, failures: Iterable[SourceFailure]) -> None:
    """Log what went wrong with a batch: the source, outcome and reason, and how often; never about whom.

    INVARIANT: a failure is reported once, by whoever found it. A request that shares another's fetch shares its line;
    where no request waits it is the line of ``connectors.failures.background``. What it has passed through it leaves
    behind here: the frames of its traceback hold whole answers, and it may be kept for as long as a task is.
    """
    found = list(failures)
    for each in found:
        each.__traceback__ = each.__context__ = each.__cause__ = None
    for (outcome, reason), times in sorted(Counter((each.outcome, each.reason) for each in found).items()):
        speaking(LOG).warning("source %s: %s (%s) x %d", source, outcome.value, reason.value, times)


def unexpected(source: str, error: Exception) -> SourceInvalid:
    """A fault of our own at the outside of a connector: logged by kind and place, without its text."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_name}:{place.tb_lineno}" if place else "unknown place"
    speaking(LOG).error("source %s: unexpected %s in %s", source, type(error).__name__, where)
    return SourceInvalid(Reason.UNEXPECTED)
