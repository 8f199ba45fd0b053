import random
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.table.plans import read_plans
from connectors.table.snapshot import take_snapshot
from hoks.codes import AcquisitionMode, RecognitionProcess, UnitGroup
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
from hoks.findings import FindingCode
from hoks.identifiers import BusinessId, OrganisationOid, StudyRightOid
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
from hoks.values import Code
from tests.connectors.table.drops import AINO, B_SCHOOL, EERO, RIGHT_1, RIGHT_2, RIGHT_3, Files, of, write_drop

A_SCHOOL = OrganisationOid("1.2.246.562.99.99000000119")


def plans_in(folder: Path, which: str, files: Files, right: StudyRightOid = RIGHT_1) -> tuple[Hoks, ...]:
    described = write_drop(folder, which, files)
    return read_plans(take_snapshot(described), [right], described).get(right, ())


def b_files() -> dict[str, list[dict[str, str]]]:
    """One plan that shows everything that B's files can hold."""
    return {
        "opiskelijat.csv": [of(opnro="1", oppijanumero=AINO, sukunimi="Ä", etunimet="Aino")],
        "opinto_oikeudet.csv": [of(oo_id="11", opnro="1", oo_oid=RIGHT_1, tila="L", tila_alku="17.8.2024")],
        "hoks.csv": [
            of(
                hoks_id="21",
                oo_id="11",
                ensihyv_pvm="1.9.2024",
                hyvaksytty="2.3.2026 09:05",
                paivitetty="1.10.2026 14:30",
                versio="4",
                hankkimisen_tarve="K",
                urasuunnitelma="0002",
                saavuttamispvm="31.5.2027",
                sposti="aino@opiskelija.example",
                puhelin="+358 50 000 0001",
                tuva_oo_oid=RIGHT_3,
                kasin_syotetty="E",
            )
        ],
        "osat.csv": [
            of(
                osa_id="31",
                hoks_id="21",
                laji="AMM",
                koodi="105668",
                koodi_versio="2",
                peruste_dnro="OPH-9101-2026",
                poikkeaminen="Ei tee laskutusta",
                jarjestaja_oid=B_SCHOOL,
                olennainen_seikka="K",
                ohjaus_h="12,5",
            ),
            of(osa_id="32", hoks_id="21", laji="YTO", koodi="400012", koodi_versio="1", jarjestaja_oid=A_SCHOOL),
            of(osa_id="33", hoks_id="21", ylaosa_id="32", laji="YTOOSA", koodi="vvai22", koodi_versio="1"),
            of(osa_id="34", hoks_id="21", ylaosa_id="32", laji="YTOOSA", koodi="ytkk", olennainen_seikka="E"),
            of(
                osa_id="35",
                hoks_id="21",
                laji="PAIK",
                nimi="Lähiruoka",
                laajuus="15,0",
                amosaa="A7",
                tavoitteet="Oppia",
            ),
            of(osa_id="36", hoks_id="21", laji="TUVA", koodi="102", laajuus="5,5", alku="1.8.2024", loppu="30.9.2024"),
            of(osa_id="37", hoks_id="21", laji="OPVA", nimi="Paja", kuvaus="Tukea", alku="1.8.2024", loppu="1.9.2024"),
            of(osa_id="38", hoks_id="21", laji="TUKI", tukilaji="01", osaryhma="1", alku="1.8.2026", loppu="1.12.2026"),
        ],
        "jaksot.csv": [
            of(
                jakso_id="41",
                osa_id="31",
                tunniste="wp-1",
                alku="1.9.2026",
                loppu="30.11.2026",
                tarkenne="Ma-to",
                tapa="KOSO",
                edustaja_nimi="Opettaja O",
                edustaja_rooli="opettaja",
                edustaja_org=B_SCHOOL,
                hankkija_nimi="Hankkija H",
                hankkija_org=A_SCHOOL,
                ohjaaja_nimi="Ohjaaja W",
                ohjaaja_sposti="w@tyopaikka.example",
                ohjaaja_puh="+358 50 000 0002",
                tyopaikka="Ääkköspalvelu Oy",
                ytunnus="9100000-5",
                tehtavat="Kassatyö | Hyllytys",
                osa_aika_pros="80",
            ),
            of(jakso_id="42", osa_id="33", alku="1.2.2026", loppu="1.3.2026", tapa="OPSO", oppisop_perusta="01"),
        ],
        "keskeytykset.csv": [of(jakso_id="41", alku="5.9.2026", loppu="9.9.2026"), of(jakso_id="41", alku="1.10.2026")],
        "naytot.csv": [
            of(
                naytto_id="51",
                osa_id="31",
                alku="25.11.2026",
                loppu="26.11.2026",
                jarjestaja_oid=A_SCHOOL,
                osa_alueet="vvtd | ytkk",
                ymparisto="Ääkköspalvelu Oy",
                ymparisto_ytunnus="9100000-5",
                ymparisto_kuvaus="Myymälä",
                sisalto="Palvelee asiakasta | Hoitaa kassan",
                poikkeaminen="Ei laskutusta",
                kriteerit="Ohjatusti",
            ),
            of(naytto_id="52", aiempi_id="63", alku="1.2.2023", loppu="1.2.2023"),
        ],
        "arvioijat.csv": [
            of(naytto_id="51", laji="J", nimi="Arvioija A", org_oid=B_SCHOOL),
            of(naytto_id="51", laji="T", nimi="Arvioija T", org_nimi="Ääkköspalvelu Oy", org_ytunnus="9100000-5"),
            of(aiempi_id="62", laji="A", nimi="Arvioija P", org_oid=A_SCHOOL),
        ],
        "aiemmat.csv": [
            of(aiempi_id="61", hoks_id="21", laji="AMM", koodi="105670", koodi_versio="2", prosessi="1"),
            of(aiempi_id="62", hoks_id="21", laji="PAIK", nimi="Barista", prosessi="2", lahetetty_pvm="3.2.2025"),
            of(aiempi_id="63", hoks_id="21", laji="YTO", koodi="400013", koodi_versio="1", prosessi="3"),
            of(
                aiempi_id="64",
                hoks_id="21",
                ylaaiempi_id="63",
                laji="YTOOSA",
                koodi="etk",
                prosessi="1",
                poikkeaminen="Osa",
            ),
        ],
    }


def test_everything_that_b_writes_of_a_plan_is_read(tmp_path: Path) -> None:
    (plan,) = plans_in(tmp_path, "b", b_files())
    assert plan == Hoks(
        study_right_oid=RIGHT_1,
        student_oid=AINO,
        preparatory_study_right_oid=RIGHT_3,
        source_id="21",
        student_email="aino@opiskelija.example",
        student_phone="+358 50 000 0001",
        career_plan_goal=Code(uri="urasuunnitelma_0002"),
        version=4,
        first_approved_on=date(2024, 9, 1),
        approved_at=datetime(2026, 3, 2, 7, 5, tzinfo=UTC),
        updated_at=datetime(2026, 10, 1, 11, 30, tzinfo=UTC),
        competence_achieved_on=date(2027, 5, 31),
        competence_acquisition_needed=True,
        entered_manually=False,
        planned_vocational_units=(
            PlannedVocationalUnit(
                source_key="31",
                unit=Code(uri="tutkinnonosat_105668", version=2),
                requirements_register_number="OPH-9101-2026",
                deviation_from_requirements="Ei tee laskutusta",
                provider_oid=B_SCHOOL,
                essential_circumstance_exists=True,
                teaching_and_guidance_hours=12.5,
                acquisitions=(
                    CompetenceAcquisition(
                        source_key="wp-1",
                        start_date=date(2026, 9, 1),
                        end_date=date(2026, 11, 30),
                        period_detail="Ma-to",
                        mode_code=Code(uri="osaamisenhankkimistapa_koulutussopimus"),
                        mode=AcquisitionMode.TRAINING_AGREEMENT,
                        provider_representative=ProviderPerson(
                            name="Opettaja O", role="opettaja", organisation_oid=B_SCHOOL
                        ),
                        procuring_provider_representative=ProviderPerson(name="Hankkija H", organisation_oid=A_SCHOOL),
                        workplace_learning=WorkplaceLearning(
                            responsible_workplace_instructor=WorkplaceInstructor(
                                name="Ohjaaja W", email="w@tyopaikka.example", phone="+358 50 000 0002"
                            ),
                            workplace_name="Ääkköspalvelu Oy",
                            workplace_business_id=BusinessId("9100000-5"),
                            key_tasks=("Kassatyö", "Hyllytys"),
                        ),
                        working_time_percent=80,
                        interruptions=(
                            Interruption(start_date=date(2026, 9, 5), end_date=date(2026, 9, 9)),
                            Interruption(start_date=date(2026, 10, 1)),
                        ),
                    ),
                ),
                demonstrations=(
                    CompetenceDemonstration(
                        source_key="51",
                        start_date=date(2026, 11, 25),
                        end_date=date(2026, 11, 26),
                        organiser_oid=A_SCHOOL,
                        subareas=(Code(uri="ammatillisenoppiaineet_vvtd"), Code(uri="ammatillisenoppiaineet_ytkk")),
                        environment=DemonstrationEnvironment(
                            name="Ääkköspalvelu Oy", business_id=BusinessId("9100000-5"), description="Myymälä"
                        ),
                        content_descriptions=("Palvelee asiakasta", "Hoitaa kassan"),
                        provider_assessors=(ProviderAssessor(name="Arvioija A", organisation_oid=B_SCHOOL),),
                        working_life_assessors=(
                            WorkingLifeAssessor(
                                name="Arvioija T",
                                organisation_name="Ääkköspalvelu Oy",
                                organisation_business_id=BusinessId("9100000-5"),
                            ),
                        ),
                        deviation_from_requirements="Ei laskutusta",
                        individual_assessment_criteria=("Ohjatusti",),
                    ),
                ),
            ),
        ),
        planned_common_units=(
            PlannedCommonUnit(
                source_key="32",
                unit=Code(uri="tutkinnonosat_400012", version=1),
                provider_oid=A_SCHOOL,
                subareas=(
                    PlannedCommonUnitSubarea(
                        source_key="33",
                        subarea=Code(uri="ammatillisenoppiaineet_vvai22", version=1),
                        acquisitions=(
                            CompetenceAcquisition(
                                source_key="42",
                                start_date=date(2026, 2, 1),
                                end_date=date(2026, 3, 1),
                                mode_code=Code(uri="osaamisenhankkimistapa_oppisopimus"),
                                mode=AcquisitionMode.APPRENTICESHIP,
                                apprenticeship_basis=Code(uri="oppisopimuksenperusta_01"),
                            ),
                        ),
                    ),
                    PlannedCommonUnitSubarea(
                        source_key="34",
                        subarea=Code(uri="ammatillisenoppiaineet_ytkk"),
                        essential_circumstance_exists=False,
                    ),
                ),
            ),
        ),
        planned_local_units=(
            PlannedLocalUnit(
                source_key="35",
                amosaa_id="A7",
                name="Lähiruoka",
                extent_in_competence_points=15,
                goals_and_contents="Oppia",
            ),
        ),
        planned_preparatory_parts=(
            PreparatoryEducationPart(
                source_key="36",
                part=Code(uri="koulutuksenosattuva_102"),
                start_date=date(2024, 8, 1),
                end_date=date(2024, 9, 30),
                extent_in_weeks=5.5,
            ),
        ),
        studies_supporting_study_skills=(
            StudySkillsStudies(
                source_key="37",
                name="Paja",
                description="Tukea",
                start_date=date(2024, 8, 1),
                end_date=date(2024, 9, 1),
            ),
        ),
        learning_support=(
            LearningSupport(
                source_key="38",
                support_type=Code(uri="ammatillinenkoulutusoppimisentuentyyppi_01"),
                start_date=date(2026, 8, 1),
                end_date=date(2026, 12, 1),
                unit_group_code=Code(uri="ammatillisentutkinnonosanryhma_1"),
                unit_group=UnitGroup.VOCATIONAL,
            ),
        ),
        prior_vocational_units=(
            PriorVocationalUnit(
                source_key="61",
                unit=Code(uri="tutkinnonosat_105670", version=2),
                recognition_process_code=Code(uri="osaamisentodentamisenprosessi_0001"),
                recognition_process=RecognitionProcess.DIRECT,
            ),
        ),
        prior_local_units=(
            PriorLocalUnit(
                source_key="62",
                name="Barista",
                recognition_process_code=Code(uri="osaamisentodentamisenprosessi_0002"),
                recognition_process=RecognitionProcess.VIA_ASSESSORS,
                assessor_referral=AssessorReferral(
                    sent_for_assessment_on=date(2025, 2, 3),
                    assessors=(ProviderAssessor(name="Arvioija P", organisation_oid=A_SCHOOL),),
                ),
            ),
        ),
        prior_common_units=(
            PriorCommonUnit(
                source_key="63",
                unit=Code(uri="tutkinnonosat_400013", version=1),
                recognition_process_code=Code(uri="osaamisentodentamisenprosessi_0003"),
                recognition_process=RecognitionProcess.DEMONSTRATION,
                skills_demonstrations=(
                    CompetenceDemonstration(source_key="52", start_date=date(2023, 2, 1), end_date=date(2023, 2, 1)),
                ),
                subareas=(
                    PriorCommonUnitSubarea(
                        source_key="64",
                        subarea=Code(uri="ammatillisenoppiaineet_etk"),
                        recognition_process_code=Code(uri="osaamisentodentamisenprosessi_0001"),
                        recognition_process=RecognitionProcess.DIRECT,
                        deviation_from_requirements="Osa",
                    ),
                ),
            ),
        ),
    )


def test_another_provider_is_read_by_settings_alone(tmp_path: Path) -> None:
    files: Files = {
        "people.csv": [of(student_no="S1", learner_oid=EERO)],
        "enrolments.csv": [of(enrolment_no="E1", student_no="S1", right_oid=RIGHT_1, status="active")],
        "plans.csv": [
            of(
                plan_no="P1",
                enrolment_no="E1",
                updated_at="2026-10-01T14:30:00+03:00",
                career_goal="urasuunnitelma_0001",
                needs_competence="0",
            )
        ],
        "units.csv": [of(unit_no="U1", plan_no="P1", kind="vocational", code="tutkinnonosat_105668", hours="12.5")],
        "periods.csv": [
            of(
                period_no="J1",
                unit_no="U1",
                start="2026-09-01",
                end="2026-11-30",
                mode="apprenticeship",
                workplace="Åberg & Söner, Ab",
                tasks="mottagning; kassa",
            )
        ],
        "environments.csv": [
            of(period_no="J1", code="oppimisymparistot_0001", start="2026-09-01", end="2026-09-14"),
        ],
    }
    (plan,) = plans_in(tmp_path, "c", files)
    assert plan == Hoks(
        study_right_oid=RIGHT_1,
        student_oid=EERO,
        source_id="P1",
        updated_at=datetime(2026, 10, 1, 11, 30, tzinfo=UTC),
        career_plan_goal=Code(uri="urasuunnitelma_0001"),
        competence_acquisition_needed=False,
        planned_vocational_units=(
            PlannedVocationalUnit(
                source_key="U1",
                unit=Code(uri="tutkinnonosat_105668"),
                teaching_and_guidance_hours=12.5,
                acquisitions=(
                    CompetenceAcquisition(
                        source_key="J1",
                        start_date=date(2026, 9, 1),
                        end_date=date(2026, 11, 30),
                        mode_code=Code(uri="osaamisenhankkimistapa_oppisopimus"),
                        mode=AcquisitionMode.APPRENTICESHIP,
                        workplace_learning=WorkplaceLearning(
                            workplace_name="Åberg & Söner, Ab", key_tasks=("mottagning", "kassa")
                        ),
                        other_learning_environments=(
                            OtherLearningEnvironment(
                                environment=Code(uri="oppimisymparistot_0001"),
                                start_date=date(2026, 9, 1),
                                end_date=date(2026, 9, 14),
                            ),
                        ),
                    ),
                ),
            ),
        ),
    )


UNREADABLE, UNKNOWN = FindingCode.UNREADABLE_VALUE, FindingCode.UNKNOWN_CODE
MISSING, BAD_DIGIT = FindingCode.MISSING_REQUIRED_VALUE, FindingCode.BAD_CHECK_DIGIT
UNIT = "plannedVocationalUnits"
PERIOD, SHOWN = f"{UNIT}.acquisitions", f"{UNIT}.demonstrations"


@pytest.mark.parametrize(
    ("file", "cells", "code", "place", "item"),
    [
        ("hoks.csv", of(hyvaksytty="eilen"), UNREADABLE, "approvedAt", Item.D1),
        ("hoks.csv", of(hankkimisen_tarve="?"), UNREADABLE, "competenceAcquisitionNeeded", Item.D7),
        ("osat.csv", of(ohjaus_h="12.5"), UNREADABLE, f"{UNIT}.teachingAndGuidanceHours", Item.G),
        ("osat.csv", of(olennainen_seikka="X"), UNREADABLE, f"{UNIT}.essentialCircumstanceExists", Item.D8),
        ("osat.csv", of(koodi=""), MISSING, f"{UNIT}.unit", Item.D2u),
        ("osat.csv", of(laji="OUTO"), UNKNOWN, f"{UNIT}", Item.D2u),
        ("jaksot.csv", of(alku="1.13.2026"), UNREADABLE, f"{PERIOD}.startDate", Item.W4),
        ("jaksot.csv", of(tapa="OUTO"), UNKNOWN, f"{PERIOD}.modeCode", Item.G),
        (
            "jaksot.csv",
            of(hankkija_org="koulu"),
            UNREADABLE,
            f"{PERIOD}.procuringProviderRepresentative.organisationOid",
            Item.W2,
        ),
        ("jaksot.csv", of(ytunnus="9100000-4"), BAD_DIGIT, f"{PERIOD}.workplaceLearning.workplaceBusinessId", Item.W1),
        ("keskeytykset.csv", of(alku="?"), UNREADABLE, f"{PERIOD}.interruptions.startDate", Item.Gi),
        ("naytot.csv", of(loppu="?"), UNREADABLE, f"{SHOWN}.endDate", Item.D10),
        ("arvioijat.csv", of(org_oid="koulu"), UNREADABLE, f"{SHOWN}.providerAssessors.organisationOid", Item.D12),
        ("arvioijat.csv", of(laji="OUTO"), UNKNOWN, f"{SHOWN}.providerAssessors", Item.D12),
        ("aiemmat.csv", of(koodi_versio="kaksi"), UNREADABLE, "priorVocationalUnits.unit.version", Item.D3),
        ("aiemmat.csv", of(prosessi="9"), UNKNOWN, "priorVocationalUnits.recognitionProcessCode", Item.D5),
    ],
)
def test_one_bad_cell_is_a_finding_by_its_place_and_item_and_loses_nothing_else(
    tmp_path: Path, file: str, cells: dict[str, str], code: FindingCode, place: str, item: Item
) -> None:
    files = b_files()
    files[file][0] |= cells
    (plan,) = plans_in(tmp_path, "b", files)
    assert [(found.code, found.place, found.item) for found in plan.findings or ()] == [(code, place, item)]
    assert len(plan.planned_common_units or ()) == 1


def test_several_plans_for_one_right_are_all_given(tmp_path: Path) -> None:
    files = b_files()
    files["hoks.csv"].append(of(hoks_id="22", oo_oid=RIGHT_1, versio="9"))
    plans = plans_in(tmp_path, "b", files)
    assert [plan.version for plan in plans] == [4, 9]
    assert [len(plan.planned_vocational_units or ()) for plan in plans] == [1, 0]


def test_a_copy_of_a_partners_plan_is_of_the_student_whose_right_is_included_in_it(tmp_path: Path) -> None:
    files: Files = {
        "opiskelijat.csv": [of(opnro="1", oppijanumero=AINO)],
        "opinto_oikeudet.csv": [
            of(oo_id="11", opnro="1", oo_oid=RIGHT_1, tila="L", tila_alku="17.8.2024", sisaltyy_oo_oid=RIGHT_2)
        ],
        "hoks.csv": [of(hoks_id="21", oo_oid=RIGHT_2)],
    }
    (plan,) = plans_in(tmp_path, "b", files, RIGHT_2)
    assert (plan.study_right_oid, plan.student_oid) == (RIGHT_2, AINO)


def test_a_copy_that_two_students_rights_point_at_names_nobody(tmp_path: Path) -> None:
    row = of(tila="L", tila_alku="17.8.2024", sisaltyy_oo_oid=RIGHT_2)
    files: Files = {
        "opiskelijat.csv": [of(opnro="1", oppijanumero=AINO), of(opnro="2", oppijanumero=EERO)],
        "opinto_oikeudet.csv": [
            row | of(oo_id="11", opnro="1", oo_oid=RIGHT_1),
            row | of(oo_id="12", opnro="2", oo_oid=RIGHT_3),
        ],
        "hoks.csv": [of(hoks_id="21", oo_oid=RIGHT_2)],
    }
    (plan,) = plans_in(tmp_path, "b", files, RIGHT_2)
    assert plan.student_oid is None


def test_parts_stand_in_the_order_of_their_rows(tmp_path: Path) -> None:
    files = b_files()
    files["osat.csv"].insert(0, of(osa_id="99", hoks_id="21", laji="AMM", koodi="1"))
    (plan,) = plans_in(tmp_path, "b", files)
    assert [unit.source_key for unit in plan.planned_vocational_units or ()] == ["99", "31"]


def _sorted(value: object) -> object:
    """A plan without the order of its parts, which is that of the rows."""
    if isinstance(value, dict):
        return {key: _sorted(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return sorted((_sorted(each) for each in value), key=repr)
    return value


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_in_the_files_moves_nothing_elsewhere(rng: random.Random) -> None:
    files = b_files()
    with TemporaryDirectory() as folder:
        (plan,) = plans_in(Path(folder), "b", files)
        for rows in files.values():
            rng.shuffle(rows)
        (shuffled,) = plans_in(Path(folder), "b", files)
    assert _sorted(msgspec.to_builtins(shuffled)) == _sorted(msgspec.to_builtins(plan))
