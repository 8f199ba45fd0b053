"""The merged student: rights and plans of every provider, and what is drawn from them for a reader.

Plans stand side by side and are never fused; the drawn views point back at the parts they came from.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from hoks.combined_units import CombinedUnit
from hoks.competence import CompetenceAcquisition
from hoks.consenting import GivenConsent
from hoks.findings import Finding
from hoks.hints import Hint
from hoks.identifiers import LearnerOid, StudyRightOid
from hoks.items import Item, attached, item, kept_by_gateway, listed, name_of, structure
from hoks.outcomes import Outcome
from hoks.placed import UnitKind
from hoks.plan import Hoks
from hoks.records import Record
from hoks.seen import DisclosureConnection
from hoks.shares import GivenShare
from hoks.study_right import StudyRight
from hoks.timeline import TimelineEntry
from hoks.values import Code, Organisation, Value, says


class GuidanceGiven(StrEnum):
    """What a source tells of groups and responsible teachers; where no source tells, guidance roles have nobody."""

    NONE = "NONE"
    BY_PERSON = "BY_PERSON"
    LISTS = "LISTS"


class SourceStatus(Value, frozen=True, gc=False):
    """What one source gave for this answer; a source that failed is a visible gap, never an empty list."""

    source: Annotated[str, says("The source, as the operator named it.")]
    outcome: Annotated[Outcome | None, says("How it answered; null when it has not been asked yet.")]
    provider: Annotated[Organisation | None, says("The provider whose source it is (koulutuksen järjestäjä).")] = None
    fetched_at: Annotated[
        datetime | None, says("When it was really asked: it may be earlier than the request, by seconds.")
    ] = None
    as_of: Annotated[datetime | None, says("The moment its data describe.")] = None
    stale: Annotated[bool, says("True when an earlier answer is shown.")] = False
    guidance: Annotated[
        GuidanceGiven | None,
        says(
            "By its settings: LISTS tells every group and responsible teacher; BY_PERSON only whom one person guides, "
            "so that staff have no groups and no summary from it; NONE neither, and guidance roles have nobody. "
            "Only in `Query.sources`."
        ),
    ] = None


class WorkplacePeriod(Record, frozen=True, gc=False):
    """One period of learning at a workplace (työpaikalla oppiminen), in whichever plan it stands."""

    study_right_oid: Annotated[StudyRightOid | None, item(Item.SR, "The plan's study right (opiskeluoikeuden oid).")]
    provider: Annotated[Organisation | None, item(Item.SR, "The plan's provider (koulutuksen järjestäjä).")] = None
    unit_kind: Annotated[UnitKind | None, item(Item.D2u, "Kind of the unit the period belongs to.")] = None
    unit: Annotated[Code | None, item(Item.D2u, "The unit or subarea (tutkinnon osa, osa-alue).")] = None
    unit_name: Annotated[str | None, item(Item.D2u, "Name of a local unit (nimi).")] = None
    acquisition: Annotated[CompetenceAcquisition | None, structure("The period itself (osaamisen hankkimistapa).")] = (
        None
    )


class Student(Record, frozen=True, gc=False):
    """A student, with the study rights and plans of all providers that the caller may see."""

    oid: Annotated[LearnerOid | None, item(Item.ID, "Learner number (oppijanumero).")]
    name: Annotated[str | None, name_of(Item.ID, "First names and surname (nimi).")] = None
    study_rights: Annotated[tuple[StudyRight, ...] | None, structure("Study rights (opiskeluoikeudet).")] = ()
    hoksit: Annotated[
        tuple[Hoks, ...] | None,
        structure("Plans (HOKSit), one for each study right that has one; a procured right shares its procurer's."),
    ] = ()
    workplace_learning: Annotated[
        tuple[WorkplacePeriod, ...] | None,
        structure("Learning at workplaces across all plans, by first day (työpaikalla oppiminen)."),
    ] = ()
    combined_units: Annotated[
        tuple[CombinedUnit, ...] | None,
        structure("Units of all plans side by side, by unit; nothing is dropped and nothing fused."),
    ] = ()
    hints: Annotated[
        tuple[Hint, ...] | None,
        structure("What the plans say together that helps to recognise competence and to plan; a teacher decides."),
    ] = ()
    timeline: Annotated[
        tuple[TimelineEntry, ...] | None,
        listed("Everything with a day, across providers, in order (aikajana)."),
    ] = None
    sources: Annotated[
        tuple[SourceStatus, ...],
        attached("The sources in the caller's scope and how each answered."),
    ] = ()
    findings: Annotated[
        tuple[Finding, ...] | None, structure("What is wrong or doubtful in the data shown of this student.")
    ] = ()
    consents: Annotated[
        tuple[GivenConsent, ...] | None,
        kept_by_gateway("What the student has consented to (suostumukset), newest first; shown to the student alone."),
    ] = None
    shares: Annotated[
        tuple[GivenShare, ...] | None,
        kept_by_gateway("The links by which consents were shared (jakolinkit), newest first; to the student alone."),
    ] = None
    disclosures: Annotated[
        DisclosureConnection | None,
        kept_by_gateway(
            "Who has seen the student's data, and consents given and withdrawn, newest first (luovutusloki); shown to "
            "the student alone."
        ),
    ] = None


class Person(Value, frozen=True, gc=False):
    """Who a student is, as the learner register (ONR) knows: one master OID and every alias of it."""

    oid: LearnerOid
    aliases: frozenset[LearnerOid] = frozenset()
    name: str | None = None
    non_disclosure: bool = False
    """Whether the register holds a non-disclosure order for the person's safety (turvakielto): never kept."""

    @property
    def all_oids(self) -> frozenset[LearnerOid]:
        """The master OID and its aliases."""
        return self.aliases | {self.oid}
