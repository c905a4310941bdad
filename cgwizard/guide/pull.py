"""Step 5, Test pull: the proof that it works. Every byte comes through Nexus and is checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgwizard.errors import Code, WizardError
from cgwizard.events import PullEvent
from cgwizard.guide import pull_restricted, unencrypted_notice
from cgwizard.guide.image_names import image_problem
from cgwizard.guide.progress import Progress
from cgwizard.guide.shown import CONTINUE, Action, Check, Choice, Evidence, Field, Fix, Report
from cgwizard.guide.step import Step
from cgwizard.plan import model as plan

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.engines.model import Engine
    from cgwizard.guide.protocols import EarlierRun
    from cgwizard.guide.pull_image import PullTarget
    from cgwizard.guide.session import Session
    from cgwizard.proof.result import Proof

BUILTIN = "builtin"
# What the cache of Nexus may be to blame for: the main action that invalidates it.
FIXES = {
    Code.MANIFEST_UNKNOWN: "forget failures, pull again",
    Code.BLOB_UNKNOWN: "forget failures, pull again",
    Code.CACHE_STALE_TAG: "invalidate its cache, pull again",
}


class PullStep(Step):
    id = "pull"
    title = "Test pull"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.values = {
            "free_image": plan.FREE_IMAGE,
            "private_image": "",
            "platform": "",
            "engine": BUILTIN,
            "prove": "yes",
        }
        self.engines: dict[str, Engine] = {}  # the container engines that answer here
        self.progress = Progress()
        self.running = False
        self._proposed = ""
        self._invalidate = ""  # the repository whose cache is invalidated before the next try
        self._exists = False  # the image whose pull failed: a part of it is missing

    def reset(self) -> None:
        super().reset()
        self._invalidate = ""
        self.session.proofs = []
        self.session.restriction = None

    def stopped(self) -> None:
        """What was proved before stays proved: only the other image is pulled again."""
        proofs, checks = self.session.proofs, dict(self.checks)
        self.reset()
        self.session.proofs = proofs
        self.checks.update(checks)
        self._keep_proofs(self.targets())

    # What to show

    @property
    def heading(self) -> str:
        if self.running and self.progress.reference:
            image = self.progress.reference.partition("/")[2]
            return f"Pulling {image} through Nexus"
        if self.state == "done":
            proofs = self.session.proofs
            if not all(proof.verified for proof in proofs):
                return "Every byte came through Nexus and matched its digest"
            return "Both pulls are verified" if len(proofs) > 1 else "The pull is verified"
        return "Pull through Nexus and check every byte"

    @property
    def context(self) -> str:
        if self.running and self.progress.reference:
            return " · ".join(filter(None, (self.progress.reference, self.progress.platform)))
        user = self.session.credentials.username if self.session.credentials else "?"
        engine = self.engines.get(self.values["engine"])
        kept = f"{engine.name} keeps the images" if engine else "nothing is kept on this machine"
        return f"Signed in as {user}; {kept}."

    def notes(self) -> tuple[str, ...]:
        if self.running or self.checks or self.state == "done":
            return ()
        return tuple(target.reference for target in self.targets())

    def fields(self) -> tuple[Field, ...]:
        if self.running or self.state == "done":
            return ()
        fields = [Field("free_image", "Free image", self.values["free_image"])]
        if self._with_token:
            fields.append(Field("private_image", "Your image", self.values["private_image"]))
        if pull_restricted.is_asked(self.session):
            fields.append(pull_restricted.field(self.values["prove"]))
        fields.append(
            Field(
                "platform",
                "Platform",
                self.values["platform"],
                placeholder="this machine's",
                optional=True,
            )
        )
        if self.engines:
            choices = [Choice(BUILTIN, "this wizard")]
            choices += [Choice(name, f"{name} {e.version}") for name, e in self.engines.items()]
            engine = self.values["engine"]
            fields.append(Field("engine", "Pulled by", engine, "choice", tuple(choices)))
        return tuple(fields)

    @property
    def doubtful(self) -> str:
        unsure = {Code.MANIFEST_UNKNOWN, Code.NOT_ENTITLED}
        if self.problem is None or self._exists or self.problem.code not in unsure:
            return ""
        failed = {check.id for check in self.checks.values() if check.state == "problem"}
        return "private_image" if "private-pull" in failed else "free_image"

    def preview(self) -> tuple[str, ...]:
        if self.running or self.state == "done" or self.values["prove"] == "no":
            return ()
        return pull_restricted.preview(self.session)

    def action(self) -> Action:
        if self.state == "done":
            return CONTINUE
        if self.fix:
            return Action("fix", self.fix.label)
        if self.session.proofs and not self.problem:
            return Action("pull", "pull the other image")
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

    def targets(self) -> list[PullTarget]:
        """What will be pulled, by whole reference."""
        from cgwizard.guide.pull_image import targets

        private = self.values["private_image"].strip() if self._with_token else None
        return targets(self.session, self.values["free_image"].strip(), private)

    # Its part of the plan

    def fill(self, chosen: plan.Plan) -> None:
        part = chosen.pull
        if part is None:
            return
        self.set("free_image", part.free_image)
        self.set("platform", part.platform)
        self.set("engine", part.engine)
        self.set("prove", "yes" if part.prove_restricted else "no")
        if part.private_image:
            self.set("private_image", part.private_image)

    def refuse_unexpected(self, chosen: plan.Plan) -> None:
        """Raises WizardError ``engine-absent``."""
        name = chosen.pull.engine if chosen.pull else BUILTIN
        if self.values["engine"] != name:
            there = ", ".join([BUILTIN, *self.engines])
            raise WizardError(
                Code.ENGINE_ABSENT,
                tried=f"looking for the engine {name}, which is to pull",
                came_back=f"there are: {there}",
                cause="it is not installed or not running, or the answers are of another machine",
                next_step=f'start it, or set engine = "builtin" under [pull]; {name} is not needed',
            )

    def rehearse(self, chosen: plan.Plan) -> int:
        return 0

    def resume(self, earlier: EarlierRun, report: Report, cancel: Cancel) -> bool:
        """Whether what was pulled is still what Nexus has; else it is pulled again."""
        from cgwizard.guide.pull_image import still_there

        chosen, proofs = earlier.answers.pull, earlier.proofs
        if earlier.step != self.session.last.id or not proofs or chosen is None:
            return False
        targets, nexus = self.targets(), self.session.nexus
        if not all(still_there(nexus, proof, targets, report) for proof in proofs):
            return False
        self.session.proofs = list(proofs)
        self.decide(pull=chosen)
        return True

    def evidence(self) -> Evidence:
        found: Evidence = {"free_image": self.values["free_image"].strip() or plan.FREE_IMAGE}
        if image := self.values["private_image"].strip():
            found["private_image"] = image
        return found

    # What is done

    def enter(self, report: Report, cancel: Cancel) -> None:
        chosen = self.session.plan.pull
        if chosen and chosen.private_image and self.values["private_image"] in {"", self._proposed}:
            self.values["private_image"] = self._proposed = chosen.private_image
        if self.state != "done":
            self._find_engines()

    def _find_engines(self) -> None:
        from cgwizard.engines import find

        self.engines = {found.name: found.engine for found in find.find() if found.engine}
        if self.values["engine"] not in self.engines:
            self.values["engine"] = BUILTIN

    def act(self, report: Report, cancel: Cancel) -> None:
        if self.fix:
            self.fix.apply()
            self.fix = None
        targets = self.targets()
        unencrypted_notice.tell_connector(self.session, report)
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
        self.decide(
            pull=plan.Pull(
                self.values["free_image"].strip(),
                self.values["private_image"].strip() if self._with_token else "",
                self.values["platform"].strip(),
                engine=self.values["engine"],
                prove_restricted=self.values["prove"] == "yes",
            )
        )

    def _keep_proofs(self, targets: list[PullTarget]) -> set[str]:
        """What an earlier try proved stands; returns the ids of those targets."""
        from cgwizard.registry.reference import Reference

        proofs = {proof.reference: proof for proof in self.session.proofs if proof.verified}
        whole = {target.id: str(Reference.parse(target.reference)) for target in targets}
        kept = {id: proofs.get(reference) for id, reference in whole.items()}
        self.session.proofs = [proof for proof in kept.values() if proof is not None]
        proved = {id for id, proof in kept.items() if proof is not None}
        for check in list(self.checks):
            if check.partition("-")[0] not in proved:
                del self.checks[check]
        return proved

    def _event(self, event: PullEvent) -> None:
        self.progress.add(event)
        self.session.on_event(event)

    def _prove(self, target: PullTarget, report: Report, cancel: Cancel) -> Proof:
        from cgwizard.guide.pull_image import ImagePull

        engine = self.engines.get(self.values["engine"])
        image = ImagePull(self.session, target, self._platform, report, cancel)
        self.progress.start(str(image.reference))
        try:
            return image.prove(image.pull(self._event, engine), with_user=self._proves)
        except WizardError as error:
            self._exists = bool(error.missing)
            if label := FIXES.get(error.code):
                self.fix = Fix(label, lambda: self._forget(target.repository))
            raise

    @property
    def _proves(self) -> bool:
        return self.values["prove"] == "yes"

    @property
    def _platform(self) -> str | None:
        return self.values["platform"].strip() or None

    def _forget(self, repository: str) -> None:
        self._invalidate = repository
