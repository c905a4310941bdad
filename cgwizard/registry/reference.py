"""Image references as docker understands them: ``HOST[:PORT]/repository[:tag][@digest]``.

The grammar is that of the distribution project's reference package; what decides between a
host and the first part of a repository name is docker's rule, not the grammar's.
"""

from __future__ import annotations

import re
from typing import NoReturn

import msgspec

from cgwizard.errors import Code, WizardError

DOCKER_HUB = "docker.io"
DOCKER_HUB_ADDRESS = "registry-1.docker.io"  # what answers there
NAME_LIMIT = 255

_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?")
_PART = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128}")
_EXAMPLE = "nexus.example.com:5051/chainguard/wolfi-base:latest"


def is_digest(text: str) -> bool:
    """Whether ``text`` is a digest of an algorithm that is checked here: SHA-256 or SHA-512."""
    return _DIGEST.fullmatch(text) is not None


class Reference(msgspec.Struct, frozen=True):
    """Where an image is. ``tag`` is None only where ``digest`` is given alone."""

    host: str  # "HOST[:PORT]", an IPv6 address in brackets
    repository: str
    tag: str | None = None
    digest: str | None = None

    @classmethod
    def parse(cls, text: str, default_host: str = DOCKER_HUB) -> Reference:
        """Read ``text`` as docker would; blanks around it do not count.

        The first part is a host when it holds a dot or a colon, is ``localhost`` or has capital
        letters; else ``default_host`` is meant. Raises WizardError with a code ``name-...``.
        """
        name = text.strip()
        _refuse_other_things(name)
        rest, at, digest = name.partition("@")
        if at and not is_digest(digest):
            _refuse(
                Code.NAME_DIGEST,
                name,
                "what follows the @ is not a digest",
                "write sha256: and its 64 hexadecimal digits in lower case, or leave it out",
            )
        host, rest = _split_host(rest, default_host)
        repository, colon, tag = rest.partition(":")
        if colon and not _TAG.fullmatch(tag):
            _refuse(
                Code.NAME_TAG,
                name,
                f"{_shown(tag)} is not a tag: letters, digits, _ . - and at most 128 of them",
                "correct what stands after the last colon",
            )
        if host == "index.docker.io":
            host = DOCKER_HUB
        if host == DOCKER_HUB and "/" not in repository:
            repository = f"library/{repository}"
        _check_names(name, host, repository)
        if not colon:
            return cls(host, repository, None if at else "latest", digest or None)
        return cls(host, repository, tag, digest or None)

    @property
    def target(self) -> str:
        """What to ask the registry for: the digest where there is one, as docker does."""
        return self.digest or self.tag or "latest"

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.host}/{self.repository}{tag}{digest}"


def _split_host(name: str, default_host: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    is_host = slash and (
        "." in first or ":" in first or first == "localhost" or first != first.lower()
    )
    return (first, rest) if is_host else (default_host, name)


def _refuse_other_things(name: str) -> None:
    if not name:
        _refuse(Code.NAME_EMPTY, name, "there is no name", f"write one, such as {_EXAMPLE}")
    scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", name)
    if scheme:
        _refuse(
            Code.NAME_SCHEME,
            name,
            f"it begins with {scheme[0]}, and an image name has no scheme",
            f"leave {scheme[0]} out: {_EXAMPLE}",
        )
    if re.fullmatch(r"[a-f0-9]{64}", name):
        _refuse(
            Code.NAME_IS_ID,
            name,
            "64 hexadecimal digits are the id of an image, not a name",
            f"write a name, such as {_EXAMPLE}",
        )


def _check_names(name: str, host: str, repository: str) -> None:
    if not _HOST.fullmatch(host):
        _refuse(
            Code.NAME_HOST,
            name,
            f"{_shown(host)} is not a host with an optional port",
            "write HOST or HOST:PORT before the first slash, an IPv6 address in brackets",
        )
    port = re.search(r":([0-9]+)\Z", host)
    # Docker's grammar takes any number; nothing can listen there.
    if port and not 0 < int(port[1][:9]) <= 65535:
        _refuse(
            Code.NAME_PORT, name, f"there is no port {port[1][:20]}", "write a port up to 65535"
        )
    if not repository or not all(_PART.fullmatch(part) for part in repository.split("/")):
        if repository != repository.lower():
            _refuse(
                Code.NAME_UPPERCASE,
                name,
                "a repository name must be in lower case",
                f"try {_shown(repository.lower())} instead",
            )
        _refuse(
            Code.NAME_REPOSITORY,
            name,
            f"{_shown(repository)} is not a repository name",
            "use small letters and digits, with single . _ - between them and / between parts",
        )
    if len(host) + 1 + len(repository) > NAME_LIMIT:
        _refuse(
            Code.NAME_TOO_LONG,
            name,
            f"a name has at most {NAME_LIMIT} characters before its tag",
            "use a shorter name",
        )


def _shown(text: str) -> str:
    return repr(text if len(text) <= 100 else f"{text[:97]}...")


def _refuse(code: Code, name: str, cause: str, next_step: str) -> NoReturn:
    raise WizardError(
        code,
        tried=f"reading the image name {_shown(name)}",
        came_back="it is not one that docker understands",
        cause=cause,
        next_step=next_step,
    )
