"""How providers B and C name and write their rows: file names, columns, dates, numbers, words for codes.

The same value writes the files and the gateway's settings, so the two cannot drift apart.
"""

from dataclasses import dataclass, field
from datetime import date, datetime

from .plans import HELSINKI
from .rows import Cell, Row

PRIVATE = "_"
"""Columns that begin so are in the file but not in the gateway's mapping."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The keys of a drop's manifest."""

    complete: str
    snapshot_at: str
    files: str
    rows: str
    sha256: str = "sha256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One file; ``columns`` maps logical names to the names in its header, in the header's order."""

    file: str
    columns: dict[str, str]

    @property
    def mapped(self) -> dict[str, str]:
        """The columns that the gateway is told of."""
        return {ours: theirs for ours, theirs in self.columns.items() if not ours.startswith(PRIVATE)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The way one system writes its rows."""

    encoding: str
    delimiter: str
    line_end: str
    date_format: str
    instant_format: str
    decimal: str
    list_separator: str
    true_value: str
    false_value: str
    language: str
    """The language its names are in."""
    manifest: Manifest
    tables: dict[str, Table]
    codes: dict[str, dict[str, str]]
    """Code table, then the system's word, then the word of the gateway."""
    code_prefixes: dict[str, str] = field(default_factory=dict)
    """What stands before a bare code to make it whole; empty where codes are written in full."""

    def cell(self, table: str, column: str, row: Row) -> str:
        """A value of a row as text in the file."""
        value = row[column]
        if isinstance(value, str):
            return self._code(table, column, row, value)
        if isinstance(value, tuple):
            return self.list_separator.join(self._code(table, column, row, item) for item in value)
        return self._plain(value)

    def _plain(self, value: Cell) -> str:
        match value:
            case None:
                return ""
            case bool():
                return self.true_value if value else self.false_value
            case datetime():
                return self._instant(value)
            case date():
                return value.isoformat() if self.date_format == "yyyy-mm-dd" else _finnish(value)
            case _:
                return str(value).replace(".", self.decimal)

    def _instant(self, value: datetime) -> str:
        local = value.astimezone(HELSINKI)
        return local.isoformat() if self.instant_format == "iso" else f"{_finnish(local)} {local:%H:%M}"

    def _code(self, table: str, column: str, row: Row, value: str) -> str:
        if words := _CODE_TABLES.get((table, column)):
            theirs = {ours: word for word, ours in self.codes[words].items()}
            return theirs[value]
        if not value or (table, column) not in _PREFIXED:
            return value
        name = _PREFIXED[table, column] or str(row["kind"])
        return value.removeprefix(self.code_prefixes.get(name, ""))


# Columns whose values are words of a code table.
_CODE_TABLES = {
    ("rights", "state"): "state",
    ("rights", "type"): "right_type",
    ("units", "kind"): "unit_kind",
    ("prior_units", "kind"): "prior_kind",
    ("periods", "mode"): "mode",
    ("assessors", "kind"): "assessor_kind",
    ("prior_units", "process"): "process",
}
# Columns that hold codes, and what kind of code; None where the row's own kind says it.
_PREFIXED = {
    ("units", "code"): None,
    ("prior_units", "code"): None,
    ("plans", "career_plan_goal"): "career_goal",
    ("units", "support_type"): "support_type",
    ("units", "unit_group"): "unit_group",
    ("periods", "apprenticeship_basis"): "apprenticeship_basis",
    ("environments", "code"): "environment",
    ("demonstrations", "subareas"): "demonstration_subarea",
}


def _finnish(day: date) -> str:
    return f"{day.day}.{day.month}.{day.year}"


def _table(file: str, columns: str) -> Table:
    pairs = (pair.partition("=") for pair in columns.split())
    return Table(file=file, columns={logical: physical for logical, _, physical in pairs})


_MODE = "osaamisenhankkimistapa_"
_PROCESS = "osaamisentodentamisenprosessi_"

B = Dialect(
    encoding="cp1252",
    delimiter=";",
    line_end="\r\n",
    date_format="d.m.yyyy",
    instant_format="d.m.yyyy HH:MM",
    decimal=",",
    list_separator=" | ",
    true_value="K",
    false_value="E",
    language="fi",
    manifest=Manifest(complete="valmis", snapshot_at="aikaleima", files="tiedostot", rows="rivit"),
    codes={
        "state": {
            "L": "lasna",
            "LO": "loma",
            "K": "valiaikaisestikeskeytynyt",
            "V": "valmistunut",
            "E": "eronnut",
            "M": "mitatoity",
            "P": "peruutettu",
            "KE": "katsotaaneronneeksi",
        },
        "right_type": {"AMM": "ammatillinenkoulutus", "TUVA": "tuva"},
        "unit_kind": {
            "AMM": "vocational",
            "PAIK": "local",
            "YTO": "common",
            "YTOOSA": "subarea",
            "TUVA": "preparatory",
            "OPVA": "study_skills",
            "TUKI": "learning_support",
        },
        "prior_kind": {"AMM": "vocational", "PAIK": "local", "YTO": "common", "YTOOSA": "subarea"},
        "mode": {
            "KOSO": f"{_MODE}koulutussopimus",
            "OPSO": f"{_MODE}oppisopimus",
            "OPPIL": f"{_MODE}oppilaitosmuotoinenkoulutus",
        },
        "assessor_kind": {"J": "provider", "T": "working_life", "A": "prior"},
        "process": {"1": f"{_PROCESS}0001", "2": f"{_PROCESS}0002", "3": f"{_PROCESS}0003"},
    },
    code_prefixes={
        "qualification": "koulutus_",
        "competence_area": "osaamisala_",
        "vocational": "tutkinnonosat_",
        "common": "tutkinnonosat_",
        "subarea": "ammatillisenoppiaineet_",
        "preparatory": "koulutuksenosattuva_",
        "career_goal": "urasuunnitelma_",
        "support_type": "ammatillinenkoulutusoppimisentuentyyppi_",
        "unit_group": "ammatillisentutkinnonosanryhma_",
        "apprenticeship_basis": "oppisopimuksenperusta_",
        "environment": "oppimisymparistot_",
        "demonstration_subarea": "ammatillisenoppiaineet_",
    },
    tables={
        "people": _table(
            "opiskelijat.csv",
            "key=opnro oid=oppijanumero family_name=sukunimi given_names=etunimet _group=ryhma",
        ),
        "rights": _table(
            "opinto_oikeudet.csv",
            "key=oo_id person_key=opnro oid=oo_oid school_oid=oppilaitos_oid site_oid=toimipiste_oid type=tyyppi "
            "state=tila state_start=tila_alku state_end=tila_loppu estimated_end=arv_paattyminen "
            "qualification_code=tutkinto_koodi qualification_name=tutkinto_nimi requirements_number=peruste_dnro "
            "requirements_name=peruste_nimi area_code=osaamisala_koodi area_name=osaamisala_nimi "
            "included_in_oid=sisaltyy_oo_oid included_in_school=sisaltyy_oppilaitos_oid purchased=ostettu",
        ),
        "plans": _table(
            "hoks.csv",
            "key=hoks_id right_key=oo_id right_oid=oo_oid first_approved_on=ensihyv_pvm approved_at=hyvaksytty "
            "updated_at=paivitetty version=versio competence_acquisition_needed=hankkimisen_tarve "
            "career_plan_goal=urasuunnitelma competence_achieved_on=saavuttamispvm student_email=sposti "
            "student_phone=puhelin preparatory_right_oid=tuva_oo_oid entered_manually=kasin_syotetty",
        ),
        "units": _table(
            "osat.csv",
            "key=osa_id plan_key=hoks_id parent_key=ylaosa_id kind=laji code=koodi code_version=koodi_versio "
            "requirements_number=peruste_dnro name=nimi extent=laajuus amosaa_id=amosaa goals=tavoitteet "
            "deviation=poikkeaminen provider_oid=jarjestaja_oid essential_circumstance=olennainen_seikka "
            "hours=ohjaus_h start=alku end=loppu description=kuvaus support_type=tukilaji unit_group=osaryhma",
        ),
        "periods": _table(
            "jaksot.csv",
            "key=jakso_id unit_key=osa_id source_key=tunniste start=alku end=loppu detail=tarkenne mode=tapa "
            "representative_name=edustaja_nimi representative_role=edustaja_rooli representative_org=edustaja_org "
            "procuring_name=hankkija_nimi procuring_role=hankkija_rooli procuring_org=hankkija_org "
            "instructor_name=ohjaaja_nimi instructor_email=ohjaaja_sposti instructor_phone=ohjaaja_puh "
            "workplace_name=tyopaikka workplace_business_id=ytunnus key_tasks=tehtavat "
            "working_time_percent=osa_aika_pros apprenticeship_basis=oppisop_perusta",
        ),
        "interruptions": _table("keskeytykset.csv", "period_key=jakso_id start=alku end=loppu"),
        "demonstrations": _table(
            "naytot.csv",
            "key=naytto_id unit_key=osa_id prior_key=aiempi_id start=alku end=loppu organiser_oid=jarjestaja_oid "
            "subareas=osa_alueet environment_name=ymparisto environment_business_id=ymparisto_ytunnus "
            "environment_description=ymparisto_kuvaus contents=sisalto deviation=poikkeaminen criteria=kriteerit",
        ),
        "assessors": _table(
            "arvioijat.csv",
            "demonstration_key=naytto_id prior_key=aiempi_id kind=laji name=nimi organisation_oid=org_oid "
            "organisation_name=org_nimi organisation_business_id=org_ytunnus",
        ),
        "prior_units": _table(
            "aiemmat.csv",
            "key=aiempi_id plan_key=hoks_id parent_key=ylaaiempi_id kind=laji code=koodi code_version=koodi_versio "
            "requirements_number=peruste_dnro name=nimi extent=laajuus amosaa_id=amosaa goals=tavoitteet "
            "deviation=poikkeaminen provider_oid=jarjestaja_oid essential_circumstance=olennainen_seikka "
            "process=prosessi sent_on=lahetetty_pvm",
        ),
    },
)
"""Provider B: a Finnish system's nightly export, with its shorthand and its old character set."""

C = Dialect(
    encoding="utf-8",
    delimiter=",",
    line_end="\n",
    date_format="yyyy-mm-dd",
    instant_format="iso",
    decimal=".",
    list_separator="; ",
    true_value="1",
    false_value="0",
    language="sv",
    manifest=Manifest(complete="complete", snapshot_at="snapshotAt", files="files", rows="rows"),
    codes={
        "state": {
            "active": "lasna",
            "holiday": "loma",
            "paused": "valiaikaisestikeskeytynyt",
            "graduated": "valmistunut",
            "resigned": "eronnut",
            "void": "mitatoity",
            "cancelled": "peruutettu",
            "deemed": "katsotaaneronneeksi",
        },
        "right_type": {"vet": "ammatillinenkoulutus", "tuva": "tuva"},
        "unit_kind": {
            "vocational": "vocational",
            "local": "local",
            "common": "common",
            "subarea": "subarea",
            "preparatory": "preparatory",
            "study_skills": "study_skills",
            "support": "learning_support",
        },
        "prior_kind": {
            "vocational": "vocational",
            "local": "local",
            "common": "common",
            "subarea": "subarea",
        },
        "mode": {
            "agreement": f"{_MODE}koulutussopimus",
            "apprenticeship": f"{_MODE}oppisopimus",
            "school": f"{_MODE}oppilaitosmuotoinenkoulutus",
        },
        "assessor_kind": {"school": "provider", "work": "working_life", "prior": "prior"},
        "process": {
            "direct": f"{_PROCESS}0001",
            "assessors": f"{_PROCESS}0002",
            "demonstration": f"{_PROCESS}0003",
        },
    },
    code_prefixes={"qualification": "koulutus_", "competence_area": "osaamisala_"},
    tables={
        "people": _table("people.csv", "key=student_no oid=learner_oid family_name=last_name given_names=first_names"),
        "rights": _table(
            "enrolments.csv",
            "key=enrolment_no person_key=student_no oid=right_oid school_oid=school site_oid=site type=kind "
            "state=status state_start=from state_end=to estimated_end=planned_end qualification_code=qualification "
            "qualification_name=qualification_name requirements_number=requirements_no "
            "requirements_name=requirements_name area_code=area area_name=area_name "
            "included_in_oid=included_in_oid included_in_school=included_in_school purchased=purchased",
        ),
        "plans": _table(
            "plans.csv",
            "key=plan_no right_key=enrolment_no right_oid=right_oid first_approved_on=first_approved "
            "approved_at=approved_at updated_at=updated_at version=version "
            "competence_acquisition_needed=needs_competence career_plan_goal=career_goal "
            "competence_achieved_on=achieved_on student_email=email student_phone=phone "
            "preparatory_right_oid=tuva_right entered_manually=manual",
        ),
        "units": _table(
            "units.csv",
            "key=unit_no plan_key=plan_no parent_key=parent_no kind=kind code=code code_version=code_version "
            "requirements_number=requirements_no name=name extent=extent amosaa_id=amosaa goals=goals "
            "deviation=deviation provider_oid=provider essential_circumstance=essential hours=hours start=start "
            "end=end description=description support_type=support_type unit_group=unit_group",
        ),
        "periods": _table(
            "periods.csv",
            "key=period_no unit_key=unit_no source_key=key start=start end=end detail=detail mode=mode "
            "representative_name=rep_name representative_role=rep_role representative_org=rep_org "
            "procuring_name=buyer_rep_name procuring_role=buyer_rep_role procuring_org=buyer_rep_org "
            "instructor_name=instructor instructor_email=instructor_email instructor_phone=instructor_phone "
            "workplace_name=workplace workplace_business_id=workplace_id key_tasks=tasks "
            "working_time_percent=percent apprenticeship_basis=basis",
        ),
        "environments": _table("environments.csv", "period_key=period_no code=code start=start end=end"),
        "interruptions": _table("breaks.csv", "period_key=period_no start=start end=end"),
        "demonstrations": _table(
            "demos.csv",
            "key=demo_no unit_key=unit_no prior_key=prior_no start=start end=end organiser_oid=organiser "
            "subareas=subareas environment_name=place environment_business_id=place_id "
            "environment_description=place_description contents=content deviation=deviation criteria=criteria",
        ),
        "assessors": _table(
            "assessors.csv",
            "demonstration_key=demo_no prior_key=prior_no kind=kind name=name organisation_oid=org_oid "
            "organisation_name=org_name organisation_business_id=org_id",
        ),
        "prior_units": _table(
            "prior.csv",
            "key=prior_no plan_key=plan_no parent_key=parent_no kind=kind code=code code_version=code_version "
            "requirements_number=requirements_no name=name extent=extent amosaa_id=amosaa goals=goals "
            "deviation=deviation provider_oid=provider essential_circumstance=essential process=process "
            "sent_on=sent_on",
        ),
    },
)
"""Provider C: a system that exports in English, in UTF-8, with whole codes."""
