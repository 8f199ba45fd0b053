import asyncio
import hashlib
import json
import logging
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from connectors.table import DropRefused, FilesDoNotFit, TableSource
from connectors.table.drop import Drop, Refusal
from hoks.identifiers import LearnerOid, StudyRightOid
from hoks.outcomes import Outcome
from hoks.ports import PlanSource, RightsSource
from hoks.student import Person
from tests.connectors import contract
from tests.connectors.table.drops import (
    AINO,
    B_PROVIDER,
    EERO,
    RIGHT_1,
    RIGHT_2,
    SNAPSHOT,
    UNKNOWN_RIGHT,
    Files,
    FixedClock,
    as_csv,
    of,
    settings_for,
    write_drop,
)

AS_OF = datetime(2026, 10, 4, 23, 10, tzinfo=UTC)
A_PERSON = Person(oid=AINO)


def files(versio: str = "1") -> dict[str, list[dict[str, str]]]:
    return {
        "opiskelijat.csv": [of(opnro="1", oppijanumero=AINO, sukunimi="Ääkkönen"), of(opnro="3", oppijanumero="")],
        "opinto_oikeudet.csv": [of(oo_id="11", opnro="1", oo_oid=RIGHT_1, tila="L", tila_alku="17.8.2024")],
        "hoks.csv": [of(hoks_id="21", oo_id="11", versio=versio)],
    }


def source_of(folder: Path, drop: Files, *, clock: FixedClock | None = None, at: str = SNAPSHOT) -> TableSource:
    return TableSource(write_drop(folder, "b", drop, at=at), clock or FixedClock())


def relist(folder: Path, name: str, content: bytes, rows: int) -> None:
    """Change a file and the manifest with it, as an exporter would."""
    (folder / name).write_bytes(content)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["tiedostot"][name] = {"rivit": rows, "sha256": hashlib.sha256(content).hexdigest()}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_it_is_a_source_of_rights_and_of_plans(tmp_path: Path) -> None:
    source: RightsSource = source_of(tmp_path, files())
    also: PlanSource = source_of(tmp_path, files())
    assert (source.source.id, also.source.provider_oid) == ("b-primus", B_PROVIDER)


async def test_files_keep_the_contract(tmp_path: Path) -> None:
    source = source_of(tmp_path, files())
    await contract.rights_answer_everyone_who_was_asked_and_nobody_else(source, [A_PERSON, Person(oid=EERO)])
    await contract.rights_survive_a_malformed_person(source, A_PERSON)
    await contract.rights_of_nobody_are_no_answers(source)
    await contract.plans_answer_every_right_that_was_asked_and_no_other(source, [RIGHT_1, UNKNOWN_RIGHT])
    await contract.plans_survive_a_malformed_right(source, RIGHT_1)
    await contract.everything_declared_is_told(source)


async def test_files_that_are_not_there_are_outcomes(tmp_path: Path) -> None:
    source = TableSource(settings_for("b", tmp_path), FixedClock())
    await contract.broken_rights_are_outcomes(source, [A_PERSON])
    await contract.broken_plans_are_outcomes(source, [RIGHT_1])
    await contract.everything_declared_fails_as_declared(source)


async def test_every_key_is_answered_and_a_snapshot_asserts_absence(tmp_path: Path) -> None:
    source = source_of(tmp_path, files())
    rights = await source.rights([A_PERSON, Person(oid=EERO)])
    assert {oid: answer.outcome for oid, answer in rights.answers.items()} == {AINO: Outcome.OK, EERO: Outcome.ABSENT}
    plans = await source.plans([RIGHT_1, UNKNOWN_RIGHT])
    assert {oid: answer.outcome for oid, answer in plans.answers.items()} == {
        RIGHT_1: Outcome.OK,
        UNKNOWN_RIGHT: Outcome.ABSENT,
    }
    assert (rights.source, rights.as_of, rights.fetched_at, rights.stale) == (
        "b-primus",
        AS_OF,
        FixedClock().now(),
        False,
    )
    learners = await source.learners()
    assert learners.answers[B_PROVIDER].value == (AINO,)


async def test_a_person_is_found_under_any_of_their_oids_and_answered_by_the_master(tmp_path: Path) -> None:
    source = source_of(tmp_path, files())
    reply = await source.rights([Person(oid=EERO, aliases=frozenset({AINO}))])
    (right,) = reply.answers[EERO].value or ()
    assert set(reply.answers) == {EERO}
    assert (right.oid, right.student_oid) == (RIGHT_1, AINO)


async def test_one_right_told_under_two_oids_of_a_person_is_one_right(tmp_path: Path) -> None:
    drop = files()
    drop["opiskelijat.csv"].append(of(opnro="2", oppijanumero=EERO))
    drop["opinto_oikeudet.csv"].append(of(oo_id="12", opnro="2", oo_oid=RIGHT_1, tila="E", tila_alku="1.5.2026"))
    reply = await source_of(tmp_path, drop).rights([Person(oid=EERO, aliases=frozenset({AINO}))])
    (right,) = reply.answers[EERO].value or ()
    assert len(right.periods or ()) == 2


async def test_a_right_that_is_somebody_elses_too_is_shown_for_neither(tmp_path: Path) -> None:
    drop = files()
    drop["opiskelijat.csv"].append(of(opnro="2", oppijanumero=EERO))
    drop["opinto_oikeudet.csv"].append(of(oo_id="12", opnro="2", oo_oid=RIGHT_1, tila="L", tila_alku="17.8.2024"))
    source = source_of(tmp_path, drop)
    both = await source.rights([Person(oid=EERO), A_PERSON])
    alone = await source.rights([A_PERSON])
    for reply in (both, alone):
        assert {(answer.outcome, answer.value) for answer in reply.answers.values()} == {(Outcome.INVALID, None)}


async def test_a_rights_holder_is_named_by_an_oid_of_the_drop(tmp_path: Path) -> None:
    reply = await source_of(tmp_path, files()).holders([RIGHT_1, UNKNOWN_RIGHT])
    assert (reply.answers[RIGHT_1].outcome, reply.answers[RIGHT_1].value) == (Outcome.OK, AINO)
    assert reply.answers[UNKNOWN_RIGHT].outcome is Outcome.ABSENT


@pytest.mark.parametrize("nothing", ["", "x", "1.2.246.562.98.98000000013", "'; DROP TABLE people; --", "?1"])
async def test_no_key_makes_it_raise(tmp_path: Path, nothing: str) -> None:
    source = source_of(tmp_path, files())
    rights = await source.rights([Person(oid=LearnerOid(nothing))])
    assert {answer.outcome for answer in rights.answers.values()} == {Outcome.ABSENT}
    plans = await source.plans([StudyRightOid(nothing)])
    assert {answer.outcome for answer in plans.answers.values()} == {Outcome.ABSENT}
    assert (await source.rights([])).answers == {}
    assert (await source.plans([])).outcome is Outcome.OK


# --- the age of a snapshot ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("now", "stale"), [("2026-10-06T11:09:00+00:00", False), ("2026-10-06T11:11:00+00:00", True)])
async def test_an_old_snapshot_is_shown_and_marked(tmp_path: Path, now: str, stale: bool) -> None:
    source = source_of(tmp_path, files(), clock=FixedClock(datetime.fromisoformat(now)))
    reply = await source.plans([RIGHT_1])
    assert (reply.outcome, reply.stale, reply.as_of) == (Outcome.OK, stale, AS_OF)


async def test_a_new_drop_takes_the_place_of_the_old(tmp_path: Path) -> None:
    source = source_of(tmp_path, files("1"))
    await source.plans([RIGHT_1])
    write_drop(tmp_path, "b", files("2"), at="2026-10-05T05:10:00+03:00")
    reply = await source.plans([RIGHT_1])
    (plan,) = reply.answers[RIGHT_1].value or ()
    assert (plan.version, reply.as_of, reply.stale) == (2, datetime(2026, 10, 5, 2, 10, tzinfo=UTC), False)


async def test_files_that_change_before_their_manifest_are_not_looked_at(tmp_path: Path) -> None:
    source = source_of(tmp_path, files("1"))
    await source.plans([RIGHT_1])
    (tmp_path / "hoks.csv").write_bytes(b"hoks_id;oo_id")
    reply = await source.plans([RIGHT_1])
    assert (reply.outcome, reply.stale) == (Outcome.OK, False)


async def test_a_half_written_drop_is_refused_and_the_last_good_one_shown_as_stale(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = source_of(tmp_path, files("1"))
    await source.plans([RIGHT_1])
    write_drop(tmp_path, "b", files("2"), at="2026-10-05T05:10:00+03:00")
    whole = (tmp_path / "hoks.csv").read_bytes()
    (tmp_path / "hoks.csv").write_bytes(whole[:-5])
    reply = await source.plans([RIGHT_1])
    (plan,) = reply.answers[RIGHT_1].value or ()
    assert (plan.version, reply.as_of, reply.stale) == (1, AS_OF, True)
    assert any("OTHER_CHECKSUM" in message and "`hoks.csv`" in message for message in caplog.messages)
    (tmp_path / "hoks.csv").write_bytes(whole)
    reply = await source.plans([RIGHT_1])
    assert ((reply.answers[RIGHT_1].value or ())[0].version, reply.stale) == (2, False)


async def test_a_refused_drop_is_tried_once_until_something_changes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = write_drop(tmp_path, "b", files(), complete=False)
    source = TableSource(settings, FixedClock())
    for _ in range(3):
        await source.plans([RIGHT_1])
    assert [message for message in caplog.messages if "NOT_COMPLETE" in message] == [
        "source `b-primus`, `manifest.json`: the manifest does not say that the drop is complete: "
        "drop refused (NOT_COMPLETE)"
    ]


# --- drops that cannot be used --------------------------------------------------------------------------------


def unfinished(folder: Path) -> None:
    write_drop(folder, "b", files(), complete=False)


def without_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def broken_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_bytes(b'{"valmis": true, "aikaleima": "eilen", "tiedostot": {}}')


def without_a_file(folder: Path) -> None:
    (folder / "jaksot.csv").unlink()


def unlisted_file(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["tiedostot"]["jaksot.csv"]
    (folder / "manifest.json").write_text(json.dumps(manifest))


def too_few_rows(folder: Path) -> None:
    relist(folder, "hoks.csv", (folder / "hoks.csv").read_bytes(), 2)


def other_charset(folder: Path) -> None:
    # 0x81 is no character of Windows-1252.
    relist(folder, "opiskelijat.csv", b"opnro;oppijanumero;sukunimi;etunimet\r\n1;;\x81;\r\n", 1)


def open_quote(folder: Path) -> None:
    relist(folder, "opiskelijat.csv", b'opnro;oppijanumero;sukunimi;etunimet\r\n1;;"Aalto;\r\n2;;;\r\n', 2)


FAULTS = {
    "MANIFEST_MISSING": without_manifest,
    "MANIFEST_UNREADABLE": broken_manifest,
    "NOT_COMPLETE": unfinished,
    "FILE_MISSING": without_a_file,
    "FILE_NOT_LISTED": unlisted_file,
    "OTHER_ROW_COUNT": too_few_rows,
    "WRONG_CHARSET": other_charset,
    "NOT_CSV": open_quote,
}


@pytest.mark.parametrize("reason", FAULTS)
async def test_a_drop_that_is_not_whole_makes_every_key_unavailable_and_nothing_raise(
    tmp_path: Path, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    source = source_of(tmp_path, files())
    FAULTS[reason](tmp_path)
    with caplog.at_level(logging.INFO):
        rights, plans, learners = (
            await source.rights([A_PERSON]),
            await source.plans([RIGHT_1, RIGHT_2]),
            await source.learners(),
        )
    for reply in (rights, plans, learners):
        assert {answer.outcome for answer in reply.answers.values()} == {Outcome.UNAVAILABLE}
    assert set(plans.answers) == {RIGHT_1, RIGHT_2}
    assert any(f"({reason})" in message for message in caplog.messages)
    assert "Ääkkönen" not in caplog.text
    with pytest.raises(DropRefused):
        await source.load()


async def test_a_column_that_the_file_does_not_have_stops_the_start_with_its_name(tmp_path: Path) -> None:
    source = source_of(tmp_path, files())
    header = ["opnro", "sukunimi", "etunimet"]
    relist(tmp_path, "opiskelijat.csv", as_csv(header, [of(opnro="1", sukunimi="Salainen")], ";").encode("cp1252"), 1)
    with pytest.raises(FilesDoNotFit) as refused:
        await source.load()
    assert str(refused.value) == "source `b-primus`, table `people`, column `oppijanumero`: the file has no such column"


async def test_a_column_that_the_file_has_twice_stops_the_start(tmp_path: Path) -> None:
    source = source_of(tmp_path, files())
    relist(tmp_path, "opiskelijat.csv", b"opnro;oppijanumero;sukunimi;etunimet;opnro\r\n", 0)
    with pytest.raises(FilesDoNotFit, match="column `opnro`: the file has the column twice"):
        await source.load()


def test_files_that_somebody_writes_to_while_they_are_read_are_refused(tmp_path: Path) -> None:
    write_drop(tmp_path, "b", files())
    drop = Drop(settings_for("b", tmp_path, manifest=None))
    drop.check_unchanged()
    with (tmp_path / "hoks.csv").open("ab") as file:
        file.write(b"22;11\r\n")
    with pytest.raises(DropRefused) as refused:
        drop.check_unchanged()
    assert refused.value.reason is Refusal.CHANGED_MEANWHILE


async def test_a_row_wider_than_its_header_is_left_out(tmp_path: Path) -> None:
    source = source_of(tmp_path, files())
    rows = f"opnro;oppijanumero;sukunimi;etunimet\r\n1;{AINO}\r\n2;{EERO};Suku;nimi;liikaa\r\n".encode("cp1252")
    relist(tmp_path, "opiskelijat.csv", rows, 2)
    assert (await source.learners()).answers[B_PROVIDER].value == (AINO,)


async def test_without_a_manifest_the_newest_file_says_how_old_the_drop_is(tmp_path: Path) -> None:
    write_drop(tmp_path, "b", files())
    settings = settings_for("b", tmp_path, manifest=None)
    for table in settings.tables.values():
        os.utime(tmp_path / table.file, (0, datetime(2026, 10, 4, 20, 0, tzinfo=UTC).timestamp()))
    os.utime(tmp_path / "hoks.csv", (0, datetime(2026, 10, 4, 22, 0, tzinfo=UTC).timestamp()))
    reply = await TableSource(settings, FixedClock()).plans([RIGHT_1])
    assert (reply.outcome, reply.as_of, reply.stale) == (
        Outcome.OK,
        datetime(2026, 10, 4, 22, 0, tzinfo=UTC),
        False,
    )


async def test_a_source_that_gives_no_plans_does_not_say_that_there_are_none(tmp_path: Path) -> None:
    write_drop(tmp_path, "b", files())
    source = TableSource(settings_for("b", tmp_path, gives=["rights"]), FixedClock())
    assert (await source.plans([UNKNOWN_RIGHT])).outcome is Outcome.ABSENT_OR_DENIED


async def test_many_requests_at_once_load_the_drop_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = source_of(tmp_path, files())
    replies = await asyncio.gather(*(source.plans([RIGHT_1]) for _ in range(20)))
    assert {reply.outcome for reply in replies} == {Outcome.OK}
    assert len([message for message in caplog.messages if "without a learner number" in message]) == 1


async def test_a_request_that_gives_up_leaves_the_load_to_the_others(tmp_path: Path) -> None:
    source = source_of(tmp_path, files())
    impatient = asyncio.create_task(source.plans([RIGHT_1]))
    patient = asyncio.create_task(source.plans([RIGHT_1]))
    await asyncio.sleep(0)
    impatient.cancel()
    assert (await patient).outcome is Outcome.OK


# --- what is at hand ------------------------------------------------------------------------------------------


class Later(FixedClock):
    """A clock that is turned by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = timedelta()

    def now(self) -> datetime:
        return super().now() + self.passed


def patient(folder: Path, clock: FixedClock | None = None) -> TableSource:
    """A source that looks for a newer drop once a minute."""
    settings = msgspec.structs.replace(write_drop(folder, "b", files()), look_every_seconds=60)
    return TableSource(settings, clock or FixedClock())


async def test_what_was_read_of_a_drop_is_at_hand_until_the_next_drop(tmp_path: Path) -> None:
    source = patient(tmp_path)
    assert source.plans_at_hand([RIGHT_1]) is None
    read = await source.plans([RIGHT_1, UNKNOWN_RIGHT])
    assert source.plans_at_hand([RIGHT_1, UNKNOWN_RIGHT]) == read
    assert [answer.outcome for answer in read.answers.values()] == [Outcome.OK, Outcome.ABSENT]
    again = await source.plans([RIGHT_1])
    (one,), (other,) = (reply.answers[RIGHT_1].value or () for reply in (read, again))
    assert one is other
    assert source.plans_at_hand([RIGHT_2]) is None
    write_drop(tmp_path, "b", files(versio="2"), at="2026-10-05T08:00:00+03:00")
    await asyncio.to_thread(source._rows._take)  # type: ignore[union-attr]  # a drop is looked for by the clock
    assert source.plans_at_hand([RIGHT_1]) is None
    (newer,) = (await source.plans([RIGHT_1])).answers[RIGHT_1].value or ()
    assert (one.version, newer.version) == (1, 2)


async def test_a_person_with_another_alias_is_not_at_hand(tmp_path: Path) -> None:
    source = patient(tmp_path)
    await source.rights([A_PERSON])
    assert source.rights_at_hand([A_PERSON]) == await source.rights([A_PERSON])
    assert source.rights_at_hand([Person(oid=AINO, aliases=frozenset({EERO}))]) is None


async def test_of_what_is_at_hand_the_reading_is_no_older_than_of_other_sources(tmp_path: Path) -> None:
    clock = Later()
    source = patient(tmp_path, clock)
    await source.plans([RIGHT_1, UNKNOWN_RIGHT])
    began = clock.now()
    for passed, read in ((29, began), (31, began + timedelta(seconds=31))):
        clock.passed = timedelta(seconds=passed)
        reply = source.plans_at_hand([RIGHT_1, UNKNOWN_RIGHT])
        assert reply is not None
        assert {reply.reading(each).fetched_at for each in (RIGHT_1, UNKNOWN_RIGHT)} == {read}
    clock.passed = timedelta(days=3)
    old = source.plans_at_hand([RIGHT_1])
    assert old is not None and old.stale and old.reading(RIGHT_1).stale


async def test_nothing_is_at_hand_while_a_newer_drop_is_looked_for(tmp_path: Path) -> None:
    source = source_of(tmp_path, files())  # which looks each time
    await source.plans([RIGHT_1])
    assert source.plans_at_hand([RIGHT_1]) is None
