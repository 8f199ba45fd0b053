"""Why a caller sees what they see of a student: relation, facts, rules and what follows, without any content."""

import msgspec

from hoks.access.decide import Grant
from hoks.access.facts import CONDITIONS
from hoks.access.rules import Policy
from hoks.caller import Role
from hoks.identifiers import StudyRightOid
from hoks.looked import Looked
from hoks.organisations import Known


class ExplainedRight(msgspec.Struct, frozen=True, kw_only=True):
    """One right: what is known of it, the rules of the role with each condition, and the grant that follows."""

    right: StudyRightOid
    phase: str
    provider: str | None
    rules: tuple[tuple[str, tuple[tuple[str, Known], ...]], ...]
    grant: Grant


def explain(looked: Looked, policy: Policy, role: Role) -> tuple[ExplainedRight, ...]:
    """For each right of a student, why ``role`` may see what of it and its plan."""
    return tuple(
        ExplainedRight(
            right=right.oid,
            phase=right.phase,
            provider=looked.provider(right.oid),
            rules=tuple(
                (rule.id, tuple((each, CONDITIONS[each](looked.situation, right)) for each in rule.when))
                for rule in policy.for_role(role, "plan")
            ),
            grant=looked.grants[right.oid],
        )
        for right in looked.rights
    )


def as_text(explained: tuple[ExplainedRight, ...]) -> list[str]:
    """The explanation for a terminal, a line a fact; conditions on the plan itself are marked as still open."""
    if not explained:
        return ["no study right of this student is known to the sources, so nothing follows"]
    lines: list[str] = []
    for each in explained:
        lines += [f"right {each.right} ({each.phase}) of provider {each.provider or 'unknown'}"]
        for rule, conditions in each.rules:
            given = rule in {allowance.rule for allowance in each.grant.allowances}
            lines.append(f"  {'applies' if given else 'does not apply'}: {rule}")
            lines += [f"      {known.value:<14} {condition}" for condition, known in conditions]
        for allowance in each.grant.allowances:
            when = f" when {', '.join(allowance.when_plan)}" if allowance.when_plan else ""
            items = sorted(each if isinstance(each, str) else f"{each.item}.{each.aspect}" for each in allowance.items)
            lines.append(f"  gives by {allowance.rule}{when}: {', '.join(items)}")
        if not each.grant.allowances:
            lines.append("  gives nothing")
    return lines
