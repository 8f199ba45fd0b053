"""Operations that schemathesis makes from the schema, sent as each of the cast: no fault of ours, no slow answer."""

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import load_all_checks
from schemathesis.core.failures import FailureGroup
from schemathesis.graphql import nodes
from schemathesis.graphql.checks import GraphQLServerError
from schemathesis.specs.openapi.checks import positive_data_acceptance

from gateway.errors import Code
from sandbox.cast import people
from sandbox.organisations import organisation
from sandbox.world import build_world
from tests.conformance.conftest import ROOT, Served

EXAMPLES = 2
"""Operations of each root field as each persona."""
SECONDS = 6.0
"""The time of a request and the moment of grace after it."""
PERSONAS = (*(each.persona for each in people().persona), "student-1", "student-7", "student-17")
OURS = {Code.INTERNAL, Code.UNAVAILABLE}
"""Codes of faults that are not the caller's."""

load_all_checks()
WORLD = build_world()


def one_of(*known: str) -> st.SearchStrategy[object]:
    """A value that somebody has, mostly, or any text."""
    text = st.sampled_from(known) | st.text(max_size=40)
    return text.map(nodes.String)


SCALARS = {
    "LearnerOid": one_of(*(person.oid for person in WORLD.people)),
    "PersonOid": one_of(*(person.oid for person in WORLD.people)),
    "StudyRightOid": one_of(*(right.oid for right in WORLD.rights)),
    "OrganisationOid": one_of(*{right.school.oid for right in WORLD.rights}),
    "BusinessId": one_of("0000000-0"),
    "Cursor": one_of("AAAA"),
}
for name, values in SCALARS.items():
    schemathesis.graphql.scalar(name, values)
SCHEMA = schemathesis.graphql.from_path(ROOT / "schema.graphql")
OPERATIONS = [each.ok() for each in SCHEMA.get_all_operations()]


@pytest.mark.suite("schemathesis, each of the cast")
@pytest.mark.parametrize("persona", PERSONAS)
def test_schemathesis_finds_no_failure(
    by_default: Served, persona: str, record_property: Callable[[str, object], None]
) -> None:
    headers = {"authorization": f"Bearer {by_default.token(persona)}", **acting_role(persona)}
    tried = [0]
    for operation in OPERATIONS:

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def trial(case: Any) -> None:
            tried[0] += 1
            response = case.call(base_url=f"{by_default.url}/graphql", headers=headers, timeout=SECONDS)
            codes = {code(error) for error in response.json().get("errors", [])}
            assert codes.isdisjoint(OURS), response.text
            try:
                # Not whether good-looking arguments are taken: that an OID has a check digit no schema can say.
                case.validate_response(response, excluded_checks=[positive_data_acceptance])
            except FailureGroup as found:
                # It takes an error at a field for the server's fault unless it knows the code; these are the caller's.
                if not codes or not all(isinstance(each, GraphQLServerError) for each in found.exceptions):
                    raise

        trial()
    record_property("cases", tried[0])


def acting_role(persona: str) -> dict[str, str]:
    """The header of those who hold several roles, for the first of them."""
    roles = next((each.roles for each in people().persona if each.persona == persona), ())
    if len(roles) < 2:
        return {}
    where = roles[0].organisation
    return {"acting-role": roles[0].role + (f"@{organisation(where).oid}" if where else "")}


def code(error: dict[str, object]) -> Code:
    """The code of an error, which has the one shape."""
    assert error.keys() <= {"message", "locations", "path", "extensions"}
    extensions = error["extensions"]
    assert isinstance(extensions, dict)
    return Code(extensions["code"])
