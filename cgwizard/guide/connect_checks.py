"""What Connect asks of a Nexus before anything is done with it, each with its refusal."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from cgwizard.errors import Code, WizardError
from cgwizard.guide.shown import Check, Report
from cgwizard.guide.step import checking

if TYPE_CHECKING:
    from cgwizard.changes.journal import Journal
    from cgwizard.nexus.client import NexusClient
    from cgwizard.nexus.models import Account, Eula

AGREED = "its license agreement is accepted"
ASKED = "is its license agreement accepted?"
ACCEPT = "accept the license agreement"


def writable(client: NexusClient, report: Report) -> None:
    def work() -> str:
        if client.writable():
            return ""
        raise WizardError(
            Code.NEXUS_READ_ONLY,
            tried=f"asking {client.base_url} whether it can be changed",
            came_back="503 from /service/rest/v1/status/writable: it is read-only",
            cause="an administrator froze it, or a backup or an upgrade is under way",
            next_step="end the read-only mode in Nexus (Settings > System > Nodes), try again",
        )

    done = "it can be changed (not read-only)"
    checking(report, "writable", "can it be changed?", work, done=done)


def docker(client: NexusClient, report: Report) -> None:
    def work() -> str:
        if client.docker_supported():
            return ""
        raise WizardError(
            Code.NEXUS_NO_DOCKER,
            tried="looking for docker repositories in Nexus's own API description",
            came_back="it knows no docker (proxy)",
        )

    done = "it has the docker format"
    checking(report, "docker", "does it have the docker format?", work, done=done)


def rights(signed_in: Account, report: Report) -> None:
    label, question = "may administer repositories", "may it administer repositories?"
    if signed_in.administrator or signed_in.repository_admin:
        told = "as an administrator" if signed_in.administrator else signed_in.evidence
        report(Check("rights", label, "done", told))
    elif signed_in.repository_admin is None:
        report(Check("rights", question, "warning", f"cannot be known: {signed_in.evidence}"))
    else:
        report(Check("rights", question, "running"))
        raise WizardError(
            Code.NO_ADMIN_PRIVILEGE,
            tried=f"asking Nexus what {signed_in.user_id} may do",
            came_back=signed_in.evidence,
        )


def agreement(client: NexusClient, report: Report) -> Eula | None:
    """A Community Edition serves no content before its agreement was accepted: a legal act, so
    the user sees the text and accepts it. Returns the agreement that waits for that."""
    try:
        eula = client.eula()
    except WizardError as error:
        if error.code != Code.NEXUS_FORBIDDEN:
            raise
        report(Check("eula", ASKED, "warning", "only an administrator may see that"))
        return None
    if eula is None:
        return None
    report(Check("eula", AGREED, "done") if eula.accepted else Check("eula", ASKED, "running"))
    return None if eula.accepted else eula


def not_accepted() -> WizardError:
    return WizardError(
        Code.NEXUS_EULA,
        tried="asking Nexus whether its End User License Agreement was accepted",
        came_back="not yet; until then Nexus refuses every pull with 403",
        cause="a fresh Community Edition waits for someone who accepts it",
        next_step="read the agreement; Enter accepts it in your name",
    )


def accept(client: NexusClient, eula: Eula, journal: Journal) -> None:
    """Accept the agreement in the user's name. Raises WizardError."""
    journal.write(ACCEPT, "", "lasting")
    try:
        client.accept_eula(eula)
    except WizardError:
        with contextlib.suppress(WizardError):  # its answer may have got lost
            now = client.eula()
            if now is not None and not now.accepted:
                journal.write(ACCEPT, "", "failed")
        raise
