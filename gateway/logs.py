"""The log as it is written: one JSON object, or one line of text, for each thing said, and nothing personal in it.

INVARIANT: of an exception its types and places are written, never its text, whoever logs it: a text may hold what a
source or a caller sent.
"""

import asyncio
import logging
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, TextIO

import msgspec
import orjson

from gateway.noting import NOTE, Note

Form = Literal["json", "text"]

REQUESTS = logging.getLogger("gateway.requests")
REQUEST = "request"
LOOP = logging.getLogger("gateway.loop")
UNSAID = frozenset({"/health", "/ready"})
"""Routes that are asked every second, and leave no line."""


def write_logs(level: int, form: Form = "text") -> None:
    """Write to standard error everything that is logged from this level on."""
    # What no line says is not looked up for each.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.basicConfig(level=level, handlers=[writing(form, sys.stderr)], force=True)


def writing(form: Form, stream: TextIO) -> logging.Handler:
    """A handler that writes in that form."""
    handler = _JsonLines(stream) if form == "json" else logging.StreamHandler(stream)
    handler.setFormatter(_FORMS[form]())
    return handler


def say_no_texts_of_exceptions() -> None:
    """Say what nobody caught, in this thread's event loop and in other threads, by its type and place alone."""
    asyncio.get_running_loop().set_exception_handler(_said_of_the_loop)
    threading.excepthook = _said_of_a_thread
    sys.unraisablehook = _said_of_what_was_collected


def log_request(note: Note) -> None:
    """The one line of a request."""
    if note.route in UNSAID or not REQUESTS.isEnabledFor(logging.INFO):
        return
    handlers = logging.root.handlers
    if len(handlers) == 1 and isinstance(handlers[0], _JsonLines):
        handlers[0].write(line_of(note))
        return
    # Not by `info`, which looks for its caller's line at each request.
    extra = {"fields": fields_of(note)}
    REQUESTS.handle(REQUESTS.makeRecord(REQUESTS.name, logging.INFO, __file__, 0, REQUEST, (), None, extra=extra))


class RequestLine(msgspec.Struct, frozen=True, gc=False):
    """What the line of a request says, times in milliseconds."""

    time: str
    request: str
    route: str
    status: int
    code: str
    bytes: int
    ms: float
    gateway_ms: float
    source_ms: dict[str, float]
    operation: str | msgspec.UnsetType = msgspec.UNSET
    operation_name: str | msgspec.UnsetType = msgspec.UNSET
    role: str | msgspec.UnsetType = msgspec.UNSET
    level: str = "INFO"
    logger: str = REQUESTS.name
    message: str = REQUEST


def line_of(note: Note) -> RequestLine:
    """The line of a request."""
    return RequestLine(
        _moment(time.time()),
        note.id,
        note.route,
        note.status,
        note.code,
        note.bytes,
        _milliseconds(note.seconds),
        _milliseconds(note.own_seconds),
        {source: _milliseconds(seconds) for source, seconds in note.source_seconds.items()},
        msgspec.UNSET if note.kind is None else note.kind,
        msgspec.UNSET if note.name is None else note.name,
        msgspec.UNSET if note.role is None else note.role,
    )


def fields_of(note: Note) -> dict[str, object]:
    """The same without what every line has."""
    told: dict[str, object] = msgspec.to_builtins(line_of(note))
    return {name: value for name, value in told.items() if name not in _EVERYWHERE}


_EVERYWHERE = frozenset({"time", "level", "logger", "message"})


class _JsonLines(logging.StreamHandler[TextIO]):
    """Writes JSON; the line of a request without the detour by a record and a formatter."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._encode = msgspec.json.Encoder().encode

    def write(self, line: RequestLine) -> None:
        """Write the line of a request."""
        self.acquire()
        try:
            self.stream.write(self._encode(line).decode() + self.terminator)
            self.flush()
        # As with any line: what cannot be written stops no request.
        except Exception:
            self.handleError(logging.makeLogRecord({"msg": REQUEST}))
        finally:
            self.release()


def outline(unexpected: BaseException) -> str:
    """An exception and what it came from: types and places. The text and the frames' locals may hold personal data."""
    frames = traceback.extract_tb(unexpected.__traceback__)
    places = " < ".join(f"{frame.name} ({frame.filename}:{frame.lineno})" for frame in reversed(frames))
    cause = unexpected.__cause__ or unexpected.__context__
    return f"{type(unexpected).__name__} in {places}" + (f"; from {outline(cause)}" if cause else "")


class _AsJson(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        said = {
            "time": _moment(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_besides(record),
        }
        return orjson.dumps(said, default=str).decode()


class _AsText(logging.Formatter):
    """One line of text: what would begin another is written as an escape."""

    def format(self, record: logging.LogRecord) -> str:
        besides = " ".join(f"{name}={_word(value)}" for name, value in _besides(record).items())
        text = f"{record.getMessage()} {besides}".rstrip().translate(_CONTROLS)
        return f"{_moment(record.created)} {record.levelname} {record.name} {text}"


_FORMS: Mapping[Form, type[logging.Formatter]] = {"json": _AsJson, "text": _AsText}
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {0x2028: "\\u2028", 0x2029: "\\u2029"}


def _moment(seconds: float) -> str:
    second = int(seconds)
    return f"{_second(second)}.{int((seconds - second) * 1000):03d}Z"


@lru_cache(4)
def _second(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


def _besides(record: logging.LogRecord) -> dict[str, object]:
    """What a record says besides its message: the request that it belongs to, and the outline of an exception."""
    fields: dict[str, object] = dict(getattr(record, "fields", ()))
    if (note := NOTE.get()) is not None:
        fields.setdefault("request", note.id)
    if record.exc_info and record.exc_info[1] is not None:
        fields["exception"] = outline(record.exc_info[1])
    return fields


def _word(value: object) -> str:
    return orjson.dumps(value, default=str).decode() if isinstance(value, dict) else str(value)


def _milliseconds(seconds: float) -> float:
    # To a tenth; `round` to a digit takes five times as long.
    return int(10_000 * seconds + 0.5) / 10


def _said_of_the_loop(_: asyncio.AbstractEventLoop, told: dict[str, Any]) -> None:
    fault = told.get("exception")
    said = outline(fault) if isinstance(fault, BaseException) else "no exception"
    # The loop's own message is one of a few fixed texts; what stands beside it shows results and exceptions whole.
    LOOP.error("%s: %s", str(told.get("message", "")).partition("\n")[0].partition(":")[0], said)


def _said_of_a_thread(told: threading.ExceptHookArgs) -> None:
    if told.exc_value is not None:
        LOOP.error("a thread ended: %s", outline(told.exc_value))


def _said_of_what_was_collected(told: "sys.UnraisableHookArgs") -> None:
    if told.exc_value is not None:
        LOOP.error("unraisable: %s", outline(told.exc_value))
