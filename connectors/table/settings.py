"""What an operator declares of a provider's files or views: columns, codes and formats, refused where they are wrong.

The left side of every mapping is a name of ours, the right side is the provider's.
"""

import codecs
from pathlib import PurePath
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from connectors.addresses import is_loopback
from hoks.codes import STATE_OF_CODE
from hoks.identifiers import OrganisationOid

DateFormat = Literal["d.m.yyyy", "dd.mm.yyyy", "yyyy-mm-dd", "yyyymmdd", "iso"]
InstantFormat = Literal[
    "d.m.yyyy HH:MM",
    "d.m.yyyy HH:MM:SS",
    "dd.mm.yyyy HH:MM",
    "dd.mm.yyyy HH:MM:SS",
    "yyyy-mm-dd HH:MM",
    "yyyy-mm-dd HH:MM:SS",
    "iso",
]
"""Moments without an offset are local time in Helsinki; ``iso`` may carry one."""
PlannedKind = Literal["vocational", "local", "common", "subarea", "preparatory", "study_skills", "learning_support"]
PriorKind = Literal["vocational", "local", "common", "subarea"]
AssessorKind = Literal["provider", "working_life", "prior"]
AppointmentKind = Literal["instructor", "assessor"]
GuidanceRole = Literal["responsible_teacher", "guidance_counsellor", "special_needs_teacher", "school_social_worker"]
Given = Literal["rights", "plans", "appointments", "assignments"]

_UNIT = "key plan_key parent_key kind code code_version requirements_number name extent amosaa_id goals deviation"

COLUMNS: dict[str, tuple[str, ...]] = {
    table: tuple(names.split())
    for table, names in {
        "people": "key oid family_name given_names",
        "rights": "key person_key oid school_oid site_oid type state state_start state_end estimated_end"
        " qualification_code qualification_name requirements_number requirements_name area_code area_name"
        " included_in_oid included_in_school purchased",
        "plans": "key right_key right_oid first_approved_on approved_at updated_at version"
        " competence_acquisition_needed career_plan_goal competence_achieved_on student_email student_phone"
        " preparatory_right_oid entered_manually",
        "units": f"{_UNIT} provider_oid essential_circumstance hours start end description support_type unit_group",
        "periods": "key unit_key source_key start end detail mode representative_name representative_role"
        " representative_org procuring_name procuring_role procuring_org instructor_name instructor_email"
        " instructor_phone workplace_name workplace_business_id key_tasks working_time_percent apprenticeship_basis",
        "environments": "period_key code start end",
        "interruptions": "period_key start end",
        "demonstrations": "key unit_key prior_key start end organiser_oid subareas environment_name"
        " environment_business_id environment_description contents deviation criteria",
        "assessors": "demonstration_key prior_key kind name organisation_oid organisation_name"
        " organisation_business_id",
        "prior_units": f"{_UNIT} provider_oid essential_circumstance process sent_on",
        "appointments": "person_oid kind right_oid learner_oid part_key unit_code start end environment",
        "assignments": "person_oid role person_key learner_oid group",
    }.items()
}
"""The logical tables and their columns."""

REQUIRED: dict[str, tuple[str, ...]] = {
    "people": ("key", "oid"),
    "rights": ("key", "person_key", "oid", "state", "state_start"),
    "plans": ("key",),
    "units": ("key", "plan_key", "kind"),
    "periods": ("key", "unit_key"),
    "environments": ("period_key",),
    "interruptions": ("period_key",),
    "demonstrations": ("key",),
    "assessors": ("kind",),
    "prior_units": ("key", "plan_key", "kind"),
    "appointments": ("person_oid", "kind", "right_oid"),
    "assignments": ("person_oid", "role"),
}
ONE_OF: dict[str, tuple[str, ...]] = {
    "plans": ("right_key", "right_oid"),
    "appointments": ("part_key", "unit_code"),
    "assignments": ("person_key", "learner_oid"),
}
"""Columns of which a table needs at least one."""
_TABLES_OF: dict[Given, tuple[str, ...]] = {
    "rights": ("people", "rights"),
    "plans": ("plans",),
    "appointments": ("appointments",),
    "assignments": ("assignments",),
}
"""Which tables each kind of data needs at the least."""
_FOUND_IN = (("plans", "right_key", "rights"), ("assignments", "person_key", "people"))
"""Columns that are keys of rows in another table."""


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of settings: a key that is not known refuses the start."""


class ManifestSettings(Strict, frozen=True):
    """The manifest (JSON) that a provider writes last, and its own names for what is in it."""

    file: str
    complete: str
    snapshot_at: str
    files: str
    rows: str
    sha256: str


class TableFile(Strict, frozen=True):
    """The file or the view of one table, and the provider's name of each column that is used."""

    columns: dict[str, str]
    file: str = ""
    view: str = ""


class AsOf(Strict, frozen=True):
    """Where a database tells how old its data are: the oldest moment in the column of a view."""

    view: str
    column: str


Name = Annotated[str, Meta(min_length=1)]
_ADDRESS = "expected an address such as postgresql://reader@host:5432/database"
_LIVE_ROWS, _WHOLE_ROWS = 100_000, 5_000_000
_LIVE_SECONDS, _WHOLE_SECONDS = 3.0, 120.0


class DatabaseSettings(Strict, frozen=True):
    """A provider's database, whose views are read and never written."""

    url: str
    """Without a password. ``?host=/folder`` names the folder of a socket."""
    password_file: str | None = None
    db_schema: Name | None = msgspec.field(default=None, name="schema")
    """Where the views are; without it, where the database looks first for this user."""
    root_certificates: str | None = None
    """The file of the authorities whose certificates the server may show; not needed on this machine."""
    reads: Literal["live", "snapshot"] = "live"
    """``live`` asks the views by key for each answer; ``snapshot`` reads them whole now and then."""
    every_minutes: Annotated[float, Meta(gt=0, le=1440)] = 15
    """How often a snapshot is read."""
    seconds: Annotated[float, Meta(gt=0, le=3600)] | None = None
    """The total deadline of one read."""
    statement_seconds: Annotated[float, Meta(gt=0, le=3600)] | None = None
    """After how long the server itself stops a statement."""
    connections: Annotated[int, Meta(ge=1, le=50)] = 4
    """How many reads may run at a time."""
    max_rows: Annotated[int, Meta(ge=1, le=100_000_000)] | None = None
    """How many rows one read may take in."""
    as_of: AsOf | None = None

    def __post_init__(self) -> None:
        for fault in self._faults():
            raise ValueError(fault)

    @property
    def address(self) -> URL:
        """The address, by which no password is known."""
        return make_url(self.url).set(drivername="postgresql+psycopg")

    @property
    def is_on_this_machine(self) -> bool:
        """Whether what is sent never leaves this machine: a socket or a loopback address."""
        url = self.address
        folder = url.query.get("host", "")
        return folder.startswith("/") if isinstance(folder, str) and folder else is_loopback(url.host or "")

    @property
    def read_seconds(self) -> float:
        """The total deadline of one read."""
        return self.seconds or (_LIVE_SECONDS if self.reads == "live" else _WHOLE_SECONDS)

    @property
    def row_limit(self) -> int:
        """How many rows one read may take in."""
        return self.max_rows or (_LIVE_ROWS if self.reads == "live" else _WHOLE_ROWS)

    def _faults(self) -> list[str]:
        try:
            url = make_url(self.url)
        except (ArgumentError, ValueError):
            return [f"url: {_ADDRESS}"]
        if url.password is not None:
            return ["url: expected no password in the address; `password_file` names a file that holds it"]
        if url.drivername not in ("postgresql", "postgresql+psycopg") or not (url.username and url.database):
            return [f"url: {_ADDRESS}"]
        # Whatever else may stand there could take back what the other settings promise.
        if set(url.query) - {"host"} or (url.query and url.host) or not (url.host or url.query):
            return [f"url: {_ADDRESS}, or with ?host=/folder for a socket, and nothing else after it"]
        if not self.is_on_this_machine and not self.root_certificates:
            return ["root_certificates: must name the file of the authorities of a server on another machine"]
        return []


class Codes(Strict, frozen=True):
    """The provider's words for ours; a word that is not listed stands for itself."""

    state: dict[str, str] = msgspec.field(default_factory=dict)
    right_type: dict[str, str] = msgspec.field(default_factory=dict)
    unit_kind: dict[str, PlannedKind] = msgspec.field(default_factory=dict)
    prior_kind: dict[str, PriorKind] = msgspec.field(default_factory=dict)
    assessor_kind: dict[str, AssessorKind] = msgspec.field(default_factory=dict)
    mode: dict[str, str] = msgspec.field(default_factory=dict)
    process: dict[str, str] = msgspec.field(default_factory=dict)
    appointment_kind: dict[str, AppointmentKind] = msgspec.field(default_factory=dict)
    guidance_role: dict[str, GuidanceRole] = msgspec.field(default_factory=dict)


class CodePrefixes(Strict, frozen=True):
    """What to put before a bare code to make it a national one; a code that has it already is left as it is."""

    vocational: str = ""
    common: str = ""
    subarea: str = ""
    preparatory: str = ""
    career_goal: str = ""
    support_type: str = ""
    unit_group: str = ""
    apprenticeship_basis: str = ""
    environment: str = ""
    demonstration_subarea: str = ""
    qualification: str = ""
    competence_area: str = ""
    appointed_unit: str = ""


class RowSettings(Strict, frozen=True, kw_only=True):
    """How one provider writes the values of its rows and what they mean, however the rows come."""

    id: str
    provider: OrganisationOid
    gives: tuple[Given, ...]
    date_format: DateFormat = "yyyy-mm-dd"
    instant_format: InstantFormat = "iso"
    decimal: Literal[".", ","] = "."
    list_separator: str = "|"
    true_values: tuple[str, ...] = ("1",)
    false_values: tuple[str, ...] = ("0",)
    language: Literal["fi", "sv", "en"] = "fi"
    """In which language the provider writes names of qualifications."""
    codes: Codes = Codes()
    code_prefixes: CodePrefixes = CodePrefixes()

    def faults_of_values(self) -> list[str]:
        """What is wrong with how values are said to be written."""
        states = set(self.codes.state.values())
        faults = [f"codes.state: expected a state of Koski, got `{s}`" for s in sorted(states - STATE_OF_CODE.keys())]
        if not self.list_separator:
            faults.append("list_separator: expected at least one character")
        if {each.casefold() for each in self.true_values} & {each.casefold() for each in self.false_values}:
            faults.append("true_values and false_values have a word in common")
        return faults


class TableSettings(RowSettings, frozen=True, kw_only=True, tag_field="kind", tag="table"):
    """One provider's drop or views: where they are, how their rows are written and what they mean."""

    tables: dict[str, TableFile]
    folder: str = ""
    """Where the files of a drop are."""
    database: DatabaseSettings | None = None
    """Where the views are, instead of files."""
    encoding: str = "utf-8"
    delimiter: str = ","
    manifest: ManifestSettings | None = None
    stale_after_hours: float = 36
    look_every_seconds: Annotated[float, Meta(ge=0, le=60)] = 3
    """How often at most a newer drop is looked for; what has ended in it must not live on for more than a minute."""

    def __post_init__(self) -> None:
        for fault in (*self._faults_of_formats(), *self._faults_of_tables()):
            raise ValueError(f"source `{self.id}`: {fault}")

    def provider_columns(self, table: str) -> dict[str, str]:
        """Our names of the columns of a table in our order, each with the provider's."""
        mapped = self.tables[table].columns
        return {ours: mapped[ours] for ours in COLUMNS[table] if ours in mapped}

    def files(self) -> tuple[str, ...]:
        """The files that are used, each once."""
        return tuple(dict.fromkeys(table.file for table in self.tables.values()))

    def _faults_of_formats(self) -> list[str]:
        faults = self.faults_of_values()
        if not _is_charset(self.encoding):
            faults.append(f"encoding: `{self.encoding}` is not a character set")
        if len(self.delimiter) != 1 or self.delimiter in '"\r\n':
            faults.append("delimiter: expected one character, not a quote or a line break")
        return faults

    def _faults_of_tables(self) -> list[str]:
        if bool(self.folder) == bool(self.database):
            return ["expected either `folder`, for files, or `[source.database]`, for views"]
        if self.database and self.manifest:
            return ["manifest: views have none; `as_of` in `[source.database]` says how old they are"]
        needed = [table for kind in self.gives for table in _TABLES_OF[kind] if table not in self.tables]
        faults = [f"table `{table}` is needed for what the source gives" for table in needed]
        for name, table in self.tables.items():
            faults += _faults_of_table(name, table)
            faults += (_faults_of_view if self.database else _faults_of_file)(name, table)
        return faults + self._faults_between_tables()

    def _faults_between_tables(self) -> list[str]:
        faults = [
            f"table `{table}`, column `{column}`: there is no table `{other}` to find it in"
            for table, column, other in _FOUND_IN
            if table in self.tables and column in self.tables[table].columns and other not in self.tables
        ]
        appointments = self.tables.get("appointments")
        if (
            appointments
            and "learner_oid" not in appointments.columns
            and not {"people", "rights"} <= self.tables.keys()
        ):
            faults.append(
                "table `appointments`: column `learner_oid` must be mapped"
                " where there are no tables `people` and `rights` that tell whose a right is"
            )
        return faults


def _faults_of_table(name: str, table: TableFile) -> list[str]:
    if name not in COLUMNS:
        return [f"there is no table `{name}`; the tables are {', '.join(COLUMNS)}"]
    faults = [
        f"table `{name}`: there is no column `{column}`; the columns are {', '.join(COLUMNS[name])}"
        for column in table.columns
        if column not in COLUMNS[name]
    ]
    faults += [f"table `{name}`: column `{c}` must be mapped" for c in REQUIRED[name] if c not in table.columns]
    if name in ONE_OF and not set(ONE_OF[name]) & table.columns.keys():
        faults.append(f"table `{name}`: column {' or '.join(f'`{c}`' for c in ONE_OF[name])} must be mapped")
    return faults


def _faults_of_file(name: str, table: TableFile) -> list[str]:
    if table.view or PurePath(table.file).name != table.file or table.file in ("", ".."):
        return [f"table `{name}`: expected the name of a file in the folder, without a path"]
    return []


def _faults_of_view(name: str, table: TableFile) -> list[str]:
    if table.file or not table.view or not all(table.columns.values()):
        return [f"table `{name}`: expected the name of a view in the database, and of each column"]
    return []


def _is_charset(name: str) -> bool:
    try:
        "".encode(codecs.lookup(name).name)
    except LookupError:
        return False
    return True
