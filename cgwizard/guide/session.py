"""One walk through the guide: what was answered, what is known of Nexus, what was proved."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cgwizard.changes.journal import Journal
from cgwizard.errors import Code, Problem, WizardError
from cgwizard.events import OnEvent, ignore
from cgwizard.guide.secret_storage import Keeping
from cgwizard.net.trust import Trust
from cgwizard.plan import model as plan
from cgwizard.secrets.secret import Credentials

if TYPE_CHECKING:
    from datetime import datetime

    from cgwizard.cancel import Cancel
    from cgwizard.engines.container_model import Container
    from cgwizard.guide.protocols import NexusRun, PracticeServers
    from cgwizard.guide.shown import Evidence, Report
    from cgwizard.guide.step import SideStep, Step
    from cgwizard.nexus.client import NexusClient, Server
    from cgwizard.nexus.docker_proxy import DockerProxy
    from cgwizard.nexus.models import BlobStore, Repository
    from cgwizard.proof.result import Proof, Restriction
    from cgwizard.registry.client import Registry
    from cgwizard.registry.retry import RetryPolicy
    from cgwizard.tokens.claims import PullToken

UPSTREAM = "https://cgr.dev"


class Session:
    """What the steps share. It knows them only as steps; `guide.Guide` puts them in.

    ``practice`` says what to fill in where there are practice servers. ``trial`` makes the step
    that starts a trial Nexus; None where none is offered.
    """

    steps: tuple[Step, ...]

    def __init__(
        self,
        *,
        url: str = "",
        user: str = "",
        practice: PracticeServers | None = None,
        start_practice: Callable[[], None] | None = None,
        journal_folder: Path | None = None,
        trial: Callable[[Session], SideStep] | None = None,
        registry: plan.Registry | None = None,
    ) -> None:
        self.url, self.user = url, user
        self.practice = practice
        self._start_practice = start_practice
        self.trial = trial
        self.plan = plan.Plan(registry=registry or plan.Registry())
        self.trust = Trust()
        self.keeping = Keeping()
        self.journal = Journal(None if practice else journal_folder)
        self.run: NexusRun | None = None  # set where it is saved: not in practice
        self.on_event: OnEvent = ignore  # set by the front end that draws a pull's progress
        self.dry_run = False  # nothing is changed; what would be made is in `assumed`
        self.answers_file: Path | None = None  # where Finish saves the answers, if it was named
        self.assumed: dict[str, DockerProxy] = {}
        self.skip_to: Step | None = None  # where a resumed run goes on, once Connect is through
        self.cancel: Cancel | None = None  # what stops the work that is under way
        self.first_port: int | None = None  # where proposals begin; None: `ports.FIRST_PORT`
        self.unencrypted: set[str] = set()  # hosts of which it was said
        # Known after Connect
        self.client: NexusClient | None = None
        self.server: Server | None = None
        self.container: Container | None = None  # of this machine, with Nexus
        self.credentials: Credentials | None = None
        self.repositories: list[Repository] = []
        self.blob_stores: list[BlobStore] = []
        # The repositories, by connector, that are reached at Nexus's own address: a tunnel forwards
        # that one only.
        self.unforwarded: dict[int, str] = {}
        # Known after Add token auth
        self.pull_token: PullToken | None = None
        self.token_ends: datetime | None = None  # of a resumed run, without the token itself
        self.pull_user: Credentials | None = None  # who pulls the organization's images, if known
        # Known after Test pull
        self.proofs: list[Proof] = []
        self.restriction: Restriction | None = None  # of the organization's images, in this run
        self.steps = self.make_steps()

    def make_steps(self) -> tuple[Step, ...]:
        """They may look at everything but each other."""
        raise NotImplementedError

    def reset_after(self, step: Step) -> None:
        """Later steps rest on this one's answers: they are done again, with what was typed."""
        self.skip_to = None
        for later in self.steps[self.steps.index(step) + 1 :]:
            later.reset()

    def confirmed(self, report: Report) -> None:
        """A step is through: save how far the run is. A failure to save does not stop the guide."""
        from cgwizard.guide.shown import Check

        if self.run is None:
            return
        try:
            self.run.save()
        except WizardError as error:
            told = f"not saved: {error.problem.came_back}"
            report(Check("saved", "how far this run is", "warning", told, error.problem))

    def next_to(self, step: Step, direction: int) -> Step | None:
        """The step after (+1) or before (-1) ``step``; None at either end. A resumed run
        skips once what it has done already."""
        if direction == 1 and self.skip_to is not None:
            found, self.skip_to = self.skip_to, None
            return found
        index = self.steps.index(step) + direction
        return self.steps[index] if 0 <= index < len(self.steps) else None

    @property
    def first(self) -> Step:
        return self.steps[0]

    @property
    def last(self) -> Step:
        return self.steps[-1]

    @property
    def through(self) -> bool:
        """Whether every step is."""
        return all(step.through for step in self.steps)

    def evidence(self) -> Evidence:
        """What the steps know for the diagnosis; later ones know better."""
        found: Evidence = {}
        for step in self.steps:
            found.update(step.evidence())
        return found

    def refuse_looking(self, what: str) -> None:
        """Raise WizardError ``looking-only`` where only another run may change Nexus."""
        if self.run is not None and self.run.looking:
            raise WizardError(
                Code.LOOKING_ONLY,
                tried=what,
                came_back="nothing was sent",
            )

    def start_practice(self) -> str:
        """Wait until the practice servers answer; returns the practice Nexus's URL."""
        if self._start_practice:
            self._start_practice()
        return self.practice.nexus_url if self.practice else ""

    @contextlib.contextmanager
    def stopped_by(self, cancel: Cancel | None) -> Iterator[None]:
        """Meanwhile ``cancel`` ends every wait for Nexus, also one that is under way; None
        lets what is done be done."""
        before, self.cancel = self.cancel, cancel
        if self.client is not None:
            self.client.cancel = cancel
        try:
            yield
        finally:
            self.cancel = before
            if self.client is not None:  # of Connect, a new one
                self.client.cancel = before

    @property
    def nexus(self) -> NexusClient:
        """The signed-in client; steps after Connect may rely on it."""
        if self.client is None:
            raise RuntimeError("Connect has not been done")
        return self.client

    @property
    def routing(self) -> plan.Routing:
        """The connector that was chosen; steps after Choose a free port may rely on it."""
        if self.plan.routing is None:
            raise RuntimeError("Choose a free port has not been done")
        return self.plan.routing

    @property
    def developer(self) -> plan.Developer:
        """The repository for the free images; steps after Developer proxy may rely on it."""
        if self.plan.developer is None:
            raise RuntimeError("Developer proxy has not been done")
        return self.plan.developer

    @property
    def host(self) -> str:
        """Nexus's host name, in brackets where it is an IPv6 address."""
        host = urlsplit(self.plan.connect.url if self.plan.connect else self.url).hostname or ""
        return f"[{host}]" if ":" in host else host

    def refresh(self) -> None:
        """Ask Nexus again what there is, and what became of a change that was stopped on its
        way."""
        self.repositories = self.nexus.repositories()
        if self.journal.open:
            from cgwizard.changes.settle import settle

            settle(self.journal, self.nexus)

    def docker_proxy(self, name: str) -> DockerProxy | None:
        """The repository as Nexus has it; in a dry run, as it would be by now."""
        return self.assumed.get(name) or self.nexus.docker_proxy(name)

    def address(self, port: int) -> str:
        """``HOST:PORT`` of a connector, as it stands in image references."""
        return f"{self.host}:{port}"

    def connector(
        self,
        port: int,
        scheme: str = "http",
        *,
        credentials: Credentials | None = None,
        anonymous: bool = False,
        patience: RetryPolicy | None = None,
    ) -> Registry:
        """A connector of Nexus as a registry, signed in as the user unless told otherwise.

        Raises WizardError where the pinned certificate cannot be compared with its own.
        """
        from cgwizard.registry.client import Registry
        from cgwizard.registry.retry import RetryPolicy

        address, url = self.address(port), f"{scheme}://{self.address(port)}"
        if (repository := self.unforwarded.get(port)) is not None:
            url = address = f"{self.nexus.base_url}/repository/{repository}"
        try:
            return Registry(
                url,
                None if anonymous else credentials or self.credentials,
                trust=self.trust,
                name=address,
                patience=patience or RetryPolicy(),
            )
        except OSError as error:
            raise WizardError(
                Code.CONNECTOR_TLS_FAILED,
                tried=f"a TLS connection to {address}",
                came_back=error.strerror or str(error),
            ) from error

    def upstream(self, credentials: Credentials | None = None) -> Registry:
        """Chainguard's registry itself, or what the user named in its place; in practice the
        practice one stands for it."""
        from cgwizard.registry.client import Registry
        from cgwizard.registry.retry import RetryPolicy

        chosen = self.other_registry
        url = self.practice.registry_url if self.practice else chosen.url if chosen else UPSTREAM
        trust = Trust(chosen.ca_file) if chosen else Trust()
        name, patience = self.registry_name, RetryPolicy()
        return Registry(url, credentials, trust=trust, name=name, patience=patience)

    @property
    def other_registry(self) -> plan.Registry | None:
        """What is asked from here with other settings than those for cgr.dev."""
        same = self.practice or self.plan.registry == plan.Registry()
        return None if same else self.plan.registry

    @property
    def registry_name(self) -> str:
        """What the registry that is asked from here is called on the screen."""
        chosen = self.other_registry
        return urlsplit(chosen.url).netloc if chosen else "cgr.dev"

    @property
    def failed(self) -> Step | None:
        """The step with the failure that is on the screen."""
        return next((step for step in self.steps if step.problem), None)

    @property
    def problem(self) -> Problem | None:
        return self.failed.problem if self.failed else None

    def farewell(self) -> str:
        """What is to be read at the end, where another run ended this one."""
        taken_by = self.run.taken_by() if self.run is not None else ""
        if not taken_by:
            return ""
        return f"cgwizard: {taken_by} took this run over and goes on with it."

    def close(self) -> None:
        if self.client is not None:
            self.client.close()
