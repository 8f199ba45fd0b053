"""The organisation tree on a day, and whose a study right is in it.

A school is not a provider and a site is not a school: every comparison walks the tree. An organisation that the
tree does not know belongs to nobody.
"""

from collections.abc import Mapping
from enum import Enum

from hoks.identifiers import OPH, OrganisationOid
from hoks.study_right import StudyRight
from hoks.values import Organisation, Value


class TreeNode(Value, frozen=True, gc=False):
    """An organisation in the tree: itself, its ancestors root first, and the provider it is or belongs to."""

    organisation: Organisation
    ancestors: tuple[OrganisationOid, ...] = ()
    provider_oid: OrganisationOid | None = None


Tree = Mapping[OrganisationOid, TreeNode]
"""The part of the tree that a request needs, by OID; what could not be found is not in it."""


class Known(Enum):
    """Truth that may be missing: losing evidence never grants more."""

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
    for oid in organisations_of(right):
        node = tree.get(oid)
        if node is not None and node.provider_oid is not None:
            return node.provider_oid
    return None
