"""The policy as a value: rules read from the text of ``rules.toml``, checked whole, refused by name.

A hole, a duplicate id, an unknown item, role, condition or key stops the start and says where and what would do.
"""

import hashlib
import tomllib
from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from typing import Any, Literal

import msgspec

from hoks.access.facts import CONDITIONS, PERSON_CONDITIONS, PLAN_CONDITIONS
from hoks.access.reports import Report, ReportText, report_of
from hoks.caller import Role
from hoks.items import Aspect, Item, Seen, Slice, item_of
from hoks.narrow import Scope


class PolicyError(Exception):
    """The rules cannot be used; the message names the rule, the key and what would be accepted."""


class Ground(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a rule permits: the law, the lines of the source documents, and the short code of the ground."""

    law: str
    source: tuple[str, ...]
    code: str


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A story under a rule: what is known to hold, and what follows. All else is known not to hold."""

    story: str
    given: tuple[str, ...]
    named: tuple[Item, ...] = ()
    """What the consent or the statute of the story names."""
    gets: tuple[str, ...] | None = None
    gets_not: tuple[str, ...] | None = None


class Limit(StrEnum):
    """Something outside the rules that names items, of which a rule gives only those."""

    CONSENT = "what the consent names"
    STATUTE = "what the statute gives"
    EXPRESS_STATUTE = "what the statute gives expressly"


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the policy."""

    id: str
    title: str
    who: frozenset[Role]
    about: Literal["person", "plan"]
    when: tuple[str, ...]
    when_plan: tuple[str, ...]
    items: Seen
    ground: Ground
    interpretation: bool
    examples: tuple[Example, ...]
    scope: Scope = Scope.ALL
    limited_to: Limit | None = None
    items_in_hiding: Seen = frozenset()
    """What it gives of a student with a non-disclosure order (turvakielto)."""


class Whereabouts(msgspec.Struct, frozen=True):
    """What tells where a student can be met, of which a rule gives only ``kept`` under a non-disclosure order."""

    withheld: frozenset[Item] = frozenset()
    kept: Seen = frozenset()

    def left_of(self, items: Seen) -> Seen:
        """What is left of items: never more than was there."""
        plain = frozenset(each for each in items if item_of(each) not in self.withheld)
        return plain | {each for each in self.kept if each in items or item_of(each) in items}


class Policy(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """All rules, and the hash of the text they came from."""

    rules: tuple[Rule, ...]
    sha256: str
    whereabouts: Whereabouts = Whereabouts()
    reports: tuple[Report, ...] = ()
    """Who may ask about many students at once."""

    def for_role(self, role: Role, about: Literal["person", "plan"]) -> tuple[Rule, ...]:
        """The rules that can apply to a role."""
        return tuple(rule for rule in self.rules if role in rule.who and rule.about == about)

    def gives_anything_to(self, role: Role) -> bool:
        """Whether any rule can apply to a role; where none can, nothing is asked of any source."""
        return any(role in rule.who for rule in self.rules)


class _RuleText(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    id: str
    title: str
    who: tuple[Role, ...]
    about: Literal["person", "plan"]
    when: tuple[str, ...]
    when_plan: tuple[str, ...] = ()
    items: tuple[str, ...]
    scope: Scope = Scope.ALL
    limited_to: Limit | None = None
    even_in_hiding: bool = False
    """Whether it tells where the student can be met under a non-disclosure order too."""
    ground: Ground
    interpretation: bool
    example: tuple[Example, ...] = ()


_KEYS = frozenset({"items", "non_disclosure", "report", "rule"})


def read_policy(text: str) -> Policy:
    """The policy written in ``text`` (TOML). Raises ``PolicyError``."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"rules: not TOML: {error}") from None
    unknown = sorted(set(document) - _KEYS)
    if unknown:
        accepted = ", ".join(f"`{key}`" for key in sorted(_KEYS))
        raise PolicyError(f"rules: unknown key `{unknown[0]}`; accepted are {accepted}")
    sets = _item_sets(_table(document, "items", {}))
    whereabouts = _whereabouts(_table(document, "non_disclosure", {}))
    rows = _table(document, "rule", [])
    if not rows:
        raise PolicyError("rules: no `rule`; a policy without rules discloses nothing and is refused")
    rules = tuple(_rule(place, row, sets, whereabouts) for place, row in enumerate(rows, start=1))
    reports = tuple(_report(place, row, sets) for place, row in enumerate(_table(document, "report", []), start=1))
    _refuse_duplicates((*rules, *reports))
    _refuse_mixed_scopes(rules)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Policy(rules=rules, sha256=digest, whereabouts=whereabouts, reports=reports)


def _table(document: Mapping[str, Any], key: str, default: Any) -> Any:
    found = document.get(key, default)
    if not isinstance(found, type(default)):
        kind = "a table of lists" if isinstance(default, dict) else "a list of tables"
        raise PolicyError(f"rules: `{key}` must be {kind}")
    return found


def _item_sets(named: Mapping[str, Any]) -> dict[str, Seen]:
    sets: dict[str, Seen] = {}
    for name, members in named.items():
        if not isinstance(members, list):
            raise PolicyError(f"rules: items.{name}: expected a list of items")
        if name in Item.__members__:
            raise PolicyError(f"rules: items.{name}: this is the name of an item; choose another")
        sets[name] = frozenset(_seen(str(member), f"items.{name}") for member in members)
    return sets


def _whereabouts(table: Mapping[str, Any]) -> Whereabouts:
    if unknown := sorted(set(table) - {"withheld", "kept"}):
        raise PolicyError(f"rules: non_disclosure: unknown key `{unknown[0]}`; accepted are `withheld` and `kept`")
    for key in table:
        if not isinstance(table[key], list):
            raise PolicyError(f"rules: non_disclosure.{key}: expected a list of items")
    withheld = frozenset(_item(each, "non_disclosure.withheld") for each in table.get("withheld", ()))
    kept = frozenset(_seen(str(each), "non_disclosure.kept") for each in table.get("kept", ()))
    for each in kept:
        if not isinstance(each, Slice) or each.item not in withheld:
            raise PolicyError(f"rules: non_disclosure.kept: `{_name(each)}` is no side of an item that is withheld")
    return Whereabouts(withheld, kept)


def _name(seen: Item | Slice) -> str:
    return f"{seen.item}.{seen.aspect}" if isinstance(seen, Slice) else str(seen)


def _item(name: object, place: str) -> Item:
    try:
        return Item(str(name))
    except ValueError:
        raise PolicyError(f"rules: {place}: unknown item `{name}`; accepted are {', '.join(Item)}") from None


def _seen(name: str, place: str) -> Item | Slice:
    """An item, or with a dot one side of it: ``D1.dates``."""
    code, dot, aspect = name.partition(".")
    if not dot:
        return _item(code, place)
    if aspect not in set(Aspect):
        raise PolicyError(f"rules: {place}: unknown side `{name}`; accepted after the dot are {', '.join(Aspect)}")
    return Slice(_item(code, place), Aspect(aspect))


def _rule(place: int, row: object, sets: Mapping[str, Seen], whereabouts: Whereabouts) -> Rule:
    name = f"rule {place}" + (f" `{row['id']}`" if isinstance(row, dict) and "id" in row else "")
    try:
        text = msgspec.convert(row, _RuleText)
    except msgspec.ValidationError as error:
        raise PolicyError(f"rules: {name}: {error}") from None
    conditions: Mapping[str, object] = CONDITIONS if text.about == "plan" else PERSON_CONDITIONS
    for condition in _unknown(text.when, conditions):
        raise PolicyError(f"rules: {name}: when: unknown condition `{condition}`; accepted are {_list(conditions)}")
    if text.about == "person" and text.when_plan:
        raise PolicyError(f"rules: {name}: when_plan: accepted only in a rule about a plan")
    for condition in _unknown(text.when_plan, PLAN_CONDITIONS):
        raise PolicyError(
            f"rules: {name}: when_plan: unknown condition `{condition}`; accepted are {_list(PLAN_CONDITIONS)}"
        )
    if not text.when:
        raise PolicyError(f"rules: {name}: when: a rule without a condition would open to everybody; name at least one")
    if not text.who or not text.items:
        raise PolicyError(f"rules: {name}: `who` and `items` need at least one entry each")
    if not text.ground.law or not text.ground.source:
        raise PolicyError(f"rules: {name}: ground: needs a law and at least one source line")
    _check_examples(name, text)
    items = _named_items(text.items, sets, name)
    return Rule(
        id=text.id,
        title=text.title,
        who=frozenset(text.who),
        about=text.about,
        when=text.when,
        when_plan=text.when_plan,
        items=items,
        scope=text.scope,
        limited_to=text.limited_to,
        ground=text.ground,
        interpretation=text.interpretation,
        examples=text.example,
        items_in_hiding=items if text.even_in_hiding else whereabouts.left_of(items),
    )


def _report(place: int, row: object, sets: Mapping[str, Seen]) -> Report:
    name = f"report {place}" + (f" `{row['id']}`" if isinstance(row, dict) and "id" in row else "")
    try:
        text = msgspec.convert(row, ReportText)
        return report_of(text, _named_items(text.items, sets, name))
    except ValueError as error:  # msgspec's own is one
        raise PolicyError(f"rules: {name}: {error}") from None


def _named_items(names: Collection[str], sets: Mapping[str, Seen], place: str) -> Seen:
    return frozenset[Item | Slice]().union(
        *(sets[each] if each in sets else {_seen(each, f"{place}: items")} for each in names)
    )


def _check_examples(name: str, text: _RuleText) -> None:
    for example in text.example:
        for condition in _unknown(example.given, {**CONDITIONS, **PLAN_CONDITIONS}):
            raise PolicyError(f"rules: {name}: example `{example.story}`: unknown condition `{condition}`")
        for key, items in (("gets", example.gets), ("gets_not", example.gets_not)):
            for each in items or ():
                _seen(each, f"{name}: example `{example.story}`: {key}")
        if (example.gets is None) == (example.gets_not is None):
            raise PolicyError(f"rules: {name}: example `{example.story}`: needs either `gets` or `gets_not`")
    if not any(example.gets for example in text.example):
        raise PolicyError(f"rules: {name}: needs an example that gets something")
    if not any(example.gets == () or example.gets_not for example in text.example):
        raise PolicyError(f"rules: {name}: needs an example that does not get")


def _refuse_duplicates(rules: Collection[Rule | Report]) -> None:
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            raise PolicyError(f"rules: rule `{rule.id}`: this id stands twice; ids are unique")
        seen.add(rule.id)


def _refuse_mixed_scopes(rules: Collection[Rule]) -> None:
    for role in Role:
        scopes = sorted({rule.scope for rule in rules if role in rule.who and rule.about == "plan"})
        if len(scopes) > 1:
            raise PolicyError(
                f"rules: role `{role}`: its rules reach differently far ({', '.join(scopes)}); choose one"
            )


def _unknown(names: Collection[str], known: Mapping[str, object]) -> Iterator[str]:
    return (name for name in names if name not in known)


def _list(names: Collection[str]) -> str:
    return "; ".join(sorted(names))
