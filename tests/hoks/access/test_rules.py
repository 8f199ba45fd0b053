import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import hoks.access
from hoks.access.decide import conclude
from hoks.access.facts import CONDITIONS, PLAN_CONDITIONS
from hoks.access.rules import Example, Limit, Policy, PolicyError, Rule, read_policy
from hoks.caller import Role
from hoks.items import Aspect, Item, Seen, Slice
from hoks.narrow import Evidence
from hoks.organisations import Known
from hoks.plan import Hoks
from tests.hoks.stories import A1, DAY

TEXT = (Path(hoks.access.__file__).parent / "rules.toml").read_text(encoding="utf-8")
POLICY = read_policy(TEXT)
APPROVED = "the plan has been approved"

GOOD = """
[items]
content = ["D1", "D2u"]

[[rule]]
id = "student-self"
title = "A student sees who they are"
who = ["student"]
about = "person"
when = ["the caller is the student"]
items = ["ID"]
ground = { law = "531/2017 109 a §", source = ["004:35"], code = "S1" }
interpretation = false
[[rule.example]]
story = "the student asks"
given = ["the caller is the student"]
gets = ["ID"]
[[rule.example]]
story = "somebody else asks"
given = []
gets = []

[[rule]]
id = "provider-own"
title = "A provider sees its own"
who = ["staff", "system"]
about = "plan"
when = ["the right is valid today"]
when_plan = ["the plan has been approved"]
items = ["SR", "content"]
ground = { law = "531/2017 109 a § 1 mom.", source = ["004:36", "004:70"], code = "P1" }
interpretation = true
[[rule.example]]
story = "a valid right"
given = ["the right is valid today", "the plan has been approved"]
gets = ["D1"]
[[rule.example]]
story = "not approved"
given = ["the right is valid today"]
gets_not = ["D1"]
"""


# --- the examples under each rule -----------------------------------------------------------------------------


def examples() -> Iterator[tuple[Rule, Role, Example]]:
    for rule in POLICY.rules:
        for example in rule.examples:
            for role in sorted(rule.who):
                yield rule, role, example


def seen(names: Iterable[str]) -> Seen:
    """Items, and sides of items, as the rules write them."""
    parted = (name.partition(".") for name in names)
    return frozenset(Slice(Item(code), Aspect(side)) if side else Item(code) for code, _, side in parted)


def given_items(rules: tuple[Rule, ...], example: Example) -> Seen:
    """What the rules give where exactly what the example says is known to hold."""
    held = {
        rule.id: Known.YES if all(condition in example.given for condition in rule.when) else Known.NO for rule in rules
    }
    plan = Hoks(study_right_oid=A1, first_approved_on=DAY if APPROVED in example.given else None)
    is_alone = Known.of("the caller is the student's only responsible instructor today" in example.given)
    limits = dict.fromkeys(Limit, frozenset(example.named))
    return conclude(rules, held, A1, limits).items(plan, Evidence(day=DAY, is_only_instructor=is_alone))


@pytest.mark.parametrize(
    ("rule", "role", "example"),
    [pytest.param(*each, id=f"{each[0].id}: {each[1]}: {each[2].story}") for each in examples()],
)
def test_the_policy_does_what_the_example_says(rule: Rule, role: Role, example: Example) -> None:
    of_all = given_items(POLICY.for_role(role, rule.about), example)
    of_this = given_items((rule,), example)
    if example.gets == ():
        assert of_all == of_this == frozenset()
    elif example.gets is not None:
        assert seen(example.gets) <= of_this <= of_all
    else:
        assert of_all.isdisjoint(seen(example.gets_not or ()))


def test_every_rule_has_an_example_that_gets_and_one_that_does_not() -> None:
    for rule in POLICY.rules:
        assert any(example.gets for example in rule.examples), rule.id
        assert any(example.gets == () or example.gets_not for example in rule.examples), rule.id


@pytest.mark.parametrize("role", Role)
def test_every_role_of_a_token_has_a_rule(role: Role) -> None:
    assert POLICY.for_role(role, "plan")


def test_a_guidance_role_never_comes_with_staff() -> None:
    staff = {rule.id for rule in POLICY.for_role(Role.STAFF, "plan")}
    teacher = {rule.id for rule in POLICY.for_role(Role.RESPONSIBLE_TEACHER, "plan")}
    assert staff
    assert staff.isdisjoint(teacher)


def test_a_provider_s_own_system_has_the_rules_of_its_staff() -> None:
    assert POLICY.for_role(Role.SYSTEM, "plan") == POLICY.for_role(Role.STAFF, "plan")


@pytest.mark.parametrize(
    "rule",
    [
        "provider-concurrent",
        "provider-earlier-elsewhere",
        "procurement-shared",
        "procurement-kept",
    ],
)
def test_whoever_is_not_the_plan_s_own_provider_waits_for_its_approval(rule: str) -> None:
    (found,) = (each for each in POLICY.rules if each.id == rule)
    assert found.when_plan == (APPROVED,)


@pytest.mark.parametrize("rule", ["provider-concurrent", "provider-earlier-elsewhere", "procurement-kept"])
def test_contact_data_go_to_nobody_but_own_provider_and_procurement_partner(rule: str) -> None:
    (found,) = (each for each in POLICY.rules if each.id == rule)
    assert found.items.isdisjoint({Item.Cs, Item.Ci})


def test_every_rule_cites_the_law_and_lines_of_the_source() -> None:
    for rule in POLICY.rules:
        assert rule.ground.law
        assert rule.ground.source
        assert all(re.fullmatch(r"\d{3}:\d+(-\d+)?", line) for line in rule.ground.source), rule.id


# --- reading --------------------------------------------------------------------------------------------------


def test_a_good_text_is_read_whole() -> None:
    policy = read_policy(GOOD)
    own = policy.rules[1]
    assert [rule.id for rule in policy.rules] == ["student-self", "provider-own"]
    assert own.who == {Role.STAFF, Role.SYSTEM}
    assert own.items == {Item.SR, Item.D1, Item.D2u}
    assert own.when == ("the right is valid today",)
    assert own.when_plan == (APPROVED,)
    assert own.ground.source == ("004:36", "004:70")
    assert own.interpretation is True


def test_the_policy_carries_the_hash_of_its_text() -> None:
    assert read_policy(GOOD).sha256 == hashlib.sha256(GOOD.encode()).hexdigest()
    assert read_policy(GOOD + "\n").sha256 != read_policy(GOOD).sha256


def test_rules_are_found_by_role_and_by_what_they_are_about() -> None:
    policy = read_policy(GOOD)
    assert [rule.id for rule in policy.for_role(Role.STUDENT, "person")] == ["student-self"]
    assert policy.for_role(Role.STUDENT, "plan") == ()
    assert [rule.id for rule in policy.for_role(Role.SYSTEM, "plan")] == ["provider-own"]


def refused(text: str) -> str:
    with pytest.raises(PolicyError) as refusal:
        read_policy(text)
    return str(refusal.value)


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        pytest.param('title = "A provider sees', 'titel = "A provider sees', ["provider-own", "titel"], id="key"),
        pytest.param('story = "a valid', 'tale = "a valid', ["provider-own", "tale"], id="key of an example"),
        pytest.param('code = "P1"', 'kode = "P1"', ["provider-own", "kode"], id="key of a ground"),
        pytest.param('"SR", "content"', '"SR", "D99"', ["provider-own", "items", "D99", "D11b"], id="item"),
        pytest.param('gets = ["D1"]', 'gets = ["D99"]', ["provider-own", "gets", "D99"], id="item of an example"),
        pytest.param('content = ["D1"', 'content = ["D99"', ["items.content", "D99", "D11b"], id="item of a set"),
        pytest.param('content = ["D1"', 'D9 = ["D1"', ["items.D9"], id="a set named as an item"),
        pytest.param('"staff", "system"', '"stuff", "system"', ["provider-own", "who", "stuff"], id="role"),
        pytest.param(
            'when = ["the right is valid today"]',
            'when = ["the moon is full"]',
            ["provider-own", "when", "the moon is full", "the right is valid today"],
            id="condition",
        ),
        pytest.param(
            'when_plan = ["the plan has been approved"]',
            'when_plan = ["the right is valid today"]',
            ["provider-own", "when_plan", "the right is valid today", APPROVED],
            id="condition on a plan",
        ),
        pytest.param(
            'given = ["the right is valid today"]',
            'given = ["the moon is full"]',
            ["provider-own", "not approved", "the moon is full"],
            id="condition of an example",
        ),
        pytest.param('about = "plan"', 'about = "planet"', ["provider-own", "about", "planet"], id="subject"),
        pytest.param('id = "provider-own"', 'id = "student-self"', ["student-self", "twice"], id="duplicate id"),
        pytest.param('id = "provider-own"', "", ["rule 2", "id"], id="no id"),
        pytest.param(
            'ground = { law = "531/2017 109 a § 1 mom.", source = ["004:36", "004:70"], code = "P1" }',
            "",
            ["provider-own", "ground"],
            id="no ground",
        ),
        pytest.param('law = "531/2017 109 a § 1 mom."', 'law = ""', ["provider-own", "ground"], id="empty law"),
        pytest.param('["004:36", "004:70"]', "[]", ["provider-own", "ground"], id="no source line"),
        pytest.param('when = ["the right is valid today"]', "when = []", ["provider-own", "when"], id="no condition"),
        pytest.param('who = ["staff", "system"]', "who = []", ["provider-own", "who"], id="nobody"),
        pytest.param('items = ["SR", "content"]', "items = []", ["provider-own", "items"], id="nothing"),
        pytest.param("interpretation = true", 'interpretation = "yes"', ["provider-own", "interpretation"], id="type"),
        pytest.param('gets = ["D1"]', "", ["provider-own", "a valid right"], id="an example that says nothing"),
        pytest.param('gets = ["D1"]', 'gets = ["D1"]\ngets_not = ["D9"]', ["provider-own", "a valid right"], id="both"),
        pytest.param('gets = ["D1"]', 'gets_not = ["D1"]', ["provider-own", "gets"], id="no example that gets"),
        pytest.param('gets_not = ["D1"]', 'gets = ["D1"]', ["provider-own", "not"], id="no example that does not"),
        pytest.param("[items]", "[itmes]", ["itmes", "items"], id="key of the text"),
    ],
)
def test_a_bad_rule_is_refused_by_its_name_and_key(good: str, bad: str, said: list[str]) -> None:
    assert GOOD.count(good) >= 1
    head, _, tail = GOOD.rpartition(good)
    message = refused(head + bad + tail)
    assert all(word in message for word in said), message


def test_a_rule_without_examples_is_refused() -> None:
    bare = GOOD[: GOOD.rindex('[[rule.example]]\nstory = "a valid right"')]
    assert "provider-own" in refused(bare)
    assert "example" in refused(bare)


@pytest.mark.parametrize("text", ["", "[items]\ncontent = []\n", "rule = []\n"])
def test_a_policy_without_rules_is_refused(text: str) -> None:
    assert "`rule`" in refused(text)


def test_what_is_not_toml_is_refused() -> None:
    assert "not TOML" in refused("[[rule]\nid = ")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(GOOD.replace('[items]\ncontent = ["D1", "D2u"]', "items = 5"), id="items is a number"),
        pytest.param(GOOD.replace('content = ["D1", "D2u"]', "content = 5"), id="a set is a number"),
        pytest.param("rule = 5\n", id="rule is a number"),
        pytest.param("rule = [5]\n", id="a rule is a number"),
    ],
)
def test_a_key_of_the_wrong_kind_is_refused_as_a_policy_error(text: str) -> None:
    assert refused(text)


def test_a_rule_about_a_person_cannot_ask_about_a_right() -> None:
    bad = GOOD.replace('when = ["the caller is the student"]', 'when = ["the right is valid today"]')
    message = refused(bad)
    assert "student-self" in message
    assert "when" in message


def test_a_rule_about_a_person_cannot_have_a_condition_on_a_plan() -> None:
    bad = GOOD.replace('items = ["ID"]', 'items = ["ID"]\nwhen_plan = ["the plan has been approved"]')
    message = refused(bad)
    assert "student-self" in message
    assert "when_plan" in message


def test_every_condition_is_used_by_some_rule() -> None:
    used = {condition for rule in POLICY.rules for condition in (*rule.when, *rule.when_plan)}
    assert used == {*CONDITIONS, *PLAN_CONDITIONS}


def test_a_policy_is_compared_by_its_content() -> None:
    assert read_policy(GOOD) == Policy(rules=read_policy(GOOD).rules, sha256=read_policy(GOOD).sha256)
