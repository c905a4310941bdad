"""Which images the practice cgr.dev has, how large they are, and who may pull them.

Sizes are like those of the real images of 2026: `wolfi-base` is a few megabytes, language images
tens, `argo-cli-fips` about sixty. A layer has the names of the packages that it would hold.
"""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1 << 20
FREE_NAMESPACE = "chainguard"
FREE_TAGS = ("latest", "latest-dev")


@dataclass(frozen=True)
class ImageRecipe:
    """An image before it is made. Layer sizes are in MiB, for one platform."""

    name: str
    title: str
    layers: tuple[tuple[str, float], ...]
    user: str = "65532"
    versions: tuple[str, ...] = ()  # tags besides `latest`; the first is the full version


_BASE = (("wolfi-baselayout ca-certificates-bundle", 0.25), ("glibc ld-linux libgcc", 2.9))
_OPENSSL = ("libcrypto3 libssl3", 2.3)

WOLFI_BASE = ImageRecipe(
    "wolfi-base",
    "Wolfi with a shell and apk",
    (*_BASE, _OPENSSL, ("busybox apk-tools", 1.2)),
    user="0",
)

_RECIPES = (
    WOLFI_BASE,
    ImageRecipe("static", "The smallest base image", (_BASE[0],), versions=("20230214",)),
    ImageRecipe(
        "python",
        "Python without a shell",
        (
            *_BASE,
            _OPENSSL,
            ("libexpat1 libbz2-1 xz", 0.6),
            ("sqlite-libs", 1.4),
            ("ncurses readline", 0.9),
            ("libffi mpdecimal", 0.4),
            ("gdbm libuuid", 0.3),
            ("libstdc++", 2.1),
            ("python-3.13-base", 11.0),
            ("python-3.13", 0.5),
            ("py3.13-pip-base", 3.4),
        ),
        versions=("3.13.5", "3.13", "3"),
    ),
    ImageRecipe(
        "node",
        "Node.js without a shell",
        (
            *_BASE,
            _OPENSSL,
            ("libstdc++", 2.1),
            ("icu-libs", 14.0),
            ("c-ares nghttp2", 0.6),
            ("libuv brotli", 0.9),
            ("ada simdjson", 0.7),
            ("nodejs-24", 28.0),
            ("npm", 4.2),
            ("node-user", 0.1),
        ),
        versions=("24.5.0", "24.5", "24"),
    ),
    ImageRecipe(
        "chainguard-base",
        "The organization's base image",
        (*_BASE, _OPENSSL, ("apk-tools chainguard-keys", 1.1)),
        user="0",
        versions=("20230214",),
    ),
    ImageRecipe(
        "argo-cli-fips",
        "Argo's command line with FIPS cryptography",
        (
            *_BASE,
            ("openssl-provider-fips", 1.6),
            _OPENSSL,
            ("git libcurl", 6.0),
            ("argo-cli-fips", 44.0),
            ("argo-config", 0.2),
        ),
        versions=("3.7.1", "3.7", "3"),
    ),
    ImageRecipe("redis-fips", "Redis with FIPS cryptography", (*_BASE, ("redis", 3.0))),
)
RECIPES = {recipe.name: recipe for recipe in _RECIPES}

_FREE = ("wolfi-base", "static", "python", "node")
_PRODUCTION = ("chainguard-base", "argo-cli-fips", "python")
# Chainguard has it, the organization did not buy it: what `not entitled` looks like.
_NOT_BOUGHT = ("redis-fips",)


@dataclass(frozen=True)
class Catalog:
    """The repositories that one registry serves."""

    organization: str

    def recipe(self, repository: str) -> ImageRecipe | None:
        namespace, _, name = repository.rpartition("/")
        offered = {FREE_NAMESPACE: _FREE, self.organization: _PRODUCTION}.get(namespace, ())
        return RECIPES[name] if name in offered else None

    def repositories(self) -> list[str]:
        return [f"{FREE_NAMESPACE}/{name}" for name in _FREE] + [
            f"{self.organization}/{name}" for name in _PRODUCTION
        ]

    def may_pull(self, repository: str, organization: str | None) -> bool:
        """Whether a holder of ``organization``'s pull token (None: nobody) gets a token.

        [guess] A name under the organization's own namespace that does not exist gets a
        token, so that the registry can say NAME_UNKNOWN; one that exists for others does not.
        """
        namespace, _, name = repository.rpartition("/")
        if namespace == FREE_NAMESPACE:
            return name in _FREE
        return bool(name) and namespace == organization and name not in _NOT_BOUGHT
