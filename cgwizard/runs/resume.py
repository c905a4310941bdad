"""Going on with a saved run: what was answered is filled in, what is true is asked of Nexus.

A saved run says what was confirmed, not what is there: meanwhile the process may have been
killed in the middle of a change, and others may have worked on the same Nexus.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from cgwizard.changes import undo
from cgwizard.guide import prefill
from cgwizard.guide.step import Check, Report, Step, run_checked
from cgwizard.plan import model as plan

if TYPE_CHECKING:
    from pathlib import Path

    from cgwizard.cancel import Cancel
    from cgwizard.guide.session import Session
    from cgwizard.runs.saved import SavedRun
    from cgwizard.tokens.claims import PullToken


def begin(session: Session, run: SavedRun, journals: Path) -> None:
    """Before Connect: fill in the answers and go on with that run's journal."""
    from cgwizard.changes.journal import Journal

    prefill.fill(session, run.answers)
    session.journal = Journal.reopen(journals, run.run, run.nexus)


def go_on(session: Session, run: SavedRun, report: Report, cancel: Cancel) -> Step:
    """After Connect: find out how much still holds. Returns the step to go on with; every step
    before it is through, and nothing was changed in Nexus.
    """
    settle(session, report)
    steps = session.steps
    for step in (steps.routing, steps.developer):
        if getattr(run.answers, step.id) is None or not _again(step, report, cancel):
            return step
    if not _token(session, run, report, cancel):
        return steps.token
    if not _pulled(session, run, report):
        return steps.pull
    return steps.finish


def _again(step: Step, report: Report, cancel: Cancel) -> bool:
    """Do a step again as far as that changes nothing in Nexus; whether it is through."""
    run_checked(step, step.enter, report, cancel)
    developer = step.session.steps.developer
    if step.problem is not None or (step is developer and developer.change() is not None):
        return False  # it is not there, or not as confirmed: the user sees what will be sent
    run_checked(step, step.act, report, cancel)
    return step.state == "done"


def settle(session: Session, report: Report) -> None:
    """Tell of each change that was begun and whose end no line tells whether it was done."""
    journal = session.journal
    standing = undo.standing(journal.entries)
    for repository, changes in standing.items():
        last = changes[-1]
        if last.state != "begun":
            continue
        found = session.nexus.docker_proxy(repository)
        version = session.nexus.version
        done = found is not None and not undo.compare(found, last.after or {}, version)
        journal.write(
            last.change,
            repository,
            "applied" if done else "failed",
            before=last.before,
            after=last.after,
        )
        told = "it was done" if done else "it was not done"
        label = f"what became of: {last.change}"
        report(Check(f"settle-{repository}", label, "done", told))


def _token(session: Session, run: SavedRun, report: Report, cancel: Cancel) -> bool:
    """Whether the step is through. The token itself was not saved: that Nexus has one of the
    same user name must do, and the pull will prove it."""
    step, chosen = session.steps.token, run.answers.token
    if chosen is None:
        return False
    if chosen.mode == "skip":
        run_checked(step, lambda told, stop: step.do("skip", told, stop), report, cancel)
        return step.problem is None
    developer = session.plan.developer or plan.Developer()
    name = chosen.name if chosen.mode == "separate" else developer.name
    label = f"{name} has the token {chosen.username.partition('/')[2]}"
    found = session.nexus.docker_proxy(name)
    authentication = found.http_client.authentication if found is not None else None
    ports = {found.docker.http_port, found.docker.https_port} if found is not None else set()
    if authentication is None or authentication.username != chosen.username:
        report(Check("token-there", label, "warning", "not any more: add it again"))
        return False
    if chosen.port is not None and chosen.port not in ports:
        report(Check("token-there", label, "warning", "on another port now"))
        return False
    report(Check("token-there", label, "done"))
    run_checked(step, step.enter, report, cancel)  # the keyring may have it
    session.pull_token = _known(session, chosen.username)
    image = run.answers.pull.private_image if run.answers.pull else ""
    session.plan = msgspec.structs.replace(
        session.plan, token=chosen, pull=plan.Pull(private_image=image)
    )
    step.state = "done"
    return True


def _known(session: Session, username: str) -> PullToken | None:
    """The token itself, where it is in the keyring; without it the registry is not compared."""
    from cgwizard.errors import WizardError
    from cgwizard.tokens import paste

    secret = session.steps.token.secrets.get("token")
    if not secret:
        return None
    try:
        token = paste.parse(secret.reveal())
    except WizardError:
        return None
    return token if token.credentials.username == username else None


def _pulled(session: Session, run: SavedRun, report: Report) -> bool:
    """Whether what was pulled is still what Nexus has; else it is pulled again."""
    from cgwizard.registry.reference import Reference

    if run.step != "finish" or not run.proofs or run.answers.pull is None:
        return False
    targets = {target.reference: target for target in session.steps.pull.targets()}
    for proof in run.proofs:
        reference = Reference.parse(proof.reference)
        target = targets.get(str(reference)) or targets.get(proof.reference.rpartition(":")[0])
        if target is None:
            return False
        tag = reference.digest or reference.tag or "latest"
        label = f"{reference.repository} is in {target.repository}"
        found = session.nexus.components(target.repository, reference.repository, tag)
        if not any(component.digest == proof.finished.digest for component in found):
            report(Check(f"still-{target.id}", label, "warning", "not as it was pulled: again"))
            return False
        report(Check(f"still-{target.id}", label, "done"))
    session.proofs = list(run.proofs)
    session.plan = msgspec.structs.replace(session.plan, pull=run.answers.pull)
    session.steps.pull.state = "done"
    return True
