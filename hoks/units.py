"""The units of a plan: planned, prior, parts of preparatory education, and support beside them."""

from datetime import date
from typing import Annotated, ClassVar

from hoks.codes import RecognitionProcess, UnitGroup
from hoks.competence import CompetenceAcquisition, CompetenceDemonstration, ProviderAssessor
from hoks.identifiers import OrganisationOid
from hoks.items import Item, item, name_of, one_of, structure
from hoks.records import Part, Record, iso, uri_of
from hoks.values import Code, Text

_PRIOR = (Item.D3, Item.D4, Item.D5)


# --- planned units --------------------------------------------------------------------------------------------


class Planned(Part, frozen=True, gc=False):
    """What planned units and planned subareas have in common."""

    deviation_from_requirements: Annotated[
        str | None,
        item(Item.D6u, "Requirements or outcomes deviated from (vaatimuksista tai tavoitteista poikkeaminen)."),
    ] = None
    acquisitions: Annotated[
        tuple[CompetenceAcquisition, ...] | None,
        structure("How and when the competence is acquired (osaamisen hankkimistavat)."),
    ] = ()
    demonstrations: Annotated[
        tuple[CompetenceDemonstration, ...] | None,
        structure("How and when the competence is demonstrated (osaamisen osoittaminen)."),
    ] = ()
    provider_oid: Annotated[
        OrganisationOid | None,
        item(Item.D2u, "Who gives this unit when it is not the plan's provider (koulutuksen järjestäjä)."),
    ] = None
    provider_name: Annotated[Text | None, item(Item.D2u, "Name of who gives this unit (nimi).")] = None
    essential_circumstance_exists: Annotated[
        bool | None, item(Item.D8, "Mark that an essential circumstance exists (olennainen seikka).")
    ] = None
    teaching_and_guidance_hours: Annotated[
        float | None, item(Item.G, "Teaching and guidance, hours (opetus ja ohjaus, määrä).")
    ] = None


class PlannedVocationalUnit(Planned, frozen=True, gc=False):
    """A planned vocational unit (hankittava ammatillinen tutkinnon osa)."""

    unit: Annotated[Code | None, item(Item.D2u, "The unit (tutkinnon osa).")] = None
    requirements_register_number: Annotated[
        str | None,
        item(Item.D2u, "Register number of the requirements the unit is from (tutkinnon osan perusteen diaarinumero)."),
    ] = None
    competence_points: Annotated[
        float | None, item(Item.D2u, "Extent by those requirements, competence points (laajuus, osaamispiste).")
    ] = None

    @property
    def kind_and_dates(self) -> tuple[str | None, ...]:
        """What everyone who sees the unit sees of it."""
        return ("planned vocational unit", uri_of(self.unit))


class PlannedLocalUnit(Planned, frozen=True, gc=False):
    """A planned local unit (hankittava paikallinen tutkinnon osa)."""

    amosaa_id: Annotated[str | None, item(Item.D2u, "Id in the register of local curricula (AMOSAA-tunniste).")] = None
    name: Annotated[str | None, item(Item.D2u, "Name (nimi).")] = None
    registered_name: Annotated[
        Text | None, item(Item.D2u, "Name in the register of local curricula (nimi AMOSAA:ssa).")
    ] = None
    extent_in_competence_points: Annotated[
        int | None, item(Item.D2u, "Extent, competence points (laajuus, osaamispiste).")
    ] = None
    goals_and_contents: Annotated[str | None, item(Item.G, "Goals and contents (tavoitteet ja sisällöt).")] = None

    @property
    def kind_and_dates(self) -> tuple[str | None, ...]:
        """What everyone who sees the unit sees of it."""
        return ("planned local unit", self.amosaa_id or self.name)


class PlannedCommonUnitSubarea(Planned, frozen=True, gc=False):
    """A planned subarea of a common unit (yhteisen tutkinnon osan osa-alue)."""

    subarea: Annotated[Code | None, item(Item.D2u, "The subarea (osa-alue).")] = None

    @property
    def kind_and_dates(self) -> tuple[str | None, ...]:
        """What everyone who sees the subarea sees of it."""
        return ("planned subarea", uri_of(self.subarea))


class PlannedCommonUnit(Part, frozen=True, gc=False):
    """A planned common unit (hankittava yhteinen tutkinnon osa); all planning is in its subareas."""

    unit: Annotated[Code | None, item(Item.D2u, "The unit (tutkinnon osa).")] = None
    provider_oid: Annotated[
        OrganisationOid | None,
        item(Item.D2u, "Who gives this unit when it is not the plan's provider (koulutuksen järjestäjä)."),
    ] = None
    provider_name: Annotated[Text | None, item(Item.D2u, "Name of who gives this unit (nimi).")] = None
    subareas: Annotated[tuple[PlannedCommonUnitSubarea, ...] | None, structure("Subareas (osa-alueet).")] = ()

    @property
    def kind_and_dates(self) -> tuple[str | None, ...]:
        """What everyone who sees the unit sees of it."""
        return ("planned common unit", uri_of(self.unit))


class PreparatoryEducationPart(Part, frozen=True, gc=False):
    """A planned part of preparatory education, TUVA (hankittava koulutuksen osa)."""

    part: Annotated[Code | None, item(Item.D2u, "The part (koulutuksen osa).")] = None
    start_date: Annotated[date | None, item(Item.G, "First day (alku).")] = None
    end_date: Annotated[date | None, item(Item.G, "Last day (loppu).")] = None
    extent_in_weeks: Annotated[float | None, item(Item.D2u, "Extent, weeks (laajuus, viikkoa).")] = None

    @property
    def kind_and_dates(self) -> tuple[str | None, ...]:
        """What everyone who sees the part sees of it."""
        return ("preparatory part", uri_of(self.part))


# --- prior competence -----------------------------------------------------------------------------------------


class AssessorReferral(Record, frozen=True, gc=False):
    """Prior competence sent to assessors (tarkentavat tiedot, osaamisen arvioija)."""

    sent_for_assessment_on: Annotated[date | None, item(Item.D4, "Sent to assessors on (lähetetty arvioitavaksi).")] = (
        None
    )
    assessors: Annotated[
        tuple[ProviderAssessor, ...] | None,
        name_of(Item.D12, "Assessors of prior competence (aiemmin hankitun osaamisen arvioijat)."),
    ] = ()


class Prior(Part, frozen=True, gc=False):
    """What prior units and prior subareas have in common: each is seen by its own item, D3, D4 or D5."""

    gate: ClassVar[str | None] = "prior_item"

    recognition_process_code: Annotated[
        Code | None,
        one_of(_PRIOR, "prior_item", "Code of how the competence is verified (valittu todentamisen prosessi)."),
    ] = None
    recognition_process: Annotated[
        RecognitionProcess | None,
        one_of(_PRIOR, "prior_item", "How the competence is verified (valittu todentamisen prosessi)."),
    ] = None
    skills_demonstrations: Annotated[
        tuple[CompetenceDemonstration, ...] | None,
        structure("Demonstrations that verify it (tarkentavat tiedot, näyttö)."),
    ] = ()
    assessor_referral: Annotated[
        AssessorReferral | None,
        structure("Sending to assessors (tarkentavat tiedot, osaamisen arvioija)."),
    ] = None
    provider_oid: Annotated[
        OrganisationOid | None,
        one_of(_PRIOR, "prior_item", "Who verified the competence (koulutuksen järjestäjä)."),
    ] = None
    provider_name: Annotated[
        Text | None, one_of(_PRIOR, "prior_item", "Name of who verified the competence (nimi).")
    ] = None

    @property
    def prior_item(self) -> Item:
        """Item D3 when recognised directly, D4 when sent to assessors, D5 otherwise (ehoks 1.7)."""
        match self.recognition_process:
            case RecognitionProcess.DIRECT:
                return Item.D3
            case RecognitionProcess.VIA_ASSESSORS:
                return Item.D4
            case _:
                return Item.D5


class Verified(Prior, frozen=True, gc=False):
    """What prior units and subareas have in common, but not a common unit, which is verified by its subareas."""

    essential_circumstance_exists: Annotated[
        bool | None, item(Item.D8, "Mark that an essential circumstance exists (olennainen seikka).")
    ] = None
    deviation_from_requirements: Annotated[
        str | None,
        item(Item.D6u, "Requirements or outcomes deviated from (vaatimuksista tai tavoitteista poikkeaminen)."),
    ] = None


class PriorVocationalUnit(Verified, frozen=True, gc=False):
    """A prior vocational unit (aiemmin hankittu ammatillinen tutkinnon osa)."""

    unit: Annotated[Code | None, one_of(_PRIOR, "prior_item", "The unit (tutkinnon osa).")] = None
    requirements_register_number: Annotated[
        str | None,
        one_of(
            _PRIOR,
            "prior_item",
            "Register number of the requirements the unit is from (tutkinnon osan perusteen diaarinumero).",
        ),
    ] = None
    competence_points: Annotated[
        float | None,
        one_of(_PRIOR, "prior_item", "Extent by those requirements, competence points (laajuus, osaamispiste)."),
    ] = None

    @property
    def kind_and_dates(self) -> tuple[str | None, ...]:
        """What everyone who sees the unit sees of it."""
        return ("prior vocational unit", uri_of(self.unit))


class PriorLocalUnit(Verified, frozen=True, gc=False):
    """A prior local unit (aiemmin hankittu paikallinen tutkinnon osa)."""

    amosaa_id: Annotated[
        str | None, one_of(_PRIOR, "prior_item", "Id in the register of local curricula (AMOSAA-tunniste).")
    ] = None
    name: Annotated[str | None, one_of(_PRIOR, "prior_item", "Name (nimi).")] = None
    registered_name: Annotated[
        Text | None, one_of(_PRIOR, "prior_item", "Name in the register of local curricula (nimi AMOSAA:ssa).")
    ] = None
    extent_in_competence_points: Annotated[
        int | None, one_of(_PRIOR, "prior_item", "Extent, competence points (laajuus, osaamispiste).")
    ] = None
    goals_and_contents: Annotated[
        str | None, one_of(_PRIOR, "prior_item", "Goals and contents (tavoitteet ja sisällöt).")
    ] = None

    @property
    def kind_and_dates(self) -> tuple[str | None, ...]:
        """What everyone who sees the unit sees of it."""
        return ("prior local unit", self.amosaa_id or self.name)


class PriorCommonUnitSubarea(Verified, frozen=True, gc=False):
    """A prior subarea of a common unit (aiemmin hankitun yhteisen tutkinnon osan osa-alue)."""

    subarea: Annotated[Code | None, one_of(_PRIOR, "prior_item", "The subarea (osa-alue).")] = None

    @property
    def kind_and_dates(self) -> tuple[str | None, ...]:
        """What everyone who sees the subarea sees of it."""
        return ("prior subarea", uri_of(self.subarea))


class PriorCommonUnit(Prior, frozen=True, gc=False):
    """A prior common unit (aiemmin hankittu yhteinen tutkinnon osa)."""

    past_gate: ClassVar[frozenset[str]] = frozenset({"subareas"})

    unit: Annotated[Code | None, one_of(_PRIOR, "prior_item", "The unit (tutkinnon osa).")] = None
    subareas: Annotated[tuple[PriorCommonUnitSubarea, ...] | None, structure("Subareas (osa-alueet).")] = ()

    @property
    def kind_and_dates(self) -> tuple[str | None, ...]:
        """What everyone who sees the unit sees of it."""
        return ("prior common unit", uri_of(self.unit))


# --- support --------------------------------------------------------------------------------------------------


class StudySkillsStudies(Part, frozen=True, gc=False):
    """Studies supporting study skills, the old form of item D9 (opiskeluvalmiuksia tukevat opinnot)."""

    name: Annotated[str | None, item(Item.D9, "Name (nimi).")] = None
    description: Annotated[str | None, item(Item.D9, "Description (kuvaus).")] = None
    start_date: Annotated[date | None, item(Item.D9, "First day (alku).")] = None
    end_date: Annotated[date | None, item(Item.D9, "Last day (loppu).")] = None

    @property
    def kind_and_dates(self) -> tuple[str | None, ...]:
        """What everyone who sees the studies sees of them."""
        return ("study skills", iso(self.start_date), iso(self.end_date))


class LearningSupport(Part, frozen=True, gc=False):
    """Learning support, the form of item D9 in force from 1.8.2026 (oppimisen tuki)."""

    support_type: Annotated[Code | None, item(Item.D9, "Type of support (oppimisen tuen tyyppi).")] = None
    start_date: Annotated[date | None, item(Item.D9, "First day (alku); only remedial teaching has dates.")] = None
    end_date: Annotated[date | None, item(Item.D9, "Last day (loppu); only remedial teaching has dates.")] = None
    unit_group_code: Annotated[
        Code | None, item(Item.D9, "Code of the group of units it concerns (tutkinnon osan tyyppi).")
    ] = None
    unit_group: Annotated[UnitGroup | None, item(Item.D9, "Group of units it concerns (tutkinnon osan tyyppi).")] = None

    @property
    def kind_and_dates(self) -> tuple[str | None, ...]:
        """What everyone who sees the support sees of it."""
        return (
            "learning support",
            uri_of(self.support_type),
            iso(self.start_date),
            iso(self.end_date),
        )
