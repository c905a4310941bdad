"""Which function answers which call: a table like that of JAX-RS. The OpenAPI document is made
from it as well."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import unquote

from starlette.responses import Response

from cgwizard.practice.json_reading import beyond_limits
from cgwizard.practice.nexus import errors
from cgwizard.practice.nexus.accounts import User
from cgwizard.practice.nexus.validation import Shape, check, read

if TYPE_CHECKING:
    from starlette.datastructures import Headers, QueryParams

    from cgwizard.practice.nexus.state import NexusState

Json = Any  # what json.loads gives: shapes differ from call to call


@dataclass
class Call:
    """One request to the REST API, its sender known."""

    state: NexusState
    user: User | None
    method: str
    params: dict[str, str]
    query: QueryParams
    headers: Headers
    body: bytes
    base_url: str  # "http://nexus.example.com:8081", with the context path, as this client sees it
    client: str

    def permits(self, permission: str) -> bool:
        return self.state.permits(self.user, permission)

    def refuse(self) -> errors.ErrorResponse:
        """The refusal for this caller: 401 without credentials, else 403."""
        if self.user is not None:
            return errors.forbidden()
        if self.state.version < (3, 77, 0) and not self.state.anonymous.enabled:
            return errors.forbidden()
        return errors.unauthorized()

    def require(self, permission: str) -> None:
        if not self.permits(permission):
            raise self.refuse()

    def require_user(self) -> None:
        if self.user is None:
            raise self.refuse()

    def json(self) -> Json:
        """The body as JSON; 400 when it is none."""
        if (message := beyond_limits(self.body)) is not None:
            raise errors.unreadable(message)
        try:
            return json.loads(self.body, parse_constant=_no_constant)
        except RecursionError:  # Python's own limit, with what it does at the moment, is lower
            raise errors.unreadable("Document nesting depth exceeds the maximum allowed") from None
        except UnicodeDecodeError:
            raise errors.unreadable("Invalid UTF-8 start byte") from None
        except json.JSONDecodeError as error:
            if not self.body.strip():
                # A missing entity is a null argument: the @NotNull on the whole is violated.
                raise errors.parameter("arg0", "must not be null") from None
            at = f"line: {error.lineno}, column: {error.colno}"
            raise errors.unreadable(f"Unexpected character or end-of-input ({at})") from None

    def members(self, shape: Shape) -> dict[str, Any]:
        """The body as an object of ``shape``, converted as Jackson does and validated."""
        data = read(shape, self.json())
        if violations := check(shape, data):
            raise errors.invalid(*violations)
        return data


def _no_constant(word: str) -> None:
    raise errors.unreadable(
        f"Non-standard token '{word}': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow"
    )


Handler = Callable[[Call], "Awaitable[Response] | Response"]
H = TypeVar("H", bound=Handler)
Access = str | Literal[True] | None  # a permission; True: any user; None: anyone


@dataclass(frozen=True)
class Route:
    method: str
    path: str  # "/v1/repositories/{name}"
    handler: Handler
    access: Access
    takes: str | None  # the content type of the body
    shape: Shape | None
    since: tuple[int, int, int]
    editions: frozenset[str]
    writes: bool
    status: int  # of a success, for the OpenAPI document
    tag: str

    @property
    def pattern(self) -> re.Pattern[str]:
        # JAX-RS names may hold any character but a slash.
        parts = (
            f"(?P<{part[1:-1]}>[^/]+)" if part.startswith("{") else re.escape(part)
            for part in self.path.split("/")
        )
        return re.compile("/".join(parts))

    def exists(self, state: NexusState) -> bool:
        return state.version >= self.since and (not self.editions or state.edition in self.editions)


@dataclass
class Routes:
    """The calls of one subject; ``tag`` is its heading in the OpenAPI document."""

    tag: str
    all: list[Route] = field(default_factory=list)

    def add(
        self,
        method: str,
        path: str,
        *,
        access: Access = None,
        takes: str | None = None,
        shape: Shape | None = None,
        since: tuple[int, int, int] = (3, 0, 0),
        editions: Iterable[str] = (),
        status: int = 200,
        reads: bool = False,
    ) -> Callable[[H], H]:
        """``reads`` marks a POST that changes nothing, which works in read-only mode."""

        def register(handler: H) -> H:
            body = takes or ("application/json" if shape is not None else None)
            route = Route(
                method,
                path,
                handler,
                access,
                body,
                shape,
                since,
                frozenset(editions),
                method != "GET" and not reads,
                status,
                self.tag,
            )
            self.all.append(route)
            return handler

        return register


@dataclass(frozen=True)
class Match:
    route: Route
    params: dict[str, str]


class Table:
    """Every route, found by path. A literal path wins over one with a parameter."""

    def __init__(self, subjects: Iterable[Routes]) -> None:
        self.routes = [route for subject in subjects for route in subject.all]
        ordered = sorted(self.routes, key=lambda route: route.path.count("{"))
        self._by_length: dict[int, list[tuple[re.Pattern[str], Route]]] = {}
        for route in ordered:
            length = route.path.count("/")
            self._by_length.setdefault(length, []).append((route.pattern, route))

    def find(self, path: str, state: NexusState) -> dict[str, Match]:
        """Method -> match for a still escaped path below ``/service/rest``; empty: unknown."""
        path = path.rstrip("/")
        found: dict[str, Match] = {}
        for pattern, route in self._by_length.get(path.count("/"), ()):
            if route.method in found or not route.exists(state):
                continue
            if match := pattern.fullmatch(path):
                params = {key: unquote(value) for key, value in match.groupdict().items()}
                found[route.method] = Match(route, params)
        return found


def reply(data: Json, status: int = 200) -> Response:
    """JSON as Nexus sends it."""
    return Response(
        # Half a surrogate pair is a question mark, as Java writes it.
        json.dumps(data, ensure_ascii=False).encode(errors="replace"),
        status,
        media_type="application/json",
    )


def done(status: int = 204) -> Response:
    return Response(b"", status)
