"""A source with a private authority, and one that demands our certificate: real servers under TLS on this machine."""

import asyncio
import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors.catalogue import SourceSettings, connect
from connectors.client import HttpClient
from connectors.failures import Reason, SourceFailure
from connectors.limits import Reached
from connectors.network import SettingsRefusedError
from connectors.trust import tls_of
from hoks.outcomes import Outcome
from hoks.student import Person
from tests.connectors.loopback import Site, Strict, answer, demanding, get, revocations, serving, strict
from tests.connectors.rest.campus import described
from tests.connectors.wires import PROVIDER, StillClock, learner

HEALTHY, DOWN = Outcome.ABSENT_OR_DENIED, Outcome.UNAVAILABLE


def pem_of(key: ec.EllipticCurvePrivateKey, password: bytes | None = None) -> bytes:
    """A key as it stands in a file."""
    kept = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, kept)


class Authority:
    """An authority of somebody's own."""

    def __init__(self, name: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._signed(self._name, self.key, x509.BasicConstraints(ca=True, path_length=None))

    def signed(self, name: str) -> tuple[bytes, bytes]:
        """A certificate, for servers on this machine and for clients, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        return self._signed(subject, key, here), pem_of(key)

    def _signed(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, extension: x509.ExtensionType) -> bytes:
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder(self._name, subject, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(extension, critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM)


OURS, OTHERS = Authority("a provider's own authority"), Authority("somebody else's")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the settings name: authorities, our certificate and key, and some that are wrong."""
    (tmp_path / "roots.pem").write_bytes(OURS.certificate)
    for name, authority in (("gateway", OURS), ("stranger", OTHERS)):
        certificate, key = authority.signed(name)
        (tmp_path / f"{name}.pem").write_bytes(certificate)
        (tmp_path / f"{name}.key").write_bytes(key)
    (tmp_path / "open.key").write_bytes((tmp_path / "gateway.key").read_bytes())
    locked = pem_of(ec.generate_private_key(ec.SECP256R1()), b"a password")
    (tmp_path / "locked.key").write_bytes(locked)
    (tmp_path / "notes.txt").write_text("no certificate at all")
    (tmp_path / "koski.password").write_text("secret")
    for each in tmp_path.iterdir():
        each.chmod(0o600)
    (tmp_path / "open.key").chmod(0o640)
    return tmp_path


def served_by(folder: Path, *, demands: bool) -> ssl.SSLContext:
    """A server's TLS with a certificate of the provider's own authority; it may demand ours."""
    certificate, key = OURS.signed("a source")
    (folder / "server.pem").write_bytes(key + certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    if demands:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=OURS.certificate.decode())
    return context


def koski(url: str, **trust: str) -> SourceSettings:
    """A source whose server answers every question with an empty list."""
    written = {
        "kind": "koski",
        "id": "a-koski",
        "provider": PROVIDER,
        "base_url": url,
        "username": "gateway",
        "password_file": "koski.password",
        "caller_id": "1.2.246.562.10.00000000001.test",
    }
    settings: SourceSettings = msgspec.convert(written | trust, SourceSettings)
    return settings


class Seen(Site):
    """A server that notes whose certificate it was shown."""

    def __init__(self) -> None:
        super().__init__(answer(body=b"[]"))
        self.shown: list[Any] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.shown.append((writer.get_extra_info("peercert") or {}).get("subject"))
        await super().__call__(reader, writer)


async def rights_from(settings: SourceSettings, folder: Path) -> Outcome:
    """What comes of asking the source about somebody whom it does not know."""
    connected = connect([settings], StillClock(), folder=folder)
    reply = await connected.rights[0].rights([Person(oid=learner(1))])
    await connected.aclose()
    return reply.outcome


ROOTS = {"root_certificates": "roots.pem"}
SHOWN = {"client_certificate_file": "gateway.pem", "client_key_file": "gateway.key"}
STRANGERS = {"client_certificate_file": "stranger.pem", "client_key_file": "stranger.key"}


@pytest.mark.parametrize(
    ("demands", "trust", "outcome"),
    [
        (True, ROOTS | SHOWN, HEALTHY),
        (True, ROOTS, DOWN),
        (True, ROOTS | STRANGERS, DOWN),
        (True, SHOWN, DOWN),
        (False, ROOTS, HEALTHY),
        (False, ROOTS | SHOWN, HEALTHY),
        (False, {}, DOWN),
    ],
)
async def test_a_source_is_reached_only_where_both_know_each_other(
    folder: Path, demands: bool, trust: dict[str, str], outcome: Outcome
) -> None:
    site = Seen()
    async with serving(site, served_by(folder, demands=demands)) as url:
        assert await rights_from(koski(url, **trust), folder) is outcome
    if demands and outcome is HEALTHY:
        assert site.shown == [((("commonName", "gateway"),),)]


async def test_authorities_that_are_named_take_the_place_of_the_public_ones(folder: Path) -> None:
    (folder / "roots.pem").write_bytes(OTHERS.certificate)
    site = Seen()
    async with serving(site, served_by(folder, demands=False)) as url:
        assert await rights_from(koski(url, **ROOTS), folder) is DOWN
    assert site.requests == 0


def looking_at_the_list(folder: Path, version: ssl.TLSVersion, *revoked: str) -> ssl.SSLContext:
    """TLS of one version of a server that takes our authority's certificates, but for these."""
    listed = revocations(OURS.certificate, OURS.key, *((folder / f"{name}.pem").read_bytes() for name in revoked))
    tls = demanding(served_by(folder, demands=True), OURS.certificate, listed, folder)
    tls.minimum_version = tls.maximum_version = version
    return tls


async def asked_of(server: Strict, folder: Path, times: int) -> list[Reason | int]:
    """What comes of so many calls that show our certificate."""
    url = f"https://127.0.0.1:{server.port}"
    client = HttpClient(
        [url], ssl_context=tls_of(msgspec.convert(ROOTS | SHOWN, Reached), folder), private_network=True
    )
    told: list[Reason | int] = []
    for _ in range(times):
        try:
            told.append((await client.send(get(url))).status)
        except SourceFailure as failure:
            told.append(failure.reason)
    assert client.condition.retries == 0
    await client.aclose()
    return told


VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_server_that_looks_at_a_list_takes_our_certificate_while_it_is_not_on_it(
    folder: Path, version: ssl.TLSVersion
) -> None:
    with strict(looking_at_the_list(folder, version, "stranger")) as server:
        assert await asked_of(server, folder, 2) == [200, 200]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_source_for_which_our_certificate_is_revoked_says_so_and_is_soon_left_alone(
    folder: Path, version: ssl.TLSVersion
) -> None:
    with strict(looking_at_the_list(folder, version, "gateway")) as server:
        told = await asked_of(server, folder, 30)
    assert told[0] is Reason.TLS
    assert set(told) == {Reason.TLS, Reason.OPEN}
    assert server.connections == told.count(Reason.TLS) <= 20
    assert server.requests == 0


@pytest.mark.parametrize("version", VERSIONS)
def test_the_same_holds_on_uvloop_of_a_certificate_that_is_revoked(folder: Path, version: ssl.TLSVersion) -> None:
    uvloop.run(test_a_source_for_which_our_certificate_is_revoked_says_so_and_is_soon_left_alone(folder, version))


async def test_a_revoked_certificate_is_one_line_for_the_operator(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with strict(looking_at_the_list(folder, ssl.TLSVersion.TLSv1_3, "gateway")) as server:
        outcome = await rights_from(koski(f"https://127.0.0.1:{server.port}", **ROOTS, **SHOWN), folder)
    assert outcome is DOWN
    assert caplog.messages == ["source a-koski: UNAVAILABLE (tls) x 1"]


async def test_a_json_interface_is_reached_so_too(folder: Path) -> None:
    async with serving(Site(answer(body=b'{"students": []}')), served_by(folder, demands=True)) as url:
        written = described() | ROOTS | SHOWN | {"base_url": url}
        settings: SourceSettings = msgspec.convert(written, SourceSettings)
        assert await rights_from(settings, folder) is HEALTHY


@pytest.mark.parametrize(
    ("trust", "complaint"),
    [
        ({"client_key_file": "gateway.key"}, "go together"),
        ({"client_certificate_file": "gateway.pem"}, "go together"),
        (SHOWN | {"client_key_file": "open.key"}, r"others can read this key \(mode 0640\); expected 0600"),
        (SHOWN | {"client_key_file": "none.key"}, "client_key_file: cannot be read"),
        (SHOWN | {"client_key_file": "stranger.key"}, "client_certificate_file: expected"),
        (SHOWN | {"client_key_file": "locked.key"}, "client_certificate_file: expected"),
        (SHOWN | {"client_certificate_file": "notes.txt"}, "client_certificate_file: expected"),
        ({"root_certificates": "notes.txt"}, "root_certificates: expected"),
        ({"root_certificates": "none.pem"}, "root_certificates: expected"),
    ],
)
def test_what_cannot_be_used_refuses_the_start_in_one_line(folder: Path, trust: dict[str, str], complaint: str) -> None:
    with pytest.raises(SettingsRefusedError, match=complaint) as refused:
        connect([koski("https://koski.example", **trust)], StillClock(), folder=folder)
    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith("source `a-koski`: ")
