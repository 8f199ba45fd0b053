"""Servers on real sockets of this machine, plain and under TLS, for what HTTP itself can do to a client."""

import asyncio
import ipaddress
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from connectors.client import Outgoing

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server that treats each connection so; every connection is closed at the end."""
    running: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        with suppress(OSError, TimeoutError, asyncio.CancelledError, asyncio.IncompleteReadError):
            await handler(reader, writer)
        writer.close()
        with suppress(OSError, asyncio.CancelledError):
            await writer.wait_closed()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


class Site:
    """A server that answers each request with the same bytes, after a while, and counts."""

    def __init__(self, answer: bytes, seconds: float = 0.0) -> None:
        self.answer = answer
        self.seconds = seconds
        self.connections = 0
        self.requests = 0
        self.open = 0
        """Connections that have not ended."""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                self.requests += 1
                await asyncio.sleep(self.seconds)
                writer.write(self.answer)
                await writer.drain()
        finally:
            self.open -= 1


async def soon(is_so: Callable[[], bool]) -> bool:
    """Whether it comes to be so within five seconds."""
    ends = asyncio.get_running_loop().time() + 5
    while not is_so() and asyncio.get_running_loop().time() < ends:  # noqa: ASYNC110 - it may be a socket
        await asyncio.sleep(0.005)
    return is_so()


def answer(status: str = "200 OK", body: bytes = b"{}", *headers: str) -> bytes:
    """An answer as it travels."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def get(url: str) -> Outgoing:
    """A read."""
    return Outgoing(method="GET", url=url)


def port_of(url: str) -> int:
    """The port at the end of a server's address."""
    return int(url.rpartition(":")[2])


def _named(host: str) -> x509.GeneralName:
    """A host as a certificate names it, by its name or its address."""
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def certificate(folder: Path, host: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's TLS for that host alone, and the TLS of a client that trusts its authority and no other."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([_named(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{host}.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cafile=str(file))


class Strict:
    """A server of a source that looks at certificates with OpenSSL's own handshake, alerts included, and counts.

    A server of asyncio hangs up without a word where it does not trust its client.
    """

    def __init__(self, tls: ssl.SSLContext, port: int) -> None:
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self.requests = 0

    def run(self) -> None:
        """Take one connection after the other until the listener is closed."""
        with suppress(OSError):
            while True:
                opened, _ = self._listener.accept()
                self.connections += 1
                opened.settimeout(2)
                with (
                    suppress(OSError),
                    self._tls.wrap_socket(opened, server_side=True, do_handshake_on_connect=False) as shaken,
                ):
                    self._serve(shaken)

    def _serve(self, shaken: ssl.SSLSocket) -> None:
        try:
            shaken.do_handshake()
        except ssl.SSLError:
            # What is closed before everything is read is reset, and then the alert may never be seen.
            shaken.shutdown(socket.SHUT_WR)
            while shaken.recv(65_536):
                pass
            return
        if shaken.recv(65_536):
            self.requests += 1
            shaken.sendall(answer("200 OK", b"[]", "connection: close"))

    def close(self) -> None:
        """Take no more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextmanager
def strict(tls: ssl.SSLContext, port: int = 0) -> Iterator[Strict]:
    """Such a server in a thread of its own; any free port by default."""
    server = Strict(tls, port)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join(5)


def demanding(server: ssl.SSLContext, authority: bytes, revocations: bytes, folder: Path) -> ssl.SSLContext:
    """The server's TLS, which from now on wants a certificate of the authority that is not on its list (CRL)."""
    file = folder / "authority-and-list.pem"
    file.write_bytes(authority + revocations)
    server.load_verify_locations(file)
    server.verify_mode = ssl.CERT_REQUIRED
    server.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    return server


def revocations(authority: bytes, key: ec.EllipticCurvePrivateKey, *revoked: bytes) -> bytes:
    """An authority's list of the certificates that hold no longer; all as PEM."""
    now = datetime.now(UTC)
    made = x509.CertificateRevocationListBuilder(
        issuer_name=x509.load_pem_x509_certificate(authority).subject,
        last_update=now - timedelta(hours=1),
        next_update=now + timedelta(days=1),
    )
    for each in map(x509.load_pem_x509_certificate, revoked):
        ended = x509.RevokedCertificateBuilder().serial_number(each.serial_number).revocation_date(now)
        made = made.add_revoked_certificate(ended.build())
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
