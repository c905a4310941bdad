"""What a registry's refusal means, in words (`unreachable.py`: where none came).

Codes are those of the diagnosis catalog where one fits; `docs/errors.md` lists them.
"""

from __future__ import annotations

import re

import msgspec

from cgwizard.errors import Code, WizardError
from cgwizard.text.sanitize import shortened

NEXUS_LOCKOUT = "authentication attempts"


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


class _Error(msgspec.Struct):
    code: str = ""
    message: str | None = None


class _Errors(msgspec.Struct):
    errors: list[_Error]


class Answer(msgspec.Struct, frozen=True):
    """A refusal, read: enough to explain it without the connection."""

    tried: str  # "GET https://cgr.dev/v2/..."
    who: str  # "cgr.dev"
    status: int
    reason: str
    server: str
    content_type: str
    text: str  # the beginning of the body
    retry_after: float | None
    registry: bool  # it named itself one in its headers
    nexus: bool
    signed_in: bool

    @property
    def codes(self) -> list[_Error]:
        """The errors in the shape of the distribution specification, if there are any."""
        try:
            return msgspec.json.decode(self.text, type=_Errors).errors
        except (msgspec.MsgspecError, RecursionError):
            return []

    @property
    def words(self) -> str:
        """What the server said, on one line and short."""
        said = "; ".join(e.message or e.code for e in self.codes)
        if not said and "html" in self.content_type:
            title = re.search(r"<title>(.*?)</title>", self.text, re.S | re.I)
            said = f"a web page ({title[1]})" if title else "a web page"
        return shortened(said or self.text)

    @property
    def _good(self) -> bool:
        """Whether the body is what was asked for, whatever is wrong with the status."""
        return self.status < 300 and "html" not in self.content_type

    @property
    def came_back(self) -> str:
        said = f": {self.words}" if self.words and not self._good else ""
        when = "" if self.retry_after is None else f", again after {self.retry_after:g} seconds"
        return f"{self.status} {self.reason}{when}{said}"


def refused(answer: Answer) -> RegistryError:
    """What an answer means that is no success, or a web page."""
    # A page that came in place of an image may be about anything.
    told = None if answer.status == 200 else _by_words(answer)
    code, cause, next_step = told or _by_status(answer)
    transient = answer.status in {408, 429, 500, 502, 503, 504} and code in {
        Code.RATE_LIMITED,
        Code.REGISTRY_UNAVAILABLE,
    }
    return RegistryError(
        code,
        tried=answer.tried,
        came_back=answer.came_back,
        cause=cause,
        next_step=next_step,
        status=answer.status,
        transient=transient,
        retry_after=answer.retry_after,
    )


# What Nexus writes into an answer, whatever its status: text, code, cause, next step.
_SENTENCES = (
    (
        NEXUS_LOCKOUT,
        Code.NEXUS_LOCKED_OUT,
        "too many wrong passwords: Nexus refuses this user, with the right one too",
        "wait 15 minutes without any sign-in as this user, then try once",
    ),
    (
        "Remote Auto Blocked",
        Code.REMOTE_AUTO_BLOCKED,
        "Nexus could not reach the remote a moment ago and does not ask it for a while",
        "find out why Nexus cannot reach https://cgr.dev/, then try again after that time",
    ),
    (
        "Remote Manually Blocked",
        Code.REMOTE_MANUALLY_BLOCKED,
        "an administrator blocked the remote of this repository",
        "unblock it in the settings of the repository",
    ),
    (
        "Repository offline",
        Code.REPOSITORY_OFFLINE,
        "the repository was taken offline",
        "set it online in the settings of the repository",
    ),
    (
        "read-only",
        Code.NEXUS_READ_ONLY,
        "Nexus is in read-only mode and cannot store what it fetches",
        "ask its administrator to end read-only mode",
    ),
    (
        "PAYMENT REQUIRED",
        Code.NEXUS_CE_LIMIT,
        "this Community Edition is over its limits: only what is cached is still served",
        "ask its administrator to clean up or to buy a license",
    ),
    (
        "End User License Agreement",
        Code.NEXUS_EULA,
        "the license agreement of Nexus was not accepted yet",
        "let an administrator accept it in Nexus, then try again",
    ),
    (
        "plain HTTP request was sent to HTTPS port",
        Code.REGISTRY_HTTP_HTTPS_MISMATCH,
        "this port speaks HTTPS and was asked in plain HTTP",
        "use https:// for this address",
    ),
    (
        "HTTP request to an HTTPS server",
        Code.REGISTRY_HTTP_HTTPS_MISMATCH,
        "this port speaks HTTPS and was asked in plain HTTP",
        "use https:// for this address",
    ),
)


def _by_words(answer: Answer) -> tuple[Code, str, str] | None:
    words = answer.text.lower()
    for sentence, code, cause, next_step in _SENTENCES:
        if sentence.lower() in words or (code == Code.NEXUS_EULA and "eula" in words):
            return code, cause, next_step
    return None


def _by_status(answer: Answer) -> tuple[Code, str, str]:
    codes = {error.code for error in answer.codes}
    if answer.status in {401, 403}:
        return _unauthorized(answer) if answer.status == 401 else _forbidden(answer)
    if answer.status == 404:
        return _unknown(answer, codes)
    if answer.status == 429:
        return (
            Code.RATE_LIMITED,
            f"{answer.who} asks for fewer requests",
            "wait for some minutes, then try again",
        )
    if answer.status == 408 or answer.status >= 500:
        return (
            Code.REGISTRY_UNAVAILABLE,
            f"{answer.who}, or a proxy before it, is failing"
            + ("; Nexus answers so when its remote or its disk fails" if answer.nexus else ""),
            "look at its log and state; try again later",
        )
    return _strange(answer)


def _strange(answer: Answer) -> tuple[Code, str, str]:
    if answer.status == 200:
        return (
            Code.REGISTRY_NOT_HERE,
            "a sign-in page, a filter or a web server answers in place of the registry",
            "open that address in a browser to see whose page it is",
        )
    if answer.status == 407:
        return (
            Code.CLIENT_PROXY_IN_THE_WAY,
            "a proxy between here and there wants a sign-in of its own",
            "correct HTTPS_PROXY, or add the host to NO_PROXY",
        )
    if 300 <= answer.status < 400:
        return (
            Code.REGISTRY_REDIRECT,
            f"{answer.who} sends us elsewhere without saying where",
            "check the address and the proxy in front of it",
        )
    return (
        Code.REGISTRY_ANSWER,
        f"{answer.who} answered in a way that the distribution specification does not know",
        "check that the address is that of a registry",
    )


def _unauthorized(answer: Answer) -> tuple[Code, str, str]:
    if not answer.signed_in:
        return (
            Code.NO_LOGIN,
            f"{answer.who} shows this image only to those who signed in",
            "give a user name and password, or have anonymous pulls allowed",
        )
    return (
        Code.NO_READ_PRIVILEGE,
        "the sign-in was taken, but this user may not read this repository, "
        "or the sign-in ended meanwhile",
        "have the user given a role that reads this repository",
    )


def _forbidden(answer: Answer) -> tuple[Code, str, str]:
    if answer.nexus:
        return (
            Code.NO_READ_PRIVILEGE,
            "the user may not read this repository",
            "have the user given a role that reads this repository",
        )
    if not answer.signed_in:
        return (
            Code.NOT_ENTITLED,
            f"{answer.who} does not give this image, or this tag of it, to everybody",
            "use the tag latest of a free image, or sign in with a pull token",
        )
    return (
        Code.NOT_ENTITLED,
        "this sign-in has no right to this image",
        "ask who made the pull token whether its organization has this image",
    )


def _unknown(answer: Answer, codes: set[str]) -> tuple[Code, str, str]:
    if not codes and not answer.registry and "json" not in answer.content_type:
        return (
            Code.REGISTRY_NOT_HERE,
            "what answers at this address is not a registry, or a proxy does not pass /v2/ on",
            "check host and port: for Nexus the port of the connector, not that of its pages",
        )
    if "BLOB_UNKNOWN" in codes:
        return (
            Code.BLOB_UNKNOWN,
            f"{answer.who} has the manifest but not this blob of it",
            "have its copy of the image removed and fetched anew",
        )
    if answer.nexus:
        return (
            Code.MANIFEST_UNKNOWN,
            "no such name or tag; or the remote refused Nexus's pull token, "
            "which Nexus reports in the same words; or it remembers an older failure",
            "check the name, then the token, then invalidate the repository's cache",
        )
    return (
        Code.MANIFEST_UNKNOWN,
        f"{answer.who} has no image of that name and tag for this sign-in",
        "check the name and the tag",
    )
