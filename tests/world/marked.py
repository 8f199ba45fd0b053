"""One plan and its right with a mark of its law item on every field that ``ehoks.md`` 10.1 classifies.

Texts say their item themselves (``mark:D3:…``); other values are unlike any other value of their field.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import msgspec

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
from hoks.identifiers import BusinessId, LearnerOid, OrganisationOid
from hoks.items import Item
from hoks.plan import Hoks
from hoks.study_right import CompetenceArea, Qualification, StudyRight
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
from tests.world.rights import learner

ALIAS_IN_THE_PLAN: LearnerOid = learner(777)
"""The student's OID as the source of the marked plan knows it: the mark of ``ID``."""

MARKS: Mapping[Item, frozenset[str]] = {
    Item.ID: frozenset({ALIAS_IN_THE_PLAN}),
    Item.SR: frozenset({"mark:SR:type", "estimated_end_date=2033-03-01"}),
    Item.D1: frozenset(
        {
            "first_approved_on=2016-09-01",
            "approved_at=2016-09-02 08:00:00+00:00",
            "updated_at=2016-09-03 08:00:00+00:00",
        }
    ),
    Item.D2q: frozenset({"mark:D2q:qualification", "mark:D2q:requirements", "mark:D2q:area"}),
    Item.D2u: frozenset(
        {
            "mark:D2u:vocational",
            "mark:D2u:register",
            "mark:D2u:local",
            "extent_in_competence_points=2101",
            "mark:D2u:common",
            "mark:D2u:subarea",
            "mark:D2u:part",
            "mark:D2u:deliverer",
        }
    ),
    Item.D3: frozenset({"mark:D3:unit", "mark:D3:register", "mark:D3:process"}),
    Item.D4: frozenset({"mark:D4:name", "mark:D4:contents", "sent_for_assessment_on=2016-10-04"}),
    Item.D5: frozenset({"mark:D5:unit", "mark:D5:process", "mark:D5:subarea"}),
    Item.D6u: frozenset({"mark:D6u:planned", "mark:D6u:subarea", "mark:D6u:prior"}),
    Item.D6d: frozenset({"mark:D6d:demonstration"}),
    Item.D7: frozenset({"competence_acquisition_needed=True"}),
    Item.D8: frozenset({"essential_circumstance_exists=True"}),
    Item.D9: frozenset({"mark:D9:support", "mark:D9:group", "mark:D9:studies", "mark:D9:description"}),
    Item.D10: frozenset(
        {
            "start_date=2017-03-10",
            "end_date=2017-03-11",
            "mark:D10:organiser",
            "mark:D10:environment",
            "mark:D10:content",
            "mark:D10:subarea",
        }
    ),
    Item.D11b: frozenset({"mark:D11b:criterion"}),
    Item.D12: frozenset({"mark:D12:provider", "mark:D12:working-life", "mark:D12:prior"}),
    Item.D13: frozenset({"mark:D13:goal"}),
    Item.G: frozenset(
        {
            "mark:G:goals",
            "teaching_and_guidance_hours=2401.5",
            "mark:G:detail",
            "mark:G:mode",
            "start_date=2017-02-01",
            "end_date=2017-02-02",
            "mark:G:environment",
            "start_date=2017-02-03",
        }
    ),
    Item.Gi: frozenset({"start_date=2017-02-10", "end_date=2017-02-11"}),
    Item.W1: frozenset({"mark:W1:instructor", "mark:W1:workplace", "mark:W1:business", "mark:W1:teacher"}),
    Item.W2: frozenset({"mark:W2:representative"}),
    Item.W3: frozenset({"mark:W3:task"}),
    Item.W4: frozenset({"start_date=2017-04-04", "end_date=2017-04-14"}),
    Item.W5: frozenset({"start_date=2017-05-05", "end_date=2017-05-15", "mark:W5:environment"}),
    Item.Cs: frozenset({"mark:Cs:email", "mark:Cs:phone"}),
    Item.Ci: frozenset({"mark:Ci:email", "mark:Ci:phone"}),
    Item.X: frozenset(
        {
            "mark:X:source-id",
            "mark:X:external-id",
            "version=2501",
            "competence_achieved_on=2016-12-24",
            "mark:X:module",
            "working_time_percent=37",
            "mark:X:basis",
            "version=2502",
            "mark:X:system-id",
        }
    ),
}
"""By hand from 10.1: what of the marked plan and right is which item."""


def _code(text: str) -> Code:
    return Code(uri=text)


_AT_A_WORKPLACE = WorkplaceLearning(
    responsible_workplace_instructor=WorkplaceInstructor(
        name="mark:W1:instructor", email="mark:Ci:email", phone="mark:Ci:phone"
    ),
    workplace_name="mark:W1:workplace",
    workplace_business_id=BusinessId("mark:W1:business"),
    key_tasks=("mark:W3:task",),
)

_TRAINING_AGREEMENT = CompetenceAcquisition(
    mode=AcquisitionMode.TRAINING_AGREEMENT,
    mode_code=_code("mark:G:mode"),
    module_id="mark:X:module",
    start_date=date(2017, 4, 4),
    end_date=date(2017, 4, 14),
    period_detail="mark:G:detail",
    provider_representative=ProviderPerson(name="mark:W1:teacher"),
    workplace_learning=_AT_A_WORKPLACE,
    interruptions=(Interruption(start_date=date(2017, 2, 10), end_date=date(2017, 2, 11)),),
    working_time_percent=37,
)

_APPRENTICESHIP = CompetenceAcquisition(
    mode=AcquisitionMode.APPRENTICESHIP,
    start_date=date(2017, 5, 5),
    end_date=date(2017, 5, 15),
    procuring_provider_representative=ProviderPerson(name="mark:W2:representative"),
    other_learning_environments=(OtherLearningEnvironment(environment=_code("mark:W5:environment")),),
    apprenticeship_basis=_code("mark:X:basis"),
)

_AT_SCHOOL = CompetenceAcquisition(
    mode=AcquisitionMode.INSTITUTION_BASED,
    start_date=date(2017, 2, 1),
    end_date=date(2017, 2, 2),
    other_learning_environments=(OtherLearningEnvironment(environment=_code("mark:G:environment")),),
)

_DEMONSTRATION = CompetenceDemonstration(
    start_date=date(2017, 3, 10),
    end_date=date(2017, 3, 11),
    organiser_oid=OrganisationOid("mark:D10:organiser"),
    subareas=(_code("mark:D10:subarea"),),
    environment=DemonstrationEnvironment(name="mark:D10:environment"),
    content_descriptions=("mark:D10:content",),
    provider_assessors=(ProviderAssessor(name="mark:D12:provider"),),
    working_life_assessors=(WorkingLifeAssessor(name="mark:D12:working-life"),),
    deviation_from_requirements="mark:D6d:demonstration",
    individual_assessment_criteria=("mark:D11b:criterion",),
)


def marked_plan(right: StudyRight) -> Hoks:
    """The plan of a right, marked, and approved on 1.9.2016."""
    return Hoks(
        study_right_oid=right.oid,
        student_oid=ALIAS_IN_THE_PLAN,
        source_id="mark:X:source-id",
        external_id="mark:X:external-id",
        version=2501,
        competence_achieved_on=date(2016, 12, 24),
        student_email="mark:Cs:email",
        student_phone="mark:Cs:phone",
        career_plan_goal=_code("mark:D13:goal"),
        first_approved_on=date(2016, 9, 1),
        approved_at=datetime(2016, 9, 2, 8, tzinfo=UTC),
        updated_at=datetime(2016, 9, 3, 8, tzinfo=UTC),
        competence_acquisition_needed=True,
        prior_vocational_units=(
            PriorVocationalUnit(
                unit=_code("mark:D3:unit"),
                requirements_register_number="mark:D3:register",
                recognition_process=RecognitionProcess.DIRECT,
                recognition_process_code=_code("mark:D3:process"),
                deviation_from_requirements="mark:D6u:prior",
            ),
        ),
        prior_local_units=(
            PriorLocalUnit(
                name="mark:D4:name",
                goals_and_contents="mark:D4:contents",
                recognition_process=RecognitionProcess.VIA_ASSESSORS,
                assessor_referral=AssessorReferral(
                    sent_for_assessment_on=date(2016, 10, 4),
                    assessors=(ProviderAssessor(name="mark:D12:prior"),),
                ),
            ),
        ),
        prior_common_units=(
            PriorCommonUnit(
                unit=_code("mark:D5:unit"),
                recognition_process=RecognitionProcess.DEMONSTRATION,
                recognition_process_code=_code("mark:D5:process"),
                subareas=(PriorCommonUnitSubarea(subarea=_code("mark:D5:subarea")),),
            ),
        ),
        learning_support=(
            LearningSupport(
                support_type=_code("mark:D9:support"),
                unit_group=UnitGroup.COMMON,
                unit_group_code=_code("mark:D9:group"),
            ),
        ),
        studies_supporting_study_skills=(
            StudySkillsStudies(name="mark:D9:studies", description="mark:D9:description"),
        ),
        planned_vocational_units=(
            PlannedVocationalUnit(
                unit=_code("mark:D2u:vocational"),
                requirements_register_number="mark:D2u:register",
                provider_oid=OrganisationOid("mark:D2u:deliverer"),
                deviation_from_requirements="mark:D6u:planned",
                essential_circumstance_exists=True,
                teaching_and_guidance_hours=2401.5,
                acquisitions=(_TRAINING_AGREEMENT, _APPRENTICESHIP),
                demonstrations=(_DEMONSTRATION,),
            ),
        ),
        planned_local_units=(
            PlannedLocalUnit(
                name="mark:D2u:local",
                extent_in_competence_points=2101,
                goals_and_contents="mark:G:goals",
            ),
        ),
        planned_common_units=(
            PlannedCommonUnit(
                unit=_code("mark:D2u:common"),
                subareas=(
                    PlannedCommonUnitSubarea(
                        subarea=_code("mark:D2u:subarea"),
                        deviation_from_requirements="mark:D6u:subarea",
                        acquisitions=(_AT_SCHOOL,),
                    ),
                ),
            ),
        ),
        planned_preparatory_parts=(PreparatoryEducationPart(part=_code("mark:D2u:part"), start_date=date(2017, 2, 3)),),
    )


def marked_right(right: StudyRight) -> StudyRight:
    """The right with marks, told under the alias."""
    return msgspec.structs.replace(
        right,
        student_oid=ALIAS_IN_THE_PLAN,
        type_code=_code("mark:SR:type"),
        estimated_end_date=date(2033, 3, 1),
        qualifications=(
            Qualification(code=_code("mark:D2q:qualification"), requirements_register_number="mark:D2q:requirements"),
        ),
        competence_areas=(CompetenceArea(area=_code("mark:D2q:area")),),
        version=2502,
        source_system_id="mark:X:system-id",
    )


def tokens(value: Any) -> list[str]:
    """Everything that is said anywhere in a value: texts as they are, other leaves with their field's name."""
    said: list[str] = []
    _tell(value, "", said)
    return said


def _tell(value: Any, field: str, said: list[str]) -> None:
    if value is None:
        return
    if isinstance(value, str):
        said.append(str(value))
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            _tell(getattr(value, name), name, said)
    elif isinstance(value, tuple | list | frozenset):
        for each in value:
            _tell(each, field, said)
    elif isinstance(value, Mapping):
        for key, each in value.items():
            _tell(key, field, said)
            _tell(each, field, said)
    else:
        said.append(f"{field}={value}")
