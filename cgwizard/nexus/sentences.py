"""The sentences of Nexus that say more than their status, and what they mean. Those that read
Nexus's answers (its REST API, its docker connectors, engines that pass a connector's words on)
share this table."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import NamedTuple

from cgwizard.errors import Code

Meaning = tuple[Code, str, str]  # code, cause, next step; "" for what is usual for the code

REMOTE_AVAILABLE = "Remote Available"  # a state of a repository's remote, word for word
# Words of nginx, Go and others, in small letters: plain HTTP came to a port that wants TLS.
TLS_WANTED = ("plain http request was sent to https", "http request to an https")


USUAL = ("", "")


class Sentence(NamedTuple):
    """``rest`` and ``pull`` are cause and next step in an answer to a call of the REST API and
    to a pull ("" for the usual one of the code); None where the sentence is not looked for."""

    words: re.Pattern[str]
    code: Code
    rest: tuple[str, str] | None = None
    pull: tuple[str, str] | None = None


def wants_tls(text: str) -> bool:
    words = text.lower()
    return any(sign in words for sign in TLS_WANTED)


def rest_meaning(text: str) -> Meaning | None:
    """What the body of a refused REST call means; None where it holds no known sentence."""
    for sentence in SENTENCES:
        if sentence.rest is not None and sentence.words.search(text):
            return (sentence.code, *sentence.rest)
    return None


def pull_meaning(text: str, among: Container[Code] = frozenset(Code)) -> Meaning | None:
    """What a refused pull means, by a sentence for one of the codes ``among``."""
    for sentence in SENTENCES:
        if sentence.pull is None or sentence.code not in among:
            continue
        if sentence.words.search(text):
            return (sentence.code, *sentence.pull)
    return None


def remote_blocked(description: str) -> Code | None:
    """`REMOTE_AUTO_BLOCKED` or `REMOTE_MANUALLY_BLOCKED` for Nexus's words about a remote."""
    meaning = pull_meaning(description, {Code.REMOTE_AUTO_BLOCKED, Code.REMOTE_MANUALLY_BLOCKED})
    return meaning[0] if meaning else None


def remote_reason(reason: str) -> Meaning:
    """What the reason that Nexus gives for a remote that fails means."""
    for words, code, cause, next_step in _REASONS:
        if words.search(reason):
            return code, cause, next_step
    return (Code.REMOTE_AUTO_BLOCKED, *USUAL)


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)


# The first that fits counts.
SENTENCES = (
    Sentence(
        _words(r"End User License Agreement"),
        Code.NEXUS_EULA,
        rest=(
            "the license agreement of the Community Edition was not accepted yet",
            "read and accept it: here, or in Nexus's onboarding",
        ),
        pull=(
            "the license agreement of Nexus was not accepted yet",
            "let an administrator accept it in Nexus, then try again",
        ),
    ),
    Sentence(
        _words(r"PAYMENT REQUIRED"),
        Code.NEXUS_CE_LIMIT,
        rest=USUAL,
        pull=(
            "this Community Edition is over its limits: only what is cached is still served",
            "ask its administrator to clean up or to buy a license",
        ),
    ),
    Sentence(
        _words(r"read-only mode"),
        Code.NEXUS_READ_ONLY,
        rest=(
            "Nexus was frozen, for a backup or because it is over a limit",
            "ask its administrator to end the read-only mode, then go on here",
        ),
        pull=(
            "Nexus is in read-only mode and cannot store what it fetches",
            "ask its administrator to end read-only mode",
        ),
    ),
    Sentence(
        _words(r"authentication attempts"),
        Code.NEXUS_LOCKED_OUT,
        pull=USUAL,
    ),
    Sentence(
        _words(r"auto blocked"),
        Code.REMOTE_AUTO_BLOCKED,
        pull=(
            "Nexus could not reach the remote a moment ago and does not ask it for a while",
            "find out why Nexus cannot reach https://cgr.dev/, then try again after that time",
        ),
    ),
    Sentence(
        _words(r"manually blocked"),
        Code.REMOTE_MANUALLY_BLOCKED,
        pull=USUAL,
    ),
    Sentence(
        _words(r"Repository offline"),
        Code.REPOSITORY_OFFLINE,
        pull=(
            "the repository was taken offline",
            "set it online in the settings of the repository",
        ),
    ),
    Sentence(
        _words(r"Name is already used"),
        Code.REPOSITORY_NAME_TAKEN,
        rest=(
            "another repository has this name; upper and lower case count as the same",
            "choose another name",
        ),
    ),
    Sentence(
        _words(
            r"(http|https)?port\b.{0,80}(in use|already used|not available|unavailable)"
            r"|already (in )?use[ds]? .{0,40}port"
        ),
        Code.CONNECTOR_PORT_OF_OTHER_REPOSITORY,
        rest=("another repository, or Nexus itself, uses this port", "choose another port"),
    ),
    Sentence(
        _words(r"names must be lower ?case"),
        Code.REPOSITORY_NAME_UPPERCASE,
        rest=USUAL,
    ),
    Sentence(
        _words(r"path.?based routing.{0,60}(port|connector|subdomain)"),
        Code.PATH_AND_PORT_COMBINED,
        rest=USUAL,
    ),
    Sentence(
        _words(r"Blob store not found"),
        Code.BLOB_STORE_MISSING,
        rest=USUAL,
    ),
    Sentence(
        _words(r"format is not currently enabled|Format docker is disabled"),
        Code.NEXUS_NO_DOCKER,
        rest=(
            "this Nexus does not have the docker format, or it is switched off",
            "use an edition with docker (Community or Pro); the open core has none",
        ),
    ),
)

# Nexus's reason for a remote that fails is an HTTP reason phrase or the text of a Java exception.
_REASONS = (
    (_words(r"unknownhost|name or service|no such host"), Code.REMOTE_DNS, *USUAL),
    (_words(r"proxy authentication"), Code.REMOTE_PROXY_AUTH, *USUAL),
    (
        _words(r"ssl|certificat|pkix|untrusted remote"),
        Code.REMOTE_TLS_INTERCEPTED,
        "Nexus does not trust the certificate it gets: something on the way decrypts TLS",
        "add that certificate to Nexus's trust store and let the repository use the trust store, "
        "or have cgr.dev taken out of the decryption",
    ),
    (
        _words(r"timed out|timeout|refused|unreachable|noroute|reset|failed to respond"),
        Code.REMOTE_EGRESS,
        *USUAL,
    ),
    (
        _words(r"internal server error|bad gateway|service unavailable|gateway time"),
        Code.UPSTREAM_DOWN,
        "the registry itself failed, or a proxy on the way answers in its place",
        "",
    ),
)
