"""The policy as a page that a lawyer or a data-protection officer can read and check."""

from collections.abc import Iterable, Iterator, Sequence

from hoks.access.reports import Report
from hoks.access.rules import Example, Policy, Rule
from hoks.caller import Role
from hoks.items import MEANING, Aspect, Item, Seen, Slice, items_in
from hoks.narrow import Scope

TITLES: dict[Role, str] = {
    Role.STUDENT: "Student (opiskelija)",
    Role.STAFF: "Provider's staff (koulutuksen järjestäjän henkilöstö)",
    Role.SYSTEM: "Provider's own system (järjestäjän järjestelmätunnus)",
    Role.RESPONSIBLE_TEACHER: "Responsible teacher (vastuuopettaja)",
    Role.GUIDANCE_COUNSELLOR: "Guidance counsellor (opinto-ohjaaja)",
    Role.SPECIAL_NEEDS_TEACHER: "Special needs teacher (erityisopettaja)",
    Role.SCHOOL_SOCIAL_WORKER: "School social worker (kuraattori)",
    Role.HEAD_OF_TRAINING: "Head of training (koulutuspäällikkö)",
    Role.INSTRUCTOR: "Responsible workplace instructor (vastuullinen työpaikkaohjaaja)",
    Role.ASSESSOR: "Working-life assessor (työelämän osaamisen arvioija)",
    Role.CONSENT_RECIPIENT: "Recipient of a consent (suostumuksen saaja)",
    Role.AUTHORITY: "Authority (viranomainen)",
    Role.EMPLOYMENT_FUND: "Employment Fund (Työllisyysrahasto)",
    Role.OPH: "Finnish National Agency for Education (Opetushallitus)",
}

INTRODUCTION = """\
# Who sees what

This page is printed from the rules that the gateway enforces (`hoks/access/rules.toml`); nothing else permits anything.
A caller acts in one role at a time. A rule applies when all its conditions are known to hold: what is not known never
opens anything. Rules only add; what no rule gives is withheld, and the answer says so without telling whether there was
anything to withhold.

Grounds are cited by law and by `source document:line`; [sources.md](sources.md) lists the documents. *Our reading*
marks a rule that follows from no single sentence of a source; each such rule is a question that a controller may
answer otherwise.

Days are days in Europe/Helsinki, end days included. *Ended at most five years ago* counts from the day studies ended,
the anniversary included. *Valid today* includes the last day and, unless the setting `access.suspended_is_valid` is
false, a suspended right.
"""


def document(policy: Policy) -> str:
    """The whole page (Markdown)."""
    roles = [role for role in Role if policy.for_role(role, "plan") or policy.for_role(role, "person")]
    sections = (section(policy, role) for role in roles)
    pages = [
        *_items(),
        "",
        *_non_disclosure(policy),
        *("\n".join(each) for each in sections),
        *_reports(policy.reports),
    ]
    return "\n".join([INTRODUCTION, *pages]).rstrip() + "\n"


def section(policy: Policy, role: Role) -> list[str]:
    """What one role gets, and on which grounds (Markdown lines)."""
    rules = (*policy.for_role(role, "person"), *policy.for_role(role, "plan"))
    if role is Role.SYSTEM and rules == policy.for_role(Role.STAFF, "plan"):
        return [f"## {TITLES[role]}", "", "As the provider's staff; recorded as a system.", ""]
    lines = [f"## {TITLES[role]}", ""]
    if not rules:
        return [*lines, "No rule: nothing.", ""]
    for rule in rules:
        lines += _rule(policy, rule)
    never = [item for item in Item if all(item not in items_in(rule.items) for rule in rules)]
    if never:
        lines += [f"**Never:** {_meanings(never)}.", ""]
    return lines


def _reports(reports: Sequence[Report]) -> Iterator[str]:
    if not reports:
        return
    yield REPORTS
    for report in reports:
        yield f"### {report.title}"
        yield ""
        yield f"`{report.id}`{' · *our reading*' if report.interpretation else ''}"
        yield ""
        yield f"- **Who** {', '.join(TITLES[role] for role in Role if role in report.who)}."
        yield f"- **When** {_all(report.when)}."
        yield f"- **Made of** {_given(report)}{', in counts only' if report.counts_only else ''}."
        ground = report.ground
        yield f"- **Ground** {ground.law}; source {', '.join(ground.source)} ({ground.code})."
        for example in report.examples:
            yield f"- *Example:* {example.story}: {'answered' if example.answered else 'nothing'}."
        yield ""


REPORTS = """\
## Questions about many students at once

A report opens no plan: each student in it is looked at under the rules above, and of what they give only the items that
the report names go into its answer. *In counts only* tells of no single student: what the provider's staff would see is
counted, and counts that could be of a single person are left out.
"""


def _items() -> Iterator[str]:
    yield "## Items"
    yield ""
    yield "| item | what it is |"
    yield "|---|---|"
    for item in Item:
        yield f"| {item} | {MEANING[item]} |"


def _non_disclosure(policy: Policy) -> Iterator[str]:
    whereabouts = policy.whereabouts
    if whereabouts.withheld:
        withheld = ", ".join(item for item in Item if item in whereabouts.withheld)
        kept = ", ".join(f"of {each.item} the {each.aspect}" for each in _sides(whereabouts.kept))
        yield "## Non-disclosure (turvakielto)"
        yield ""
        yield (
            f"Of {withheld}, which tell where the student can be met, a rule gives only {kept} while a non-disclosure "
            "order stands, and while it is not known whether one does; consents and statutes change nothing in that. "
            "Rules that give all of it even so say it."
        )
        yield ""


def _sides(seen: Seen) -> list[Slice]:
    return [side for item in Item for aspect in Aspect if (side := Slice(item, aspect)) in seen]


def _rule(policy: Policy, rule: Rule) -> Iterator[str]:
    yield f"### {rule.title}"
    yield ""
    yield f"`{rule.id}`{' · *our reading*' if rule.interpretation else ''}"
    yield ""
    yield f"- **When** {_all(rule.when)}{_plan_conditions(rule)}."
    yield f"- **Sees** {_given(rule)}."
    if rule.items_in_hiding == rule.items and not rule.items.isdisjoint(policy.whereabouts.withheld):
        yield "- **Non-disclosure** changes nothing."
    if rule.scope is not Scope.ALL:
        yield f"- **Only** {_SCOPES[rule.scope]}."
    if rule.limited_to is not None:
        yield f"- **Limited to** {rule.limited_to}."
    yield f"- **Ground** {rule.ground.law}; source {', '.join(rule.ground.source)} ({rule.ground.code})."
    for example in rule.examples:
        yield f"- *Example:* {_example(example)}"
    yield ""


_SCOPES = {
    Scope.NAMED_PERIODS: (
        "the units with a period to which the caller is appointed, of them only those periods, and their "
        "demonstrations where nobody else instructs; until three months after the period's end"
    ),
    Scope.NAMED_DEMONSTRATION: (
        "the one demonstration to which the caller is appointed and the unit it belongs to; until three months after "
        "its end"
    ),
}


def _all(conditions: Sequence[str]) -> str:
    return ", and ".join(conditions)


def _plan_conditions(rule: Rule) -> str:
    return f", and {_all(rule.when_plan)}" if rule.when_plan else ""


def _given(rule: Rule | Report) -> str:
    whole = [item for item in Item if item in rule.items]
    sides = [f"of {each.item} only the {each.aspect}" for each in _sides(rule.items)]
    if len(whole) == len(Item):
        return "everything"
    return ", ".join([", ".join(whole), *sides] if whole else sides)


def _example(example: Example) -> str:
    named = f" (named: {', '.join(example.named)})" if example.named else ""
    if example.gets_not is not None:
        return f"{example.story}{named}: not {', '.join(example.gets_not)}."
    return f"{example.story}{named}: {', '.join(example.gets or ()) or 'nothing'}."


def _meanings(items: Iterable[Item]) -> str:
    return "; ".join(f"{item} ({MEANING[item]})" for item in items)
