"""Making or changing a docker (proxy): what steps 3 and 4 share."""

from __future__ import annotations

import contextlib
import re
import time
from functools import partial
from typing import TYPE_CHECKING

from cgwizard.changes import change as changes
from cgwizard.errors import Cancelled, Code, WizardError
from cgwizard.guide.connector import wait_for_connector
from cgwizard.guide.shown import Check, Report
from cgwizard.plan import model as plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cgwizard.cancel import Cancel
    from cgwizard.guide.session import Session
    from cgwizard.nexus.models import DockerProxy

# Nexus's own rule (NamePatternConstants); docker names are lower case from 3.89 on, and
# path-based routing needs them so: older servers are not given a name that ages badly.
NAME = re.compile(r"[a-z0-9-][a-z0-9_.-]*")


def name_problem(name: str) -> str | None:
    if not name:
        return "a name for the repository"
    if len(name) > plan.MAX_NAME:
        return f"at most {plan.MAX_NAME} characters, which is Nexus's limit; these are {len(name)}"
    if name != name.lower():
        return "lower case: docker repository names must be, from Nexus 3.89 on"
    if not NAME.fullmatch(name):
        return "letters, digits, - _ . and no _ or . at the beginning"
    return None


def existing_proxy(session: Session, name: str) -> DockerProxy | None:
    """The docker proxy of this name, None when the name is free. Raises WizardError when the
    name is taken by something else; names are unique ignoring case, over all formats."""
    taken = next((r for r in session.repositories if r.name.lower() == name.lower()), None)
    if taken is None:
        return None
    if (taken.format, taken.type) != ("docker", "proxy") or taken.name != name:
        raise WizardError(
            Code.REPOSITORY_NAME_TAKEN,
            tried=f"looking whether the name {name} is free",
            came_back=f"there is a repository {taken.name}, {taken.format} ({taken.type})",
            cause="names are unique over all formats, ignoring case",
        )
    return session.nexus.docker_proxy(name)


def unusable(existing: DockerProxy) -> WizardError | None:
    """Why a repository that is there cannot serve Chainguard's images as it is."""
    name, docker = existing.name, existing.docker
    found: tuple[Code, str, str, str, str] | None = None
    if existing.proxy.remote_url.rstrip("/") != plan.REMOTE_URL.rstrip("/"):
        found = (
            Code.REMOTE_URL_PATH,
            "the remote storage",
            existing.proxy.remote_url,
            f"only {plan.REMOTE_URL} finds Chainguard's images",
            "choose to change it, or another name",
        )
    elif docker.http_port is None and docker.https_port is None:
        found = (
            Code.REPOSITORY_WITHOUT_CONNECTOR,
            "the connector",
            "it has no port of its own",
            "it is reached by path or through another repository",
            "choose to change it, or another name",
        )
    elif not existing.online:
        found = (
            Code.REPOSITORY_OFFLINE,
            "the state",
            "it is offline",
            "an administrator took it offline",
            "set it online in Nexus, or choose another name",
        )
    elif existing.http_client.blocked:
        found = (
            Code.REMOTE_MANUALLY_BLOCKED,
            "the state",
            "its remote is blocked",
            "an administrator blocked it",
            "unblock it in Nexus, or choose another name",
        )
    if found is None:
        return None
    code, what, came_back, cause, next_step = found
    return WizardError(
        code,
        tried=f"reading {what} of {name}",
        came_back=came_back,
        cause=cause,
        next_step=next_step,
    )


def apply(
    session: Session,
    change: changes.ProxyChange | None,
    report: Report,
    cancel: Cancel,
    *,
    also: Sequence[changes.Change] = (),
) -> WizardError | None:
    """Send the change, read it back, wait for the connector, then send what comes ``also``.
    Returns why the latter was refused to this user, and then nothing of it stays.

    Raises WizardError and Cancelled; after a failure everything that was sent is taken back."""
    sent: list[changes.Change] = []
    try:
        if change is not None:
            _send(session, change, sent, report, cancel)
            session.refresh()
            docker = change.wanted.docker
            if port := docker.http_port or docker.https_port:
                scheme = "http" if docker.http_port else "https"
                wait_for_connector(session, port, scheme, report, cancel)
        first = len(sent)
        for each in also:
            try:
                _send(session, each, sent, report, cancel)
            except WizardError as error:
                if error.code != Code.NEXUS_FORBIDDEN:
                    raise
                told = error.problem.came_back
                report(Check(check_id(each), each.title, "warning", told, error.problem))
                _take_all_back(session, sent[first:], report, error)
                return error
    except BaseException as error:  # also when cancelled: nothing half-made stays
        _take_all_back(session, sent, report, error)
        raise
    return None


def _take_all_back(
    session: Session, sent: list[changes.Change], report: Report, error: BaseException
) -> None:
    """The last change first; raises WizardError where one of them stays."""
    left: WizardError | None = None
    until = time.monotonic() + changes.SOON_SECONDS
    for change in reversed(sent):
        try:
            _take_back(session, change, report, error, until)
        except WizardError as stays:
            left = left or stays
    if left is not None:
        raise left from error


def _send(
    session: Session,
    change: changes.Change,
    sent: list[changes.Change],
    report: Report,
    cancel: Cancel,
) -> None:
    """Adds the change to ``sent`` as soon as Nexus has it."""
    what = change.name if change.kind == "repository" else f"the {change.kind} {change.name}"
    label = f"{'create' if change.creates else 'change'} {what}"
    id = check_id(change)
    report(Check(id, label, "running"))
    session.refuse_looking(f"to {change.title}")
    cancel.check()
    entries = session.journal.entries
    before = len(entries)
    try:
        changes.apply(change, session.nexus, session.journal)
    except Cancelled:
        if any(entry.state == "applied" for entry in entries[before:]):
            sent.append(change)
        raise
    sent.append(change)
    report(Check(id, label.replace(" ", "d ", 1), "done", "read back: as sent"))


def check_id(change: changes.Change) -> str:
    return "apply" if change.kind == "repository" else f"apply-{change.kind}-{change.name}"


def _take_back(
    session: Session, change: changes.Change, report: Report, error: BaseException, until: float
) -> None:
    failed = error if isinstance(error, WizardError) else None
    undo = partial(changes.take_back_soon, until=until) if failed is None else changes.take_back
    label, id = f"take back: {change.title}", check_id(change)
    report(Check(id, label, "running"))
    try:
        undo(change, session.nexus, session.journal)
    except WizardError as left:
        raise changes.left_behind(change, failed, left) from error
    except Cancelled as stopped:
        unknown = WizardError(
            Code.CHANGE_NOT_UNDONE,
            tried=label,
            came_back="you stopped it",
            cause="the request may have been done or not",
            next_step="Enter looks what is there",
        )
        raise changes.left_behind(change, failed, unknown) from stopped
    report(Check(id, label, "skipped", "done: nothing of it is left"))
    with contextlib.suppress(WizardError, Cancelled):  # the next look asks again
        session.refresh()


def remote_problem(url: str) -> str | None:
    """Why ``url`` is not the remote storage that the guide needs; None when it is."""
    text = url.strip()
    if text == plan.REMOTE_URL:
        return None
    if text.rstrip("/") == plan.REMOTE_URL.rstrip("/"):
        return f"exactly {plan.REMOTE_URL}, with the slash at the end"
    if text.startswith(plan.REMOTE_URL):
        return f"exactly {plan.REMOTE_URL}: with a path every image is unknown"
    if text.startswith("http://"):
        return f"exactly {plan.REMOTE_URL}: the registry speaks HTTPS only"
    return f"exactly {plan.REMOTE_URL}: this guide makes a cache of that registry"
