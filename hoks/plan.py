"""The personal competence development plan (HOKS), complete, as one immutable record.

Every field says which law item it is; the wire names of eHOKS stand in the descriptions as the Finnish terms.
A required value that a source left out is null here and a finding beside it: one bad field never loses a plan.
"""

from datetime import date, datetime
from typing import Annotated

from hoks.findings import Finding
from hoks.guidance_phase import Guidance
from hoks.identifiers import LearnerOid, StudyRightOid
from hoks.items import Item, attached_with, drawn, item, structure
from hoks.progress import Progress
from hoks.records import Record
from hoks.study_right import StudyRight
from hoks.units import (
    LearningSupport,
    PlannedCommonUnit,
    PlannedLocalUnit,
    PlannedVocationalUnit,
    PreparatoryEducationPart,
    PriorCommonUnit,
    PriorLocalUnit,
    PriorVocationalUnit,
    StudySkillsStudies,
)
from hoks.values import Code, Organisation, Provenance


class Hoks(Record, frozen=True, gc=False):
    """Personal competence development plan (henkilökohtainen osaamisen kehittämissuunnitelma, HOKS).

    It belongs to one study right, whose provider answers for it.
    """

    study_right_oid: Annotated[
        StudyRightOid, item(Item.SR, "The study right the plan belongs to (opiskeluoikeuden oid).")
    ]
    study_right: Annotated[StudyRight | None, structure("The study right the plan belongs to (opiskeluoikeus).")] = None
    provider: Annotated[
        Organisation | None,
        item(Item.SR, "The provider that answers for the plan (koulutuksen järjestäjä)."),
    ] = None
    student_oid: Annotated[LearnerOid | None, item(Item.ID, "The student, as the source knows them (oppija-oid).")] = (
        None
    )
    preparatory_study_right_oid: Annotated[
        StudyRightOid | None,
        item(Item.SR, "Parallel right to preparatory education (TUVA-opiskeluoikeuden oid)."),
    ] = None
    included_study_right_oids: Annotated[
        tuple[StudyRightOid, ...] | None,
        item(
            Item.SR,
            "Other providers' rights included in this plan's right, by the plan's source (hankintakoulutukset).",
        ),
    ] = ()
    source_id: Annotated[str | None, item(Item.X, "The source's own id of the plan (id).")] = None
    external_id: Annotated[str | None, item(Item.X, "External id of the plan (eid).")] = None
    student_email: Annotated[str | None, item(Item.Cs, "The student's e-mail (sähköposti).")] = None
    student_phone: Annotated[str | None, item(Item.Cs, "The student's telephone (puhelinnumero).")] = None
    career_plan_goal: Annotated[Code | None, item(Item.D13, "Goal in the career plan (urasuunnitelman päämäärä).")] = (
        None
    )
    version: Annotated[int | None, item(Item.X, "Version, kept by the sender (versio).")] = None
    first_approved_on: Annotated[date | None, item(Item.D1, "First approval (ensikertainen hyväksyminen).")] = None
    approved_at: Annotated[datetime | None, item(Item.D1, "Latest approval (hyväksytty).")] = None
    updated_at: Annotated[datetime | None, item(Item.D1, "Latest update (päivitetty).")] = None
    deleted_at: Annotated[datetime | None, item(Item.X, "Marked as deleted at the source (poistettu).")] = None
    competence_achieved_on: Annotated[
        date | None, item(Item.X, "Competence achieved (osaamisen saavuttamisen päivämäärä).")
    ] = None
    competence_acquisition_needed: Annotated[
        bool | None, item(Item.D7, "Need to acquire competence (osaamisen hankkimisen tarve).")
    ] = None
    entered_manually: Annotated[
        bool | None, item(Item.X, "Typed into eHOKS instead of transferred (manuaalisyöttö).")
    ] = None
    prior_vocational_units: Annotated[
        tuple[PriorVocationalUnit, ...] | None,
        structure("Prior vocational units (aiemmin hankitut ammatilliset tutkinnon osat)."),
    ] = ()
    prior_common_units: Annotated[
        tuple[PriorCommonUnit, ...] | None,
        structure("Prior common units (aiemmin hankitut yhteiset tutkinnon osat)."),
    ] = ()
    prior_local_units: Annotated[
        tuple[PriorLocalUnit, ...] | None,
        structure("Prior local units (aiemmin hankitut paikalliset tutkinnon osat)."),
    ] = ()
    learning_support: Annotated[
        tuple[LearningSupport, ...] | None,
        item(Item.D9, "Learning support, from 1.8.2026 (oppimisen tuki)."),
    ] = ()
    studies_supporting_study_skills: Annotated[
        tuple[StudySkillsStudies, ...] | None,
        item(Item.D9, "Studies supporting study skills, before 1.8.2026 (opiskeluvalmiuksia tukevat opinnot)."),
    ] = ()
    planned_vocational_units: Annotated[
        tuple[PlannedVocationalUnit, ...] | None,
        structure("Planned vocational units (hankittavat ammatilliset tutkinnon osat)."),
    ] = ()
    planned_common_units: Annotated[
        tuple[PlannedCommonUnit, ...] | None,
        structure("Planned common units (hankittavat yhteiset tutkinnon osat)."),
    ] = ()
    planned_local_units: Annotated[
        tuple[PlannedLocalUnit, ...] | None,
        structure("Planned local units (hankittavat paikalliset tutkinnon osat)."),
    ] = ()
    planned_preparatory_parts: Annotated[
        tuple[PreparatoryEducationPart, ...] | None,
        structure("Planned parts of preparatory education, TUVA (hankittavat koulutuksen osat)."),
    ] = ()
    guidance_phase: Annotated[
        Guidance | None, drawn("Where the student is in the process of HOKS and career guidance, by this plan (vaihe).")
    ] = None
    progress: Annotated[Progress | None, drawn("How far the plan is today (eteneminen).")] = None
    findings: Annotated[
        tuple[Finding, ...] | None, structure("What is wrong or doubtful in the data of this plan.")
    ] = ()
    provenance: Annotated[Provenance | None, attached_with(Item.SR, "Where the plan came from.")] = None
