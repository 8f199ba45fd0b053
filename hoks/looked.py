"""One student looked at by one caller: their rights, what the caller may see of each, and what is worth fetching."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import msgspec

from hoks.access.decide import Grant
from hoks.access.facts import OPEN_PHASES, Situation, any_of
from hoks.caller import Role
from hoks.hearing import Heard
from hoks.identifiers import OPH, OrganisationOid, StudyRightOid
from hoks.items import Seen
from hoks.links import Link, LinkState, findings_of
from hoks.merge import StudentRecord
from hoks.merged import MergedRight
from hoks.narrow import Evidence, only_instructor, parts_named
from hoks.organisations import Known, provider_of, tellers_of
from hoks.plan import Hoks
from hoks.ports import PlanSource, Source
from hoks.showing import PLAN_ITEMS, LinkFindings, Origin
from hoks.standing import CLAIMING, OWNING
from hoks.student import Person
from hoks.study_right import Phase
from hoks.values import Provenance


class Want(msgspec.Struct, frozen=True):
    """A plan to ask one source for: whether that source is the plan's owner's, and whether the plan may be shown.

    A plan that may not be shown is evidence only: whether an instructor is a student's only one is told by all plans.
    """

    right: StudyRightOid
    is_owners: bool
    may_be_shown: bool = True


class PlanSources:
    """Sources of plans, found by their provider and by their id."""

    def __init__(self, sources: Iterable[PlanSource]) -> None:
        self._all = tuple(sources)
        self.by_id = {each.source.id: each for each in self._all}
        self._of: dict[OrganisationOid, list[int]] = {}
        for place, each in enumerate(self._all):
            self._of.setdefault(each.source.provider_oid, []).append(place)

    def __iter__(self) -> Iterator[PlanSource]:
        return iter(self._all)

    def of(self, providers: Collection[OrganisationOid]) -> list[Source]:
        """The sources of some providers, in order."""
        return [self._all[place].source for place in sorted(p for each in providers for p in self._of.get(each, ()))]


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What is known and decided before any plan is fetched."""

    person: Person
    situation: Situation
    rights: tuple[MergedRight, ...]
    links: tuple[Link, ...]
    grants: Mapping[StudyRightOid, Grant]
    person_items: Seen
    role: Role
    heard: Heard
    """How each source of rights answered for this person, by source id."""
    identity_is_known: bool = True
    """Whether the learner register told who the person is."""
    register_is_down: bool = False
    """Whether the organisation register could not be asked."""

    @property
    def is_listed(self) -> bool:
        """Whether the student is among the caller's own: by a right, by a relation, or as the caller."""
        if self.role is Role.STUDENT:
            return self.situation.is_the_student is Known.YES
        if self.role in OWNING:
            owned = (right for right in self.rights if self.situation.owns(right) is Known.YES)
            return any(self.grants[right.oid].anything for right in owned)
        return any(grant.anything for grant in self.grants.values())

    @property
    def every_source_answered(self) -> bool:
        """Whether no source of rights may hold what was not read."""
        return not self.heard.answering.failed

    def provider(self, oid: StudyRightOid) -> OrganisationOid | None:
        """The provider that answers for a right, by the tree, or where that is silent by the source."""
        right = next(each.right for each in self.rights if each.oid == oid)
        told = right.provider.oid if right.provider else None
        return provider_of(right, self.situation.tree) or told

    def is_own_source(self, source: Source) -> bool:
        """Whether the source is the acting provider's; to the student every source is."""
        if self.role is Role.STUDENT:
            return self.situation.is_the_student is Known.YES
        if self.situation.acting is None:
            return False
        node = self.situation.tree.get(self.situation.acting)
        return node is not None and node.provider_oid == source.provider_oid

    @property
    def appoints_in(self) -> frozenset[StudyRightOid]:
        """The rights in whose plans the acting organisation appoints: its own, and those it now carries out."""
        if self.role not in OWNING:
            return frozenset()
        own = {right.oid for right in self.rights if self.situation.owns(right) is Known.YES}
        procured = {
            link.procuring.oid
            for link in self.links
            if link.state is LinkState.VALID
            and link.procuring is not None
            # A right that has ended keeps its provider the plan, but no say in it.
            and link.implementing.oid in own
            and link.implementing.phase in OPEN_PHASES
        }
        return frozenset(own | procured)

    def sees_source(self, source: Source) -> bool:
        """Whether the state of a source of rights is in the caller's scope: own, or a claim on concurrent plans."""
        return self.is_own_source(source) or self._has_a_claim

    @property
    def _has_a_claim(self) -> bool:
        if self.role not in CLAIMING:
            return False
        valid = (right for right in self.rights if self.situation.is_valid(right))
        return any_of(self.situation.is_the_acting_providers(right) for right in valid) is Known.YES

    def own_sources_are_down(self, sources: Sequence[Source]) -> bool:
        """Whether "nothing" would be a guess, because what says whose the student is could not be read."""
        if self.role is Role.STUDENT:
            return False
        if not self.situation.every_relation_is_known:
            return True
        if self.situation.acting is None:
            return self._is_related and not (self.every_source_answered and self.identity_is_known)
        doubtful = any(
            right.is_doubtful and self.situation.is_the_acting_providers(right) is not Known.NO for right in self.rights
        )
        failed = self.heard.answering.failed
        a_source_is_down = any(source.id in failed and self.is_own_source(source) for source in sources)
        return self.register_is_down or not self.identity_is_known or doubtful or a_source_is_down

    @property
    def _is_related(self) -> bool:
        return bool(self.situation.appointments or self.situation.consents)

    def link_findings(self) -> tuple[LinkFindings, ...]:
        """What is to be said of each link: to its own provider and the student always, to others by its target."""
        return tuple(
            LinkFindings(
                right=link.implementing.oid,
                target=link.procuring.oid if link.procuring is not None else None,
                is_own=self.situation.owns(link.implementing) is Known.YES
                or self.situation.is_the_student is Known.YES,
                findings=findings_of(link, every_source_answered=self.every_source_answered),
            )
            for link in self.links
        )

    def evidence(self, plans: Sequence[Hoks], *, all_known: bool) -> Evidence:
        """What the plans that were read tell of the caller, all valid plans of the student among them or not."""
        if not any(grant.rests_on_plans for grant in self.grants.values()):
            return Evidence(day=self.situation.day, appointments=self.situation.appointments)
        valid = {right.oid for right in self.rights if self.situation.is_valid(right)}
        return Evidence(
            day=self.situation.day,
            appointments=self.situation.appointments,
            is_only_instructor=only_instructor(
                (plan for plan in plans if plan.study_right_oid in valid),
                self.situation.appointments,
                self.situation.day,
                all_known=all_known and self.every_source_answered,
            ),
        )

    def origins(
        self, record: StudentRecord, evidence: Evidence
    ) -> tuple[dict[StudyRightOid, Origin], dict[StudyRightOid, Origin]]:
        """Where each right and each plan came from, on which rules it is shown, and who discloses it."""
        # All that name the caller in any plan: whether somebody is a student's only instructor rests on each of them.
        appointments = frozenset(
            each.id
            for each in self.situation.appointments
            if each.id is not None and any(parts_named(plan, each) for plan in record.plans)
        )

        def origin(right: MergedRight, plan: Hoks | None, provenance: Provenance | None) -> Origin:
            return self._origin(right, plan, provenance, evidence, appointments)

        of_rights = {right.oid: origin(right, None, right.right.provenance) for right in self.rights}
        merged = {right.oid: right for right in self.rights}
        of_plans = {
            plan.study_right_oid: origin(merged[plan.study_right_oid], plan, plan.provenance) for plan in record.plans
        }
        return of_rights, of_plans

    def _origin(
        self,
        right: MergedRight,
        plan: Hoks | None,
        provenance: Provenance | None,
        evidence: Evidence,
        appointments: frozenset[str],
    ) -> Origin:
        grant, provider = self.grants[right.oid], self.provider(right.oid)
        in_force = (each for each in self.situation.consents if each.right == right.oid)
        return Origin(
            source=provenance.source if provenance is not None else "",
            provider=provider,
            # The provider answers for what it made while the right is valid, OPH after it (source 004:200).
            discloser=OPH if right.phase is Phase.ENDED else provider,
            rules=grant.rules(plan, evidence) if plan is not None else tuple(each.rule for each in grant.allowances),
            consents=frozenset(each.id for each in in_force if each.is_in_force(self.situation.day)),
            appointments=appointments,
            as_of=provenance.as_of if provenance is not None else None,
            fetched_at=provenance.fetched_at if provenance is not None else None,
            stale=provenance.stale if provenance is not None else False,
        )

    def wanted(self, sources: PlanSources) -> dict[str, list[Want]]:
        """Which plans to ask of which source: the owner's for every granted plan, a partner's for copies of it."""
        wanted: dict[str, list[Want]] = {}
        for right in self.rights:
            grant = self.grants[right.oid]
            may_be_shown = not grant.possible.isdisjoint(PLAN_ITEMS)
            decides = any(allowance.when_plan for allowance in grant.allowances)
            if not may_be_shown and not decides and not self._is_evidence(right):
                continue
            owner = self.provider(right.oid)
            owners = tellers_of(right.right, self.situation.tree) | ({owner} if owner is not None else set())
            partners = set(self._partners(right)) if may_be_shown else set()
            for source in sources.of(owners | partners):
                want = Want(right.oid, source.provider_oid in owners, may_be_shown)
                wanted.setdefault(source.id, []).append(want)
        return wanted

    def _is_evidence(self, right: MergedRight) -> bool:
        """Whether a plan that may not be shown tells who else instructs the caller's trainee."""
        is_their_trainee = self.role is Role.INSTRUCTOR and any(grant.anything for grant in self.grants.values())
        return is_their_trainee and self.situation.is_valid(right)

    def _partners(self, right: MergedRight) -> Iterator[OrganisationOid]:
        for link in self.links:
            if link.state is LinkState.VALID and link.procuring is not None and link.procuring.oid == right.oid:
                provider = self.provider(link.implementing.oid)
                if provider is not None:
                    yield provider
