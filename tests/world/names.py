"""Fake registers of names: a name for everything, and a note of everything that was looked up."""

from hoks.identifiers import OrganisationOid
from hoks.ports import UnitLabel
from hoks.values import Text
from tests.world.ports import Asked

SOURCE = "labels"
"""The name under which lookups are noted."""


class FakeLabels:
    """Knows every name; what it is asked shows in what it answers."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    def _named(self, question: str, key: str) -> Text:
        self._asked.note(SOURCE, question, [key])
        return Text(fi=f"<{question}>", sv=f"<{len(key)}>")

    @property
    def edition(self) -> None:
        """Nothing: each lookup is noted."""

    def code(self, uri: str, version: int | None) -> Text | None:
        """A name of the code."""
        return self._named("code", f"{uri}#{version}")

    def requirements(self, register_number: str) -> Text | None:
        """A name of the document."""
        return self._named("requirements", register_number)

    def unit(self, register_number: str | None, uri: str) -> UnitLabel | None:
        """A name and credits of the unit."""
        return UnitLabel(name=self._named("unit", f"{register_number} {uri}"), competence_points=15)

    def local_unit(self, amosaa_id: str) -> Text | None:
        """A name of the local unit."""
        return self._named("local unit", amosaa_id)

    def organisation(self, oid: OrganisationOid) -> Text | None:
        """A name of the organisation."""
        return self._named("organisation", oid)
