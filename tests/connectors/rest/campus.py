"""A system invented for these tests: nested JSON, asked for lists of keys, and settings that connect it."""

import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from connectors.client import Incoming, Outgoing
from connectors.rest import JsonSettings, JsonSource
from tests.connectors.wires import PROVIDER, Port, StillClock, learner, right, said

SETTINGS = f"""
id = "d-json"
kind = "json"
provider = "{PROVIDER}"
gives = ["rights", "plans", "appointments", "assignments"]
base_url = "https://campus.example/api"
auth = {{ kind = "none" }}
date_format = "d.m.yyyy"
codes.state = {{ here = "lasna", gone = "eronnut" }}
codes.mode = {{ agreement = "osaamisenhankkimistapa_koulutussopimus" }}
code_prefixes = {{ vocational = "tutkinnonosat_", subarea = "ammatillisenoppiaineet_" }}

[[rights]]
path = "/students/search"
method = "POST"
body = {{ numbers = "{{keys}}" }}
max_batch = 3
[[rights.rows]]
table = "subject"
rows = "students"
key = "number"
[[rights.rows]]
table = "rights"
under = "subject"
rows = "enrolments"
columns = {{ key = "id", oid = "oid", type = "kind", qualification_code = "degree.code" }}
[[rights.rows]]
table = "states"
under = "rights"
rows = "history"
columns = {{ state = "is", state_start = "since" }}

[[learners]]
path = "/students"
parameters = {{ page = "{{page}}" }}
paging = {{ kind = "page" }}
[[learners.rows]]
table = "learners"
rows = "students"
key = "number"

[[plans]]
path = "/plans"
parameters = {{ rights = "{{keys}}" }}
max_batch = 3
[[plans.rows]]
table = "plans"
rows = "plans"
key = "right"
columns = {{ key = "id", learner_oid = "student", first_approved_on = "approved", version = "version" }}
[[plans.rows]]
table = "units"
under = "plans"
rows = "units"
columns = {{ key = "id", kind = "kind", code = "code", hours = "hours", deviation = "note" }}
[[plans.rows]]
name = "subareas"
table = "units"
under = "units"
rows = "subareas"
columns = {{ key = "id", kind = "'subarea'", code = "code" }}
[[plans.rows]]
table = "periods"
under = "units"
rows = "periods"
columns = {{ key = "id", start = "from", end = "to", mode = "mode", key_tasks = "tasks", workplace_name = "at" }}
[[plans.rows]]
table = "interruptions"
under = "periods"
rows = "breaks"
columns = {{ start = "from", end = "to" }}
[[plans.rows]]
table = "demonstrations"
under = "units"
rows = "shown"
columns = {{ key = "id", start = "from", end = "to", contents = "contents" }}
[[plans.rows]]
table = "assessors"
under = "demonstrations"
rows = "assessors"
columns = {{ kind = "kind", name = "name" }}
[[plans.rows]]
table = "prior_units"
under = "plans"
rows = "recognised"
columns = {{ key = "id", kind = "'vocational'", code = "code", process = "how" }}

[[holders]]
path = "/rights/{{key}}"
[[holders.rows]]
table = "holders"
rows = "@"
key = "oid"
columns = {{ learner_oid = "student" }}

[[appointments]]
path = "/people/{{key}}/appointments"
[[appointments.rows]]
table = "appointments"
rows = "appointments"
key = "person"
[appointments.rows.columns]
kind = "kind"
right_oid = "right"
learner_oid = "student"
part_key = "part"
start = "from"
end = "to"

[[assignments]]
path = "/people/{{key}}/groups"
[[assignments.rows]]
table = "assignments"
rows = "[].students[]"
key = "guide"
columns = {{ role = "role", learner_oid = "student", group = "group" }}
"""


def described() -> dict[str, Any]:
    """The settings as their text says."""
    return tomllib.loads(SETTINGS)


def settings_with(change: Callable[[dict[str, Any]], object] = lambda _: None) -> JsonSettings:
    """The settings, changed."""
    written = described()
    change(written)
    return msgspec.convert(written, JsonSettings)


def source_of(
    answer: Callable[[Outgoing], Incoming], change: Callable[[dict[str, Any]], object] = lambda _: None
) -> tuple[JsonSource, Port]:
    """The connector before a system that answers from a function."""
    port = Port(answer)
    return JsonSource(settings_with(change), port, StillClock()), port


T = TypeVar("T")


def of(values: tuple[T, ...] | None) -> tuple[T, ...]:
    """A list that is there."""
    assert values is not None
    return values


# --- what the system says -------------------------------------------------------------------------------------


def student(number: int, /, **changed: Any) -> dict[str, Any]:
    """A student of the system with one right."""
    return {
        "number": learner(number),
        "enrolments": [
            {
                "id": f"E{number}",
                "oid": right(number),
                "kind": "ammatillinenkoulutus",
                "degree": {"code": f"koulutus_{number:06d}"},
                "history": [{"is": "here", "since": "1.8.2026"}],
            }
        ],
    } | changed


def plan(number: int, /, **changed: Any) -> dict[str, Any]:
    """The plan of a student's right. The local keys are the same in every plan, as such systems have them."""
    return {
        "id": 1,
        "right": right(number),
        "student": learner(number),
        "approved": "2.9.2026",
        "version": 3,
        "units": [
            {
                "id": 1,
                "kind": "vocational",
                "code": f"{100_000 + number}",
                "hours": 12.5,
                "note": f"of {number}",
                "periods": [
                    {
                        "id": "p1",
                        "from": "1.10.2026",
                        "to": "30.11.2026",
                        "mode": "agreement",
                        "tasks": [f"task of {number}", "another"],
                        "at": f"Workplace {number}",
                        "breaks": [{"from": "12.10.2026", "to": "16.10.2026"}],
                    }
                ],
                "shown": [
                    {
                        "id": 7,
                        "from": "1.12.2026",
                        "to": "2.12.2026",
                        "contents": ["One", "Two"],
                        "assessors": [{"kind": "provider", "name": f"Assessor {number}"}],
                    }
                ],
            },
            {"id": 2, "kind": "common", "code": "tutkinnonosat_400012", "subareas": [{"id": 1, "code": "VVAI"}]},
        ],
        "recognised": [{"id": 1, "code": f"{200_000 + number}", "how": None}],
    } | changed


def answers(path: str, value: Any) -> Callable[[Outgoing], Incoming]:
    """A system that says one thing under a path and is nowhere else."""
    return lambda request: said(value) if path in request.url else said({}, 404)


def asked_numbers(request: Outgoing) -> Sequence[str]:
    """The keys in the body of a search."""
    body: Mapping[str, Sequence[str]] = json.loads(request.body)
    return body["numbers"]
