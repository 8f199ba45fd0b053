"""Certificates made for the day: one authority that the gateway trusts, and everything that can be wrong with one."""

import ipaddress
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
    host: str = "127.0.0.1"
    signer: str = "trusted"
    """``trusted``, ``unknown`` or ``itself``."""


CERTIFICATES: Mapping[str, Wrong] = {
    "good": Wrong(),
    "expired": Wrong(starts=-2 * DAY, ends=-DAY),
    "not-yet-valid": Wrong(starts=DAY, ends=2 * DAY),
    "wrong-name": Wrong(host="127.0.0.2"),
    "unknown-ca": Wrong(signer="unknown"),
    "self-signed": Wrong(signer="itself"),
}


def contexts(folder: Path) -> tuple[ssl.SSLContext, dict[str, ssl.SSLContext]]:
    """What a client needs to trust the authority, and what servers need to show each certificate."""
    authorities = {name: _authority(name) for name in ("trusted", "unknown")}
    servers = {name: _server(folder / f"{name}.pem", wrong, authorities) for name, wrong in CERTIFICATES.items()}
    servers["client-certificate"] = _server(folder / "mutual.pem", Wrong(), authorities)
    servers["client-certificate"].verify_mode = ssl.CERT_REQUIRED
    if (old := _only_old(folder / "old.pem", authorities)) is not None:
        servers["tls-1.0"] = old
    client = ssl.create_default_context(cadata=_pem(authorities["trusted"].certificate).decode())
    return client, servers


def _server(file: Path, wrong: Wrong, authorities: Mapping[str, Authority]) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    signer = authorities.get(wrong.signer)
    certificate = _certificate(wrong.host, key, signer, wrong, is_authority=False)
    file.write_bytes(_private(key) + _pem(certificate))
    file.chmod(0o600)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def _only_old(file: Path, authorities: Mapping[str, Authority]) -> ssl.SSLContext | None:
    """A server that speaks TLS 1.0 only; nothing where the local OpenSSL no longer offers it."""
    context = _server(file, Wrong(), authorities)
    try:
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1
    except (ssl.SSLError, ValueError):
        return None
    return context


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
        address = x509.IPAddress(ipaddress.ip_address(name))
        builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
    return builder.sign(signer.key if signer else key, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
