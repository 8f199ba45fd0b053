"""Users and enrolments of a roster put together: whose which right is, and about whom what was read leaves doubt."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from connectors.failures import Reason, SourceFailure, SourceInvalid
from connectors.oneroster_groups import Groups
from connectors.oneroster_wire import ACTIVE, GONE, Enrolment, User, enrolment_in, user_in
from hoks.identifiers import LearnerOid, OrganisationOid, StudyRightOid
from hoks.outcomes import Answer, Outcome
from hoks.student import Person


@dataclass(slots=True)
class Roster:
    """Rows of users and enrolments, joined.

    INVARIANT: an enrolment counts for a person only by a user record that gives no learner number but the person's
    own; a right in which anybody else is enrolled too is nobody's; and where a row cannot be placed, whoever it may
    concern is not known to have no more than was read.
    """

    read_at: datetime
    schools: Mapping[str, OrganisationOid | None]
    users: dict[str, User] = field(default_factory=dict)
    users_of: dict[LearnerOid, set[str]] = field(default_factory=lambda: defaultdict(set))
    rows: dict[StudyRightOid, list[Enrolment]] = field(default_factory=lambda: defaultdict(list))
    rights_of: dict[str, set[StudyRightOid]] = field(default_factory=lambda: defaultdict(set))
    gone: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    """Users of a status that is not known."""
    unreadable_users: int = 0
    without_oid: int = 0
    partly_read: set[str] = field(default_factory=set)
    """Users of whom an enrolment has an OID that cannot be read."""
    strays: set[StudyRightOid] = field(default_factory=set)
    """Rights in which somebody is enrolled whom the roster does not know."""
    unplaced: int = 0
    """Enrolments of nobody here, with or without a right."""
    lost: int = 0
    """Enrolments that say neither whose they are nor of which right."""
    groups: Groups | SourceFailure | None = None
    """Who guides whom, or why that could not be read; nothing where the settings do not ask for it."""

    def take_users(self, bodies: Iterable[bytes], id_type: str) -> None:
        """Take in rows of users."""
        for body in bodies:
            try:
                user = user_in(body, id_type)
            except SourceInvalid:
                self.unreadable_users += 1
                continue
            if user.status == GONE:
                self.gone.add(user.id)
                continue
            self.users[user.id] = user
            if user.status != ACTIVE:
                self.closed.add(user.id)
            for oid in user.learners:
                self.users_of[oid].add(user.id)

    def take_enrolments(self, bodies: Iterable[bytes], place: str) -> None:
        """Take in rows of enrolments, after the users."""
        for body in bodies:
            try:
                enrolment = enrolment_in(body, place)
            except SourceInvalid:
                self.lost += 1
                continue
            if enrolment is not None and enrolment.user not in self.gone:
                self._place(enrolment)

    def _place(self, enrolment: Enrolment) -> None:
        user, oid = enrolment.user, enrolment.oid
        if user is None or user not in self.users:
            self.unplaced += 1
            self.lost += enrolment.oid_is_malformed
            if oid is not None:
                self.strays.add(oid)
        elif oid is not None:
            self.rows[oid].append(enrolment)
            self.rights_of[user].add(oid)
        elif enrolment.oid_is_malformed:
            self.partly_read.add(user)
        else:
            self.without_oid += 1

    def are_all_of(self, person: Person) -> bool:
        """Whether every user here is the person and nobody else besides."""
        return all(user.learners and user.learners <= person.all_oids for user in self.users.values())

    def knows(self, person: Person) -> bool:
        """Whether the person is in the roster."""
        return any(oid in self.users_of for oid in person.all_oids)

    def is_doubtful_for(self, person: Person) -> bool:
        """Whether there may be more of the person than could be read."""
        users = self._users(person)
        return bool(self.strays or users & self.partly_read or (not users and self.unreadable_users))

    def rows_of(self, person: Person) -> dict[StudyRightOid, list[Enrolment]]:
        """The enrolments of each right of the person. Raises ``SourceInvalid`` where they are somebody else's too."""
        users = self._users(person)
        if self.lost or users & self.closed:
            # The lost row may be the one that ends or annuls any right here.
            raise SourceInvalid(Reason.UNREADABLE)
        if any(not self.users[user].learners <= person.all_oids for user in users):
            raise SourceInvalid(Reason.FOREIGN_PERSON)
        rights = {oid for user in users for oid in self.rights_of.get(user, ())}
        if any(row.user not in users for oid in rights for row in self.rows[oid]):
            raise SourceInvalid(Reason.FOREIGN_PERSON)
        return {oid: self.rows[oid] for oid in rights - self.strays}

    def student(self, oid: StudyRightOid, person: Person) -> LearnerOid:
        """The person as the roster knows them beside this right."""
        users = {row.user for row in self.rows[oid]}
        known = sorted(number for number in person.all_oids if self.users_of.get(number, set()) & users)
        return person.oid if person.oid in known else known[0]

    def holder(self, right: StudyRightOid) -> Answer[LearnerOid]:
        """Whose a right is. Of several the first: whether they are one person is told where the rights are read."""
        users = [self.users[row.user] for row in self.rows.get(right, ()) if row.user]
        numbers = sorted(number for user in users for number in user.learners)
        if numbers and right not in self.strays:
            return Answer(Outcome.OK, numbers[0])
        doubtful = right in self.strays or self.lost or self.unreadable_users or self.partly_read
        return Answer(Outcome.INVALID if doubtful else Outcome.ABSENT)

    def _users(self, person: Person) -> set[str]:
        return {user for oid in person.all_oids for user in self.users_of.get(oid, ())}
