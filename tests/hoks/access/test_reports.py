"""Who may ask about many students at once: the examples under each report, and what a report cannot be without."""

import re
from collections.abc import Iterator

import pytest

from hoks.access.reports import CONDITIONS, About, Report, ReportExample, answering
from hoks.access.rules import PolicyError, read_policy
from hoks.caller import Role
from hoks.items import Item, Slice
from tests.hoks.access.test_rules import GOOD
from tests.world.world import real_policy

POLICY = real_policy()
TEXT = """
[[report]]
id = "groups"
title = "A group"
about = "group"
who = ["staff"]
when = ["students of the group have a right at the acting organisation"]
items = ["ID.names", "D1"]
ground = { law = "531/2017", source = ["001:216"], code = "G5" }
interpretation = true
[[report.example]]
story = "their own"
given = ["students of the group have a right at the acting organisation"]
answered = true
[[report.example]]
story = "another's"
given = []
answered = false
"""


def examples() -> Iterator[tuple[Report, Role, ReportExample]]:
    """Every example for every role."""
    for report in POLICY.reports:
        for example in report.examples:
            for role in sorted(report.who):
                yield report, role, example


@pytest.mark.parametrize(
    ("report", "role", "example"),
    [pytest.param(*each, id=f"{each[0].id}: {each[1]}: {each[2].story}") for each in examples()],
)
def test_the_policy_answers_as_the_example_says(report: Report, role: Role, example: ReportExample) -> None:
    found = answering(POLICY.reports, report.about, role, example.given)
    assert found == (report if example.answered else None)


@pytest.mark.parametrize("about", About)
def test_a_role_that_no_report_names_is_answered_nothing_whatever_holds(about: About) -> None:
    named = frozenset[Role]().union(*(each.who for each in POLICY.reports if each.about is about))
    for role in set(Role) - named:
        assert answering(POLICY.reports, about, role, CONDITIONS[about]) is None


def test_those_who_may_ask_are_these() -> None:
    who = {each.id: sorted(role.value for role in each.who) for each in POLICY.reports}
    assert who["group-assigned"] == [
        "guidance_counsellor",
        "responsible_teacher",
        "school_social_worker",
        "special_needs_teacher",
    ]
    assert who["group-own"] == ["staff", "system"]
    assert who["changes-own"] == ["system"]
    assert who["findings-own"] == ["staff", "system"]
    assert who["summary-own"] == ["head_of_training", "staff", "system"]


@pytest.mark.parametrize("report", [each for each in POLICY.reports if each.about is About.GROUP], ids=lambda it: it.id)
def test_a_group_is_never_shown_what_is_a_students_own(report: Report) -> None:
    hidden = {f"D{number}" for number in (3, 4, 5, "6u", "6d", 7, 8, 9, "11b", 12, 13)} | {"W1", "W2", "W3", "Cs", "Ci"}
    named = {each.item.value if isinstance(each, Slice) else each.value for each in report.items}
    assert named.isdisjoint(hidden)
    assert Item.ID not in report.items, "the name, and not the learner number"
    assert Item.G not in report.items, "days, and no text"
    assert Item.D10 not in report.items


def test_only_counts_are_made_of_what_the_caller_is_not_shown() -> None:
    assert [each.id for each in POLICY.reports if each.counts_only] == ["summary-own"]


def test_every_report_cites_the_law_and_lines_of_the_source() -> None:
    for report in POLICY.reports:
        assert report.ground.law
        assert all(re.fullmatch(r"\d{3}:\d+(-\d+)?", line) for line in report.ground.source), report.id


def test_a_report_is_read_from_the_text_of_the_rules() -> None:
    (report,) = read_policy(GOOD + TEXT).reports
    assert (report.id, report.about, report.who) == ("groups", About.GROUP, frozenset({Role.STAFF}))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('id = "groups"', 'id = "student-self"', "student-self"),
        ('about = "group"', 'about = "everything"', "about"),
        ('who = ["staff"]', "who = []", "`who`"),
        ('when = ["students', 'when = ["pupils', "unknown condition `pupils"),
        ('items = ["ID.names", "D1"]', 'items = ["D99"]', "D99"),
        ("answered = true", "answered = false", "needs an example"),
        ('law = "531/2017"', 'law = ""', "ground.law"),
        ("interpretation = true", "interpretation = true\nextra = 1", "extra"),
    ],
)
def test_a_report_that_cannot_be_used_stops_the_start_and_is_named(old: str, new: str, says: str) -> None:
    with pytest.raises(PolicyError, match=r"report 1|student-self") as refused:
        read_policy(GOOD + TEXT.replace(old, new))
    assert says in str(refused.value)


def test_a_report_without_a_condition_is_refused() -> None:
    text = re.sub(r"when = .*", "when = []", TEXT)
    with pytest.raises(PolicyError, match="without a condition"):
        read_policy(GOOD + text)
