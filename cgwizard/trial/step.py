"""A trial Nexus as a step beside the guide: Connect opens it and uses its result."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, ClassVar

from cgwizard.engines.container_model import NEXUS_PORT
from cgwizard.engines.published_ports import engines
from cgwizard.errors import Code, WizardError
from cgwizard.events import PullEvent
from cgwizard.guide.progress import Progress
from cgwizard.guide.shown import CONTINUE, Action, Check, Choice, Field, Fix, Report
from cgwizard.guide.step import SideStep
from cgwizard.trial import model, prompts, removal, running
from cgwizard.trial.model import TrialNexus, TrialSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cgwizard.cancel import Cancel
    from cgwizard.engines.container_model import Container
    from cgwizard.engines.model import Engine
    from cgwizard.guide.session import Session

KEEP = Action("keep", "keep it", "enter")
WITH_DATA = Action("remove-data", "with its data", "")


class Trial(SideStep):
    """``result`` is set when a Nexus is up, and None again when it was stopped or removed.

    `do` only asks before it stops or removes one: it sets ``fix``, and `act` then does it.
    ``env``: the environment that names sockets, None for that of the process.
    """

    id = "trial"
    title = "Trial Nexus"
    doubts: ClassVar[dict[Code, str]] = {
        Code.TRIAL_NAME_TAKEN: "name",
        Code.TRIAL_PORT_TAKEN: "port",
        Code.TRIAL_NOT_PUBLISHED: "name",
        Code.MANIFEST_UNKNOWN: "image",
        Code.REGISTRY_DNS: "image",
    }

    def __init__(self, session: Session, env: Mapping[str, str] | None = None) -> None:
        super().__init__(session)
        self.values = {
            "engine": "",
            "image": model.IMAGE,
            "name": model.NAME,
            "port": str(NEXUS_PORT),
            "connectors": ", ".join(map(str, model.CONNECTORS)),
        }
        self.host_network = False
        self.progress = Progress()
        self.pulling = False
        self.result: TrialNexus | None = None
        self._env = env
        self._engines: dict[str, Engine] = {}
        self._there: dict[tuple[str, str], Container] = {}  # Nexuses by engine and name
        self._volumes: dict[str, str] = {}  # of containers that were removed, by name
        self._asked = ""  # what the user is asked to confirm: "stop", "remove", "remove-data"
        self._order = ""  # the same, when confirmed

    # What to show

    @property
    def heading(self) -> str:
        if self.pulling:
            return f"Pulling {self.values['image'].strip()}"
        if self.result:
            return "Nexus is up"
        return "Start a Nexus on this machine, to try it"

    @property
    def context(self) -> str:
        if self.result:
            return f"{self.result.url}, user {self.result.username}"
        if self.found:
            return f"{self.found.name}: {self.found.status}, {self.found.image}"
        return "It takes about 4 GB of memory and, the first time, a few minutes."

    @property
    def found(self) -> Container | None:
        """The Nexus with this name that exists already."""
        return self._there.get((self.values["engine"], self.values["name"].strip()))

    def fields(self) -> tuple[Field, ...]:
        if self.result or self.pulling:
            return ()
        values = self.values
        fields = []
        if len(self._engines) > 1:
            choices = tuple(Choice(name, _titled(e)) for name, e in self._engines.items())
            fields.append(Field("engine", "Engine", values["engine"], "choice", choices))
        if not self.found:
            fields.append(Field("image", "Image", values["image"]))
        fields.append(Field("name", "Container", values["name"]))
        if not self.found or self.found.host_network:
            fields.append(Field("port", "Nexus port", values["port"]))
        if not self.found:
            fields.append(Field("connectors", "Connectors", values["connectors"]))
        return tuple(fields)

    def preview(self) -> tuple[str, ...]:
        program = self.values["engine"]
        if self.found and self._asked:
            return removal.commands(self._asked, self.found)
        if self.result or program not in self._engines:
            return ()
        if self.found:
            return () if self.found.running else (f"{program} start {self.found.name}",)
        if self.field_problems():
            return ()
        image = prompts.image_for(program, self.values["image"])
        return prompts.folded(self.spec.run_line(program, image))

    def notes(self) -> tuple[str, ...]:
        if self.result or self.fix or not set(self.checks) <= {"engines", "there"}:
            return ()
        if self.found:
            return ("Its data is in it already: sign in with the password that is valid there.",)
        return (
            "The connector ports are published now: none can be added to a container later.",
            "Nexus keeps its data in a volume: it outlives the container.",
        )

    def action(self) -> Action:
        if self.fix:
            return Action("fix", self.fix.label)
        if self.result:
            return CONTINUE
        if self.found:
            return Action("use", "use it" if self.found.running else "start it")
        return Action("start", "try again" if self.problem else "start")

    def others(self) -> tuple[Action, ...]:
        if self.fix:
            more = self.found and self.found.named_volume and self._asked == "remove"
            return (KEEP, *((WITH_DATA,) if more else ()))
        if self.found is None:
            return ()
        if self.found.running:
            return (Action("stop", "stop it", "f8"), Action("remove", "remove it", ""))
        return (Action("remove", "remove it", "f8"),)

    @property
    def moves_on(self) -> bool:
        return self.result is not None and all(c.state == "done" for c in self.checks.values())

    @property
    def spec(self) -> TrialSpec:
        """The fields, which must have no problem."""
        volume = self._volumes.get(self.values["name"].strip(), "")
        return prompts.spec(self.values, volume=volume, host_network=self.host_network)

    def field_problems(self) -> dict[str, str]:
        shown = {field.id for field in self.fields()}
        found = prompts.problems(self.values)
        return {field: told for field, told in found.items() if field in shown}

    # What the user did

    def set(self, field: str, text: str) -> bool:
        # Unlike in the guide, no later step depends on these answers.
        if self.values.get(field) == text:
            return False
        self.values[field] = text
        self.reset()
        return True

    def reset(self) -> None:
        super().reset()
        self._asked = self._order = ""
        self.result = None

    # What is done

    def enter(self, report: Report, cancel: Cancel) -> None:
        if self.result:
            return
        report(Check("engines", "look for Docker and Podman", "running"))
        found: dict[str, Engine] = {}
        for engine in engines(self._env):
            found.setdefault(engine.name, engine)
        self._engines = found  # at once, because the form is drawn meanwhile
        if not self._engines:
            raise _no_engine(self._env)
        cancel.check()
        if self.values["engine"] not in self._engines:
            self.values["engine"] = next(iter(self._engines))
        told = ", ".join(_titled(engine) for engine in self._engines.values())
        report(Check("engines", "who can run it", "done", told))
        self._look(report, cancel)

    def _look(self, report: Report, cancel: Cancel) -> None:
        self._there = {}
        self._there = self._nexuses(cancel)
        if not self._there:
            return
        told = ", ".join(f"{c.name} ({c.status})" for c in self._there.values())
        report(Check("there", "a Nexus is here already", "done", told))
        if self.values["name"] == model.NAME and self.found is None:
            engine_name, container_name = next(iter(self._there))
            self.values |= {"engine": engine_name, "name": container_name}

    def _nexuses(self, cancel: Cancel) -> dict[tuple[str, str], Container]:
        from cgwizard.engines.containers import Containers

        there: dict[tuple[str, str], Container] = {}
        for name, engine in self._engines.items():
            with Containers(engine) as containers:
                there |= {(name, found.name): found for found in containers.nexuses()}
            cancel.check()
        return there

    def act(self, report: Report, cancel: Cancel) -> None:
        try:
            self._act(report, cancel)
        except WizardError as error:
            if error.code != Code.ENGINE_GONE:  # the containers may have changed
                with contextlib.suppress(WizardError):
                    self._there = self._nexuses(cancel)
            raise

    def _act(self, report: Report, cancel: Cancel) -> None:
        if self.fix:
            self.fix.apply()
            self.fix = None
        order, self._asked, self._order = self._order, "", ""
        self.checks.clear()
        engine = self._engines.get(self.values["engine"])
        if engine is None:
            raise _no_engine(self._env)
        if order:
            self._end(engine, order, report, cancel)
            return
        if self.found:
            name, port = self.found.name, int(self.values["port"])
            self.result = running.use(engine, name, report, cancel, port=port)
        else:
            self.progress.start(self.values["image"].strip())
            try:
                self.result = running.start(engine, self.spec, report, cancel, on_event=self._event)
            finally:
                self.pulling = False
        self._there[engine.name, self.result.container.name] = self.result.container
        self.state = "done"

    def _event(self, event: PullEvent) -> None:
        self.pulling = True
        self.progress.add(event)
        self.session.on_event(event)
        if self.progress.finished:
            self.pulling = False

    def do(self, action: str, report: Report, cancel: Cancel) -> None:
        """Ask about `stop`, `remove` and `remove-data`; the main action then does it."""
        self.fix, self._asked = None, ""
        if action == KEEP.id or self.found is None:
            return

        def confirm() -> None:
            self._order = action

        label, explanation = removal.explained(action, self.found)
        self.fix, self._asked = Fix(label, confirm, explanation, "f8"), action

    def _end(self, engine: Engine, order: str, report: Report, cancel: Cancel) -> None:
        name, container = self.values["name"].strip(), self.found
        self.result, self.state = None, "todo"
        removal.run(order, engine, name, report, cancel)
        if order != "stop" and container:  # a new one of this name uses what is kept
            self._volumes[name] = "" if order == "remove-data" else container.volume
            self.values["image"] = container.image
        self._look(report, cancel)


def _titled(engine: Engine) -> str:
    return f"{engine.name.capitalize()} {engine.version}"


def _no_engine(env: Mapping[str, str] | None) -> WizardError:
    from cgwizard.engines import find

    tried = "looking for Docker or Podman on this machine"
    error = next((answer.error for answer in find.find(env) if answer.error), None)
    if error is not None:
        return error.but(tried=tried, next_step=error.problem.next_step.partition("; or pull")[0])
    return WizardError(
        Code.ENGINE_ABSENT,
        tried=tried,
        came_back="none answers",
        cause="neither is installed, or none runs",
        next_step="start one of them",
    )
