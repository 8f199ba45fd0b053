"""What goes wrong with the store, said by its kind and the system's own code, never by its text: that may hold what
was to be written."""

import errno
import logging

log = logging.getLogger(__name__)

CROSSED = frozenset({"40P01", "40001", "55P03"})
"""PostgreSQL's codes for transactions that wait for each other."""
READ_ONLY = "25006"
_KINDS = frozenset({"DatabaseError", "DataError", "IntegrityError", "InterfaceError", "InternalError",
                    "NotSupportedError", "OperationalError", "ProgrammingError"})  # fmt: skip
"""The names that the errors of every driver have in common."""


class StoreBroken(Exception):
    """The store cannot be read or written; nothing that depends on it may happen."""


def named(fault: BaseException) -> str:
    """A fault by its kind and its code."""
    code, name = code_of(fault), _kind_of(fault)
    return f"{name} {code}" if code else name


def code_of(fault: BaseException) -> str | None:
    """The system's or the database's own code for a fault, where there is one."""
    origin: BaseException = getattr(fault, "orig", None) or fault
    if isinstance(origin, OSError):
        return errno.errorcode.get(origin.errno or 0)
    if "authentication failed" in str(origin):
        return "28P01"  # PostgreSQL's client does not pass it on before there is a connection
    return getattr(origin, "sqlstate", None) or getattr(origin, "sqlite_errorname", None)


def _kind_of(fault: BaseException) -> str:
    """Its class; of a driver's errors, of which there is one for each code, the kind that they have in common."""
    names = [each.__name__ for each in type(fault).__mro__]
    return next((each for each in names if each in _KINDS), names[0])


class Health:
    """Whether the store can be written, told to whoever runs the gateway when it changes."""

    def __init__(self) -> None:
        self._is_broken = False

    def failed(self, fault: str) -> None:
        """It could not be written."""
        if not self._is_broken:
            log.error("the records cannot be written (%s)", fault)
        self._is_broken = True

    def succeeded(self) -> None:
        """It was written."""
        if self._is_broken:
            log.warning("the records can be written again")
        self._is_broken = False
