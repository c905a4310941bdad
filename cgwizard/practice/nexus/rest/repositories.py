"""Repositories: listed, made, read, changed and removed; their caches invalidated."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.responses import Response

from cgwizard.practice.nexus import errors
from cgwizard.practice.nexus.accounts import compile_permission, implies
from cgwizard.practice.nexus.models import Repository
from cgwizard.practice.nexus.recipes import (
    RECIPES,
    Recipe,
    answer,
    stored,
    without_path_routing,
)
from cgwizard.practice.nexus.rest.facets import check_references, check_request, facet_violations
from cgwizard.practice.nexus.routing import Call, Json, Routes, done, reply
from cgwizard.practice.nexus.state import NexusState

routes = Routes("Repository Management")


def admin(repository: Repository, action: str) -> str:
    return f"nexus:repository-admin:{repository.format}:{repository.name}:{action}"


def view(repository: Repository, action: str) -> str:
    return f"nexus:repository-view:{repository.format}:{repository.name}:{action}"


def allowed(call: Call, kind: str, *actions: str) -> Iterator[Repository]:
    """The repositories on which the caller holds one of ``actions``."""
    held = call.state.permissions(call.user)
    for repository in call.state.repositories.values():
        what = f"nexus:repository-{kind}:{repository.format}:{repository.name}"
        wanted = [compile_permission(f"{what}:{action}") for action in actions]
        if any(implies(pattern, permission) for pattern in held for permission in wanted):
            yield repository


def require_someone(call: Call) -> None:
    """401 where nobody is signed in and anonymous access is off; before 3.77 a list is empty."""
    if call.user is None and not call.state.anonymous.enabled and call.state.version >= (3, 77, 0):
        raise errors.unauthorized()


def url(call: Call, repository: Repository) -> str:
    return f"{call.base_url}/repository/{repository.name}"


def _listed(call: Call, repository: Repository) -> Json:
    proxy = repository.settings.get("proxy")
    entry: dict[str, Json] = {
        "name": repository.name,
        "format": repository.format,
        "type": repository.type,
        "url": url(call, repository),
    }
    if call.state.version >= (3, 83, 0):
        entry |= {"online": repository.online, "size": _size(call, repository)}
    entry["attributes"] = {"proxy": {"remoteUrl": proxy["remoteUrl"]}} if proxy else {}
    return entry


def _size(call: Call, repository: Repository) -> int:
    if call.state.docker is None or repository.format != "docker":
        return 0
    return sum(asset.size for asset in call.state.docker.assets(repository))


def _full(call: Call, repository: Repository) -> Json:
    with_preemptive = call.state.version >= (3, 90, 0)
    return answer(repository, url(call, repository), with_preemptive=with_preemptive)


@routes.add("GET", "/v1/repositories")
def list_repositories(call: Call) -> Response:
    require_someone(call)
    return reply([_listed(call, repository) for repository in allowed(call, "view", "browse")])


@routes.add("GET", "/v1/repositorySettings", access=True)
def list_settings(call: Call) -> Response:
    return reply([_full(call, repository) for repository in allowed(call, "admin", "read")])


@routes.add("GET", "/v1/repositories/{repositoryName}")
def get_repository(call: Call) -> Response:
    require_someone(call)
    repository = call.state.find(call.params["repositoryName"])
    if repository is None:
        raise errors.not_found()
    if not any(call.permits(view(repository, action)) for action in ("browse", "read")):
        raise call.refuse()
    return reply(_listed(call, repository))


@routes.add("DELETE", "/v1/repositories/{repositoryName}", access=True, status=204)
async def delete_repository(call: Call) -> Response:
    repository = _administrated(call, "delete")
    state = call.state
    del state.repositories[repository.name]
    _leave_groups(state, repository)
    for role in state.roles.values():
        suffix = f"-{repository.format}-{repository.name}-"
        role.privileges = [
            name
            for name in role.privileges
            if not (name.startswith("nx-repository-") and suffix in name)
        ]
    if state.docker is not None and repository.format == "docker":
        await state.docker.forget(repository)
    await state.repositories_changed()
    return done()


def _leave_groups(state: NexusState, gone: Repository) -> None:
    """Remove ``gone`` from every group, as RepositoryManagerImpl.delete does."""
    for name, repository in list(state.repositories.items()):
        group = repository.settings.get("group")
        if group is None or gone.name not in group["memberNames"]:
            continue
        left = [member for member in group["memberNames"] if member != gone.name]
        settings = {**repository.settings, "group": {**group, "memberNames": left}}
        state.repositories[name] = Repository(name, repository.format, repository.type, settings)


@routes.add("POST", "/v1/repositories/{repositoryName}/invalidate-cache", access=True, status=204)
async def invalidate_cache(call: Call) -> Response:
    repository = _administrated(call, "edit")
    if repository.type == "hosted":
        raise errors.ErrorResponse(400)
    if call.state.docker is not None and repository.format == "docker":
        await call.state.docker.invalidate_cache(repository)
    return done()


@routes.add("POST", "/v1/repositories/{repositoryName}/rebuild-index", access=True, status=204)
def rebuild_index(call: Call) -> Response:
    if _administrated(call, "edit").type == "group":
        raise errors.ErrorResponse(400)
    return done()


@routes.add("POST", "/v1/repositories/{repositoryName}/health-check", access=True, status=204)
@routes.add("DELETE", "/v1/repositories/{repositoryName}/health-check", access=True, status=204)
def health_check(call: Call) -> Response:
    repository = call.state.find(call.params["repositoryName"])
    if repository is None:
        raise errors.not_found()
    if not call.permits("nexus:healthcheck:update"):
        raise errors.forbidden()
    if repository.type != "proxy":
        raise errors.ErrorResponse(409)
    return done()


def _administrated(call: Call, action: str) -> Repository:
    """The repository in the path; 404 when there is none, 403 without the right to it."""
    repository = call.state.find(call.params["repositoryName"])
    if repository is None:
        raise errors.not_found()
    if not call.permits(admin(repository, action)):
        raise errors.forbidden()
    return repository


def _register(recipe: Recipe) -> None:
    base = f"/v1/repositories/{recipe.path}/{recipe.type}"
    old_shape = without_path_routing(recipe.shape)

    async def create(call: Call) -> Response:
        state = call.state
        data = call.members(recipe.shape if state.has_path_routing else old_shape)
        check_request(state, data, None)
        repository = Repository(data["name"], recipe.format, recipe.type, stored(recipe, data))
        if not call.permits(admin(repository, "add")):
            raise errors.forbidden()
        check_references(state, repository.settings, None)
        if found := tuple(facet_violations(state, recipe, repository.settings, None)):
            raise errors.invalid(*found)
        state.repositories[repository.name] = repository
        await state.repositories_changed()
        return done(201)

    def find(call: Call) -> Repository | None:
        repository = call.state.find(call.params["repositoryName"])
        if repository is None or (repository.format, repository.type) != (
            recipe.format,
            recipe.type,
        ):
            return None
        return repository

    def get(call: Call) -> Response:
        repository = find(call)
        if repository is None or not call.permits(admin(repository, "read")):
            # A user who may not see it must not learn that it exists.
            raise errors.refused("Repository not found", 404)
        return reply(_full(call, repository))

    async def update(call: Call) -> Response:
        state = call.state
        data = call.members(recipe.shape if state.has_path_routing else old_shape)
        current = find(call)
        if current is None:
            raise errors.refused("Repository not found", 404)
        if not call.permits(admin(current, "edit")):
            raise errors.forbidden()
        if data["name"] != call.params["repositoryName"]:
            raise errors.refused("Renaming a repository is not supported")
        check_request(state, data, current)
        settings = stored(recipe, data)
        check_references(state, settings, current)
        if found := tuple(facet_violations(state, recipe, settings, current)):
            raise errors.invalid(*found)
        changed = Repository(current.name, recipe.format, recipe.type, settings)
        changed.settings["name"] = current.name
        state.repositories[current.name] = changed
        old, new = current.settings.get("proxy"), settings.get("proxy")
        if state.docker is not None and old and new and old["remoteUrl"] != new["remoteUrl"]:
            await state.docker.invalidate_cache(changed)
        await state.repositories_changed()
        return done()

    routes.add("POST", base, access=True, shape=recipe.shape, status=201)(create)
    routes.add("GET", base + "/{repositoryName}", access=True)(get)
    routes.add("PUT", base + "/{repositoryName}", access=True, shape=recipe.shape, status=204)(
        update
    )


for _recipe in RECIPES:
    _register(_recipe)
