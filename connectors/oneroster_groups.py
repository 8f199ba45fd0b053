"""Classes of a roster as groups, and who guides their students: only in the roles that the settings name.

A roster says who teaches, never who guides by law: without a word in the settings an enrolment of staff means nothing.
INVARIANT: each row can only add somebody who is guided, so that a row that is left out opens nothing.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Annotated, Any, NamedTuple

import msgspec

from connectors.failures import Reason, SourceInvalid
from connectors.oneroster_wire import ACTIVE, STUDENT, Place, User, day_in, reference_in, row_in, text_in, value_at
from connectors.table.settings import GuidanceRole
from hoks.caller import Role
from hoks.identifiers import LearnerOid, OrganisationOid, PersonOid
from hoks.relations import Assignment


class GroupPlaces(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What of a roster says who guides whom, in the deployment whose settings these are."""

    roles: Annotated[dict[str, GuidanceRole], msgspec.Meta(min_length=1)]
    """What staff who are enrolled in a class in this word (``teacher``) are to its students."""
    class_types: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = ("homeroom",)
    """The ``classType`` of the classes that are groups."""
    name: Place = "title"
    """Where in a row of ``classes`` the group's name stands, as ``guidanceGroup`` is asked for it."""
    only_primary: bool = True
    """Whether staff count only where their enrolment is marked ``primary``."""
    person_id_type: str = "oppijanumero"
    """The ``type`` of the entry in ``userIds`` that is the OID by which staff sign in."""


MOST_GUIDED = 200_000
"""Of how many students in all somebody can honestly be told to guide them; a student of two counts twice."""
_ORDER = attrgetter("person", "role", "group", "learner")


class _Member(NamedTuple):
    """Somebody's enrolment in a class that is a group: as whom, and in which days; the last is exclusive."""

    user: str
    role: Role | None
    """Nothing of a student."""
    first: date | None
    end: date | None

    def is_there(self, day: date) -> bool:
        """Whether it holds on that day."""
        return (self.first is None or self.first <= day) and (self.end is None or day < self.end)


class GuidedOn(NamedTuple):
    """Everybody whom anybody guides on one day, and the same by who guides."""

    day: date
    everybody: tuple[Assignment, ...]
    by_person: Mapping[PersonOid, tuple[Assignment, ...]]

    @classmethod
    def of(cls, day: date, told: Sequence[Assignment]) -> "GuidedOn":
        """The same from the list of all, those of a person side by side."""
        by_person = {person: tuple(each) for person, each in groupby(told, key=attrgetter("person"))}
        return cls(day, tuple(told), by_person)


class Groups:
    """The classes that are groups, with their members."""

    def __init__(self, places: GroupPlaces, provider: OrganisationOid) -> None:
        self._places = places
        self._roles = {word.lower(): Role(role) for word, role in places.roles.items()}
        self._provider = provider
        self._names: dict[str, str] = {}
        self._members: dict[str, list[_Member]] = {}
        self._learners: dict[str, LearnerOid] = {}
        self._staff: dict[str, PersonOid] = {}
        self._told: GuidedOn | None = None
        self.left_out = 0
        """Rows of which it cannot be told whom or what they name."""

    def take_classes(self, bodies: Iterable[bytes]) -> None:
        """Take in rows of classes."""
        for row in self._read(bodies):
            key, name = text_in(row.get("sourcedId")), text_in(value_at(row, self._places.name))
            if row.get("status") != ACTIVE or row.get("classType") not in self._places.class_types:
                continue
            if key is None or name is None:
                self.left_out += 1
            else:
                self._names[key] = name

    def take_users(self, users: Mapping[str, User], persons: Mapping[str, Collection[PersonOid]]) -> None:
        """Take in who is in the roster, and by which OIDs; who is known by several is nobody here."""
        for key, user in users.items():
            if user.status == ACTIVE:
                if len(user.learners) == 1:
                    (self._learners[key],) = user.learners
                if len(persons.get(key, ())) == 1:
                    (self._staff[key],) = persons[key]

    def take_enrolments(self, bodies: Iterable[bytes]) -> None:
        """Take in rows of enrolments, after the classes and the users."""
        for row in self._read(bodies):
            group, role = reference_in(row, "class"), row.get("role")
            if group not in self._names or row.get("status") != ACTIVE or not isinstance(role, str):
                continue
            word = role.lower()
            is_student = word == STUDENT
            if not is_student and (word not in self._roles or not self._counts(row)):
                continue
            user, days = reference_in(row, "user"), _days(row)
            if user is None or days is None or user not in (self._learners if is_student else self._staff):
                self.left_out += 1
            else:
                member = _Member(user, None if is_student else self._roles[word], *days)
                self._members.setdefault(group, []).append(member)

    def on(self, day: date) -> "GuidedOn":
        """Everybody whom anybody guides on that day. Raises ``SourceInvalid`` where they are more than can be."""
        if self._told is None or self._told.day != day:
            there = {
                group: [each for each in members if each.is_there(day)] for group, members in self._members.items()
            }
            self._told = GuidedOn.of(day, sorted(set(self._guided(there)), key=_ORDER))
        return self._told

    def _guided(self, there: Mapping[str, Sequence[_Member]]) -> Iterator[Assignment]:
        room = MOST_GUIDED
        for group, members in there.items():
            guides = [(self._staff[each.user], each.role) for each in members if each.role is not None]
            students = [self._learners[each.user] for each in members if each.role is None]
            room -= len(guides) * len(students)
            if room < 0:
                raise SourceInvalid(Reason.OVERSIZE)
            for person, role in guides:
                for learner in students:
                    yield Assignment(
                        person=person, role=role, learner=learner, provider=self._provider, group=self._names[group]
                    )

    def _counts(self, row: Mapping[str, Any]) -> bool:
        return not self._places.only_primary or str(row.get("primary")).lower() == "true"

    def _read(self, bodies: Iterable[bytes]) -> Iterator[dict[str, Any]]:
        for body in bodies:
            try:
                yield row_in(body)
            except SourceInvalid:
                self.left_out += 1


def _days(row: Mapping[str, Any]) -> tuple[date | None, date | None] | None:
    """The first day and the day after the last, as far as there are any; nothing where one cannot be read."""
    try:
        return day_in(row.get("beginDate")), day_in(row.get("endDate"))
    except ValueError:
        return None
