"""How the gateway can answer other than well, put in the place of its answers."""

import json
from collections.abc import Callable

from playwright.sync_api import Route

GRAPH = "**/graphql"
Answered = Callable[[Route], None]


def refused(status: int, code: str) -> Answered:
    """Answers as the gateway refuses."""
    body = json.dumps({"errors": [{"message": "so", "extensions": {"code": code}}]})
    return lambda route: route.fulfill(status=status, body=body, content_type="application/json")


def gone(route: Route) -> None:
    """No network."""
    route.abort("internetdisconnected")


def lacking(outcome: str, *, is_empty: bool = False) -> Answered:
    """What the gateway answers, as if a source had answered so; and as if it had shown nobody."""

    def answered(route: Route) -> None:
        answer = route.fetch()
        content = answer.json()
        if outcome:
            content["extensions"]["gaps"] = [{"source": "a-ehoks", "outcome": outcome}]
        if is_empty and "students" in content["data"]:
            content["data"]["students"]["edges"] = []
        route.fulfill(response=answer, json=content)

    return answered


def without_end(route: Route) -> None:
    """As the gateway answers, and after whoever has seen the student's data there are more."""
    answer = route.fetch()
    content = answer.json()
    for edge in content["data"]["students"]["edges"]:
        edge["node"]["disclosures"]["pageInfo"] = {"hasNextPage": True, "endCursor": "next"}
    route.fulfill(response=answer, json=content)


def faulty(route: Route) -> None:
    """What the gateway answers, as if one field within it had failed."""
    answer = route.fetch()
    errors = [{"message": "so", "path": ["students", "edges", 0, "node", "hints"], "extensions": {"code": "INTERNAL"}}]
    route.fulfill(response=answer, json={**answer.json(), "errors": errors})


REFUSALS: dict[str, tuple[Answered, str, bool]] = {
    "busy": (refused(503, "OVERLOADED"), "The service cannot answer now", True),
    "failed": (refused(500, "INTERNAL"), "Something went wrong", True),
    "offline": (gone, "No connection", True),
    "denied": (refused(403, "ACTING_ROLE_NOT_HELD"), "Not permitted", False),
    "expired": (refused(401, "UNAUTHENTICATED"), "Your sign-in has ended", False),
}
"""How the gateway answers, what is read then, and whether what was shown stays."""
