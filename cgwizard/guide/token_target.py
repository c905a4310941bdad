"""The repository that the pull token goes into: what is there, what is wanted, what is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from cgwizard.changes import change as changes
from cgwizard.errors import Cancelled, Code, WizardError
from cgwizard.guide import docker_proxy
from cgwizard.guide.shown import Check, Report
from cgwizard.plan import model as plan

if TYPE_CHECKING:
    from cgwizard.guide.session import Session
    from cgwizard.nexus.docker_proxy import DockerProxy
    from cgwizard.tokens.claims import PullToken


class TokenTarget(msgspec.Struct, frozen=True):
    """Where the token goes by the answers: a separate repository, or that of the free images."""

    name: str
    separate: bool
    port: int | None = None  # of a separate repository; None where no port was typed
    open: bool = False  # a separate repository needs no sign-in


class TokenRepository:
    """What Nexus has at the places that a token could go into."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.again = False  # the user wants the token sent although Nexus has it
        self._looked: dict[str, DockerProxy | None] = {}  # what is there, by name

    def existing(self, target: TokenTarget) -> DockerProxy | None:
        return self._looked.get(target.name)

    def has(self, target: TokenTarget, token: PullToken) -> bool:
        """Whether the repository is as wanted and holds a token of this user name. Nexus does
        not tell its password; a pull token's user name belongs to one token, so it is this one."""
        existing = self.existing(target)
        if self.again or existing is None:
            return False
        stored = existing.http_client.authentication
        same = stored is not None and stored.username == token.credentials.username
        return same and not existing.differences(self.wanted(target, token))

    def look_up(self, target: TokenTarget) -> None:
        """Ask for both repositories that it could go into: the choice may still change."""
        developer = self.session.developer
        self.session.refresh()
        self._looked = {developer.name: self.session.docker_proxy(developer.name)}
        if target.separate:
            name = target.name
            self._looked[name] = docker_proxy.existing_proxy(self.session, name)

    def wanted(self, target: TokenTarget, token: PullToken) -> DockerProxy:
        from cgwizard.nexus.docker_proxy import DockerProxy

        developer, chosen = self.session.developer, self.session.routing
        port = target.port or chosen.port
        https = chosen.scheme == "https"
        if (existing := self.existing(target)) is not None:
            wanted = existing.adjusted(
                remote_url=plan.REMOTE_URL,
                port=port,
                https=https,
                credentials=token.credentials,
            )
            return wanted.with_sign_in(not target.open) if target.separate else wanted
        return DockerProxy.new(
            target.name,
            port,
            blob_store=developer.blob_store,
            https=https,
            force_basic_auth=not target.open,
            credentials=token.credentials,
        )

    def change(self, target: TokenTarget, token: PullToken) -> changes.ProxyChange:
        """Nexus does not tell the stored password, so an existing repository is always sent
        the token again."""
        wanted = self.wanted(target, token)
        existing = self.existing(target)
        if existing is None:
            return changes.CreateProxy(wanted)
        return changes.UpdateProxy(self._with_known_token(existing, token), wanted)

    def _with_known_token(self, existing: DockerProxy, checked: PullToken) -> DockerProxy:
        """With its password where this run knows it, so that the change can be undone."""
        stored = existing.http_client.authentication
        for token in (self.session.pull_token, checked):
            if token is not None and stored and stored.username == token.credentials.username:
                return existing.with_credentials(token.credentials)
        return existing

    def refuse_unseen(self, target: TokenTarget, shown: DockerProxy | None) -> None:
        """What would change is shown before anything is sent: not for what came meanwhile.
        What an earlier try of this run left is its own."""
        found, name = self.existing(target), target.name
        if found is None and not target.separate:
            raise WizardError(
                Code.REPOSITORY_NOT_FOUND,
                tried=f"looking for {name}, which is to get the token",
                came_back="Nexus does not know it any more",
            )
        if found is None or self.session.journal.tried(name):
            return
        if shown is not None and not shown.differences(found):
            return
        raise WizardError(
            Code.REPOSITORY_EXISTS,
            tried=f"looking whether the name {name} is free",
            came_back="there is a docker (proxy) of this name that was not there before",
            cause="someone made or changed it meanwhile",
            next_step="Enter changes it as shown now, or choose another name",
        )

    def forget_failures(self, name: str, report: Report) -> None:
        """What Nexus could not find without the token, it remembers as unknown for a day."""
        label = "remembered failures are forgotten"
        report(Check("forget", label, "running"))
        try:
            self.session.nexus.invalidate_cache(name)
        except Cancelled:  # the token is in place, and that stays
            report(Check("forget", label, "warning", "stopped"))
        except WizardError as error:  # the token is in place: the pull shows whether it matters
            report(Check("forget", label, "warning", error.problem.came_back, error.problem))
        else:
            report(Check("forget", label, "done"))

    def is_own(self, target: TokenTarget) -> bool:
        """Whether the repository has this port already."""
        existing = self.existing(target)
        docker = existing.docker if existing is not None else None
        return docker is not None and target.port in {docker.http_port, docker.https_port}
