"""The public audit of GraphQL over HTTP, the npm package ``graphql-http`` 1.23.1: every check of it by its own id."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.conftest import Served
from tests.conformance.node import installed, run

CHECKS = (
    # media types
    *("22EB", "4655", "47DE", "80D8", "82A3", "BF61", "78D5"),
    # methods
    *("2C94", "5A70", "9C48", "9ABE", "03D4", "A5BF"),
    # the parameters query and operationName
    *("423L", "LKJ0", "LKJ1", "LKJ2", "LKJ3", "34A2", "13EE"),
    *("6C00", "6C01", "6C02", "6C03", "8161", "B8B3", "94B0", "0220", "94B1", "0221", "94B2", "0222"),
    # the parameters variables and extensions
    *("4760", "4761", "4762", "4763", "2EA1", "28B9", "D6D5", "6A70"),
    *("58B0", "58B1", "58B2", "58B3", "428F", "1B7A"),
    # what is no request
    *("B6DC", "BCF8", "B7N8", "8764", "3E3A"),
    # status codes
    *("572B", "FDE2", "7B9B", "865D", "556A", "D586", "51FE", "74FF", "5E5B", "86EE"),
)
ONLY_BY_GET = frozenset({"5A70", "D6D5", "6A70"})
"""Checks that a query may be got, which they leave to the server; 9C48, that a mutation may not, holds either way."""

Results = dict[str, dict[str, Any]]


def audited(served: Served) -> Results:
    """What came of each check."""
    told = run(
        installed(Path(__file__).parent),
        "node",
        "audit.mjs",
        f"{served.url}/graphql",
        also={"TOKEN": served.token("staff-a")},
    )
    return {each["id"]: each for each in json.loads(told)}


@pytest.fixture(scope="session")
def with_get(taking_get: Served) -> Results:
    return audited(taking_get)


@pytest.fixture(scope="session")
def without_get(by_default: Served) -> Results:
    return audited(by_default)


def test_the_audit_has_the_checks_that_are_listed_here(with_get: Results) -> None:
    assert len(CHECKS) == 61
    assert list(with_get) == list(CHECKS)


@pytest.mark.suite("graphql-http server audit, GET on")
@pytest.mark.parametrize("check", CHECKS)
def test_every_check_is_ok_where_queries_may_be_got(with_get: Results, check: str) -> None:
    assert with_get[check]["status"] == "ok", with_get[check]


@pytest.mark.suite("graphql-http server audit, GET off (the default)")
@pytest.mark.parametrize("check", [each for each in CHECKS if each not in ONLY_BY_GET])
def test_every_check_that_needs_no_get_is_ok_by_default(without_get: Results, check: str) -> None:
    assert without_get[check]["status"] == "ok", without_get[check]


def test_by_default_no_query_can_be_got(without_get: Results) -> None:
    assert {each for each in CHECKS if without_get[each]["status"] != "ok"} == ONLY_BY_GET
