"""What callers may change: of what the gateway itself keeps, never of a source's data.

A mutation is executed once, whatever becomes of its answer. Its result holds no record of a student's data (a test
looks), so there is nothing in it that a consent withdrawn meanwhile would have to take back.
"""

from typing import Annotated, Any, Optional

import strawberry

from hoks.appointing import AcceptedAppointment, EndedAppointment, NewAppointment
from hoks.consenting import GivenConsent, NewConsent
from hoks.shares import AcceptedShare, GivenShare, MadeShare
from resolvers.appointing import accept_appointment, appoint_assessor, appoint_instructor, end_appointment
from resolvers.context import Info, desk
from resolvers.types import graph_input, graph_type, value_of

GIVEN_SHARE, MADE_SHARE, ACCEPTED_SHARE = graph_type(GivenShare), graph_type(MadeShare), graph_type(AcceptedShare)
GIVEN_CONSENT, NEW_CONSENT = graph_type(GivenConsent), graph_input(NewConsent)
NEW_APPOINTMENT, ACCEPTED_APPOINTMENT = graph_type(NewAppointment), graph_type(AcceptedAppointment)
ENDED_APPOINTMENT = graph_type(EndedAppointment)

INPUT, ID = strawberry.argument(name="input"), strawberry.argument(name="id")
"""Arguments by names that are Python's own."""


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


@strawberry.type(
    description="The changes. Each is made once and is durable before it is answered; where an answer is missing, "
    "ask for what it would have changed before you try again."
)
class Mutation:
    """Root of the changes."""

    give_consent: Any = strawberry.mutation(
        resolver=give_consent,
        graphql_type=Optional[GIVEN_CONSENT],  # noqa: UP045 - derived type
        description="A student lets one person or organisation see exact items of one plan; it holds at once. The same "
        "again is the consent that stands, but for a link: each of those finds a recipient of its own.",
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
    appoint_instructor: Any = strawberry.mutation(
        resolver=appoint_instructor,
        graphql_type=Optional[NEW_APPOINTMENT],  # noqa: UP045 - derived type
        description="A provider's staff appoint (nimittää) whoever brings the code as responsible workplace instructor "
        "of one period, by its `id` in the plan; `until` is the last day, three months after the period's end where "
        "left out.",
    )
    appoint_assessor: Any = strawberry.mutation(
        resolver=appoint_assessor,
        graphql_type=Optional[NEW_APPOINTMENT],  # noqa: UP045 - derived type
        description="A provider's staff appoint whoever brings the code as working-life assessor of one demonstration, "
        "by its `id` in the plan; `until` as for an instructor.",
    )
    accept_appointment: Any = strawberry.mutation(
        resolver=accept_appointment,
        graphql_type=Optional[ACCEPTED_APPOINTMENT],  # noqa: UP045 - derived type
        description="An instructor or assessor, acting as such, accepts the appointment of a code. Whatever keeps a "
        "code from being used, the refusal is the same; ten of them within an hour, and no code is taken for a while.",
    )
    end_appointment: Any = strawberry.mutation(
        resolver=end_appointment,
        graphql_type=Optional[ENDED_APPOINTMENT],  # noqa: UP045 - derived type
        description="Staff of the provider that made it end an appointment, or take back its code; nothing is shown on "
        "it any more, nor to the same person through the student system. Again is no fault.",
    )
