"""How a trace is read: traces written by hand, of gateways that are right and wrong."""

from pathlib import Path

import pytest

from tests.strace import answers, done

ASKED = '7 read(9<TCP:[127.0.0.1:80]>, "POST /graphql HTTP/1.1\\r\\n"..., 262144) = 300'
WROTE = '8 pwrite64(5</r/records.db-wal>, "x", 4096, 0) = 4096'
SYNCED = "8 fdatasync(5</r/records.db-wal>) = 0"
SYNC_BEGAN = "8 fdatasync(5</r/records.db-wal> <unfinished ...>"
SYNC_ENDED = "8 <... fdatasync resumed>) = 0"
SENT = '7 write(9<TCP:[127.0.0.1:80]>, "HTTP/1.1 200 OK\\r\\n"..., 900) = 900'


@pytest.mark.parametrize(
    ("trace", "told"),
    [
        ([ASKED, WROTE, SYNCED, SENT], [True]),
        ([ASKED, WROTE, SYNC_BEGAN, SYNC_ENDED, SENT], [True]),
        ([ASKED, WROTE, SYNCED, SENT, ASKED, WROTE, SYNCED, SENT], [True, True]),
        # Sent while the system was still at it, before it began, without it, or without a record at all.
        ([ASKED, WROTE, SYNC_BEGAN, SENT, SYNC_ENDED], [False]),
        ([ASKED, WROTE, SENT, SYNCED], [False]),
        ([ASKED, SENT, WROTE, SYNCED], [False]),
        ([ASKED, WROTE, SENT], [False]),
        ([ASKED, SENT], [False]),
        # What is written for the last answer is not this one's; nor is a sync of something else, or one that failed.
        ([ASKED, SENT, WROTE, SYNCED, ASKED, SENT], [False, False]),
        ([ASKED, WROTE, SYNCED, WROTE, SENT], [False]),
        ([ASKED, SYNCED, SENT], [False]),
        ([ASKED, WROTE, SYNCED.replace("-wal", "-shm"), SENT], [False]),
        ([ASKED, WROTE, SYNCED.replace("= 0", "= -1 EIO (Input/output error)"), SENT], [False]),
        ([ASKED, WROTE, SYNC_BEGAN, SYNC_ENDED.replace("= 0", "= -1 EIO (Input/output error)"), SENT], [False]),
        ([ASKED, WROTE, SYNC_BEGAN, SYNC_ENDED.replace("8", "6", 1), SENT], [False]),
    ],
)
def test_an_answer_counts_as_durable_only_after_the_sync_of_what_was_written_for_it(
    trace: list[str], told: list[bool]
) -> None:
    assert answers(done(trace, Path("/r/records.db"))) == told
