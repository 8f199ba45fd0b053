"""How fast the log's verifier goes through a log, run as its command: out of an SQLite file, and out of PostgreSQL.

The records are as the gateway writes them, anchored to their end. Figures are records a second of the least of some
runs: by the clock, and by the processor time of the verifier alone, to which other work on the machine adds less.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import URL, Engine, create_engine, make_url

from deploy import log_verify
from gateway.records.anchors import MOST_RECORDS, Anchors, FileSink
from gateway.records.log import Log
from gateway.records.stream import Entry
from gateway.records.tables import METADATA
from tests.postgres import running_server

RECORDS, RUNS = 200_000, 5
QUICK = (5_000, 1)
"""Records and runs of a measurement that only shows that it runs."""
AT = 1_790_000_000_000
SUBJECT = "1.2.246.562.98.98000000079"
TOLD = {
    "v": 1,
    "event": "disclosed",
    "role": "staff",
    "acting_org": "1.2.246.562.98.10000000011",
    "subject": SUBJECT,
    "plan": "1.2.246.562.15.15000070118",
    "source": "provider-a",
    "provider": "1.2.246.562.98.10000000011",
    "discloser": "1.2.246.562.98.10000000011",
    "items": ["D1", "D10", "D2q", "D2u", "D3", "G", "ID", "SR", "W1"],
    "rules": ["staff-own-students", "staff-plan"],
    "grounds": ["S2", "S3"],
    "laws": ["531/2017 109 a §", "531/2017 45 §"],
    "consents": [],
    "appointments": [],
    "purpose": "GUIDANCE",
    "policy": 32 * "5a",
    "as_of": "2026-11-02T10:00:00+02:00",
    "fetched_at": "2026-11-02T10:00:00.123456+02:00",
    "stale": False,
    "apart": {"viewer": "1.2.246.562.98.98000000101", "request": 16 * "a5", "op": 32 * "5a"},
}
"""What an answer tells of one plan, as the log says it."""
COPY = f"COPY (SELECT {', '.join(log_verify.Record._fields)} FROM log ORDER BY stream, seq) TO STDOUT (FORMAT binary)"


class Rate(NamedTuple):
    """Records a second."""

    store: str
    records: int
    by_the_clock: float
    by_processor: float

    def __str__(self) -> str:
        return f"{self.store:<22}{self.records:>10}{self.by_the_clock:>14.0f}{self.by_processor:>14.0f}"


HEAD = f"{'records a second':<22}{'records':>10}{'by the clock':>14}{'by processor':>14}"


class Keys:
    """The key of the anchors, and where what the verifier needs of it stands."""

    def __init__(self, folder: Path) -> None:
        self.own = Ed25519PrivateKey.generate()
        self.public, self.anchors = folder / "anchors.pem", folder / "anchors.jsonl"
        self.public.write_bytes(self.own.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))

    @property
    def words(self) -> list[str]:
        """What the command is told of them."""
        return ["--key", str(self.public), "--anchors", str(self.anchors)]


def written(url: URL | str, records: int, keys: Keys) -> None:
    """A log of so many records in an empty database, and its anchors outside."""
    engine: Engine = create_engine(url)
    METADATA.create_all(engine)
    log, anchors, sink = Log("main"), Anchors("main", keys.own), FileSink(keys.anchors)
    keys.anchors.write_bytes(b"")
    for first in range(0, records, MOST_RECORDS):
        with engine.begin() as connection:
            told = [Entry(body=TOLD, subject=SUBJECT)] * min(MOST_RECORDS, records - first)
            log.append(connection, told, at=AT + first)
            anchor = anchors.due(connection, AT + first, at_once=True)
            assert anchor is not None
            anchors.keep(connection, anchor)
        sink.keep(anchor)
    engine.dispose()


def timed(words: list[str], records: int, given: IO[bytes] | None = None) -> tuple[float, float]:
    """Seconds of the command, by the clock and of processor time."""
    began = time.perf_counter()
    command = [sys.executable, "-I", log_verify.__file__, *words]
    verifying = subprocess.Popen(command, stdin=given, stdout=subprocess.PIPE)
    assert verifying.stdout is not None
    said = verifying.stdout.read()
    _, _, used = os.wait4(verifying.pid, 0)
    seconds = time.perf_counter() - began
    verifying.returncode = 0
    assert said.startswith(b"whole: %d records" % records), said
    return seconds, used.ru_utime + used.ru_stime


@contextmanager
def copied(server_folder: Path, database: str, password: str, psql: Path) -> Iterator[IO[bytes]]:
    """What PostgreSQL copies out of a database."""
    command: list[str | Path] = [psql, "-X", "-h", server_folder, "-U", "postgres", "-d", database, "-c", COPY]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={"PGPASSWORD": password}) as copying:
        assert copying.stdout is not None
        yield copying.stdout


def _rate(store: str, records: int, runs: list[tuple[float, float]]) -> Rate:
    clock, processor = (records / min(each) for each in zip(*runs, strict=True))
    return Rate(store, records, clock, processor)


def main(*, quick: bool = False) -> None:
    """Measure both and print one table."""
    records, runs = QUICK if quick else (RECORDS, RUNS)
    print(HEAD, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        keys, file = Keys(Path(folder)), Path(folder) / "records.db"
        written(f"sqlite:///{file}", records, keys)
        print(_rate("SQLite", records, [timed([str(file), *keys.words], records) for _ in range(runs)]), flush=True)
        with running_server(careful=True) as server, server.database() as database:
            address = make_url(server.address(database)).set(drivername="postgresql+psycopg", password=server.password)
            written(address, records, keys)
            taken = []
            for _ in range(runs):
                with copied(server.folder, database, server.password, server.program("psql")) as copy:
                    taken.append(timed(["-", *keys.words], records, copy))
            print(_rate("PostgreSQL, copied", records, taken), flush=True)


if __name__ == "__main__":
    main(quick="--quick" in sys.argv[1:])
