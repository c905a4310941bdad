"""The proof that a repository is restricted: a signed-in user without the role is refused.

The user is made for it with a role that may do nothing, and both are removed again. They are
journaled like every change, so leftovers of a crash are removed by `undo` or by the next proof.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from cgwizard.changes import accounts, undo
from cgwizard.changes import change as changes
from cgwizard.changes.journal import Journal
from cgwizard.errors import Cancelled, Code, WizardError
from cgwizard.guide.access_survey import Survey, serving
from cgwizard.guide.shown import Choice, Field
from cgwizard.nexus.client import NexusClient
from cgwizard.nexus.roles import ROLES, USERS, Role, User
from cgwizard.proof.checks import DENIED
from cgwizard.proof.result import Restriction
from cgwizard.registry.retry import Retries
from cgwizard.secrets.secret import Credentials, Secret

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.changes.undo_item import Item
    from cgwizard.guide.session import Session
    from cgwizard.plan.model import Access
    from cgwizard.registry.reference import Reference

PREFIX = "cgwizard-proof-"


def access(session: Session) -> Access | None:
    """Who may pull from the separate repository; None where there is none."""
    token = session.plan.token
    return token.access if token is not None and token.mode == "separate" else None


def is_asked(session: Session) -> bool:
    return access(session) == "role"


def field(value: str) -> Field:
    choices = (Choice("yes", "with a user made for it"), Choice("no", "without"))
    return Field("prove", "Prove restricted", value, "choice", choices)


def preview(session: Session) -> tuple[str, ...]:
    """What is made for the proof, and removed after it."""
    if not is_asked(session):
        return ()
    base, name = f"{session.nexus.base_url}/service/rest", f"{PREFIX}..."
    return (
        f"POST {base}{ROLES}",
        f"  the role {name}, which may do nothing",
        f"POST {base}{USERS}",
        f"  the user {name}, with that role: Nexus must refuse it the image",
        f"DELETE {base}{USERS}/{name} and {base}{ROLES}/{name}",
        "  both are removed after the proof",
    )


def prove(
    session: Session, reference: Reference, repository: str, port: int, cancel: Cancel
) -> Restriction:
    """Raises WizardError where nothing is known, also where what was made could not be removed;
    and Cancelled."""
    remove_leftovers(session)
    chosen = session.plan.token
    own = chosen.role if chosen is not None else ""
    survey = Survey.of(session)
    others = survey.others(serving(session, repository), own)
    refusal = _refusal(session, reference, port, cancel)
    if not refusal:
        return Restriction(False, "not restricted: a signed-in user without the role gets it too")
    if others:
        return Restriction(False, f"not restricted: the role {others[0].role} may read it too")
    if survey.unread:
        return Restriction(False, f"not proved: {survey.unread}, and may let others read it")
    pull_user = session.pull_user
    gets = f"{pull_user.username} gets it; " if pull_user else ""
    return Restriction(True, f"{gets}a signed-in user without the role is refused ({refusal})")


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
        _remove(session, made, cancel)


def _remove(session: Session, made: list[changes.Change], cancel: Cancel) -> None:
    """Also what was begun, and may be there."""
    standing = undo.standing(session.journal.entries)
    for change in reversed(made):
        if (change.kind, change.name) not in standing:
            continue
        take_back = changes.take_back_soon if cancel.is_set else changes.take_back
        try:
            take_back(change, session.nexus, session.journal)
        except Cancelled:
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

    def note(item: Item) -> None:
        for entry in reversed(item.entries):
            book = session.journal
            if path is not None and entry.run != book.run:
                book = Journal.reopen(path.parent, entry.run, entry.nexus)
            book.write(entry.change, entry.repository, "undone", kind=entry.kind)

    for item in undo.survey(left, session.nexus):
        if item.acts:
            undo.undo(item, session.nexus, note)
        elif item.verdict == "gone":
            note(item)
