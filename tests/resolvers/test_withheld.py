"""What is withheld, worked out once for each shape of the grants, is what is worked out each time."""

import random

from hoks.showing import View
from resolvers.coordinates import policy_entries
from resolvers.withheld import Withholding, withheld
from tests.world.asking import SCHEMA
from tests.world.cast import CALLERS, OIDS, cast


async def test_what_is_remembered_of_a_shape_is_what_the_grants_themselves_withhold() -> None:
    entries = policy_entries(SCHEMA._schema)
    reader, views = cast().world().reader(), list[View]()
    for by in CALLERS.values():
        views += [each for each in (await reader.students(by, list(OIDS.values()))).values() if isinstance(each, View)]
    assert len(views) > 10
    dice = random.Random(20261122)
    withholding = Withholding([each for each in sorted(entries) if dice.random() < 0.5], entries)
    scopes = [list(view.grants.values()) for view in views] + [
        [grant for view in dice.sample(views, 3) for grant in view.grants.values()] for _ in range(30)
    ]
    for grants in dice.sample(scopes * 2, 2 * len(scopes)):
        for of_others in (True, False):
            expected = withheld(withholding._entries, entries, grants, of_others=of_others)
            assert withholding.rows(grants, of_others=of_others) == expected
