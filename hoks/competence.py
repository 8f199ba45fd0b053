"""Acquiring and demonstrating competence: periods, workplaces, demonstrations, and the people named in them.

Names in a plan are free text and identify nobody; an appointment does (nimitys).
"""

from datetime import date
from typing import Annotated, ClassVar

from hoks.codes import AcquisitionMode
from hoks.identifiers import BusinessId, OrganisationOid
from hoks.items import Item, item, name_of, one_of, structure, technical
from hoks.records import Part, Record, iso
from hoks.values import Code, Text, Value, says

TIMING_ITEMS = (Item.G, Item.W4, Item.W5)
"""The items by one of which the days of a period are seen."""
_OTHER_PLACES = (Item.G, Item.W5)


# --- people named in a plan -----------------------------------------------------------------------------------


class ProviderPerson(Value, frozen=True, gc=False):
    """A teacher or other representative of a provider (oppilaitoshenkilö), named for workplace learning."""

    names: ClassVar[frozenset[str]] = frozenset({"name"})

    name: Annotated[str | None, says("Name (nimi).")] = None
    role: Annotated[str | None, says("Role (rooli).")] = None
    organisation_oid: Annotated[OrganisationOid | None, says("School (oppilaitos).")] = None
    organisation_name: Annotated[Text | None, says("Name of the school (nimi).")] = None


class WorkplaceInstructor(Record, frozen=True, gc=False):
    """The responsible workplace instructor (vastuullinen työpaikkaohjaaja), as free text: it identifies nobody."""

    name: Annotated[str | None, name_of(Item.W1, "Name (nimi).")] = None
    email: Annotated[str | None, item(Item.Ci, "E-mail (sähköposti); wiped by eHOKS 3 months after the period.")] = None
    phone: Annotated[
        str | None, item(Item.Ci, "Telephone (puhelinnumero); wiped by eHOKS 3 months after the period.")
    ] = None


class ProviderAssessor(Value, frozen=True, gc=False):
    """An assessor from a provider (koulutuksen järjestäjän osaamisen arvioija)."""

    names: ClassVar[frozenset[str]] = frozenset({"name"})

    name: Annotated[str | None, says("Name (nimi).")] = None
    organisation_oid: Annotated[OrganisationOid | None, says("School (oppilaitos).")] = None
    organisation_name: Annotated[Text | None, says("Name of the school (nimi).")] = None


class WorkingLifeAssessor(Value, frozen=True, gc=False):
    """An assessor from working life (työelämän osaamisen arvioija)."""

    names: ClassVar[frozenset[str]] = frozenset({"name"})

    name: Annotated[str | None, says("Name (nimi).")] = None
    organisation_name: Annotated[str | None, says("Organisation (organisaatio).")] = None
    organisation_business_id: Annotated[BusinessId | None, says("Business id of the organisation (Y-tunnus).")] = None


# --- acquiring competence -------------------------------------------------------------------------------------


class Interruption(Value, frozen=True, gc=False):
    """An interruption of a period (keskeytymisajanjakso); without an end it goes on."""

    start_date: Annotated[date | None, says("First day (alku).")] = None
    end_date: Annotated[date | None, says("Last day (loppu).")] = None


class OtherLearningEnvironment(Value, frozen=True, gc=False):
    """Another learning environment than the workplace (muu oppimisympäristö), with its dates."""

    environment: Annotated[Code | None, says("Kind (oppimisympäristö).")] = None
    start_date: Annotated[date | None, says("First day (alku).")] = None
    end_date: Annotated[date | None, says("Last day (loppu).")] = None


class WorkplaceLearning(Record, frozen=True, gc=False):
    """Training arranged at a workplace (työpaikalla järjestettävä koulutus)."""

    responsible_workplace_instructor: Annotated[
        WorkplaceInstructor | None,
        structure("Responsible workplace instructor (vastuullinen työpaikkaohjaaja)."),
    ] = None
    workplace_name: Annotated[str | None, item(Item.W1, "Workplace (työpaikan nimi).")] = None
    workplace_business_id: Annotated[
        BusinessId | None, item(Item.W1, "Business id of the workplace (työpaikan Y-tunnus).")
    ] = None
    key_tasks: Annotated[
        tuple[str, ...] | None, item(Item.W3, "Key tasks at the workplace (keskeiset työtehtävät).")
    ] = ()


class CompetenceAcquisition(Part, frozen=True, gc=False):
    """A way of acquiring competence (osaamisen hankkimistapa): when, how, and with whom."""

    start_date: Annotated[date | None, one_of(TIMING_ITEMS, "timing_item", "First day (alku).")] = None
    end_date: Annotated[date | None, one_of(TIMING_ITEMS, "timing_item", "Last day (loppu).")] = None
    period_detail: Annotated[str | None, item(Item.G, "Detail of the period (ajanjakson tarkenne).")] = None
    mode_code: Annotated[Code | None, item(Item.G, "Code of the way of acquiring (osaamisen hankkimistapa).")] = None
    provider_representative: Annotated[
        ProviderPerson | None, name_of(Item.W1, "Teacher or representative of the provider (järjestäjän edustaja).")
    ] = None
    procuring_provider_representative: Annotated[
        ProviderPerson | None,
        name_of(Item.W2, "Representative of the provider that procured the apprenticeship (hankkijan edustaja)."),
    ] = None
    workplace_learning: Annotated[
        WorkplaceLearning | None, structure("Training at a workplace (työpaikalla järjestettävä koulutus).")
    ] = None
    other_learning_environments: Annotated[
        tuple[OtherLearningEnvironment, ...] | None,
        one_of(_OTHER_PLACES, "places_item", "Other learning environments (muut oppimisympäristöt)."),
    ] = ()
    working_time_percent: Annotated[
        int | None, technical("Working time, per cent of full time (osa-aikaisuustieto).")
    ] = None
    apprenticeship_basis: Annotated[Code | None, technical("Basis of the apprenticeship (oppisopimuksen perusta).")] = (
        None
    )
    interruptions: Annotated[
        tuple[Interruption, ...] | None, item(Item.Gi, "Interruptions (keskeytymisajanjaksot).")
    ] = ()
    mode: Annotated[AcquisitionMode | None, item(Item.G, "Way of acquiring competence (osaamisen hankkimistapa).")] = (
        None
    )

    @property
    def timing_item(self) -> Item:
        """The item of the dates: W4 under a training agreement, W5 under an apprenticeship, otherwise G."""
        match self.mode:
            case AcquisitionMode.TRAINING_AGREEMENT:
                return Item.W4
            case AcquisitionMode.APPRENTICESHIP:
                return Item.W5
            case _:
                return Item.G

    @property
    def places_item(self) -> Item:
        """The item of other environments: W5 under an apprenticeship, otherwise G."""
        return Item.W5 if self.mode is AcquisitionMode.APPRENTICESHIP else Item.G

    @property
    def kind_and_dates(self) -> tuple[str | None, ...]:
        """What everyone who sees the period sees of it."""
        return ("acquisition", iso(self.start_date), iso(self.end_date))


# --- demonstrating competence ---------------------------------------------------------------------------------


class DemonstrationEnvironment(Value, frozen=True, gc=False):
    """The environment of a demonstration (näyttöympäristö)."""

    name: Annotated[str | None, says("Name (nimi); empty at the source is null.")] = None
    business_id: Annotated[BusinessId | None, says("Business id (Y-tunnus).")] = None
    description: Annotated[str | None, says("Description (kuvaus).")] = None


class CompetenceDemonstration(Part, frozen=True, gc=False):
    """A vocational skills demonstration (näyttö) or other demonstration of competence (osaamisen osoittaminen)."""

    start_date: Annotated[date | None, item(Item.D10, "First day (alku).")] = None
    end_date: Annotated[date | None, item(Item.D10, "Last day (loppu).")] = None
    organiser_oid: Annotated[
        OrganisationOid | None, item(Item.D10, "Organiser when it is another provider (järjestäjä).")
    ] = None
    organiser_name: Annotated[Text | None, item(Item.D10, "Name of the organiser (nimi).")] = None
    subareas: Annotated[
        tuple[Code, ...] | None, item(Item.D10, "Subareas shown in the same demonstration (osa-alueet).")
    ] = ()
    environment: Annotated[
        DemonstrationEnvironment | None, item(Item.D10, "Environment of the demonstration (näyttöympäristö).")
    ] = None
    content_descriptions: Annotated[
        tuple[str, ...] | None, item(Item.D10, "Work situations and processes (sisällön kuvaus).")
    ] = ()
    provider_assessors: Annotated[
        tuple[ProviderAssessor, ...] | None,
        name_of(Item.D12, "Assessors from the provider (koulutuksen järjestäjän osaamisen arvioijat)."),
    ] = ()
    working_life_assessors: Annotated[
        tuple[WorkingLifeAssessor, ...] | None,
        name_of(Item.D12, "Assessors from working life (työelämän osaamisen arvioijat)."),
    ] = ()
    deviation_from_requirements: Annotated[
        str | None,
        item(Item.D6d, "Requirements or outcomes deviated from (vaatimuksista tai tavoitteista poikkeaminen)."),
    ] = None
    individual_assessment_criteria: Annotated[
        tuple[str, ...] | None,
        item(Item.D11b, "Individual assessment criteria of special support (yksilölliset kriteerit)."),
    ] = ()

    @property
    def kind_and_dates(self) -> tuple[str | None, ...]:
        """What everyone who sees the demonstration sees of it."""
        return ("demonstration", iso(self.start_date), iso(self.end_date))
