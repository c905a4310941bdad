"""What a registry's refusal means, in words (`connection_errors.py`: where no answer came).

Codes are those of the diagnosis catalog where one fits; `docs/errors.md` lists them.
"""

from __future__ import annotations

from cgwizard.errors import AnsweredBy, Code, WizardError
from cgwizard.nexus.sentences import Meaning, pull_meaning, wants_tls
from cgwizard.registry.refusal import RegistryRefusal


class RegistryError(WizardError):
    """A request to a registry failed.

    ``status``: the HTTP status, None where no answer came. ``transient``: the same request may
    succeed later. ``retry_after``: seconds that the server asked for. ``tries``: how often at
    most a transient failure is worth a retry, None for as often as patience allows.
    """

    def __init__(
        self,
        code: Code,
        *,
        tried: str,
        came_back: str,
        cause: str = "",
        next_step: str = "",
        status: int | None = None,
        transient: bool = False,
        retry_after: float | None = None,
        tries: int | None = None,
    ) -> None:
        super().__init__(code, tried=tried, came_back=came_back, cause=cause, next_step=next_step)
        self.status = status
        self.transient = transient
        self.retry_after = retry_after
        self.tries = tries


def refused(refusal: RegistryRefusal) -> RegistryError:
    """What an answer means that is no success, or a web page."""
    # A page that came in place of an image may be about anything.
    by_words = None if refusal.status == 200 else _by_words(refusal)
    code, cause, next_step = by_words or _by_status(refusal)
    transient = refusal.status in {408, 429, 500, 502, 503, 504} and code in {
        Code.RATE_LIMITED,
        Code.REGISTRY_UNAVAILABLE,
    }
    error = RegistryError(
        code,
        tried=refusal.tried,
        came_back=refusal.came_back,
        cause=cause,
        next_step=next_step,
        status=refusal.status,
        transient=transient,
        retry_after=refusal.retry_after,
    ).with_facts(refusal.facts)
    if code in {Code.BLOB_UNKNOWN, Code.MANIFEST_UNKNOWN} and refusal.part is not None:
        error.missing = refusal.part.what
    return error


# Of web servers, when plain HTTP comes to a port of HTTPS.
_TLS_WANTED = (
    Code.REGISTRY_HTTP_HTTPS_MISMATCH,
    "this port speaks HTTPS and was asked in plain HTTP",
    "use https:// for this address",
)


def _by_words(refusal: RegistryRefusal) -> Meaning | None:
    # The page of a filter may hold any sentence.
    meaning = None if refusal.by_another else pull_meaning(refusal.text)
    return meaning or (_TLS_WANTED if wants_tls(refusal.text) else None)


def _by_another(refusal: RegistryRefusal) -> Meaning | None:
    """The page of a filter, a gateway or a sign-in, whose status says nothing of the image."""
    if not refusal.by_another or refusal.status in {200, 407} or refusal.status // 100 == 3:
        return None
    page = f"with its page {refusal.title!r}" if refusal.title else "with a page of its own"
    if not refusal.html:
        page = f"with an answer of its own{f' ({refusal.server})' if refusal.server else ''}"
    if refusal.status in {408, 429, 500, 502, 503, 504}:
        return (
            Code.REGISTRY_UNAVAILABLE,
            f"something between here and {refusal.who} answered, {page}: it does not reach it, "
            "or is failing itself",
            "look at what stands between: a proxy, a gateway, a filter; try again later",
        )
    return (
        Code.REGISTRY_NOT_HERE,
        f"something between here and {refusal.who} answered, {page}: a filter, a sign-in page or "
        "another web server",
        f"have {refusal.who} allowed there; open that address in a browser to see whose page it is",
    )


def _by_status(refusal: RegistryRefusal) -> Meaning:
    if meaning := _by_another(refusal) or _incomplete(refusal):
        return meaning
    codes = {error.code for error in refusal.codes}
    if refusal.status in {401, 403}:
        return _unauthorized(refusal) if refusal.status == 401 else _forbidden(refusal)
    if refusal.status == 404:
        return _unknown(refusal, codes)
    if refusal.status == 429:
        return (
            Code.RATE_LIMITED,
            f"{refusal.who} asks for fewer requests",
            "wait for some minutes, then try again",
        )
    if refusal.status == 408 or refusal.status >= 500:
        return (
            Code.REGISTRY_UNAVAILABLE,
            f"{refusal.who}, or a proxy before it, is failing"
            + ("; Nexus answers so when its remote or its disk fails" if refusal.nexus else ""),
            "look at its log and state; try again later",
        )
    return _strange(refusal)


def _strange(refusal: RegistryRefusal) -> Meaning:
    if refusal.status == 200:
        return (
            Code.REGISTRY_NOT_HERE,
            "a sign-in page, a filter or a web server answers in place of the registry",
            "open that address in a browser to see whose page it is",
        )
    if refusal.status == 407:
        return (
            Code.CLIENT_PROXY_IN_THE_WAY,
            f"the proxy that {refusal.proxy} names wants a sign-in of its own"
            if refusal.proxy
            else "a proxy between here and there wants a sign-in of its own",
            f"correct {refusal.proxy or 'HTTPS_PROXY'}, or add the host to NO_PROXY",
        )
    if 300 <= refusal.status < 400:
        return (
            Code.REGISTRY_REDIRECT,
            f"{refusal.who} sends us elsewhere without saying where",
            "check the address and the proxy in front of it",
        )
    return (
        Code.REGISTRY_ANSWER,
        f"{refusal.who} answered in a way that the distribution specification does not know",
        "check that the address is that of a registry",
    )


def never_shown(refusal: RegistryRefusal, cause: str) -> RegistryError:
    """A 401, although a sign-in was given: nobody looked at it. ``cause``: why not."""
    return RegistryError(
        Code.SIGN_IN_NOT_SHOWN,
        tried=refusal.tried,
        came_back=refusal.came_back,
        cause=cause,
        status=refusal.status,
    ).with_facts(refusal.facts)


def _unauthorized(refusal: RegistryRefusal) -> Meaning:
    if not refusal.signed_in:
        return (
            Code.NO_LOGIN,
            f"{refusal.who} shows this image only to those who signed in",
            "give a user name and password, or have anonymous pulls allowed",
        )
    return (
        Code.NO_READ_PRIVILEGE,
        "the sign-in was taken, but this user may not read this repository, "
        "or the sign-in ended meanwhile",
        "have the user given a role that reads this repository",
    )


def _forbidden(refusal: RegistryRefusal) -> Meaning:
    if refusal.nexus:
        return (
            Code.NO_READ_PRIVILEGE,
            "the user may not read this repository",
            "have the user given a role that reads this repository",
        )
    if not refusal.signed_in:
        return (
            Code.NOT_ENTITLED,
            f"{refusal.who} does not give this image, or this tag of it, to everybody",
            "use the tag latest of a free image, or sign in with a pull token",
        )
    return (
        Code.NOT_ENTITLED,
        "this sign-in has no right to this image",
        "ask who made the pull token whether its organization has this image",
    )


def _incomplete(refusal: RegistryRefusal) -> Meaning | None:
    """The image exists: what is missing is a part of it."""
    part = refusal.part
    if part is None or refusal.status not in {404, 410}:
        return None
    if refusal.answered_by is AnsweredBy.OTHER:
        return (
            Code.REGISTRY_NOT_HERE,
            f"{refusal.who} served the image before, and now something else answers in its place",
            "check what stands between: a proxy, a gateway, a filter",
        )
    who = "the registry" if refusal.asked is AnsweredBy.STORAGE else refusal.who
    if part.is_blob:
        return (
            Code.BLOB_UNKNOWN,
            f"{who} has the manifest but not this blob of it: {part.what} is missing",
            "have its copy of the image removed and fetched anew",
        )
    if refusal.nexus:
        return (
            Code.MANIFEST_UNKNOWN,
            f"{who} has the image's index, but not {part.what}: its remote did not give it, "
            "or it remembers an older failure",
            "invalidate the repository's cache in Nexus, then pull again",
        )
    return (
        Code.MANIFEST_UNKNOWN,
        f"{who} has the image's index, but not {part.what}, which the index names",
        "check whether all of the image was pushed, or choose another platform of it",
    )


def _unknown(refusal: RegistryRefusal, codes: set[str]) -> Meaning:
    if not codes and not refusal.registry and "json" not in refusal.content_type:
        return (
            Code.REGISTRY_NOT_HERE,
            "what answers at this address is not a registry, or a proxy does not pass /v2/ on",
            "check host and port: for Nexus the port of the connector, not that of its pages",
        )
    if "BLOB_UNKNOWN" in codes:
        return (
            Code.BLOB_UNKNOWN,
            f"{refusal.who} has the manifest but not this blob of it",
            "have its copy of the image removed and fetched anew",
        )
    if refusal.nexus:
        return (
            Code.MANIFEST_UNKNOWN,
            "no such name or tag; or the remote refused Nexus's pull token, "
            "which Nexus reports in the same words; or it remembers an older failure",
            "check the name, then the token, then invalidate the repository's cache",
        )
    return (
        Code.MANIFEST_UNKNOWN,
        f"{refusal.who} has no image of that name and tag for this sign-in",
        "check the name and the tag",
    )
