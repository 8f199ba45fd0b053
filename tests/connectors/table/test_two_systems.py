"""Two student systems of one provider side by side, each with its own files, local keys and way of writing."""

from pathlib import Path
from typing import Any

import pytest

from connectors.table import TableSource
from hoks.findings import FindingCode
from hoks.identifiers import OrganisationOid
from hoks.outcomes import Outcome
from hoks.questions import Sources
from hoks.reading import Reader
from hoks.showing import View
from hoks.study_right import Phase
from tests.connectors.table.drops import RIGHT_1, RIGHT_2, Files, FixedClock, of, settings_for, write_drop
from tests.hoks.readers import POLICY, outcomes_of, plans_of, rights_of, staff, student
from tests.hoks.sources import FakeIdentities, FakeOrganisations
from tests.hoks.stories import AINO, KEY, PROVIDER_A, PROVIDER_B, SCHOOL_A, SCHOOL_B

UNITS = "tutkinnonosat_"


def finnish(right: str, *, state: str = "L", plan: bool = True, school: OrganisationOid = SCHOOL_B) -> Files:
    """Aino in a system that writes as B's does."""
    return {
        "opiskelijat.csv": [of(opnro="1", oppijanumero=AINO)],
        "opinto_oikeudet.csv": [
            of(oo_id="11", opnro="1", oo_oid=right, oppilaitos_oid=school, tila=state, tila_alku="17.8.2024")
        ],
        "hoks.csv": [of(hoks_id="21", oo_id="11", ensihyv_pvm="1.9.2024")] if plan else [],
        "osat.csv": [of(osa_id="31", hoks_id="21", laji="AMM", koodi="105668")] if plan else [],
    }


def english(right: str, *, state: str = "active") -> Files:
    """Aino in a system that writes as C's does, with the same local keys."""
    since = {"from": "2024-08-17"}
    return {
        "people.csv": [of(student_no="1", learner_oid=AINO)],
        "enrolments.csv": [
            of(enrolment_no="11", student_no="1", right_oid=right, school=SCHOOL_B, status=state) | since
        ],
        "plans.csv": [of(plan_no="21", enrolment_no="11", first_approved="2024-09-01")],
        "units.csv": [of(unit_no="31", plan_no="21", kind="vocational", code=f"{UNITS}105668")],
    }


def table(folder: Path, which: str, name: str, provider: OrganisationOid, files: Files) -> TableSource:
    write_drop(folder / name, which, files)
    return TableSource(settings_for(which, folder / name, id=name, provider=provider), FixedClock())


async def seen_by(caller: Any, *tables: TableSource) -> View:
    sources = Sources(
        identities=FakeIdentities(),
        organisations=FakeOrganisations(),
        rights=tables,
        plans=tables,
        holders=tables,
    )
    reader = Reader(sources, POLICY, FixedClock(), part_key=KEY, request_seconds=5.0)
    seen = (await reader.students(caller, [AINO]))[AINO]
    assert isinstance(seen, View)
    return seen


async def test_each_systems_rights_and_plans_come_together_under_its_own_name(tmp_path: Path) -> None:
    seen = await seen_by(
        staff(PROVIDER_B),
        table(tmp_path, "b", "b-upper", PROVIDER_B, finnish(RIGHT_1)),
        table(tmp_path, "c", "b-adult", PROVIDER_B, english(RIGHT_2)),
    )
    assert (rights_of(seen), plans_of(seen)) == ([RIGHT_1, RIGHT_2], [RIGHT_1, RIGHT_2])
    plans = seen.student.hoksit or ()
    assert [plan.provenance.source for plan in plans if plan.provenance] == ["b-upper", "b-adult"]
    assert outcomes_of(seen) == {"b-upper": Outcome.OK, "b-adult": Outcome.OK}
    parts = [unit.id for plan in plans for unit in plan.planned_vocational_units or ()]
    assert len(set(parts)) == 2


async def test_of_one_right_in_both_the_more_restrictive_state_decides(tmp_path: Path) -> None:
    seen = await seen_by(
        staff(PROVIDER_B),
        table(tmp_path, "b", "b-upper", PROVIDER_B, finnish(RIGHT_1)),
        table(tmp_path, "c", "b-adult", PROVIDER_B, english(RIGHT_1, state="resigned")),
    )
    (right,) = seen.student.study_rights or ()
    assert right.phase is Phase.ENDED
    assert FindingCode.SOURCES_DISAGREE_ON_STATE in {found.code for found in right.findings or ()}


@pytest.mark.parametrize(("code", "differ"), [("105668", False), ("105669", True)])
async def test_a_plan_in_both_is_one_plan_and_a_difference_is_noted(tmp_path: Path, code: str, differ: bool) -> None:
    unit = of(unit_no="31", plan_no="21", kind="vocational", code=f"{UNITS}{code}")
    files = {**english(RIGHT_1), "units.csv": [unit]}
    seen = await seen_by(
        staff(PROVIDER_B),
        table(tmp_path, "b", "b-upper", PROVIDER_B, finnish(RIGHT_1)),
        table(tmp_path, "c", "b-adult", PROVIDER_B, files),
    )
    (plan,) = seen.student.hoksit or ()
    assert plan.provenance is not None
    assert plan.provenance.source == "b-upper"
    assert [unit.unit.uri for unit in plan.planned_vocational_units or () if unit.unit] == [f"{UNITS}105668"]
    assert (FindingCode.DIFFERENT_COPY in {found.code for found in plan.findings or ()}) is differ


async def test_a_right_that_two_providers_claim_is_unknown_and_opens_nothing(tmp_path: Path) -> None:
    tables = (
        table(tmp_path, "b", "b-upper", PROVIDER_B, finnish(RIGHT_1)),
        table(tmp_path, "b", "a-upper", PROVIDER_A, finnish(RIGHT_1, school=SCHOOL_A)),
    )
    seen = await seen_by(student(AINO), *tables)
    (right,) = seen.student.study_rights or ()
    assert right.phase is Phase.UNKNOWN
    assert FindingCode.SOURCES_DISAGREE_ON_PROVIDER in {found.code for found in right.findings or ()}
    assert plans_of(seen) == []


@pytest.mark.parametrize("half", ["hoks.csv", "opiskelijat.csv"])
async def test_a_half_written_drop_of_one_system_leaves_the_other_whole_and_is_a_gap(tmp_path: Path, half: str) -> None:
    broken = table(tmp_path, "b", "b-upper", PROVIDER_B, finnish(RIGHT_1))
    file = tmp_path / "b-upper" / half
    file.write_bytes(file.read_bytes()[:-4])
    seen = await seen_by(staff(PROVIDER_B), broken, table(tmp_path, "c", "b-adult", PROVIDER_B, english(RIGHT_2)))
    assert plans_of(seen) == [RIGHT_2]
    assert outcomes_of(seen) == {"b-upper": Outcome.UNAVAILABLE, "b-adult": Outcome.OK}
