"""The files of one snapshot. A drop that is not whole, or does not fit its description, is refused as one.

A refusal names the file and the reason and never repeats what a file holds.
"""

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path, PurePath

import msgspec

from connectors.table.cells import moment_of
from connectors.table.settings import ManifestSettings, TableSettings


class Refusal(StrEnum):
    """Why a drop is refused."""

    MANIFEST_MISSING = "there is no manifest"
    MANIFEST_UNREADABLE = "the manifest cannot be read"
    NOT_COMPLETE = "the manifest does not say that the drop is complete"
    FILE_NOT_LISTED = "the manifest does not list the file"
    FILE_MISSING = "there is no such file"
    OTHER_CHECKSUM = "the file is not the one that the manifest describes"
    OTHER_ROW_COUNT = "the file does not have as many rows as the manifest says"
    WRONG_CHARSET = "the file is not in the character set of the settings"
    NOT_CSV = "the file is not CSV"
    CHANGED_MEANWHILE = "the files changed while they were read"
    COLUMN_MISSING = "the file has no such column"
    COLUMN_TWICE = "the file has the column twice"


class DropRefused(Exception):
    """A drop that cannot be used, with the reason."""

    def __init__(self, source: str, where: str, reason: Refusal) -> None:
        super().__init__(f"source `{source}`, {where}: {reason.value}")
        self.reason = reason


class FilesDoNotFit(DropRefused):
    """A drop whose columns are not those that the settings name: no later drop helps, the settings must change."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What the manifest says of a file."""

    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a provider wrote last: when the snapshot was taken, and its files."""

    taken_at: datetime
    files: Mapping[str, Listed]


Stamps = tuple[tuple[int, int] | None, ...]
"""Time of change and size of each file, without opening any."""


def stamps_of(settings: TableSettings, *, all_files: bool) -> Stamps:
    """The stamps by which a newer drop is noticed: the manifest's, and the files' where asked for or without one."""
    names: tuple[str, ...] = () if settings.manifest is None else (settings.manifest.file,)
    if all_files or not names:
        names += settings.files()
    return tuple(_stamp(Path(settings.folder) / name) for name in names)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


class Drop:
    """The files in the folder, opened one by one and checked against the manifest."""

    def __init__(self, settings: TableSettings) -> None:
        self._settings = settings
        self._folder = Path(settings.folder)
        self._before = stamps_of(settings, all_files=True)
        self._manifest = self._read_manifest(settings.manifest) if settings.manifest else None

    @property
    def as_of(self) -> datetime:
        """When the snapshot was taken: the manifest's word, or the newest file's time of change."""
        if self._manifest:
            return self._manifest.taken_at
        newest = max(stamp[0] for stamp in self._before if stamp)
        return datetime.fromtimestamp(newest / 1e9, UTC)

    def names(self) -> tuple[str, ...]:
        """Every file that is used or listed, each once."""
        listed = self._manifest.files if self._manifest else ()
        return tuple(dict.fromkeys((*self._settings.files(), *listed)))

    def tables(self, name: str) -> list[str]:
        """The tables that are in a file."""
        return [table for table, described in self._settings.tables.items() if described.file == name]

    def sheet(self, name: str) -> "Sheet":
        """The contents of a file, which are those that the manifest describes."""
        content = self._content(name)
        listed = None
        if self._manifest is not None:
            listed = self._manifest.files.get(name)
            if listed is None:
                raise self._refused(name, Refusal.FILE_NOT_LISTED)
            if hashlib.sha256(content).hexdigest() != listed.sha256.lower():
                raise self._refused(name, Refusal.OTHER_CHECKSUM)
        return Sheet(self._settings, name, content, listed.rows if listed else None)

    def check_unchanged(self) -> None:
        """Refuse the drop when somebody wrote while it was read."""
        if stamps_of(self._settings, all_files=True) != self._before:
            raise self._refused("the drop", Refusal.CHANGED_MEANWHILE)

    def _content(self, name: str) -> bytes:
        try:
            return (self._folder / name).read_bytes()
        except OSError:
            raise self._refused(name, Refusal.FILE_MISSING) from None

    def _read_manifest(self, names: ManifestSettings) -> Manifest:
        try:
            content = (self._folder / names.file).read_bytes()
        except OSError:
            raise self._refused(names.file, Refusal.MANIFEST_MISSING) from None
        try:
            manifest, complete = _manifest_of(content, names)
        except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, ValueError):
            raise self._refused(names.file, Refusal.MANIFEST_UNREADABLE) from None
        if not complete:
            raise self._refused(names.file, Refusal.NOT_COMPLETE)
        return manifest

    def _refused(self, name: str, reason: Refusal) -> DropRefused:
        return DropRefused(self._settings.id, f"`{name}`", reason)


def _manifest_of(content: bytes, names: ManifestSettings) -> tuple[Manifest, bool]:
    said = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"), type=dict[str, object])
    complete = said.get(names.complete) is True
    if not complete:
        return Manifest(datetime.now(UTC), {}), False
    taken_at = moment_of(str(said[names.snapshot_at]), "iso")
    entries = msgspec.convert(said[names.files], dict[str, dict[str, int | str]])
    files = {
        name: Listed(msgspec.convert(entry[names.rows], int), msgspec.convert(entry[names.sha256], str))
        for name, entry in entries.items()
    }
    if taken_at is None or any(PurePath(name).name != name for name in files):
        raise ValueError("the manifest names no moment, or a file outside its folder")
    return Manifest(taken_at, files), True


class Sheet:
    """One file as rows of cells, all as wide as its header."""

    def __init__(self, settings: TableSettings, name: str, content: bytes, expected_rows: int | None) -> None:
        self._source = settings.id
        self._name = name
        self._expected = expected_rows
        try:
            text = content.decode(settings.encoding)
        except UnicodeError:
            raise self._refused(Refusal.WRONG_CHARSET) from None
        # Strict: a quote that is never closed would swallow rows, and cells would land under other columns.
        self._lines = csv.reader(
            io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=settings.delimiter, strict=True
        )
        self.header = tuple(cell.strip() for cell in self._next() or ())
        self.too_wide = 0

    def column(self, table: str, name: str) -> int:
        """The place of a column that the settings name."""
        places = [place for place, each in enumerate(self.header) if each == name]
        if len(places) != 1:
            reason = Refusal.COLUMN_TWICE if places else Refusal.COLUMN_MISSING
            raise FilesDoNotFit(self._source, f"table `{table}`, column `{name}`", reason)
        return places[0]

    def rows(self) -> Iterator[list[str]]:
        """The rows, once; one that is wider than the header is left out, as its cells cannot be told apart."""
        width, count = len(self.header), 0
        while (cells := self._next()) is not None:
            count += 1
            if any(cell.strip() for cell in cells[width:]):
                self.too_wide += 1
                continue
            yield cells + [""] * (width - len(cells))
        if self._expected not in (None, count):
            raise self._refused(Refusal.OTHER_ROW_COUNT)

    def _next(self) -> list[str] | None:
        """The next line that is not blank."""
        try:
            return next(filter(None, self._lines), None)
        except csv.Error:
            raise self._refused(Refusal.NOT_CSV) from None

    def _refused(self, reason: Refusal) -> DropRefused:
        return DropRefused(self._source, f"`{self._name}`", reason)
