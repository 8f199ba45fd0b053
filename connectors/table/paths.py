"""Along which keys a question is followed from view to view, so that every row that bears on its answer is there.

A key that leads to two owners leads to none, and a right with two holders is shown to neither. So wherever a row is
taken by its owner, the other rows with the same key, or of the same right, are taken too.
"""

from enum import StrEnum
from typing import NamedTuple

from connectors.table.settings import COLUMNS


class Question(StrEnum):
    """What is asked of a source of rows, and of whom."""

    RIGHTS = "rights"
    """By OIDs of persons."""
    HOLDERS = "holders"
    """By OIDs of rights."""
    PLANS = "plans"
    """By OIDs of rights."""
    LEARNERS = "learners"
    APPOINTMENTS = "appointments"
    """By OIDs of those appointed."""
    ASSIGNMENTS = "assignments"
    """By OIDs of those to whom students are assigned."""
    GUIDED = "guided"
    """Every assignment."""


class Step(NamedTuple):
    """Take the rows of a table by one of its columns; the values are those already taken, or those asked for."""

    table: str
    by: str = ""
    """Nothing: take all rows."""
    table_of_values: str = ""
    """Nothing: the values are those that were asked for."""
    values: str = ""


def _steps(*written: str) -> tuple[Step, ...]:
    """Steps such as ``rights.person_key = people.key``; the right side is left out where it is what was asked."""
    return tuple(Step(*(part for side in step.split(" = ") for part in side.split("."))) for step in written)


_OWNERS_OF_RIGHTS = ("rights.key = rights.key", "people.key = rights.person_key")

STEPS: dict[Question, tuple[Step, ...]] = {
    Question.RIGHTS: _steps(
        "people.oid",
        "people.key = people.key",
        "rights.person_key = people.key",
        "rights.key = rights.key",
        "rights.oid = rights.oid",
        *_OWNERS_OF_RIGHTS,
    ),
    Question.HOLDERS: _steps("rights.oid", *_OWNERS_OF_RIGHTS),
    Question.PLANS: _steps(
        "rights.oid",
        "rights.key = rights.key",
        "plans.right_oid",
        "plans.right_key = rights.key",
        "plans.key = plans.key",
        "rights.key = plans.right_key",
        "rights.included_in_oid",
        *_OWNERS_OF_RIGHTS,
        "units.plan_key = plans.key",
        "units.key = units.key",
        "prior_units.plan_key = plans.key",
        "prior_units.key = prior_units.key",
        "periods.unit_key = units.key",
        "periods.key = periods.key",
        "environments.period_key = periods.key",
        "interruptions.period_key = periods.key",
        "demonstrations.unit_key = units.key",
        "demonstrations.prior_key = prior_units.key",
        "demonstrations.key = demonstrations.key",
        "assessors.demonstration_key = demonstrations.key",
        "assessors.prior_key = prior_units.key",
    ),
    Question.LEARNERS: _steps("people"),
    Question.APPOINTMENTS: _steps("appointments.person_oid", "rights.oid = appointments.right_oid", *_OWNERS_OF_RIGHTS),
    Question.GUIDED: _steps("assignments", "people.key = assignments.person_key"),
    Question.ASSIGNMENTS: _steps("assignments.person_oid", "people.key = assignments.person_key"),
}
"""The steps of each question, in order: their number is the most statements that one answer takes per lot of keys."""

WHOLE = _steps(*COLUMNS)
"""Every row of every table."""
