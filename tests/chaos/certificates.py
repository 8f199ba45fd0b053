"""Certificates made for the day: one authority that the gateway trusts, and everything that can be wrong with one."""

import ssl
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.chaos.names import DOMAIN
from tests.connectors.loopback import demanding, revocations

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Authority:
    """Who signs."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a server's certificate; by default nothing."""

    starts: timedelta = -DAY
    ends: timedelta = DAY
    host: str = f"*.{DOMAIN}"
    signer: str = "trusted"
    """``trusted``, ``unknown`` or ``itself``."""


CERTIFICATES: Mapping[str, Wrong] = {
    "good": Wrong(),
    "expired": Wrong(starts=-2 * DAY, ends=-DAY),
    "not-yet-valid": Wrong(starts=DAY, ends=2 * DAY),
    "wrong-name": Wrong(host=f"elsewhere.{DOMAIN}"),
    "unknown-ca": Wrong(signer="unknown"),
    "self-signed": Wrong(signer="itself"),
}


REVOKED: Mapping[str, ssl.TLSVersion] = {
    "revoked-client-1.2": ssl.TLSVersion.TLSv1_2,
    "revoked-client-1.3": ssl.TLSVersion.TLSv1_3,
}
"""Servers that do not take our certificate, within the handshake and, as TLS is now, behind it."""
OLD: Mapping[str, ssl.TLSVersion] = {"tls-1.0": ssl.TLSVersion.TLSv1, "tls-1.1": ssl.TLSVersion.TLSv1_1}


@dataclass(frozen=True, slots=True)
class Certified:
    """What servers need to show each certificate, and the authority that a client is to trust, as PEM."""

    servers: Mapping[str, ssl.SSLContext]
    authority: str
    revoked: Path
    """A certificate and key of ours that the authority has revoked."""

    def trust(self, *, shows_revoked: bool = False) -> ssl.SSLContext:
        """What a client needs to trust the authority; it may show the certificate that is revoked."""
        context = ssl.create_default_context(cadata=self.authority)
        if shows_revoked:
            context.load_cert_chain(self.revoked)
        return context


def certified(folder: Path) -> Certified:
    """Certificates made now, for a day."""
    authorities = {name: _authority(name) for name in ("trusted", "unknown")}
    servers = {name: _server(folder / f"{name}.pem", wrong, authorities) for name, wrong in CERTIFICATES.items()}
    servers["client-certificate"] = _server(folder / "mutual.pem", Wrong(), authorities)
    servers["client-certificate"].verify_mode = ssl.CERT_REQUIRED
    trusted, revoked = authorities["trusted"], folder / "revoked.pem"
    _server(revoked, Wrong(host="gateway"), authorities)
    listed = revocations(_pem(trusted.certificate), trusted.key, revoked.read_bytes())
    for name, version in REVOKED.items():
        server = _server(folder / f"{name}.pem", Wrong(), authorities)
        servers[name] = demanding(server, _pem(trusted.certificate), listed, folder)
        server.minimum_version = server.maximum_version = version
    for name, version in OLD.items():
        if (old := _only_old(folder / f"{name}.pem", authorities, version)) is not None:
            servers[name] = old
    return Certified(servers, _pem(trusted.certificate).decode(), revoked)


def _server(file: Path, wrong: Wrong, authorities: Mapping[str, Authority]) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    signer = authorities.get(wrong.signer)
    certificate = _certificate(wrong.host, key, signer, wrong, is_authority=False)
    file.write_bytes(_private(key) + _pem(certificate))
    file.chmod(0o600)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def _only_old(file: Path, authorities: Mapping[str, Authority], version: ssl.TLSVersion) -> ssl.SSLContext | None:
    """A server that speaks one old version only; nothing where the local OpenSSL no longer offers it."""
    context = _server(file, Wrong(), authorities)
    try:
        speak_only(context, version)
    except (ssl.SSLError, ValueError):
        return None
    return context


def speak_only(context: ssl.SSLContext, version: ssl.TLSVersion) -> None:
    """Let a context speak one old version and nothing newer. Raises where OpenSSL no longer offers it."""
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = version
        context.maximum_version = version


def _authority(name: str) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    return Authority(key, _certificate(name, key, None, Wrong(), is_authority=True))


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, signer: Authority | None, wrong: Wrong, *, is_authority: bool
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer.certificate.subject if signer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + wrong.starts)
        .not_valid_after(now + wrong.ends)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if not is_authority:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return builder.sign(signer.key if signer else key, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
