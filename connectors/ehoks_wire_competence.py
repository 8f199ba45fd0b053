"""How competence is acquired and demonstrated, as eHOKS sends it: the inner part of its wire table."""

from datetime import date
from typing import Annotated, ClassVar

from connectors.wire import SAME_RECORD, Closed, Text, Whole, at, code_in, code_like, identifier, public
from hoks.codes import MODE_OF_URI
from hoks.competence import (
    CompetenceAcquisition,
    CompetenceDemonstration,
    DemonstrationEnvironment,
    Interruption,
    OtherLearningEnvironment,
    ProviderAssessor,
    ProviderPerson,
    WorkingLifeAssessor,
    WorkplaceInstructor,
    WorkplaceLearning,
)
from hoks.identifiers import check_business_id, check_organisation_oid
from hoks.items import Item

ORGANISATION = public(identifier(check_organisation_oid))
SUBAREA = code_like(r"ammatillisenoppiaineet_.+")
_BUSINESS = public(identifier(check_business_id))
_ENVIRONMENT = code_like(r"oppimisymparistot_\d{4}")
_BASIS = code_like(r"oppisopimuksenperusta_.+")


class EhoksRecord(Closed, frozen=True, kw_only=True, rename="kebab"):
    """A record in eHOKS's spelling. The schema allows a row ``id`` nearly everywhere; it means nothing."""

    id: Annotated[Whole | None, SAME_RECORD] = None


# --- people and places ----------------------------------------------------------------------------------------


class SchoolPersonWire(EhoksRecord, frozen=True, kw_only=True):
    """Oppilaitoshenkilö."""

    model: ClassVar = ProviderPerson

    nimi: Annotated[Text | None, at("name")]
    rooli: Annotated[Text | None, at("role")] = None
    oppilaitos_oid: Annotated[Text | None, at("organisation_oid", check=ORGANISATION)]


class SchoolOfWire(EhoksRecord, frozen=True, kw_only=True):
    """Organisaatio of a provider's assessor."""

    oppilaitos_oid: Annotated[Text | None, at("organisation_oid", check=ORGANISATION)] = None


class ProviderAssessorWire(EhoksRecord, frozen=True, kw_only=True):
    """Koulutuksen järjestäjän osaamisen arvioija."""

    model: ClassVar = ProviderAssessor

    nimi: Annotated[Text | None, at("name")]
    organisaatio: Annotated[SchoolOfWire | None, SAME_RECORD]


class WorkplaceOfWire(EhoksRecord, frozen=True, kw_only=True):
    """Organisaatio of a working-life assessor."""

    nimi: Annotated[Text | None, at("organisation_name")]
    y_tunnus: Annotated[Text | None, at("organisation_business_id", check=_BUSINESS)] = None


class WorkingLifeAssessorWire(EhoksRecord, frozen=True, kw_only=True):
    """Työelämän osaamisen arvioija."""

    model: ClassVar = WorkingLifeAssessor

    nimi: Annotated[Text | None, at("name")]
    organisaatio: Annotated[WorkplaceOfWire | None, SAME_RECORD]


class InstructorWire(EhoksRecord, frozen=True, kw_only=True):
    """Vastuullinen työpaikkaohjaaja."""

    model: ClassVar = WorkplaceInstructor

    nimi: Annotated[Text | None, at("name")]
    sahkoposti: Annotated[Text | None, at("email")] = None
    puhelinnumero: Annotated[Text | None, at("phone")] = None


# --- acquiring and demonstrating competence -------------------------------------------------------------------


class WorkplaceLearningWire(EhoksRecord, frozen=True, kw_only=True):
    """Työpaikalla järjestettävä koulutus."""

    model: ClassVar = WorkplaceLearning

    vastuullinen_tyopaikka_ohjaaja: Annotated[InstructorWire | None, at("responsible_workplace_instructor", Item.W1)]
    tyopaikan_nimi: Annotated[Text | None, at("workplace_name")]
    tyopaikan_y_tunnus: Annotated[Text | None, at("workplace_business_id", check=_BUSINESS)] = None
    keskeiset_tyotehtavat: Annotated[tuple[Text, ...], at("key_tasks")]


class OtherEnvironmentWire(EhoksRecord, frozen=True, kw_only=True):
    """Muu oppimisympäristö."""

    model: ClassVar = OtherLearningEnvironment

    oppimisymparisto_koodi_uri: Annotated[Text | None, at("environment", check=_ENVIRONMENT)]
    oppimisymparisto_koodi_versio: Annotated[Whole | None, at("environment")] = None
    alku: Annotated[date | None, at("start_date")]
    loppu: Annotated[date | None, at("end_date")]


class InterruptionWire(EhoksRecord, frozen=True, kw_only=True):
    """Keskeytymisajanjakso."""

    model: ClassVar = Interruption

    alku: Annotated[date | None, at("start_date")]
    loppu: Annotated[date | None, at("end_date")] = None


class AcquisitionWire(EhoksRecord, frozen=True, kw_only=True):
    """Osaamisen hankkimistapa."""

    model: ClassVar = CompetenceAcquisition

    module_id: Annotated[Text | None, at("module_id")]
    yksiloiva_tunniste: Annotated[Text | None, at("source_key")] = None
    alku: Annotated[date | None, at("start_date")]
    loppu: Annotated[date | None, at("end_date")]
    ajanjakson_tarkenne: Annotated[Text | None, at("period_detail")] = None
    osaamisen_hankkimistapa_koodi_uri: Annotated[Text | None, at("mode_code", check=code_in(MODE_OF_URI))]
    osaamisen_hankkimistapa_koodi_versio: Annotated[Whole | None, at("mode_code")] = None
    jarjestajan_edustaja: Annotated[SchoolPersonWire | None, at("provider_representative")] = None
    hankkijan_edustaja: Annotated[SchoolPersonWire | None, at("procuring_provider_representative")] = None
    tyopaikalla_jarjestettava_koulutus: Annotated[WorkplaceLearningWire | None, at("workplace_learning", Item.W1)] = (
        None
    )
    muut_oppimisymparistot: Annotated[tuple[OtherEnvironmentWire, ...], at("other_learning_environments")] = ()
    osa_aikaisuustieto: Annotated[Whole | None, at("working_time_percent")] = None
    oppisopimuksen_perusta_koodi_uri: Annotated[Text | None, at("apprenticeship_basis", check=_BASIS)] = None
    oppisopimuksen_perusta_koodi_versio: Annotated[Whole | None, at("apprenticeship_basis")] = None
    keskeytymisajanjaksot: Annotated[tuple[InterruptionWire, ...], at("interruptions")] = ()


class OrganiserWire(EhoksRecord, frozen=True, kw_only=True):
    """Järjestäjä of a demonstration."""

    oppilaitos_oid: Annotated[Text | None, at("organiser_oid", check=ORGANISATION)] = None


class SubareaCodeWire(EhoksRecord, frozen=True, kw_only=True):
    """Osa-alue that a demonstration shows; the list it stands in is the field."""

    koodi_uri: Annotated[Text | None, at("subareas", check=SUBAREA)]
    koodi_versio: Annotated[Whole | None, at("subareas")] = None


class EnvironmentWire(EhoksRecord, frozen=True, kw_only=True):
    """Näyttöympäristö; its name is required and often empty."""

    model: ClassVar = DemonstrationEnvironment

    nimi: Annotated[Text | None, at("name")] = None
    y_tunnus: Annotated[Text | None, at("business_id", check=_BUSINESS)] = None
    kuvaus: Annotated[Text | None, at("description")] = None


class DemonstrationWire(EhoksRecord, frozen=True, kw_only=True):
    """Osaamisen osoittaminen."""

    model: ClassVar = CompetenceDemonstration

    module_id: Annotated[Text | None, at("module_id")]
    alku: Annotated[date | None, at("start_date")]
    loppu: Annotated[date | None, at("end_date")]
    jarjestaja: Annotated[OrganiserWire | None, SAME_RECORD] = None
    osa_alueet: Annotated[tuple[SubareaCodeWire, ...], SAME_RECORD] = ()
    nayttoymparisto: Annotated[EnvironmentWire | None, at("environment")]
    sisallon_kuvaus: Annotated[tuple[Text, ...], at("content_descriptions")]
    koulutuksen_jarjestaja_osaamisen_arvioijat: Annotated[
        tuple[ProviderAssessorWire, ...], at("provider_assessors")
    ] = ()
    tyoelama_osaamisen_arvioijat: Annotated[tuple[WorkingLifeAssessorWire, ...], at("working_life_assessors")] = ()
    vaatimuksista_tai_tavoitteista_poikkeaminen: Annotated[Text | None, at("deviation_from_requirements")] = None
    yksilolliset_kriteerit: Annotated[tuple[Text, ...], at("individual_assessment_criteria")] = ()
