"""What an engine's last words mean: the cause, and the exact setting to change.

Engines report one line of text. Its wording is stable, its punctuation and what stands around
it are not, so words are looked for; the first row that fits counts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cgwizard.errors import Code, WizardError
from cgwizard.logs import redact
from cgwizard.text.sanitize import shortened

if TYPE_CHECKING:
    from cgwizard.engines.model import Name

TITLES = {"docker": "Docker", "podman": "Podman", "builtin": "the built-in puller"}
WITHOUT = "pull without the engine, which checks the same and says more: --engine builtin"

# Any of the words; code; cause; next step. {host} is the registry, {engine} the engine's name.
_ROWS: tuple[tuple[tuple[str, ...], Code, str, str], ...] = (
    (
        ("authentication attempts",),
        Code.NEXUS_LOCKED_OUT,
        "too many wrong passwords: Nexus refuses this user, with the right one too",
        "wait 15 minutes without any sign-in as this user, then try once",
    ),
    (
        ("auto blocked",),
        Code.REMOTE_AUTO_BLOCKED,
        "Nexus could not reach the remote a moment ago and does not ask it for a while",
        "find out why Nexus cannot reach https://cgr.dev/, then try again after that time",
    ),
    (
        ("manually blocked",),
        Code.REMOTE_MANUALLY_BLOCKED,
        "an administrator blocked the remote of this repository",
        "unblock it in the settings of the repository",
    ),
    (
        ("end user license agreement",),
        Code.NEXUS_EULA,
        "the license agreement of Nexus was not accepted yet",
        "let an administrator accept it in Nexus, then try again",
    ),
    (
        ("http request to an https server", "http request was sent to https port"),
        Code.REGISTRY_HTTP_HTTPS_MISMATCH,
        "{host} speaks HTTPS, and {engine} was told to use plain HTTP for it",
        "take {host} off the list of insecure registries in the engine's settings",
    ),
    (
        ("proxyconnect", "proxy authentication required"),
        Code.ENGINE_PROXY,
        "{engine} has proxy settings of its own and sends this request to that proxy",
        "add the registry's host to NO_PROXY in the engine's own settings, restart the engine",
    ),
    (
        ("no space left on device",),
        Code.ENGINE_DISK_FULL,
        "the disk on which {engine} keeps its images is full",
        "make room there, for example: {program} system prune",
    ),
    (
        ("error getting credentials", "docker-credential-"),
        Code.ENGINE_CREDENTIAL_HELPER,
        "the engine's configuration names {helper}, which is missing or fails",
        "install the helper, or take its line out of the configuration",
    ),
    (
        ("no basic auth credentials",),
        Code.NO_LOGIN,
        "{host} shows this image only to those who signed in",
        "give a user name: --username NAME",
    ),
    (
        ("no matching manifest", "no image found in", "does not match the specified platform"),
        Code.PLATFORM,
        "the image was not built for this platform",
        "choose one that is there with --platform",
    ),
    (
        ("toomanyrequests", "too many requests", "429"),
        Code.RATE_LIMITED,
        "{host} asks for fewer requests",
        "wait for some minutes, then try again",
    ),
    (
        ("verification failed", "did not match", "unexpected commit digest", "digest mismatch"),
        Code.DIGEST_MISMATCH,
        "the bytes are not those of the image: a broken copy in the cache, or on the way",
        "have Nexus's copy of the image removed, then pull again",
    ),
    (
        ("manifest unknown", "manifest_unknown", "name unknown", "not found"),
        Code.MANIFEST_UNKNOWN,
        "no such name or tag; or Nexus's pull token was refused, which it reports alike",
        "check the name, then the token; cgwizard's diagnosis finds out which",
    ),
    (
        ("unsupported media type", "media type in manifest", "zstd", "unsupported manifest"),
        Code.ENGINE_OLD,
        "this {engine} does not know the format of the image",
        "update {engine}; until then: --engine builtin",
    ),
    (
        ("no such host", "name resolution", "server misbehaving"),
        Code.REGISTRY_DNS,
        "{engine} finds no address for {host}",
        "check the name for typing errors, then the DNS of the machine on which {engine} runs",
    ),
    (
        ("connection refused",),
        Code.REGISTRY_REFUSED,
        "nothing listens there: {host} is down, the port is another one, or is not published",
        "check the port; for Nexus, whether the repository's connector is up and published",
    ),
    (
        ("i/o timeout", "client.timeout", "deadline exceeded", "handshake timeout"),
        Code.REGISTRY_TIMEOUT,
        "nothing answers {engine} at {host}: a firewall drops the packets, or the host is down",
        "check the host and port, then the firewall between",
    ),
    (
        ("internal server error", "bad gateway", "service unavailable", "gateway time"),
        Code.REGISTRY_UNAVAILABLE,
        "{host}, or a proxy before it, is failing",
        "look at its log and state; try again later",
    ),
    (
        ("unexpected eof", "connection reset", "broken pipe"),
        Code.REGISTRY_CUT,
        "the line between {engine} and {host} is bad, or something between cuts connections",
        "try again; if it stays so, pull from another network",
    ),
    (
        ("failed to register layer", "error processing tar", "applying layer"),
        Code.ENGINE_STORAGE,
        "{engine} got the image and cannot unpack it where it keeps images",
        "look at the engine's log and storage driver; " + WITHOUT,
    ),
)


def refused(
    engine: Name, socket: str, text: str, *, host: str, tried: str, signed_in: bool
) -> WizardError:
    """What ``text``, with which the engine ended a pull from ``host``, means.

    ``signed_in``: credentials went with the pull.
    """
    words = text.lower()
    code, cause, next_step = (
        _transport(engine, socket, words, host)
        or _rows(engine, words, host)
        or _sign_in(words, host, signed_in=signed_in)
        or (Code.ENGINE_PULL_FAILED, "the engine says no more than this", WITHOUT)
    )
    return WizardError(
        code,
        tried=tried,
        came_back=shortened(redact.said(text)) or "nothing",
        cause=cause,
        next_step=next_step,
    )


def _rows(engine: Name, words: str, host: str) -> tuple[Code, str, str] | None:
    for signs, code, cause, next_step in _ROWS:
        if any(sign in words for sign in signs):
            # Engines name it at the end of a text that is too long to be shown whole.
            helper = re.search(r"docker-credential-[\w-]+", words)
            names = {
                "host": host,
                "engine": TITLES[engine],
                "program": engine,
                "helper": helper[0] if helper else "a credential helper",
            }
            return code, cause.format(**names), next_step.format(**names)
    return None


def _transport(engine: Name, socket: str, words: str, host: str) -> tuple[Code, str, str] | None:
    title = TITLES[engine]
    if "http response to https client" in words:
        return (
            Code.CLIENT_PLAIN_HTTP,
            f"{host} speaks plain HTTP, which {title} refuses unless it is told to allow it",
            plain_http_setting(engine, socket, host),
        )
    if not any(sign in words for sign in ("x509", "tls: ", "certificate")):
        return None
    if "expired or is not yet valid" in words:
        return (
            Code.REGISTRY_TLS_EXPIRED,
            "the certificate is out of date, or the clock of the engine's machine is wrong",
            "check the clock, then have the certificate renewed",
        )
    if "not valid for" in words or "is valid for" in words or "doesn't contain any" in words:
        return (
            Code.REGISTRY_TLS_NAME,
            "the certificate was made for another name",
            "use the name that stands in the certificate",
        )
    if "x509" in words or "unknown authority" in words or "unknown certificate" in words:
        folder = "/etc/docker/certs.d" if engine == "docker" else "/etc/containers/certs.d"
        if rootless(socket):
            folder = "~/.config/docker/certs.d" if engine == "docker" else folder
        return (
            Code.CLIENT_UNTRUSTED_CA,
            f"{title} does not trust the authority that made the certificate of {host}",
            f"put the authority's certificate (PEM) at {folder}/{host}/ca.crt; no restart needed",
        )
    return (
        Code.REGISTRY_TLS,
        f"{host} and {title} find no common way to speak TLS",
        "check that the port speaks HTTPS, and what stands between",
    )


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


def _sign_in(words: str, host: str, *, signed_in: bool) -> tuple[Code, str, str] | None:
    if not any(
        sign in words
        for sign in ("unauthorized", "authentication required", "denied", "forbidden", "401", "403")
    ):
        return None
    if not signed_in:
        return (
            Code.NO_LOGIN,
            f"{host} shows this image only to those who signed in",
            "give a user name: --username NAME",
        )
    if "denied" in words or "forbidden" in words:
        return (
            Code.NO_READ_PRIVILEGE,
            "the sign-in was taken, but this user may not read this repository",
            "have the user given a role that reads this repository",
        )
    return (
        Code.LOGIN_WRONG,
        "the user name or the password is wrong, or the user may not read this repository",
        "check both once; Nexus locks a user out after a few wrong ones",
    )
