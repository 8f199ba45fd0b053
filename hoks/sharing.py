"""Shares made, accepted and revoked: by the student, by the plan's provider, and by whoever is handed the link."""

from hoks.caller import Caller, Role
from hoks.consenting import ConsentFault
from hoks.errors import BadRequest, SourcesUnavailable, WrongRole
from hoks.identifiers import LearnerOid, OrganisationOid
from hoks.labelled import labelled
from hoks.ports import Labels, ShareBook
from hoks.reading import Reader
from hoks.relations import Consent
from hoks.shares import AcceptedShare, GivenShare, MadeShare
from hoks.showing import View
from hoks.sitting import Sitting


class Sharing:
    """What callers do with shares. One per process."""

    def __init__(self, reader: Reader, book: ShareBook, labels: Labels | None = None) -> None:
        self._reader = reader
        self._book = book
        self._labels = labels

    async def make(self, caller: Caller, consent: str, *, within: Sitting) -> MadeShare:
        """A share of a consent that is given to the holder of a link; one that nobody has accepted yet is replaced.

        By the student whose consent it is, or by staff of the provider that discloses the plan (source 004:36, 198).
        What is not theirs, not given to a link, not in force or unknown is refused alike. Raises ``WrongRole``.
        """
        if caller.role is Role.STUDENT:
            person, is_known = await self._reader.self_of(caller, within=within)
            made = await self._book.make(consent, person.all_oids, provider=None, by=caller.subject)
            if made is None and not is_known:
                raise SourcesUnavailable("the learner register did not answer")
        elif caller.role is Role.STAFF:
            found = await self._book.shareable(consent)
            provider = await self._disclosing(caller, found, within) if found is not None else None
            made = None
            if found is not None and provider is not None:
                made = await self._book.make(consent, {found.learner}, provider=provider, by=caller.subject)
        else:
            raise WrongRole("only a student, or staff of the plan's provider, can share a plan")
        if made is None:
            raise BadRequest("there is no such consent that can be shared", ConsentFault.NO_SUCH_CONSENT)
        return MadeShare(share=labelled(made[0], self._labels), token=made[1])

    async def accept(self, caller: Caller, token: str) -> AcceptedShare:
        """Accept a share: whoever does so first becomes its consent's recipient; to them again is no fault.

        INVARIANT: whatever is wrong with a token, the answer is the same, and what is done for it too.
        """
        if caller.role is not Role.CONSENT_RECIPIENT or caller.organisation is not None:
            raise WrongRole("a share is accepted by a person as such, in the acting role consent_recipient")
        accepted = await self._book.accept(token, caller.subject)
        if accepted is None:
            raise BadRequest("there is no such share, or no longer", ConsentFault.NO_SUCH_SHARE)
        return accepted

    async def revoke(self, caller: Caller, share: str, *, within: Sitting) -> GivenShare:
        """Revoke a share, at once; again is no fault. By its student, or by staff of the provider that made it."""
        if caller.role is Role.STUDENT:
            person, is_known = await self._reader.self_of(caller, within=within)
            revoked = await self._book.revoke(share, caller.subject, subjects=person.all_oids)
        elif caller.role is Role.STAFF:
            provider = await self._reader.provider_of(caller, within=within)
            is_known = provider is not None
            revoked = await self._book.revoke(share, caller.subject, provider=provider) if provider else None
        else:
            raise WrongRole("only a student, or staff of the provider that made it, can revoke a share")
        if revoked is not None:
            return labelled(revoked, self._labels)
        if not is_known:
            raise SourcesUnavailable("the register that tells who you are did not answer")
        raise BadRequest("there is no such share of yours", ConsentFault.NO_SUCH_SHARE)

    async def of(self, own: View) -> tuple[GivenShare, ...]:
        """Every share of the consents of the student of a view of their own, newest first."""
        return tuple(labelled(each, self._labels) for each in await self._book.of(own.oids))

    async def _disclosing(self, caller: Caller, consent: Consent, within: Sitting) -> OrganisationOid | None:
        """The caller's provider, where it is the one that discloses the consent's plan."""
        provider = await self._reader.provider_of(caller, within=within)
        view = (await self._reader.by_rights(caller, [consent.right], within=within))[consent.right]
        if isinstance(view, SourcesUnavailable):
            raise view
        if view is None or view.plan(consent.right) is None or not _is_of(view, consent.learner):
            return None
        origin = view.plan_origins.get(consent.right)
        return provider if origin is not None and origin.discloser == provider else None


def _is_of(view: View, learner: LearnerOid) -> bool:
    return learner in view.oids
