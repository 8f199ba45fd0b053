"""A student's own consents: given, listed and withdrawn by that student alone."""

from collections.abc import Callable, Mapping

from hoks.access.rules import Policy
from hoks.caller import Caller, Role
from hoks.consent_texts import ConsentTexts
from hoks.consenting import ConsentFault, GivenConsent, NewConsent, RecipientKind, Wish, refuse
from hoks.errors import BadRequest, SourcesUnavailable, WrongRole
from hoks.identifiers import LearnerOid, StudyRightOid, learner_oid, organisation_oid, study_right_oid
from hoks.items import Item, items_in
from hoks.outcomes import FAILED
from hoks.ports import ConsentBook
from hoks.reading import Reader
from hoks.showing import View
from hoks.sitting import Sitting


class Giving:
    """What a student does with consents. One per process."""

    def __init__(self, reader: Reader, book: ConsentBook, texts: ConsentTexts, policy: Policy) -> None:
        self._reader = reader
        self._book = book
        self.texts = texts
        self._may_be_given = consentable(policy)

    async def give(self, caller: Caller, new: NewConsent, *, within: Sitting) -> GivenConsent:
        """Give a consent; it holds when this returns. Raises ``WrongRole``, ``BadRequest``, ``SourcesUnavailable``."""
        as_student(caller)
        if new.text_version != self.texts.current:
            raise BadRequest("`textVersion` is not the current text's", ConsentFault.NO_SUCH_TEXT)
        recipient = _recipient(new)
        subject, plan = await self._own_plan(caller, new.study_right_oid, within)
        wish = Wish(
            subject=subject,
            recipient_kind=new.recipient_kind,
            recipient=recipient,
            right=plan,
            items=frozenset(new.items),
            express=frozenset(new.express),
            purpose=new.purpose,
            start=new.start_date or within.day,
            end=new.end_date,
            text_version=new.text_version,
            language=new.language,
        )
        refuse(wish, within.day, self._may_be_given)
        return await self._book.give(wish)

    async def withdraw(self, caller: Caller, consent: str, *, within: Sitting) -> GivenConsent:
        """Withdraw a consent of the caller's own, at once; again is no fault. Needs no source but for aliases."""
        as_student(caller)
        person, is_known = await self._reader.self_of(caller, within=within)
        withdrawn = await self._book.withdraw(consent, person.all_oids)
        if withdrawn is not None:
            return withdrawn
        if not is_known:
            raise SourcesUnavailable("the learner register did not answer")
        raise BadRequest("there is no such consent of yours", ConsentFault.NO_SUCH_CONSENT)

    async def of(self, own: View) -> tuple[GivenConsent, ...]:
        """Everything that the student of a view of their own has consented to, newest first."""
        return await self._book.of(own.oids)

    async def _own_plan(
        self, caller: Caller, asked: StudyRightOid, within: Sitting
    ) -> tuple[LearnerOid, StudyRightOid]:
        """The caller's master OID, and the right whose plan covers a right of theirs: itself, or the procuring one.

        INVARIANT: somebody else's plan and one that never was come to the same: only the caller's own are looked at.
        """
        right = _checked_right(asked)
        oid = LearnerOid(caller.subject)
        view = (await self._reader.students(caller, [oid], within=within))[oid]
        if isinstance(view, SourcesUnavailable):
            raise view
        covering = view.covering.get(right) if view is not None else None
        if view is not None and covering is not None:
            return view.oid, covering
        if view is not None and any(each.outcome in FAILED for each in view.student.sources):
            raise SourcesUnavailable("a source of your plans did not answer")
        raise BadRequest("there is no such plan of yours", ConsentFault.NO_SUCH_PLAN)


def consentable(policy: Policy) -> frozenset[Item]:
    """The items that a student's consent can open at all."""
    rules = policy.for_role(Role.CONSENT_RECIPIENT, "plan")
    return frozenset[Item]().union(*(items_in(rule.items) for rule in rules)) - {Item.ID, Item.SR}


def as_student(caller: Caller) -> None:
    """Raise ``WrongRole`` unless the caller acts as a student."""
    if caller.role is not Role.STUDENT:
        raise WrongRole("only a student, acting as such, can do this")


def _checked_right(text: str) -> StudyRightOid:
    try:
        return study_right_oid(text)
    except ValueError as error:
        raise BadRequest(f"`studyRightOid`: {error}") from None


def _nobody_yet(text: str) -> str:
    if text:
        raise ValueError
    return text


_RECIPIENTS: Mapping[RecipientKind, Callable[[str], str]] = {
    RecipientKind.PERSON: learner_oid,
    RecipientKind.ORGANISATION: organisation_oid,
    RecipientKind.LINK: _nobody_yet,
}
"""How the OID of each kind of recipient is looked at; a person's looks alike whether they study or not."""
_EXPECTED = {
    RecipientKind.PERSON: "the OID of a person",
    RecipientKind.ORGANISATION: "the OID of an organisation",
    RecipientKind.LINK: "none, for a link finds its recipient itself",
}


def _recipient(new: NewConsent) -> str:
    try:
        return _RECIPIENTS[new.recipient_kind](new.recipient or "")
    except ValueError:
        text = f"`recipient`: expected {_EXPECTED[new.recipient_kind]}"
        raise BadRequest(text, ConsentFault.NO_SUCH_RECIPIENT) from None
