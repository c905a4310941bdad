"""What the checks look at and what they find."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Self, TypeVar, cast

import msgspec

from cgwizard.errors import Problem, WizardError
from cgwizard.net.client import Trust
from cgwizard.plan import model as plan
from cgwizard.secrets.secret import Credentials

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.changes.journal import Journal
    from cgwizard.guide.session import Session
    from cgwizard.nexus.client import NexusClient
    from cgwizard.practice.world import PracticeInfo
    from cgwizard.registry.client import Registry
    from cgwizard.tokens.claims import PullToken

T = TypeVar("T")
Verdict = Literal["ok", "problem", "warning", "unknown", "skipped"]


class Started(msgspec.Struct, frozen=True):
    """A check has begun."""

    check: str
    label: str


class Finding(msgspec.Struct, frozen=True):
    """One thing that a check found out.

    ``slug`` is stable and, for problems and warnings, one of the documented ones; where
    nothing is wrong it is the check's id. ``label`` is a sentence for people. Holds no secret.
    """

    slug: str
    check: str
    label: str
    verdict: Verdict
    evidence: str = ""
    cause: str = ""
    next_step: str = ""


# A check writes its findings with these; the runner adds the check's id, and its label where
# there is none.


def ok(evidence: str = "", *, label: str = "") -> Finding:
    return Finding("", "", label, "ok", evidence)


def skipped(why: str, *, label: str = "") -> Finding:
    return Finding("", "", label, "skipped", why)


def unknown(evidence: str, *, label: str = "") -> Finding:
    return Finding("", "", label, "unknown", evidence)


def problem(slug: str, evidence: str, cause: str, next_step: str, *, label: str = "") -> Finding:
    return Finding(slug, "", label, "problem", evidence, cause, next_step)


def warning(
    slug: str, evidence: str, cause: str = "", next_step: str = "", *, label: str = ""
) -> Finding:
    return Finding(slug, "", label, "warning", evidence, cause, next_step)


def told(error: Problem, *, verdict: Verdict = "problem", label: str = "") -> Finding:
    """A failure as a finding: its evidence is what was tried and what came back."""
    evidence = f"{error.tried}: {error.came_back}"
    return Finding(error.code, "", label, verdict, evidence, error.cause, error.next_step)


class Target(msgspec.Struct, frozen=True):
    """An image, and the repository of Nexus through which it is to come."""

    id: Literal["free", "private"]
    image: str  # as it was typed: "chainguard/wolfi-base", perhaps with a tag
    repository: str  # in Nexus
    made: bool = True  # False: its step was not done, so that it need not be there

    @property
    def private(self) -> bool:
        return self.id == "private"


@dataclass(eq=False)
class Subject:
    """Everything that a check may look at, for one run; what is not known is None.

    ``upstream`` makes a client of Chainguard's registry for a pull token or for nobody;
    ``connector`` one of a connector (port, "http" or "https") as the user, ``anonymous`` the
    same as nobody. Usable from several threads; close it, or use ``with``.
    """

    nexus: NexusClient | None = None
    url: str = ""  # of Nexus, as the user typed it
    free: Target | None = None
    private: Target | None = None
    pull_token: PullToken | None = None
    token_problem: Problem | None = None  # why the pasted text is no pull token
    upstream: Callable[[Credentials | None], Registry] | None = None
    connector: Callable[[int, str], Registry] | None = None
    anonymous: Callable[[int, str], Registry] | None = None
    practice: PracticeInfo | None = None
    problem: Problem | None = None  # the guide's last one
    journal: Journal | None = None
    trust: Trust = field(default_factory=Trust)
    host: str = ""  # of the connectors
    _facts: dict[str, Future[object]] = field(default_factory=dict, repr=False)
    _registries: list[Registry] = field(default_factory=list, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def of(cls, session: Session) -> Subject:
        """What a walk through the guide knows by now, also in the middle of it."""
        token, token_problem = _token(session)
        return cls(
            nexus=session.client,
            url=session.plan.connect.url
            if session.plan.connect
            else session.steps.connect.values["url"].strip(),
            free=_free(session),
            private=_private(session),
            pull_token=token,
            token_problem=token_problem,
            upstream=session.upstream,
            connector=session.connector,
            anonymous=lambda port, scheme: _anonymous(session, port, scheme),
            practice=session.practice,
            problem=session.problem,
            journal=session.journal,
            trust=session.trust,
            host=session.host,
        )

    @property
    def targets(self) -> tuple[Target, ...]:
        return tuple(target for target in (self.free, self.private) if target)

    @property
    def repositories(self) -> tuple[Target, ...]:
        """One target for each repository: where both images share one, the private one, whose
        demands are the higher ones."""
        chosen = {target.repository: target for target in self.targets}
        return tuple(chosen.values())

    @property
    def client(self) -> NexusClient:
        """For checks that need "nexus"."""
        if self.nexus is None:
            raise RuntimeError("a check that needs Nexus ran without it")
        return self.nexus

    def fact(self, key: str, work: Callable[[], T]) -> T:
        """``work()``, done once for all checks of the run; a failure is remembered as well."""
        with self._lock:
            known = self._facts.get(key)
            if known is None:
                mine = self._facts[key] = Future()
        if known is not None:
            return cast(T, known.result())
        try:
            result = work()
        except BaseException as error:
            mine.set_exception(error)
            raise
        mine.set_result(result)
        return result

    def registry(self, key: str, make: Callable[[], Registry]) -> Registry:
        """One client a key, so that a sign-in that was refused is not made again."""

        def work() -> Registry:
            registry = make()
            with self._lock:
                self._registries.append(registry)
            return registry

        return self.fact(f"registry {key}", work)

    @contextlib.contextmanager
    def stopped_by(self, cancel: Cancel) -> Iterator[None]:
        """Meanwhile ``cancel`` ends every call of Nexus, in whatever thread."""
        client = self.nexus
        if client is None:
            yield
            return
        before, client.cancel = client.cancel, cancel
        try:
            yield
        finally:
            client.cancel = before

    def abort(self) -> None:
        """Cut what is under way in other threads."""
        with self._lock:
            registries = list(self._registries)
        for registry in registries:
            registry.abort()

    def close(self) -> None:
        with self._lock:
            registries, self._registries = self._registries, []
        for registry in registries:
            registry.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _free(session: Session) -> Target:
    developer = session.plan.developer
    name = developer.name if developer else session.steps.developer.values["name"].strip()
    image = session.steps.pull.values["free_image"].strip() or plan.FREE_IMAGE
    return Target("free", image, name, made=developer is not None)


def _private(session: Session) -> Target | None:
    step, chosen = session.steps.token, session.plan.token
    if step.state == "skipped" or (chosen is not None and chosen.mode == "skip"):
        return None
    image = (session.steps.pull.values["private_image"] or step.values["image"]).strip()
    if not image:
        return None
    if chosen is not None:
        return Target("private", image, chosen.name)
    developer = _free(session).repository
    name = developer if step.values["mode"] == "add" else step.values["name"].strip()
    return Target("private", image, name, made=False)


def _token(session: Session) -> tuple[PullToken | None, Problem | None]:
    """The pull token that was accepted, else the one that was pasted."""
    from cgwizard.tokens import paste

    if session.pull_token is not None:
        return session.pull_token, None
    step = session.steps.token
    pasted = step.secrets.get("token")
    if step.state == "skipped" or not pasted:
        return None, None
    try:
        return paste.parse(pasted.reveal()), None
    except WizardError as error:
        return None, error.problem


def _anonymous(session: Session, port: int, scheme: str) -> Registry:
    from cgwizard.registry.client import Registry

    address = session.address(port)
    return Registry(f"{scheme}://{address}", None, trust=session.trust, name=address)
