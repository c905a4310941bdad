"""Step 3, Developer proxy: the repository that caches the free images."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import msgspec

from cgwizard.changes import change as changes
from cgwizard.errors import Code, WizardError
from cgwizard.guide import docker_proxy, existing
from cgwizard.guide.shown import (
    CONTINUE,
    Action,
    Check,
    Choice,
    Evidence,
    Field,
    Report,
    report_odd,
)
from cgwizard.guide.step import Step
from cgwizard.plan import model as plan

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.guide.session import Session
    from cgwizard.nexus.docker_proxy import DockerProxy
    from cgwizard.nexus.models import BlobStore


class DeveloperStep(Step):
    id = "developer"
    title = "Developer proxy"
    doubts: ClassVar[dict[Code, str]] = {Code.REPOSITORY_NAME_TAKEN: "name"}
    defaults: ClassVar[dict[str, str]] = {
        "name": plan.Developer().name,
        "remote": plan.REMOTE_URL,
        "blob_store": plan.Developer().blob_store,
        "existing": "",  # until it is chosen: what works
    }

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._found: DockerProxy | None = None
        self._looked_at: str | None = None  # the name that `_found` was looked up for
        self._chosen: plan.Routing | None = None  # where the used repository has another port

    @property
    def name(self) -> str:
        """As it is typed now, or another one where what has it is left alone."""
        typed = self.values["name"].strip()
        return existing.other_name(self.session, typed) if self._choice == "leave" else typed

    @property
    def _there(self) -> DockerProxy | None:
        """What is there under the name as it is typed now."""
        return self._found if self._looked_at == self.values["name"].strip() else None

    @property
    def _choice(self) -> str:
        """What is done with it: as chosen, or what works."""
        offered = existing.choices(self.session, self._there) if self.differences() else ()
        chosen = self.values["existing"]
        if chosen == "leave" and chosen not in {choice.value for choice in offered}:
            chosen = ""
        return chosen or (offered[0].value if offered else "use")

    @property
    def _existing(self) -> DockerProxy | None:
        """What is there and is not left alone."""
        return None if self._choice == "leave" else self._there

    def reset(self) -> None:
        super().reset()
        if self._chosen is not None:
            self.session.plan = msgspec.structs.replace(self.session.plan, routing=self._chosen)
            self._chosen = None

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
        if self._there is not None and self.differences():
            label = f"{self._there.name} exists"
            offered = existing.choices(self.session, self._there)
            fields.append(Field("existing", label, self._choice, "choice", offered))
        elif self._existing is None and len(stores) > 1:
            fields.append(Field("blob_store", "Blob store", values["blob_store"], "choice", stores))
        return tuple(fields)

    def field_problems(self) -> dict[str, str]:
        problems = {
            "name": docker_proxy.name_problem(self.values["name"].strip()),
            "remote": docker_proxy.remote_problem(self.values["remote"]),
        }
        return {field: problem for field, problem in problems.items() if problem}

    # Its part of the plan

    answer_keys: ClassVar[dict[str, tuple[str, str]]] = {"remote": ("developer", "remote-url")}

    def fill(self, chosen: plan.Plan) -> None:
        if part := chosen.developer:
            self.set("name", part.name)
            self.set("remote", part.remote_url)
            self.set("blob_store", part.blob_store)
            self.set("existing", "" if part.existing == "none" else part.existing)

    def refuse_unexpected(self, chosen: plan.Plan) -> None:
        """Raises WizardError ``repository-exists``, ``blob-store-unknown``."""
        wanted = chosen.developer
        if wanted is None:
            return
        if differences := self.differences():
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
        stores = [store.name for store in self.session.blob_stores]
        if stores and wanted.blob_store not in stores and self.preview():
            raise WizardError(
                Code.BLOB_STORE_UNKNOWN,
                tried=f"looking for the blob store {wanted.blob_store}",
                came_back=f"there are: {', '.join(stores)}",
            )

    def changes_nexus(self) -> bool:
        return self.session.plan.routing is not None and self.change() is not None

    def rehearse(self, chosen: plan.Plan) -> int:
        change = self.change()
        self.decide(developer=chosen.developer or plan.Developer())
        if change is not None:
            self.session.assumed[change.repository] = change.wanted
        return int(change is not None)

    def evidence(self) -> Evidence:
        chosen = self.session.plan.developer
        return {"free_repository": chosen.name if chosen else self.name}

    # What is sent

    def wanted(self) -> DockerProxy:
        """The repository as the answers describe it; of an existing one, the rest is kept."""
        from cgwizard.nexus.docker_proxy import DockerProxy

        if self._existing is not None:
            return existing.adjusted(self.session, self._existing)
        routing, store = self.session.routing, self.values["blob_store"]
        return DockerProxy.new(
            self.name, routing.port, blob_store=store, https=routing.scheme == "https"
        )

    def differences(self) -> list[tuple[str, str, str]]:
        """How the existing repository differs: member, what it is, what was chosen."""
        if self._there is None or self.session.plan.routing is None:
            return []
        return self._there.differences(existing.adjusted(self.session, self._there))

    def change(self) -> changes.ProxyChange | None:
        change = changes.change_for(self.wanted(), self._existing)
        if isinstance(change, changes.UpdateProxy) and self._choice == "use":
            return None
        return change

    def preview(self) -> tuple[str, ...]:
        if self.state == "done" or self.field_problems() or self.session.plan.routing is None:
            return ()
        differing = self.differences() if self._existing is not None else []
        lines = [f"{m}: is {is_}, chosen {wanted}" for m, is_, wanted in differing]
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
            return Action("use", f"use {self.name}".rstrip())
        verb = "create" if isinstance(change, changes.CreateProxy) else "change"
        return Action(verb, f"{verb} {self.name}".rstrip())

    def enter(self, report: Report, cancel: Cancel) -> None:
        if self.state == "done":
            return
        self._look_up()
        if self._existing is not None and self._made_before(self._existing.name):
            self.values["existing"] = "change"  # of this run: another port was chosen since
        self.session.blob_stores = self._blob_stores()
        report_odd(self.session.nexus.remarks.get("blob stores", ()), "an odd blob store", report)
        names = [store.name for store in self.session.blob_stores]
        if names and self.values["blob_store"] not in names:
            self.values["blob_store"] = names[0]

    def _made_before(self, name: str) -> bool:
        return any(entry.repository == name for entry in self.session.journal.made())

    def _blob_stores(self) -> list[BlobStore]:
        try:
            return self.session.nexus.blob_stores()
        except WizardError as error:
            if error.code != Code.NEXUS_FORBIDDEN:
                raise
            return []  # who may make repositories need not see the stores: the default one is there

    def _look_up(self) -> None:
        name = self.values["name"].strip()
        self._found, self._looked_at = None, None
        self.session.refresh()
        self._found = docker_proxy.existing_proxy(self.session, name)
        self._looked_at = name

    def act(self, report: Report, cancel: Cancel) -> None:
        name = self.name
        report(Check("apply", f"look for {name}", "running"))
        shown = self._existing
        self._look_up()
        self._refuse_unseen(shown, name)
        self._take_name(name)
        cancel.check()
        change = self.change()
        if change is None:
            chosen = existing.use(self.session, self._existing, report, cancel)
        else:
            existing.refuse_lost_credentials(change)
            existing.refuse_taken_port(self.session, self._existing, report)
            docker_proxy.apply(self.session, change, report, cancel)
            chosen = self.session.routing
        done: Literal["none", "use", "change"] = "none"
        if self._existing is not None:
            done = "use" if change is None else "change"
        if chosen != self.session.routing:
            self._chosen = self.session.routing
        self.decide(
            routing=chosen,
            developer=plan.Developer(name, blob_store=self._blob_store(change), existing=done),
        )

    def _blob_store(self, change: changes.ProxyChange | None) -> str:
        there = change.wanted if change is not None else self._existing
        return there.storage.blob_store_name if there else self.values["blob_store"]

    def _take_name(self, name: str) -> None:
        """From now on ``name`` is as if it had been typed: what has the other one is left alone."""
        if name != self.values["name"].strip():
            self._found, self._looked_at = None, name
            self.values.update(name=name, existing="")

    def _refuse_unseen(self, shown: DockerProxy | None, name: str) -> None:
        """What would change is shown before anything is sent: not for what came meanwhile.
        ``name``: what was shown to be made or changed."""
        found = self._existing
        if self.name == name:
            if found is None or not self.differences():
                return
            if shown is not None and not shown.differences(found):
                return
        found = found or self._there
        if found is None:
            return
        raise WizardError(
            Code.REPOSITORY_EXISTS,
            tried=f"looking whether the name {found.name} is free",
            came_back=f"there is a docker (proxy) {found.name} that differs from what you chose",
            cause="someone made or changed it",
            next_step="look at what Enter does now, or choose another name",
        )
