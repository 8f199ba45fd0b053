"""Rights and plans as flat rows with the gateway's logical column names: what any row-exporting system holds.

Codes are written in full here; how a provider abbreviates them is the business of its dialect.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from itertools import count

from .cast import Letter
from .organisations import LANGUAGE
from .parts import Json
from .texts import Language
from .world import Person, Plan, StudyRight, World

Cell = str | int | float | bool | date | datetime | tuple[str, ...] | None
Row = dict[str, Cell]
Tables = dict[str, list[Row]]

TABLES = (
    "people",
    "rights",
    "plans",
    "units",
    "periods",
    "environments",
    "interruptions",
    "demonstrations",
    "assessors",
    "prior_units",
)


def tables(world: World, letter: Letter) -> Tables:
    """All rows of one provider's system."""
    made: Tables = {name: [] for name in TABLES}
    keys = _right_keys(world, letter)
    for right in world.rights_of(letter):
        made["rights"] += _right_rows(right, keys[right.oid], letter)
    made["people"] = list(_person_rows(world.rights_of(letter)))
    for plan in world.plans_of(letter):
        for name, rows in _PlanRows(plan, keys.get(plan.right.oid)).made.items():
            made[name] += rows
    return made


def person_key(letter: Letter, person: Person) -> str:
    """A student's local number in a provider's system."""
    return f"{letter}{person.number:05d}"


def plan_key(plan: Plan) -> str:
    """The local key of a plan; a copy of another provider's has one of its own."""
    return f"H{plan.document['id']}{'K' if plan.copied else ''}"


def _person_key(right: StudyRight) -> str:
    return person_key(right.provider, right.person)


def _right_keys(world: World, letter: Letter) -> dict[str, str]:
    """Local keys of the rights: the student's number and a running number."""
    running: defaultdict[str, Iterator[int]] = defaultdict(lambda: count(1))
    return {r.oid: f"{_person_key(r)}-{next(running[_person_key(r)])}" for r in world.rights_of(letter)}


def _person_rows(rights: Iterable[StudyRight]) -> Iterator[Row]:
    seen = set()
    for right in rights:
        key = _person_key(right)
        if key in seen:
            continue
        seen.add(key)
        yield {
            "key": key,
            "oid": right.known_as,
            "family_name": right.person.family_name,
            "given_names": right.person.given_names,
            "_group": f"{right.qualification.key[:3].upper() if right.qualification else 'TUV'}{right.start:%y}",
        }


def _right_rows(right: StudyRight, key: str, letter: Letter) -> Iterator[Row]:
    link = right.included_in
    ends = [p.start - timedelta(days=1) for p in right.periods[1:]]
    for period, end in zip(right.periods, [*ends, None], strict=True):
        yield {
            "key": key,
            "person_key": _person_key(right),
            "oid": right.oid,
            "school_oid": right.school.oid,
            "site_oid": right.site.oid,
            "type": right.type,
            "state": period.state,
            "state_start": period.start,
            "state_end": end,
            "estimated_end": right.estimated_end,
            **_studied(right, LANGUAGE[letter]),
            "included_in_oid": link.right_oid if link else None,
            "included_in_school": link.school_oid if link else None,
            "purchased": right.purchased,
        }


def _studied(right: StudyRight, language: Language) -> Row:
    studied = right.qualification
    name = studied.name.in_language(language) if studied else None
    return {
        "qualification_code": studied.code if studied else None,
        "qualification_name": name,
        "requirements_number": studied.requirements_number if studied else None,
        "requirements_name": name,
        "area_code": studied.area_code if studied else None,
        "area_name": studied.area.in_language(language) if studied else None,
    }


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


class _PlanRows:
    """The rows of one plan. Keys run within the plan in the order of the neutral form."""

    def __init__(self, plan: Plan, right_key: str | None) -> None:
        self.made: defaultdict[str, list[Row]] = defaultdict(list)
        self._numbers: defaultdict[str, Iterator[int]] = defaultdict(lambda: count(1))
        self._key = plan_key(plan)
        document = plan.document
        self._plan(document, right_key, plan.right.oid if plan.copied else None)
        self._planned(document)
        self._prior(document)

    def _next(self, sort: str) -> str:
        return f"{self._key}-{sort}{next(self._numbers[sort])}"

    def _plan(self, document: Json, right_key: str | None, right_oid: str | None) -> None:
        self.made["plans"].append(
            {
                "key": self._key,
                "right_key": right_key,
                "right_oid": right_oid,
                "first_approved_on": _day(document.get("ensikertainen-hyvaksyminen")),
                "approved_at": _instant(document.get("hyvaksytty")),
                "updated_at": _instant(document.get("paivitetty")),
                "version": document.get("versio"),
                "competence_acquisition_needed": document.get("osaamisen-hankkimisen-tarve"),
                "career_plan_goal": document.get("urasuunnitelma-koodi-uri"),
                "competence_achieved_on": _day(document.get("osaamisen-saavuttamisen-pvm")),
                "student_email": document.get("sahkoposti"),
                "student_phone": document.get("puhelinnumero"),
                "preparatory_right_oid": document.get("tuva-opiskeluoikeus-oid"),
                "entered_manually": document.get("manuaalisyotto"),
            }
        )

    def _planned(self, document: Json) -> None:
        for unit in document["hankittavat-ammat-tutkinnon-osat"]:
            self._unit("vocational", unit, "tutkinnon-osa-")
        for unit in document["hankittavat-paikalliset-tutkinnon-osat"]:
            self._unit("local", unit, "")
        for unit in document["hankittavat-yhteiset-tutkinnon-osat"]:
            key = self._unit("common", unit, "tutkinnon-osa-")
            for subarea in unit["osa-alueet"]:
                self._unit("subarea", subarea, "osa-alue-", parent=key)
        for part in document["hankittavat-koulutuksen-osat"]:
            self._unit("preparatory", part, "koulutuksen-osa-")
        for studies in document["opiskeluvalmiuksia-tukevat-opinnot"]:
            self._unit("study_skills", studies, "")
        for support in document["oppimisen-tuki"]:
            self._unit("learning_support", support, "")

    def _unit(self, kind: str, unit: Json, prefix: str, parent: str | None = None) -> str:
        key = self._next("O")
        self.made["units"].append(
            _unit_row(key, self._key, parent, kind, unit, prefix)
            | {
                "hours": unit.get("opetus-ja-ohjaus-maara"),
                "start": _day(unit.get("alku")),
                "end": _day(unit.get("loppu")),
                "description": unit.get("kuvaus"),
                "support_type": unit.get("oppimisen-tuen-tyyppi-koodi-uri"),
                "unit_group": unit.get("tutkinnon-osan-tyyppi-koodi-uri"),
            }
        )
        for period in unit.get("osaamisen-hankkimistavat", ()):
            self._period(key, period)
        for demonstration in unit.get("osaamisen-osoittaminen", ()):
            self._demonstration(demonstration, unit_key=key)
        return key

    def _period(self, unit_key: str, period: Json) -> None:
        key = self._next("J")
        work = period.get("tyopaikalla-jarjestettava-koulutus", {})
        instructor = work.get("vastuullinen-tyopaikka-ohjaaja", {})
        self.made["periods"].append(
            {
                "key": key,
                "unit_key": unit_key,
                "source_key": period.get("yksiloiva-tunniste"),
                "start": _day(period["alku"]),
                "end": _day(period["loppu"]),
                "detail": period.get("ajanjakson-tarkenne"),
                "mode": period["osaamisen-hankkimistapa-koodi-uri"],
                **_representative("representative", period.get("jarjestajan-edustaja", {})),
                **_representative("procuring", period.get("hankkijan-edustaja", {})),
                "instructor_name": instructor.get("nimi"),
                "instructor_email": instructor.get("sahkoposti"),
                "instructor_phone": instructor.get("puhelinnumero"),
                "workplace_name": work.get("tyopaikan-nimi"),
                "workplace_business_id": work.get("tyopaikan-y-tunnus"),
                "key_tasks": tuple(work.get("keskeiset-tyotehtavat", ())),
                "working_time_percent": period.get("osa-aikaisuustieto"),
                "apprenticeship_basis": period.get("oppisopimuksen-perusta-koodi-uri"),
            }
        )
        for place in period.get("muut-oppimisymparistot", ()):
            code = place["oppimisymparisto-koodi-uri"]
            self.made["environments"].append({"period_key": key, "code": code, **_span(place)})
        for gap in period.get("keskeytymisajanjaksot", ()):
            self.made["interruptions"].append({"period_key": key, **_span(gap)})

    def _demonstration(self, shown: Json, unit_key: str | None = None, prior_key: str | None = None) -> None:
        key = self._next("N")
        place = shown["nayttoymparisto"]
        self.made["demonstrations"].append(
            {
                "key": key,
                "unit_key": unit_key,
                "prior_key": prior_key,
                **_span(shown),
                "organiser_oid": shown.get("jarjestaja", {}).get("oppilaitos-oid"),
                "subareas": tuple(s["koodi-uri"] for s in shown.get("osa-alueet", ())),
                "environment_name": place["nimi"],
                "environment_business_id": place.get("y-tunnus"),
                "environment_description": place.get("kuvaus"),
                "contents": tuple(shown["sisallon-kuvaus"]),
                "deviation": shown.get("vaatimuksista-tai-tavoitteista-poikkeaminen"),
                "criteria": tuple(shown.get("yksilolliset-kriteerit", ())),
            }
        )
        self._assessors("provider", shown.get("koulutuksen-jarjestaja-osaamisen-arvioijat", ()), shown_key=key)
        self._assessors("working_life", shown.get("tyoelama-osaamisen-arvioijat", ()), shown_key=key)

    def _assessors(
        self, kind: str, assessors: Iterable[Json], shown_key: str | None = None, prior_key: str | None = None
    ) -> None:
        for assessor in assessors:
            organisation = assessor["organisaatio"]
            self.made["assessors"].append(
                {
                    "demonstration_key": shown_key,
                    "prior_key": prior_key,
                    "kind": kind,
                    "name": assessor["nimi"],
                    "organisation_oid": organisation.get("oppilaitos-oid"),
                    "organisation_name": organisation.get("nimi"),
                    "organisation_business_id": organisation.get("y-tunnus"),
                }
            )

    def _prior(self, document: Json) -> None:
        for unit in document["aiemmin-hankitut-ammat-tutkinnon-osat"]:
            self._prior_unit("vocational", unit, "tutkinnon-osa-")
        for unit in document["aiemmin-hankitut-paikalliset-tutkinnon-osat"]:
            self._prior_unit("local", unit, "")
        for unit in document["aiemmin-hankitut-yhteiset-tutkinnon-osat"]:
            key = self._prior_unit("common", unit, "tutkinnon-osa-")
            for subarea in unit["osa-alueet"]:
                self._prior_unit("subarea", subarea, "osa-alue-", parent=key)

    def _prior_unit(self, kind: str, unit: Json, prefix: str, parent: str | None = None) -> str:
        key = self._next("A")
        referral = unit["tarkentavat-tiedot-osaamisen-arvioija"]
        self.made["prior_units"].append(
            _unit_row(key, self._key, parent, kind, unit, prefix)
            | {
                "process": unit.get("valittu-todentamisen-prosessi-koodi-uri"),
                "sent_on": _day(referral.get("lahetetty-arvioitavaksi")),
            }
        )
        self._assessors("prior", referral["aiemmin-hankitun-osaamisen-arvioijat"], prior_key=key)
        for demonstration in unit["tarkentavat-tiedot-naytto"]:
            self._demonstration(demonstration, prior_key=key)
        return key


def _span(part: Json) -> Row:
    return {"start": _day(part["alku"]), "end": _day(part.get("loppu"))}


def _representative(prefix: str, person: Json) -> Row:
    return {
        f"{prefix}_name": person.get("nimi"),
        f"{prefix}_role": person.get("rooli"),
        f"{prefix}_org": person.get("oppilaitos-oid"),
    }


def _unit_row(key: str, plan_key: str, parent: str | None, kind: str, unit: Json, prefix: str) -> Row:
    return {
        "key": key,
        "plan_key": plan_key,
        "parent_key": parent,
        "kind": kind,
        "code": unit.get(f"{prefix}koodi-uri"),
        "code_version": unit.get(f"{prefix}koodi-versio"),
        "requirements_number": unit.get("tutkinnon-osan-perusteen-diaarinro"),
        "name": unit.get("nimi"),
        "extent": unit.get("laajuus"),
        "amosaa_id": unit.get("amosaa-tunniste"),
        "goals": unit.get("tavoitteet-ja-sisallot"),
        "deviation": unit.get("vaatimuksista-tai-tavoitteista-poikkeaminen"),
        "provider_oid": unit.get("koulutuksen-jarjestaja-oid"),
        "essential_circumstance": unit.get("olennainen-seikka"),
    }
