"""Small hand-built rights, plans and organisations for the tests of the domain."""

from collections.abc import Iterable
from datetime import UTC, date, datetime

from hoks.access.facts import Situation
from hoks.codes import StudyRightState
from hoks.findings import Finding
from hoks.identifiers import LearnerOid, OrganisationOid, StudyRightOid
from hoks.links import find_links
from hoks.merged import MergedRight, Told, merge_rights
from hoks.narrow import Evidence
from hoks.organisations import Known, Tree, TreeNode
from hoks.study_right import IncludedIn, StatePeriod, StudyRight
from hoks.values import Organisation, Provenance, Text

DAY = date(2026, 10, 5)
NOW = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)
KEY = b"k" * 32
ALONE = Evidence(day=DAY, is_only_instructor=Known.YES)
"""Evidence in which every condition on evidence holds."""

PRESENT = StudyRightState.PRESENT
ON_LEAVE = StudyRightState.ON_LEAVE
SUSPENDED = StudyRightState.SUSPENDED
GRADUATED = StudyRightState.GRADUATED
DISCONTINUED = StudyRightState.DISCONTINUED
CONSIDERED_DISCONTINUED = StudyRightState.CONSIDERED_DISCONTINUED
REVOKED = StudyRightState.REVOKED
ANNULLED = StudyRightState.ANNULLED
UNKNOWN = StudyRightState.UNKNOWN

ROOT = OrganisationOid("1.2.246.562.10.00000000001")
PROVIDER_A = OrganisationOid("1.2.246.562.99.10000000001")
SCHOOL_A = OrganisationOid("1.2.246.562.99.10000000002")
SITE_A = OrganisationOid("1.2.246.562.99.10000000003")
OTHER_SCHOOL_A = OrganisationOid("1.2.246.562.99.10000000004")
PROVIDER_B = OrganisationOid("1.2.246.562.99.20000000001")
SCHOOL_B = OrganisationOid("1.2.246.562.99.20000000002")
PROVIDER_C = OrganisationOid("1.2.246.562.99.30000000001")
SCHOOL_C = OrganisationOid("1.2.246.562.99.30000000002")

SCHOOL_OF = {PROVIDER_A: SCHOOL_A, PROVIDER_B: SCHOOL_B, PROVIDER_C: SCHOOL_C}

AINO = LearnerOid("1.2.246.562.98.10000000017")
EINO = LearnerOid("1.2.246.562.98.10000000025")
OLD_AINO = LearnerOid("1.2.246.562.98.10000000033")

A1 = StudyRightOid("1.2.246.562.15.10000000017")
A2 = StudyRightOid("1.2.246.562.15.10000000025")
B1 = StudyRightOid("1.2.246.562.15.20000000015")
B2 = StudyRightOid("1.2.246.562.15.20000000023")
C1 = StudyRightOid("1.2.246.562.15.30000000013")


def node(oid: OrganisationOid, provider: OrganisationOid | None, *ancestors: OrganisationOid) -> TreeNode:
    """An organisation in its place."""
    return TreeNode(organisation=Organisation(oid=oid), ancestors=ancestors, provider_oid=provider)


TREE: Tree = {
    ROOT: node(ROOT, None),
    PROVIDER_A: node(PROVIDER_A, PROVIDER_A, ROOT),
    SCHOOL_A: node(SCHOOL_A, PROVIDER_A, ROOT, PROVIDER_A),
    SITE_A: node(SITE_A, PROVIDER_A, ROOT, PROVIDER_A, SCHOOL_A),
    OTHER_SCHOOL_A: node(OTHER_SCHOOL_A, PROVIDER_A, ROOT, PROVIDER_A),
    PROVIDER_B: node(PROVIDER_B, PROVIDER_B, ROOT),
    SCHOOL_B: node(SCHOOL_B, PROVIDER_B, ROOT, PROVIDER_B),
    PROVIDER_C: node(PROVIDER_C, PROVIDER_C, ROOT),
    SCHOOL_C: node(SCHOOL_C, PROVIDER_C, ROOT, PROVIDER_C),
}


def periods(*told: tuple[str, StudyRightState]) -> tuple[StatePeriod, ...]:
    """Status periods, each from its first day."""
    return tuple(StatePeriod(start_date=date.fromisoformat(start), state=state) for start, state in told)


def a_right(
    oid: StudyRightOid,
    provider: OrganisationOid,
    *told: tuple[str, StudyRightState],
    school: OrganisationOid | None = None,
    included_in: StudyRightOid | None = None,
    link_school: OrganisationOid | None = None,
    student: LearnerOid | None = AINO,
    findings: tuple[Finding, ...] = (),
    end: str | None = None,
) -> StudyRight:
    """A right of a provider's school; a current one where no period is told."""
    return StudyRight(
        oid=oid,
        student_oid=student,
        provider=Organisation(oid=provider),
        school=Organisation(oid=school or SCHOOL_OF[provider]),
        periods=periods(*(told or (("2025-08-01", PRESENT),))),
        end_date=date.fromisoformat(end) if end else None,
        included_in=IncludedIn(oid=included_in, school_oid=link_school) if included_in else None,
        findings=findings,
    )


def merged(rights: Iterable[StudyRight], day: date = DAY) -> tuple[MergedRight, ...]:
    """The rights as one source tells them."""
    return merge_rights([Told(right=right, precedence=0, source="koski") for right in rights], day)


def situation(
    rights: Iterable[StudyRight],
    acting: OrganisationOid | None = PROVIDER_A,
    *,
    tree: Tree = TREE,
    is_the_student: Known = Known.NO,
    suspended_is_valid: bool = True,
    day: date = DAY,
) -> Situation:
    """What the conditions look at, for a student with these rights."""
    known = merged(rights, day)
    return Situation(
        day=day,
        is_the_student=is_the_student,
        acting=acting,
        rights=known,
        links=find_links(known, day),
        tree=tree,
        suspended_is_valid=suspended_is_valid,
    )


def provenance(source: str, provider: OrganisationOid = PROVIDER_A) -> Provenance:
    """A source's word, read now."""
    return Provenance(provider=Organisation(oid=provider), source=source, fetched_at=NOW, as_of=NOW)


def named(text: str) -> Text:
    """A name in Finnish only."""
    return Text(fi=text)
