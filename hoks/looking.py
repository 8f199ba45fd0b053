"""Rights of students, the facts about them, and what a caller may see of each; no plan is asked for here."""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import msgspec

from hoks.access.decide import decide, decide_person
from hoks.access.facts import Situation
from hoks.access.rules import Policy
from hoks.asking import Deadline
from hoks.beside import Beside
from hoks.caller import Caller, Role
from hoks.hearing import Answering, Heard, answering
from hoks.identifiers import LearnerOid
from hoks.links import Link, find_links
from hoks.looked import Looked
from hoks.merged import MergedRight, merge_rights
from hoks.organisations import Known, Tree, tree_on
from hoks.ports import REGISTER, RightsTold
from hoks.questions import TREE, Questions
from hoks.sitting import Sitting
from hoks.standing import Standing
from hoks.student import Person
from hoks.told import may_appoint, organisations_named, places_of_rights, rights_in, with_doubts, words_on_rights


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
        named = organisations_named(caller.organisation, [part for each in told for part in each])
        placed = self._questions.tree_at_hand(named, sitting.day)
        if placed is not None:
            (tree, down), standing = placed, await self._with_consents_given(caller, standing, told, deadline)
        else:
            (tree, down), standing = await asyncio.gather(
                self._questions.tree(named, deadline.at(TREE)),
                self._with_consents_given(caller, standing, told, deadline),
            )
            tree = tree_on(tree, sitting.day)
        return [
            self._decided(
                caller,
                towards,
                person,
                of_person,
                tree,
                sitting.day,
                is_in_hiding=Known.of(person.non_disclosure) if identities_are_known else Known.UNKNOWN,
                identity_is_known=identities_are_known,
                register_is_down=down,
            )
            for person, of_person, towards in zip(people, told, standing.towards_each(people), strict=True)
        ]

    async def _with_consents_given(
        self, caller: Caller, standing: Standing, told: Sequence[Sequence[RightsTold]], deadline: Deadline
    ) -> Standing:
        """For OPH, who discloses what others were given consent to: the consents that concern the rights at hand."""
        if caller.role is not Role.OPH:
            return standing
        rights = sorted({right.oid for of_person in told for right in rights_in(of_person)})
        consents, are_known = await self._questions.consents_given(rights, deadline)
        return msgspec.structs.replace(standing, consents=consents, is_whole=are_known)

    def _decided(
        self,
        caller: Caller,
        standing: Standing,
        person: Person,
        told: tuple[RightsTold, ...],
        tree: Tree,
        day: date,
        *,
        is_in_hiding: Known,
        identity_is_known: bool,
        register_is_down: bool,
    ) -> Looked:
        first, *others = told
        rights, links, answering = _rights_told(first, tuple(others), places_of_rights(told, tree), day)
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
            heard=Heard(told, answering, tree),
            identity_is_known=identity_is_known,
            register_is_down=register_is_down,
        )


class _Rights(NamedTuple):
    """A person's rights as merged, the links among them, and which sources did not answer well."""

    rights: tuple[MergedRight, ...]
    links: tuple[Link, ...]
    answering: Answering


def _merged(first: RightsTold, others: tuple[RightsTold, ...], places: Tree, day: date) -> _Rights:
    told = (first, *others)
    words, foreign = words_on_rights(told, places)
    found = answering(told, foreign)
    rights = merge_rights(words, day)
    if found.failed:
        registers = {source for part in told for source in part.sources if source.precedence == REGISTER}
        silent = {source.provider_oid for source in registers if source.id in found.failed}
        rights = with_doubts(rights, silent, {source.id for source in registers}, places)
    return _Rights(rights, find_links(rights, day), found)


_rights_told: Beside[RightsTold, _Rights] = Beside(_merged, lambda found: [each.right for each in found.rights])
"""INVARIANT: nothing of a caller is in it: it is made of what was told, of the organisations concerned and the day."""
