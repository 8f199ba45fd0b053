"""Shares: made for a consent that a link holder is given, accepted by the first who brings the token, ended at once."""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from sqlalchemy import Engine, event, select

from gateway.records.consents import Consents
from gateway.records.gate import Gate, GroundChanged
from gateway.records.log import Log, bodies_of
from gateway.records.releases import Disclosure
from gateway.records.shares import Shares
from gateway.records.store import Store
from gateway.records.tables import SHARE
from hoks.consenting import GivenConsent, Language, Purpose, RecipientKind, Wish
from hoks.errors import BadRequest
from hoks.identifiers import LearnerOid, OrganisationOid, PersonOid, StudyRightOid
from hoks.items import Item
from hoks.outcomes import Outcome
from hoks.shares import AcceptedShare, ShareState

DAY = date(2026, 10, 5)
AINO, EERO = LearnerOid("1.2.246.562.98.98000000011"), LearnerOid("1.2.246.562.98.98000000079")
RIGHT = StudyRightOid("1.2.246.562.15.15000010119")
PROVIDER, OTHER = OrganisationOid("1.2.246.562.99.99000000010"), OrganisationOid("1.2.246.562.99.99000000029")
BAKER, BUTCHER = PersonOid("1.2.246.562.98.98000009195"), PersonOid("1.2.246.562.98.98000009202")
STAFF = PersonOid("1.2.246.562.98.98000009013")
LINK = Wish(
    subject=AINO,
    recipient_kind=RecipientKind.LINK,
    recipient="",
    right=RIGHT,
    items=frozenset({Item.D1, Item.D2u}),
    purpose=Purpose.EMPLOYMENT,
    start=DAY,
    end=DAY + timedelta(days=30),
    text_version="2026-1",
    language=Language.FI,
)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)

    def today(self) -> date:
        return self.moment.date()

    def now(self) -> datetime:
        return self.moment


class Desk:
    """Consents and shares over one store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock, self.log = store, clock, Log("a")
        self.consents, self.shares = Consents(store, self.log, clock), Shares(store, self.log, clock)
        self.gate = Gate(store, self.log, clock)

    async def link(self, **changes: object) -> GivenConsent:
        """A consent that is given to the holder of a link."""
        return await self.consents.give(msgspec.structs.replace(LINK, **changes))

    async def token(self, consent: GivenConsent, provider: OrganisationOid | None = None) -> str:
        """The token of a share of a consent, made a second later than all before."""
        self.clock.moment += timedelta(seconds=1)
        made = await self.shares.make(consent.id, [AINO], provider=provider, by=PersonOid(AINO))
        assert made is not None
        return made[1]

    async def receives(self, person: PersonOid) -> list[str]:
        """The consents that name a person."""
        answer = (await self.consents.received([person])).answers[person]
        return [each.id for each in answer.value or ()]

    async def state(self) -> list[ShareState]:
        """What Aino's shares are, newest first."""
        return [each.state for each in await self.shares.of([AINO])]

    async def recorded(self) -> list[str]:
        """What the log says happened to Aino's."""
        return [each["event"] for each in await self.store.read(lambda connection: bodies_of(connection, AINO))]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(store: Store, clock: Clock) -> Desk:
    return Desk(store, clock)


async def test_the_first_who_accepts_becomes_the_consents_recipient_and_nobody_after_them(desk: Desk) -> None:
    consent = await desk.link()
    assert consent.recipient is None
    token = await desk.token(consent)
    assert await desk.receives(BAKER) == []

    accepted = await desk.shares.accept(token, BAKER)
    assert accepted == AcceptedShare(
        items=(Item.D1, Item.D2u), purpose=Purpose.EMPLOYMENT, start_date=DAY, end_date=DAY + timedelta(days=30)
    )
    assert await desk.shares.accept(token, BUTCHER) is None
    assert (await desk.receives(BAKER), await desk.receives(BUTCHER)) == ([consent.id], [])
    assert await desk.shares.accept(token, BAKER) == accepted

    (share,) = await desk.shares.of([AINO])
    assert (share.state, share.accepted_by, share.accepted_on, share.failed_tries) == ("ACCEPTED", BAKER, DAY, 1)
    assert [each.recipient for each in await desk.consents.of([AINO])] == [BAKER]
    assert await desk.recorded() == ["consent.given", "share.made", "share.accepted"]


async def test_of_a_token_only_a_digest_is_kept(desk: Desk) -> None:
    token = await desk.token(await desk.link())
    assert len(token) == 43
    row = await desk.store.read(lambda connection: connection.execute(select(SHARE)).one())
    assert row.token_hash == hashlib.sha256(b"hoks-gateway: token of a share\0" + token.encode()).digest()
    assert token not in str(row)
    assert token not in str(await desk.store.read(lambda connection: bodies_of(connection, AINO)))


async def test_only_an_accepted_share_grounds_a_disclosure_and_a_revoked_one_does_no_more(desk: Desk) -> None:
    consent = await desk.link()
    told = Disclosure(subject=AINO, body={"event": "disclosed"}, consents=frozenset({consent.id}))
    with pytest.raises(GroundChanged):
        await desk.gate.release([told])
    await desk.shares.accept(await desk.token(consent), BAKER)
    await desk.gate.release([told])
    (share,) = await desk.shares.of([AINO])
    revoked = await desk.shares.revoke(share.id, PersonOid(AINO), subjects=[AINO])
    assert revoked is not None and revoked.state is ShareState.REVOKED
    with pytest.raises(GroundChanged):
        await desk.gate.release([told])
    assert await desk.receives(BAKER) == []
    assert await desk.shares.revoke(share.id, PersonOid(AINO), subjects=[AINO]) == revoked
    assert await desk.recorded() == [
        "consent.given", "share.made", "share.accepted", "disclosed", "share.revoked",
    ]  # fmt: skip


async def test_a_consent_has_one_recipient_ever_a_waiting_link_is_replaced_and_an_accepted_one_is_not(
    desk: Desk,
) -> None:
    consent = await desk.link()
    lost, found = await desk.token(consent), await desk.token(consent)
    assert await desk.state() == [ShareState.WAITING, ShareState.REVOKED]
    assert await desk.shares.accept(lost, BAKER) is None
    assert await desk.shares.accept(found, BAKER) is not None
    for _ in ("while it stands", "after it was revoked"):
        with pytest.raises(BadRequest) as refused:
            await desk.token(consent)
        assert refused.value.reason == "ALREADY_ACCEPTED"
        for share in await desk.shares.of([AINO]):
            await desk.shares.revoke(share.id, PersonOid(AINO), subjects=[AINO])


async def test_the_withdrawal_of_the_consent_kills_its_links(desk: Desk) -> None:
    one, other = await desk.link(), await desk.link()
    token, accepted = await desk.token(one), await desk.token(other)
    await desk.shares.accept(accepted, BAKER)
    for consent in (one, other):
        await desk.consents.withdraw(consent.id, [AINO])
    assert await desk.state() == [ShareState.OVER, ShareState.OVER]
    for each in (token, accepted):
        assert await desk.shares.accept(each, BAKER) is None
    assert await desk.shares.make(one.id, [AINO], provider=None, by=PersonOid(AINO)) is None


@pytest.mark.parametrize(
    ("later", "end", "opens"),
    [
        (timedelta(days=14), DAY + timedelta(days=30), True),
        (timedelta(days=14, seconds=1), DAY + timedelta(days=30), False),
        (timedelta(hours=11), DAY, True),
        (timedelta(hours=12), DAY, False),
    ],
    ids=["on the fourteenth day", "after it", "on the consent's last day", "past midnight in Helsinki"],
)
async def test_a_link_is_accepted_within_fourteen_days_and_while_its_consent_lasts(
    desk: Desk, clock: Clock, later: timedelta, end: date, opens: bool
) -> None:
    token = await desk.token(await desk.link(end=end))
    clock.moment += later
    assert (await desk.shares.accept(token, BAKER) is not None) is opens
    assert await desk.state() == [ShareState.ACCEPTED if opens else ShareState.OVER]


async def test_a_clock_that_is_set_back_makes_no_link_wait_again(desk: Desk, clock: Clock) -> None:
    token = await desk.token(await desk.link())
    clock.moment += timedelta(days=15)
    await desk.consents.give(LINK)
    clock.moment -= timedelta(days=15)
    assert await desk.shares.accept(token, BAKER) is None


async def test_what_is_not_given_to_a_link_or_is_somebody_elses_cannot_be_shared(desk: Desk) -> None:
    named = await desk.link(recipient_kind=RecipientKind.PERSON, recipient=BAKER)
    linked = await desk.link()
    for consent, subject in ((named.id, AINO), (linked.id, EERO), ("0" * 32, AINO)):
        assert await desk.shares.make(consent, [subject], provider=None, by=PersonOid(subject)) is None
    assert await desk.shares.shareable(named.id) is None
    assert await desk.shares.shareable("0" * 32) is None
    found = await desk.shares.shareable(linked.id)
    assert found is not None and (found.right, found.learner) == (RIGHT, AINO)
    await desk.consents.withdraw(linked.id, [AINO])
    assert await desk.shares.shareable(linked.id) is None


async def test_a_providers_share_is_revoked_by_that_provider_or_by_the_student_and_by_nobody_else(desk: Desk) -> None:
    for by_student in (False, True):
        await desk.token(await desk.link(), PROVIDER)
        share, *_ = await desk.shares.of([AINO])
        assert share.made_by_oid == PROVIDER
        assert await desk.shares.revoke(share.id, STAFF, provider=OTHER) is None
        assert await desk.shares.revoke(share.id, PersonOid(EERO), subjects=[EERO]) is None
        revoked = (
            await desk.shares.revoke(share.id, PersonOid(AINO), subjects=[AINO])
            if by_student
            else await desk.shares.revoke(share.id, STAFF, provider=PROVIDER)
        )
        assert revoked is not None and revoked.state is ShareState.REVOKED


async def test_a_students_own_share_is_no_providers_to_revoke(desk: Desk) -> None:
    await desk.token(await desk.link())
    (share,) = await desk.shares.of([AINO])
    assert await desk.shares.revoke(share.id, STAFF, provider=PROVIDER) is None


# --- tries that fail --------------------------------------------------------------------------------------------


async def dead_tokens(desk: Desk) -> dict[str, str]:
    """Every kind of token that opens nothing to the butcher."""
    revoked = await desk.token(await desk.link())
    (share,) = await desk.shares.of([AINO])
    await desk.shares.revoke(share.id, PersonOid(AINO), subjects=[AINO])
    withdrawn = await desk.link()
    of_withdrawn = await desk.token(withdrawn)
    await desk.consents.withdraw(withdrawn.id, [AINO])
    taken = await desk.token(await desk.link())
    await desk.shares.accept(taken, BAKER)
    return {
        "never was": "x" * 43,
        "nonsense": "",
        "revoked": revoked,
        "of a withdrawn consent": of_withdrawn,
        "somebody else's": taken,
    }


class Statements:
    """The statements that reach a database, without their values."""

    def __init__(self, engine: Engine) -> None:
        self.seen: list[str] = []
        event.listen(engine, "before_cursor_execute", self._note)

    def _note(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        self.seen.append(statement)


async def test_for_every_dead_token_the_answer_is_the_same_and_so_is_all_that_is_done(desk: Desk) -> None:
    tokens = await dead_tokens(desk)
    statements = Statements(desk.store.engine)
    done = {}
    for kind, token in tokens.items():
        statements.seen.clear()
        assert await desk.shares.accept(token, BUTCHER) is None
        done[kind] = list(statements.seen)
    for kind, seen in done.items():
        assert seen == done["never was"], kind
    assert any(each.startswith("INSERT") for each in done["never was"]), "what is not written would be faster"


async def test_who_has_failed_ten_times_within_the_hour_is_refused_before_anything_is_looked_at(
    desk: Desk, clock: Clock
) -> None:
    token = await desk.token(await desk.link())
    for _ in range(10):
        assert await desk.shares.accept("x" * 43, BUTCHER) is None
    for each in ("x" * 43, token):
        with pytest.raises(BadRequest) as refused:
            await desk.shares.accept(each, BUTCHER)
        assert refused.value.reason == "TOO_MANY_TRIES"
    assert await desk.state() == [ShareState.WAITING]
    clock.moment += timedelta(minutes=61)
    assert await desk.shares.accept(token, BUTCHER) is not None


async def test_one_persons_failures_are_nobody_elses(desk: Desk) -> None:
    token = await desk.token(await desk.link())
    for _ in range(10):
        assert await desk.shares.accept("x" * 43, BUTCHER) is None
    assert await desk.shares.accept(token, BAKER) is not None


# --- at once, on every instance ----------------------------------------------------------------------------------


async def test_of_many_who_accept_at_once_on_several_instances_one_does(
    store: Store, opened: Callable[[], Store], clock: Clock
) -> None:
    desk = Desk(store, clock)
    elsewhere = [Shares(opened(), Log(f"instance {place}"), clock) for place in range(2)]
    people = [PersonOid(f"1.2.246.562.98.9800000{place}") for place in range(2000, 2006)]
    for _ in range(3):
        consent = await desk.link()
        token = await desk.token(consent)
        tries = [elsewhere[place % 2].accept(token, person) for place, person in enumerate(people)]
        accepted = [person for person, got in zip(people, await asyncio.gather(*tries), strict=True) if got is not None]
        assert len(accepted) == 1
        assert [each for each in people if consent.id in await desk.receives(each)] == accepted
        await desk.consents.withdraw(consent.id, [AINO])


async def test_accepting_revoking_and_withdrawing_at_once_leave_nobody_waiting_for_each_other(
    store: Store, opened: Callable[[], Store], clock: Clock
) -> None:
    desk = Desk(store, clock)
    away = Desk(opened(), clock)
    away.log = Log("b")
    away.shares, away.consents = Shares(away.store, away.log, clock), Consents(away.store, away.log, clock)
    for _ in range(8):
        consent = await desk.link()
        token = await desk.token(consent)
        share, *_ = await desk.shares.of([AINO])
        came_to = await asyncio.gather(
            away.shares.accept(token, BAKER),
            desk.shares.revoke(share.id, PersonOid(AINO), subjects=[AINO]),
            away.consents.withdraw(consent.id, [AINO]),
            away.shares.make(consent.id, [AINO], provider=None, by=PersonOid(AINO)),
            return_exceptions=True,
        )
        assert all(isinstance(each, BadRequest) for each in came_to if isinstance(each, BaseException))
        (left,) = [each for each in await desk.consents.of([AINO]) if each.id == consent.id]
        assert not left.is_in_force
        assert (await desk.consents.given([RIGHT])).answers[RIGHT].outcome in (Outcome.OK, Outcome.ABSENT)
        assert all(each.withdrawn for each in (await desk.consents.received([BAKER])).answers[BAKER].value or ())
