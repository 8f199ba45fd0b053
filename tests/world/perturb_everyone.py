"""Changes to what somebody whom the law names may not see: in visible plans, in other plans, people and relations.

What decides who sees what stays as it is: whether others instruct the student today, approvals, consents in force.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

import msgspec

from hoks.caller import Role
from hoks.codes import AcquisitionMode
from hoks.competence import CompetenceAcquisition
from hoks.identifiers import LearnerOid, StudyRightOid
from hoks.items import Item
from hoks.outcomes import Outcome
from hoks.plan import Hoks
from hoks.relations import Appointment, AppointmentKind, Assignment, Consent, Statute
from hoks.student import Person
from hoks.units import PlannedVocationalUnit
from hoks.values import Text
from tests.world.drawn import draw_plan, draw_right, part_key
from tests.world.everyone import AT_A, NUMBERS, OIDS, OTHER_AUTHORITY, RIGHTS, SOMEBODY_ELSE, TAGS, Looking
from tests.world.places import A, B, C
from tests.world.ports import Fault
from tests.world.rights import (
    ANNULLED,
    FIVE_YEARS_AND_A_DAY_AGO,
    ONE_YEAR_AGO,
    SUSPENDED,
    UPCOMING,
    Periods,
    ended,
    learner,
    right,
    right_oid,
)
from tests.world.unseen import (
    HIDDEN_PRIOR,
    HIDDEN_UNIT,
    Sees,
    Style,
    changed,
    elements,
    is_seen,
    runs_at_a_workplace,
    with_findings,
)
from tests.world.world import SOMEBODY, World, plans_source

Perturbation = Callable[[World, Looking], World]

TAG_OF: Mapping[StudyRightOid, str] = {oid: tag for tag, oid in RIGHTS.items()}


# --- inside plans and rights ----------------------------------------------------------------------------------


def _plans(change: Callable[[Hoks, Sees, bool], Hoks]) -> Perturbation:
    def perturb(world: World, looking: Looking) -> World:
        return world.but(
            plans=tuple(
                (holder, change(plan, looking.sees(TAG_OF[plan.study_right_oid]), looking.periods_are_facts))
                for holder, plan in world.plans
            )
        )

    return perturb


def _values(style: Style) -> Perturbation:
    return _plans(lambda plan, sees, fixed: _of_a_plan(plan, sees, style, fixed))


def _of_a_plan(plan: Hoks, sees: Sees, style: Style, fixed: bool) -> Hoks:
    made: Hoks = changed(plan, sees, style, periods_are_facts=fixed)
    approved = plan.first_approved_on is None or sees(Item.D1, "", "date")
    return made if approved else msgspec.structs.replace(made, first_approved_on=date(2019, 3, 4))


def _right_values(style: Style) -> Perturbation:
    def perturb(world: World, looking: Looking) -> World:
        return world.but(rights=tuple(changed(each, looking.sees(TAG_OF[each.oid]), style) for each in world.rights))

    return perturb


Edit = Callable[[tuple[Any, ...], tuple[bool, ...]], tuple[Any, ...]]


def _elements(edit: Callable[[bool], Edit]) -> Perturbation:
    return _plans(lambda plan, sees, fixed: elements(plan, sees, edit(fixed)))


def _is_fact(part: Any) -> bool:
    """Whether a part says who else instructs: today, or in a unit of the caller's."""
    at_a_workplace = isinstance(part, CompetenceAcquisition) and part.mode is not AcquisitionMode.INSTITUTION_BASED
    return at_a_workplace or runs_at_a_workplace(part)


def _deleted(fixed: bool) -> Edit:
    return lambda parts, seen: tuple(
        part for part, is_shown in zip(parts, seen, strict=True) if is_shown or (fixed and _is_fact(part))
    )


def _inserted(fixed: bool) -> Edit:
    """Everything hidden once more before, between and after."""

    def edit(parts: tuple[Any, ...], seen: tuple[bool, ...]) -> tuple[Any, ...]:
        hidden = tuple(part for part, is_shown in zip(parts, seen, strict=True) if not is_shown)
        between = tuple(each for part in parts for each in (part, *hidden[:1]))
        return (*hidden, *between, *hidden)

    return edit


def _reordered(fixed: bool) -> Edit:
    def edit(parts: tuple[Any, ...], seen: tuple[bool, ...]) -> tuple[Any, ...]:
        hidden = [part for part, is_shown in zip(parts, seen, strict=True) if not is_shown]
        return (*reversed(hidden), *(part for part, is_shown in zip(parts, seen, strict=True) if is_shown))

    return edit


def _with_hidden_units(plan: Hoks, sees: Sees, fixed: bool) -> Hoks:
    unit: tuple[PlannedVocationalUnit, ...] = () if is_seen(HIDDEN_UNIT, sees) else (HIDDEN_UNIT,)
    prior = () if is_seen(HIDDEN_PRIOR, sees) else (HIDDEN_PRIOR,)
    planned = [each for known in plan.planned_vocational_units or () for each in (*unit, known)]
    return msgspec.structs.replace(
        plan,
        planned_vocational_units=(*planned, *unit),
        prior_vocational_units=(*prior, *(plan.prior_vocational_units or ()), *prior),
    )


# --- plans, rights and people ---------------------------------------------------------------------------------


def _is_another_instructors(plan: Hoks, looking: Looking) -> bool:
    return looking.periods_are_facts and runs_at_a_workplace(plan)


def _without_plans(world: World, looking: Looking) -> World:
    return world.but(
        plans=tuple(
            (holder, plan)
            for holder, plan in world.plans
            if TAG_OF[plan.study_right_oid] in looking.columns or _is_another_instructors(plan, looking)
        )
    )


def _without_rights(world: World, looking: Looking) -> World:
    """No right without a column, and no plan of one; of an instructor's student those stay that say who instructs."""
    plans = _without_plans(world, looking).plans
    kept = {RIGHTS[tag] for tag in looking.columns} | {
        plan.study_right_oid for _, plan in plans if _is_another_instructors(plan, looking)
    }
    return world.but(rights=tuple(each for each in world.rights if each.oid in kept), plans=plans)


def _other_times_at_a(world: World, looking: Looking) -> World:
    """Of the plans at A alone, so that they are newer than those beside them."""
    changed_times = _values(Style.OTHER)(world, looking).plans
    return world.but(
        plans=tuple(
            (holder, msgspec.structs.replace(plan, updated_at=other.updated_at) if holder == A else plan)
            for (holder, plan), (_, other) in zip(world.plans, changed_times, strict=True)
        )
    )


def newer_copies(world: World) -> World:
    """The copy at C of the plan at A is newer than the plan itself."""
    return world.but(
        plans=tuple(
            (holder, msgspec.structs.replace(plan, updated_at=plan.updated_at + timedelta(days=60)))
            if holder == C and TAG_OF[plan.study_right_oid] == "A1" and plan.updated_at
            else (holder, plan)
            for holder, plan in world.plans
        )
    )


def _other_names_of_providers(world: World, looking: Looking) -> World:
    """For those who see no study right and no provider; the acting organisation keeps its name."""
    if any(column.sees(Item.SR, "", "other") for column in looking.columns.values()):
        return world
    return world.but(
        tree=tuple(
            each
            if each.organisation.oid == looking.caller.organisation
            else msgspec.structs.replace(
                each, organisation=msgspec.structs.replace(each.organisation, name=Text(fi="Another"))
            )
            for each in world.tree
        )
    )


def _plans_twice(world: World, looking: Looking) -> World:
    again = tuple(
        (holder, msgspec.structs.replace(plan, version=77, first_approved_on=None))
        for holder, plan in world.plans
        if TAG_OF[plan.study_right_oid] not in looking.columns
    )
    return world.but(plans=(*again, *world.plans))


def _states(periods: Periods) -> Perturbation:
    """Hidden rights in another state in which they are hidden too."""

    def perturb(world: World, looking: Looking) -> World:
        facts = {plan.study_right_oid for _, plan in world.plans if _is_another_instructors(plan, looking)}
        return world.but(
            rights=tuple(
                msgspec.structs.replace(each, periods=_hidden_state(TAG_OF[each.oid], periods, looking))
                if TAG_OF[each.oid] not in looking.columns and each.oid not in facts
                else each
                for each in world.rights
            )
        )

    return perturb


def _hidden_state(tag: str, periods: Periods, looking: Looking) -> Periods:
    if tag == "A9":
        return ended(date(2017, 2, 3)) if periods is not ANNULLED else ANNULLED
    if tag == "A8":
        return ended(ONE_YEAR_AGO) if periods is not ANNULLED else ANNULLED
    # Consents on plans of ended rights are OPH's.
    return SUSPENDED if looking.caller.role is Role.OPH and periods == ended(ONE_YEAR_AGO) else periods


def _unseen(looking: Looking) -> frozenset[int]:
    return frozenset(NUMBERS) - {int(tag[1:]) for tag in looking.columns}


def _without_people(world: World, looking: Looking) -> World:
    gone = {OIDS[number] for number in _unseen(looking)}
    tags = {tag for tag in TAGS if int(tag[1:]) in _unseen(looking)}
    return world.but(
        people=tuple(each for each in world.people if each.oid not in gone),
        rights=tuple(each for each in world.rights if TAG_OF[each.oid] not in tags),
        plans=tuple(each for each in world.plans if TAG_OF[each[1].study_right_oid] not in tags),
    )


def _renamed(world: World, looking: Looking) -> World:
    number_of = {oid: number for number, oid in OIDS.items()}
    return world.but(
        people=tuple(
            each
            if number_of[each.oid] in looking.people
            else msgspec.structs.replace(each, name="Another And Longer Name")
            for each in world.people
        )
    )


def _alias(number: int) -> LearnerOid:
    return learner(90_000 + number)


def _strangers(*numbers: int) -> Perturbation:
    """People with plans like everybody's at every provider, whose rights are annulled or long over."""

    def perturb(world: World, looking: Looking) -> World:
        people, rights, plans = list(world.people), list(world.rights), list(world.plans)
        for number in numbers:
            people.append(Person(oid=learner(number), aliases=frozenset({_alias(number)}), name="Stranger"))
            for place, provider in enumerate((A, B, C)):
                states = ANNULLED if number % 2 else ended(FIVE_YEARS_AND_A_DAY_AGO)
                plain = right(right_oid(60_000 + 10 * number + place), learner(number), provider, states)
                # Drawn like student 1's: the same workplace, the same units.
                held = draw_right("A1", _alias(number), plain)
                rights.append(held)
                plans.append((provider, draw_plan("A1", _alias(number), held, AT_A)))
        return world.but(people=tuple(people), rights=tuple(rights), plans=tuple(plans))

    return perturb


# --- relations ------------------------------------------------------------------------------------------------


def _others_appointed(world: World, looking: Looking) -> World:
    """Everybody else to every part of everybody, by their systems and through the gateway, every other one ended."""
    named = tuple(
        (provider, Appointment(person=SOMEBODY_ELSE, kind=kind, learner=OIDS[int(tag[1:])], right=oid, part_key=key))
        for tag, oid in RIGHTS.items()
        for provider in (A, B, C)
        for part in ("p1", "p2", "p3", "q1", "n1", "n2", "n4", "m1")
        for key in (part_key(tag, part),)
        for kind in AppointmentKind
    )
    made_here = tuple(
        msgspec.structs.replace(each, told_by=by, id=f"made-{place}", until=date.min if place % 2 else None)
        for place, (by, each) in enumerate(named)
    )
    return world.but(appointments=(*named, *world.appointments), made_here=(*made_here, *world.made_here))


def _others_guide(world: World, looking: Looking) -> World:
    """Students to others in every role, to the same person in other roles and at another provider.

    But who is responsible for those whom the caller guides, their group is told (source 001:216-239).
    """
    guided = {
        each.learner
        for provider, each in world.assignments
        if (each.person, provider, each.role) == (SOMEBODY, A, looking.caller.role)
    }
    more = tuple(
        (provider, Assignment(person=person, role=role, learner=oid, provider=provider, group="group"))
        for oid in OIDS.values()
        for role in Role
        for person, provider in ((SOMEBODY_ELSE, A), (SOMEBODY, B), (SOMEBODY, A))
        if (person, provider) != (SOMEBODY, A) or role is not looking.caller.role
        if (provider, role) != (A, Role.RESPONSIBLE_TEACHER) or oid not in guided
    )
    return world.but(assignments=(*more, *world.assignments))


def _other_consents(world: World, looking: Looking) -> World:
    """Consents withdrawn, over, to come, and to others; a consent in force is OPH's once the right has ended."""
    more = tuple(
        Consent(
            id=f"more-{tag}-{place}",
            learner=OIDS[int(tag[1:])],
            right=RIGHTS[tag],
            recipient=recipient,
            items=frozenset(Item),
            start_date=start,
            end_date=end,
            withdrawn=withdrawn,
        )
        for tag in TAGS
        for place, (recipient, start, end, withdrawn) in enumerate(
            (
                (SOMEBODY, date(2026, 9, 1), date(2026, 12, 1), True),
                (SOMEBODY, date(2026, 1, 1), date(2026, 10, 4), False),
                (SOMEBODY, date(2026, 10, 6), date(2026, 12, 1), False),
                (SOMEBODY_ELSE, date(2026, 9, 1), date(2026, 12, 1), tag == "A8"),
            )
        )
    )
    return world.but(consents=(*more, *world.consents))


def _other_statutes(world: World, looking: Looking) -> World:
    more = Statute(organisation=B, citation="Act 3 §", items=frozenset({Item.D13}))
    gone = {OTHER_AUTHORITY} - {looking.caller.organisation}
    return world.but(statutes=(more, *(each for each in world.statutes if each.organisation not in gone)))


# --- sources --------------------------------------------------------------------------------------------------


def _in_other_order(world: World, looking: Looking) -> World:
    """All but a caller's own appointments, which ``viewer`` lists as they are told."""
    return world.but(
        people=world.people[::-1],
        rights=world.rights[::-1],
        plans=world.plans[::-1],
        assignments=world.assignments[::-1],
        consents=world.consents[::-1],
    )


_ASKS_A_ALONE = frozenset({Role.ASSESSOR, Role.SCHOOL_SOCIAL_WORKER, Role.HEAD_OF_TRAINING, Role.OPH})
"""Who has no grant on any plan at B or C."""


def _fault(fault: Fault) -> Perturbation:
    """The sources of plans at B and C fail, for those who have nothing to ask of them."""

    def perturb(world: World, looking: Looking) -> World:
        if looking.caller.role not in _ASKS_A_ALONE:
            return world
        return world.but(faults={plans_source(each): fault for each in (B, C)})

    return perturb


EVERY: Mapping[str, Perturbation] = {
    "hidden values are others": _values(Style.OTHER),
    "hidden values are longer": _values(Style.LONGER),
    "hidden values are null": _values(Style.NULL),
    "hidden values of rights are others": _right_values(Style.OTHER),
    "hidden values of rights are longer": _right_values(Style.LONGER),
    "hidden values of rights are null": _right_values(Style.NULL),
    "hidden parts are deleted": _elements(_deleted),
    "hidden parts are inserted before, between and after": _elements(_inserted),
    "hidden parts are in another order": _elements(_reordered),
    "hidden units and prior units are inserted": _plans(_with_hidden_units),
    "hidden findings": _plans(lambda plan, sees, _: with_findings(plan, sees)),
    "hidden plans are deleted": _without_plans,
    "hidden rights are deleted": _without_rights,
    "hidden times at A are others": _other_times_at_a,
    "providers have other names": _other_names_of_providers,
    "hidden plans stand twice": _plans_twice,
    "hidden rights are suspended": _states(SUSPENDED),
    "hidden rights are upcoming": _states(UPCOMING),
    "hidden rights ended a year ago": _states(ended(ONE_YEAR_AGO)),
    "hidden rights are annulled": _states(ANNULLED),
    "hidden people are deleted": _without_people,
    "hidden names are others": _renamed,
    "strangers are inserted before": _strangers(1, 2),
    "strangers are inserted between": _strangers(150, 151, 250, 450, 451, 850),
    "strangers are inserted after": _strangers(5000, 5001),
    "others are appointed": _others_appointed,
    "others guide": _others_guide,
    "other consents": _other_consents,
    "other statutes": _other_statutes,
    "sources answer in another order": _in_other_order,
    "plans elsewhere are down": _fault(Fault(outcome=Outcome.UNAVAILABLE)),
    "plans elsewhere are garbage": _fault(Fault(outcome=Outcome.INVALID)),
    "plans elsewhere explode": _fault(Fault(raises=True)),
}
