"""Plans of students who were decided on: fetched, merged with their rights, and redacted by the grants."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence

import msgspec

from hoks.access.decide import is_own
from hoks.asking import Deadline
from hoks.errors import SourcesUnavailable
from hoks.identifiers import LearnerOid, StudyRightOid
from hoks.labelled import labelled
from hoks.looked import Looked, Want
from hoks.merge import merge
from hoks.organisations import Known
from hoks.outcomes import FAILED, HEALTHY, Outcome
from hoks.ports import Labels, Source
from hoks.questions import LEARNER_REGISTER, Questions
from hoks.showing import View, show
from hoks.sitting import Sitting
from hoks.student import SourceStatus
from hoks.told import PlansReply, all_read, as_shown, told_plans, worse_of

CANNOT_TELL = "the sources of the acting organisation did not answer"

SOURCES = "Student.sources"
"""The coordinate in the graph of how the sources answered."""

Selected = Collection[str] | None
"""The coordinates of the graph that are asked for; nothing where all of them may be."""

Seen = View | SourcesUnavailable | None
"""A student as a caller may see them, that it cannot be told, or nothing."""


class Viewing:
    """Shows students who were looked at: every source of plans is asked once."""

    def __init__(self, questions: Questions, *, part_key: bytes, labels: Labels | None) -> None:
        self._questions = questions
        self._part_key = part_key
        self._labels = labels

    async def all(
        self, looked: Sequence[Looked], deadline: Deadline, selected: Selected = None
    ) -> dict[LearnerOid, Seen]:
        """Each student as the caller may see them, by master OID, with every view or those that are selected."""
        wanted = [each.wanted(self._questions.of_plans) for each in looked]
        plans = await self._questions.plans(_by_source(wanted), deadline)
        return {
            each.person.oid: self._view(each, want, plans, selected) for each, want in zip(looked, wanted, strict=True)
        }

    def _view(
        self,
        looked: Looked,
        wanted: Mapping[str, Sequence[Want]],
        plans: Mapping[str, tuple[Source, PlansReply]],
        selected: Selected = None,
        *,
        is_named: bool = True,
    ) -> Seen:
        told, statuses = told_plans(looked, wanted, plans)
        record = merge(
            looked.person,
            looked.rights,
            looked.links,
            told,
            key=self._part_key,
        )
        evidence = looked.evidence(record.plans, all_known=all_read(wanted, plans))
        view = show(
            record,
            looked.grants,
            looked.person_items,
            evidence,
            looked.link_findings(),
            key=self._part_key,
            labels=self._labels if is_named else None,
            selected=selected,
        )
        if view is not None:
            origins = looked.origins(record, evidence)
            owned = frozenset(each.oid for each in looked.rights if looked.situation.owns(each) is Known.YES)
            view = msgspec.structs.replace(
                view,
                own=owned.intersection(view.rights),
                right_origins=origins[0],
                plan_origins=origins[1],
                appoints_in=looked.appoints_in,
                is_own=is_own(looked.role, looked.situation),
            )
            is_asked_for = selected is None or SOURCES in selected
            return view.with_sources(self._statuses(looked, view, statuses, is_asked_for=is_asked_for))
        down = looked.own_sources_are_down(self._questions.of_rights)
        return SourcesUnavailable(CANNOT_TELL) if down else None

    def _statuses(
        self,
        looked: Looked,
        view: View,
        of_plans: Mapping[str, tuple[Source, SourceStatus]],
        *,
        is_asked_for: bool = True,
    ) -> tuple[SourceStatus, ...]:
        """The sources in the caller's scope; where nobody asks for them, those alone that did not answer well.

        INVARIANT: a healthy source appears only where everyone with this relation would see it, or where something
        visible came from it, and says only whether something visible did; so it tells nothing about a hidden plan or
        right. A source that failed under a grant is a gap and is shown.
        """
        unwell = looked.heard.answering.unwell
        of_rights = self._questions.of_rights if is_asked_for or unwell else ()
        told = (each for each in of_rights if is_asked_for or each.id in unwell)
        shown = {each.id: looked.heard[each.id] for each in told if looked.sees_source(each)}
        for source_id, (source, status) in of_plans.items():
            if status.outcome in HEALTHY and not is_asked_for:
                continue
            if status.outcome in FAILED or source_id in view.came_from or looked.is_own_source(source):
                shown[source_id] = worse_of(shown[source_id], status) if source_id in shown else status
        if not looked.identity_is_known:
            shown[LEARNER_REGISTER] = SourceStatus(source=LEARNER_REGISTER, outcome=Outcome.UNAVAILABLE)
        statuses = (as_shown(shown[each], gave_something=each in view.came_from) for each in sorted(shown))
        return tuple(labelled(each, self._labels) for each in statuses)

    async def in_turn(
        self, looked: Sequence[Looked], sitting: Sitting, selected: Selected, *, is_named: bool
    ) -> AsyncIterator[Seen]:
        """The same one by one, in the order given; others are served in between. Over time, none can be told."""
        wanted = [each.wanted(self._questions.of_plans) for each in looked]
        is_over = sitting.is_over
        plans = {} if is_over else await self._questions.plans(_by_source(wanted), sitting.rest().deadline)
        for each, want in zip(looked, wanted, strict=True):
            yield (
                SourcesUnavailable(CANNOT_TELL)
                if is_over
                else self._view(each, want, plans, selected, is_named=is_named)
            )
            await asyncio.sleep(0)


def _by_source(wanted: Sequence[Mapping[str, Sequence[Want]]]) -> dict[str, set[StudyRightOid]]:
    """The rights whose plans are wanted of each source, by source id."""
    keys: dict[str, set[StudyRightOid]] = {}
    for each in wanted:
        for source_id, wants in each.items():
            keys.setdefault(source_id, set()).update(want.right for want in wants)
    return keys
