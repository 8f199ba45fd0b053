"""What an operation is estimated to cost is told with every answer, and is no less than what it costs."""

from hoks.identifiers import with_check_digit
from tests.stories.conftest import Gateway

ELIAS = "1.2.246.562.98.98000000079"
PLANS = "oid name studyRights { oid phase } hoksit { firstApprovedOn } sources { source outcome }"
IN_THE_BACKGROUND = {"OneRoster", "Koodisto", "ePerusteet", "AMOSAA"}
"""Servers of names and of a roster that is read whole now and then: no request waits for them."""


async def test_sources_are_called_no_more_often_than_was_estimated(gateway: Gateway) -> None:
    for query in (
        f'{{ student(oid: "{ELIAS}") {{ {PLANS} }} }}',
        f"{{ students(first: 50) {{ edges {{ node {{ {PLANS} }} }} }} }}",
    ):
        await gateway.ask("staff-a", query)
        gateway.later(3)
        gateway.loopback.calls.clear()
        answer = await gateway.ask("staff-a", query)
        calls = sum(n for call, n in gateway.loopback.calls.items() if call.split()[0] not in IN_THE_BACKGROUND)
        estimate = answer["extensions"]["cost"]["sourceCalls"]
        assert estimate / 3 < calls <= estimate


async def test_the_cost_is_the_same_for_whoever_asks_and_whatever_is_found(gateway: Gateway) -> None:
    query = "query ($oid: LearnerOid!) { student(oid: $oid) { name hoksit { firstApprovedOn } } }"
    nobody = with_check_digit("98", "9800009999")
    told = [
        (await gateway.ask(persona, query, {"oid": oid})).get("extensions", {}).get("cost")
        for persona in ("staff-a", "oph-1")
        for oid in (ELIAS, nobody)
    ]
    assert told == [{"fields": 4, "subjects": 1, "sourceCalls": 18}] * 4


async def test_an_address_that_is_none_and_a_method_that_is_none_are_refused_in_the_one_shape(gateway: Gateway) -> None:
    nowhere = await gateway.get("/graphiql")
    assert (nowhere.status_code, nowhere.json()["errors"][0]["extensions"]) == (404, {"code": "NOT_FOUND"})
    posted = await gateway.client.post("/health")
    assert (posted.status_code, posted.json()["errors"][0]["extensions"]) == (405, {"code": "METHOD_NOT_ALLOWED"})
    assert posted.headers["allow"] == "GET, HEAD"
