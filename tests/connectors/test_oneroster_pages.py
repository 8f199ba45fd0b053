"""Pages: a collection is read whole or not at all, whatever happens to its rows between two pages."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.client import Incoming
from connectors.failures import Reason, SourceFailure, SourceUnavailable
from connectors.oneroster_pages import (
    MAX_PAGES,
    MAX_READINGS,
    Marks,
    Page,
    Rows,
    links_to_next,
    marks_of,
    read_whole,
    total_in,
)

URL = "https://roster.example/ims/oneroster/rostering/v1p2/users?limit=2&offset=0"

Change = tuple[str, int, int]
"""What happens to the rows, and where: ``insert`` at a place, ``delete`` at a place, ``move`` from one to another."""


@dataclass
class Server:
    """Rows in an order of its own, which change before each answer as the script says; keeps what it ever held."""

    rows: list[str]
    most: int
    script: list[list[Change]] = field(default_factory=list)
    waits: list[int] = field(default_factory=list)
    calls: int = 0
    history: list[frozenset[str]] = field(default_factory=list)
    made: int = 0

    def __post_init__(self) -> None:
        self.history.append(frozenset(self.rows))

    async def fetch(self, offset: int, limit: int) -> Page:
        for _ in range(self.waits.pop() if self.waits else 0):
            await asyncio.sleep(0)
        self.calls += 1
        for change in self.script.pop(0) if self.script else ():
            self._happen(*change)
            self.history.append(frozenset(self.rows))
        rows = self.rows[offset : offset + min(limit, self.most)]
        return Page(tuple((row, row.encode()) for row in rows), len(self.rows))

    def _happen(self, what: str, one: int, other: int) -> None:
        if what == "insert":
            self.made += 1
            self.rows.insert(one % (len(self.rows) + 1), f"new-{self.made}")
        elif self.rows:
            row = self.rows.pop(one % len(self.rows))
            if what == "move":
                self.rows.insert(other % (len(self.rows) + 1), row)


def read(
    fetch: Callable[[int, int], Awaitable[Page]],
    page_size: int = 100,
    max_rows: int = 1000,
    before: Marks = frozenset(),
) -> Rows | Reason:
    """The rows, or why there are none."""

    async def reading() -> Rows | Reason:
        try:
            return await read_whole(fetch, page_size=page_size, max_rows=max_rows, before=before)
        except SourceFailure as failure:
            return failure.reason

    return asyncio.run(reading())


def all_of(rows: Rows | Reason) -> list[str]:
    """The keys of what was read."""
    assert not isinstance(rows, Reason)
    return sorted(map(str, rows))


def ids(count: int) -> list[str]:
    return [f"row-{number}" for number in range(count)]


# --- the law --------------------------------------------------------------------------------------------------

CHANGES = st.tuples(st.sampled_from(["insert", "delete", "move"]), st.integers(0, 20), st.integers(0, 20))


@given(
    count=st.integers(0, 9),
    most=st.integers(2, 4),
    script=st.lists(st.lists(CHANGES, max_size=3), max_size=24),
    waits=st.lists(st.integers(0, 5), max_size=24),
)
def test_what_is_read_is_the_collection_at_one_moment_however_its_rows_change(
    count: int, most: int, script: list[list[Change]], waits: list[int]
) -> None:
    server = Server(ids(count), most, script, waits)
    rows = read(server.fetch)
    if isinstance(rows, Reason):
        assert rows in {Reason.SHIFTING, Reason.MISMATCH}
    else:
        assert frozenset(map(str, rows)) in server.history
        assert all(body == str(key).encode() for key, body in rows.items())


@given(count=st.integers(0, 30), most=st.integers(1, 7), waits=st.lists(st.integers(0, 5), max_size=60))
def test_a_collection_that_stands_still_is_read_whole(count: int, most: int, waits: list[int]) -> None:
    assert all_of(read(Server(ids(count), most, [], waits).fetch)) == sorted(ids(count))


@given(most=st.integers(2, 4), script=st.lists(st.lists(CHANGES, max_size=3), max_size=4))
def test_changes_that_end_in_time_cost_a_reading_and_nothing_more(most: int, script: list[list[Change]]) -> None:
    # Four calls are at most two readings of four or more rows; then there are three quiet ones.
    server = Server(ids(9), most, script)
    assert all_of(read(server.fetch)) == sorted(server.history[-1])


@given(most=st.integers(1, 4), script=st.lists(st.lists(CHANGES, max_size=3), max_size=20))
def test_what_an_earlier_reading_held_never_lets_a_part_pass_for_the_whole(
    most: int, script: list[list[Change]]
) -> None:
    server = Server(ids(6), most)
    earlier = read(server.fetch)
    assert not isinstance(earlier, Reason)
    server.script = script
    seen_from = len(server.history) - 1

    rows = read(server.fetch, before=marks_of(earlier))

    if isinstance(rows, Reason):
        assert rows in {Reason.SHIFTING, Reason.MISMATCH}
    else:
        assert frozenset(map(str, rows)) in server.history[seen_from:], "the rows of one moment of this reading"


# --- given cases ----------------------------------------------------------------------------------------------


def test_a_collection_that_has_not_changed_since_is_read_once() -> None:
    server = Server(ids(6), 2)
    rows = read(server.fetch)
    assert server.calls == 2 * 3
    assert not isinstance(rows, Reason)
    assert all_of(read(server.fetch, before=marks_of(rows))) == ids(6)
    assert server.calls == 3 * 3


def test_a_collection_that_has_changed_since_is_read_until_two_readings_agree() -> None:
    server = Server(ids(6), 2)
    rows = read(server.fetch)
    assert not isinstance(rows, Reason)
    server.rows.append("row-6")
    server.calls = 0
    assert all_of(read(server.fetch, before=marks_of(rows))) == ids(7)
    assert server.calls == 2 * 4


def test_a_row_deleted_before_the_next_page_does_not_hide_the_row_that_moves_up() -> None:
    # Between the pages [0 1] and [2 3] row 0 goes: row 2 stands where row 1 stood and is on neither page.
    server = Server(ids(4), 2, [[], [("delete", 0, 0)]])
    assert all_of(read(server.fetch)) == ["row-1", "row-2", "row-3"]


def test_a_row_inserted_before_the_next_page_doubles_nobody() -> None:
    server = Server(ids(4), 2, [[], [("insert", 0, 0)]])
    assert all_of(read(server.fetch)) == ["new-1", "row-0", "row-1", "row-2", "row-3"]


def test_a_loss_that_the_count_cannot_show_is_found_by_reading_again() -> None:
    # Row 3 moves to the front, row 0 goes and a new row comes last: the count is right and row 3 was on no page.
    script: list[list[Change]] = [[], [("move", 3, 0), ("delete", 1, 0), ("insert", 3, 0)]]
    server = Server(ids(4), 2, script)
    assert all_of(read(server.fetch)) == ["new-1", "row-1", "row-2", "row-3"]
    assert server.calls == 3 * 2


def test_a_server_that_never_stands_still_is_unavailable_after_a_bounded_number_of_readings() -> None:
    server = Server(ids(4), 2, [[("delete", 0, 0), ("insert", 9, 0)]] * 100)
    assert read(server.fetch) is Reason.SHIFTING
    assert server.calls == MAX_READINGS * 2


def test_one_page_that_holds_everything_is_read_once() -> None:
    server = Server(ids(4), 100)
    assert all_of(read(server.fetch)) == ids(4)
    assert server.calls == 1


def test_a_server_that_always_gives_the_same_page_is_refused() -> None:
    async def looping(offset: int, limit: int) -> Page:
        return Page((("a", b"a"), ("b", b"b")), 6)

    assert read(looping) is Reason.SHIFTING


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (Page((("a", b""),), 10**9), Reason.OVERSIZE),
        (Page((), 3), Reason.MISMATCH),
        (Page((("a", b""), ("b", b"")), 1), Reason.MISMATCH),
        (Page((("a", b""), ("a", b"")), 2), Reason.MISMATCH),
        (Page((("a", b""),), 1, says_more=True), Reason.MISMATCH),
    ],
)
def test_a_page_that_contradicts_itself_is_refused(page: Page, reason: Reason) -> None:
    async def always(offset: int, limit: int) -> Page:
        return page

    assert read(always) is reason


def test_more_pages_than_a_reading_may_cost_are_refused_before_they_are_fetched() -> None:
    server = Server(ids(MAX_PAGES + 1), 1)
    assert read(server.fetch, max_rows=10_000) is Reason.OVERSIZE
    assert server.calls == 1


def test_a_long_collection_asks_for_few_pages_at_a_time() -> None:
    server, at_once, most_at_once = Server(ids(400), 2), 0, 0

    async def fetch(offset: int, limit: int) -> Page:
        nonlocal at_once, most_at_once
        at_once += 1
        most_at_once = max(most_at_once, at_once)
        await asyncio.sleep(0)
        at_once -= 1
        return await server.fetch(offset, limit)

    assert all_of(read(fetch)) == sorted(ids(400))
    assert most_at_once == 4


def test_a_page_that_fails_fails_the_whole() -> None:
    async def broken(offset: int, limit: int) -> Page:
        if offset:
            raise SourceUnavailable(Reason.TIMEOUT)
        return Page((("a", b""), ("b", b"")), 4)

    assert read(broken) is Reason.TIMEOUT


# --- headers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("told", [None, "", "-1", "many", "1.5", "1e9", "9" * 40])
def test_an_answer_that_does_not_count_is_refused(told: str | None) -> None:
    with pytest.raises(SourceFailure) as failure:
        total_in(Incoming(status=200, headers={} if told is None else {"x-total-count": told}))
    assert failure.value.reason is Reason.MISMATCH


def test_the_count_is_read() -> None:
    assert total_in(Incoming(status=200, headers={"x-total-count": " 12 "})) == 12


@pytest.mark.parametrize(
    ("link", "says_more"),
    [
        ("", False),
        (f'<{URL}>; rel="next"', True),
        ("</ims/oneroster/rostering/v1p2/users?offset=2>; rel=next", True),
        ('<https://roster.example:443/ims/oneroster/rostering/v1p2/users?offset=2>; rel="next"', True),
        (f'<{URL}>; rel="first", <{URL}>; rel="last"', False),
        (f'<{URL}>; rel="prev", <{URL}>; rel="next"', True),
        ('<https://elsewhere.example/users>; rel="first"', False),
        ("no link at all", False),
    ],
)
def test_a_link_to_the_next_page_says_that_there_is_one(link: str, says_more: bool) -> None:
    assert links_to_next(Incoming(status=200, headers={"link": link}), URL) is says_more


@pytest.mark.parametrize(
    "target",
    [
        "https://elsewhere.example/ims/oneroster/rostering/v1p2/users?offset=2",
        "http://roster.example/ims/oneroster/rostering/v1p2/users?offset=2",
        "https://roster.example:8443/ims/oneroster/rostering/v1p2/users?offset=2",
        "http://[::1",
        "https://roster.example:port/ims/oneroster/rostering/v1p2/users?offset=2",
        "//elsewhere.example/ims/oneroster/rostering/v1p2/users",
        "https://roster.example/admin/users",
        "../../orgs",
        "file:///etc/passwd",
        "http://169.254.169.254/latest",
    ],
)
def test_a_link_that_leads_away_refuses_the_answer(target: str) -> None:
    with pytest.raises(SourceFailure) as failure:
        links_to_next(Incoming(status=200, headers={"link": f'<{target}>; rel="next"'}), URL)
    assert failure.value.reason is Reason.ORIGIN
