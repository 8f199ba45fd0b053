"""What each fault comes to at each kind of call, written by hand from the closed list of outcomes (registries 19).

``-`` where a fault has nothing to take hold of, ``~`` where it is a matter of luck: whole, or explicit. The registers'
outcome is the one in the log; the answer says of the learner register only that it is unavailable, and of the
organisation register with an error. ABSENT stands where what came is an honest "nothing": it cannot be told from the
truth, and leaves no line.
"""

from collections.abc import Mapping

from hoks.outcomes import Outcome

_TABLE = """
fault                              cas          head         plan         koski        onr          organisaatio

refuse                             -            -            UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
accept-and-close                   -            -            UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
black-hole                         -            -            UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
slow-accept                        -            -            OK           OK           OK           OK

latency-0.1                        OK           OK           OK           OK           OK           OK
jitter                             OK           OK           OK           OK           OK           OK
latency-10                         UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
stall-after-headers                UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
stall-at-half                      UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
stall-at-99-percent                UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
drip                               UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE

reset-before-headers               UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
close-before-headers               UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
reset-mid-body                     UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
close-mid-body                     UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
length-too-small                   UNAVAILABLE  INVALID      INVALID      INVALID      INVALID      INVALID
length-too-large                   UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
length-too-large-and-open          UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
length-negative                    UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
two-lengths                        UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
no-length                          OK           OK           OK           OK           OK           OK
chunked                            OK           OK           OK           OK           OK           OK
chunked-without-end                UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
chunked-cut                        UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
bad-chunks                         UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
extra-bytes                        ~            ~            ~            ~            ~            ~
two-answers                        ~            ~            ~            ~            ~            ~
early-hints                        OK           OK           OK           OK           OK           OK
flood-of-100-continue              UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
10000-headers                      UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
1-mb-header                        UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
not-http                           UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE

gzip                               OK           OK           OK           OK           OK           OK
gzip-cut                           UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
gzip-bomb                          UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
gzip-of-gzip                       INVALID      INVALID      INVALID      INVALID      INVALID      INVALID
gzip-that-is-none                  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
gzip-unsaid                        INVALID      INVALID      INVALID      INVALID      INVALID      INVALID
br-unasked                         UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
zstd-unasked                       UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
utf-16                             INVALID      INVALID      INVALID      INVALID      INVALID      INVALID
bom                                INVALID      OK           OK           OK           OK           OK
latin-1                            OK           OK           INVALID      INVALID      OK           INVALID
lone-surrogates                    OK           OK           OK           OK           OK           OK

html-200                           INVALID      INVALID      INVALID      INVALID      INVALID      INVALID
text-plain                         OK           OK           OK           OK           OK           OK
empty-200                          INVALID      INVALID      INVALID      INVALID      INVALID      INVALID
null                               DENIED       INVALID      INVALID      INVALID      INVALID      INVALID
array-for-object                   DENIED       INVALID      INVALID      ABSENT       INVALID      ABSENT
object-for-array                   DENIED       INVALID      INVALID      INVALID      ABSENT       INVALID
nan                                -            OK           OK           OK           OK           OK
duplicate-keys                     -            OK           OK           OK           OK           OK
million-empty-objects              INVALID      INVALID      INVALID      INVALID      INVALID      INVALID
100000-deep                        INVALID      INVALID      INVALID      INVALID      INVALID      INVALID
6000-digit-number                  -            OK           OK           OK           OK           OK
huge-string                        -            OK           OK           OK           OK           OK
marks-without-end                  -            INVALID      INVALID      INVALID      INVALID      INVALID
json-cut-in-half                   DENIED       INVALID      INVALID      INVALID      INVALID      INVALID

status-400                         DENIED       INVALID      INVALID      INVALID      INVALID      INVALID
status-401                         DENIED       DENIED       DENIED       DENIED       DENIED       DENIED
status-403                         DENIED       DENIED       DENIED       DENIED       DENIED       DENIED
status-404                         DENIED       INVALID      INVALID      INVALID      INVALID      INVALID
status-409                         INVALID      INVALID      INVALID      INVALID      INVALID      INVALID
status-410                         UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
status-418                         INVALID      INVALID      INVALID      INVALID      INVALID      INVALID
status-429                         THROTTLED    THROTTLED    THROTTLED    THROTTLED    THROTTLED    THROTTLED
status-500                         UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
status-502                         UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
status-503                         UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
status-504                         UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
status-599                         UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
429-seconds                        THROTTLED    THROTTLED    THROTTLED    THROTTLED    THROTTLED    THROTTLED
429-date                           THROTTLED    THROTTLED    THROTTLED    THROTTLED    THROTTLED    THROTTLED
429-negative                       THROTTLED    THROTTLED    THROTTLED    THROTTLED    THROTTLED    THROTTLED
429-ten-years                      THROTTLED    THROTTLED    THROTTLED    THROTTLED    THROTTLED    THROTTLED
429-garbage                        THROTTLED    THROTTLED    THROTTLED    THROTTLED    THROTTLED    THROTTLED
503-retry-after                    UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
302-same-host                      UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
302-other-host                     UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
302-metadata                       UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
302-file                           UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
302-loop                           UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
204                                INVALID      INVALID      INVALID      INVALID      INVALID      INVALID

other-student                      -            -            INVALID      INVALID      INVALID      -
other-plan-in-the-right-envelope   -            INVALID      INVALID      -            -            -
other-number-of-the-plan           -            -            INVALID      -            -            -
other-provider                     -            -            -            INVALID      -            -
unknown-right                      -            -            -            OK           -            -
rights-twice                       -            -            -            OK           -            -
dates-reversed                     -            -            OK           OK           -            -
year-9999                          -            -            OK           OK           -            -
year-0001                          -            -            OK           OK           -            -
day-that-is-none                   -            -            OK           OK           -            -
script-in-every-text               -            -            OK           OK           OK           OK
10-mb-of-text                      -            UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE  UNAVAILABLE
right-to-left-and-zero-width       -            -            OK           OK           OK           OK
strange-organisations              -            -            -            -            -            INVALID

clock-an-hour-back                 OK           OK           OK           OK           OK           OK
clock-an-hour-on                   OK           OK           OK           OK           OK           OK
clock-a-year-back                  OK           OK           OK           OK           OK           OK
clock-a-year-on                    OK           OK           OK           OK           OK           OK
"""


def _read(table: str) -> dict[str, dict[str, Outcome | None]]:
    (_, *kinds), *rows = (line.split() for line in table.splitlines() if line.strip())
    return {
        fault: {
            kind: None if word == "~" else Outcome(word) for kind, word in zip(kinds, words, strict=True) if word != "-"
        }
        for fault, *words in rows
    }


EXPECTED: Mapping[str, Mapping[str, Outcome | None]] = _read(_TABLE)
"""By fault, by kind of call; nothing where it is a matter of luck."""
