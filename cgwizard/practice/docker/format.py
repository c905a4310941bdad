"""The docker format of the practice Nexus: its repositories, their connectors, their content."""

from __future__ import annotations

import asyncio
from urllib.parse import unquote

from starlette.requests import Request

from cgwizard.practice.docker.blocking import FIRST_BLOCK_SECONDS, Clock
from cgwizard.practice.docker.connectors import Connectors
from cgwizard.practice.docker.content_source import ContentSource
from cgwizard.practice.docker.group import GroupSource
from cgwizard.practice.docker.hosted import HostedSource
from cgwizard.practice.docker.proxy import ProxySource
from cgwizard.practice.docker.remote import Remote
from cgwizard.practice.docker.request_target import RequestTarget
from cgwizard.practice.docker.responses import DistributionError
from cgwizard.practice.docker.routes import registry_app
from cgwizard.practice.docker.running import RunningRepository
from cgwizard.practice.docker.settings import DockerSettings, settings_of
from cgwizard.practice.docker.store import Asset, BlobFolder, Contents
from cgwizard.practice.nexus.models import RemoteStatus, Repository
from cgwizard.practice.nexus.state import NexusState
from cgwizard.practice.serving import App, Servers


class DockerFormat:
    """Runs what `NexusState.repositories` says. Everything here happens on the servers' loop.

    ``first_block_seconds`` is how long a failing remote is left alone at first.
    """

    def __init__(
        self,
        state: NexusState,
        servers: Servers,
        *,
        host: str = "127.0.0.1",
        first_block_seconds: float = FIRST_BLOCK_SECONDS,
    ) -> None:
        self.clock = Clock()
        self.first_block_seconds = first_block_seconds
        # A published report (3.79): an image that the remote refused stays unknown after the
        # credentials were corrected, until the repository is made again. Off; for lessons.
        self.refusals_stick = False
        self._state, self._servers = state, servers
        self._members: dict[str, RunningRepository] = {}
        self._folders: dict[str, BlobFolder] = {}
        self._connectors = Connectors(servers, host)
        self._syncing = asyncio.Lock()
        self.routes: App = registry_app(state, self._target_on_main_port)
        servers.at_close(self._close)

    # What the REST API asks.

    def assets(self, repo: Repository) -> list[Asset]:
        """What a repository holds; a group: what its members hold."""
        member = self._members.get(repo.name)
        if member is None:
            return []
        if repo.type != "group":
            return list(member.contents.assets.values())
        found: dict[str, Asset] = {}
        for inner in self._leaves(member):
            found = {**inner.contents.assets, **found}
        return list(found.values())

    def status(self, repo: Repository) -> RemoteStatus | None:
        """None for a repository that is not a docker repository."""
        member = self._members.get(repo.name)
        if member is None:
            return None
        if not repo.online:
            return RemoteStatus(False, "Repository Offline", None)
        if not isinstance(member.source, ProxySource):
            return RemoteStatus(True, None, None)
        blocking = member.source.remote.blocking
        return RemoteStatus(True, blocking.description, blocking.reason)

    async def invalidate_cache(self, repo: Repository) -> None:
        """The next request of each tag asks the remote again; a group: for all its members."""
        member = self._members.get(repo.name)
        if member is None:
            return
        for inner in self._leaves(member):
            if isinstance(inner.source, ProxySource):
                inner.source.invalidate()

    async def forget(self, repo: Repository) -> None:
        """Stop a repository and remove what only it held."""
        member = self._members.pop(repo.name, None)
        if member is None:
            return
        await self._connectors.close(member.name)
        await member.source.close()
        folder = member.contents.folder
        shared = [
            m.contents.digests() for m in self._members.values() if m.contents.folder is folder
        ]
        folder.remove(member.contents.digests().difference(*shared))

    def ports_in_use(self) -> dict[int, str]:
        """Connector ports that repositories have taken, and by which."""
        taken = {}
        for member in self._members.values():
            for port in (member.settings.docker.http_port, member.settings.docker.https_port):
                if port is not None:
                    taken[port] = member.name
        return taken

    # Following the repositories.

    async def sync(self) -> None:
        """Make what runs match the repositories: `NexusState.changed`.

        A repository whose settings were written again restarts, though nothing may differ in
        them, as in Nexus: its connector closes and opens and cuts the pulls that ran.
        """
        async with self._syncing:
            wanted = {r.name: r for r in self._state.repositories.values() if r.format == "docker"}
            for name in [name for name in self._members if name not in wanted]:
                await self.forget(self._members[name].repository)
            changed = [
                repository
                for name, repository in wanted.items()
                if name not in self._members or self._members[name].repository is not repository
            ]
            # All of them close before the first one opens: two repositories may have swapped ports.
            for repository in changed:
                await self._connectors.close(repository.name)
            for repository in changed:
                await self._start(repository)

    async def _start(self, repository: Repository) -> None:
        settings = settings_of(repository)
        before = self._members.get(repository.name)
        contents = before.contents if before else Contents(self._folder(settings))
        refused = before.refused if before else set()
        source = self._source(repository, settings, contents, refused)
        remote_url = settings.proxy.remote_url
        member = RunningRepository(repository, settings, contents, source, remote_url, refused)
        self._members[repository.name] = member
        if before is not None:
            await before.source.close()
            if before.remote_url != remote_url:
                await self.invalidate_cache(repository)
        await self._connectors.open(
            repository.name,
            settings.docker.http_port,
            settings.docker.https_port,
            registry_app(self._state, lambda request: self._target(member, request)),
        )

    def _source(
        self,
        repository: Repository,
        settings: DockerSettings,
        contents: Contents,
        refused: set[str],
    ) -> ProxySource | HostedSource | GroupSource:
        if repository.type == "hosted":
            return HostedSource(settings, contents)
        if repository.type == "group":
            return GroupSource(lambda: self._sources(repository.name))
        remote = Remote(
            self._state,
            self._servers,
            settings,
            self.clock,
            first_block_seconds=self.first_block_seconds,
            refused=refused if self.refusals_stick else None,
        )
        return ProxySource(
            settings,
            contents,
            remote,
            servers=self._servers,
            clock=self.clock,
            state=self._state,
        )

    def _sources(self, group: str) -> list[ContentSource]:
        return [m.source for m in self._leaves(self._members[group]) if m.repository.online]

    def _leaves(self, member: RunningRepository) -> list[RunningRepository]:
        """The repository itself, or what is in a group and in the groups inside it, in order."""
        leaves: dict[str, RunningRepository] = {}
        seen: set[str] = set()

        def walk(inner: RunningRepository) -> None:
            if inner.name in seen:
                return
            seen.add(inner.name)
            if inner.repository.type != "group":
                leaves[inner.name] = inner
            elif inner is member or inner.repository.online:
                for name in inner.settings.group.member_names:
                    repository = self._state.find(name)
                    if repository is not None and repository.name in self._members:
                        walk(self._members[repository.name])

        walk(member)
        return list(leaves.values())

    def _folder(self, settings: DockerSettings) -> BlobFolder:
        name = settings.storage.blob_store_name
        if name not in self._folders:
            store = self._state.blob_stores.get(name)
            # Whichever path a user gave, the practice Nexus writes only into its own folder.
            path = (store.path if store else name).replace("..", "_").strip("/")
            self._folders[name] = BlobFolder(self._state.data / "blobs" / path)
        return self._folders[name]

    # Requests.

    def _target(self, member: RunningRepository, request: Request) -> RequestTarget:
        """On a connector there is no context path, and every request is for one repository."""
        path = request.scope["path"]
        if path != "/v2" and not path.startswith("/v2/"):
            raise DistributionError(404, "UNSUPPORTED", "Not Found")
        return self._target_in(member, "/v2", "/v2/token", path.removeprefix("/v2"))

    def _target_on_main_port(self, request: Request) -> RequestTarget:
        context = self._state.context_path
        # The main port passes the path on as it was sent, still encoded.
        path = unquote(request.scope["path"]).removeprefix(context)
        if path.startswith("/repository/"):
            name, _, rest = path.removeprefix("/repository/").partition("/")
            member = self._member(name)
            if rest != "v2" and not rest.startswith("v2/"):
                raise DistributionError(404, "UNSUPPORTED", "Not Found")
            root = f"{context}/repository/{name}/v2"
            return self._target_in(member, root, f"{root}/token", rest.removeprefix("v2"))
        rest = path.removeprefix("/v2")
        if (by_host := self._by_subdomain(request)) is not None:
            return self._target_in(by_host, "/v2", "/v2/token", rest)
        token_path = f"{context}/v2/token"
        if rest.rstrip("/") in {"", "/token"}:
            return self._target_in(self._any_member(), f"{context}/v2", token_path, rest)
        name, slash, rest = rest.removeprefix("/").partition("/")
        member = self._member(name)
        if not member.settings.docker.path_enabled:
            raise _no_repository()
        return self._target_in(member, f"{context}/v2/{name}", token_path, slash + rest)

    def _target_in(
        self, member: RunningRepository, root: str, token_path: str, path: str
    ) -> RequestTarget:
        return RequestTarget(
            member.repository, member.settings, member.source, root, token_path, path
        )

    def _member(self, name: str) -> RunningRepository:
        repository = self._state.find(name)
        member = self._members.get(repository.name) if repository else None
        if member is None:
            raise _no_repository()
        return member

    def _any_member(self) -> RunningRepository:
        """For ``/v2/`` on the main port, which is no repository's: any that asks for a token,
        where there is one."""
        # A guess: what the ping answers there is known for servers with the token realm only.
        by_path = [
            m
            for m in self._members.values()
            if m.settings.docker.path_enabled and m.repository.online
        ]
        by_path.sort(key=lambda m: m.settings.docker.force_basic_auth)
        if by_path:
            return by_path[0]
        repository = Repository("", "docker", "group", {"docker": {"forceBasicAuth": True}})
        settings = settings_of(repository)
        contents = Contents(self._folder(settings))
        return RunningRepository(repository, settings, contents, GroupSource(lambda: []), "")

    def _by_subdomain(self, request: Request) -> RunningRepository | None:
        label = request.headers.get("host", "").partition(".")[0]
        if self._state.edition != "PRO" or not label:
            return None
        members = self._members.values()
        return next((m for m in members if m.settings.docker.subdomain == label), None)

    async def _close(self) -> None:
        for member in self._members.values():
            await member.source.close()


def _no_repository() -> DistributionError:
    return DistributionError(404, "NAME_UNKNOWN", "Repository not found")
