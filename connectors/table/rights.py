"""Rows of status periods to study rights (opiskeluoikeus).

The rows of one right are read together: the latest row speaks for the right, and what it leaves out the one before.
Rows of one day stand by their cells, since neither a file nor a view says which was written last.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

import msgspec

from connectors.table.cells import Cells, Notes, Row, clean, day_of, own_key, prefixed
from connectors.table.settings import RowSettings
from connectors.table.snapshot import Snapshot, grouped
from hoks.codes import STATE_OF_CODE, TYPE_OF_CODE, StudyRightState, state_of, type_of
from hoks.findings import FindingCode
from hoks.identifiers import (
    Check,
    LearnerOid,
    OrganisationOid,
    StudyRightOid,
    check_learner_oid,
    check_study_right_oid,
)
from hoks.student import Person
from hoks.study_right import CompetenceArea, IncludedIn, Qualification, StatePeriod, StudyRight
from hoks.values import Code, Organisation, Text

_RIGHTS = """
SELECT rights.*, (SELECT oid FROM people WHERE people.key = rights.person_key LIMIT 1) AS person_oid, (
    SELECT group_concat(DISTINCT people.oid)
    FROM rights AS same JOIN people ON people.key = same.person_key WHERE same.oid = rights.oid
) AS holders
FROM rights WHERE oid IS NOT NULL AND person_key IN (SELECT key FROM people WHERE oid IN ({keys})) ORDER BY rowid"""
_HOLDERS = """
SELECT rights.oid, min(people.oid) AS person_oid FROM rights JOIN people ON people.key = rights.person_key
WHERE rights.oid IN ({keys}) AND people.oid IS NOT NULL GROUP BY rights.oid"""
_LEARNERS = "SELECT DISTINCT oid FROM people WHERE oid IS NOT NULL ORDER BY oid"

_OPEN = frozenset({StudyRightState.PRESENT, StudyRightState.ON_LEAVE})
_TERMINAL = frozenset(
    {
        StudyRightState.GRADUATED,
        StudyRightState.DISCONTINUED,
        StudyRightState.CONSIDERED_DISCONTINUED,
        StudyRightState.REVOKED,
    }
)
_STATE_SET = "koskiopiskeluoikeudentila_"
_TYPE_SET = "opiskeluoikeudentyyppi_"


def rows_by_person(snapshot: Snapshot, oids: Collection[LearnerOid]) -> dict[str, list[Row]]:
    """The status rows of each person, by the OID that the drop has."""
    return grouped(snapshot.ask(_RIGHTS, oids), "person_oid")


def are_of(person: Person, rows: Sequence[Row]) -> bool:
    """Whether no right in these rows is somebody else's too, who could then be shown this person's plan."""
    return all(set((row["holders"] or "").split(",")) <= person.all_oids for row in rows)


def holders_of(snapshot: Snapshot, rights: Collection[StudyRightOid]) -> dict[str, LearnerOid]:
    """Whose each right is. Of several OIDs the first: if they are not one person, ``are_of`` will say so."""
    return {row["oid"] or "": LearnerOid(row["person_oid"] or "") for row in snapshot.ask(_HOLDERS, rights)}


def learners_of(snapshot: Snapshot) -> tuple[LearnerOid, ...]:
    """Every learner number in the drop, each once."""
    return tuple(LearnerOid(row["oid"] or "") for row in snapshot.rows(_LEARNERS))


def study_rights(rows: Sequence[Row], settings: RowSettings) -> tuple[StudyRight, ...]:
    """The rights that one person's rows describe, in the order of their first rows."""
    return tuple(_study_right(oid, of_one, settings) for oid, of_one in grouped(rows, "oid").items())


def _study_right(oid: str, rows: list[Row], settings: RowSettings) -> StudyRight:
    notes = Notes()
    dated = sorted(((_start(row, settings), row) for row in rows), key=_by_day_and_cells)
    latest = _latest([row for _, row in dated])
    cells = Cells(latest, settings)
    periods = _periods(dated, cells, settings)
    last = periods[-1] if periods else None
    included_in = cells.study_right_oid("included_in_oid", "included_in.oid")
    # INVARIANT: a link lets another provider in, so rows of one day that name different ones name none.
    if len(_links_of_last_day(dated)) > 1:
        included_in = None
        cells.note(FindingCode.UNREADABLE_VALUE, "included_in.oid")
    right = StudyRight(
        oid=StudyRightOid(oid),
        student_oid=_student(cells),
        provider=Organisation(oid=settings.provider),
        school=_organisation(cells.organisation_oid("school_oid", "school")),
        site=_organisation(cells.organisation_oid("site_oid", "site")),
        type=type_of(code) if (code := _type(cells, settings)) else None,
        type_code=Code(uri=_national(code, TYPE_OF_CODE, _TYPE_SET)) if code else None,
        periods=periods,
        start_date=periods[0].start_date if periods else None,
        estimated_end_date=cells.day("estimated_end", "estimated_end_date"),
        end_date=last.start_date if last and last.state in _TERMINAL else None,
        included_in=IncludedIn(
            oid=included_in, school_oid=cells.organisation_oid("included_in_school", "included_in.school_oid")
        )
        if included_in
        else None,
        purchased=cells.truth("purchased", "purchased"),
        qualifications=_qualifications(cells, settings),
        competence_areas=_competence_areas(cells, settings),
        source_system_id=own_key(latest),
    )
    if check_study_right_oid(oid) is Check.BAD_CHECK_DIGIT:
        cells.note(FindingCode.BAD_CHECK_DIGIT, "oid")
    cells.settle(right, "", notes)
    return msgspec.structs.replace(right, findings=notes.all())


def _by_day_and_cells(dated: tuple[date | None, Row]) -> tuple[date, list[tuple[int, str]]]:
    start, row = dated
    # Shorter before longer: numbers stand in their own order.
    return start or date.min, [(len(cell), cell) for cell in (row[column] or "" for column in sorted(row))]


def _links_of_last_day(dated: Sequence[tuple[date | None, Row]]) -> set[str]:
    last = dated[-1][0]
    return {link for start, row in dated if start == last and (link := clean(row["included_in_oid"]))}


def _latest(rows: list[Row]) -> Row:
    merged = dict(rows[0])
    for row in rows[1:]:
        merged |= {column: cell for column, cell in row.items() if clean(cell)}
    return merged


# --- status periods -------------------------------------------------------------------------------------------


def _start(row: Row, settings: RowSettings) -> date | None:
    text = clean(row["state_start"])
    return day_of(text, settings.date_format) if text else None


def _periods(dated: list[tuple[date | None, Row]], cells: Cells, settings: RowSettings) -> tuple[StatePeriod, ...]:
    """The status periods by date; what is wrong with them is noted on the right.

    A period ends where the next begins, so the provider's own end dates say nothing more.
    """
    periods: dict[StatePeriod, None] = {}
    undated: set[StudyRightState] = set()
    for start, row in dated:
        state, code = _state(row, cells, settings)
        if start is None:
            undated.add(state)
            missing = clean(row["state_start"]) is None
            fault = FindingCode.MISSING_REQUIRED_VALUE if missing else FindingCode.UNREADABLE_VALUE
            cells.note(fault, "periods.start_date")
        else:
            periods[StatePeriod(start_date=start, state=state, state_code=code)] = None
    # INVARIANT: a lost date never opens a right. Without the day of a suspension or an end nobody knows what the
    # right is today, so it has no periods, which closes it. A lost day of presence opens nothing.
    if undated - _OPEN:
        cells.note(FindingCode.UNKNOWN_STATE, "periods.state")
        return ()
    return tuple(periods)


def _state(row: Row, cells: Cells, settings: RowSettings) -> tuple[StudyRightState, Code | None]:
    word = clean(row["state"])
    code = settings.codes.state.get(word, word) if word else None
    state = state_of(code) if code else StudyRightState.UNKNOWN
    if state is StudyRightState.UNKNOWN:
        cells.note(FindingCode.UNKNOWN_STATE, "periods.state")
    return state, Code(uri=_national(code, STATE_OF_CODE, _STATE_SET)) if code else None


# --- what the right is about ----------------------------------------------------------------------------------


def _student(cells: Cells) -> LearnerOid | None:
    oid = cells.text("person_oid")
    if oid and check_learner_oid(oid) is Check.BAD_CHECK_DIGIT:
        cells.note(FindingCode.BAD_CHECK_DIGIT, "student_oid")
    return LearnerOid(oid) if oid else None


def _type(cells: Cells, settings: RowSettings) -> str | None:
    word = cells.text("type")
    if word and word not in settings.codes.right_type and word not in TYPE_OF_CODE:
        cells.note(FindingCode.UNKNOWN_CODE, "type")
    return settings.codes.right_type.get(word, word) if word else None


def _national(code: str, known: Mapping[str, object], code_set: str) -> str:
    """The national code of a word that is known; any other stays as it came."""
    return prefixed(code.lower(), code_set) if code.lower() in known else code


def _organisation(oid: OrganisationOid | None) -> Organisation | None:
    return Organisation(oid=oid) if oid else None


def _qualifications(cells: Cells, settings: RowSettings) -> tuple[Qualification, ...]:
    number, name = cells.text("requirements_number"), cells.text("requirements_name")
    code = _named(cells, "qualification", settings.code_prefixes.qualification, settings)
    if not (code or number or name):
        return ()
    return (Qualification(code=code, requirements_register_number=number, requirements_name=_in_words(name, settings)),)


def _competence_areas(cells: Cells, settings: RowSettings) -> tuple[CompetenceArea, ...]:
    area = _named(cells, "area", settings.code_prefixes.competence_area, settings)
    return (CompetenceArea(area=area),) if area else ()


def _named(cells: Cells, what: str, prefix: str, settings: RowSettings) -> Code | None:
    uri, name = cells.text(f"{what}_code"), cells.text(f"{what}_name")
    return Code(uri=prefixed(uri, prefix), name=_in_words(name, settings)) if uri else None


def _in_words(name: str | None, settings: RowSettings) -> Text | None:
    return Text(**{settings.language: name}) if name else None
