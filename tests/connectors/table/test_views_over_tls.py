"""A database on another machine must show a certificate of an authority that the settings name, for its own name."""

import asyncio
import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hoks.outcomes import Outcome
from hoks.student import Person
from tests.connectors.table.drops import AINO, described
from tests.connectors.table.views import READER, ProvidersDatabase, source_over
from tests.postgres import PostgresServer


class Authority:
    """An authority that signs certificates."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._signed(self._name, self._key.public_key(), x509.BasicConstraints(True, None))

    def certificate_for(self, host: str) -> tuple[bytes, bytes]:
        """A certificate for a host, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        named = x509.SubjectAlternativeName([x509.DNSName(host)])
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        text = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return self._signed(name, key.public_key(), named), text

    def _signed(self, name: x509.Name, key: ec.EllipticCurvePublicKey, extension: x509.ExtensionType) -> bytes:
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder(self._name, name, key, x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(extension, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM)


TLS_WANTED = bytes.fromhex("00000008 04d2162f")
"""The first message of a client that wants TLS (SSLRequest)."""
AUTHORITY, OTHER = Authority("ours"), Authority("another")


class Front:
    """A door with TLS before the server, whose packaged build has none: it decrypts, and passes all else on."""

    def __init__(self, server: PostgresServer, signed_by: Authority | None, host: str, folder: Path) -> None:
        self._socket = server.folder / ".s.PGSQL.5432"
        self._context: ssl.SSLContext | None = None
        if signed_by:
            certificate, key = signed_by.certificate_for(host)
            (folder / "server.pem").write_bytes(certificate + key)
            self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._context.load_cert_chain(folder / "server.pem")
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> int:
        self._door = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        port: int = self._door.sockets[0].getsockname()[1]
        return port

    async def __aexit__(self, *_: object) -> None:
        self._door.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                asked = await reader.readexactly(8)
                wants_tls = asked == TLS_WANTED
                writer.write(b"S" if wants_tls and self._context else b"N")
                if wants_tls and self._context:
                    await writer.start_tls(self._context)
                    break
            inner_reader, inner_writer = await asyncio.open_unix_connection(self._socket)
            await asyncio.wait(
                {asyncio.create_task(_copy(reader, inner_writer)), asyncio.create_task(_copy(inner_reader, writer))}
            )
        writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while content := await reader.read(65_536):
            writer.write(content)
            await writer.drain()
    writer.close()


@pytest.mark.parametrize(
    ("signed_by", "host", "outcome"),
    [
        (AUTHORITY, "localhost", Outcome.ABSENT),
        (OTHER, "localhost", Outcome.UNAVAILABLE),
        (AUTHORITY, "db.example", Outcome.UNAVAILABLE),
        (None, "localhost", Outcome.UNAVAILABLE),
    ],
    ids=["known", "another authority", "another name", "no TLS"],
)
async def test_only_a_server_that_proves_its_name_is_told_anything(
    signed_by: Authority | None,
    host: str,
    outcome: Outcome,
    postgres: PostgresServer,
    database: str,
    tmp_path: Path,
) -> None:
    provider = ProvidersDatabase(postgres, database)
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.certificate)
    async with Front(postgres, signed_by, host, tmp_path) as port:
        url = f"postgresql://{READER}@localhost:{port}/{database}"
        settings = provider.settings(described("b"), url=url, root_certificates=str(tmp_path / "ca.pem"), seconds=10)
        provider.fill_from(settings, {})
        source = source_over(settings)
        reply = await source.rights([Person(oid=AINO)])
        await source.aclose()
    assert reply.answers[AINO].outcome is outcome
