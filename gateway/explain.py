"""What an operator may ask of a configuration: the rules of a role, and why somebody sees what they see."""

from pathlib import Path

from gateway.app import assemble, load_policy
from gateway.callers import Callers
from gateway.clock import clock_of
from gateway.errors import RefusedError
from gateway.settings import SettingsError
from gateway.settings_file import load
from hoks.access.document import document, section
from hoks.caller import Role
from hoks.explaining import as_text
from hoks.identifiers import learner_oid


def explain_rules(role: str | None) -> str:
    """The access rules as a page, all of them or one role's. Raises ``SettingsError`` for an unknown role."""
    policy = load_policy()
    if role is None:
        return document(policy)
    if role not in set(Role):
        raise SettingsError(f"unknown role `{role}`; expected one of: {', '.join(Role)}")
    return "\n".join(section(policy, Role(role)))


async def explain_student(config: Path, token: str, student: str, acting_role: str | None) -> list[str]:
    """Why the bearer of a token sees what they see of a student, in lines. Raises ``SettingsError``."""
    settings = load(config)
    try:
        oid = learner_oid(student)
    except ValueError as error:
        raise SettingsError(f"--student: {error}") from None
    parts = assemble(settings, clock_of(settings.fixed_day))
    callers = Callers(settings.issuer, parts.keys_client)
    try:
        caller = await callers.identify(f"Bearer {token}", acting_role)
        acting = caller.role if caller.organisation is None else f"{caller.role}@{caller.organisation}"
        explained = await parts.reader.explain(caller, oid)
        return [f"{caller.subject} acting as {acting}, student {oid}", *as_text(explained)]
    except RefusedError as refusal:
        raise SettingsError(f"{refusal.message}; a role can be named with --as ROLE or ROLE@ORGANISATION") from None
    finally:
        await callers.aclose()
        await parts.aclose()
