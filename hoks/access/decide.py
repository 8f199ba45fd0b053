"""Deciding: facts and rules in, grants out. Pure, without clock, cache or I/O; the only place that makes a grant.

Nothing unless permitted; the order of rules and facts does not matter; an unknown fact never opens anything.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any, Literal

import msgspec

from hoks.access.facts import CONDITIONS, PERSON_CONDITIONS, PLAN_CONDITIONS, Situation, all_of
from hoks.access.rules import Limit, Policy, Rule
from hoks.caller import Role
from hoks.identifiers import StudyRightOid
from hoks.items import Item, Seen, Slice, item_of, items_in
from hoks.merged import MergedRight
from hoks.narrow import Evidence, Scope, narrow
from hoks.organisations import Known
from hoks.plan import Hoks

NO_LIMITS: Mapping[Limit, frozenset[Item]] = {}


class Reason(StrEnum):
    """Why an item is withheld."""

    NO_RULE = "NO_RULE"
    CONDITION_NOT_MET = "CONDITION_NOT_MET"
    UNKNOWN_FACT = "UNKNOWN_FACT"


class Allowance(msgspec.Struct, frozen=True):
    """What one rule allows, under the conditions on the plan that are still to be judged."""

    rule: str
    items: Seen
    when_plan: tuple[str, ...] = ()


class Refusal(msgspec.Struct, frozen=True):
    """Why an item is withheld, and the rules that would give it."""

    reason: Reason
    rules: tuple[str, ...] = ()


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """Leave to see items of one right and its plan. Made only by ``decide``."""

    right: StudyRightOid
    allowances: tuple[Allowance, ...]
    refusals: Mapping[Item, Refusal]
    scope: Scope = Scope.ALL
    is_of_one_plan: bool = False
    """Whether it rests on something said of this very plan, an appointment or a consent: a plan that is shared over a
    procurement link then does not count."""

    @property
    def anything(self) -> bool:
        """Whether anything at all may be seen, and so fetched."""
        return bool(self.allowances)

    @property
    def rests_on_plans(self) -> bool:
        """Whether what is read in plans decides on more than that they are there."""
        return self.scope is not Scope.ALL or any(each.when_plan for each in self.allowances)

    @property
    def sides(self) -> Seen:
        """The sides of items that may be seen without the rest."""
        return frozenset(each for allowance in self.allowances for each in allowance.items if isinstance(each, Slice))

    @property
    def possible(self) -> frozenset[Item]:
        """The items of which something may be seen if all conditions on the plan hold."""
        return frozenset[Item]().union(*(items_in(each.items) for each in self.allowances))

    def items(self, plan: Hoks | None, evidence: Evidence) -> Seen:
        """What may be seen, given the plan that covers the right and what is known once plans are read."""
        if self.scope is not Scope.ALL and plan is None:
            return frozenset()
        return together(tuple([each.items for each in self.allowances if _judged(each, plan, evidence)]))

    def rules(self, plan: Hoks | None, evidence: Evidence) -> tuple[str, ...]:
        """The rules that let something through."""
        return tuple(each.rule for each in self.allowances if _judged(each, plan, evidence))

    def reached(self, plan: Hoks, evidence: Evidence) -> Hoks | None:
        """The part of a plan that the grant reaches at all."""
        return narrow(plan, self.scope, evidence)


def decide(policy: Policy, role: Role, situation: Situation, right: MergedRight) -> Grant:
    """What a caller in ``role`` may see of one right and its plan."""
    rules = _rules(policy, role, "plan")
    known: dict[str, Known] = {}
    held = tuple([_holds(rule, situation, right, known) for rule in rules])
    limits = _limits(situation, right) if any(rule.limited_to is not None for rule in rules) else NO_LIMITS
    return _concluded(_Rules(rules), held, tuple(limits.items()), situation.is_in_hiding).of(right.oid)


def decide_person(policy: Policy, role: Role, situation: Situation) -> Seen:
    """What a caller in ``role`` may see of a student apart from any right."""
    given = (
        rule.items
        for rule in _rules(policy, role, "person")
        if all_of([PERSON_CONDITIONS[each](situation) for each in rule.when]) is Known.YES
    )
    return frozenset().union(*given)


def is_own(role: Role, situation: Situation) -> bool:
    """Whether the student is the caller, acting as such: to nobody else is shown what the gateway keeps of them."""
    return role is Role.STUDENT and situation.is_the_student is Known.YES


def conclude(
    rules: tuple[Rule, ...],
    held: Mapping[str, Known],
    right: StudyRightOid,
    limits: Mapping[Limit, frozenset[Item]] = NO_LIMITS,
    is_in_hiding: Known = Known.NO,
) -> Grant:
    """The grant that follows when it is known, per rule id, whether the rule's conditions hold.

    ``limits`` are the items that a consent or a statute names, for rules that reach no further. ``is_in_hiding`` is
    whether a non-disclosure order stands; where that is not known, nothing is given that it would withhold.
    """
    return _conclude(rules, held, limits, is_in_hiding).of(right)


class _Conclusion(msgspec.Struct, frozen=True):
    """A grant, whichever right it is of."""

    allowances: tuple[Allowance, ...]
    refusals: Mapping[Item, Refusal]
    scope: Scope
    is_of_one_plan: bool

    def of(self, right: StudyRightOid) -> Grant:
        """The same of one right."""
        return Grant(
            right=right,
            allowances=self.allowances,
            refusals=self.refusals,
            scope=self.scope,
            is_of_one_plan=self.is_of_one_plan,
        )


def _conclude(
    rules: tuple[Rule, ...],
    held: Mapping[str, Known],
    limits: Mapping[Limit, frozenset[Item]],
    is_in_hiding: Known,
) -> _Conclusion:
    allowances = tuple(
        Allowance(rule.id, items, rule.when_plan)
        for rule in sorted(rules, key=lambda rule: rule.id)
        if held[rule.id] is Known.YES and (items := _limited(rule, limits, is_in_hiding))
    )
    given = frozenset[Item]().union(*(frozenset(item for item in Item if item in each.items) for each in allowances))
    refusals = {item: _refusal(item, rules, held, is_in_hiding) for item in Item if item not in given}
    scope = max((rule.scope for rule in rules), default=Scope.ALL)
    is_of_one_plan = any(rule.scope is not Scope.ALL or rule.limited_to is Limit.CONSENT for rule in rules)
    return _Conclusion(allowances, refusals, scope, is_of_one_plan)


MOST_CONCLUSIONS = 4_096


@lru_cache(MOST_CONCLUSIONS)
def together(seen: tuple[Seen, ...]) -> Seen:
    """Everything in them, as one and the same set for all of whom the same may be seen."""
    return frozenset().union(*seen)


class _Rules:
    """The rules for one role, known by themselves: to compare all that they say would take longer than to conclude."""

    __slots__ = ("rules",)

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules = rules

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Rules) and other.rules is self.rules

    def __hash__(self) -> int:
        return id(self.rules)


@lru_cache(MOST_CONCLUSIONS)
def _concluded(
    rules: _Rules, held: tuple[Known, ...], limits: tuple[tuple[Limit, frozenset[Item]], ...], is_in_hiding: Known
) -> _Conclusion:
    """INVARIANT: of a person it is told only which rules hold and which items are named, and that decides alone."""
    by_id = {rule.id: holds for rule, holds in zip(rules.rules, held, strict=True)}
    return _conclude(rules.rules, by_id, dict(limits), is_in_hiding)


def _rules(policy: Policy, role: Role, about: Literal["person", "plan"]) -> tuple[Rule, ...]:
    """The rules that can apply to a role, picked out once for each policy, with which they lie."""
    by_role: dict[Any, tuple[Rule, ...]] = policy.__dict__
    found = by_role.get((role, about))
    if found is None:
        found = by_role[role, about] = policy.for_role(role, about)
    return found


def _holds(rule: Rule, situation: Situation, right: MergedRight, known: dict[str, Known]) -> Known:
    """Whether a rule's conditions hold, each looked at once: what is known of this right already is in ``known``."""
    for each in rule.when:
        if each not in known:
            known[each] = CONDITIONS[each](situation, right)
    return all_of([known[each] for each in rule.when])


def _limits(situation: Situation, right: MergedRight) -> Mapping[Limit, frozenset[Item]]:
    """What consents and statutes name of a right's plan; a secret item needs a provision that names it expressly."""
    statutory = frozenset[Item]().union(*(each.items for each in situation.statutes))
    express = frozenset[Item]().union(*(each.express & each.items for each in situation.statutes))
    return {
        Limit.CONSENT: situation.consented(right),
        Limit.STATUTE: statutory,
        Limit.EXPRESS_STATUTE: express,
    }


def _limited(rule: Rule, limits: Mapping[Limit, frozenset[Item]], is_in_hiding: Known) -> Seen:
    items = rule.items if is_in_hiding is Known.NO else rule.items_in_hiding
    if rule.limited_to is None:
        return items
    named = limits.get(rule.limited_to, frozenset())
    return frozenset(each for each in items if item_of(each) in named)


def _refusal(item: Item, rules: tuple[Rule, ...], held: Mapping[str, Known], is_in_hiding: Known) -> Refusal:
    would_give = [rule for rule in rules if item in rule.items]
    if not would_give:
        return Refusal(Reason.NO_RULE)
    unknown = any(
        held[rule.id] is Known.UNKNOWN
        or (held[rule.id] is Known.YES and is_in_hiding is Known.UNKNOWN and item not in rule.items_in_hiding)
        for rule in would_give
    )
    return Refusal(
        Reason.UNKNOWN_FACT if unknown else Reason.CONDITION_NOT_MET,
        tuple(sorted(rule.id for rule in would_give)),
    )


def _judged(allowance: Allowance, plan: Hoks | None, evidence: Evidence) -> bool:
    return all(PLAN_CONDITIONS[condition](plan, evidence) for condition in allowance.when_plan)
