"""Small drops written by hand: B's way (Finnish shorthand, Windows-1252) and C's way (UTF-8, ISO dates)."""

import csv
import hashlib
import io
import json
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec

from connectors.table import TableSettings
from hoks.identifiers import LearnerOid, OrganisationOid, StudyRightOid

HERE = Path(__file__).parent

B_PROVIDER = OrganisationOid("1.2.246.562.99.99000000028")
B_SCHOOL = OrganisationOid("1.2.246.562.99.99000000218")
C_PROVIDER = OrganisationOid("1.2.246.562.99.99000000036")
AINO = LearnerOid("1.2.246.562.98.98000000012")
EERO = LearnerOid("1.2.246.562.98.98000000020")
RIGHT_1 = StudyRightOid("1.2.246.562.15.15000001014")
RIGHT_2 = StudyRightOid("1.2.246.562.15.15000001022")
RIGHT_3 = StudyRightOid("1.2.246.562.15.15000001030")
UNKNOWN_RIGHT = StudyRightOid("1.2.246.562.15.15000009991")

SNAPSHOT = "2026-10-05T02:10:00+03:00"
Files = Mapping[str, Sequence[Mapping[str, str]]]
"""Rows of each file by the provider's own column names; a column that is left out is an empty cell."""


class FixedClock:
    """The morning after the snapshot."""

    def __init__(self, now: datetime = datetime(2026, 10, 5, 6, 0, tzinfo=UTC)) -> None:
        self._now = now

    def today(self) -> date:
        """The business day."""
        return self._now.date()

    def now(self) -> datetime:
        """The moment."""
        return self._now


def described(which: str) -> dict[str, Any]:
    """The settings of a provider as their text says."""
    return tomllib.loads((HERE / f"{which}.toml").read_text(encoding="utf-8"))


def settings_for(which: str, folder: Path, **changed: Any) -> TableSettings:
    """The settings of a provider, for a folder."""
    return msgspec.convert(described(which) | {"folder": str(folder)} | changed, TableSettings)


def write_drop(folder: Path, which: str, files: Files, *, complete: bool = True, at: str = SNAPSHOT) -> TableSettings:
    """A whole drop in a provider's own way, every file of it present and the manifest last."""
    settings = settings_for(which, folder)
    folder.mkdir(exist_ok=True)
    listed: dict[str, dict[str, object]] = {}
    manifest = settings.manifest
    assert manifest is not None
    for table in settings.tables.values():
        rows = files.get(table.file, ())
        content = as_csv(list(table.columns.values()), rows, settings.delimiter).encode(settings.encoding)
        (folder / table.file).write_bytes(content)
        listed[table.file] = {manifest.rows: len(rows), manifest.sha256: hashlib.sha256(content).hexdigest()}
    assert set(files) <= set(listed)
    said = {manifest.complete: complete, manifest.snapshot_at: at, manifest.files: listed}
    (folder / manifest.file).write_text(json.dumps(said), encoding="utf-8")
    return settings


def as_csv(header: list[str], rows: Sequence[Mapping[str, str]], delimiter: str) -> str:
    """Rows as the text of a file."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, restval="", delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def of(**cells: str) -> dict[str, str]:
    """One row."""
    return cells
