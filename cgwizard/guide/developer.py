"""Step 3, Developer proxy: the repository that caches the free images."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from cgwizard import changes, plan
from cgwizard.errors import WizardError
from cgwizard.guide import proxy
from cgwizard.guide.step import CONTINUE, Action, Check, Choice, Field, Report, Step

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.guide.session import Session
    from cgwizard.nexus.models import DockerProxy

EXISTING = (Choice("use", "use it as it is"), Choice("change", "change it as shown"))


class Developer(Step):
    id = "developer"
    title = "Developer proxy"
    doubts: ClassVar[dict[str, str]] = {"repository-name-taken": "name"}
    defaults: ClassVar[dict[str, str]] = {
        "name": plan.Developer().name,
        "remote": plan.REMOTE_URL,
        "blob_store": plan.Developer().blob_store,
        "existing": "use",
    }

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._existing: DockerProxy | None = None
        self._looked_at: str | None = None  # the name that `_existing` was looked up for

    @property
    def heading(self) -> str:
        return "Create the repository for the free images"

    @property
    def context(self) -> str:
        routing = self.session.plan.routing
        port = routing.port if routing else "?"
        return f"docker (proxy), formerly Developer Images · port {port} · {plan.REMOTE_URL}"

    def fields(self) -> tuple[Field, ...]:
        values = self.values
        stores = tuple(Choice(s.name, s.name) for s in self.session.blob_stores)
        fields = [
            Field("name", "Name", values["name"]),
            Field("remote", "Remote storage", values["remote"]),
        ]
        if self._existing is not None and self.differences():
            label = f"{self._existing.name} exists"
            fields.append(Field("existing", label, values["existing"], "choice", EXISTING))
        elif self._existing is None and len(stores) > 1:
            fields.append(Field("blob_store", "Blob store", values["blob_store"], "choice", stores))
        return tuple(fields)

    def field_problems(self) -> dict[str, str]:
        problems = {
            "name": proxy.name_problem(self.values["name"].strip()),
            "remote": proxy.remote_problem(self.values["remote"]),
        }
        return {field: problem for field, problem in problems.items() if problem}

    def wanted(self) -> DockerProxy:
        """The repository as the answers describe it; of an existing one, the rest is kept."""
        from cgwizard.nexus.models import DockerProxy

        routing = self.session.routing
        name = self.values["name"].strip()
        https = routing.scheme == "https"
        if self._existing is not None and self._looked_at == name:
            return self._existing.adjusted(
                remote_url=plan.REMOTE_URL, port=routing.port, https=https
            )
        return DockerProxy.new(
            name, routing.port, blob_store=self.values["blob_store"], https=https
        )

    def differences(self) -> list[tuple[str, str, str]]:
        """How the existing repository differs: member, what it is, what was chosen."""
        if self._existing is None or self.session.plan.routing is None:
            return []
        return self._existing.differences(self.wanted())

    def change(self) -> changes.Change | None:
        change = changes.change_for(self.wanted(), self._existing)
        if isinstance(change, changes.UpdateProxy) and self.values["existing"] == "use":
            return None
        return change

    def preview(self) -> tuple[str, ...]:
        if self.state == "done" or self.field_problems() or self.session.plan.routing is None:
            return ()
        lines = [f"{m}: is {is_}, chosen {wanted}" for m, is_, wanted in self.differences()]
        change = self.change()
        if change is not None:
            nexus = self.session.nexus
            lines += (
                ["", *change.preview(nexus.base_url, nexus.version)]
                if lines
                else list(change.preview(nexus.base_url, nexus.version))
            )
        return tuple(lines)

    def notes(self) -> tuple[str, ...]:
        if self._existing is not None and not self.differences():
            return (f"{self._existing.name} is there already, just as chosen: nothing to change.",)
        return ()

    def action(self) -> Action:
        if self.state == "done":
            return CONTINUE
        change = self.change() if self.session.plan.routing else None
        if change is None:
            return Action("use", f"use {self.values['name']}")
        verb = "create" if isinstance(change, changes.CreateProxy) else "change"
        return Action(verb, f"{verb} {self.values['name']}")

    def enter(self, report: Report, cancel: Cancel) -> None:
        if self.state == "done":
            return
        self.session.refresh()
        self.session.blob_stores = self.session.nexus.blob_stores()
        names = [store.name for store in self.session.blob_stores]
        if names and self.values["blob_store"] not in names:
            self.values["blob_store"] = names[0]
        self._look_up()

    def _look_up(self) -> None:
        name = self.values["name"].strip()
        self._existing, self._looked_at = None, None
        self._existing = proxy.existing_proxy(self.session, name)
        self._looked_at = name

    def act(self, report: Report, cancel: Cancel) -> None:
        name = self.values["name"].strip()
        report(Check("apply", f"look for {name}", "running"))
        if self._looked_at != name:
            self._look_up()
            if self._existing is not None and self.differences():
                # It is someone's: what would change is shown before anything is sent.
                raise WizardError(
                    "repository-exists",
                    tried=f"looking whether the name {name} is free",
                    came_back=f"there is a docker (proxy) {name} that differs from what you chose",
                    cause="someone made it before",
                    next_step="use it as it is, change it as shown, or choose another name",
                )
        change = self.change()
        if change is None:
            self._use(self._existing, report, cancel)
        else:
            self._refuse_lost_credentials(change)
            proxy.apply(self.session, change, report, cancel)
        self._looked_at = None
        self.session.plan = msgspec.structs.replace(
            self.session.plan,
            developer=plan.Developer(
                name,
                blob_store=self.values["blob_store"],
                existing="none"
                if self._existing is None
                else ("use" if change is None else "change"),
            ),
        )
        self.state = "done"

    def _use(self, existing: DockerProxy | None, report: Report, cancel: Cancel) -> None:
        if existing is None:  # no change and nothing there: `change_for` never says so
            raise RuntimeError("there is nothing to use")
        name = existing.name
        report(Check("apply", f"use {name} as it is", "done"))
        if existing.proxy.remote_url != plan.REMOTE_URL:
            report(Check("remote", "its remote storage", "running"))
            raise WizardError(
                "remote-url-path",
                tried=f"reading the remote storage of {name}",
                came_back=existing.proxy.remote_url,
                cause=f"only {plan.REMOTE_URL} finds Chainguard's images",
                next_step="choose to change it, or another name",
            )
        port = existing.docker.http_port or existing.docker.https_port
        if port is None:
            report(Check("connector", "its connector", "running"))
            raise WizardError(
                "repository-without-connector",
                tried=f"reading the connector of {name}",
                came_back="it has no port of its own",
                cause="it is reached by path or through another repository",
                next_step="choose to change it, or another name",
            )
        scheme: plan.Scheme = "http" if existing.docker.http_port else "https"
        self.session.plan = msgspec.structs.replace(
            self.session.plan, routing=plan.Routing(port, scheme)
        )
        proxy.wait_for_connector(self.session, port, scheme, report, cancel)

    def _refuse_lost_credentials(self, change: changes.Change) -> None:
        """Nexus never tells a stored password and a PUT replaces everything."""
        if isinstance(change, changes.UpdateProxy) and change.before.has_credentials:
            raise WizardError(
                "credentials-would-be-lost",
                tried=f"preparing the change of {change.repository}",
                came_back="it holds upstream credentials, which Nexus does not tell",
                cause="every change replaces the whole repository, its stored password included",
                next_step="use it as it is, choose another name, or edit it in Nexus's own pages",
            )
