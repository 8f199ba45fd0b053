"""Deciding: facts and rules in, grants out. Pure, without clock, cache or I/O; the only place that makes a grant.

Nothing unless permitted; the order of rules and facts does not matter; an unknown fact never opens anything.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from hoks.access.facts import CONDITIONS, PERSON_CONDITIONS, PLAN_CONDITIONS, Situation, all_of
from hoks.access.rules import Policy, Rule
from hoks.caller import Role
from hoks.identifiers import StudyRightOid
from hoks.items import Item
from hoks.merged import MergedRight
from hoks.organisations import Known
from hoks.plan import Hoks


class Reason(StrEnum):
    """Why an item is withheld."""

    NO_RULE = "NO_RULE"
    CONDITION_NOT_MET = "CONDITION_NOT_MET"
    UNKNOWN_FACT = "UNKNOWN_FACT"


class Allowance(msgspec.Struct, frozen=True):
    """What one rule allows, under the conditions on the plan that are still to be judged."""

    rule: str
    items: frozenset[Item]
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

    @property
    def anything(self) -> bool:
        """Whether anything at all may be seen, and so fetched."""
        return bool(self.allowances)

    def items(self, plan: Hoks | None) -> frozenset[Item]:
        """The items that may be seen, given the plan that covers the right."""
        allowed = (each.items for each in self.allowances if _judged(each, plan))
        return frozenset().union(*allowed)

    def rules(self, plan: Hoks | None) -> tuple[str, ...]:
        """The rules that let something through, given the plan."""
        return tuple(each.rule for each in self.allowances if _judged(each, plan))


def decide(policy: Policy, role: Role, situation: Situation, right: MergedRight) -> Grant:
    """What a caller in ``role`` may see of one right and its plan."""
    rules = policy.for_role(role, "plan")
    held = {rule.id: all_of([CONDITIONS[each](situation, right) for each in rule.when]) for rule in rules}
    return conclude(rules, held, right.oid)


def decide_person(policy: Policy, role: Role, situation: Situation) -> frozenset[Item]:
    """What a caller in ``role`` may see of a student apart from any right."""
    given = (
        rule.items
        for rule in policy.for_role(role, "person")
        if all_of([PERSON_CONDITIONS[each](situation) for each in rule.when]) is Known.YES
    )
    return frozenset().union(*given)


def conclude(rules: tuple[Rule, ...], held: Mapping[str, Known], right: StudyRightOid) -> Grant:
    """The grant that follows when it is known, per rule id, whether the rule's conditions hold."""
    allowances = tuple(
        Allowance(rule.id, rule.items, rule.when_plan)
        for rule in sorted(rules, key=lambda rule: rule.id)
        if held[rule.id] is Known.YES
    )
    given: frozenset[Item] = frozenset().union(*(each.items for each in allowances))
    refusals = {item: _refusal(item, rules, held) for item in Item if item not in given}
    return Grant(right=right, allowances=allowances, refusals=refusals)


def _refusal(item: Item, rules: tuple[Rule, ...], held: Mapping[str, Known]) -> Refusal:
    would_give = [rule for rule in rules if item in rule.items]
    if not would_give:
        return Refusal(Reason.NO_RULE)
    unknown = any(held[rule.id] is Known.UNKNOWN for rule in would_give)
    return Refusal(
        Reason.UNKNOWN_FACT if unknown else Reason.CONDITION_NOT_MET,
        tuple(sorted(rule.id for rule in would_give)),
    )


def _judged(allowance: Allowance, plan: Hoks | None) -> bool:
    return all(PLAN_CONDITIONS[condition](plan) for condition in allowance.when_plan)
