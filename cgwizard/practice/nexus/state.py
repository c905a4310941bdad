"""What the practice Nexus knows: users, realms, repositories, blob stores, the state of the server.

Only the servers' loop touches it, so it needs no locks. The REST API (``nexus/``) changes it,
the docker format (``docker/``) reads it.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cgwizard.practice.nexus.accounts import (
    ALL,
    Pattern,
    Privilege,
    Role,
    User,
    builtin_privileges,
    builtin_roles,
    compile_permission,
    implies,
    ready_repository_privileges,
)
from cgwizard.practice.nexus.models import (
    FORMATS,
    Anonymous,
    BlobStore,
    DockerPart,
    Edition,
    Repository,
    UserToken,
)
from cgwizard.practice.nexus.signin import Lockout, SignInRefused, basic_credentials
from cgwizard.secrets.secret import Credentials

if TYPE_CHECKING:
    from cgwizard.practice.serving import App

log = logging.getLogger("cgwizard.practice.nexus")


@dataclass
class NexusState:
    data: Path  # a temporary folder; blobs lie below
    # Where a remote storage really leads: {"https://cgr.dev": "http://127.0.0.1:40123"}.
    upstreams: dict[str, str]
    version: tuple[int, int, int] = (3, 96, 3)
    build: int = 1
    edition: Edition = "COMMUNITY"
    context_path: str = ""  # "" or "/nexus"
    repositories: dict[str, Repository] = field(default_factory=dict)
    # Called after repositories were made, changed or removed: connectors follow.
    changed: Callable[[], Awaitable[None]] | None = None
    docker: DockerPart | None = None
    docker_routes: App | None = None  # serves /v2/... and /repository/NAME/v2/... on the main port

    users: dict[str, User] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=lambda: {r.id: r for r in builtin_roles()})
    privileges: dict[str, Privilege] = field(
        default_factory=lambda: {p.name: p for p in builtin_privileges()}
    )
    realms_active: list[str] = field(default_factory=lambda: ["NexusAuthenticatingRealm"])
    anonymous: Anonymous = field(default_factory=Anonymous)
    eula_accepted: bool = False
    read_only: bool = False
    lockout: Lockout | None = field(default_factory=Lockout)  # None: before the rate limit existed
    blob_stores: dict[str, BlobStore] = field(
        default_factory=lambda: {"default": BlobStore("default", "default")}
    )
    own_ports: set[int] = field(default_factory=set)  # of the server itself, refused as connectors
    docker_tokens: dict[str, str | None] = field(default_factory=dict)  # token -> user id
    user_tokens: dict[str, UserToken] = field(default_factory=dict)  # by name code, PRO
    # Seconds until a new component is found by search; `components` shows it at once.
    search_lag: float = 2.0
    node_id: str = field(default_factory=lambda: str(uuid.uuid4()).upper())

    # Settings that only the REST API reads and writes, as JSON by name.
    http: dict[str, Any] | None = None
    email: dict[str, Any] | None = None
    user_token_settings: dict[str, Any] | None = None
    certificates: dict[str, bytes] = field(default_factory=dict)  # fingerprint -> PEM
    capabilities: dict[str, dict[str, Any]] = field(default_factory=dict)
    routing_rules: dict[str, dict[str, Any]] = field(default_factory=dict)
    cleanup_policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    content_selectors: dict[str, dict[str, Any]] = field(default_factory=dict)

    # The user of a request.

    def authenticate(self, authorization: str | None, client: str = "") -> User | None:
        """The user of an ``Authorization`` header; None without one, or with an anonymous token.

        Raises `SignInRefused` for credentials that are not accepted.
        """
        if not authorization:
            return None
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return self._user_of_token(token.strip())
        credentials = basic_credentials(authorization)
        if credentials is None:
            # Shiro's filter takes a scheme that it does not know for no credentials.
            return None
        name = credentials.username
        if (owner := self.user_of_code(credentials)) is not None:
            return owner
        if self.lockout is not None:
            self.lockout.check(name)
        user = self.users.get(name)
        if (
            # Without any realm Shiro falls back to Nexus's own (a guess).
            ("NexusAuthenticatingRealm" in self.realms_active or not self.realms_active)
            and user is not None
            and user.may_sign_in
            and user.password == credentials.password
        ):
            if self.lockout is not None:
                self.lockout.succeeded(name)
            return user
        if self.lockout is not None:
            self.lockout.failed(name)
        log.info("sign-in as %s from %s was refused", name, client or "an unknown address")
        raise SignInRefused("wrong")

    def user_of_code(self, credentials: Credentials) -> User | None:
        """The owner of a user token (PRO), whose two codes are sent as Basic credentials."""
        token = self.user_tokens.get(credentials.username)
        if token is None or "User-Token-Realm" not in self.realms_active:
            return None
        user = self.users.get(token.user_id)
        matches = token.pass_code == credentials.password
        return user if user is not None and user.may_sign_in and matches else None

    def issue_docker_token(self, user: User | None) -> str:
        """A token for docker's Bearer flow; None makes an anonymous one.

        Nexus keeps one token for each user and gives it out again (measured on 3.76.1)."""
        user_id = user.user_id if user else None
        for token, owner in self.docker_tokens.items():
            if owner == user_id:
                return token
        token = f"DockerToken.{uuid.uuid4()}"
        self.docker_tokens[token] = user_id
        return token

    def _user_of_token(self, token: str) -> User | None:
        if "DockerToken" not in self.realms_active or token not in self.docker_tokens:
            raise SignInRefused("wrong")
        user_id = self.docker_tokens[token]
        if user_id is None:
            return None
        user = self.users.get(user_id)
        if user is None or not user.may_sign_in:
            raise SignInRefused("wrong")
        return user

    # Permissions.

    def permits(self, user: User | None, permission: str) -> bool:
        """Whether ``user`` (None: anonymous, where that is on) holds a permission such as
        ``nexus:repository-view:docker:chainguard:read``."""
        wanted = compile_permission(permission)
        return any(implies(held, wanted) for held in self.permissions(user))

    def permissions(self, user: User | None) -> list[Pattern]:
        """Everything that ``user``'s roles allow."""
        if user is None:
            user = self.users.get(self.anonymous.user_id) if self.anonymous.enabled else None
        if user is None:
            return []
        names: dict[str, None] = {}
        seen: set[str] = set()
        todo = list(user.roles)
        while todo:
            role = self.roles.get(todo.pop())
            if role is None or role.id in seen:
                continue
            seen.add(role.id)
            todo += role.roles
            names |= dict.fromkeys(role.privileges)
        if "nx-all" in names:
            return [compile_permission(ALL)]
        found = (self.privilege(name) for name in names)
        return [compile_permission(text) for p in found if p for text in p.permissions]

    def privilege(self, name: str) -> Privilege | None:
        """A privilege by name, the automatic ones of repositories included."""
        if (stored := self.privileges.get(name)) is not None:
            return stored
        if not name.startswith("nx-repository-"):
            return None
        return next((p for p in self._ready_privileges(name) if p.name == name), None)

    def all_privileges(self) -> Iterator[Privilege]:
        yield from self.privileges.values()
        pairs = [(r.format, r.name) for r in self.repositories.values()]
        yield from ready_repository_privileges(FORMATS, pairs)

    def _ready_privileges(self, name: str) -> Iterator[Privilege]:
        pairs = [
            (r.format, r.name)
            for r in self.repositories.values()
            if f"-{r.format}-{r.name}-" in name
        ]
        yield from ready_repository_privileges(FORMATS, pairs)

    # The server.

    @property
    def version_text(self) -> str:
        major, minor, patch = self.version
        return f"{major}.{minor}.{patch}-{self.build:02}"

    @property
    def server_header(self) -> str:
        """What every answer says in ``Server``, those of connectors too."""
        return f"Nexus/{self.version_text} ({self.edition})"

    @property
    def has_eula(self) -> bool:
        return self.edition == "COMMUNITY" and self.version >= (3, 77, 0)

    @property
    def has_path_routing(self) -> bool:
        return self.version >= (3, 83, 0)

    @property
    def wants_lower_case(self) -> bool:
        return self.version >= (3, 89, 1)

    def find(self, name: str) -> Repository | None:
        """A repository by name in any case."""
        if (exact := self.repositories.get(name)) is not None:
            return exact
        folded = name.casefold()
        return next((r for r in self.repositories.values() if r.name.casefold() == folded), None)

    async def repositories_changed(self) -> None:
        if self.changed is not None:
            await self.changed()
