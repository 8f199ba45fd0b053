"""The table of faults: everything that a source can do on the way to its answer and in it, as data.

A personal value in a fault carries ``MARK``, which must never turn up in a log.
"""

import gzip
import json
import re
from collections.abc import Mapping
from email.utils import formatdate
from functools import cache
from time import time
from typing import NamedTuple

from tests.chaos.proxy import FOREVER, Accept, End, Fault, Framing, Pause, Swaps, packed, renamed


class Kind(NamedTuple):
    """A kind of call that can fail: the sandbox server it goes to, and which of its paths."""

    server: str
    source: str
    """The name under which the gateway tells of it."""
    path: str


KINDS: Mapping[str, Kind] = {
    "cas": Kind("eHOKS", "a-ehoks", r"\A/cas/"),
    "head": Kind("eHOKS", "a-ehoks", r"/opiskeluoikeus/"),
    "plan": Kind("eHOKS", "a-ehoks", r"/hoks/\d+\Z"),
    "koski": Kind("Koski", "a-koski", r""),
    "onr": Kind("ONR", "onr", r"/masterHenkilos"),
    "organisaatio": Kind("Organisaatio", "organisaatio", r""),
    "roster": Kind("OneRoster", "c-roster", r"/ims/oneroster/"),
    "token": Kind("OneRoster", "c-roster", r"\A/token"),
    "keys": Kind("issuer", "", r"\A/jwks"),
    "koodisto": Kind("Koodisto", "koodisto", r""),
    "eperusteet": Kind("ePerusteet", "eperusteet", r""),
    "amosaa": Kind("AMOSAA", "amosaa", r""),
}

MARK = "ZQ7mark"
ELIAS = "1.2.246.562.98.98000000079"
RIGHT_AT_A = "1.2.246.562.15.15000070118"
SOMEBODY_ELSE = "1.2.246.562.98.98000000012"
ANOTHER_RIGHT = "1.2.246.562.15.15000010114"
SCHOOL_OF_B = "1.2.246.562.99.99000000218"
PROVIDER_B = "1.2.246.562.99.99000000028"
SECOND_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
MEGABYTE = 1_000_000
_ANY_TEXT = r'"[^"\\{}:]* [^"\\{}:]*"'
"""A string with a blank in it: free text, a name, never a code or a date."""
_ANYTHING = r"(?s)\A.*\Z"
_YEAR = 365 * 24 * 3600


def _everywhere(pattern: str, text: str) -> Mapping[str, Swaps]:
    return dict.fromkeys(KINDS, ((pattern, text),))


@cache
def _bomb() -> bytes:
    """A gzip of ones to which it expands a thousand times."""
    return gzip.compress(b"1" * 50 * MEGABYTE, mtime=0)


def _million_objects() -> bytes:
    return b"[" + b"{}," * 999_999 + b"{}]"


def _deep() -> bytes:
    return b"[" * 100_000 + b"]" * 100_000


def _html() -> bytes:
    return f"<html><title>huolto</title>{MARK} {ELIAS} Elias Johannes</html>".encode()


def _utf16(body: bytes) -> bytes:
    return body.decode().encode("utf-16")


def _latin1(body: bytes) -> bytes:
    return body.decode().encode("latin-1", "replace")


def _with_bom(body: bytes) -> bytes:
    return b"\xef\xbb\xbf" + body


def _doubled(body: bytes) -> bytes:
    """Every right twice, the copies newer and of another state."""
    try:
        rows = json.loads(body)
        for row in rows:
            row["opiskeluoikeudet"] += [each | {"versionumero": 99} for each in row["opiskeluoikeudet"]]
    except (ValueError, TypeError, KeyError):
        return body
    return json.dumps(rows).encode()


def _numbers(text: str) -> Mapping[str, Swaps]:
    """Some value of each kind's records in another's place."""
    return {
        "head": ((r'"versio":\d+', f'"versio":{text}'),),
        "plan": ((r'"versio":\d+', f'"versio":{text}'),),
        "koski": ((r'"versionumero":\d+', f'"versionumero":{text}'),),
        "onr": ((r'"duplicate":false', f'"duplicate":{text}'),),
        "organisaatio": ((r'(?s)"alkuPvm":"2018-01-01"(?!.*"alkuPvm")', f'"alkuPvm":{text}'),),
    }


def _texts(text: str) -> Mapping[str, Swaps]:
    return _everywhere(_ANY_TEXT, json.dumps(text).replace("\\", "\\\\"))


def _doc(*faults: Fault) -> tuple[Fault, ...]:
    return faults


# --- the table ------------------------------------------------------------------------------------------------

CONNECT = _doc(
    Fault(name="refuse", accept=Accept.REFUSE),
    Fault(name="accept-and-close", accept=Accept.CLOSE),
    Fault(name="black-hole", accept=Accept.SILENT),
    Fault(name="slow-accept", accept=Accept.SLOW),
)

TIME = _doc(
    Fault(name="latency-0.1", pauses=(Pause(-1, 0.1),)),
    Fault(name="jitter", pauses=(Pause(-1, 0.0, jitter=0.2),)),
    Fault(name="latency-10", pauses=(Pause(-1, 10.0),)),
    Fault(name="stall-after-headers", pauses=(Pause(0.0, FOREVER),)),
    Fault(name="stall-at-half", pauses=(Pause(0.5, FOREVER),)),
    Fault(name="stall-at-99-percent", pauses=(Pause(0.99, FOREVER),)),
    Fault(name="drip", drip_seconds=0.3),
)

STREAM = _doc(
    Fault(name="reset-before-headers", sent=-1, end=End.RESET),
    Fault(name="close-before-headers", sent=-1, end=End.CLOSE),
    Fault(name="reset-mid-body", sent=0.5, end=End.RESET),
    Fault(name="close-mid-body", sent=0.5, end=End.CLOSE),
    Fault(name="length-too-small", length_is_off_by=-1, end=End.CLOSE),
    Fault(name="length-too-large", length_is_off_by=100, end=End.CLOSE),
    Fault(name="length-too-large-and-open", length_is_off_by=100),
    Fault(name="length-negative", framing=Framing.NONE, headers=(("content-length", "-1"),), end=End.CLOSE),
    Fault(name="two-lengths", headers=(("content-length", "3"),)),
    Fault(name="no-length", framing=Framing.NONE, end=End.CLOSE),
    Fault(name="chunked", framing=Framing.CHUNKED),
    Fault(name="chunked-without-end", framing=Framing.CHUNKED_OPEN),
    Fault(name="chunked-cut", framing=Framing.CHUNKED_OPEN, end=End.CLOSE),
    Fault(name="bad-chunks", framing=Framing.NONE, headers=(("transfer-encoding", "chunked"),), end=End.CLOSE),
    Fault(name="extra-bytes", after=b"\r\n" + MARK.encode()),
    Fault(name="two-answers", after=SECOND_ANSWER),
    Fault(name="early-hints", before=b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"),
    Fault(name="flood-of-100-continue", before=b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000),
    Fault(name="10000-headers", raw_headers=b"".join(b"x-%d: %d\r\n" % (n, n) for n in range(10_000))),
    Fault(name="1-mb-header", raw_headers=b"x-long: " + b"1" * MEGABYTE + b"\r\n"),
    Fault(name="not-http", before=b"SSH-2.0-OpenSSH_9.2 " + MARK.encode() + b"\r\n", end=End.CLOSE),
)

ENCODING = _doc(
    Fault(name="gzip", alter=packed(), headers=(("content-encoding", "gzip"),)),
    Fault(name="gzip-cut", alter=lambda body: packed()(body)[:-9], headers=(("content-encoding", "gzip"),)),
    Fault(name="gzip-bomb", body=_bomb, headers=(("content-encoding", "gzip"),)),
    Fault(name="gzip-of-gzip", alter=packed(2), headers=(("content-encoding", "gzip"),)),
    Fault(name="gzip-that-is-none", headers=(("content-encoding", "gzip"),)),
    Fault(name="gzip-unsaid", alter=packed()),
    Fault(name="br-unasked", headers=(("content-encoding", "br"),)),
    Fault(name="zstd-unasked", headers=(("content-encoding", "zstd"),)),
    Fault(name="utf-16", alter=_utf16),
    Fault(name="bom", alter=_with_bom),
    Fault(name="latin-1", alter=_latin1),
    Fault(name="lone-surrogates", swaps=_everywhere(_ANY_TEXT, r'"\\ud800 \\udc00 x"')),
)

CONTENT = _doc(
    Fault(name="html-200", body=_html, headers=(("content-type", "text/html"),)),
    Fault(name="text-plain", headers=(("content-type", "text/plain"),)),
    Fault(name="empty-200", body=b""),
    Fault(name="null", body=b"null"),
    Fault(name="array-for-object", body=b"[]"),
    Fault(name="object-for-array", body=b"{}"),
    Fault(name="nan", swaps=_numbers("NaN")),
    Fault(name="duplicate-keys", swaps=_numbers('1,"versio":2,"versionumero":2,"alkuPvm":null')),
    Fault(name="million-empty-objects", body=_million_objects),
    Fault(name="100000-deep", body=_deep),
    Fault(name="6000-digit-number", swaps=_numbers("7" * 6000)),
    Fault(name="huge-string", swaps=_numbers('"' + "x" * (4 * MEGABYTE) + '"')),
    Fault(name="marks-without-end", swaps=_numbers('"a' + "\u0315\u0300" * MEGABYTE + '"')),
    Fault(name="json-cut-in-half", alter=lambda body: body[: len(body) // 2]),
)

_FAR = formatdate(time() + 3600, usegmt=True)
_RETRY_AFTER = {"seconds": "1", "date": _FAR, "negative": "-5", "ten-years": str(10 * _YEAR), "garbage": f"pian {MARK}"}
_LOCATIONS = {
    "same-host": "/elsewhere",
    "other-host": "http://127.0.0.2:9/elsewhere",
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "file": "file:///etc/passwd",
    "loop": "",
}
_ERROR = Fault(name="error", body=json.dumps({"error": f"{MARK} {ELIAS}"}).encode())

STATUS = _doc(
    *(
        renamed(_ERROR, f"status-{code}", status=code)
        for code in (400, 401, 403, 404, 409, 410, 418, 429, 500, 502, 503, 504, 599)
    ),
    *(
        renamed(_ERROR, f"429-{name}", status=429, headers=(("retry-after", text),))
        for name, text in _RETRY_AFTER.items()
    ),
    renamed(_ERROR, "503-retry-after", status=503, headers=(("retry-after", "1"),)),
    *(
        Fault(name=f"302-{name}", status=302, headers=(("location", text),), body=b"")
        for name, text in _LOCATIONS.items()
    ),
    Fault(name="204", status=204, body=b""),
)

_SCRIPT = f"<script>alert('{MARK}')</script> =HYPERLINK(\"x\") \r\n{MARK}"

MEANING = _doc(
    Fault(
        name="other-student",
        swaps={
            "plan": ((rf'"oppija-oid":"{ELIAS}"', f'"oppija-oid":"{SOMEBODY_ELSE}"'),),
            "koski": ((ELIAS, SOMEBODY_ELSE),),
            "onr": ((ELIAS, SOMEBODY_ELSE),),
        },
    ),
    Fault(
        name="other-plan-in-the-right-envelope",
        swaps={"head": ((RIGHT_AT_A, ANOTHER_RIGHT),), "plan": ((RIGHT_AT_A, ANOTHER_RIGHT),)},
    ),
    Fault(name="other-number-of-the-plan", swaps={"plan": ((r'"id":41011', '"id":41012'),)}),
    Fault(
        name="other-provider",
        swaps={
            "koski": (
                (r"1\.2\.246\.562\.99\.990000001\d\d", SCHOOL_OF_B),
                (r"1\.2\.246\.562\.99\.99000000010", PROVIDER_B),
            )
        },
    ),
    Fault(name="unknown-right", swaps={"koski": ((RIGHT_AT_A, "1.2.246.562.15.15000099997"),)}),
    Fault(name="rights-twice", alter=_doubled),
    Fault(
        name="dates-reversed",
        swaps=_everywhere(r'"alku":"([^"]*)","loppu":"([^"]*)"', r'"alku":"\2","loppu":"\1"'),
    ),
    Fault(name="year-9999", swaps=_everywhere(r'"(alku|loppu)":"\d{4}', r'"\1":"9999')),
    Fault(name="year-0001", swaps=_everywhere(r'"(alku|loppu)":"\d{4}', r'"\1":"0001')),
    Fault(name="day-that-is-none", swaps=_everywhere(r'"(alku|loppu)":"\d{4}-\d\d-\d\d', r'"\1":"2026-02-31')),
    Fault(name="script-in-every-text", swaps=_texts(_SCRIPT)),
    Fault(name="10-mb-of-text", swaps=_numbers('"' + "x" * (10 * MEGABYTE) + '"')),
    Fault(name="right-to-left-and-zero-width", swaps=_texts(f"{MARK} \u202egnirts\u202c \u200b\u2066x")),
    Fault(name="strange-organisations", swaps={"organisaatio": ((r'"oid":"([^"]*)\d"', r'"oid":"\g<1>0"'),)}),
)

CLOCK = _doc(
    *(
        Fault(name=f"clock-{name}", headers=(("date", formatdate(time() + seconds, usegmt=True)),))
        for name, seconds in {
            "an-hour-back": -3600,
            "an-hour-on": 3600,
            "a-year-back": -_YEAR,
            "a-year-on": _YEAR,
        }.items()
    ),
)

GROUPS: Mapping[str, tuple[Fault, ...]] = {
    "connect": CONNECT,
    "time": TIME,
    "stream": STREAM,
    "encoding": ENCODING,
    "content": CONTENT,
    "status": STATUS,
    "meaning": MEANING,
    "clock": CLOCK,
}
FAULTS: Mapping[str, Fault] = {fault.name: fault for group in GROUPS.values() for fault in group}
assert len(FAULTS) == sum(map(len, GROUPS.values()))

TLS = (
    "expired",
    "not-yet-valid",
    "wrong-name",
    "unknown-ca",
    "self-signed",
    "client-certificate",
    "revoked-client-1.2",
    "revoked-client-1.3",
    "tls-1.0",
    "tls-1.1",
)
"""Names of certificates and contexts (``certificates``) that the gateway must refuse."""


def path_of(kind: str) -> re.Pattern[str]:
    """Which requests are of a kind."""
    return re.compile(KINDS[kind].path)


def warm() -> None:
    """Make what takes long to make before anything is measured."""
    _bomb()
