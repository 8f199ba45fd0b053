"""The files of an SQLite store: readable by their owner alone, and on disk still those that were opened.

SQLite goes on writing to a file that somebody has deleted or replaced, and nobody would find again what it wrote there.
"""

import os
import threading
from pathlib import Path

_Identity = tuple[int, int]


class Files:
    """A database's file and its write-ahead log, as this process has them open."""

    def __init__(self, file: Path) -> None:
        self._files = (file, file.with_name(file.name + "-wal"))
        self._known: dict[Path, _Identity] = {}
        self._connections = 0
        self._lock = threading.Lock()

    def connected(self) -> None:
        """A connection was opened. The first one sees whatever is there now."""
        with self._lock:
            if self._connections == 0:
                self._known.clear()
            self._connections += 1

    def closed(self) -> None:
        """A connection was closed. SQLite removes the write-ahead log itself with the last one."""
        with self._lock:
            self._connections -= 1

    def check(self) -> None:
        """Raises ``OSError`` where another file, or none, stands where one was opened.

        INVARIANT: what was committed counts as written only after this.
        """
        with self._lock:
            for file in self._files:
                status = os.stat(file)
                identity = (status.st_dev, status.st_ino)
                if self._known.setdefault(file, identity) != identity:
                    raise FileNotFoundError("another file stands where the store was opened")
