"""Unchanged: whose plans need not be read again, because every source of them says itself that none has changed.

INVARIANT: left unread are only plans whose being seen rests on nothing in them: any other is opened by a day alone.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

import msgspec

from hoks.access.decide import Grant
from hoks.identifiers import LearnerOid, StudyRightOid
from hoks.looked import Looked, Want
from hoks.ports import ChangedPlans
from hoks.study_right import StudyRight


class Heard(msgspec.Struct, frozen=True):
    """What a source said of changes since a moment, and when it was asked."""

    told: ChangedPlans
    asked_at: datetime


class Unchanged:
    """Looks at each student by what sources said of changes."""

    def __init__(
        self, heard: Mapping[str, Heard], known: Mapping[str, datetime], day: date, missed: frozenset[LearnerOid]
    ) -> None:
        """``known``: since when each source was asked; ``missed``: of whom something could not be read before."""
        self._heard = heard
        self._since = min(known.values(), default=None)
        self._day = day
        self._missed = missed
        self._gone = {
            right: (source, moment) for source, each in heard.items() for right, moment in each.told.gone.items()
        }

    def holds(self, looked: Looked, wanted: Mapping[str, Sequence[Want]]) -> bool:
        """Whether nothing that could be told of the student has changed."""
        since = self._since
        if since is None or not wanted or not self._missed.isdisjoint(looked.person.all_oids):
            return False
        return not any(is_new(each.right, since, self._day) for each in looked.rights) and all(
            source in self._heard and all(self._is_as_it_was(each, source, looked) for each in wants)
            for source, wants in wanted.items()
        )

    def gone(self, right: StudyRightOid) -> tuple[str, datetime] | None:
        """Which source says that a right's plan is gone, and since when; nothing where none does."""
        return self._gone.get(right)

    def _is_as_it_was(self, want: Want, source: str, looked: Looked) -> bool:
        told = self._heard[source].told
        return (
            want.right not in told.changed
            and want.right not in told.gone
            and rests_on_no_plan(looked.grants[want.right])
        )


def rests_on_no_plan(grant: Grant) -> bool:
    """Whether what may be seen is the same whatever stands in the plan, so that its absence may be told too."""
    return grant.anything and not grant.is_of_one_plan and not any(each.when_plan for each in grant.allowances)


def is_new(right: StudyRight, known: datetime, day: date) -> bool:
    """Whether the right, which may open plans that are not new themselves, has changed since."""
    if right.updated_at is not None and utc(right.updated_at) > known:
        return True
    return any(known.date() <= period.start_date <= day for period in right.periods or ())


def utc(moment: datetime) -> datetime:
    """The moment with its zone; without one it is in UTC."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
