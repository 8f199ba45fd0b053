"""What is known about a caller, a student, a right and a day: each condition of the rules as one predicate.

A fact holds, does not hold, or is unknown; an unknown one never helps a permit. The phrases are the rules' own words.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date

import msgspec

from hoks.identifiers import OrganisationOid
from hoks.items import Item
from hoks.links import Link, LinkState
from hoks.merged import MergedRight
from hoks.narrow import Evidence
from hoks.organisations import Known, Tree, answers_for, owns, provider_of
from hoks.plan import Hoks
from hoks.relations import Appointment, AppointmentKind, Assignment, Consent, Statute
from hoks.study_right import Phase, within_five_years

OPEN_PHASES = frozenset({Phase.CURRENT, Phase.SUSPENDED, Phase.UPCOMING})


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the conditions look at, gathered before deciding."""

    day: date
    is_the_student: Known
    acting: OrganisationOid | None
    rights: tuple[MergedRight, ...]
    """All known rights of the student."""
    links: tuple[Link, ...]
    """All procurement links among them."""
    tree: Tree
    suspended_is_valid: bool = True
    appointments: tuple[Appointment, ...] = ()
    """What the caller is appointed to, with this student."""
    assignments: tuple[Assignment, ...] = ()
    """How the student is assigned to the caller in the acting role, at the acting provider."""
    consents: tuple[Consent, ...] = ()
    """The student's consents that bear on the caller's role."""
    statutes: tuple[Statute, ...] = ()
    """The provisions that give the acting organisation rights."""
    is_in_hiding: Known = Known.NO
    """Whether a non-disclosure order (turvakielto) stands; unknown where the learner register did not answer."""
    every_relation_is_known: bool = True
    """Whether every source of appointments, assignments and consents answered."""

    def related(self, holds: bool) -> Known:
        """Whether a relation holds; when none was found and a source did not answer, unknown."""
        if holds:
            return Known.YES
        return Known.NO if self.every_relation_is_known else Known.UNKNOWN

    def is_appointed(self, right: MergedRight, kind: AppointmentKind) -> Known:
        """Whether the caller is appointed to a part of the right's plan, by a provider that may."""
        return self.related(any(each.right == right.oid and each.kind is kind for each in self.appointments))

    def consented(self, right: MergedRight) -> frozenset[Item]:
        """The items of the right's plan that consents in force name."""
        return frozenset[Item]().union(*(each.items for each in self._in_force(right)))

    def has_consent(self, right: MergedRight) -> Known:
        """Whether a consent in force concerns the right's plan."""
        return self.related(any(True for _ in self._in_force(right)))

    def _in_force(self, right: MergedRight) -> Iterator[Consent]:
        return (each for each in self.consents if each.right == right.oid and each.is_in_force(self.day))

    def owns(self, right: MergedRight) -> Known:
        """Whether the acting organisation owns the right."""
        return owns(self.acting, right.right, self.tree) if self.acting else Known.NO

    def is_the_acting_providers(self, right: MergedRight) -> Known:
        """Whether the right is of the acting organisation's provider, at whichever of its schools, or of one that has
        merged into it."""
        return self._of_the_acting_provider(right, lambda provider: answers_for(provider, right.right, self.tree))

    def is_another_providers(self, right: MergedRight) -> Known:
        """Whether the right is of another provider than the acting organisation's.

        INVARIANT: a merged provider stays another one here: that a merger is known opens, and never closes, anything.
        """
        own = self._of_the_acting_provider(right, lambda provider: provider == provider_of(right.right, self.tree))
        return {Known.YES: Known.NO, Known.NO: Known.YES}.get(own, Known.UNKNOWN)

    def _of_the_acting_provider(self, right: MergedRight, holds: Callable[[OrganisationOid], bool]) -> Known:
        """Whether something holds of the acting organisation's provider and the right's; unknown where either is."""
        if self.acting is None:
            return Known.NO
        acting = self.tree.get(self.acting)
        if acting is None or provider_of(right.right, self.tree) is None:
            return Known.UNKNOWN
        return Known.of(acting.provider_oid is not None and holds(acting.provider_oid))

    def is_valid(self, right: MergedRight) -> bool:
        """Whether the right is valid on the day."""
        return right.phase is Phase.CURRENT or (self.suspended_is_valid and right.phase is Phase.SUSPENDED)

    def validity(self, right: MergedRight) -> Known:
        """Whether the right is known to be valid: not while a register that could restrict it is silent."""
        if not self.is_valid(right):
            return Known.NO
        return Known.UNKNOWN if right.is_doubtful else Known.YES

    def ended_recently(self, right: MergedRight) -> bool:
        """Whether the right ended and the day is within five years of it."""
        return right.phase is Phase.ENDED and right.ended_on is not None and within_five_years(right.ended_on, self.day)


Condition = Callable[[Situation, MergedRight], Known]


def _provider_has_a_valid_right(situation: Situation, _: MergedRight) -> Known:
    return any_of(
        all_of([situation.is_the_acting_providers(right), situation.validity(right)]) for right in situation.rights
    )


def _valid_right_is_included(situation: Situation, right: MergedRight) -> Known:
    included = (link.implementing for link in situation.links if _shares(link, right))
    return any_of(all_of([situation.is_the_acting_providers(each), situation.validity(each)]) for each in included)


def _ended_right_was_included(situation: Situation, right: MergedRight) -> Known:
    return any_of(
        situation.is_the_acting_providers(link.implementing)
        for link in situation.links
        if _shared_until_the_end(link, right) and situation.ended_recently(link.implementing)
    )


def _shares(link: Link, right: MergedRight) -> bool:
    return link.state is LinkState.VALID and link.procuring is not None and link.procuring.oid == right.oid


def _shared_until_the_end(link: Link, right: MergedRight) -> bool:
    """Whether the plan was still a shared one when the implementing right ended."""
    if link.procuring is None or link.procuring.oid != right.oid:
        return False
    if link.state is LinkState.VALID:
        return True
    implementing, procuring = link.implementing.ended_on, link.procuring.ended_on
    if link.state is not LinkState.TARGET_ENDED or implementing is None or procuring is None:
        return False
    return implementing <= procuring


CONDITIONS: Mapping[str, Condition] = {
    "the caller is the student": lambda situation, _: situation.is_the_student,
    "the right is the acting organisation's own": lambda situation, right: situation.owns(right),
    "the right is valid today": lambda situation, right: situation.validity(right),
    "the right is upcoming": lambda _, right: Known.of(right.phase is Phase.UPCOMING),
    "the right is valid, suspended or upcoming": lambda _, right: Known.of(right.phase in OPEN_PHASES),
    "the right is suspended": lambda _, right: Known.of(right.phase is Phase.SUSPENDED),
    "the right stands": lambda _, right: (
        Known.UNKNOWN if right.phase is Phase.UNKNOWN else Known.of(right.phase is not Phase.ANNULLED)
    ),
    "the right ended at most five years ago": lambda situation, right: Known.of(situation.ended_recently(right)),
    "the right has not been over for more than five years": lambda situation, right: Known.of(
        right.phase is not Phase.ENDED or situation.ended_recently(right)
    ),
    "the right is another provider's": lambda situation, right: situation.is_another_providers(right),
    "the acting provider has a valid right for the student": _provider_has_a_valid_right,
    "a valid right of the acting provider is included in this right": _valid_right_is_included,
    "a right of the acting provider that ended at most five years ago was included in this right": (
        _ended_right_was_included
    ),
    "the caller is appointed instructor of a period in this plan": lambda situation, right: situation.is_appointed(
        right, AppointmentKind.INSTRUCTOR
    ),
    "the caller is appointed assessor of a demonstration in this plan": lambda situation, right: situation.is_appointed(
        right, AppointmentKind.ASSESSOR
    ),
    "the student is assigned to the caller": lambda situation, _: situation.related(bool(situation.assignments)),
    "a consent in force names the caller and this plan": lambda situation, right: situation.has_consent(right),
    "a consent in force concerns this plan": lambda situation, right: situation.has_consent(right),
    "a statute gives the acting organisation a right": lambda situation, _: Known.of(bool(situation.statutes)),
}
"""Conditions that are judged before anything is fetched."""

PLAN_CONDITIONS: Mapping[str, Callable[[Hoks | None, Evidence], bool]] = {
    "the plan has been approved": lambda plan, evidence: (
        plan is not None and plan.first_approved_on is not None and plan.first_approved_on <= evidence.day
    ),
    "the caller is the student's only responsible instructor today": lambda _, evidence: (
        evidence.is_only_instructor is Known.YES
    ),
}
"""Conditions that are judged on the plan's own data; no plan means that none holds."""

PERSON_CONDITIONS: Mapping[str, Callable[[Situation], Known]] = {
    "the caller is the student": lambda situation: situation.is_the_student,
}
"""Conditions that can be asked of a student without any right."""


def any_of(facts: Iterable[Known]) -> Known:
    """Whether one of the facts holds; unknown where none does and one is unknown."""
    found = Known.NO
    for fact in facts:
        if fact is Known.YES:
            return fact
        found = found if fact is Known.NO else fact
    return found


def all_of(facts: Collection[Known]) -> Known:
    """Whether all facts hold; one that does not decides before one that is unknown."""
    if Known.NO in facts:
        return Known.NO
    return Known.UNKNOWN if Known.UNKNOWN in facts else Known.YES
