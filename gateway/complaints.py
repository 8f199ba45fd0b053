"""What has the shape of settings and must still not be started with: insecure, contradictory or not there.

Nothing here opens a secret; it only looks at who else could.
"""

import os
import re
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from connectors.addresses import is_loopback
from gateway.keys import ASYMMETRIC
from gateway.settings import THEIRS, Settings
from hoks.identifiers import learner_oid, organisation_oid, study_right_oid


def complaints(settings: Settings, written: Mapping[str, Any]) -> Iterator[str]:
    """One line for each reason not to start, naming the key; ``written`` is what the settings were made of."""
    for key, _, value in _texts(written):
        if blank := _BLANK.search(value):
            yield f"key `{key}`: expected your own in place of `{blank[0]}`"
    for check in _CHECKS:
        yield from check(settings)
    for key, name, value in _texts(written):
        if key.endswith("database.url"):
            continue  # its own settings say what it may be
        if name.endswith("url") or name == "service":
            yield from _check_url(key, value)
        elif name in _PUBLIC_FILES:
            yield from _check_file(key, Path(value))
        elif name.endswith("_file"):
            yield from _check_key_file(key, Path(value))


_BLANK = re.compile(r"<[a-zA-Z][\w ]*>", re.ASCII)
"""What an example leaves to be filled in."""
_PUBLIC_FILES = frozenset({"root_certificates", "client_certificate_file"})
"""Files that are no secrets."""


def _fixed_day(settings: Settings) -> Iterator[str]:
    if settings.fixed_day is not None and settings.mode != "sandbox":
        yield 'key `fixed_day`: accepted only with mode = "sandbox"'


def _graphiql(settings: Settings) -> Iterator[str]:
    if settings.graphiql is not None and settings.mode != "sandbox":
        yield 'key `graphiql`: accepted only with mode = "sandbox"'


def _issuers(settings: Settings) -> Iterator[str]:
    if not settings.issuer:
        yield "key `issuer`: at least one [[issuer]] is required"
    yield from _unique("issuer", "issuer", [each.issuer for each in settings.issuer])
    accepted = ", ".join(ASYMMETRIC)
    for place, issuer in enumerate(settings.issuer):
        if not issuer.algorithms or not set(issuer.algorithms) <= ASYMMETRIC.keys():
            yield f"key `issuer[{place}].algorithms`: expected asymmetric algorithms out of: {accepted}"


def _sources(settings: Settings) -> Iterator[str]:
    if not settings.source:
        yield "key `source`: at least one [[source]] is required"
    yield from _unique("source", "id", [each.id for each in settings.source])


def _clients(settings: Settings) -> Iterator[str]:
    yield from _unique("client", "id", [each.id for each in settings.client])
    for place, client in enumerate(settings.client):
        if client.manifest_path is None and client.trusted_only:
            yield f"key `client[{place}].manifest_path`: expected one, for the client may run nothing else"
        for number, origin in enumerate(client.origins):
            if not _is_origin(origin):
                yield f"key `client[{place}].origins[{number}]`: expected an origin as browsers send it, with https"


def _is_origin(text: str) -> bool:
    """Whether a text is an origin letter by letter: scheme, host, and a port only where it is not the usual one."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    named = f"[{host}]" if ":" in host else host
    written = f"{parts.scheme}://{named}" + (f":{port}" if port is not None else "")
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    return bool(host) and text.isascii() and written == text and port != usual and is_safe


def _statutes(settings: Settings) -> Iterator[str]:
    for place, statute in enumerate(settings.statute):
        yield from _check_oid(f"statute[{place}].organisation", statute.organisation, organisation_oid)
        for number, item in enumerate(statute.express):
            if item not in statute.items:
                key = f"statute[{place}].express[{number}]"
                yield f"key `{key}`: expected one of the statute's `items`, and got `{item}`"


def _consents(settings: Settings) -> Iterator[str]:
    if settings.sandbox_consent and settings.mode != "sandbox":
        yield 'key `sandbox_consent`: accepted only with mode = "sandbox"'
    yield from _unique("sandbox_consent", "id", [each.id for each in settings.sandbox_consent])
    for place, consent in enumerate(settings.sandbox_consent):
        key = f"sandbox_consent[{place}]"
        yield from _check_oid(f"{key}.learner", consent.learner, learner_oid)
        yield from _check_oid(f"{key}.right", consent.right, study_right_oid)
        yield from _check_oid(f"{key}.recipient", consent.recipient, learner_oid, organisation_oid)
        if consent.end < consent.start:
            yield f"key `{key}.end`: expected a day that is not before `start`"


def _check_oid(key: str, text: str, *kinds: Callable[[str], str]) -> Iterator[str]:
    """A complaint where the text is an OID of none of the kinds."""
    faults = []
    for kind in kinds:
        try:
            kind(text)
        except ValueError as fault:
            faults.append(str(fault))
    if len(faults) == len(kinds):
        yield f"key `{key}`: {'; or '.join(faults)}"


def _watched(settings: Settings) -> Iterator[str]:
    if settings.metrics.port == settings.server.port:
        yield "key `metrics.port`: expected another port than `server.port`"
    for place, address in enumerate(settings.tracing.believed):
        try:
            ip_address(address)
        except ValueError:
            yield f"key `tracing.believed[{place}]`: expected an IP address"


_CHECKS: tuple[Callable[[Settings], Iterator[str]], ...] = (
    *(_fixed_day, _graphiql, _issuers, _clients, _sources),
    *(_statutes, _consents, _watched),
)


def _unique(section: str, key: str, values: Collection[str]) -> Iterator[str]:
    seen: set[str] = set()
    for place, value in enumerate(values):
        if value in seen:
            yield f"key `{section}[{place}].{key}`: expected a value that no other [[{section}]] has"
        seen.add(value)


def _texts(section: Any, place: str = "", name: str = "") -> Iterator[tuple[str, str, str]]:
    """Every text in the file, with its full key and the last part of it."""
    match section:
        case dict():
            for key, value in section.items() if name not in THEIRS else ():
                yield from _texts(value, f"{place}.{key}" if place else key, key)
        case list():
            for index, value in enumerate(section):
                yield from _texts(value, f"{place}[{index}]", "")
        case str():
            yield place, name, section


def _check_url(key: str, url: str) -> Iterator[str]:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        named_port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        host, named_port_is_valid = "", False
    if not host or not named_port_is_valid or parts.username is not None:
        yield f"key `{key}`: expected an https address without a user name"
    elif parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        yield f"key `{key}`: expected an https address; http is accepted only for a loopback host"


def _check_file(key: str, file: Path) -> Iterator[str]:
    if not file.is_file() or not os.access(file, os.R_OK):
        yield f"key `{key}`: expected a file that the gateway can read"


def _check_key_file(key: str, file: Path) -> Iterator[str]:
    try:
        status = file.stat()
    except OSError:
        yield f"key `{key}`: expected a file that the gateway can read"
        return
    if not stat.S_ISREG(status.st_mode) or status.st_size == 0 or not os.access(file, os.R_OK):
        yield f"key `{key}`: expected a file with a secret that the gateway can read"
    elif status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield f"key `{key}`: expected a file that only its owner can read (chmod 600)"
