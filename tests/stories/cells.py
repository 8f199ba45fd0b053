"""The sandbox's cells by hand: who sees whose plan by which column, and which leaf of the graph is which item and wire.

Columns are those of ``ehoks.md`` 10.2-10.4 as the matrices of ``tests/hoks`` copy them; the choice of a column for each
persona and plan follows from what ``people.toml`` says of them (``shows``).
"""

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from hoks.items import Item
from tests.hoks import matrix_10_2 as of_10_2
from tests.hoks import matrix_10_3 as of_10_3
from tests.hoks import matrix_10_4 as of_10_4

Aspect = Literal["F", "-", "?"]
Kind = Literal["name", "date", "other"]


class Leaf(NamedTuple):
    """A leaf of a plan: its way in the graph, its way in eHOKS, its item (one of several), what opens it at all."""

    graph: str
    wire: str
    items: tuple[Item, ...]
    kind: Kind = "other"
    gate: tuple[Item, ...] = ()


class Column(NamedTuple):
    """A column of a table, and what a consent or a statute names."""

    cells: Mapping[Item, str]
    named: frozenset[Item] = frozenset()

    def gives(self, leaf: Leaf) -> Aspect:
        """Whether the leaf is given (F), denied (-), or left to the part it stands in (?)."""
        said = {self._of(item, leaf.kind) for item in leaf.items}
        opened = {self._of(item, leaf.kind) for item in leaf.gate} or {"F"}
        if said == {"-"} or opened == {"-"}:
            return "-"
        return "F" if said == opened == {"F"} else "?"

    def _of(self, item: Item, kind: Kind) -> Aspect:
        aspect, _, condition = self.cells[item].partition(";")[0].partition(" ")
        if not {"F": True, "N": kind == "name", "T": kind == "date", "-": False}[aspect]:
            return "-"
        if condition.startswith("if"):
            return "F" if condition == "if named" and item in self.named else "-"
        return "?" if condition.startswith("of") else "F"


def _whole(items: frozenset[Item]) -> Column:
    return Column({item: "F" if item in items else "-" for item in Item})


OWN, CONCURRENT, ENDED_ELSEWHERE = map(_whole, (of_10_2.OWN, of_10_2.CONCURRENT, of_10_2.ENDED_ELSEWHERE))
PROCURED, OWN_ENDED, STUDENT = map(_whole, (of_10_2.PROCURED, of_10_2.OWN_ENDED, of_10_2.STUDENT))
STATE_ALONE = _whole(of_10_2.STATE_WITHOUT_PLAN)
TEACHER, TEACHER_ELSEWHERE = Column(of_10_4.TEACHER), Column(of_10_4.TEACHER_ELSEWHERE)
COUNSELLOR, COUNSELLOR_ELSEWHERE = Column(of_10_4.COUNSELLOR), Column(of_10_4.COUNSELLOR_ELSEWHERE)
SPECIAL, SPECIAL_ELSEWHERE = Column(of_10_4.SPECIAL_NEEDS), Column(of_10_4.SPECIAL_NEEDS_ELSEWHERE)
SOCIAL_WORKER, HEAD = Column(of_10_4.SOCIAL_WORKER), Column(of_10_4.HEAD)
THE_ONLY_ONE, ONE_OF_SEVERAL = Column(of_10_3.THE_ONLY_ONE), Column(of_10_3.ONE_OF_SEVERAL)
ASSESSOR = Column(of_10_3.ASSESSOR)
CONSENT_7 = Column(of_10_3.CONSENT, frozenset({Item.D1, Item.D2q, Item.D2u, Item.D3, Item.D10}))
STATUTE = Column(of_10_3.AUTHORITY, frozenset({Item.D1, Item.D2q, Item.D2u}))

PLANS = [
    "1a",
    "2a",
    "3a",
    "3c",
    "4a",
    "4c",
    "5b",
    "5a",
    "6c",
    "6a",
    "7a",
    "7c",
    "8a",
    "8t",
    "9c",
    "10a",
    "11a",
    "12a",
    "13b",
    "14a",
    "15a",
    "16a",
    "17a-ended",
    "18a",
    "20a",
    "20c",
    "21a",
    "21c",
]
"""Every plan of the cast: the person's number and the key of the right."""


def _by(**columns: str) -> Mapping[str, Column]:
    """Plans by the name of their column; every other plan is nothing to the persona."""
    return {plan: globals()[name] for name, plans in columns.items() for plan in plans.split()}


_OWN_AT_A = "1a 2a 3a 4a 5a 6a 7a 8a 8t 10a 11a 12a 14a 15a 16a 18a"
_ELSEWHERE_FROM_A = "3c 4c 5b 7c"
_APPROVED = "1a 2a 3a 3c 4a 4c 5b 5a 6a 7a 7c 8a 8t 9c 10a 11a 12a 13b 14a 15a 16a 17a-ended 18a 20c 21a"

BY_PERSON: Mapping[str, Mapping[str, Column]] = {
    "staff-a": _by(OWN=f"{_OWN_AT_A} 21a", CONCURRENT=_ELSEWHERE_FROM_A, OWN_ENDED="17a-ended"),
    "system-a": _by(OWN=f"{_OWN_AT_A} 21a", CONCURRENT=_ELSEWHERE_FROM_A, OWN_ENDED="17a-ended"),
    "staff-a-school": _by(OWN=_OWN_AT_A, CONCURRENT=_ELSEWHERE_FROM_A, OWN_ENDED="17a-ended"),
    "staff-b": _by(
        OWN="5b 13b",
        PROCURED="1a 2a 10a 11a 15a 16a 18a",
        OWN_ENDED="3a",
        CONCURRENT="5a 14a",
        ENDED_ELSEWHERE="17a-ended",
    ),
    "staff-c": _by(OWN="3c 4c 7c 9c 20c 21c", PROCURED="11a", CONCURRENT="3a 4a 7a 16a 21a"),
    **{
        f"student-{number}": _by(STUDENT=plans)
        for number, plans in (
            *((number, f"{number}a") for number in (1, 2, 10, 11, 12, 14, 15, 16, 18)),
            *((number, f"{number}a {number}c") for number in (3, 4, 7, 21)),
            (5, "5a 5b"),
            (8, "8a 8t"),
            (9, "9c"),
            (13, "13b"),
            (17, "17a-ended"),
            (20, "20c"),
        )
    },
    "student-6": _by(STUDENT="6a", STATE_ALONE="6c"),
    "teacher-a": _by(TEACHER="1a 4a 7a", TEACHER_ELSEWHERE="4c 7c"),
    "teacher-b": _by(TEACHER="1a"),
    "counsellor-a": _by(COUNSELLOR="1a 2a 7a", COUNSELLOR_ELSEWHERE="7c"),
    "counsellor-c": _by(COUNSELLOR="7c 9c", COUNSELLOR_ELSEWHERE="7a"),
    "special-a": _by(SPECIAL="7a", SPECIAL_ELSEWHERE="7c"),
    "social-a": _by(SOCIAL_WORKER="7a"),
    "head-a": _by(HEAD=_OWN_AT_A),
    "authority-1": _by(STATUTE=_APPROVED),
    "authority-2": {},
    "fund-1": {},
    "oph-1": {},
}
"""Personas who ask by a student's number."""

BY_LIST: Mapping[str, Mapping[str, Column]] = {
    "instructor-1": _by(THE_ONLY_ONE="1a", ONE_OF_SEVERAL="7c"),
    "instructor-2": _by(ONE_OF_SEVERAL="7a"),
    "assessor-1": _by(ASSESSOR="1a"),
    "assessor-2": _by(ASSESSOR="5b"),
    "recipient-1": _by(CONSENT_7="7a"),
}
"""Personas to whom a student has no number: they have the students that their relations give them."""

# --- the leaves of a plan -------------------------------------------------------------------------------------

_PRIOR = (Item.D3, Item.D4, Item.D5)
_TIMING = (Item.G, Item.W4, Item.W5)

_PLAN = (
    Leaf("studyRightOid", "opiskeluoikeus-oid", (Item.SR,)),
    Leaf("studentEmail", "sahkoposti", (Item.Cs,)),
    Leaf("studentPhone", "puhelinnumero", (Item.Cs,)),
    Leaf("careerPlanGoal.uri", "urasuunnitelma-koodi-uri", (Item.D13,)),
    Leaf("firstApprovedOn", "ensikertainen-hyvaksyminen", (Item.D1,), "date"),
    Leaf("approvedAt", "hyvaksytty", (Item.D1,)),
    Leaf("updatedAt", "paivitetty", (Item.D1,)),
    Leaf("competenceAchievedOn", "osaamisen-saavuttamisen-pvm", (Item.X,)),
    Leaf("competenceAcquisitionNeeded", "osaamisen-hankkimisen-tarve", (Item.D7,)),
    Leaf("learningSupport.supportType.uri", "oppimisen-tuki.oppimisen-tuen-tyyppi-koodi-uri", (Item.D9,)),
    Leaf("studiesSupportingStudySkills.name", "opiskeluvalmiuksia-tukevat-opinnot.nimi", (Item.D9,)),
    Leaf("plannedCommonUnits.unit.uri", "hankittavat-yhteiset-tutkinnon-osat.tutkinnon-osa-koodi-uri", (Item.D2u,)),
    Leaf("plannedVocationalUnits.unit.uri", "hankittavat-ammat-tutkinnon-osat.tutkinnon-osa-koodi-uri", (Item.D2u,)),
    Leaf("plannedLocalUnits.name", "hankittavat-paikalliset-tutkinnon-osat.nimi", (Item.D2u,)),
    Leaf(
        "plannedLocalUnits.goalsAndContents",
        "hankittavat-paikalliset-tutkinnon-osat.tavoitteet-ja-sisallot",
        (Item.G,),
    ),
    Leaf("plannedPreparatoryParts.part.uri", "hankittavat-koulutuksen-osat.koulutuksen-osa-koodi-uri", (Item.D2u,)),
    Leaf("plannedPreparatoryParts.startDate", "hankittavat-koulutuksen-osat.alku", (Item.G,), "date"),
    Leaf("priorVocationalUnits.unit.uri", "aiemmin-hankitut-ammat-tutkinnon-osat.tutkinnon-osa-koodi-uri", _PRIOR),
    Leaf("priorLocalUnits.name", "aiemmin-hankitut-paikalliset-tutkinnon-osat.nimi", _PRIOR),
    Leaf("priorCommonUnits.unit.uri", "aiemmin-hankitut-yhteiset-tutkinnon-osat.tutkinnon-osa-koodi-uri", _PRIOR),
    Leaf(
        "priorCommonUnits.subareas.subarea.uri",
        "aiemmin-hankitut-yhteiset-tutkinnon-osat.osa-alueet.osa-alue-koodi-uri",
        _PRIOR,
    ),
)  # fmt: skip

_PLACES = "tyopaikalla-jarjestettava-koulutus"
_OF_A_PERIOD = (
    Leaf("startDate", "alku", _TIMING, "date"),
    Leaf("endDate", "loppu", _TIMING, "date"),
    Leaf("periodDetail", "ajanjakson-tarkenne", (Item.G,)),
    Leaf("modeCode.uri", "osaamisen-hankkimistapa-koodi-uri", (Item.G,)),
    Leaf("workingTimePercent", "osa-aikaisuustieto", (Item.X,)),
    Leaf("providerRepresentative.name", "jarjestajan-edustaja.nimi", (Item.W1,), "name"),
    Leaf("procuringProviderRepresentative.name", "hankkijan-edustaja.nimi", (Item.W2,), "name"),
    Leaf("interruptions.startDate", "keskeytymisajanjaksot.alku", (Item.Gi,), "date"),
    Leaf("workplaceLearning.workplaceName", f"{_PLACES}.tyopaikan-nimi", (Item.W1,)),
    Leaf("workplaceLearning.keyTasks", f"{_PLACES}.keskeiset-tyotehtavat", (Item.W3,)),
    Leaf(
        "workplaceLearning.responsibleWorkplaceInstructor.name",
        f"{_PLACES}.vastuullinen-tyopaikka-ohjaaja.nimi",
        (Item.W1,),
        "name",
    ),
    Leaf(
        "workplaceLearning.responsibleWorkplaceInstructor.email",
        f"{_PLACES}.vastuullinen-tyopaikka-ohjaaja.sahkoposti",
        (Item.Ci,),
    ),
)
_OF_A_DEMONSTRATION = (
    Leaf("startDate", "alku", (Item.D10,), "date"),
    Leaf("environment.name", "nayttoymparisto.nimi", (Item.D10,)),
    Leaf("contentDescriptions", "sisallon-kuvaus", (Item.D10,)),
    Leaf("providerAssessors.name", "koulutuksen-jarjestaja-osaamisen-arvioijat.nimi", (Item.D12,), "name"),
    Leaf("workingLifeAssessors.name", "tyoelama-osaamisen-arvioijat.nimi", (Item.D12,), "name"),
    Leaf("workingLifeAssessors.organisationName", "tyoelama-osaamisen-arvioijat.organisaatio.nimi", (Item.D12,)),
    Leaf("deviationFromRequirements", "vaatimuksista-tai-tavoitteista-poikkeaminen", (Item.D6d,)),
    Leaf("individualAssessmentCriteria", "yksilolliset-kriteerit", (Item.D11b,)),
)
_OF_A_UNIT = (
    Leaf("deviationFromRequirements", "vaatimuksista-tai-tavoitteista-poikkeaminen", (Item.D6u,)),
    Leaf("essentialCircumstanceExists", "olennainen-seikka", (Item.D8,)),
)
_OF_A_REFERRAL = (
    Leaf("sentForAssessmentOn", "lahetetty-arvioitavaksi", (Item.D4,), "date"),
    Leaf("assessors.name", "aiemmin-hankitun-osaamisen-arvioijat.nimi", (Item.D12,), "name"),
)
_PLANNED_LISTS = {
    "plannedVocationalUnits": "hankittavat-ammat-tutkinnon-osat",
    "plannedLocalUnits": "hankittavat-paikalliset-tutkinnon-osat",
    "plannedCommonUnits.subareas": "hankittavat-yhteiset-tutkinnon-osat.osa-alueet",
}
_PRIOR_LISTS = {
    "priorVocationalUnits": "aiemmin-hankitut-ammat-tutkinnon-osat",
    "priorLocalUnits": "aiemmin-hankitut-paikalliset-tutkinnon-osat",
    "priorCommonUnits.subareas": "aiemmin-hankitut-yhteiset-tutkinnon-osat.osa-alueet",
}


def _under(graph: str, wire: str, leaves: tuple[Leaf, ...], gate: tuple[Item, ...] = ()) -> Iterator[Leaf]:
    for leaf in leaves:
        yield leaf._replace(graph=f"{graph}.{leaf.graph}", wire=f"{wire}.{leaf.wire}", gate=gate)


def _leaves() -> Iterator[Leaf]:
    yield from _PLAN
    for graph, wire in _PLANNED_LISTS.items():
        yield Leaf(f"{graph}.teachingAndGuidanceHours", f"{wire}.opetus-ja-ohjaus-maara", (Item.G,))
        yield from _under(graph, wire, _OF_A_UNIT)
        yield from _under(f"{graph}.acquisitions", f"{wire}.osaamisen-hankkimistavat", _OF_A_PERIOD)
        yield from _under(f"{graph}.demonstrations", f"{wire}.osaamisen-osoittaminen", _OF_A_DEMONSTRATION)
    for graph, wire in _PRIOR_LISTS.items():
        yield from _under(graph, wire, _OF_A_UNIT, _PRIOR)
        yield from _under(
            f"{graph}.skillsDemonstrations", f"{wire}.tarkentavat-tiedot-naytto", _OF_A_DEMONSTRATION, _PRIOR
        )
        yield from _under(
            f"{graph}.assessorReferral", f"{wire}.tarkentavat-tiedot-osaamisen-arvioija", _OF_A_REFERRAL, _PRIOR
        )


LEAVES = tuple(_leaves())

RIGHT_LEAVES = (
    Leaf("oid", "oid", (Item.SR,)),
    Leaf("startDate", "start", (Item.SR,), "date"),
    Leaf("school.oid", "school.oid", (Item.SR,)),
    Leaf("provider.oid", "provider", (Item.SR,)),
    Leaf("estimatedEndDate", "estimated_end", (Item.SR,), "date"),
    Leaf("qualifications.code.uri", "qualification", (Item.D2q,), "name"),
)
"""Leaves of the study right, and the attribute of the sandbox's own right."""
