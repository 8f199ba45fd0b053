"""Leaks put in on purpose, each by replacing one part of the gateway: the test of the non-interference test.

The only place where our own code is replaced from outside, so that a leak can sit in any seam of it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest

import hoks.access.decide
import hoks.access.facts
import hoks.access.redact
import hoks.looked
import hoks.merge
import hoks.narrow
import hoks.questions
import hoks.showing
import hoks.viewing
from hoks.access.redact import redact
from hoks.asking import Deadline
from hoks.combined_units import combined_units
from hoks.errors import SourcesUnavailable
from hoks.hints import hints
from hoks.items import Item, items_in
from hoks.looked import Looked, Want
from hoks.organisations import Known
from hoks.paging import Cursor
from hoks.placed import Placed, placed_units
from hoks.plan import Hoks
from hoks.questions import Questions
from hoks.reading import Page, Reader
from hoks.relations import Consent
from hoks.showing import View, show
from hoks.stamp import stamp
from hoks.standing import Standing
from hoks.student import Student
from hoks.viewing import Viewing
from hoks.views import all_findings, workplace_learning
from resolvers.context import Context
from resolvers.cursors import Cursors
from resolvers.graph import Graph
from tests.world.rights import TODAY

Install = Callable[[pytest.MonkeyPatch], None]


class Leak(msgspec.Struct, frozen=True):
    """A leak: how it is put in, who gets to see too much by it, and which change shows it."""

    install: Install
    who: str
    kind: str


def _instead(where: Any, name: str, other: Any) -> Install:
    return lambda patch: patch.setattr(where, name, other)


# --- redaction ------------------------------------------------------------------------------------------------


def _redacting(other: Any) -> Install:
    """Another redaction, of what is kept redacted too."""

    def install(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(hoks.showing, "redact_plan", other)
        patch.setattr(hoks.showing, "redact_right", other)

    return install


def _redacting_with(name: str, other: Any) -> Install:
    """A change within redaction, of which then nothing is kept."""

    def install(patch: pytest.MonkeyPatch) -> None:
        _redacting(redact)(patch)
        patch.setattr(hoks.access.redact, name, other)

    return install


def _redacted_but(**kept: str) -> Any:
    """Redaction after which some fields of a plan are as they were."""

    def leaky(record: Any, seen: Any) -> Any:
        made = redact(record, seen)
        if made is None or not isinstance(record, Hoks):
            return made
        return msgspec.structs.replace(made, **{name: getattr(record, name) for name in kept})

    return leaky


def _ordered_by_the_goal(record: Any, seen: Any) -> Any:
    made = redact(record, seen)
    if not isinstance(made, Hoks) or not isinstance(record, Hoks):
        return made
    goal = record.career_plan_goal
    units = made.planned_vocational_units or ()
    in_order = units if goal is not None and goal.uri.startswith("A") else units[::-1]
    return msgspec.structs.replace(made, planned_vocational_units=in_order)


def _whole_items(record: Any, seen: Any) -> Any:
    return redact(record, items_in(seen))


def _null_told(record: Any, seen: Any) -> Any:
    """A hidden list is null or empty as it is at the source."""
    made = redact(record, seen)
    if made is None or not isinstance(record, Hoks) or made.learning_support is not None:
        return made
    return msgspec.structs.replace(made, learning_support=() if record.learning_support else None)


def _drawn_from(field: str, draw: Callable[[Student], Any]) -> Any:
    """A view drawn from everything that was read."""

    def leaky(record: Any, *rest: Any, **more: Any) -> View | None:
        view = show(record, *rest, **more)
        if view is None:
            return None
        whole = msgspec.structs.replace(view.student, hoksit=record.plans)
        return msgspec.structs.replace(view, student=msgspec.structs.replace(view.student, **{field: draw(whole)}))

    return leaky


def _units_of(student: Student) -> list[Placed]:
    """Every unit that was read, hidden or not."""
    return list(placed_units((plan, frozenset(Item)) for plan in student.hoksit or ()))


def _shown_with(field: str, of: Callable[[Any, Any], Any]) -> Any:
    """A view with one of its own fields told from the whole record and all grants."""

    def leaky(record: Any, grants: Any, *rest: Any, **more: Any) -> View | None:
        view = show(record, grants, *rest, **more)
        return None if view is None else msgspec.structs.replace(view, **{field: of(record, grants)})

    return leaky


def _every_plan(record: Any, _: Any) -> Any:
    return {plan.study_right_oid: plan.study_right_oid for plan in record.plans}


def _every_source(record: Any, _: Any) -> Any:
    return frozenset(source for right in record.rights for source in right.told_by)


def _whole(plan: Hoks, scope: Any, evidence: Any) -> Hoks:
    return plan


# --- merging and stamping -------------------------------------------------------------------------------------


def _ids_by_position(plan: Hoks, provenance: Any, key: bytes) -> Hoks:
    made = stamp(plan, provenance, key)
    units = made.planned_vocational_units or ()
    return msgspec.structs.replace(
        made,
        planned_vocational_units=tuple(
            msgspec.structs.replace(unit, id=f"{plan.study_right_oid}-{place}") for place, unit in enumerate(units)
        ),
    )


_MERGE = hoks.merge.merge


def _newest_wins(*given: Any, **named: Any) -> Any:
    record = _MERGE(*given, **named)
    newest = max((plan.updated_at for plan in record.plans if plan.updated_at), default=None)
    return msgspec.structs.replace(record, plans=tuple(plan for plan in record.plans if plan.updated_at == newest))


def _newest_copy_wins(person: Any, rights: Any, links: Any, told: Any, *, key: bytes) -> Any:
    newest: dict[Any, Any] = {}
    for each in sorted(told, key=lambda each: each.plan.updated_at):
        newest[each.plan.study_right_oid] = msgspec.structs.replace(each, is_owners=True)
    return _MERGE(person, rights, links, newest.values(), key=key)


_LINK_FINDINGS = Looked.link_findings


def _every_link_is_own(looked: Looked) -> Any:
    return tuple(msgspec.structs.replace(each, is_own=True) for each in _LINK_FINDINGS(looked))


# --- deciding -------------------------------------------------------------------------------------------------

_NARROW = hoks.narrow.narrow


def _as_the_only_one(plan: Hoks, scope: Any, evidence: Any) -> Hoks | None:
    return _NARROW(plan, scope, msgspec.structs.replace(evidence, is_only_instructor=Known.YES))


def _approved(patch: pytest.MonkeyPatch) -> None:
    conditions = {**hoks.access.facts.PLAN_CONDITIONS, "the plan has been approved": lambda plan, evidence: True}
    patch.setattr(hoks.access.decide, "PLAN_CONDITIONS", conditions)


def _concluded_anew(name: str, other: Any) -> Install:
    """A change within what is concluded, which is then kept neither before nor after it."""

    def install(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(hoks.access.decide, "_concluded", hoks.access.decide._concluded.__wrapped__)
        patch.setattr(hoks.access.decide, name, other)

    return install


def _ungated_existence(viewing: Viewing, looked: Looked, *rest: Any) -> Any:
    seen = _VIEW(viewing, looked, *rest)
    return SourcesUnavailable("there is something") if seen is None and looked.rights else seen


def _named_if_there(viewing: Viewing, looked: Looked, *rest: Any) -> Any:
    seen = _VIEW(viewing, looked, *rest)
    if seen is not None or not looked.rights:
        return seen
    student = Student(oid=None, name=looked.person.name, study_rights=(), hoksit=())
    oid = looked.person.oid
    return View(
        student=student, grants={}, covering={}, came_from=frozenset(), oid=oid, oids=frozenset(), rights=(), plans=()
    )


_VIEW = Viewing._view


# --- reading --------------------------------------------------------------------------------------------------

_PAGE, _STANDING = Reader.page, Questions.standing


async def _counted_before_filtering(reader: Reader, caller: Any, *, after: Any, first: int, **more: Any) -> Page:
    page = await _PAGE(reader, caller, after=after, first=first, **more)
    deadline = Deadline.of(5)
    listed = await reader._listed(caller, await _STANDING(reader._questions, caller, deadline), deadline)
    return Page(page.views, more=len(listed) > first)


async def _every_statute(questions: Questions, caller: Any, deadline: Any) -> Standing:
    standing = await _STANDING(questions, caller, deadline)
    return msgspec.structs.replace(standing, statutes=questions._sources.statutes)


def _every_status(viewing: Viewing, looked: Looked, view: View, of_plans: Any, **_: Any) -> Any:
    shown = {**looked.heard, **{name: status for name, (_, status) in of_plans.items()}}
    return tuple(shown[each] for each in sorted(shown))


def _asks_for_everything(looked: Looked, sources: Any) -> dict[str, list[Want]]:
    wanted: dict[str, list[Want]] = {}
    for right in looked.rights:
        for each in sources:
            if each.source.provider_oid == looked.provider(right.oid):
                wanted.setdefault(each.source.id, []).append(Want(right.oid, True))
    return wanted


# --- the graph ------------------------------------------------------------------------------------------------


def _oid_in_clear(cursors: Cursors, caller: Any, oid: Any) -> Cursor:
    return Cursor(f"after:{oid}")


_CONTEXT = Context.__init__


def _shared_loaders(patch: pytest.MonkeyPatch) -> None:
    kept: dict[str, Any] = {}

    def leaky(context: Context, *given: Any) -> None:
        _CONTEXT(context, *given)
        context.student = kept.setdefault("student", context.student)  # type: ignore[method-assign]  # the leak

    patch.setattr(Context, "__init__", leaky)


def _answers_by_question(patch: pytest.MonkeyPatch) -> None:
    """A cache of answers whose key leaves out who is asking."""
    kept: dict[int, Any] = {}
    answer = Graph.answer

    async def leaky(graph: Graph, document: Any, name: Any, variables: Any, caller: Any) -> Any:
        if id(document) not in kept:
            kept[id(document)] = await answer(graph, document, name, variables, caller)
        return kept[id(document)]

    patch.setattr(Graph, "answer", leaky)


OTHERS, DELETED = "hidden values are others", "hidden plans are deleted"
GONE, CONSENT = "hidden rights are deleted", "consent recipient"

LEAKS: Mapping[str, Leak] = {
    "nothing is redacted": Leak(_redacting(lambda record, seen: record), CONSENT, OTHERS),
    "support is not redacted": Leak(_redacting(_redacted_but(learning_support="")), "head of training", OTHERS),
    "contact data are not redacted": Leak(_redacting(_redacted_but(student_email="")), "special needs teacher", OTHERS),
    "findings are not filtered by item": Leak(
        _redacting(_redacted_but(findings="")), "head of training", "hidden findings"
    ),
    "provenance without the study right": Leak(
        _redacting(_redacted_but(provenance="")), "authority", "providers have other names"
    ),
    "a hidden list is empty or null": Leak(_redacting(_null_told), CONSENT, "hidden values are null"),
    "units are ordered by a hidden goal": Leak(_redacting(_ordered_by_the_goal), "authority", OTHERS),
    "days open the whole item": Leak(_redacting(_whole_items), "head of training", OTHERS),
    "names open the whole value": Leak(_redacting_with("named", lambda value: value), "instructor", OTHERS),
    "units side by side are drawn before redaction": Leak(
        _instead(
            hoks.viewing, "show", _drawn_from("combined_units", lambda whole: combined_units(_units_of(whole), TODAY))
        ),
        CONSENT,
        OTHERS,
    ),
    "workplace learning is drawn before redaction": Leak(
        _instead(
            hoks.viewing, "show", _drawn_from("workplace_learning", lambda whole: workplace_learning(_units_of(whole)))
        ),
        "assessor",
        OTHERS,
    ),
    "hints are drawn before redaction": Leak(
        _instead(hoks.viewing, "show", _drawn_from("hints", lambda whole: hints(_units_of(whole), TODAY))),
        "authority",
        OTHERS,
    ),
    "findings are gathered before redaction": Leak(
        _instead(hoks.viewing, "show", _drawn_from("findings", all_findings)), "authority", "hidden findings"
    ),
    "what is withheld is told from hidden grants": Leak(
        _instead(hoks.viewing, "show", _shown_with("grants", lambda _, grants: grants)), "responsible teacher", GONE
    ),
    "hidden plans cover rights": Leak(
        _instead(
            hoks.viewing,
            "show",
            _shown_with("covering", _every_plan),
        ),
        "responsible teacher",
        DELETED,
    ),
    "sources from hidden plans": Leak(
        _instead(
            hoks.viewing,
            "show",
            _shown_with("came_from", _every_source),
        ),
        "responsible teacher",
        GONE,
    ),
    "ids of parts by position": Leak(
        _instead(hoks.merge, "stamp", _ids_by_position), "instructor", "hidden units and prior units are inserted"
    ),
    "the newest plan wins by a hidden time": Leak(
        _instead(hoks.viewing, "merge", _newest_wins), "authority", "hidden times at A are others"
    ),
    "nothing is narrowed": Leak(_instead(hoks.access.decide, "narrow", _whole), "instructor", OTHERS),
    "the assessor's plan is not narrowed": Leak(
        _instead(hoks.access.decide, "narrow", _whole),
        "assessor",
        "hidden parts are deleted",
    ),
    "one of several instructors is taken for the only one": Leak(
        _instead(hoks.access.decide, "narrow", _as_the_only_one), "instructor", OTHERS
    ),
    "a period is seen for ever": Leak(_instead(hoks.narrow, "_is_open", lambda end, day: True), "instructor", OTHERS),
    "a consent gives everything": Leak(
        _concluded_anew("_limited", lambda rule, limits, is_in_hiding: rule.items), CONSENT, OTHERS
    ),
    "a provision gives everything": Leak(
        _concluded_anew("_limited", lambda rule, limits, is_in_hiding: rule.items), CONSENT, OTHERS
    ),
    "a withdrawn consent counts": Leak(
        _instead(Consent, "is_in_force", lambda consent, day: True), CONSENT, "other consents"
    ),
    "an approval is not asked for": Leak(_approved, "responsible teacher", OTHERS),
    "assignments in other roles count": Leak(
        _instead(hoks.questions, "of_the_role", lambda assignments, caller, provider: tuple(assignments)),
        "guidance counsellor",
        "others guide",
    ),
    "other authorities' provisions count": Leak(
        _instead(Questions, "standing", _every_statute), "authority without a statute", "other statutes"
    ),
    "an error where something is hidden": Leak(
        _instead(Viewing, "_view", _ungated_existence), "instructor", "hidden people are deleted"
    ),
    "names of those who are hidden": Leak(
        _instead(Viewing, "_view", _named_if_there), "assessor", "hidden people are deleted"
    ),
    "students are counted before they are filtered": Leak(
        _instead(Reader, "page", _counted_before_filtering), "head of training", "strangers are inserted between"
    ),
    "sources tell whether they have hidden rights": Leak(
        _instead(hoks.viewing, "as_shown", lambda status, gave_something: status), "responsible teacher", GONE
    ),
    "every source's status is shown": Leak(_instead(Viewing, "_statuses", _every_status), "assessor", GONE),
    "gaps of sources that nothing was granted from": Leak(
        _instead(Looked, "wanted", _asks_for_everything), "assessor", "plans elsewhere are down"
    ),
}
"""Each is caught by comparing the caller's answers before and after the change."""

OF_THE_CAST: Mapping[str, Leak] = {
    "a finding tells of a hidden link target": Leak(
        _instead(Looked, "link_findings", _every_link_is_own), "staff of C", "hidden rights are deleted"
    ),
    "a finding tells that a hidden link target was annulled": Leak(
        _instead(Looked, "link_findings", _every_link_is_own), "staff of C", "hidden states move, fifth"
    ),
    "a finding tells the school of a hidden link target": Leak(
        _instead(Looked, "link_findings", _every_link_is_own),
        "staff of C",
        "hidden rights are at another school of theirs",
    ),
}
"""Each is caught by comparing what staff are answered before and after the change."""

OF_COPIES: Mapping[str, Install] = {
    "the newest of two copies wins by a hidden time": _instead(hoks.viewing, "merge", _newest_copy_wins),
}
"""Caught by comparing the answers where a hidden time of a partner's copy changes."""

IN_CLEAR: Install = _instead(Cursors, "after", _oid_in_clear)
"""Caught by reading the answers of those who may not know a student's OID."""


def _redacted_for_anybody(patch: pytest.MonkeyPatch) -> None:
    """Redacted plans kept without what may be seen of them."""
    kept: dict[int, Any] = {}

    def leaky(plan: Any, seen: Any) -> Any:
        return kept.setdefault(id(plan), (plan, redact(plan, seen)))[1]

    patch.setattr(hoks.showing, "redact_plan", leaky)


REDACTED_FOR_ANYBODY: Install = _redacted_for_anybody
"""Caught by comparing the answers of who reads whole plans after a stronger caller's with those alone."""

HISTORIES: Mapping[str, Install] = {
    "loaders are shared between callers": _shared_loaders,
    "answers are kept by question": _answers_by_question,
}
"""Caught by comparing the answers after a stronger caller's with those alone."""
