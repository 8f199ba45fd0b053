"""Embed tokens as they are kept: of the token its digest alone, until their time is over, on both databases."""

from datetime import date, timedelta

import msgspec
from sqlalchemy import select

from gateway.records.embeds import Embeds, EmbedWish
from gateway.records.log import Log, bodies_of
from gateway.records.retention import Kept, Retention
from gateway.records.store import Store
from gateway.records.tables import EMBED_TOKEN
from hoks.caller import Embedding, HeldRole, Role
from hoks.relations import AppointmentKind
from tests.gateway.records.test_shares import AINO, BAKER, BUTCHER, RIGHT, STAFF, Clock

PART = (AppointmentKind.ASSESSOR, str(RIGHT), None, "tutkinnonosat_1", date(2026, 9, 1), date(2026, 9, 2), "Paja")
WISH = EmbedWish(
    person=BAKER,
    role=Role.ASSESSOR,
    by=STAFF,
    learner=AINO,
    embedding=Embedding(
        part=PART, appointment="1" * 32, operation="f" * 64, operation_name="Period", variables='{"oid":1}'
    ),
    client="tool",
    origin="https://tool.example",
)
TEN = timedelta(minutes=10)


async def test_a_token_opens_what_it_was_made_for_until_its_time_is_over(store: Store, other: Store) -> None:
    clock, log = Clock(), Log("a")
    made = await Embeds(store, log, clock).make(WISH, TEN, 1)
    assert made is not None
    elsewhere = Embeds(other, Log("b"), clock)
    clock.moment += TEN - timedelta(milliseconds=1)
    opened = await elsewhere.opened(made.token)
    assert opened is not None
    caller = opened.caller
    assert (caller.subject, caller.client, opened.origin) == (BAKER, "tool", "https://tool.example")
    assert caller.acting == HeldRole(Role.ASSESSOR)
    assert caller.held == (caller.acting,)
    assert caller.embedding == msgspec.structs.replace(WISH.embedding, id=made.id)
    assert await elsewhere.opened(made.token + "A") is None
    clock.moment += timedelta(milliseconds=1)
    assert made.until == clock.moment
    assert await elsewhere.opened(made.token) is None


async def test_a_token_is_revoked_on_every_instance_by_its_person_or_who_asked_for_it(
    store: Store, other: Store
) -> None:
    clock = Clock()
    embeds, elsewhere = Embeds(store, Log("a"), clock), Embeds(other, Log("b"), clock)
    for by in (BAKER, STAFF):
        made = await embeds.make(WISH, TEN, 9)
        assert made is not None
        await elsewhere.revoke(made.id, BUTCHER)
        assert await embeds.opened(made.token) is not None
        await elsewhere.revoke(made.id, by)
        await elsewhere.revoke(made.id, by)
        assert await embeds.opened(made.token) is None
    bodies = await store.read(lambda connection: bodies_of(connection, AINO))
    assert sorted(each["event"] for each in bodies) == ["embed.made"] * 2 + ["embed.revoked"] * 2
    assert {each["plan"] for each in bodies} == {RIGHT}


async def test_revoked_tokens_count_until_their_time_is_over_and_then_they_go(store: Store) -> None:
    clock = Clock()
    embeds = Embeds(store, Log("a"), clock)
    made = await embeds.make(WISH, TEN, 1)
    assert made is not None
    await embeds.revoke(made.id, BAKER)
    assert await embeds.make(WISH, TEN, 1) is None
    assert await embeds.make(msgspec.structs.replace(WISH, person=BUTCHER), TEN, 1) is not None
    clock.moment += TEN
    assert await embeds.make(WISH, TEN, 1) is not None
    assert len(await store.read(lambda connection: connection.execute(select(EMBED_TOKEN)).all())) == 1
    clock.moment += TEN
    await Retention(store, Log("a"), clock, Kept()).run()
    assert await store.read(lambda connection: connection.execute(select(EMBED_TOKEN)).all()) == []


async def test_a_clock_that_is_set_back_revives_no_token(store: Store) -> None:
    clock = Clock()
    embeds = Embeds(store, Log("a"), clock)
    made = await embeds.make(WISH, TEN, 1)
    assert made is not None
    clock.moment += TEN
    assert await embeds.make(msgspec.structs.replace(WISH, person=BUTCHER), TEN, 1) is not None
    clock.moment -= TEN
    assert await embeds.opened(made.token) is None


async def test_nothing_that_is_kept_holds_the_token(store: Store) -> None:
    made = await Embeds(store, Log("a"), Clock()).make(WISH, TEN, 1)
    assert made is not None
    (row,) = await store.read(lambda connection: connection.execute(select(EMBED_TOKEN)).all())
    (body,) = await store.read(lambda connection: bodies_of(connection, AINO))
    assert made.token.startswith("hoks-embed-")
    assert made.token[11:] not in f"{row}{body}"
    assert '"oid"' not in str(body)
