"""The table of ``ehoks.md`` 10.4, copied by hand: the guidance roles inside a provider.

Cells are written as in ``matrix_10_3``. All of it is our interpretation of source 001 on top of P4.

How the cells are read, where the table leaves it open:

* Own plans are those of the acting organisation's rights that are valid, upcoming or suspended, of students assigned
  to the caller in the acting role; the head of training needs no assignment.
* A plan without a first approval is shown to the guidance roles of its own provider: they are its staff who make it.
* ``D2q`` "name" and "title" are the code with its name. ``G`` "progress" has no field of its own in a plan: of ``G``
  there remain the days. Counts are not fields of a plan either.
* ``D10`` and ``G`` days are date fields of demonstrations, of periods that are not at a workplace (those are W4 and
  W5), and of preparatory parts.
* ``Gi`` stands in ``G`` for the three teaching roles, as in 10.2; interruptions are not among the others' days.
* Another provider's plans: as staff see them (10.2), less what the role does not see of own plans; contact data only
  over a valid procurement link. The school social worker and the head of training see nothing of them.
* ``X`` is whole for the three teaching roles and nobody else's.
"""

from collections.abc import Mapping

from hoks.items import Item

COLUMNS = ("responsible teacher", "guidance counsellor", "special needs teacher", "school social worker", "head")

TABLE: Mapping[Item, tuple[str, str, str, str, str]] = {
    #          teacher   counsellor  special n.  social worker        head of training
    Item.ID: ("F; G2", "F; G1", "F; G2", "F; G2", "F; G6"),
    Item.SR: ("F; G2", "F; G1", "F; G2", "F; G2", "F; G6"),
    Item.D1: ("F; G2", "F; G1", "F; G2", "F; G2", "F; G6"),
    Item.D2q: ("F; G2", "F; G1", "F; G2", "N; name", "N; title"),
    Item.D2u: ("F; G2", "F; G1", "F; G2", "F; units", "-"),
    Item.D3: ("F; G2", "F; G1", "F; G2", "-", "-"),
    Item.D4: ("F; G2", "F; G1", "F; G2", "-", "-"),
    Item.D5: ("F; G2", "F; G1", "F; G2", "-", "-"),
    Item.D7: ("F; G2", "F; G1", "F; G2", "-", "-"),
    Item.D6u: ("F; G2", "F; G1", "F; G2", "-", "-"),
    Item.D6d: ("F; G2", "F; G1", "F; G2", "-", "-"),
    Item.D8: ("F; G2", "F; G1", "F; G2", "-", "-"),
    Item.D9: ("F; G2", "F; G1", "F; G2", "-", "- counts"),
    Item.D10: ("F; G2", "F; G1", "F; G2", "T; dates", "T; dates"),
    Item.D11b: ("F; G2", "-", "F; G2", "-", "-"),
    Item.D12: ("F; G2", "F; G1", "F; G2", "-", "-"),
    Item.D13: ("F; G2", "F; G1", "F; G2", "F; G2", "- counts"),
    Item.G: ("F; G2", "F; G1", "F; G2", "T; progress, dates", "T; progress"),
    Item.Gi: ("F; G2", "F; G1", "F; G2", "-", "-"),
    Item.W1: ("F; G2", "F; G1", "F; G2", "-", "- counts"),
    Item.W2: ("F; G2", "F; G1", "F; G2", "-", "- counts"),
    Item.W3: ("F; G2", "F; G1", "F; G2", "-", "- counts"),
    Item.W4: ("F; G2", "F; G1", "F; G2", "-", "- counts"),
    Item.W5: ("F; G2", "F; G1", "F; G2", "-", "- counts"),
    Item.Cs: ("F; G2", "F; G1", "-", "-", "-"),
    Item.Ci: ("F; G2", "F; G1", "-", "-", "-"),
    Item.X: ("F", "F", "F", "-", "-"),
}

CONTACTS = frozenset({Item.Cs, Item.Ci})

Column = Mapping[Item, str]


def _column(place: int) -> Column:
    return {item: cells[place] for item, cells in TABLE.items()}


TEACHER, COUNSELLOR, SPECIAL_NEEDS, SOCIAL_WORKER, HEAD = (_column(place) for place in range(len(COLUMNS)))


def elsewhere(own: Column) -> Column:
    """The role's column on another provider's plan without a valid procurement link: no contact data."""
    return {item: "-" if item in CONTACTS else cell for item, cell in own.items()}


TEACHER_ELSEWHERE, COUNSELLOR_ELSEWHERE, SPECIAL_NEEDS_ELSEWHERE = (
    elsewhere(column) for column in (TEACHER, COUNSELLOR, SPECIAL_NEEDS)
)
