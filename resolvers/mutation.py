"""What callers may change: of what the gateway itself keeps, never of a source's data.

A mutation is executed once, whatever becomes of its answer. Its result holds no record of a student's data (a test
looks), so there is nothing in it that a consent withdrawn meanwhile would have to take back.
"""

from typing import Annotated, Any, Optional, TypeVar

import strawberry

from hoks.consenting import GivenConsent, NewConsent
from hoks.errors import SourcesUnavailable
from hoks.shares import AcceptedShare, GivenShare, MadeShare
from resolvers.context import Info
from resolvers.types import graph_input, graph_type, value_of

GIVEN_SHARE, MADE_SHARE, ACCEPTED_SHARE = graph_type(GivenShare), graph_type(MadeShare), graph_type(AcceptedShare)
GIVEN_CONSENT, NEW_CONSENT = graph_type(GivenConsent), graph_input(NewConsent)

INPUT, ID = strawberry.argument(name="input"), strawberry.argument(name="id")
"""Arguments by names that are Python's own."""

D = TypeVar("D")


async def give_consent(info: Info, new: Annotated[NEW_CONSENT, INPUT]) -> Any:  # type: ignore[valid-type]  # derived
    """Give a consent."""
    context, giving = info.context, desk(info.context.desks.giving)
    return await giving.give(context.caller, value_of(NewConsent, new), within=context.sitting)


async def withdraw_consent(info: Info, consent: Annotated[strawberry.ID, ID]) -> Any:
    """Withdraw a consent."""
    context, giving = info.context, desk(info.context.desks.giving)
    return await giving.withdraw(context.caller, consent, within=context.sitting)


async def create_share(info: Info, consent: strawberry.ID) -> Any:
    """Make a share."""
    context, sharing = info.context, desk(info.context.desks.sharing)
    return await sharing.make(context.caller, consent, within=context.sitting)


async def accept_share(info: Info, token: str) -> Any:
    """Accept a share."""
    return await desk(info.context.desks.sharing).accept(info.context.caller, token)


async def revoke_share(info: Info, share: Annotated[strawberry.ID, ID]) -> Any:
    """Revoke a share."""
    context, sharing = info.context, desk(info.context.desks.sharing)
    return await sharing.revoke(context.caller, share, within=context.sitting)


def desk(found: D | None) -> D:
    """Where a change is made. Raises ``SourcesUnavailable`` where this gateway keeps nothing."""
    if found is None:
        raise SourcesUnavailable("nothing is kept here")
    return found


@strawberry.type(
    description="The changes. Each is made once and is durable before it is answered; where an answer is missing, "
    "ask for what it would have changed before you try again."
)
class Mutation:
    """Root of the changes."""

    give_consent: Any = strawberry.mutation(
        resolver=give_consent,
        graphql_type=Optional[GIVEN_CONSENT],  # noqa: UP045 - derived type
        description="A student lets one person or organisation see exact items of one plan; it holds at once.",
    )
    withdraw_consent: Any = strawberry.mutation(
        resolver=withdraw_consent,
        graphql_type=Optional[GIVEN_CONSENT],  # noqa: UP045 - derived type
        description="A student withdraws a consent; nothing is disclosed on it any more. Again is no fault.",
    )
    create_share: Any = strawberry.mutation(
        resolver=create_share,
        graphql_type=Optional[MADE_SHARE],  # noqa: UP045 - derived type
        description="A link for a consent that is given to the holder of one, by its student or by staff of the plan's "
        "provider whom the student has told the consent's id. A link that nobody has accepted yet is replaced.",
    )
    accept_share: Any = strawberry.mutation(
        resolver=accept_share,
        graphql_type=Optional[ACCEPTED_SHARE],  # noqa: UP045 - derived type
        description="The first person to accept a share, acting as consent_recipient, is the one who may see.",
    )
    revoke_share: Any = strawberry.mutation(
        resolver=revoke_share,
        graphql_type=Optional[GIVEN_SHARE],  # noqa: UP045 - derived type
        description="Its student, or the provider that made it, ends a share at once. Again is no fault.",
    )
