"""From a HOKS as eHOKS sends it to ours: each value moves to its place, codes and enums are told apart, no more.

INVARIANT: a plan is taken only under the right that it names itself.
"""

from datetime import UTC, datetime

from connectors.ehoks_wire import (
    HoksWire,
    LearningSupportWire,
    PlannedCommonWire,
    PlannedLocalWire,
    PlannedSubareaWire,
    PlannedVocationalWire,
    PreparatoryPartWire,
    PriorCommonWire,
    PriorLocalWire,
    PriorSubareaWire,
    PriorVocationalWire,
    ReferralWire,
    StudySkillsWire,
    WholeAnswer,
)
from connectors.ehoks_wire_competence import (
    AcquisitionWire,
    DemonstrationWire,
    EnvironmentWire,
    InstructorWire,
    OtherEnvironmentWire,
    ProviderAssessorWire,
    SchoolPersonWire,
    WorkingLifeAssessorWire,
    WorkplaceLearningWire,
)
from connectors.failures import Reason, SourceInvalid
from connectors.lenient import read
from hoks.codes import group_of, mode_of, process_of
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
from hoks.findings import Finding
from hoks.identifiers import BusinessId, LearnerOid, OrganisationOid, StudyRightOid
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
from hoks.values import Code


def plan_in(
    body: bytes,
    right: StudyRightOid,
    *,
    enveloped: bool = True,
    number: int | None = None,
    included: tuple[StudyRightOid, ...] = (),
    doubts: tuple[Finding, ...] = (),
) -> Hoks:
    """The plan of ``right`` in an answer; ``number`` is the one it was asked by. Raises ``SourceInvalid``."""
    wire, findings = _wire_in(body) if enveloped else read(body, HoksWire)
    if wire is None:
        raise SourceInvalid(Reason.UNREADABLE)
    if wire.opiskeluoikeus_oid != right or (number is not None and wire.id not in (number, None)):
        raise SourceInvalid(Reason.MISMATCH)
    ordered = tuple(sorted((*findings, *doubts), key=lambda each: (each.place, each.code))) if doubts else findings
    return plan_of(wire, right, included, ordered)


def _wire_in(body: bytes) -> tuple[HoksWire | None, tuple[Finding, ...]]:
    answer, findings = read(body, WholeAnswer)
    return answer.data, findings


def plan_of(
    wire: HoksWire, right: StudyRightOid, included: tuple[StudyRightOid, ...], findings: tuple[Finding, ...]
) -> Hoks:
    """The plan of ``right``, which the caller has compared with the wire."""
    return Hoks(
        study_right_oid=right,
        student_oid=None if wire.oppija_oid is None else LearnerOid(wire.oppija_oid),
        preparatory_study_right_oid=_right(wire.tuva_opiskeluoikeus_oid),
        included_study_right_oids=included,
        source_id=None if wire.id is None else str(wire.id),
        external_id=wire.eid,
        student_email=wire.sahkoposti,
        student_phone=wire.puhelinnumero,
        career_plan_goal=_code(wire.urasuunnitelma_koodi_uri, wire.urasuunnitelma_koodi_versio),
        version=wire.versio,
        first_approved_on=wire.ensikertainen_hyvaksyminen,
        approved_at=_instant(wire.hyvaksytty),
        updated_at=_instant(wire.paivitetty),
        deleted_at=_instant(wire.poistettu),
        competence_achieved_on=wire.osaamisen_saavuttamisen_pvm,
        competence_acquisition_needed=wire.osaamisen_hankkimisen_tarve,
        entered_manually=wire.manuaalisyotto,
        prior_vocational_units=tuple(map(_prior_vocational, wire.aiemmin_hankitut_ammat_tutkinnon_osat)),
        prior_common_units=tuple(map(_prior_common, wire.aiemmin_hankitut_yhteiset_tutkinnon_osat)),
        prior_local_units=tuple(map(_prior_local, wire.aiemmin_hankitut_paikalliset_tutkinnon_osat)),
        learning_support=tuple(map(_learning_support, wire.oppimisen_tuki)),
        studies_supporting_study_skills=tuple(map(_study_skills, wire.opiskeluvalmiuksia_tukevat_opinnot)),
        planned_vocational_units=tuple(map(_planned_vocational, wire.hankittavat_ammat_tutkinnon_osat)),
        planned_common_units=tuple(map(_planned_common, wire.hankittavat_yhteiset_tutkinnon_osat)),
        planned_local_units=tuple(map(_planned_local, wire.hankittavat_paikalliset_tutkinnon_osat)),
        planned_preparatory_parts=tuple(map(_preparatory_part, wire.hankittavat_koulutuksen_osat)),
        findings=findings,
    )


# --- single values --------------------------------------------------------------------------------------------


def _code(uri: str | None, version: int | None = None) -> Code | None:
    return None if uri is None else Code(uri=uri, version=version)


def _instant(moment: datetime | None) -> datetime | None:
    """The moment in UTC; eHOKS's own are, and one without a zone is taken for one of them."""
    if moment is None or moment.tzinfo is UTC:
        return moment
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        return moment


def _right(oid: str | None) -> StudyRightOid | None:
    return None if oid is None else StudyRightOid(oid)


def _organisation(oid: str | None) -> OrganisationOid | None:
    return None if oid is None else OrganisationOid(oid)


def _business(text: str | None) -> BusinessId | None:
    return None if text is None else BusinessId(text)


# --- acquiring and demonstrating ------------------------------------------------------------------------------


def _school_person(wire: SchoolPersonWire | None) -> ProviderPerson | None:
    if wire is None:
        return None
    return ProviderPerson(name=wire.nimi, role=wire.rooli, organisation_oid=_organisation(wire.oppilaitos_oid))


def _provider_assessor(wire: ProviderAssessorWire) -> ProviderAssessor:
    school = wire.organisaatio.oppilaitos_oid if wire.organisaatio else None
    return ProviderAssessor(name=wire.nimi, organisation_oid=_organisation(school))


def _working_life_assessor(wire: WorkingLifeAssessorWire) -> WorkingLifeAssessor:
    organisation = wire.organisaatio
    return WorkingLifeAssessor(
        name=wire.nimi,
        organisation_name=organisation.nimi if organisation else None,
        organisation_business_id=_business(organisation.y_tunnus if organisation else None),
    )


def _instructor(wire: InstructorWire | None) -> WorkplaceInstructor | None:
    if wire is None:
        return None
    return WorkplaceInstructor(name=wire.nimi, email=wire.sahkoposti, phone=wire.puhelinnumero)


def _workplace(wire: WorkplaceLearningWire | None) -> WorkplaceLearning | None:
    if wire is None:
        return None
    return WorkplaceLearning(
        responsible_workplace_instructor=_instructor(wire.vastuullinen_tyopaikka_ohjaaja),
        workplace_name=wire.tyopaikan_nimi,
        workplace_business_id=_business(wire.tyopaikan_y_tunnus),
        key_tasks=wire.keskeiset_tyotehtavat,
    )


def _other_environment(wire: OtherEnvironmentWire) -> OtherLearningEnvironment:
    return OtherLearningEnvironment(
        environment=_code(wire.oppimisymparisto_koodi_uri, wire.oppimisymparisto_koodi_versio),
        start_date=wire.alku,
        end_date=wire.loppu,
    )


def _acquisition(wire: AcquisitionWire) -> CompetenceAcquisition:
    mode = _code(wire.osaamisen_hankkimistapa_koodi_uri, wire.osaamisen_hankkimistapa_koodi_versio)
    return CompetenceAcquisition(
        module_id=wire.module_id,
        source_key=wire.yksiloiva_tunniste,
        start_date=wire.alku,
        end_date=wire.loppu,
        period_detail=wire.ajanjakson_tarkenne,
        mode_code=mode,
        mode=mode_of(mode),
        provider_representative=_school_person(wire.jarjestajan_edustaja),
        procuring_provider_representative=_school_person(wire.hankkijan_edustaja),
        workplace_learning=_workplace(wire.tyopaikalla_jarjestettava_koulutus),
        other_learning_environments=tuple(map(_other_environment, wire.muut_oppimisymparistot)),
        working_time_percent=wire.osa_aikaisuustieto,
        apprenticeship_basis=_code(wire.oppisopimuksen_perusta_koodi_uri, wire.oppisopimuksen_perusta_koodi_versio),
        interruptions=tuple(Interruption(start_date=i.alku, end_date=i.loppu) for i in wire.keskeytymisajanjaksot),
    )


def _environment(wire: EnvironmentWire | None) -> DemonstrationEnvironment | None:
    if wire is None:
        return None
    return DemonstrationEnvironment(name=wire.nimi, business_id=_business(wire.y_tunnus), description=wire.kuvaus)


def _demonstration(wire: DemonstrationWire) -> CompetenceDemonstration:
    subareas = (_code(each.koodi_uri, each.koodi_versio) for each in wire.osa_alueet)
    return CompetenceDemonstration(
        module_id=wire.module_id,
        start_date=wire.alku,
        end_date=wire.loppu,
        organiser_oid=_organisation(wire.jarjestaja.oppilaitos_oid if wire.jarjestaja else None),
        subareas=tuple(code for code in subareas if code is not None),
        environment=_environment(wire.nayttoymparisto),
        content_descriptions=wire.sisallon_kuvaus,
        provider_assessors=tuple(map(_provider_assessor, wire.koulutuksen_jarjestaja_osaamisen_arvioijat)),
        working_life_assessors=tuple(map(_working_life_assessor, wire.tyoelama_osaamisen_arvioijat)),
        deviation_from_requirements=wire.vaatimuksista_tai_tavoitteista_poikkeaminen,
        individual_assessment_criteria=wire.yksilolliset_kriteerit,
    )


# --- planned units --------------------------------------------------------------------------------------------


def _planned_vocational(wire: PlannedVocationalWire) -> PlannedVocationalUnit:
    return PlannedVocationalUnit(
        module_id=wire.module_id,
        unit=_code(wire.tutkinnon_osa_koodi_uri, wire.tutkinnon_osa_koodi_versio),
        requirements_register_number=wire.tutkinnon_osan_perusteen_diaarinro,
        deviation_from_requirements=wire.vaatimuksista_tai_tavoitteista_poikkeaminen,
        acquisitions=tuple(map(_acquisition, wire.osaamisen_hankkimistavat)),
        demonstrations=tuple(map(_demonstration, wire.osaamisen_osoittaminen)),
        provider_oid=_organisation(wire.koulutuksen_jarjestaja_oid),
        essential_circumstance_exists=wire.olennainen_seikka,
        teaching_and_guidance_hours=wire.opetus_ja_ohjaus_maara,
    )


def _planned_local(wire: PlannedLocalWire) -> PlannedLocalUnit:
    return PlannedLocalUnit(
        module_id=wire.module_id,
        amosaa_id=wire.amosaa_tunniste,
        name=wire.nimi,
        extent_in_competence_points=wire.laajuus,
        goals_and_contents=wire.tavoitteet_ja_sisallot,
        deviation_from_requirements=wire.vaatimuksista_tai_tavoitteista_poikkeaminen,
        acquisitions=tuple(map(_acquisition, wire.osaamisen_hankkimistavat)),
        demonstrations=tuple(map(_demonstration, wire.osaamisen_osoittaminen)),
        provider_oid=_organisation(wire.koulutuksen_jarjestaja_oid),
        essential_circumstance_exists=wire.olennainen_seikka,
        teaching_and_guidance_hours=wire.opetus_ja_ohjaus_maara,
    )


def _planned_subarea(wire: PlannedSubareaWire) -> PlannedCommonUnitSubarea:
    return PlannedCommonUnitSubarea(
        module_id=wire.module_id,
        subarea=_code(wire.osa_alue_koodi_uri, wire.osa_alue_koodi_versio),
        deviation_from_requirements=wire.vaatimuksista_tai_tavoitteista_poikkeaminen,
        acquisitions=tuple(map(_acquisition, wire.osaamisen_hankkimistavat)),
        demonstrations=tuple(map(_demonstration, wire.osaamisen_osoittaminen)),
        provider_oid=_organisation(wire.koulutuksen_jarjestaja_oid),
        essential_circumstance_exists=wire.olennainen_seikka,
        teaching_and_guidance_hours=wire.opetus_ja_ohjaus_maara,
    )


def _planned_common(wire: PlannedCommonWire) -> PlannedCommonUnit:
    return PlannedCommonUnit(
        module_id=wire.module_id,
        unit=_code(wire.tutkinnon_osa_koodi_uri, wire.tutkinnon_osa_koodi_versio),
        provider_oid=_organisation(wire.koulutuksen_jarjestaja_oid),
        subareas=tuple(map(_planned_subarea, wire.osa_alueet)),
    )


def _preparatory_part(wire: PreparatoryPartWire) -> PreparatoryEducationPart:
    return PreparatoryEducationPart(
        module_id=wire.module_id,
        part=_code(wire.koulutuksen_osa_koodi_uri, wire.koulutuksen_osa_koodi_versio),
        start_date=wire.alku,
        end_date=wire.loppu,
        extent_in_weeks=wire.laajuus,
    )


# --- prior competence -----------------------------------------------------------------------------------------


def _referral(wire: ReferralWire | None) -> AssessorReferral | None:
    """The referral; eHOKS serves one also where there is none, and an empty one says nothing."""
    if wire is None or (wire.lahetetty_arvioitavaksi is None and not wire.aiemmin_hankitun_osaamisen_arvioijat):
        return None
    return AssessorReferral(
        sent_for_assessment_on=wire.lahetetty_arvioitavaksi,
        assessors=tuple(map(_provider_assessor, wire.aiemmin_hankitun_osaamisen_arvioijat)),
    )


def _prior_vocational(wire: PriorVocationalWire) -> PriorVocationalUnit:
    process = _code(wire.valittu_todentamisen_prosessi_koodi_uri, wire.valittu_todentamisen_prosessi_koodi_versio)
    return PriorVocationalUnit(
        module_id=wire.module_id,
        unit=_code(wire.tutkinnon_osa_koodi_uri, wire.tutkinnon_osa_koodi_versio),
        requirements_register_number=wire.tutkinnon_osan_perusteen_diaarinro,
        recognition_process_code=process,
        recognition_process=process_of(process),
        skills_demonstrations=tuple(map(_demonstration, wire.tarkentavat_tiedot_naytto)),
        assessor_referral=_referral(wire.tarkentavat_tiedot_osaamisen_arvioija),
        provider_oid=_organisation(wire.koulutuksen_jarjestaja_oid),
        essential_circumstance_exists=wire.olennainen_seikka,
        deviation_from_requirements=wire.vaatimuksista_tai_tavoitteista_poikkeaminen,
    )


def _prior_local(wire: PriorLocalWire) -> PriorLocalUnit:
    process = _code(wire.valittu_todentamisen_prosessi_koodi_uri, wire.valittu_todentamisen_prosessi_koodi_versio)
    return PriorLocalUnit(
        module_id=wire.module_id,
        amosaa_id=wire.amosaa_tunniste,
        name=wire.nimi,
        extent_in_competence_points=wire.laajuus,
        goals_and_contents=wire.tavoitteet_ja_sisallot,
        recognition_process_code=process,
        recognition_process=process_of(process),
        skills_demonstrations=tuple(map(_demonstration, wire.tarkentavat_tiedot_naytto)),
        assessor_referral=_referral(wire.tarkentavat_tiedot_osaamisen_arvioija),
        provider_oid=_organisation(wire.koulutuksen_jarjestaja_oid),
        essential_circumstance_exists=wire.olennainen_seikka,
        deviation_from_requirements=wire.vaatimuksista_tai_tavoitteista_poikkeaminen,
    )


def _prior_subarea(wire: PriorSubareaWire) -> PriorCommonUnitSubarea:
    process = _code(wire.valittu_todentamisen_prosessi_koodi_uri, wire.valittu_todentamisen_prosessi_koodi_versio)
    return PriorCommonUnitSubarea(
        module_id=wire.module_id,
        subarea=_code(wire.osa_alue_koodi_uri, wire.osa_alue_koodi_versio),
        recognition_process_code=process,
        recognition_process=process_of(process),
        skills_demonstrations=tuple(map(_demonstration, wire.tarkentavat_tiedot_naytto)),
        assessor_referral=_referral(wire.tarkentavat_tiedot_osaamisen_arvioija),
        provider_oid=_organisation(wire.koulutuksen_jarjestaja_oid),
        essential_circumstance_exists=wire.olennainen_seikka,
        deviation_from_requirements=wire.vaatimuksista_tai_tavoitteista_poikkeaminen,
    )


def _prior_common(wire: PriorCommonWire) -> PriorCommonUnit:
    process = _code(wire.valittu_todentamisen_prosessi_koodi_uri, wire.valittu_todentamisen_prosessi_koodi_versio)
    return PriorCommonUnit(
        module_id=wire.module_id,
        unit=_code(wire.tutkinnon_osa_koodi_uri, wire.tutkinnon_osa_koodi_versio),
        recognition_process_code=process,
        recognition_process=process_of(process),
        skills_demonstrations=tuple(map(_demonstration, wire.tarkentavat_tiedot_naytto)),
        assessor_referral=_referral(wire.tarkentavat_tiedot_osaamisen_arvioija),
        provider_oid=_organisation(wire.koulutuksen_jarjestaja_oid),
        subareas=tuple(map(_prior_subarea, wire.osa_alueet)),
    )


# --- support --------------------------------------------------------------------------------------------------


def _study_skills(wire: StudySkillsWire) -> StudySkillsStudies:
    return StudySkillsStudies(
        module_id=wire.module_id,
        name=wire.nimi,
        description=wire.kuvaus,
        start_date=wire.alku,
        end_date=wire.loppu,
    )


def _learning_support(wire: LearningSupportWire) -> LearningSupport:
    group = _code(wire.tutkinnon_osan_tyyppi_koodi_uri)
    return LearningSupport(
        support_type=_code(wire.oppimisen_tuen_tyyppi_koodi_uri),
        start_date=wire.alku,
        end_date=wire.loppu,
        unit_group_code=group,
        unit_group=group_of(group),
    )
