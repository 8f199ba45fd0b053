"""Reads the settings file and refuses what is unknown, missing or insecure, in one line that names file and key.

Paths in the file are relative to the file. Nothing here opens a secret; it only looks at who else could.
"""

import os
import re
import stat
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, inspect

from connectors.addresses import is_loopback
from connectors.catalogue import SourceSettings
from connectors.registries.amosaa import AmosaaSettings
from connectors.registries.eperusteet import EperusteetSettings
from connectors.registries.koodisto import KoodistoSettings
from connectors.registries.onr import OnrSettings
from connectors.registries.organisaatio import OrganisaatioSettings
from connectors.shelf import DEFAULT_BYTES
from gateway.keys import ASYMMETRIC
from gateway.records.keeping import RecordsSettings
from hoks.guidance import UPDATE_WEEKS
from hoks.identifiers import LearnerOid, OrganisationOid, StudyRightOid, learner_oid, organisation_oid, study_right_oid
from hoks.items import Item
from hoks.relations import Consent, Statute

Text = Annotated[str, Meta(min_length=1)]
Port = Annotated[int, Meta(ge=1, le=65_535)]
Count = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0, le=60)]
Hours = Annotated[float, Meta(gt=0, le=24)]


class SettingsError(Exception):
    """The settings cannot be used; the text is one line for the operator."""


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class ServerSettings(_Section, frozen=True):
    """Where the gateway listens."""

    host: Text = "127.0.0.1"
    port: Port = 8080


class Limits(_Section, frozen=True):
    """What one request may cost."""

    request_seconds: Seconds = 5.0
    body_bytes: Count = 100_000
    tokens: Count = 1_000
    depth: Count = 12
    aliases: Count = 30
    root_fields: Count = 5
    expanded_fields: Count = 2_000
    directives: Count = 50
    listed_fields: Count = 10_000


class CacheSettings(_Section, frozen=True):
    """What is kept of sources' answers, in memory and for seconds; for how long each source's settings say."""

    bytes: Annotated[int, Meta(ge=0, le=1_000_000_000)] = DEFAULT_BYTES
    """Of all sources together."""


class AccessSettings(_Section, frozen=True):
    """Questions of interpretation that a provider may answer otherwise."""

    suspended_is_valid: bool = True


class GuidanceSettings(_Section, frozen=True):
    """What guidance at a provider goes by."""

    update_weeks: Annotated[int, Meta(ge=1, le=52)] = UPDATE_WEEKS
    """Weeks without an update after which a plan waits for one. Nobody asks with another number: the difference of two
    counts would tell of one student."""


class IssuerSettings(_Section, frozen=True):
    """A token issuer that is trusted, and how far."""

    issuer: Text
    audience: Text
    jwks_url: Text
    algorithms: tuple[str, ...] = ("ES256",)
    max_token_hours: Hours = 12.0
    private_network: bool = False


Items = Annotated[tuple[Item, ...], Meta(min_length=1)]


class StatuteSettings(_Section, frozen=True):
    """A provision that gives an authority the right to items of plans. Without one an authority gets nothing."""

    organisation: Text
    citation: Text
    items: Items
    express: tuple[Item, ...] = ()
    """Those of ``items`` that the provision names expressly."""

    def as_statute(self) -> Statute:
        """The provision as the domain knows it."""
        return Statute(
            organisation=OrganisationOid(self.organisation),
            citation=self.citation,
            items=frozenset(self.items),
            express=frozenset(self.express),
        )


class SandboxConsentSettings(_Section, frozen=True):
    """A consent of an invented student, for the store in memory that a sandbox has."""

    id: Text
    learner: Text
    right: Text
    recipient: Text
    items: Items
    start: date
    end: date
    withdrawn: bool = False

    def as_consent(self) -> Consent:
        """The consent as the domain knows it."""
        return Consent(
            id=self.id,
            learner=LearnerOid(self.learner),
            right=StudyRightOid(self.right),
            recipient=self.recipient,
            items=frozenset(self.items),
            start_date=self.start,
            end_date=self.end,
            withdrawn=self.withdrawn,
        )


class Settings(_Section, frozen=True):
    """The whole file."""

    part_id_key_file: Path
    onr: OnrSettings
    organisaatio: OrganisaatioSettings
    records: RecordsSettings
    koodisto: KoodistoSettings | None = None
    eperusteet: EperusteetSettings | None = None
    amosaa: AmosaaSettings | None = None
    mode: Literal["sandbox", "production"] = "production"
    fixed_day: date | None = None
    server: ServerSettings = ServerSettings()
    limits: Limits = Limits()
    cache: CacheSettings = CacheSettings()
    access: AccessSettings = AccessSettings()
    guidance: GuidanceSettings = GuidanceSettings()
    issuer: tuple[IssuerSettings, ...] = ()
    source: tuple[SourceSettings, ...] = ()
    statute: tuple[StatuteSettings, ...] = ()
    sandbox_consent: tuple[SandboxConsentSettings, ...] = ()

    @property
    def statutes(self) -> tuple[Statute, ...]:
        """The provisions on which authorities get something."""
        return tuple(each.as_statute() for each in self.statute)

    @property
    def sandbox_consents(self) -> tuple[Consent, ...]:
        """The consents with which a sandbox starts."""
        return tuple(each.as_consent() for each in self.sandbox_consent)


def load(path: Path) -> Settings:
    """The settings in the file; ``SettingsError`` where the gateway must not start with them."""
    try:
        written = tomllib.loads(path.read_bytes().decode())
    except OSError as fault:
        raise SettingsError(f"{path}: cannot be read: {fault.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: expected UTF-8 text") from None
    except tomllib.TOMLDecodeError as fault:
        raise SettingsError(f"{path}: expected TOML: {fault}") from None
    located = _beside(written, path.resolve().parent)
    try:
        settings = msgspec.convert(located, Settings, dec_hook=_path)
    except msgspec.ValidationError as fault:
        raise SettingsError(f"{path}: {_explained(str(fault), located)}") from None
    for complaint in _complaints(settings, located):
        raise SettingsError(f"{path}: {complaint}")
    return settings


# --- paths


_PATHS = re.compile(r".*_file|.*_path|folder|root_certificates")
_THEIRS = frozenset({"columns", "parameters", "headers", "body"})
"""Sections whose keys are not ours to read: a provider may call a parameter ``folder`` or ``url``."""


def _beside(section: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The section with its relative paths made absolute."""
    return {key: _located(key, value, folder) for key, value in section.items()}


def _located(key: str, value: Any, folder: Path) -> Any:
    match value:
        case dict():
            return value if key in _THEIRS else _beside(value, folder)
        case list():
            return [_located("", each, folder) for each in value]
        case str() if _PATHS.fullmatch(key):
            return str(folder / value)
        case _:
            return value


def _path(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError  # msgspec's word for "not a kind of mine"


# --- what decoding found


_FAULT = re.compile(r"(?P<text>.*?)(?: - at `(?:key in )?\$(?P<place>.*)`)?", re.DOTALL)
_FIELD = re.compile(r"Object (?P<fault>contains unknown|missing required) field `(?P<field>.*)`", re.DOTALL)


def _explained(fault: str, written: Mapping[str, Any]) -> str:
    match = _FAULT.fullmatch(fault)
    text, place = (match["text"], (match["place"] or "").lstrip(".")) if match else (fault, "")
    field = _FIELD.fullmatch(text)
    if field is None:
        words = ", ".join(_words_for(text, place, written))
        return f"key `{place}`: {text[:1].lower()}{text[1:]}" + (f"; expected one of: {words}" if words else "")
    key = f"{place}.{field['field']}" if place else field["field"]
    accepted = ", ".join(_keys_at(place, written))
    if field["fault"] == "missing required":
        return f"key `{key}` is missing; the keys here are: {accepted}"
    return f"key `{key}` is unknown; the keys here are: {accepted}"


def _keys_at(place: str, written: Mapping[str, Any]) -> list[str]:
    """The keys that the section at a place such as ``source[0].manifest`` may hold."""
    kind = _kind_at(place, written)
    if not isinstance(kind, inspect.StructType):
        return []
    tag = [kind.tag_field] if kind.tag_field else []
    return tag + [field.encode_name for field in kind.fields]


def _words_for(text: str, place: str, written: Mapping[str, Any]) -> list[str]:
    """The words that would be accepted where a fault is about a word."""
    if text.startswith("Invalid enum value"):
        return _words_at(place, written)
    if text.startswith("Invalid value"):
        section, _ = _reached(place.rpartition(".")[0], written)
        kinds = section.types if isinstance(section, inspect.UnionType) else (section,)
        return [str(each.tag) for each in kinds if isinstance(each, inspect.StructType) and each.tag is not None]
    return []


def _words_at(place: str, written: Mapping[str, Any]) -> list[str]:
    """The words of which the value at a place such as ``statute[0].items[1]`` may be one."""
    match _kind_at(place, written):
        case inspect.EnumType(cls=words):
            return [str(word.value) for word in words]
        case inspect.LiteralType(values=literals):
            return [str(word) for word in literals]
        case _:
            return []


def _kind_at(place: str, written: Mapping[str, Any]) -> inspect.Type:
    return _chosen(*_reached(place, written))


def _reached(place: str, written: Mapping[str, Any]) -> tuple[inspect.Type, Any]:
    """The kind of section at a place, and what is written there."""
    kind: inspect.Type = inspect.type_info(Settings)
    value: Any = written
    for step in re.findall(r"\[(?:\d+|\.\.\.)\]|[^.\[\]]+", place):
        kind, value = _below(_chosen(kind, value), value, step)
    return kind, value


def _below(kind: inspect.Type, value: Any, step: str) -> tuple[inspect.Type, Any]:
    match kind:
        case inspect.StructType():
            return {field.encode_name: field.type for field in kind.fields}[step], value.get(step)
        case inspect.VarTupleType() | inspect.ListType():
            return kind.item_type, value[int(step[1:-1])]
        case inspect.DictType():
            return kind.value_type, None
        case _:
            return kind, None


def _chosen(kind: inspect.Type, value: Any) -> inspect.Type:
    """Of several possible kinds of section the one that ``value`` says it is."""
    if not isinstance(kind, inspect.UnionType):
        return kind
    structs = [each for each in kind.types if isinstance(each, inspect.StructType)]
    return next((each for each in structs if _is_tagged_as(each, value)), structs[0] if structs else kind)


def _is_tagged_as(kind: inspect.StructType, value: Any) -> bool:
    return isinstance(value, dict) and kind.tag_field is not None and value.get(kind.tag_field) == kind.tag


# --- what is well formed and still must not start


def _complaints(settings: Settings, written: Mapping[str, Any]) -> Iterator[str]:
    for check in _CHECKS:
        yield from check(settings)
    for key, name, value in _texts(written):
        if key.endswith("database.url"):
            continue  # its own settings say what it may be
        if name.endswith("url") or name == "service":
            yield from _check_url(key, value)
        elif name.endswith("_file"):
            yield from _check_key_file(key, Path(value))


def _fixed_day(settings: Settings) -> Iterator[str]:
    if settings.fixed_day is not None and settings.mode != "sandbox":
        yield 'key `fixed_day`: accepted only with mode = "sandbox"'


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


_CHECKS: tuple[Callable[[Settings], Iterator[str]], ...] = (_fixed_day, _issuers, _sources, _statutes, _consents)


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
            for key, value in section.items() if name not in _THEIRS else ():
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
