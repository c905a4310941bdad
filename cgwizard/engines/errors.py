"""What an engine's last words mean: the cause, and the exact setting to change.

Engines report one line of text. Its wording is stable, its punctuation and the text around it are
not, so the tables look for words. The first row that fits counts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cgwizard.errors import Code, WizardError
from cgwizard.logs import redact
from cgwizard.nexus.sentences import TLS_WANTED, pull_meaning
from cgwizard.text.sanitize import shortened

if TYPE_CHECKING:
    from cgwizard.engines.model import Name

TITLES = {"docker": "Docker", "podman": "Podman", "builtin": "the built-in puller"}
WITHOUT = "pull without the engine, which checks the same and says more: --engine builtin"
# The sentences of Nexus that engines pass on.
_OF_NEXUS = frozenset(
    {
        Code.NEXUS_LOCKED_OUT,
        Code.REMOTE_AUTO_BLOCKED,
        Code.REMOTE_MANUALLY_BLOCKED,
        Code.NEXUS_EULA,
    }
)


class _Row(NamedTuple):
    """``cause`` and ``next_step`` may name what `_names` has; ``next_step`` "" is the usual one
    of the code. ``missing``: what is missing of an image that exists."""

    signs: tuple[str, ...]  # any of these regular expressions
    code: Code
    cause: str
    next_step: str = ""
    missing: str = ""


_ROWS = (
    _Row(
        ("http response to https client",),
        Code.CLIENT_PLAIN_HTTP,
        "{host} speaks plain HTTP, which {engine} refuses unless it is told to allow it",
        "{plain_http}",
    ),
    _Row(
        ("expired or is not yet valid",),
        Code.REGISTRY_TLS_EXPIRED,
        "the certificate is out of date, or the clock of the engine's machine is wrong",
    ),
    _Row(
        ("certificate is not valid for", "certificate is valid for", "doesn't contain any ip sans"),
        Code.REGISTRY_TLS_NAME,
        "the certificate was made for another name",
    ),
    _Row(
        ("x509", "unknown authority", "unknown certificate"),
        Code.CLIENT_UNTRUSTED_CA,
        "{engine} does not trust the authority that made the certificate of {host}",
        "put the authority's certificate (PEM) at {certificates}/{host}/ca.crt; no restart needed",
    ),
    _Row(
        ("tls: ", "certificate"),
        Code.REGISTRY_TLS,
        "{host} and {engine} find no common way to speak TLS",
    ),
    _Row(
        TLS_WANTED,
        Code.REGISTRY_HTTP_HTTPS_MISMATCH,
        "{host} speaks HTTPS, and {engine} was told to use plain HTTP for it",
        "take {host} off the list of insecure registries in the engine's settings",
    ),
    _Row(
        ("proxyconnect", "proxy authentication required"),
        Code.ENGINE_PROXY,
        "{engine} has proxy settings of its own and sends this request to that proxy",
    ),
    _Row(
        ("no space left on device",),
        Code.ENGINE_DISK_FULL,
        "the disk on which {engine} keeps its images is full",
        "make room there, for example: {program} system prune",
    ),
    _Row(
        ("error getting credentials", "docker-credential-"),
        Code.ENGINE_CREDENTIAL_HELPER,
        "the engine's configuration names {helper}, which is missing or fails",
    ),
    _Row(
        ("no basic auth credentials",),
        Code.NO_LOGIN,
        "{host} shows this image only to those who signed in",
    ),
    _Row(
        ("no matching manifest", "no image found in", "does not match the specified platform"),
        Code.PLATFORM,
        "the image was not built for this platform",
    ),
    _Row(
        ("toomanyrequests", "too many requests", "429"),
        Code.RATE_LIMITED,
        "{host} asks for fewer requests",
    ),
    _Row(
        ("verification failed", "did not match", "unexpected commit digest", "digest mismatch"),
        Code.DIGEST_MISMATCH,
        "the bytes are not those of the image: a broken copy in the cache, or on the way",
        "have Nexus's copy of the image removed, then pull again",
    ),
    _Row(
        (
            "unknown blob",
            "blob unknown",
            "blob_unknown",
            "blobs/sha256:[0-9a-f]+.* not found",
            "(reading|fetching) blob.{0,400} 404",
        ),
        Code.BLOB_UNKNOWN,
        "{host} has the manifest but not this blob of it: {blob} is missing",
        missing="{blob}",
    ),
    _Row(
        ("manifests?[/ ]sha256:[0-9a-f]+.*(unknown|not found)",),
        Code.MANIFEST_UNKNOWN,
        "{host} has the image's index, but not the manifest for a platform, which the index names",
        "have the copy in Nexus removed and fetched anew; {engine} names the digest",
        missing="the manifest for a platform",
    ),
    _Row(
        ("manifest unknown", "manifest_unknown", "name unknown", "not found"),
        Code.MANIFEST_UNKNOWN,
        "no such name or tag; or Nexus's pull token was refused, which it reports alike",
        "check the name, then the token; cgwizard's diagnosis finds out which",
    ),
    _Row(
        ("unsupported media type", "media type in manifest", "zstd", "unsupported manifest"),
        Code.ENGINE_OLD,
        "this {engine} does not know the format of the image",
        "update {engine}; until then: --engine builtin",
    ),
    _Row(
        ("no such host",),
        Code.REGISTRY_DNS,
        "{engine} finds no address for {host}",
        "{name}the DNS of the machine on which {engine} runs",
    ),
    _Row(
        ("name resolution", "server misbehaving"),
        Code.REGISTRY_DNS,
        "no name server tells {engine} the address of {host}",
        "check the network and the DNS of the machine on which {engine} runs",
    ),
    _Row(
        ("connection refused",),
        Code.REGISTRY_REFUSED,
        "nothing listens there: {host} is down, the port is another one, or is not published",
    ),
    _Row(
        ("i/o timeout", "client.timeout", "deadline exceeded", "handshake timeout"),
        Code.REGISTRY_TIMEOUT,
        "nothing answers {engine} at {host}: a firewall drops the packets, or the host is down",
    ),
    _Row(
        ("internal server error", "bad gateway", "service unavailable", "gateway time"),
        Code.REGISTRY_UNAVAILABLE,
        "{host}, or a proxy before it, is failing",
    ),
    _Row(
        ("unexpected eof", "connection reset", "broken pipe"),
        Code.REGISTRY_CUT,
        "the line between {engine} and {host} is bad, or something between cuts connections",
        "try again; if it stays so, pull from another network",
    ),
    _Row(
        ("failed to register layer", "error processing tar", "applying layer"),
        Code.ENGINE_STORAGE,
        "{engine} got the image and cannot unpack it where it keeps images",
        "look at the engine's log and storage driver; " + WITHOUT,
    ),
)
_SIGNED_IN = (
    _Row(
        ("denied", "forbidden"),
        Code.NO_READ_PRIVILEGE,
        "the sign-in was taken, but this user may not read this repository",
    ),
    _Row(
        ("unauthorized", "authentication required", "401", "403"),
        Code.LOGIN_WRONG,
        "the user name or the password is wrong, or the user may not read this repository",
    ),
)
_NOT_SIGNED_IN = (
    _Row(
        ("unauthorized", "authentication required", "denied", "forbidden", "401", "403"),
        Code.NO_LOGIN,
        "{host} shows this image only to those who signed in",
    ),
)


def refused(
    engine: Name, socket: str, text: str, *, host: str, tried: str, signed_in: bool
) -> WizardError:
    """What ``text``, with which the engine ended a pull from ``host``, means.

    ``signed_in``: credentials went with the pull.
    """
    words = text.lower()
    for own in re.findall("sha256:[0-9a-f]+", tried):  # the image's, by which it is pulled
        words = words.replace(own, "its digest")
    rows = (*_ROWS, *(_SIGNED_IN if signed_in else _NOT_SIGNED_IN))
    fits = (row for row in rows if any(re.search(sign, words) for sign in row.signs))
    if meaning := pull_meaning(text, _OF_NEXUS):
        row = _Row((), *meaning)
    else:
        unknown = _Row((), Code.ENGINE_PULL_FAILED, "the engine says no more than this", WITHOUT)
        row = next(fits, unknown)
    names = _names(engine, socket, words, host)
    error = WizardError(
        row.code,
        tried=tried,
        came_back=shortened(redact.said(text)) or "nothing",
        cause=row.cause.format(**names),
        next_step=row.next_step.format(**names),
    )
    error.missing = row.missing.format(**names)
    return error


def _names(engine: Name, socket: str, words: str, host: str) -> dict[str, str]:
    # Engines name it at the end of a text that is too long to be shown whole.
    helper = re.search(r"docker-credential-[\w-]+", words)
    certificates = "/etc/containers/certs.d"
    if engine == "docker":
        certificates = "~/.config/docker/certs.d" if rootless(socket) else "/etc/docker/certs.d"
    return {
        "host": host,
        "name": "check " if host == "cgr.dev" else "check the name for typing errors, then ",
        "engine": TITLES[engine],
        "program": engine,
        "blob": "its config" if "config" in words else "a layer or its config",
        "helper": helper[0] if helper else "a credential helper",
        "plain_http": plain_http_setting(engine, socket, host),
        "certificates": certificates,
    }


def rootless(socket: str) -> bool:
    return socket.startswith("/run/user/") or "/.docker/" in socket


def plain_http_setting(engine: Name, socket: str, host: str) -> str:
    """The lines that allow plain HTTP for ``host``, and the file in which they go."""
    if engine == "podman":
        return (
            f"put into /etc/containers/registries.conf.d/cgwizard.conf: [[registry]] "
            f'location = "{host}" insecure = true (three lines); '
            "or for one pull: --plain-http"
        )
    file = "~/.config/docker/daemon.json" if rootless(socket) else "/etc/docker/daemon.json"
    restart = "systemctl --user restart docker" if rootless(socket) else "systemctl restart docker"
    if "/.docker/" in socket:  # Docker Desktop
        file, restart = "Settings > Docker Engine", "Apply & restart"
    return f'add to {file}: {{"insecure-registries": ["{host}"]}}, then: {restart}'
