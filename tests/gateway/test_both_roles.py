"""One person, instructor and assessor: the viewer has what belongs to the acting role, and nothing of the other."""

from typing import Any

import msgspec
import orjson
import pytest

from gateway.http import GRAPHQL_RESPONSE
from hoks.caller import Caller, HeldRole, Role
from hoks.identifiers import PersonOid
from tests.world.everyone import everyone
from tests.world.served import Asked, Served
from tests.world.world import SOMEBODY

EVERYONE = everyone()
BOTH = (HeldRole(Role.INSTRUCTOR), HeldRole(Role.ASSESSOR))
VIEWER = "{ viewer { role appointments { kind } heldRoles { role } } }"


def acting(role: HeldRole, held: tuple[HeldRole, ...] = BOTH) -> Caller:
    """Somebody who is appointed as both, in one of the roles."""
    return Caller(subject=PersonOid(SOMEBODY), acting=role, held=held)


async def viewer(by: Caller) -> dict[str, Any]:
    """The viewer over HTTP, with the role named in the header."""
    came = await Served(EVERYONE).exchange(by, Asked(VIEWER))
    answer: dict[str, Any] = orjson.loads(came.body)["data"]["viewer"]
    return answer


@pytest.mark.parametrize(
    ("role", "kind", "how_many"), [(Role.INSTRUCTOR, "INSTRUCTOR", 6), (Role.ASSESSOR, "ASSESSOR", 4)]
)
async def test_each_acting_role_shows_its_own_kind_of_appointment(role: Role, kind: str, how_many: int) -> None:
    told = await viewer(acting(HeldRole(role)))
    assert told["role"] == kind
    assert told["appointments"] == [{"kind": kind}] * how_many
    assert [each["role"] for each in told["heldRoles"]] == ["INSTRUCTOR", "ASSESSOR"]


@pytest.mark.parametrize("role", BOTH)
async def test_what_one_holds_in_the_other_role_adds_nothing(role: HeldRole) -> None:
    assert (await viewer(acting(role)))["appointments"] == (await viewer(acting(role, (role,))))["appointments"]


@pytest.mark.parametrize("role", BOTH)
async def test_appointments_of_the_other_kind_change_nothing(role: HeldRole) -> None:
    own = [each for each in EVERYONE.appointments if each[1].kind.value.lower() == role.role.value]
    asked = Asked("{ viewer { appointments { kind } } students { edges { node { name hoksit { __typename } } } } }")
    alone = await Served(EVERYONE.but(appointments=tuple(own))).exchange(acting(role), asked)
    assert await Served(EVERYONE).exchange(acting(role), asked) == alone


async def test_two_roles_and_none_named_are_refused() -> None:
    came = await Served(EVERYONE).exchange(acting(BOTH[0]), msgspec.structs.replace(Asked(VIEWER), names_role=False))
    assert orjson.loads(came.body)["errors"][0]["extensions"]["code"] == "ACTING_ROLE_REQUIRED"
    other = HeldRole(Role.CONSENT_RECIPIENT)
    refused = await Served(EVERYONE).exchange(acting(BOTH[0]), Asked(VIEWER, accept=GRAPHQL_RESPONSE, in_role=other))
    assert refused.status == 403
