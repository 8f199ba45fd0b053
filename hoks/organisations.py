"""The organisation tree on a day, and whose a study right is in it.

A school is not a provider and a site is not a school: every comparison walks the tree. An organisation that the
tree does not know belongs to nobody. What merged into another is from that day on the other's as well.
"""

from collections.abc import Mapping
from datetime import date
from enum import Enum

import msgspec

from hoks.identifiers import OPH, OrganisationOid
from hoks.study_right import StudyRight
from hoks.values import Organisation, Value


class Succession(Value, frozen=True, gc=False):
    """A merger (liitos): from ``day`` on, the organisations of ``line`` answer for what merged into the first."""

    day: date
    line: tuple[OrganisationOid, ...]
    """The successor and those above it."""
    provider_oid: OrganisationOid | None = None
    """The provider that the successor is or belongs to."""


class Former(Value, frozen=True, gc=False):
    """A provider that has merged, and under which an organisation stood before it came under the successor."""

    provider_oid: OrganisationOid
    until: date
    """The day on which it left."""


class TreeNode(Value, frozen=True, gc=False):
    """An organisation in the tree: itself, its ancestors root first, and the provider it is or belongs to."""

    organisation: Organisation
    ancestors: tuple[OrganisationOid, ...] = ()
    provider_oid: OrganisationOid | None = None
    successions: tuple[Succession, ...] = ()
    """What it, or an organisation above it, has merged into or will."""
    formerly: tuple[Former, ...] = ()
    """Whose it was, where the register has moved it from a provider that merged to the successor."""
    succeeded_by: tuple[OrganisationOid, ...] = ()
    """The providers that by the day of the tree answer for it beside its own (``tree_on``)."""


Tree = Mapping[OrganisationOid, TreeNode]
"""The part of the tree that a request needs, by OID; what could not be found is not in it."""


def tree_on(tree: Tree, day: date) -> Tree:
    """The tree as it stands on a day: what has merged by then stands under its successor as well.

    Rights of a merged provider are its successor's own from the day of the merger; the merged one keeps what it had,
    and gains nothing of its successor's.

    INVARIANT: before that day the tree is as if the merger were not known.
    """
    return {oid: _on(node, day) for oid, node in tree.items()}


def _on(node: TreeNode, day: date) -> TreeNode:
    past = [each for each in node.successions if each.day <= day]
    if not past:
        return node
    above = dict.fromkeys((*node.ancestors, *(oid for each in past for oid in each.line if oid != OPH)))
    providers = dict.fromkeys(each.provider_oid for each in past if each.provider_oid is not None)
    return msgspec.structs.replace(node, ancestors=tuple(above), succeeded_by=tuple(providers))


class Known(Enum):
    """Truth that may be missing: losing evidence never grants more."""

    __hash__ = object.__hash__  # Enum's own is in Python, and many sets are looked into

    YES = "holds"
    NO = "does not hold"
    UNKNOWN = "unknown"

    @staticmethod
    def of(truth: bool) -> "Known":
        """A truth that is known."""
        return Known.YES if truth else Known.NO


def organisations_of(right: StudyRight) -> tuple[OrganisationOid, ...]:
    """School, site and provider of a right, those that are known."""
    return tuple(each.oid for each in (right.school, right.site, right.provider) if each is not None)


def owns(acting: OrganisationOid, right: StudyRight, tree: Tree) -> Known:
    """Whether the right is the acting organisation's own: it is, or is above, its school, site or provider."""
    if acting == OPH:
        # OPH runs the store and has no plans of its own (source 004:167), although it stands above every provider.
        return Known.NO
    named = organisations_of(right)
    if acting in tree and any(is_within(oid, acting, tree) for oid in named):
        return Known.YES
    everybody_is_known = acting in tree and named and all(oid in tree for oid in named)
    return Known.NO if everybody_is_known else Known.UNKNOWN


def is_within(oid: OrganisationOid, above: OrganisationOid, tree: Tree) -> bool:
    """Whether ``oid`` is ``above`` or stands under it; an unknown organisation stands under nobody."""
    node = tree.get(oid)
    return node is not None and (oid == above or above in node.ancestors)


def provider_of(right: StudyRight, tree: Tree) -> OrganisationOid | None:
    """The provider (koulutustoimija) of a right by the tree, not by what the source says."""
    node = deciding(right, tree)
    return node.provider_oid if node is not None else None


def answers_for(provider: OrganisationOid, right: StudyRight, tree: Tree) -> bool:
    """Whether a right is a provider's: its own, or of one that has merged into it."""
    node = deciding(right, tree)
    return node is not None and provider in (node.provider_oid, *node.succeeded_by)


def may_tell_of(provider: OrganisationOid, right: StudyRight, tree: Tree) -> bool:
    """Whether a provider's own student system may tell of a right: it answers for it, or did when the right began.

    A merged provider's system goes on to hold what was its own, wherever the register has moved its schools. Nobody
    sees more by it.
    """
    return provider in tellers_of(right, tree)


def tellers_of(right: StudyRight, tree: Tree) -> frozenset[OrganisationOid]:
    """The providers whose own student systems may tell of a right."""
    node = deciding(right, tree)
    if node is None:
        return frozenset()
    tellers = [*node.succeeded_by] if node.provider_oid is None else [node.provider_oid, *node.succeeded_by]
    begun = min((period.start_date for period in right.periods or ()), default=None) if node.formerly else None
    if begun is not None:
        tellers += [each.provider_oid for each in node.formerly if begun < each.until]
    return frozenset(tellers)


def deciding(right: StudyRight, tree: Tree) -> TreeNode | None:
    """The organisation of a right that tells its provider: the first of school, site and provider that has one."""
    for each in (right.school, right.site, right.provider):
        node = tree.get(each.oid) if each is not None else None
        if node is not None and node.provider_oid is not None:
            return node
    return None
