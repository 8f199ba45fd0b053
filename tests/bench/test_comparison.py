"""The comparison with other gateways: what it takes for the right answer, and the gateway beside a floor in one run."""

import asyncio
from pathlib import Path
from statistics import median

from bench import table
from bench.floors import FLOORS
from bench.load import Sample
from bench.ours import WARM
from bench.question import PEERS, WHOLE, filled, translated
from bench.rows import Figures, Row, Timing
from bench.scene import place
from bench.targets import listens, running

DEAREST = 200.0
"""How many times the processor time of a static answer one of ours may take: about three times what it does take."""


def test_a_document_of_the_wire_is_told_under_the_graphs_names_with_its_codes_put_together() -> None:
    wire = {
        "opiskeluoikeus-oid": "1.2.246.562.15.1",
        "hankittavat-ammat-tutkinnon-osat": [
            {"module-id": "m", "tutkinnon-osa-koodi-uri": "tutkinnonosat_1", "tutkinnon-osa-koodi-versio": 2}
        ],
    }
    assert translated(wire) == {
        "studyRightOid": "1.2.246.562.15.1",
        "plannedVocationalUnits": [{"moduleId": "m", "unit": {"uri": "tutkinnonosat_1", "version": 2}}],
    }


def test_the_right_answer_holds_what_is_selected_and_null_for_what_is_not_there() -> None:
    answer = WHOLE.answered(filled({"versio": 3, "poistettu": "2026-01-01"}))
    assert answer["version"] == 3
    assert answer["firstApprovedOn"] is None
    assert answer["plannedVocationalUnits"] == []
    assert "poistettu" not in answer


def test_what_is_kept_names_every_gateway_and_every_figure_has_its_place() -> None:
    turn = Sample(seconds=(0.001, 0.003), elapsed=0.5, processor=0.004, wrong=0, calls=4)
    figures = {"floor: fetch": Figures([turn], 30.0), "ours": Figures([turn], 90.0), "other": Figures(failed="no Node")}
    told = table.timed(figures)
    assert "| ours | 4 | 1.00 | 2.00 | 500 | 3.0 | 3.0 | 90 | 2.0 | 0 |" in told
    assert "| other | no Node |" in told
    document = table.document(FLOORS, [told], "tailcall v1")
    assert all(f"**{each.name}**" in document for each in FLOORS)


def test_no_lock_of_a_peer_says_where_a_package_was_taken_from() -> None:
    locks = list(PEERS.glob("*/package-lock.json"))
    assert len(locks) == 4
    assert not any('"resolved"' in each.read_text() for each in locks)


def test_an_answer_of_ours_costs_no_more_than_a_bounded_multiple_of_a_static_one(tmp_path: Path) -> None:
    row = Row(name="guard", title="", connections=4)
    samples: dict[str, list[Sample]] = {}

    async def turns() -> None:
        floor, gateway = (Timing(each, row, 5) for each in (static, ours))
        for each in (static, ours):
            await listens(each.port, each.pid)
        await floor.check()
        await gateway.check()
        for _ in range(3):
            samples.setdefault("floor", []).append(await floor.turn(0.2))
            samples.setdefault("ours", []).append(await gateway.turn(0.5))

    with place(tmp_path, together=True) as here, running(FLOORS[0], here) as static, running(WARM, here) as ours:
        asyncio.run(turns())
    assert not any(each.wrong for told in samples.values() for each in told)
    assert sum(each.calls for each in samples["ours"]) == 0
    cost = {name: median(each.cost for each in told) for name, told in samples.items()}
    assert cost["ours"] <= DEAREST * cost["floor"], cost
