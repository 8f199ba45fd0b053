"""A second, slow and plain answer to who sees what: for one caller and one student, the cells that are seen.

A cell is (right, item, part, kind of value). It is written from ``ehoks.md`` 10 and ``design.md`` 5 and 11 alone and
shares nothing with the gateway but the names of items and roles.
"""

from datetime import date, timedelta

import msgspec

from hoks.caller import Role
from hoks.items import Item
from hoks.relations import AppointmentKind
from tests.hoks.matrix_10_4 import COUNSELLOR, HEAD, SOCIAL_WORKER, SPECIAL_NEEDS, TEACHER
from tests.world.drawn import COMMON, GATES, Demo, Period, Unit
from tests.world.small import SmallRight, SmallWorld

Cell = tuple[str, Item, str, str]
Aspects = dict[Item, str]
"""Per item what is given of it: all (F), names (N), days (T)."""
KINDS = {"F": ("name", "date", "other"), "N": ("name",), "T": ("date",)}

EVERYTHING: Aspects = dict.fromkeys(Item, "F")
CONTACTS = {Item.Cs, Item.Ci}
SECRET = {Item.D6u, Item.D6d, Item.D8, Item.D9, Item.D11b, Item.Gi}
NOT_CONSENTABLE = {Item.Cs, Item.Ci, Item.X}
NAMES_BY_CONSENT = {Item.D12, Item.W1, Item.W2}
OF_PERIODS = (Item.G, Item.W1, Item.W2, Item.W3, Item.W4, Item.W5, Item.Ci)
GUIDANCE = {
    Role.RESPONSIBLE_TEACHER: TEACHER,
    Role.GUIDANCE_COUNSELLOR: COUNSELLOR,
    Role.SPECIAL_NEEDS_TEACHER: SPECIAL_NEEDS,
    Role.SCHOOL_SOCIAL_WORKER: SOCIAL_WORKER,
    Role.HEAD_OF_TRAINING: HEAD,
}
TEACHING = {Role.RESPONSIBLE_TEACHER, Role.GUIDANCE_COUNSELLOR, Role.SPECIAL_NEEDS_TEACHER}


class Rule(msgspec.Struct, frozen=True):
    """What is given of one right and its plan: whether only when approved, and of which parts (all when ``None``)."""

    aspects: Aspects
    if_approved: bool = True
    parts: dict[Item, set[str]] | None = None
    by_own_plan: bool = False
    """Whether a plan that the right shares with another does not count."""
    is_near: bool = False
    """Whether it tells where the student can be met under a non-disclosure order too: to those who meet them anyway."""


def sees(world: SmallWorld) -> tuple[set[Cell], set[Cell]]:
    """The cells seen of rights, and those seen of plans."""
    of_rights: set[Cell] = set()
    of_plans: set[Cell] = set()
    for right in world.rights:
        covering = [plan for plan in (right, _shared_plan(world, right)) if plan is not None and _is_read(world, plan)]
        for rule in _rules(world, right):
            rule = rule if rule.is_near or not world.in_hiding else _without_whereabouts(rule)
            told_by = [plan for plan in covering if plan is right] if rule.by_own_plan else covering
            if not rule.if_approved or any(plan.approved for plan in told_by):
                of_rights |= _cells(right, rule, {""})
            if _is_read(world, right) and (right.approved or not rule.if_approved):
                of_plans |= _cells(right, rule, _parts(right))
    return of_rights, {cell for cell in of_plans if _gate(cell) is None or _gate(cell) in of_plans}


def _cells(right: SmallRight, rule: Rule, parts: set[str]) -> set[Cell]:
    return {
        (right.tag, item, part, kind)
        for item, aspect in rule.aspects.items()
        for part in parts
        if rule.parts is None or part in rule.parts.get(item, {""})
        for kind in KINDS[aspect]
    }


def _without_whereabouts(rule: Rule) -> Rule:
    """No workplace, of a demonstration the days alone, and of assessors the names."""
    left = {Item.W1: {}, Item.D10: {"F": "T", "T": "T"}, Item.D12: {"F": "N", "N": "N"}}
    changed = {item: left.get(item, {aspect: aspect}).get(aspect, "-") for item, aspect in rule.aspects.items()}
    return msgspec.structs.replace(rule, aspects={item: each for item, each in changed.items() if each != "-"})


def _gate(cell: Cell) -> Cell | None:
    tag, _, part, _ = cell
    return (tag, GATES[part], part, "other") if part in GATES else None


def _parts(right: SmallRight) -> set[str]:
    inner = {each.key for unit in right.units or () for each in unit.periods}
    inner |= {each.key for unit in right.units or () for each in unit.demos}
    return {"", COMMON, "preparatory", *GATES, *(unit.key for unit in right.units or ()), *inner}


def _is_read(world: SmallWorld, right: SmallRight) -> bool:
    """Whether the right has a plan and the source of it answers."""
    return right.units is not None and right.provider not in world.plans_down


def _shared_plan(world: SmallWorld, right: SmallRight) -> SmallRight | None:
    """The procuring right, whose plan is this right's too: for a caller who is given something of that plan."""
    procuring = _procuring(world, right)
    return procuring if procuring is not None and procuring.phase in OPEN and _rules(world, procuring) else None


# --- who is what ----------------------------------------------------------------------------------------------

OPEN = {"current", "suspended", "upcoming"}


def _rules(world: SmallWorld, right: SmallRight) -> list[Rule]:
    role = world.role
    if right.phase in ("annulled", "unknown"):
        state: Aspects = {Item.ID: "F", Item.SR: "F"}
        return [Rule(state, if_approved=False)] if role is Role.STUDENT else []
    if _is_over(world, right):
        return []
    if role is Role.STUDENT:
        return [Rule(EVERYTHING, if_approved=False, is_near=True)]
    if role in (Role.STAFF, Role.SYSTEM):
        return _staff(world, right)
    if role in GUIDANCE:
        return _guidance(world, right)
    if role is Role.INSTRUCTOR:
        return _instructor(world, right)
    if role is Role.ASSESSOR:
        return _assessor(world, right)
    if role in (Role.AUTHORITY, Role.EMPLOYMENT_FUND):
        return [Rule(_by_statute(world))]
    return [Rule(_by_consent(world, right), by_own_plan=True)]


def _staff(world: SmallWorld, right: SmallRight) -> list[Rule]:
    rules = []
    if _is_own(world, right):
        given = EVERYTHING if right.phase in OPEN else _less(EVERYTHING, CONTACTS)
        rules.append(Rule(given, if_approved=False, is_near=True))
    rules += _elsewhere(world, right, EVERYTHING)
    left = [each for each in world.rights if each.provider == world.provider and _left_sharing(world, each, right)]
    if left:
        rules.append(Rule(_less(EVERYTHING, CONTACTS)))
    return rules


def _elsewhere(world: SmallWorld, right: SmallRight, column: Aspects) -> list[Rule]:
    """Another provider's plan: concurrent, earlier, or over a procurement link."""
    own = [each for each in world.rights if each.provider == world.provider and _is_valid(world, each)]
    rules = []
    if own and right.provider != world.provider and (_is_valid(world, right) or right.phase == "ended"):
        rules.append(Rule(_less(column, CONTACTS)))
    if right.provider != world.provider and _is_valid(world, right):
        rules += [Rule(column, is_near=True)] if any(_procuring(world, each) is right for each in own) else []
    return rules


def _left_sharing(world: SmallWorld, included: SmallRight, right: SmallRight) -> bool:
    """Whether an included right that has ended shared another provider's plan until its end."""
    if included.provider == right.provider:
        return False
    if included.phase != "ended" or _is_over(world, included) or _procuring(world, included) is not right:
        return False
    if right.phase != "ended":
        return True
    return included.ended is not None and right.ended is not None and included.ended <= right.ended


def _guidance(world: SmallWorld, right: SmallRight) -> list[Rule]:
    column = {item: cell[0] for item, cell in GUIDANCE[world.role].items() if cell[0] != "-"}
    needs_none = world.role is Role.HEAD_OF_TRAINING
    assigned = any(
        each.role is world.role and each.provider == each.told_by == world.provider and each.mine
        for each in world.assignments
    )
    if not (assigned or needs_none):
        return []
    rules = [Rule(column, if_approved=False, is_near=True)] if _is_own(world, right) and right.phase in OPEN else []
    return rules + (_elsewhere(world, right, column) if world.role in TEACHING else [])


def _instructor(world: SmallWorld, right: SmallRight) -> list[Rule]:
    mine = _named(world, right, AppointmentKind.INSTRUCTOR)
    units = [
        unit for unit in right.units or () for each in _at_work(unit) if each.key in mine and _is_live(world, each)
    ]
    if not units:
        return []
    live = {each.key for unit in units for each in _at_work(unit) if each.key in mine and _is_live(world, each)}
    alone = _is_alone(world)
    own = {unit.key for unit in units} | {COMMON for unit in units if unit.kind == "subarea"}
    asked = [unit for unit in units if alone or all(each.key in mine for each in _at_work(unit))]
    demos = {each.key for unit in asked for each in unit.demos}
    given: Aspects = {Item.ID: "N", Item.D2q: "N", Item.D2u: "F", Item.D10: "F", Item.D12: "N"}
    given |= dict.fromkeys(OF_PERIODS, "F")
    if alone:
        given[Item.D1] = "T"
    parts = {Item.D2u: own, Item.D10: demos, Item.D12: demos, **dict.fromkeys(OF_PERIODS, live)}
    parts[Item.G] = live | own
    return [Rule(given, parts=parts, by_own_plan=True, is_near=True)]


def _is_alone(world: SmallWorld) -> bool:
    """Whether every workplace period that may be going on names the caller, in all valid rights' approved plans."""
    for right in world.rights:
        mine = _named(world, right, AppointmentKind.INSTRUCTOR)
        if right.provider in world.plans_down and _is_open(world, right) and (mine or _is_valid(world, right)):
            return False  # a plan that is asked for does not come: there may be others in it
        for period in (each for unit in right.units or () for each in _at_work(unit) if _counts(world, right)):
            began = period.start is None or period.start <= world.day
            goes_on = period.end is None or world.day <= period.end
            if began and goes_on and period.key not in mine:
                return False
    return True


def _counts(world: SmallWorld, right: SmallRight) -> bool:
    """Whether a right's workplace periods make others instructors beside the caller."""
    return _is_valid(world, right) and right.approved


def _is_open(world: SmallWorld, right: SmallRight) -> bool:
    return right.phase not in ("annulled", "unknown") and not _is_over(world, right)


def _assessor(world: SmallWorld, right: SmallRight) -> list[Rule]:
    mine = _named(world, right, AppointmentKind.ASSESSOR)
    rules = []
    for unit in right.units or ():
        demos = {each.key for each in unit.demos if each.key in mine and _is_live(world, each)}
        own = {unit.key} | ({COMMON} if unit.kind == "subarea" else set())
        of_demo = dict.fromkeys((Item.D6d, Item.D10, Item.D11b, Item.D12), "F")
        given = {Item.ID: "N", Item.D2q: "N", Item.D2u: "F", Item.D6u: "F", **of_demo}
        parts = {Item.D2u: own, Item.D6u: own, **dict.fromkeys(of_demo, demos)}
        rules += [Rule(given, parts=parts, by_own_plan=True, is_near=True)] if demos else []
    return rules


def _named(world: SmallWorld, right: SmallRight, kind: AppointmentKind) -> set[str]:
    """The parts of a plan in which the caller is named by a provider that shares the plan."""
    partners = [each.provider for each in world.rights if _is_open(world, each) and _shares(world, each, right)]
    return {
        each.part
        for each in world.appointments
        if each.mine and each.kind is kind and each.tag == right.tag and each.told_by in (right.provider, *partners)
    }


def _shares(world: SmallWorld, included: SmallRight, right: SmallRight) -> bool:
    """Whether a right is carried out for another provider's right, which has not ended."""
    return _procuring(world, included) is right and right.phase in OPEN


def _by_statute(world: SmallWorld) -> Aspects:
    given = {
        item
        for each in world.statutes
        if each.organisation == world.acting
        for item in each.items
        if item not in SECRET or item in each.express
    }
    return dict.fromkeys(given - NOT_CONSENTABLE, "F")


def _by_consent(world: SmallWorld, right: SmallRight) -> Aspects:
    mine = [each for each in world.consents if each.tag == right.tag and (each.to_me or world.role is Role.OPH)]
    if world.role is Role.OPH and right.phase != "ended":
        return {}
    in_force = [each for each in mine if not each.withdrawn and each.start <= world.day <= each.end]
    items = {item for each in in_force for item in each.items} - NOT_CONSENTABLE
    return {item: "N" if item in NAMES_BY_CONSENT else "F" for item in items}


# --- rights and days ------------------------------------------------------------------------------------------


def _is_own(world: SmallWorld, right: SmallRight) -> bool:
    return world.acting in (right.provider, right.school)


def _is_valid(world: SmallWorld, right: SmallRight) -> bool:
    return right.phase == "current" or (right.phase == "suspended" and world.suspended_is_valid)


def _is_over(world: SmallWorld, right: SmallRight) -> bool:
    return right.ended is not None and world.day > _years_later(right.ended, 5)


def _procuring(world: SmallWorld, right: SmallRight) -> SmallRight | None:
    """The right that a right is part of, over a link that names the school and whose target stands."""
    found = next((each for each in world.rights if each.tag == right.included_in), None)
    gone = found is None or found.phase in ("annulled", "unknown") or _is_over(world, found)
    return None if gone or not right.link_is_right else found


def _at_work(unit: Unit) -> list[Period]:
    return [each for each in unit.periods if each.mode != "school"]


def _is_live(world: SmallWorld, part: Period | Demo) -> bool:
    return part.end is not None and world.day <= _three_months_later(part.end)


def _three_months_later(day: date) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + 3, 12)
    next_month = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=day.day - 1), next_month - timedelta(days=1))


def _years_later(day: date, years: int) -> date:
    if (day.month, day.day) == (2, 29):
        return date(day.year + years, 2, 28)
    return date(day.year + years, day.month, day.day)


def _less(aspects: Aspects, items: set[Item]) -> Aspects:
    return {item: aspect for item, aspect in aspects.items() if item not in items}
