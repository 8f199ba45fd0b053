"""The students of the comparison, each with a plan at provider A and one at provider B: invented, as many as wanted.

A few plans are made by the sandbox's own scribe; every student has one of them under OIDs of their own. Nothing here
depends on a clock or on chance, so that every process sees the same world.
"""

import json
from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Any

from bench.question import Json, filled
from hoks.identifiers import with_check_digit
from sandbox import BUSINESS_DAY
from sandbox.cast import Letter
from sandbox.organisations import organisation, site_of
from sandbox.parts import PlanOrder
from sandbox.plans import make_plan
from sandbox.rights import koski_right
from sandbox.texts import texts
from sandbox.world import Person, StatusPeriod, StudyRight, World

PROVIDERS: tuple[Letter, Letter] = ("A", "B")
TRAITS = frozenset({"prior", "local", "environments", "apprenticeship"})
UNITS = {
    "hankittavat-ammat-tutkinnon-osat": 3,
    "hankittavat-yhteiset-tutkinnon-osat": 2,
    "aiemmin-hankitut-ammat-tutkinnon-osat": 2,
    "aiemmin-hankitut-yhteiset-tutkinnon-osat": 1,
    "aiemmin-hankitut-paikalliset-tutkinnon-osat": 1,
}
"""How many units of each kind a plan has at most."""
SHAPES = 7
"""How many different plans there are of each provider."""
START, END = date(2025, 8, 11), date(2028, 6, 2)
LISTED = 500
"""How many of the students are on provider A's list."""

_LEARNER, _RIGHT, _EID = "@learner@", "@right@", "@eid@"
_NUMBER = 987_654_321
_FIRST, _APART = 7_000_000_000, 1_000_000


def learner_oid(student: int) -> str:
    """The OID of a student, who are numbered from 0."""
    return with_check_digit("98", f"{_FIRST + student}")


def right_oid(student: int, provider: int) -> str:
    """The OID of a student's right at A (0) or B (1); A's comes first."""
    return with_check_digit("15", f"{_FIRST + _APART * provider + student}")


def student_of(oid: str) -> int | None:
    """The student with a learner's OID."""
    arc = oid.rpartition(".")[2]
    student = int(arc[:10]) - _FIRST if arc.isdigit() else -1
    return student if student >= 0 and learner_oid(student) == oid else None


def student_with(right: str, provider: int) -> int | None:
    """The student with a right at a provider."""
    arc = right.rpartition(".")[2]
    student = int(arc[:10]) - _FIRST - _APART * provider if arc.isdigit() else -1
    return student if 0 <= student < _APART and right_oid(student, provider) == right else None


def plan_number(student: int, provider: int) -> int:
    """The plan's number at its source."""
    return 1_000 + 2 * student + provider


def provider_oid(provider: int) -> str:
    """The OID of a provider: A, B, and after them those at which nobody studies."""
    if provider < len(PROVIDERS):
        return organisation(PROVIDERS[provider]).oid
    return with_check_digit("10", f"{8_800_000_000 + provider}")


def plan(student: int, provider: int, times: int = 1) -> Json:
    """The plan as the wire has it; ``times`` over, its units so many times as many."""
    document = json.loads(plan_bytes(student, provider, times))
    assert isinstance(document, dict)
    return document


def plan_bytes(student: int, provider: int, times: int = 1) -> bytes:
    """The same as JSON."""
    return (
        _shape(student % SHAPES, provider, times)
        .replace(_LEARNER.encode(), learner_oid(student).encode())
        .replace(_RIGHT.encode(), right_oid(student, provider).encode())
        .replace(_EID.encode(), f"eid-{student}-{provider}".encode())
        .replace(b"%d" % _NUMBER, b"%d" % plan_number(student, provider))
    )


@cache
def _shape(shape: int, provider: int, times: int) -> bytes:
    letter = PROVIDERS[provider]
    order = PlanOrder(
        right_oid=_RIGHT,
        learner_oid=_LEARNER,
        student_name="Nimi Keksitty",
        provider=letter,
        school_key=f"{letter}-school",
        start=START,
        end=END,
        qualification=texts().qualification[provider],
        traits=TRAITS if provider == 0 else frozenset({"prior"}),
    )
    document = make_plan(order, source_id=_NUMBER, seed=shape) | {"eid": _EID}
    for units, number in UNITS.items():
        # Not at all is the smallest plan: one unit of what is planned, and nothing before it.
        held = document[units][:number] if times else document[units][: number - 1]
        document[units] = [_copy(each, copy) for copy in range(max(times, 1)) for each in held]
    return _compact(filled(document))


def _copy(part: Any, copy: int) -> Any:
    """The same part with keys of its own."""
    if isinstance(part, list):
        return [_copy(each, copy) for each in part]
    if not isinstance(part, dict):
        return part
    keys = ("module-id", "yksiloiva-tunniste")
    return {key: f"{held}-{copy}" if key in keys and copy else _copy(held, copy) for key, held in part.items()}


def right_bytes(student: int, provider: int) -> bytes:
    """The right as Koski has it."""
    template = _right_shape(provider)
    return template.replace(_LEARNER.encode(), learner_oid(student).encode()).replace(
        _RIGHT.encode(), right_oid(student, provider).encode()
    )


@cache
def _right_shape(provider: int) -> bytes:
    letter = PROVIDERS[provider]
    school = organisation(f"{letter}-school")
    right = StudyRight(
        key="",
        oid=_RIGHT,
        person=Person(number=0, oid=_LEARNER, slaves=(), family_name="Keksitty", given_names="Nimi"),
        provider=letter,
        school=school,
        site=site_of(f"{letter}-school"),
        type="ammatillinenkoulutus",
        periods=(StatusPeriod(state="lasna", start=START),),
        estimated_end=END,
        qualification=texts().qualification[provider],
        purchased=False,
        included_in=None,
        known_as=_LEARNER,
        recorded_under=_LEARNER,
    )
    nobody = World(people=(), rights=(), plans=(), large_group=(), _right_by_oid={}, _person_by_alias={})
    return _compact(koski_right(right, nobody))


def _compact(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def students(number: int) -> Iterator[str]:
    """The OIDs of so many students."""
    return map(learner_oid, range(number))


TODAY = BUSINESS_DAY
