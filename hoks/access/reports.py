"""Reports: questions about many students at once, and who may ask them. Part of the policy, read beside the rules.

A report never opens a plan: each student in it is looked at under the rules, and of what they give only the items that
the report names go into its answer.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum

import msgspec

from hoks.caller import Role
from hoks.items import Seen


class About(StrEnum):
    """The questions about many students."""

    GROUP = "group"
    SUMMARY = "summary"
    FINDINGS = "findings"
    CHANGES = "changes"


CONDITIONS: Mapping[About, frozenset[str]] = {
    About.GROUP: frozenset(
        {
            "students of the group are assigned to the caller",
            "students of the group have a right at the acting organisation",
        }
    ),
    About.SUMMARY: frozenset({"the organisation asked about is the acting one"}),
    About.FINDINGS: frozenset({"the organisation asked about is the acting one"}),
    About.CHANGES: frozenset({"the students have a right at the acting organisation"}),
}
"""What a report may ask to hold, each in the rules' own words."""


class ReportExample(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A story under a report: what is known to hold, and whether it is answered. All else is known not to hold."""

    story: str
    given: tuple[str, ...]
    answered: bool


class ReportGround(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a report is answered: the law, the lines of the source documents, and the short code of the ground."""

    law: str
    source: tuple[str, ...]
    code: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the policy on questions about many students."""

    id: str
    title: str
    about: About
    who: frozenset[Role]
    when: tuple[str, ...]
    items: Seen
    """What its answer may be made of."""
    counts_only: bool
    """Whether it tells of no single student, so that it counts what a provider's staff would see."""
    ground: ReportGround
    interpretation: bool
    examples: tuple[ReportExample, ...]


class ReportText(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A report as the rules write it."""

    id: str
    title: str
    about: About
    who: tuple[Role, ...]
    when: tuple[str, ...]
    items: tuple[str, ...]
    counts_only: bool = False
    ground: ReportGround
    interpretation: bool
    example: tuple[ReportExample, ...] = ()


def report_of(text: ReportText, items: Seen) -> Report:
    """The report that is written. Raises ``ValueError`` with what is wrong and what would be accepted."""
    for place in (text.when, *(example.given for example in text.example)):
        for condition in sorted(set(place) - CONDITIONS[text.about]):
            accepted = "; ".join(sorted(CONDITIONS[text.about]))
            raise ValueError(f"unknown condition `{condition}`; accepted are {accepted}")
    if not text.when:
        raise ValueError("when: a report without a condition would be answered to everybody; name at least one")
    if not text.who or not text.items or not text.ground.law or not text.ground.source:
        raise ValueError("`who`, `items`, `ground.law` and `ground.source` need at least one entry each")
    if {example.answered for example in text.example} != {True, False}:
        raise ValueError("needs an example that is answered and one that is not")
    return Report(
        id=text.id,
        title=text.title,
        about=text.about,
        who=frozenset(text.who),
        when=text.when,
        items=items,
        counts_only=text.counts_only,
        ground=text.ground,
        interpretation=text.interpretation,
        examples=text.example,
    )


def answering(reports: Collection[Report], about: About, role: Role, known: Collection[str]) -> Report | None:
    """The report by which a caller in ``role`` is answered, when exactly the conditions ``known`` hold."""
    met = (each for each in reports if each.about is about and role in each.who and set(each.when) <= set(known))
    return min(met, key=lambda each: each.id, default=None)
