"""Non-interference along every path of the schema to depth 5, each written in four forms, from every root.

By default a seeded sample of one operation per caller; with ``HOKS_PROVE=1`` every path in every form.
"""

import asyncio
from collections.abc import Mapping
from random import Random

import pytest

from tests.hoks.test_noninterference_roles import EVERYONE, PROVE, VARIABLES
from tests.world.compared import answers, differences
from tests.world.everyone import LOOKING, NUMBERS, TAGS
from tests.world.perturb_everyone import EVERY, Perturbation
from tests.world.walker import DEPTH, Form, Path, Root, operations, paths, roots
from tests.world.world import World

ROOTS = roots({f"p{number}": "" for number in NUMBERS}, {f"r{tag}": "" for tag in TAGS})
WORLDS: Mapping[str, tuple[str, ...]] = {
    "others": ("hidden parts are inserted before, between and after", "hidden values are others", "hidden findings"),
    "gone": ("hidden rights are deleted", "hidden people are deleted", "hidden parts are deleted"),
    "null": ("hidden values are null", "hidden values of rights are null", "hidden names are others"),
}
"""Several changes at once, so that one pair of answers tells of them all."""

EVERY_WALK = [(who, root, form, kind) for who in LOOKING for root in ROOTS for form in Form for kind in WORLDS]
WALKS = EVERY_WALK if PROVE else Random(5).sample(EVERY_WALK, 24)


def changed(who: str, kind: str) -> World:
    """The world with several things changed that a caller may not see."""
    world = EVERYONE
    for each in WORLDS[kind]:
        perturb: Perturbation = EVERY[each]
        world = perturb(world, LOOKING[who])
    return world


@pytest.mark.proves("along no path of the schema shows what a caller may not see")
@pytest.mark.parametrize(("who", "root", "form", "kind"), WALKS)
def test_no_path_leads_to_what_somebody_may_not_see(who: str, root: str, form: Form, kind: str) -> None:
    seed = WALKS.index((who, root, form, kind))
    asked = {
        f"{root} {form} {place}": each
        for place, each in enumerate(operations(ROOTS[root], form, seed, most=None if PROVE else 1))
    }
    caller, other = LOOKING[who].caller, changed(who, kind)
    with asyncio.Runner() as runner:
        one = runner.run(answers(EVERYONE.reader(), caller, asked, VARIABLES))
        two = runner.run(answers(other.reader(), caller, asked, VARIABLES))
    assert b'"errors"' not in b"".join(one.values())
    assert differences(one, two) == []


@pytest.mark.parametrize("root", ROOTS)
def test_a_walk_leaves_no_field_out_that_can_be_reached(root: str) -> None:
    walked: tuple[Path, ...] = paths(ROOTS[root].on)
    assert max(map(len, walked)) == {"StudyRight": 4}.get(ROOTS[root].on, DEPTH)
    assert len(set(walked)) == len(walked)


def test_every_path_is_asked_in_every_form() -> None:
    of_rights: Root = ROOTS["studyRight"]
    fields = {step.field for path in paths(of_rights.on) for step in path}
    for form in Form:
        asked = " ".join(str(each.node.to_dict()) for each in operations(of_rights, form))
        assert all(repr(field) in asked for field in fields), form
