"""The settings of a provider's roster interface: where it is, what of it is read, and for how long that is kept."""

from typing import Annotated, Literal

import msgspec

from connectors.limits import Remembered
from connectors.oauth import ClientCredentials
from connectors.oneroster_groups import GroupPlaces
from connectors.oneroster_right import AfterEnd, RightPlaces, RosterCodes
from connectors.oneroster_wire import Place
from hoks.codes import STATE_OF_CODE
from hoks.identifiers import OrganisationOid

LONGEST_KEPT = 60
"""Seconds; a right that ends must not live on for longer."""


class OneRosterSettings(Remembered, frozen=True, kw_only=True, tag_field="kind", tag="oneroster"):
    """A provider's roster interface: OneRoster 1.2, with the account that may read it."""

    id: str
    provider: OrganisationOid
    base_url: str
    """Where the server is; ``/ims/oneroster/rostering/v1p2`` follows it."""
    account: ClientCredentials
    """Our account. Without ``scopes`` it asks for the rostering data that may be read (``roster-core.readonly``)."""
    gives: tuple[Literal["rights", "assignments"], ...] = ("rights",)
    page_size: Annotated[int, msgspec.Meta(ge=2, le=10_000)] = 100
    """Rows asked for at a time; a server may give fewer."""
    max_rows: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 100_000
    """The most rows that a collection can honestly have; one that counts more is refused."""
    filter_at_most: Annotated[int, msgspec.Meta(ge=0, le=200)] = 0
    """So many persons at most are asked for one by one, with ``filter=``; for more the whole roster is read. 0 where
    the server cannot filter by ``userIds.identifier`` and ``user.sourcedId``. A right that is wrongly two people's is
    noticed for certain only in the whole."""
    kept_seconds: Annotated[float, msgspec.Meta(ge=0, le=60)] = 30
    """How long the whole roster is kept."""
    learner_id_type: str = "oppijanumero"
    """The ``type`` of the entry in ``userIds`` that is the learner number."""
    organisation_oid: Place = "identifier"
    """Where in a row of ``orgs`` the organisation's OID stands."""
    right: RightPlaces = RightPlaces()
    codes: RosterCodes = RosterCodes()
    after_end: AfterEnd | None = None
    """What a right is after its last window, where no row says it. Without it the state is not known, and then it
    opens nothing. With it the provider keeps the plan for five years."""
    language: Literal["fi", "sv", "en"] = "fi"
    """In which language the names of qualifications are written."""
    groups: GroupPlaces | None = None
    """Which classes are groups and who guides their students; of a source that gives ``assignments``."""

    def __post_init__(self) -> None:
        if self.kept_seconds + self.cache_seconds > LONGEST_KEPT:
            raise ValueError(
                f"source `{self.id}`: kept_seconds and cache_seconds: together at most {LONGEST_KEPT}, for an answer is"
                " taken from a roster that may be that old already"
            )
        if not self.gives:
            raise ValueError(f"source `{self.id}`: gives: expected at least one of rights, assignments")
        if ("assignments" in self.gives) != (self.groups is not None):
            raise ValueError(
                f"source `{self.id}`: gives: `assignments` and the section `groups` with its `roles` go together, for a"
                " roster does not say itself who guides whom"
            )
        unknown = sorted(set(self.codes.state.values()) - STATE_OF_CODE.keys())
        if unknown:
            raise ValueError(f"source `{self.id}`: codes.state: expected a state of Koski, got `{unknown[0]}`")
