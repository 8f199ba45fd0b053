"""What the organisation register tells of mergers (liitokset), and of who once stood under whom (historia)."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec

from connectors.bodies import elements, members
from connectors.failures import SourceFailure
from connectors.lenient import read
from connectors.wire import Open, Text
from hoks.identifiers import Check, OrganisationOid, check_organisation_oid

HELSINKI = ZoneInfo("Europe/Helsinki")
MAX_MERGERS = 20_000
MAX_CHILDREN = 5_000
MAX_MEMBERS = 50


class MergedWire(Open, frozen=True, kw_only=True):
    """An organisation of a merger."""

    oid: Text | None = None


class MergerWire(Open, frozen=True, kw_only=True):
    """A merger (liitos): from a day on, ``into`` stands where ``merged`` stood."""

    merged: MergedWire | None = msgspec.field(name="organisaatio", default=None)
    into: MergedWire | None = msgspec.field(name="kohde", default=None)
    day: Text | None = msgspec.field(name="alkuPvm", default=None)


class RelationWire(Open, frozen=True, kw_only=True):
    """A relation of history (suhde): who stood under an organisation, and until when."""

    child: MergedWire | None = None
    end: Text | None = msgspec.field(name="loppuPvm", default=None)


def is_well_formed(oid: OrganisationOid) -> bool:
    """Whether it can be asked for."""
    return check_organisation_oid(oid) is not Check.MALFORMED


_EPOCH = rb'"%s"\s*:\s*(-?\d{9,14})(?!\d)'


def mergers_in(body: bytes) -> Iterator[tuple[OrganisationOid, date, OrganisationOid]]:
    """The mergers of an answer: what merged, from which day, into what. One that does not tell all three is none."""
    for element in elements(body, at_most=MAX_MERGERS):
        try:
            wire, _ = read(element, MergerWire)
        except SourceFailure:
            continue
        merged, target = (OrganisationOid((each.oid if each else None) or "") for each in (wire.merged, wire.into))
        day = _day(wire.day, element, b"alkuPvm")
        if day is not None and merged != target and is_well_formed(merged) and is_well_formed(target):
            yield merged, day, target


def children_in(body: bytes) -> Iterator[tuple[OrganisationOid, date]]:
    """Who once stood under an organisation, and the day on which each left, out of its history (historia)."""
    for element in elements(members(body, at_most=MAX_MEMBERS).get("childSuhteet", b"[]"), at_most=MAX_CHILDREN):
        try:
            wire, _ = read(element, RelationWire)
        except SourceFailure:
            continue
        child = OrganisationOid((wire.child.oid if wire.child else None) or "")
        day = _day(wire.end, element, b"loppuPvm")
        if day is not None and is_well_formed(child):
            yield child, day


def _day(text: str | None, element: bytes, name: bytes) -> date | None:
    """A day: as text, or, as older services write it, as milliseconds of a moment."""
    try:
        if text is not None:
            return date.fromisoformat(text[:10])
        moment = re.search(_EPOCH % name, element)
        return datetime.fromtimestamp(int(moment[1]) / 1000, HELSINKI).date() if moment else None
    except (ValueError, OverflowError, OSError):
        return None
