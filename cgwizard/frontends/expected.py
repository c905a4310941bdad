"""Whether Nexus and this machine are what an answers file was written for.

In the guide a user would be asked; unattended there is nobody to answer, so that a difference
is the end, before anything is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgwizard.errors import Code, WizardError

if TYPE_CHECKING:
    from cgwizard.guide.session import Session
    from cgwizard.guide.step import Step
    from cgwizard.plan.answers_file import Answers


def check(session: Session, step: Step, answers: Answers) -> None:
    """After ``step`` has looked. Raises WizardError ``repository-exists``,
    ``blob-store-unknown``, ``engine-absent``."""
    if step is session.steps.developer:
        _repository(session, answers)
    if step is session.steps.pull:
        _engine(session, answers)


def _repository(session: Session, answers: Answers) -> None:
    step, wanted = session.steps.developer, answers.developer
    if wanted is None:
        return
    if differences := step.differences():
        if wanted.existing != "none":
            return
        told = "; ".join(f"{member} is {is_}" for member, is_, _ in differences)
        raise WizardError(
            Code.REPOSITORY_EXISTS,
            tried=f"looking whether the name {wanted.name} is free",
            came_back=f"a docker (proxy) of this name is there: {told}",
            cause="someone made or changed it since the answers were written",
            next_step='set existing = "use" or "change" under [developer], or another name',
        )
    stores = [store.name for store in session.blob_stores]
    if stores and wanted.blob_store not in stores and step.preview():
        raise WizardError(
            Code.BLOB_STORE_UNKNOWN,
            tried=f"looking for the blob store {wanted.blob_store}",
            came_back=f"there are: {', '.join(stores)}",
        )


def _engine(session: Session, answers: Answers) -> None:
    step, name = session.steps.pull, answers.pull.engine if answers.pull else "builtin"
    if step.values["engine"] != name:
        there = ", ".join(["builtin", *step.engines])
        raise WizardError(
            Code.ENGINE_ABSENT,
            tried=f"looking for the engine {name}, which is to pull",
            came_back=f"there are: {there}",
            cause="it is not installed or not running, or the answers are of another machine",
            next_step=f'start it, or set engine = "builtin" under [pull]; {name} is not needed',
        )
