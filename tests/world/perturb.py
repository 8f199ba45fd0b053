"""Changes to what a caller may not see. Each is applied to everything hidden at once; none may show in an answer."""

from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Literal

import msgspec

from hoks.competence import CompetenceAcquisition
from hoks.identifiers import LearnerOid, OrganisationOid
from hoks.plan import Hoks
from hoks.student import Person
from hoks.study_right import StudyRight
from hoks.units import PlannedLocalUnit, PlannedVocationalUnit
from hoks.values import Code
from tests.world.cast import NUMBER, OIDS, Cast, Hidden, Plans, person_of, plan_of
from tests.world.places import A_SCHOOL, A_SECOND_SCHOOL, LETTER_OF, UNHEARD_OF, A, B, C, D
from tests.world.ports import Fault
from tests.world.rights import (
    ANNULLED,
    CURRENT,
    FIVE_YEARS_AND_A_DAY_AGO,
    LAST_DAY,
    ONE_YEAR_AGO,
    SUSPENDED,
    UNKNOWN,
    UPCOMING,
    WITHOUT_STATE,
    Periods,
    ended,
    learner,
    right,
    right_oid,
)
from tests.world.world import plans_source

Perturbation = Callable[[Cast, Hidden], Cast]

_FIRST = Code(uri="tutkinnonosat_000001")


# --- inside plans ---------------------------------------------------------------------------------------------


def _hidden_plans(change: Callable[[Hoks], Hoks]) -> Perturbation:
    def perturb(cast: Cast, hidden: Hidden) -> Cast:
        plans = {
            name: tuple((holder, change(plan)) for holder, plan in held) if name in hidden.all_plans else held
            for name, held in cast.plans.items()
        }
        return msgspec.structs.replace(cast, plans=plans)

    return perturb


def _other_values(plan: Hoks) -> Hoks:
    return msgspec.structs.replace(
        plan,
        career_plan_goal=Code(uri="urasuunnitelma_0002"),
        student_phone="+358 50 000",
        competence_acquisition_needed=False,
        version=9,
        planned_local_units=(PlannedLocalUnit(name="Another name"),),
    )


def _longer_values(plan: Hoks) -> Hoks:
    return msgspec.structs.replace(
        plan,
        student_email="x" * 400,
        planned_local_units=(PlannedLocalUnit(name="long " * 200, goals_and_contents="long " * 200),),
    )


def _emptied(plan: Hoks) -> Hoks:
    return Hoks(
        study_right_oid=plan.study_right_oid, student_oid=plan.student_oid, first_approved_on=plan.first_approved_on
    )


def _without_names(plan: Hoks) -> Hoks:
    return msgspec.structs.replace(plan, student_oid=None, student_email=None, career_plan_goal=None)


def _with_one_more_unit(plan: Hoks) -> Hoks:
    first = PlannedVocationalUnit(
        unit=_FIRST,
        essential_circumstance_exists=True,
        acquisitions=(CompetenceAcquisition(start_date=date(1999, 1, 1), end_date=date(1999, 1, 2)),),
    )
    return msgspec.structs.replace(
        plan, planned_vocational_units=(first, *(plan.planned_vocational_units or ()), first)
    )


def _reordered(plan: Hoks) -> Hoks:
    return msgspec.structs.replace(
        _with_one_more_unit(plan),
        planned_vocational_units=tuple(reversed(_with_one_more_unit(plan).planned_vocational_units or ())),
    )


def _updated_today(plan: Hoks) -> Hoks:
    return msgspec.structs.replace(plan, updated_at=None, approved_at=None, deleted_at=plan.updated_at)


def _without_plans(cast: Cast, hidden: Hidden) -> Cast:
    plans = {name: held for name, held in cast.plans.items() if name not in hidden.all_plans}
    return msgspec.structs.replace(cast, plans=plans)


def _plans_twice(cast: Cast, hidden: Hidden) -> Cast:
    plans: dict[str, Plans] = {}
    for name, held in cast.plans.items():
        again = tuple((holder, _other_values(plan)) for holder, plan in held) if name in hidden.all_plans else ()
        plans[name] = (*again, *held)
    return msgspec.structs.replace(cast, plans=plans)


def _sources_in_other_order(cast: Cast, hidden: Hidden) -> Cast:
    return msgspec.structs.replace(
        cast,
        plans=dict(reversed(list(cast.plans.items()))),
        rights=dict(reversed(list(cast.rights.items()))),
        people=dict(reversed(list(cast.people.items()))),
    )


# --- contact data in visible plans ----------------------------------------------------------------------------


def _contacts(email: str | None, phone: str | None) -> Perturbation:
    def perturb(cast: Cast, hidden: Hidden) -> Cast:
        plans = {
            name: tuple((holder, _contact(plan, email, phone)) for holder, plan in held)
            if name in hidden.contacts
            else held
            for name, held in cast.plans.items()
        }
        return msgspec.structs.replace(cast, plans=plans)

    return perturb


def _contact(plan: Hoks, email: str | None, phone: str | None) -> Hoks:
    return msgspec.structs.replace(
        plan,
        student_email=email,
        student_phone=phone,
        planned_vocational_units=tuple(
            msgspec.structs.replace(
                unit, acquisitions=tuple(_instructor(each, email, phone) for each in unit.acquisitions or ())
            )
            for unit in plan.planned_vocational_units or ()
        ),
    )


def _instructor(acquisition: CompetenceAcquisition, email: str | None, phone: str | None) -> CompetenceAcquisition:
    place = acquisition.workplace_learning
    if place is None or place.responsible_workplace_instructor is None:
        return acquisition
    instructor = msgspec.structs.replace(place.responsible_workplace_instructor, email=email, phone=phone)
    named = msgspec.structs.replace(place, responsible_workplace_instructor=instructor)
    return msgspec.structs.replace(acquisition, workplace_learning=named)


# --- rights ---------------------------------------------------------------------------------------------------

_STAY_HIDDEN: Mapping[str, tuple[Periods, ...]] = {
    "1A old": tuple(ended(date(year, 2, 3)) for year in (2017, 2018, 2019, 2020, 2021)),
    "7A": (ended(FIVE_YEARS_AND_A_DAY_AGO), ended(date(2017, 1, 1)), ANNULLED, UNKNOWN, WITHOUT_STATE),
    "1B": (UPCOMING, SUSPENDED, LAST_DAY, ended(ONE_YEAR_AGO), ANNULLED),
    "2C": (UPCOMING, SUSPENDED, LAST_DAY, ended(ONE_YEAR_AGO), ANNULLED),
    "3C": (UPCOMING, SUSPENDED, LAST_DAY, ended(ONE_YEAR_AGO), ANNULLED),
    "8B": (UPCOMING, SUSPENDED, LAST_DAY, ended(ONE_YEAR_AGO), ANNULLED),
    "10A second": (UPCOMING, SUSPENDED, LAST_DAY, ended(ONE_YEAR_AGO), ANNULLED),
    "1D": (UNKNOWN, WITHOUT_STATE, ANNULLED, UNKNOWN, WITHOUT_STATE),
    "6A": (UNKNOWN, WITHOUT_STATE, ANNULLED, UNKNOWN, WITHOUT_STATE),
    "8D": (ANNULLED, WITHOUT_STATE, UNKNOWN, ANNULLED, WITHOUT_STATE),
}
"""States that leave a right hidden from everyone from whom it is hidden; other rights may be in any state."""

_ANY_STATE = (UPCOMING, SUSPENDED, LAST_DAY, ended(ONE_YEAR_AGO), ANNULLED)
_STANDS = (SUSPENDED, LAST_DAY, CURRENT, SUSPENDED, LAST_DAY)
"""States in which a link to the right is worth the same."""


def _hidden_rights(change: Callable[[str, StudyRight], StudyRight], *, but_own_links: bool = False) -> Perturbation:
    def perturb(cast: Cast, hidden: Hidden) -> Cast:
        touched = hidden.all_rights - (hidden.own_links if but_own_links else frozenset())
        rights = {name: change(name, held) if name in touched else held for name, held in cast.rights.items()}
        return msgspec.structs.replace(cast, rights=rights)

    return perturb


def _state(place: int) -> Perturbation:
    def perturb(cast: Cast, hidden: Hidden) -> Cast:
        def moved(name: str, held: StudyRight) -> StudyRight:
            states = _STANDS if name in hidden.own_links else _STAY_HIDDEN.get(name, _ANY_STATE)
            return msgspec.structs.replace(held, periods=states[place])

        return _hidden_rights(moved)(cast, hidden)

    return perturb


def _other_right_values(_: str, held: StudyRight) -> StudyRight:
    return msgspec.structs.replace(
        held,
        type_code=Code(uri="opiskeluoikeudentyyppi_tuva"),
        estimated_end_date=date(2040, 1, 1),
        purchased=True,
        version=77,
    )


def _unheard_of_site(_: str, held: StudyRight) -> StudyRight:
    return msgspec.structs.replace(
        held, site=msgspec.structs.replace(held.school, oid=UNHEARD_OF) if held.school else None
    )


def _at_another_school(_: str, held: StudyRight) -> StudyRight:
    """A link that names the right's school then names the wrong one."""
    if held.school is None or held.school.oid != A_SCHOOL:
        return held
    return msgspec.structs.replace(held, school=msgspec.structs.replace(held.school, oid=A_SECOND_SCHOOL))


def _without_rights(cast: Cast, hidden: Hidden) -> Cast:
    gone = hidden.rights - hidden.own_links
    return msgspec.structs.replace(
        cast,
        rights={name: held for name, held in cast.rights.items() if name not in gone},
        plans={name: held for name, held in cast.plans.items() if name not in gone},
    )


def _inserted_rights(place: Literal["before", "between", "after"], states: Periods) -> Perturbation:
    """A right with a plan for everyone, at a provider that has none of theirs, in a state hidden from all staff."""

    def perturb(cast: Cast, hidden: Hidden) -> Cast:
        rights, plans = dict(cast.rights), dict(cast.plans)
        for person, oid in OIDS.items():
            if person == hidden.myself and states == ANNULLED:
                continue
            first = min(number for name, number in NUMBER.items() if person_of(name) == person)
            number = {"before": person, "between": first + 50, "after": 9000 + person}[place]
            for provider in _elsewhere(cast, oid):
                name = f"{person}{LETTER_OF[provider]} inserted"
                rights[name] = right(right_oid(number), oid, provider, states)
                plans[name] = ((provider, plan_of(rights[name], name)),)
        return msgspec.structs.replace(cast, rights=rights, plans=plans)

    return perturb


def _elsewhere(cast: Cast, oid: LearnerOid) -> tuple[OrganisationOid, ...]:
    """One provider with whom the student has no right at all."""
    known = {held.provider.oid for held in cast.rights.values() if held.student_oid == oid and held.provider}
    return tuple(each for each in (D, B, C) if each not in known)[:1]


# --- people ---------------------------------------------------------------------------------------------------


def _without_people(cast: Cast, hidden: Hidden) -> Cast:
    return msgspec.structs.replace(
        cast,
        people={number: each for number, each in cast.people.items() if number not in hidden.people},
        rights={name: each for name, each in cast.rights.items() if name not in hidden.all_rights - hidden.rights},
        plans={
            name: each
            for name, each in cast.plans.items()
            if name not in msgspec.structs.replace(hidden, rights=frozenset(), plans=frozenset()).all_plans
        },
    )


def _renamed(cast: Cast, hidden: Hidden) -> Cast:
    people = {
        number: msgspec.structs.replace(
            each, name="Someone With A Longer Name", aliases=frozenset({learner(7000 + number)})
        )
        if number in hidden.people
        else each
        for number, each in cast.people.items()
    }
    return msgspec.structs.replace(cast, people=people)


def _strangers(numbers: Collection[int]) -> Perturbation:
    """New people whom nobody sees, at every provider: annulled, or over for more than five years."""

    def perturb(cast: Cast, hidden: Hidden) -> Cast:
        people, rights, plans = dict(cast.people), dict(cast.rights), dict(cast.plans)
        for number in numbers:
            people[100_000 + number] = Person(oid=learner(number), name="Stranger")
            for place, provider in enumerate((A, B, C, D)):
                states = ANNULLED if number % 2 else ended(FIVE_YEARS_AND_A_DAY_AGO)
                held = right(right_oid(20_000 + 10 * number + place), learner(number), provider, states)
                name = f"{number}{LETTER_OF[provider]} stranger"
                rights[name], plans[name] = held, ((provider, plan_of(held, name)),)
        return msgspec.structs.replace(cast, people=people, rights=rights, plans=plans)

    return perturb


# --- faults ---------------------------------------------------------------------------------------------------


def faulty_plans(fault: Fault, *providers: OrganisationOid) -> Perturbation:
    """Sources of plans that fail."""
    return lambda cast, hidden: msgspec.structs.replace(cast, faults={plans_source(each): fault for each in providers})


OF_PLANS: Mapping[str, Perturbation] = {
    "hidden values are others": _hidden_plans(_other_values),
    "hidden values are longer": _hidden_plans(_longer_values),
    "hidden values are null": _hidden_plans(_emptied),
    "hidden plans name nobody": _hidden_plans(_without_names),
    "hidden plans have units before and after": _hidden_plans(_with_one_more_unit),
    "hidden lists are in another order": _hidden_plans(_reordered),
    "hidden times are others": _hidden_plans(_updated_today),
    "hidden plans are deleted": _without_plans,
    "hidden plans stand twice": _plans_twice,
    "hidden contacts are others": _contacts("other@students.example", "+358 40 111"),
    "hidden contacts are longer": _contacts("y" * 300, "5" * 100),
    "hidden contacts are null": _contacts(None, None),
    "sources answer in another order": _sources_in_other_order,
}
"""Changes that leave rights as they are, and so what is asked of every source."""

OF_RIGHTS: Mapping[str, Perturbation] = {
    "hidden rights have other values": _hidden_rights(_other_right_values),
    "hidden rights are at a site nobody knows": _hidden_rights(_unheard_of_site, but_own_links=True),
    "hidden rights are at another school of theirs": _hidden_rights(_at_another_school, but_own_links=True),
    "hidden rights are deleted": _without_rights,
    "hidden states move, first": _state(0),
    "hidden states move, second": _state(1),
    "hidden states move, third": _state(2),
    "hidden states move, fourth": _state(3),
    "hidden states move, fifth": _state(4),
    "annulled rights are inserted before": _inserted_rights("before", ANNULLED),
    "annulled rights are inserted between": _inserted_rights("between", ANNULLED),
    "annulled rights are inserted after": _inserted_rights("after", ANNULLED),
    "rights over for five years are inserted": _inserted_rights("between", ended(FIVE_YEARS_AND_A_DAY_AGO)),
    "hidden people are deleted": _without_people,
    "hidden people have other names": _renamed,
    "strangers are inserted before": _strangers((1, 2)),
    "strangers are inserted between": _strangers((150, 151, 250, 450, 451, 850)),
    "strangers are inserted after": _strangers((5000, 5001)),
}
"""Changes of rights and people."""
