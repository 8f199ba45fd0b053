"""The organisations of the invented world: four providers under one root, with their schools and a site."""

from hoks.identifiers import OrganisationOid
from hoks.organisations import TreeNode
from hoks.values import Organisation, Text


def _oid(number: int) -> OrganisationOid:
    return OrganisationOid(f"1.2.246.562.99.100000000{number:02d}")


A, A_SCHOOL, A_SITE, A_SECOND_SCHOOL = _oid(10), _oid(11), _oid(12), _oid(13)
B, B_SCHOOL, B_SECOND_SCHOOL = _oid(20), _oid(21), _oid(22)
C, C_SCHOOL = _oid(30), _oid(31)
D, D_SCHOOL = _oid(40), _oid(41)
UNHEARD_OF = _oid(99)

PROVIDERS = (A, B, C, D)
SCHOOL_OF = {A: A_SCHOOL, B: B_SCHOOL, C: C_SCHOOL, D: D_SCHOOL}
LETTER_OF = {A: "a", B: "b", C: "c", D: "d"}


def _node(oid: OrganisationOid, name: str, *above: OrganisationOid) -> TreeNode:
    return TreeNode(
        organisation=Organisation(oid=oid, name=Text(fi=name)),
        ancestors=above,
        provider_oid=above[0] if above else oid,
    )


TREE = (
    _node(A, "Provider A"),
    _node(A_SCHOOL, "School of A", A),
    _node(A_SITE, "Site of A", A, A_SCHOOL),
    _node(A_SECOND_SCHOOL, "Second school of A", A),
    _node(B, "Provider B"),
    _node(B_SCHOOL, "School of B", B),
    _node(B_SECOND_SCHOOL, "Second school of B", B),
    _node(C, "Provider C"),
    _node(C_SCHOOL, "School of C", C),
    _node(D, "Provider D"),
    _node(D_SCHOOL, "School of D", D),
)
