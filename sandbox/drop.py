"""Writes a provider's nightly files into a folder, so that whoever finds a manifest finds the files it tells of."""

import csv
import hashlib
import io
import json
import os
from pathlib import Path

from .cast import Letter
from .dialect import Dialect, Table
from .dialects import DIALECTS
from .rows import Row, tables
from .staff import staff_tables
from .world import World

SNAPSHOT_AT = "2026-10-05T02:10:00+03:00"


def drop(world: World, letter: Letter) -> dict[str, bytes]:
    """The files of one provider's drop by name, the manifest last."""
    dialect, rows = DIALECTS[letter], tables(world, letter)
    rows |= staff_tables(world, letter, rows)
    made = {table.file: _csv(dialect, name, table, rows[name]) for name, table in dialect.tables.items()}
    counts = {table.file: len(rows[name]) for name, table in dialect.tables.items()}
    return made | {"manifest.json": _manifest(dialect, made, counts)}


def write_drop(world: World, letter: Letter, folder: Path) -> None:
    """Write a provider's drop: the old manifest goes first, the new one comes last, no file is ever seen half."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").unlink(missing_ok=True)
    for name, content in drop(world, letter).items():
        part = folder / f".{name}.part"
        part.write_bytes(content)
        os.replace(part, folder / name)


def _csv(dialect: Dialect, name: str, table: Table, rows: list[Row]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=dialect.delimiter, lineterminator=dialect.line_end)
    writer.writerow(table.columns.values())
    for row in rows:
        writer.writerow(dialect.cell(name, column, row) for column in table.columns)
    return text.getvalue().encode(dialect.encoding)


def _manifest(dialect: Dialect, files: dict[str, bytes], counts: dict[str, int]) -> bytes:
    keys = dialect.manifest
    listed = {
        name: {keys.rows: counts[name], keys.sha256: hashlib.sha256(content).hexdigest()}
        for name, content in files.items()
    }
    manifest = {keys.complete: True, keys.snapshot_at: SNAPSHOT_AT, keys.files: listed}
    return json.dumps(manifest, indent=2).encode()
