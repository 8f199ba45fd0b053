"""An eHOKS and its CAS behind the HTTP port, as strict about tickets as the real ones, with faults to order."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import msgspec

from connectors.client import Incoming, Outgoing
from connectors.ehoks import EhoksSettings, EhoksSource
from tests.connectors.wires import PROVIDER, Port, StillClock, learner, said

BASE = "https://ehoks.example/ehoks-virkailija-backend/api/v1/hoks"
CAS = "https://ehoks.example/cas"
SERVICE = "https://ehoks.example/ehoks-virkailija-backend/cas-security-check"
PASSWORD = "long enough"
PAGED = ("id", "opiskeluoikeus-oid", "paivitetty", "poistettu")
"""What of a plan stands in the list of changed plans, as far as we read it."""

SETTINGS = EhoksSettings(
    id="a-ehoks",
    provider=PROVIDER,
    base_url=BASE,
    cas_url=CAS,
    service=SERVICE,
    username="gateway",
    password_file="unused",
    caller_id="1.2.246.562.10.00000000001.test",
)


def a_plan(right: str, number: int, **more: Any) -> dict[str, Any]:
    """A small plan that breaks no rule of the schema."""
    return {
        "id": number,
        "eid": f"00000000-0000-4000-8000-{number:012d}",
        "opiskeluoikeus-oid": right,
        "oppija-oid": learner(number),
        "ensikertainen-hyvaksyminen": "2026-08-20",
        **more,
    }


class Ehoks:
    """Plans by right, tickets that work once, and answers that a test may put in their place."""

    def __init__(self, *plans: dict[str, Any]) -> None:
        self.plans = {plan["id"]: plan for plan in plans}
        self.included: dict[int, Any] = {}
        self.instead: dict[str, Callable[[], Incoming]] = {}
        """Answers by the end of a path, instead of the usual ones."""
        self.granting: set[str] = set()
        self.tickets: set[str] = set()
        self.logins = 0
        self.time = 0.0
        self.password = PASSWORD
        self.place = CAS
        """Where CAS says it is."""
        self.port = Port(self._answer)

    def source(self, **settings: Any) -> EhoksSource:
        """The connector before this eHOKS."""
        return EhoksSource(
            msgspec.structs.replace(SETTINGS, **settings), self.port, StillClock(), PASSWORD, seconds=lambda: self.time
        )

    def _answer(self, request: Outgoing) -> Incoming:
        if request.url.startswith(CAS):
            return self._cas(request)
        for end, answer in self.instead.items():
            if request.url.endswith(end):
                self.tickets.discard(request.headers.get("ticket", ""))
                return answer()
        if "caller-id" not in request.headers:
            return said({"error": "Caller-Id header is missing"}, 401)
        if request.headers.get("ticket") not in self.tickets:
            return said({"error": "User not found for given ticket. Ticket may be expired."}, 401)
        self.tickets.remove(request.headers["ticket"])
        return self._data(request.url.removeprefix(BASE).strip("/").split("/"))

    def _cas(self, request: Outgoing) -> Incoming:
        form = parse_qs(request.body.decode())
        _, _, granting = request.url.removeprefix(CAS).strip("/").partition("tickets")
        if not granting:
            self.logins += 1
            if form["password"] != [self.password]:
                return said({"authentication_exceptions": ["FailedLoginException"]}, 401)
            self.granting.add(f"TGT-{self.logins}")
            return Incoming(status=201, headers={"location": f"{self.place}/v1/tickets/TGT-{self.logins}"})
        if granting.strip("/") not in self.granting:
            return Incoming(status=404, body=b"not found")
        assert form["service"] == [SERVICE]
        ticket = f"ST-{len(self.port.sent)}"
        self.tickets.add(ticket)
        return Incoming(status=200, body=ticket.encode())

    def _data(self, path: list[str]) -> Incoming:
        match path:
            case ["opiskeluoikeus", oid]:
                plan = next((each for each in self.plans.values() if each["opiskeluoikeus-oid"] == oid), None)
                if plan is None:
                    return said({"error": "No HOKS found with given opiskeluoikeus"}, 404)
                return said({"meta": {}, "data": {k: v for k, v in plan.items() if not isinstance(v, list)}})
            case [query] if query.startswith("paged?"):
                last = int(parse_qs(query.partition("?")[2])["from-id"][0])
                rows = [{name: plan.get(name) for name in PAGED} for plan in self.plans.values() if plan["id"] > last]
                after = max((plan["id"] for plan in self.plans.values()), default=0)
                return said({"meta": {}, "data": {"last-id": after, "failed-ids": [], "result": rows}})
            case [number]:
                return said({"meta": {}, "data": self.plans[int(number)]})
            case [number, "hankintakoulutukset"]:
                return said(self.included.get(int(number), []))
            case _:
                return said({"reason": "Route not found"}, 404)
