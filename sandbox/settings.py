"""The secrets of this sandbox on disk, and the text of the gateway's settings for it."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from . import BUSINESS_DAY, amosaa, campus, ehoks, eperusteet, koodisto, oneroster, registries
from .cast import ConsentEntry, Letter, StatuteEntry, people, person_oid
from .dialect import Dialect
from .dialects import DIALECTS
from .issuer import AUDIENCE
from .names import code_sets
from .organisations import organisation
from .texts import texts
from .world import right_oids

HOST = "127.0.0.1"
KEPT_SECONDS = 2
"""For how long the gateway keeps what a source told: here shortly, so that a switched fault is seen at once."""
USERNAME = "gateway-a"
ROSTER_CLIENT = "gateway-c"
SERVERS = (
    *("issuer", "eHOKS", "Koski", "ONR", "Organisaatio", "Campus", "OneRoster"),
    *("Koodisto", "ePerusteet", "AMOSAA"),
)
"""The servers in the order of their ports, the first beside the gateway's own."""
TOOL = "workplace-tool"
"""A client that may run nothing but its trusted documents: none until somebody adds them."""
TOOL_ORIGIN = "http://127.0.0.1:5173"
"""The origin of the tool's pages."""
SOURCE_IDS: dict[Letter, str] = {"A": "a-staff", "B": "b-primus", "C": "c-table"}
"""The ids of the table sources."""
_STAFF = ("appointments", "assignments")
_GIVES: dict[Letter, tuple[str, ...]] = {
    "A": _STAFF,
    "B": ("rights", "plans", *_STAFF),
    "C": ("plans", *_STAFF),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What both the sandbox and the gateway must know; never shown by ``repr``."""

    koski_password: str
    ehoks_password: str
    campus_secret: str
    roster_secret: str

    def __repr__(self) -> str:
        return "Secrets(...)"


def url(port: int, server: str) -> str:
    """The address of a sandbox server beside the gateway's port."""
    return f"http://{HOST}:{port + 1 + SERVERS.index(server)}"


def secrets_in(folder: Path) -> Secrets:
    """The secrets of a sandbox folder, made on first use and then kept, readable by their owner alone."""
    place = _secrets_folder(folder)
    place.mkdir(parents=True, exist_ok=True)
    place.chmod(0o700)
    _secret(place / "part-id.key", 32)
    _signing_key(place / "anchors.pem")
    return Secrets(
        koski_password=_secret(place / "a-koski.password", 18),
        ehoks_password=_secret(place / "a-ehoks.password", 18),
        campus_secret=_secret(place / "d-campus.secret", 18),
        roster_secret=_secret(place / "c-roster.secret", 18),
    )


def settings_text(port: int, folder: Path, records: tuple[str, Path] | None = None) -> str:
    """The gateway's settings as TOML. Only renders: ``secrets_in`` makes the files that it names.

    ``records`` are a database for what the gateway records and the file of its password; else it has a file.
    """
    place = _secrets_folder(folder.resolve())
    store = (
        {"store_path": folder.resolve() / "records" / "records.db"}
        if records is None
        else {"database": records[0], "password_file": records[1]}
    )
    blocks = [
        _table("", mode="sandbox", fixed_day=BUSINESS_DAY, part_id_key_file=place / "part-id.key"),
        _table("[server]", host=HOST, port=port, drain_seconds=0),
        _table("[limits]", request_seconds=5.0),
        _table("[graph]", introspection=True),
        _table("[records]", **store, anchor_key_file=place / "anchors.pem"),
        _table("[graphiql]", folder=folder.resolve().parent / "graphiql"),
        _issuer(port),
        _table(
            "[[client]]",
            id=TOOL,
            trusted_only=True,
            manifest_path=folder.resolve() / "operations" / f"{TOOL}.json",
            origins=[TOOL_ORIGIN],
        ),
        _registry("onr", url(port, "ONR") + registries.ONR_BASE),
        _registry("organisaatio", url(port, "Organisaatio") + registries.ORGANISATION_BASE),
        _registry("koodisto", url(port, "Koodisto") + koodisto.BASE, sets=sorted(code_sets())),
        _registry("eperusteet", url(port, "ePerusteet") + eperusteet.BASE, register_numbers=_register_numbers()),
        _registry("amosaa", url(port, "AMOSAA") + amosaa.BASE),
        _koski_source(port, place),
        _ehoks_source(port, place),
        *(_table_source(letter, dialect, folder.resolve()) for letter, dialect in DIALECTS.items()),
        _campus_source(port, place),
        _roster_source(port, place),
        *(_statute(entry) for entry in people().statute),
        *(_consent(entry) for entry in people().consent),
    ]
    return "\n".join(blocks)


def _secrets_folder(folder: Path) -> Path:
    return folder / "secrets"


def _secret(file: Path, size: int) -> str:
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text().strip()
    made = secrets.token_hex(size)
    with os.fdopen(handle, "w") as out:
        out.write(made)
    return made


def _signing_key(file: Path) -> None:
    """An Ed25519 key on first use."""
    if not file.exists():
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(pem)


def _caller_id() -> str:
    return f"{organisation('A').oid}.hoks-gateway"


def _issuer(port: int) -> str:
    base = url(port, "issuer")
    return _table(
        "[[issuer]]",
        issuer=base,
        audience=AUDIENCE,
        jwks_url=f"{base}/jwks",
        algorithms=["ES256"],
        max_token_hours=12,
    )


def _registry(name: str, base_url: str, **values: object) -> str:
    return _table(f"[{name}]", base_url=base_url, caller_id=_caller_id(), **values)


def _register_numbers() -> list[str]:
    """The requirement documents to read at the start; the last one only when a plan names it."""
    return [studied.requirements_number for studied in texts().qualification[:-1]]


def _koski_source(port: int, place: Path) -> str:
    return _table(
        "[[source]]",
        id="a-koski",
        kind="koski",
        provider=organisation("A").oid,
        gives=["rights"],
        base_url=f"{url(port, 'Koski')}/koski/api",
        username=USERNAME,
        password_file=place / "a-koski.password",
        cache_seconds=KEPT_SECONDS,
        caller_id=_caller_id(),
    )


def _ehoks_source(port: int, place: Path) -> str:
    base = url(port, "eHOKS")
    return _table(
        "[[source]]",
        id="a-ehoks",
        kind="ehoks",
        provider=organisation("A").oid,
        gives=["plans"],
        base_url=base + ehoks.BASE,
        cas_url=f"{base}/cas",
        service=base + ehoks.SERVICE_PATH,
        username=USERNAME,
        password_file=place / "a-ehoks.password",
        cache_seconds=KEPT_SECONDS,
        caller_id=_caller_id(),
        concurrency=6,
        tell_changes=True,
    )


def _table_source(letter: Letter, dialect: Dialect, folder: Path) -> str:
    keys = dialect.manifest
    blocks = [
        _table(
            "[[source]]",
            id=SOURCE_IDS[letter],
            kind="table",
            provider=organisation(letter).oid,
            gives=list(_GIVES[letter]),
            folder=folder / letter.lower(),
            encoding=dialect.encoding,
            delimiter=dialect.delimiter,
            date_format=dialect.date_format,
            instant_format=dialect.instant_format,
            decimal=dialect.decimal,
            list_separator=dialect.list_separator,
            true_values=[dialect.true_value],
            false_values=[dialect.false_value],
            language=dialect.language,
        ),
        _table(
            "[source.manifest]",
            file="manifest.json",
            complete=keys.complete,
            snapshot_at=keys.snapshot_at,
            files=keys.files,
            rows=keys.rows,
            sha256=keys.sha256,
        ),
    ]
    for name, table in dialect.tables.items():
        blocks.append(_table(f"[source.tables.{name}]", file=table.file))
        blocks.append(_table(f"[source.tables.{name}.columns]", **table.mapped))
    blocks += [_table(f"[source.codes.{name}]", **words) for name, words in dialect.codes.items()]
    if dialect.code_prefixes:
        blocks.append(_table("[source.code_prefixes]", **dialect.code_prefixes))
    return "\n".join(blocks)


def _campus_source(port: int, place: Path) -> str:
    base = url(port, "Campus")
    people = {"table": "subject", "rows": "opiskelijat", "key": "oppijanumero"}
    rights = {"table": "rights", "under": "subject", "rows": "opintooikeudet"}
    states = {"table": "states", "under": "rights", "rows": "vaiheet"}
    numbers = {"table": "learners", "rows": "opiskelijat", "key": "oppijanumero"}
    holders = {"table": "holders", "rows": "@", "key": "oid"}
    blocks = [
        _table(
            "[[source]]",
            id="d-campus",
            kind="json",
            provider=organisation("D").oid,
            gives=["rights", "plans"],
            base_url=base + campus.BASE,
            date_format="yyyymmdd",
            language="fi",
            absent="absent",
            cache_seconds=KEPT_SECONDS,
        ),
        _table(
            "[source.auth]",
            kind="client_credentials",
            token_url=f"{base}/oauth2/token",
            client_id=campus.CLIENT_ID,
            secret_file=place / "d-campus.secret",
            scopes=[campus.SCOPE],
        ),
        *(_table(f"[source.codes.{name}]", **words) for name, words in campus.CODES.items()),
        _table("[[source.rights]]", path="/opiskelijat/haku", method="POST", max_batch=campus.MAX_BATCH),
        _table("[source.rights.body]", oppijanumerot="{keys}"),
        *_row_set("rights", people),
        *_row_set("rights", rights, campus.RIGHT),
        *_row_set("rights", states, campus.STATE),
        _table("[[source.learners]]", path="/opiskelijat"),
        _table("[source.learners.parameters]", sivu="{page}"),
        _table("[source.learners.paging]", kind="page", total="sivutus.kaikkiaan"),
        *_row_set("learners", numbers),
        _table("[[source.plans]]", path="/hoksit", max_batch=campus.MAX_BATCH),
        _table("[source.plans.parameters]", opintooikeudet="{keys}"),
        *(block for part in campus.PLAN_PARTS for block in _plan_part(part)),
        _table("[[source.holders]]", path="/opintooikeudet/{key}"),
        *_row_set("holders", holders, {"learner_oid": "opiskelija.oppijanumero"}),
    ]
    return "\n".join(blocks)


def _plan_part(part: campus.Part) -> list[str]:
    place = {"under": part.under} if part.under else {"key": "opintooikeus.oid"}
    return _row_set("plans", {"name": part.name, "table": part.table, "rows": part.member, **place}, part.names)


def _row_set(question: str, values: dict[str, str], columns: dict[str, str] | None = None) -> list[str]:
    rows = [_table(f"[[source.{question}.rows]]", **values)]
    return rows + ([_table(f"[source.{question}.rows.columns]", **columns)] if columns else [])


def _roster_source(port: int, place: Path) -> str:
    base = url(port, "OneRoster")
    blocks = [
        _table(
            "[[source]]",
            id="c-roster",
            kind="oneroster",
            provider=organisation("C").oid,
            gives=["rights", "assignments"],
            base_url=base,
            filter_at_most=10,
            kept_seconds=KEPT_SECONDS,
            cache_seconds=KEPT_SECONDS,
            language=DIALECTS["C"].language,
        ),
        _table(
            "[source.account]",
            token_url=base + oneroster.TOKEN_PATH,
            client_id=ROSTER_CLIENT,
            secret_file=place / "c-roster.secret",
        ),
        _table(
            "[source.right]",
            oid="metadata.studyRightOid",
            state="metadata.state",
            type="metadata.kind",
            site="metadata.site",
            estimated_end="metadata.plannedEnd",
            included_in="metadata.includedInOid",
            included_in_school="metadata.includedInSchool",
            purchased="metadata.purchased",
            qualification_code="metadata.qualification",
            qualification_name="metadata.qualificationName",
            requirements_number="metadata.requirementsNo",
            requirements_name="metadata.requirementsName",
            area_code="metadata.area",
            area_name="metadata.areaName",
        ),
        _table("[source.codes.state]", **oneroster.STATE_WORDS),
        _table("[source.codes.right_type]", **oneroster.TYPE_WORDS),
        _table("[source.groups]", person_id_type=oneroster.PERSON_ID_TYPE),
        _table("[source.groups.roles]", **{word: role for role, word in oneroster.GUIDES.items()}),
    ]
    return "\n".join(blocks)


def _statute(entry: StatuteEntry) -> str:
    return _table(
        "[[statute]]",
        organisation=organisation(entry.organisation).oid,
        citation=entry.citation,
        items=list(entry.items),
        express=list(entry.express),
    )


def _consent(entry: ConsentEntry) -> str:
    student = next(person for person in people().person if person.number == entry.student)
    return _table(
        "[[sandbox_consent]]",
        id=entry.id,
        learner=person_oid(entry.student),
        right=right_oids(student)[entry.right],
        recipient=people().subject_of(entry.recipient),
        items=list(entry.items),
        start=entry.start,
        end=entry.end,
        withdrawn=entry.withdrawn,
    )


def _table(header: str, /, **values: object) -> str:
    lines = [header] if header else []
    lines += [f"{_key(key)} = {_value(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


def _key(key: str) -> str:
    return json.dumps(key) if key.isdigit() or ":" in key else key


def _value(value: object) -> str:
    match value:
        case str() | int() | float() | list():
            # Strings, numbers and lists of strings read the same in JSON and TOML.
            return json.dumps(value, ensure_ascii=False)
        case Path():
            return json.dumps(str(value), ensure_ascii=False)
        case _:
            return str(value)
