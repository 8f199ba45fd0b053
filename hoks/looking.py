"""Rights of students, the facts about them, and what a caller may see of each; no plan is asked for here."""

import asyncio
from collections.abc import Sequence
from datetime import date

import msgspec

from hoks.access.decide import decide, decide_person
from hoks.access.facts import Situation
from hoks.access.rules import Policy
from hoks.asking import Deadline
from hoks.caller import Caller, Role
from hoks.identifiers import LearnerOid
from hoks.links import find_links
from hoks.looked import Looked
from hoks.merged import merge_rights
from hoks.organisations import Known, Tree, tree_on
from hoks.outcomes import FAILED
from hoks.ports import REGISTER, Source
from hoks.questions import TREE, Questions
from hoks.sitting import Sitting
from hoks.standing import Standing
from hoks.student import Person, SourceStatus
from hoks.told import RightsReply, may_appoint, organisations_named, rights_in, with_doubts, words_on_rights


class Looking:
    """Looks at a batch of students for a caller: every source of rights is asked once."""

    def __init__(self, questions: Questions, policy: Policy, *, suspended_is_valid: bool) -> None:
        self._questions = questions
        self._policy = policy
        self._suspended_is_valid = suspended_is_valid

    async def look(
        self,
        caller: Caller,
        standing: Standing,
        people: Sequence[Person],
        identities_are_known: bool,
        sitting: Sitting,
    ) -> list[Looked]:
        """The rights of each person and what the caller may see of each."""
        deadline = sitting.deadline
        told = await self._questions.rights(people, deadline)
        named = organisations_named(caller.organisation, [(source, rights_in(reply)) for source, reply in told])
        placed = self._questions.tree_at_hand(named)
        if placed is not None:
            (tree, down), standing = placed, await self._with_consents_given(caller, standing, told, deadline)
        else:
            (tree, down), standing = await asyncio.gather(
                self._questions.tree(named, deadline.at(TREE)),
                self._with_consents_given(caller, standing, told, deadline),
            )
        tree = tree_on(tree, sitting.day)
        looked = [
            self._decided(
                caller,
                towards,
                person,
                told,
                tree,
                sitting.day,
                is_in_hiding=Known.of(person.non_disclosure) if identities_are_known else Known.UNKNOWN,
            )
            for person, towards in zip(people, standing.towards_each(people), strict=True)
        ]
        return [
            msgspec.structs.replace(each, identity_is_known=identities_are_known, register_is_down=down)
            for each in looked
        ]

    async def _with_consents_given(
        self, caller: Caller, standing: Standing, told: Sequence[tuple[Source, RightsReply]], deadline: Deadline
    ) -> Standing:
        """For OPH, who discloses what others were given consent to: the consents that concern the rights at hand."""
        if caller.role is not Role.OPH:
            return standing
        rights = sorted({right.oid for _, reply in told for rights in rights_in(reply).values() for right in rights})
        consents, are_known = await self._questions.consents_given(rights, deadline)
        return msgspec.structs.replace(standing, consents=consents, is_whole=are_known)

    def _decided(
        self,
        caller: Caller,
        standing: Standing,
        person: Person,
        told: Sequence[tuple[Source, RightsReply]],
        tree: Tree,
        day: date,
        *,
        is_in_hiding: Known,
    ) -> Looked:
        words, statuses = words_on_rights(person, told, tree)
        silent = {source.provider_oid for source, _ in told if _is_a_silent_register(source, statuses[source.id])}
        registers = {source.id for source, _ in told if source.precedence == REGISTER}
        rights = with_doubts(merge_rights(words, day), silent, registers, tree)
        links = find_links(rights, day)
        situation = Situation(
            day=day,
            is_the_student=Known.of(LearnerOid(caller.subject) in person.all_oids),
            # To be named in a consent makes an organisation no party to anything else of the student's.
            acting=caller.organisation if caller.role is not Role.CONSENT_RECIPIENT else None,
            rights=rights,
            links=links,
            tree=tree,
            suspended_is_valid=self._suspended_is_valid,
            appointments=tuple(each for each in standing.appointments if may_appoint(each, rights, links, tree, day)),
            assignments=standing.assignments,
            consents=standing.consents,
            statutes=standing.statutes,
            is_in_hiding=is_in_hiding,
            every_relation_is_known=standing.is_whole,
        )
        return Looked(
            person=person,
            situation=situation,
            rights=rights,
            links=links,
            grants={right.oid: decide(self._policy, caller.role, situation, right) for right in rights},
            person_items=decide_person(self._policy, caller.role, situation),
            role=caller.role,
            heard=statuses,
        )


def _is_a_silent_register(source: Source, status: SourceStatus) -> bool:
    return source.precedence == REGISTER and status.outcome in FAILED
