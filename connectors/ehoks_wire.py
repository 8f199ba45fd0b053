"""A HOKS as eHOKS sends it: the wire table, complete to the published schema (ehoks 1.3-1.10).

Required is what the schema requires on reading; the served data break it, and that is a finding, never a refusal.
"""

from datetime import date, datetime
from typing import Annotated, ClassVar

import msgspec

from connectors.ehoks_wire_competence import (
    ORGANISATION,
    SUBAREA,
    AcquisitionWire,
    DemonstrationWire,
    EhoksRecord,
    ProviderAssessorWire,
)
from connectors.wire import SAME_RECORD, Closed, Open, Text, Whole, at, code_in, code_like, identifier
from hoks.codes import GROUP_OF_URI, PROCESS_OF_URI
from hoks.identifiers import check_learner_oid, check_study_right_oid
from hoks.items import Item
from hoks.plan import Hoks
from hoks.units import (
    AssessorReferral,
    LearningSupport,
    PlannedCommonUnit,
    PlannedCommonUnitSubarea,
    PlannedLocalUnit,
    PlannedVocationalUnit,
    PreparatoryEducationPart,
    PriorCommonUnit,
    PriorCommonUnitSubarea,
    PriorLocalUnit,
    PriorVocationalUnit,
    StudySkillsStudies,
)

_LEARNER = identifier(check_learner_oid)
_RIGHT = identifier(check_study_right_oid)

_UNIT = code_like(r"tutkinnonosat_\d+")
_TUVA_PART = code_like(r"koulutuksenosattuva_\d{3}")
_SUPPORT = code_like(r"ammatillinenkoulutusoppimisentuentyyppi_\d{2}")
_CAREER = code_like(r"urasuunnitelma_\d{4}")


# --- planned units --------------------------------------------------------------------------------------------


class _Planned(EhoksRecord, frozen=True, kw_only=True):
    module_id: Annotated[Text | None, at("module_id")]
    vaatimuksista_tai_tavoitteista_poikkeaminen: Annotated[Text | None, at("deviation_from_requirements")] = None
    osaamisen_hankkimistavat: Annotated[tuple[AcquisitionWire, ...], at("acquisitions", Item.G)] = ()
    osaamisen_osoittaminen: Annotated[tuple[DemonstrationWire, ...], at("demonstrations", Item.D10)] = ()
    koulutuksen_jarjestaja_oid: Annotated[Text | None, at("provider_oid", check=ORGANISATION)] = None
    olennainen_seikka: Annotated[bool | None, at("essential_circumstance_exists")] = None
    opetus_ja_ohjaus_maara: Annotated[float | None, at("teaching_and_guidance_hours")] = None


class PlannedVocationalWire(_Planned, frozen=True, kw_only=True):
    """Hankittava ammatillinen tutkinnon osa."""

    model: ClassVar = PlannedVocationalUnit

    tutkinnon_osa_koodi_uri: Annotated[Text | None, at("unit", check=_UNIT)]
    tutkinnon_osa_koodi_versio: Annotated[Whole | None, at("unit")] = None
    tutkinnon_osan_perusteen_diaarinro: Annotated[Text | None, at("requirements_register_number")] = None


class PlannedLocalWire(_Planned, frozen=True, kw_only=True):
    """Hankittava paikallinen tutkinnon osa."""

    model: ClassVar = PlannedLocalUnit

    amosaa_tunniste: Annotated[Text | None, at("amosaa_id")] = None
    nimi: Annotated[Text | None, at("name")] = None
    laajuus: Annotated[Whole | None, at("extent_in_competence_points")] = None
    tavoitteet_ja_sisallot: Annotated[Text | None, at("goals_and_contents")] = None


class PlannedSubareaWire(_Planned, frozen=True, kw_only=True):
    """Yhteisen tutkinnon osan osa-alue."""

    model: ClassVar = PlannedCommonUnitSubarea

    osa_alue_koodi_uri: Annotated[Text | None, at("subarea", check=SUBAREA)]
    osa_alue_koodi_versio: Annotated[Whole | None, at("subarea")] = None


class PlannedCommonWire(EhoksRecord, frozen=True, kw_only=True):
    """Hankittava yhteinen tutkinnon osa."""

    model: ClassVar = PlannedCommonUnit

    module_id: Annotated[Text | None, at("module_id")]
    tutkinnon_osa_koodi_uri: Annotated[Text | None, at("unit", check=_UNIT)]
    tutkinnon_osa_koodi_versio: Annotated[Whole | None, at("unit")] = None
    osa_alueet: Annotated[tuple[PlannedSubareaWire, ...], at("subareas", Item.D2u)]
    koulutuksen_jarjestaja_oid: Annotated[Text | None, at("provider_oid", check=ORGANISATION)] = None


class PreparatoryPartWire(EhoksRecord, frozen=True, kw_only=True):
    """Hankittava koulutuksen osa (TUVA)."""

    model: ClassVar = PreparatoryEducationPart

    module_id: Annotated[Text | None, at("module_id")] = None
    koulutuksen_osa_koodi_uri: Annotated[Text | None, at("part", check=_TUVA_PART)]
    koulutuksen_osa_koodi_versio: Annotated[Whole | None, at("part")] = None
    alku: Annotated[date | None, at("start_date")]
    loppu: Annotated[date | None, at("end_date")]
    laajuus: Annotated[float | None, at("extent_in_weeks")]


# --- prior competence -----------------------------------------------------------------------------------------


class ReferralWire(EhoksRecord, frozen=True, kw_only=True):
    """Tarkentavat tiedot, osaamisen arvioija."""

    model: ClassVar = AssessorReferral

    lahetetty_arvioitavaksi: Annotated[date | None, at("sent_for_assessment_on")] = None
    aiemmin_hankitun_osaamisen_arvioijat: Annotated[tuple[ProviderAssessorWire, ...], at("assessors")] = ()


class _Prior(EhoksRecord, frozen=True, kw_only=True):
    module_id: Annotated[Text | None, at("module_id")]
    valittu_todentamisen_prosessi_koodi_uri: Annotated[
        Text | None, at("recognition_process_code", check=code_in(PROCESS_OF_URI))
    ] = None
    valittu_todentamisen_prosessi_koodi_versio: Annotated[Whole | None, at("recognition_process_code")] = None
    tarkentavat_tiedot_naytto: Annotated[tuple[DemonstrationWire, ...], at("skills_demonstrations", Item.D10)] = ()
    tarkentavat_tiedot_osaamisen_arvioija: Annotated[ReferralWire | None, at("assessor_referral", Item.D4)] = None
    koulutuksen_jarjestaja_oid: Annotated[Text | None, at("provider_oid", check=ORGANISATION)] = None


class PriorVocationalWire(_Prior, frozen=True, kw_only=True):
    """Aiemmin hankittu ammatillinen tutkinnon osa."""

    model: ClassVar = PriorVocationalUnit

    tutkinnon_osa_koodi_uri: Annotated[Text | None, at("unit", check=_UNIT)]
    tutkinnon_osa_koodi_versio: Annotated[Whole | None, at("unit")] = None
    tutkinnon_osan_perusteen_diaarinro: Annotated[Text | None, at("requirements_register_number")] = None
    olennainen_seikka: Annotated[bool | None, at("essential_circumstance_exists")] = None
    vaatimuksista_tai_tavoitteista_poikkeaminen: Annotated[Text | None, at("deviation_from_requirements")] = None


class PriorLocalWire(_Prior, frozen=True, kw_only=True):
    """Aiemmin hankittu paikallinen tutkinnon osa."""

    model: ClassVar = PriorLocalUnit

    valittu_todentamisen_prosessi_koodi_uri: Annotated[
        Text | None, at("recognition_process_code", check=code_in(PROCESS_OF_URI))
    ]
    amosaa_tunniste: Annotated[Text | None, at("amosaa_id")] = None
    nimi: Annotated[Text | None, at("name")] = None
    laajuus: Annotated[Whole | None, at("extent_in_competence_points")] = None
    tavoitteet_ja_sisallot: Annotated[Text | None, at("goals_and_contents")] = None
    olennainen_seikka: Annotated[bool | None, at("essential_circumstance_exists")] = None
    vaatimuksista_tai_tavoitteista_poikkeaminen: Annotated[Text | None, at("deviation_from_requirements")] = None


class PriorSubareaWire(_Prior, frozen=True, kw_only=True):
    """Aiemmin hankitun yhteisen tutkinnon osan osa-alue."""

    model: ClassVar = PriorCommonUnitSubarea

    valittu_todentamisen_prosessi_koodi_uri: Annotated[
        Text | None, at("recognition_process_code", check=code_in(PROCESS_OF_URI))
    ]
    osa_alue_koodi_uri: Annotated[Text | None, at("subarea", check=SUBAREA)]
    osa_alue_koodi_versio: Annotated[Whole | None, at("subarea")] = None
    olennainen_seikka: Annotated[bool | None, at("essential_circumstance_exists")] = None
    vaatimuksista_tai_tavoitteista_poikkeaminen: Annotated[Text | None, at("deviation_from_requirements")] = None


class PriorCommonWire(_Prior, frozen=True, kw_only=True):
    """Aiemmin hankittu yhteinen tutkinnon osa."""

    model: ClassVar = PriorCommonUnit

    tutkinnon_osa_koodi_uri: Annotated[Text | None, at("unit", check=_UNIT)]
    tutkinnon_osa_koodi_versio: Annotated[Whole | None, at("unit")] = None
    osa_alueet: Annotated[tuple[PriorSubareaWire, ...], at("subareas", Item.D3)]


# --- support, and the plan itself -----------------------------------------------------------------------------


class StudySkillsWire(EhoksRecord, frozen=True, kw_only=True):
    """Opiskeluvalmiuksia tukevat opinnot."""

    model: ClassVar = StudySkillsStudies

    module_id: Annotated[Text | None, at("module_id")] = None
    nimi: Annotated[Text | None, at("name")]
    kuvaus: Annotated[Text | None, at("description")]
    alku: Annotated[date | None, at("start_date")]
    loppu: Annotated[date | None, at("end_date")]


class LearningSupportWire(EhoksRecord, frozen=True, kw_only=True):
    """Oppimisen tuki."""

    model: ClassVar = LearningSupport

    oppimisen_tuen_tyyppi_koodi_uri: Annotated[Text | None, at("support_type", check=_SUPPORT)]
    alku: Annotated[date | None, at("start_date")] = None
    loppu: Annotated[date | None, at("end_date")] = None
    tutkinnon_osan_tyyppi_koodi_uri: Annotated[Text | None, at("unit_group_code", check=code_in(GROUP_OF_URI))] = None


class HoksWire(Closed, frozen=True, kw_only=True, rename="kebab"):
    """HOKS."""

    model: ClassVar = Hoks

    id: Annotated[Whole | None, at("source_id")]
    eid: Annotated[Text | None, at("external_id")]
    oppija_oid: Annotated[Text | None, at("student_oid", check=_LEARNER)] = None
    sahkoposti: Annotated[Text | None, at("student_email")] = None
    puhelinnumero: Annotated[Text | None, at("student_phone")] = None
    opiskeluoikeus_oid: Annotated[Text | None, at("study_right_oid", check=_RIGHT)] = None
    tuva_opiskeluoikeus_oid: Annotated[Text | None, at("preparatory_study_right_oid", check=_RIGHT)] = None
    urasuunnitelma_koodi_uri: Annotated[Text | None, at("career_plan_goal", check=_CAREER)] = None
    urasuunnitelma_koodi_versio: Annotated[Whole | None, at("career_plan_goal")] = None
    versio: Annotated[Whole | None, at("version")] = None
    ensikertainen_hyvaksyminen: Annotated[date | None, at("first_approved_on")]
    hyvaksytty: Annotated[datetime | None, at("approved_at")] = None
    paivitetty: Annotated[datetime | None, at("updated_at")] = None
    poistettu: Annotated[datetime | None, at("deleted_at")] = None
    osaamisen_saavuttamisen_pvm: Annotated[date | None, at("competence_achieved_on")] = None
    osaamisen_hankkimisen_tarve: Annotated[bool | None, at("competence_acquisition_needed")] = None
    manuaalisyotto: Annotated[bool | None, at("entered_manually")] = None
    aiemmin_hankitut_ammat_tutkinnon_osat: Annotated[
        tuple[PriorVocationalWire, ...], at("prior_vocational_units", Item.D3)
    ] = ()
    aiemmin_hankitut_yhteiset_tutkinnon_osat: Annotated[
        tuple[PriorCommonWire, ...], at("prior_common_units", Item.D3)
    ] = ()
    aiemmin_hankitut_paikalliset_tutkinnon_osat: Annotated[
        tuple[PriorLocalWire, ...], at("prior_local_units", Item.D3)
    ] = ()
    oppimisen_tuki: Annotated[tuple[LearningSupportWire, ...], at("learning_support")] = ()
    opiskeluvalmiuksia_tukevat_opinnot: Annotated[
        tuple[StudySkillsWire, ...], at("studies_supporting_study_skills")
    ] = ()
    hankittavat_ammat_tutkinnon_osat: Annotated[
        tuple[PlannedVocationalWire, ...], at("planned_vocational_units", Item.D2u)
    ] = ()
    hankittavat_yhteiset_tutkinnon_osat: Annotated[
        tuple[PlannedCommonWire, ...], at("planned_common_units", Item.D2u)
    ] = ()
    hankittavat_paikalliset_tutkinnon_osat: Annotated[
        tuple[PlannedLocalWire, ...], at("planned_local_units", Item.D2u)
    ] = ()
    hankittavat_koulutuksen_osat: Annotated[
        tuple[PreparatoryPartWire, ...], at("planned_preparatory_parts", Item.D2u)
    ] = ()


class WholeAnswer(Open, frozen=True, kw_only=True):
    """The envelope of a full plan."""

    data: HoksWire | None = msgspec.field()


class HeadWire(Open, frozen=True, kw_only=True, rename="kebab"):
    """What is needed of a plan's top level to find the rest."""

    id: Annotated[Whole | None, SAME_RECORD] = None
    opiskeluoikeus_oid: Annotated[Text | None, SAME_RECORD] = None
    oppija_oid: Annotated[Text | None, SAME_RECORD] = None


class HeadAnswer(Open, frozen=True, kw_only=True):
    """The envelope of a plan's top level."""

    data: HeadWire | None = msgspec.field()
