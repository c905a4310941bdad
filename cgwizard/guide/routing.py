"""Step 2, Choose a free port: which connector clients will reach the repository by."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from cgwizard.cancel import Cancel
from cgwizard.errors import Code, WizardError
from cgwizard.guide.shown import CONTINUE, Action, Check, Choice, Field, Report, report_odd
from cgwizard.guide.step import Step
from cgwizard.plan import model as plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgwizard.guide.session import Session
    from cgwizard.nexus.models import Repository
    from cgwizard.nexus.ports import Connector

PROBE_SECONDS = 2.0
LOCAL = {"127.0.0.1", "localhost", "[::1]"}

SCHEMES = (Choice("http", "HTTP"), Choice("https", "HTTPS, with a keystore in Nexus"))


class RoutingStep(Step):
    id = "routing"
    title = "Choose a free port"
    doubts: ClassVar[dict[Code, str]] = {
        Code.CONNECTOR_PORT_TAKEN: "port",
        Code.CONNECTOR_PORT_OF_OTHER_REPOSITORY: "port",
        Code.CONNECTOR_NOT_PUBLISHED: "port",
    }
    found_later: ClassVar[frozenset[str]] = frozenset({"port"})

    def __init__(self, session: Session, repository: Callable[[], str] = lambda: "") -> None:
        """``repository``: the name of the one for the free images, as it is typed now."""
        super().__init__(session)
        self._repository = repository
        self.values = {"port": "", "scheme": "http"}
        self._connectors: list[Connector] = []
        self._own: Repository | None = None  # a proxy of cgr.dev that is there already
        self._proposed = ""

    @property
    def heading(self) -> str:
        return "Choose the port on which clients will reach the images"

    @property
    def context(self) -> str:
        port = self.values["port"] or "PORT"
        return f"docker pull {self.session.host}:{port}/{plan.FREE_IMAGE}"

    def fields(self) -> tuple[Field, ...]:
        return (
            Field("port", "Port", self.values["port"], placeholder="5051"),
            Field("scheme", "Connector", self.values["scheme"], "choice", SCHEMES),
        )

    def notes(self) -> tuple[str, ...]:
        from cgwizard.nexus.ports import ADVISED_CONNECTORS

        port = self.values["port"] or "PORT"
        lines = []
        if self._connectors:
            lines += [f"{c.port:>5}  {c.scheme:<5}  {c.repository}" for c in self._connectors]
        taken = len(self._connectors)
        lines.append(
            f"{taken} of the {ADVISED_CONNECTORS} connectors that Sonatype advises at most "
            f"{'is' if taken == 1 else 'are'} taken."
        )
        container = self.session.container
        if container is None:
            lines.append(f"Is Nexus a container? Then publish the port as well: -p {port}:{port}")
        elif not container.host_network:
            published = ", ".join(map(str, container.connectors)) or "none"
            lines.append(f"Nexus runs in the container {container.name}; published: {published}")
        return tuple(lines)

    def action(self) -> Action:
        if self.state == "done":
            return CONTINUE
        return Action("choose", f"use port {self.values['port']}".rstrip())

    @property
    def moves_on(self) -> bool:
        return self.state == "done" and all(c.state == "done" for c in self.checks.values())

    @property
    def port(self) -> int:
        """Raises WizardError where what was typed is none."""
        from cgwizard.nexus.ports import validate_port

        return validate_port(self.values["port"])

    def fill(self, chosen: plan.Plan) -> None:
        if part := chosen.routing:
            self.set("port", str(part.port))
            self.set("scheme", part.scheme)

    def field_problems(self) -> dict[str, str]:
        try:
            _ = self.port
        except WizardError as error:
            return {"port": f"{error.problem.came_back}: {error.problem.next_step}"}
        return {}

    def enter(self, report: Report, cancel: Cancel) -> None:
        from cgwizard.nexus.ports import connectors

        if self.state == "done":
            return
        report(Check("connectors", "look at the connectors in use", "running"))
        self.session.refresh()
        cancel.check()
        self._find_container()
        self._connectors = connectors(self.session.repositories)
        self._own = self._find_own()
        if self.values["port"] in {"", self._proposed}:
            if self._own and self._own.docker and self._own.docker.http_port:
                proposal = self._own.docker.http_port
            elif self._own and self._own.docker and self._own.docker.https_port:
                proposal = self._own.docker.https_port
                self.values["scheme"] = "https"
            else:
                proposal = propose_port(self.session)
            self.values["port"] = self._proposed = str(proposal)
        self._report_connectors(report)
        if not self.field_problems():
            port = self.port
            try:
                self._look(port, report)
            except WizardError as error:  # told in full when the port is chosen
                report(Check("port", f"port {port}", "warning", error.problem.came_back))

    def _find_container(self) -> None:
        from cgwizard.engines.published_ports import behind

        if not self.session.practice:
            self.session.container = behind(self.session.nexus.base_url)

    def _refuse_unpublished(self, port: int) -> None:
        from cgwizard.engines.published_ports import unpublished

        container = self.session.container
        problem = unpublished(container, port) if container else None
        if problem is not None:
            raise WizardError.of(problem)

    def _find_own(self) -> Repository | None:
        """A repository that an earlier run, or someone else, made for cgr.dev already."""
        proxies = [
            repository
            for repository in self.session.repositories
            if repository.format == "docker"
            and (repository.remote_url or "").rstrip("/") == plan.REMOTE_URL.rstrip("/")
            and repository.docker
            and (repository.docker.http_port or repository.docker.https_port)
        ]
        name = self._repository()
        named = [r for r in proxies if r.name == name]
        return next(iter(named), None)

    def _report_connectors(self, report: Report) -> None:
        taken = len(self._connectors)
        detail = f"{taken} in use" if taken else "none in use"
        report(Check("connectors", "connectors of this Nexus", "done", detail))
        remarks = self.session.nexus.remarks.get("repositories", ())
        report_odd(remarks, "an odd entry of Nexus's list", report)

    def _look(self, port: int, report: Report) -> None:
        """Report what is known of ``port``; raises WizardError when it cannot be used."""
        label = f"port {port}"
        report(Check("port", label, "running"))
        own = self._own
        if own and own.docker and port in {own.docker.http_port, own.docker.https_port}:
            report(Check("port", label, "done", f"is the port of {own.name} already"))
            return
        tell_cautions(self.session, port, report)
        listening = refuse_taken(self.session, port)
        self._refuse_unpublished(port)
        if listening is None:
            detail = "no answer from here: free or behind a firewall, it cannot be known"
            report(Check("port", label, "warning", detail))
        elif self.session.host in LOCAL:
            report(Check("port", label, "done", "free: nothing listens there"))
        else:
            report(Check("port", label, "done", "free as far as can be seen from here"))

    def act(self, report: Report, cancel: Cancel) -> None:
        from cgwizard.nexus.ports import connectors

        port = self.port
        report(Check("port", f"port {port}", "running"))
        self.session.refresh()  # another administrator works there as well
        self._connectors = connectors(self.session.repositories)
        self._own = self._find_own()
        cancel.check()
        self._look(port, report)
        scheme: plan.Scheme = "https" if self.values["scheme"] == "https" else "http"
        if scheme == "https":
            detail = "Nexus opens it only with a keystore of its own; else choose HTTP"
            report(Check("scheme", "an HTTPS connector", "warning", detail))
        self.decide(routing=plan.Routing(port, scheme))


def nexus_port(session: Session) -> int:
    """The port of Nexus itself, which no connector can have."""
    parts = urlsplit(session.nexus.base_url)
    return parts.port or (443 if parts.scheme == "https" else 80)


def listening(session: Session, port: int) -> bool | None:
    """Whether something accepts connections there, as seen from here; None: cannot be known."""
    container = session.container
    if container and not container.host_network and port in container.connectors:
        return False  # the engine itself answers on a published port, with nothing behind it
    host = session.host.strip("[]")

    def knock() -> None:
        socket.create_connection((host, port), timeout=PROBE_SECONDS).close()

    try:
        (session.cancel or Cancel()).run(knock)
    except ConnectionRefusedError:
        return False
    except OSError:
        return None
    return True


def propose_port(session: Session, *, besides: int | None = None) -> int:
    """A port that no connector has and nothing seen from here listens on; another than
    ``besides``, which is chosen already and may not be open yet."""
    from cgwizard.nexus.ports import FIRST_PORT, connectors, propose

    taken = connectors(session.repositories)
    if session.container is not None:  # its ports are the only ones that reach Nexus
        used = {connector.port for connector in taken} | {besides}
        published = [port for port in session.container.connectors if port not in used]
        if published:
            return published[0]
    return propose(
        taken,
        own_port=nexus_port(session),
        listening=lambda port: port == besides or listening(session, port),
        start=session.first_port or FIRST_PORT,
    )


def tell_cautions(session: Session, port: int, report: Report) -> None:
    """What may come of ``port``; nothing of it is a reason to refuse."""
    from cgwizard.nexus.ports import cautions, connectors, unread

    repositories = session.repositories
    for problem in (*unread(repositories), *cautions(port, connectors(repositories))):
        report(Check(problem.code, problem.tried, "warning", problem.came_back, problem))


def refuse_taken(session: Session, port: int) -> bool | None:
    """Raise WizardError when ``port`` belongs to Nexus or to another program; otherwise say
    what `listening` says."""
    from cgwizard.nexus.ports import connectors

    taken = connectors(session.repositories)
    holder = next((c.repository for c in taken if c.port == port), None)
    if holder or port == nexus_port(session):
        raise WizardError(
            Code.CONNECTOR_PORT_OF_OTHER_REPOSITORY,
            tried=f"looking whether port {port} is free",
            came_back=f"it is the connector of {holder}" if holder else "Nexus itself uses it",
            next_step=_other_port(session),
        )
    seen = listening(session, port)
    if seen:
        raise WizardError(
            Code.CONNECTOR_PORT_TAKEN,
            tried=f"connecting to {session.address(port)}",
            came_back="something answers there that is no connector of this Nexus",
            next_step=_other_port(session),
        )
    return seen


def _other_port(session: Session) -> str:
    try:
        return f"choose another port, for example {propose_port(session)}"
    except WizardError:  # that none was found is not what to tell here
        return "choose another port"
