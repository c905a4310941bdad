"""What Connect asks of a Nexus before anything is done with it, each with its refusal."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from cgwizard.errors import Code, WizardError
from cgwizard.guide.step import Check, Fix, Report, checking

if TYPE_CHECKING:
    from cgwizard.guide.connect import Connect
    from cgwizard.nexus.client import NexusClient
    from cgwizard.nexus.models import Account, Eula


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

    checking(report, "writable", "it can be changed (not read-only)", work)


def docker(client: NexusClient, report: Report) -> None:
    def work() -> str:
        if client.docker_supported():
            return ""
        raise WizardError(
            Code.NEXUS_NO_DOCKER,
            tried="looking for docker repositories in Nexus's own API description",
            came_back="it knows no docker (proxy)",
        )

    checking(report, "docker", "it has the docker format", work)


def rights(signed_in: Account, report: Report) -> None:
    label = "may administer repositories"
    if signed_in.administrator or signed_in.repository_admin:
        told = "as an administrator" if signed_in.administrator else signed_in.evidence
        report(Check("rights", label, "done", told))
    elif signed_in.repository_admin is None:
        report(Check("rights", label, "warning", f"cannot be known: {signed_in.evidence}"))
    else:
        report(Check("rights", label, "running"))
        raise WizardError(
            Code.NO_ADMIN_PRIVILEGE,
            tried=f"asking Nexus what {signed_in.user_id} may do",
            came_back=signed_in.evidence,
        )


def agreement(step: Connect, client: NexusClient, report: Report) -> None:
    """A Community Edition serves no content before its agreement was accepted: a legal act, so
    the text is shown and the user accepts it."""
    label = "its license agreement is accepted"
    try:
        eula = client.eula()
    except WizardError as error:
        if error.code != Code.NEXUS_FORBIDDEN:
            raise
        report(Check("eula", label, "warning", "only an administrator may see that"))
        return
    if eula is None:
        return
    report(Check("eula", label, "running"))
    if not eula.accepted and eula.disclaimer == step.accepted:
        _accept(step, client, eula)
    elif not eula.accepted:
        text = eula.disclaimer

        def accept() -> None:
            step.accepted = text

        if step.session.dry_run:  # what comes after it is shown all the same
            problem = _not_accepted().problem
            report(Check("eula", label, "problem", problem.came_back, problem))
            return
        step.fix = Fix("accept the agreement", accept, text)
        raise _not_accepted()
    report(Check("eula", label, "done"))


def _not_accepted() -> WizardError:
    return WizardError(
        Code.NEXUS_EULA,
        tried="asking Nexus whether its End User License Agreement was accepted",
        came_back="not yet; until then Nexus refuses every pull with 403",
        cause="a fresh Community Edition waits for someone who accepts it",
        next_step="read the agreement; Enter accepts it in your name",
    )


def _accept(step: Connect, client: NexusClient, eula: Eula) -> None:
    from cgwizard.runs.run import refuse_looking

    journal, change = step.session.journal, "accept the license agreement"
    refuse_looking(step.session.run, f"to {change}")
    journal.write(change, "", "lasting")
    try:
        client.accept_eula(eula)
    except WizardError:
        with contextlib.suppress(WizardError):  # its answer may have got lost
            now = client.eula()
            if now is not None and not now.accepted:
                journal.write(change, "", "failed")
        raise
