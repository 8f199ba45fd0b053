"""Whose certificates a source's server may show, and the certificate by which the gateway shows itself to it."""

import os
import ssl
import stat
from functools import cache
from pathlib import Path

import httpx

from connectors.limits import Reached


class TrustRefusedError(Exception):
    """The certificates of the settings cannot be used; the text is one line for the operator, without a secret."""


@cache
def public_trust() -> ssl.SSLContext:
    """The authorities that the public web trusts, whatever the environment says; read once for all sources."""
    return httpx.create_ssl_context(trust_env=False)


def tls_of(limits: Reached, folder: Path) -> ssl.SSLContext | None:
    """TLS as the settings have it; nothing where they leave it as it is for the public web.

    Raises ``TrustRefusedError``.
    """
    if (limits.client_certificate_file is None) != (limits.client_key_file is None):
        raise TrustRefusedError("client_certificate_file and client_key_file go together")
    if limits.root_certificates is None and limits.client_certificate_file is None:
        return None
    context = _trusting(folder / limits.root_certificates if limits.root_certificates else None)
    if limits.client_certificate_file is not None and limits.client_key_file is not None:
        _show(context, folder / limits.client_certificate_file, folder / limits.client_key_file)
    return context


def _trusting(authorities: Path | None) -> ssl.SSLContext:
    """INVARIANT: authorities that are named take the place of the public ones; they do not join them."""
    if authorities is None:
        return httpx.create_ssl_context(trust_env=False)
    try:
        return ssl.create_default_context(cafile=authorities)
    except (OSError, ssl.SSLError):
        raise TrustRefusedError(f"root_certificates: expected a file of certificates in PEM: {authorities}") from None


def _show(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    try:
        mode = stat.S_IMODE(os.stat(key).st_mode)
    except OSError:
        raise TrustRefusedError(f"client_key_file: cannot be read: {key}") from None
    if mode & 0o077:
        raise TrustRefusedError(f"client_key_file: others can read this key (mode {mode:04o}); expected 0600: {key}")
    try:
        # A key that asks for a password must not ask whoever starts the gateway.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ssl.SSLError, ValueError):
        raise TrustRefusedError(
            f"client_certificate_file: expected a certificate in PEM, and its key without a password: {certificate}"
        ) from None
