"""The proof that a repository is restricted: a signed-in user without the role is refused.

The user is made for it with a role that may do nothing, and both are removed again. They are
journaled like every change, so that what a crash leaves is removed by `undo` or by the next proof.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import msgspec

from cgwizard.changes import accounts
from cgwizard.changes import change as changes
from cgwizard.changes import undo
from cgwizard.errors import Code, WizardError
from cgwizard.guide.access_survey import Survey, serving
from cgwizard.nexus.client import NexusClient
from cgwizard.nexus.roles import Role, User
from cgwizard.proof.checks import DENIED
from cgwizard.registry.retry import Retries
from cgwizard.secrets.secret import Credentials, Secret

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.guide.session import Session
    from cgwizard.registry.reference import Reference

PREFIX = "cgwizard-proof-"


class Restriction(msgspec.Struct, frozen=True):
    """``restricted``: the user was refused, and no role that others hold may read it."""

    restricted: bool
    told: str


def prove(
    session: Session, reference: Reference, repository: str, port: int, cancel: Cancel
) -> Restriction:
    """Raises WizardError where nothing is known, also where what was made could not be removed;
    and Cancelled."""
    remove_leftovers(session)
    chosen = session.plan.token
    own = chosen.role if chosen is not None else ""
    others = Survey.of(session).others(serving(session, repository), own)
    refusal = _refusal(session, reference, port, cancel)
    if not refusal:
        return Restriction(False, "a user who has no role for it gets it too")
    if others:
        told = f"the role {others[0].role} may read it too"
        return Restriction(False, told)
    return Restriction(True, refusal)


def _refusal(session: Session, reference: Reference, port: int, cancel: Cancel) -> str:
    """How a user without the role is refused; empty where the user gets the image."""
    name, password = f"{PREFIX}{secrets.token_hex(4)}", Secret(secrets.token_urlsafe(18))
    role = Role(id=name, name=name, description="Made by cgwizard for one proof; may do nothing")
    user = User(
        user_id=name, first_name="Proof", last_name=name,
        email_address=f"{name}@example.org", roles=(name,),
    )  # fmt: skip
    session.refuse_looking(f"to create the user {name}")
    made: list[changes.Change] = []
    try:
        for change in (accounts.CreateRole(role), accounts.CreateUser(user, password)):
            made.append(change)
            changes.apply(change, session.nexus, session.journal)
        return _asked(session, Credentials(name, password), reference, port, cancel)
    finally:
        _remove(session, made)


def _remove(session: Session, made: list[changes.Change]) -> None:
    """Also what was begun, and may be there."""
    standing = undo.standing(session.journal.entries)
    for change in reversed(made):
        if (change.kind, change.name) in standing:
            changes.take_back_soon(change, session.nexus, session.journal)


def _asked(
    session: Session, credentials: Credentials, reference: Reference, port: int, cancel: Cancel
) -> str:
    nexus = session.nexus
    # That the sign-in is accepted is known first: a refusal then is one of the image.
    with NexusClient(nexus.base_url, credentials, nexus.trust, cancel) as client:
        client.sign_in()
    scheme = session.routing.scheme
    with session.connector(port, scheme, credentials=credentials) as registry:
        retries = Retries(registry.patience, cancel)
        image, target = reference.repository, reference.target
        try:
            cancel.run(lambda: registry.head(image, target, retries=retries), registry.abort)
        except WizardError as error:
            if error.code in DENIED | {Code.LOGIN_WRONG}:
                return error.problem.came_back
            raise
    return ""


def remove_leftovers(session: Session) -> None:
    """Of a proof that was cut off, by this run or by an earlier one. Raises WizardError."""
    path = session.journal.path
    entries = session.journal.entries
    if path is not None:
        entries = undo.entries_of(path.parent, session.journal.nexus)
    left = [e for e in entries if e.kind != "repository" and e.repository.startswith(PREFIX)]
    if not undo.standing(left):
        return
    for item in undo.survey(left, session.nexus):
        if item.acts:
            undo.undo(item, session.nexus, lambda _: None)
        for entry in reversed(item.entries):
            session.journal.write(entry.change, entry.repository, "undone", kind=entry.kind)

