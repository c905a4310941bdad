"""Step 5, Test pull: the proof that it works. Every byte comes through Nexus and is checked."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from cgwizard import plan
from cgwizard.errors import WizardError
from cgwizard.events import Finished, OnEvent, PullEvent, ignore
from cgwizard.guide.asking import stoppable
from cgwizard.guide.progress import Progress
from cgwizard.guide.session import Proof
from cgwizard.guide.step import CONTINUE, Action, Check, Field, Fix, Report, Step
from cgwizard.guide.words import short, size

if TYPE_CHECKING:
    from datetime import datetime

    from cgwizard.cancel import Cancel
    from cgwizard.guide.session import Session
    from cgwizard.registry.reference import Reference

__all__ = ["Pull", "Target", "size"]

SEARCH_SECONDS = 15.0  # Nexus's search lags about 2 s behind
SEARCH_POLL_SECONDS = 0.25
# Who did not sign in is told so, or that there is no such image.
REFUSALS = {"no-login", "no-read-privilege", "not-entitled", "manifest-unknown"}


class Target(msgspec.Struct, frozen=True):
    """An image to pull through one connector."""

    id: str  # "free", "private"
    reference: str
    repository: str  # the repository in Nexus
    port: int
    private: bool


class Pull(Step):
    id = "pull"
    title = "Test pull"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.values = {"free_image": plan.FREE_IMAGE, "private_image": "", "platform": ""}
        self.progress = Progress()
        self.on_event: OnEvent = ignore  # set by the front end that draws the progress
        self.running = False
        self._proposed = ""
        self._invalidate = ""  # the repository whose cache is invalidated before the next try

    def reset(self) -> None:
        super().reset()
        self._invalidate = ""
        self.session.proofs = []

    # What to show

    @property
    def heading(self) -> str:
        if self.running and self.progress.reference:
            image = self.progress.reference.partition("/")[2]
            return f"Pulling {image} through Nexus"
        if self.state == "done":
            return "Both pulls are verified" if len(self.session.proofs) > 1 else "It is verified"
        return "Pull through Nexus and check every byte"

    @property
    def context(self) -> str:
        if self.running and self.progress.reference:
            return " · ".join(filter(None, (self.progress.reference, self.progress.platform)))
        user = self.session.credentials.username if self.session.credentials else "?"
        return f"Signed in as {user}; nothing is kept on this machine."

    def fields(self) -> tuple[Field, ...]:
        if self.running or self.state == "done":
            return ()
        fields = [Field("free_image", "Free image", self.values["free_image"])]
        if self._with_token:
            fields.append(Field("private_image", "Your image", self.values["private_image"]))
        fields.append(
            Field(
                "platform",
                "Platform",
                self.values["platform"],
                placeholder="this machine's",
                optional=True,
            )
        )
        return tuple(fields)

    def action(self) -> Action:
        if self.state == "done":
            return CONTINUE
        if self.fix:
            return Action("fix", self.fix.label)
        return Action("pull", "try again" if self.problem else "pull")

    @property
    def _with_token(self) -> bool:
        token = self.session.plan.token
        return token is not None and token.mode != "skip"

    def field_problems(self) -> dict[str, str]:
        problems = {}
        images = ["free_image", *(["private_image"] if self._with_token else [])]
        for field in images:
            if problem := image_problem(self.values[field].strip()):
                problems[field] = problem
        platform = self.values["platform"].strip()
        if platform and platform.count("/") not in {1, 2}:
            problems["platform"] = "as linux/amd64, or empty for this machine's"
        return problems

    def targets(self) -> list[Target]:
        """What will be pulled, by whole reference."""
        developer, routing, token = (
            self.session.plan.developer,
            self.session.plan.routing,
            self.session.plan.token,
        )
        if developer is None or routing is None:
            return []
        address = self.session.address(routing.port)
        free = f"{address}/{self.values['free_image'].strip()}"
        targets = [Target("free", free, developer.name, routing.port, private=False)]
        if token is not None and self._with_token:
            separate = token.mode == "separate" and token.port
            port = token.port if separate and token.port else routing.port
            image = f"{self.session.address(port)}/{self.values['private_image'].strip()}"
            name = token.name if separate else developer.name
            targets.append(Target("private", image, name, port, private=True))
        return targets

    # What is done

    def enter(self, report: Report, cancel: Cancel) -> None:
        chosen = self.session.plan.pull
        if chosen and chosen.private_image and self.values["private_image"] in {"", self._proposed}:
            self.values["private_image"] = self._proposed = chosen.private_image

    def act(self, report: Report, cancel: Cancel) -> None:
        if self.fix:
            self.fix.apply()
            self.fix = None
        targets = self.targets()
        proved = self._keep_proofs(targets)
        if self._invalidate:
            name, self._invalidate = self._invalidate, ""
            report(Check("forget", f"invalidate the cache of {name}", "running"))
            self.session.nexus.invalidate_cache(name)
            report(Check("forget", f"the cache of {name} is invalidated", "done"))
        self.running = True
        try:
            for target in targets:
                if target.id not in proved:
                    self.session.proofs.append(self._prove(target, report, cancel))
                    cancel.check()
        finally:
            self.running = False
        self.session.plan = msgspec.structs.replace(
            self.session.plan,
            pull=plan.Pull(
                self.values["free_image"].strip(),
                self.values["private_image"].strip() if self._with_token else "",
                self.values["platform"].strip(),
            ),
        )
        self.state = "done"

    def _keep_proofs(self, targets: list[Target]) -> set[str]:
        """What an earlier try proved stands; returns the ids of those targets."""
        proofs = {proof.reference: proof for proof in self.session.proofs if proof.verified}
        kept = {target.id: proofs.get(whole(target.reference)) for target in targets}
        self.session.proofs = [proof for proof in kept.values() if proof is not None]
        proved = {id for id, proof in kept.items() if proof is not None}
        for check in list(self.checks):
            if check.partition("-")[0] not in proved:
                del self.checks[check]
        return proved

    def _event(self, event: PullEvent) -> None:
        self.progress.add(event)
        self.on_event(event)

    def _prove(self, target: Target, report: Report, cancel: Cancel) -> Proof:
        from cgwizard.registry.reference import Reference

        reference = Reference.parse(target.reference)
        image = reference.repository
        check = f"{target.id}-pull"
        report(Check(check, f"pull {image}", "running"))
        self.progress.start(str(reference))
        finished = self._pull(target, reference, cancel, self._event)
        told = f"{short(finished.digest)} {size(finished.bytes)} in {finished.seconds:.1f} s"
        report(Check(check, f"pulled {image}", "done", told))
        digest = self._compare(target, reference, finished, report, cancel)
        cancel.check()
        second = self._again(target, reference, finished, report, cancel)
        found = self._search(target, reference, report, cancel)
        if target.private:
            self._without_sign_in(target, reference, report, cancel)
        return Proof(str(reference), finished, digest, second, found)

    def _pull(
        self, target: Target, reference: Reference, cancel: Cancel, on_event: OnEvent
    ) -> Finished:
        from cgwizard.registry.pull import pull

        with self.session.connector(target.port, self.session.routing.scheme) as registry:
            return pull(
                registry,
                reference,
                platform=self.values["platform"].strip() or None,
                on_event=on_event,
                cancel=cancel,
            )

    def _compare(
        self,
        target: Target,
        reference: Reference,
        finished: Finished,
        report: Report,
        cancel: Cancel,
    ) -> str | None:
        """Ask cgr.dev directly. Raises WizardError when it serves something else; None when it
        could not be asked from here (that is no failure of Nexus)."""
        check, label = f"{target.id}-digest", "same digest at cgr.dev"
        report(Check(check, label, "running"))
        token = self.session.pull_token if target.private else None
        try:
            registry = self.session.upstream(token.credentials if token else None)
            with stoppable(registry, cancel) as retries:
                upstream = registry.head(
                    reference.repository, tag_of(reference), retries=retries
                ).digest
        except WizardError as error:
            told = f"could not ask: {error.problem.came_back}"
            report(Check(check, label, "warning", told, error.problem))
            return None
        if upstream != finished.digest:
            self.fix = Fix(
                "invalidate its cache, pull again", lambda: self._forget(target.repository)
            )
            raise WizardError(
                "cache-stale-tag",
                tried=f"comparing {reference.repository} with cgr.dev itself",
                came_back=f"{short(finished.digest)} here, {short(upstream)} there",
                cause="the tag moved and Nexus still has the older one (metadata max age)",
                next_step=f"Enter invalidates the cache of {target.repository} and pulls again",
            )
        report(Check(check, label, "done", short(upstream)))
        return upstream

    def _forget(self, repository: str) -> None:
        self._invalidate = repository

    def _again(
        self,
        target: Target,
        reference: Reference,
        finished: Finished,
        report: Report,
        cancel: Cancel,
    ) -> float | None:
        check, label = f"{target.id}-cache", "second pull came from the cache"
        report(Check(check, label, "running"))
        stored = self._stored(target, reference)
        second = self._pull(target, reference, cancel, ignore)
        told = f"{second.seconds:.1f} s after {finished.seconds:.1f} s"
        if stored is None:
            report(Check(check, label, "warning", f"{told}; Nexus lists no component for it"))
        elif self._stored(target, reference) != stored:
            report(Check(check, label, "warning", f"{told}; Nexus fetched it again"))
        else:
            report(Check(check, label, "done", f"{told}, not refetched"))
        return second.seconds

    def _stored(self, target: Target, reference: Reference) -> datetime | None:
        """When Nexus stored the tag's manifest; a fetch from upstream would renew it."""
        components = self.session.nexus.components(
            target.repository, reference.repository, tag_of(reference)
        )
        return next((asset.stored for c in components for asset in c.assets), None)

    def _search(self, target: Target, reference: Reference, report: Report, cancel: Cancel) -> bool:
        check, label = f"{target.id}-search", "found in Nexus's search"
        report(Check(check, label, "running"))
        deadline = time.monotonic() + SEARCH_SECONDS
        while True:
            try:
                found = self.session.nexus.search_docker(
                    target.repository, reference.repository, tag_of(reference)
                )
            except WizardError as error:  # the image is there all the same
                report(Check(check, label, "warning", error.problem.came_back, error.problem))
                return False
            if found:
                report(Check(check, label, "done", f"in {target.repository}"))
                return True
            if time.monotonic() > deadline:
                told = f"not within {SEARCH_SECONDS:.0f} s; its index may lag"
                report(Check(check, label, "warning", told))
                return False
            cancel.wait(SEARCH_POLL_SECONDS)

    def _without_sign_in(
        self, target: Target, reference: Reference, report: Report, cancel: Cancel
    ) -> None:
        """A private image that anyone can pull is worse than one that nobody can."""
        check, label = f"{target.id}-closed", "refused without signing in"
        report(Check(check, label, "running"))
        try:
            registry = self.session.connector(
                target.port, self.session.routing.scheme, anonymous=True
            )
            with stoppable(registry, cancel) as retries:
                registry.head(reference.repository, tag_of(reference), retries=retries)
        except WizardError as error:
            told = error.problem.came_back
            if error.code in REFUSALS:
                report(Check(check, label, "done", told))
            else:
                report(Check(check, label, "warning", f"cannot be known: {told}", error.problem))
            return
        raise WizardError(
            "anonymous-sees-private",
            tried=f"asking for {reference.repository} without signing in",
            came_back="Nexus serves it to anyone who reaches the port",
            cause="anonymous access is on and the repository does not force a sign-in",
            next_step="set the repository to force basic authentication, or switch anonymous "
            "access off",
        )


def whole(reference: str) -> str:
    """``reference`` with its tag, as proofs have it."""
    from cgwizard.registry.reference import Reference

    return str(Reference.parse(reference))


def tag_of(reference: Reference) -> str:
    return reference.digest or reference.tag or "latest"


def image_problem(image: str) -> str | None:
    from cgwizard.registry.reference import Reference

    if "/" not in image:
        return f"with its namespace: {plan.FREE_NAMESPACE}/{image or 'wolfi-base'}"
    if image.startswith("cgr.dev/"):
        return f"without the registry: {image.removeprefix('cgr.dev/')}"
    try:
        Reference.parse(f"cgr.dev/{image}")
    except WizardError as error:
        return f"{error.problem.came_back}: {error.problem.next_step}"
    return None
