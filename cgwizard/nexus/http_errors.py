"""What Nexus's refusals mean: from an HTTP answer to a WizardError.

Nexus writes the same failure in several shapes: arrays and objects with ``id`` and ``message``,
a Java object's text, plain text, empty bodies, HTML pages. `came_back` reads them all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from cgwizard.errors import AnsweredBy, Code, Facts, WizardError
from cgwizard.net.failures import between
from cgwizard.nexus.models import read_server
from cgwizard.nexus.sentences import Meaning, rest_meaning
from cgwizard.text import decode
from cgwizard.text.excerpt import excerpt
from cgwizard.text.sanitize import one_line, shortened

if TYPE_CHECKING:
    from cgwizard.nexus.transport import RestResponse

_KIND = re.compile(r"^(PARAMETER|FIELD|PROPERTY)\s+")
_JAVA_TEXT = re.compile(
    r"ValidationErrorXO\{id='(?P<id>[^']*)', message='(?P<message>.{0,2000}?)'\}", re.S
)
_WHOLE = {"", "*", "arg0", "arg1"}
_EMPTY = b'"siesta-faultid"'  # newer versions' JSON for an answer that says nothing more
_BAD_REQUEST = {400, 409, 415, 422}


class _Violation(msgspec.Struct, frozen=True):
    id: str = "*"
    message: str = ""


def violations(body: bytes) -> list[tuple[str, str]]:
    """Member and message of each validation error; the member is "" for a whole-object rule."""
    found: list[_Violation] = []
    try:
        decoded = decode.json(body, list[_Violation] | _Violation)
        found = decoded if isinstance(decoded, list) else [decoded]
    except decode.Unreadable:
        text = body[:20_000].decode("utf-8", "replace")
        found = [_Violation(m["id"], m["message"]) for m in _JAVA_TEXT.finditer(text)]
    result = []
    for violation in found:
        member = _KIND.sub("", violation.id.strip())
        if "." in member:  # ClassName.property
            member = member.rpartition(".")[2]
        member = "" if member in _WHOLE else one_line(member)
        for line in violation.message.splitlines() or [""]:
            if message := one_line(line.strip().strip('"')):
                result.append((member, message))
    return result


def answer_facts(answer: RestResponse) -> Facts:
    """Who sent ``answer``, and whether it tells that Nexus looked at a sign-in that was sent."""
    nexus = read_server(answer.headers.get("server", "")) is not None or bool(answer.fault_id)
    server = answer.headers.get("server", "")
    who = None if nexus else between(answer.status, html=answer.html, server=server)
    if not nexus and answer.status in {401, 403, 429} and _of_a_gateway(answer.body):
        who = AnsweredBy.OTHER
    if who and "nexus" in answer.title.lower():
        who = None  # its own page, behind a reverse proxy that hides its name
    # Behind a reverse proxy with a name of its own Nexus is known by what it does not look like.
    who = who or AnsweredBy.NEXUS
    # Nexus does not look at a sign-in while it locks the name out (429), or fails.
    judged = who is AnsweredBy.NEXUS and answer.status < 500 and answer.status != 429
    return Facts(who, sign_in_sent=answer.signed_in, sign_in_read=answer.signed_in and judged)


def _of_a_gateway(body: bytes) -> bool:
    """Whether a refusal is JSON as gateways write it: Nexus's objects have an ``id``."""
    try:
        said = decode.json(body, dict)
    except decode.Unreadable:
        return False
    return isinstance(said.get("message"), str) and "id" not in said and _EMPTY not in body


def came_back(answer: RestResponse) -> str:
    """What came back, for users: ``HTTP 400: name: Name is already used ...``."""
    fault = f" (fault id {answer.fault_id})" if answer.fault_id else ""
    if 300 <= answer.status < 400:
        location = excerpt(answer.headers.get("location", "").encode())
        return f"HTTP {answer.status}, a redirect to {location or 'nowhere'}"
    readable = "; ".join(f"{m}: {text}" if m else text for m, text in violations(answer.body))
    if readable:
        return f"HTTP {answer.status}: {excerpt(readable.encode(), 300)}{fault}"
    if _EMPTY in answer.body:
        return f"HTTP {answer.status}{fault}"
    return answer.summary


def refusal(answer: RestResponse, tried: str, *, needs: str = "") -> WizardError:
    """The WizardError of an answer that is not a success. ``needs``: the privilege to name."""
    meaning = (
        _by_another(answer)
        or _about_a_sentence(answer)
        or _about_the_user(answer, needs)
        or _about_the_request(answer, needs)
    )
    if meaning is None:
        return unexpected(answer, tried, "a status that is not foreseen")
    code, cause, next_step = meaning
    return WizardError(
        code, tried=tried, came_back=came_back(answer), cause=cause, next_step=next_step
    ).with_facts(answer_facts(answer))


def is_page_of_another(answer: RestResponse) -> bool:
    """Whether a filter, a gateway or a sign-in page between here and Nexus refused with its own
    page: its status says nothing of what was asked for."""
    if answer.status < 400 or answer.status == 407:
        return False
    who = answer_facts(answer).answered_by
    return who is AnsweredBy.OTHER or (who is AnsweredBy.PROXY and answer.html)


def _by_another(answer: RestResponse) -> Meaning | None:
    if not is_page_of_another(answer):
        return None
    page = f"with its page {answer.title!r}" if answer.title else "with a page of its own"
    if not answer.html:
        page = "with an answer of its own"
    if answer.status >= 500:
        return (
            Code.NEXUS_UNAVAILABLE,
            f"something between here and Nexus answered, {page}: Nexus is restarting or "
            "overloaded, or it does not reach it",
            "wait a minute and try again; then look at what stands between, and at nexus.log",
        )
    return (
        Code.NEXUS_PAGE_OF_ANOTHER,
        f"something between here and Nexus answered, {page}: a filter, a sign-in page or another "
        "web server; Nexus was not asked",
        "have this address of Nexus allowed there, or ask it without what stands between",
    )


def _about_a_sentence(answer: RestResponse) -> Meaning | None:
    if answer.status < 400:
        return None
    return rest_meaning(answer.body[:20_000].decode("utf-8", "replace"))


def _about_the_user(answer: RestResponse, needs: str) -> Meaning | None:
    match answer.status:
        case 401 if answer.signed_in:
            return (
                Code.LOGIN_WRONG,
                "user name or password is wrong, or the account is disabled",
                "correct them; it is tried once, because Nexus locks a name after a few failures",
            )
        case 401:
            return (
                Code.NEXUS_SIGN_IN_NEEDED,
                "Nexus answers this only to signed-in users",
                "enter user name and password",
            )
        case 403:
            return (
                Code.NEXUS_FORBIDDEN,
                f"this user lacks a privilege{f' ({needs})' if needs else ''}",
                "sign in as an administrator, or have the privilege added to a role of this user",
            )
        case 429:
            return (
                Code.NEXUS_LOCKED_OUT,
                "after several failed sign-ins Nexus refuses this user name, "
                "the right password too",
                "wait 15 minutes in which nobody uses this name (each try starts them anew), "
                "then sign in",
            )
    return None


def _about_the_request(answer: RestResponse, needs: str) -> Meaning | None:
    if answer.status in _BAD_REQUEST:
        members = dict.fromkeys(member for member, _ in violations(answer.body) if member)
        named = f" ({', '.join(members)})" if members else ""
        return (
            Code.NEXUS_REQUEST_INVALID,
            f"Nexus does not accept a value{named}",
            "change it as the message says; nothing was changed in Nexus",
        )
    if answer.status == 405 or (answer.status == 404 and answer.html):
        return (
            Code.NEXUS_ENDPOINT_MISSING,
            "this version or edition of Nexus does not have this call",
            "compare Nexus's version with what this step needs",
        )
    if answer.status == 404:
        return (
            Code.NEXUS_NOT_FOUND,
            "it does not exist, or this user may not see it",
            f"check the name and the user's privileges{f' ({needs})' if needs else ''}",
        )
    return _about_the_way(answer)


def _about_the_way(answer: RestResponse) -> Meaning | None:
    if answer.status == 407:
        return (
            Code.CLIENT_PROXY_IN_THE_WAY,
            "a proxy between here and Nexus wants its own sign-in",
            "add the host of Nexus to NO_PROXY and start again",
        )
    if answer.status in {502, 503, 504}:
        return (
            Code.NEXUS_UNAVAILABLE,
            "Nexus is restarting or overloaded, or a reverse proxy does not reach it",
            "wait a minute and try again; then look at nexus.log",
        )
    if 300 <= answer.status < 400:
        return (
            Code.NEXUS_REDIRECTED,
            "something in front of Nexus sends this request elsewhere; it is not followed",
            "use an address that leads to Nexus itself",
        )
    if answer.status >= 500:
        line = f" for {answer.fault_id}" if answer.fault_id else " at this time"
        return (Code.NEXUS_SERVER_ERROR, "an error inside Nexus", f"look at nexus.log{line}")
    return None


def unexpected(answer: RestResponse, tried: str, why: str) -> WizardError:
    """A success that is not what this call gives: HTML, cut JSON, a wrong type."""
    if answer.html:
        cause = "a sign-in or error page of something in front of Nexus came instead of its answer"
    else:
        cause = "something on the way altered the answer, or this version of Nexus is unknown"
    said = answer.excerpt
    return WizardError(
        Code.NEXUS_ANSWER_UNEXPECTED,
        tried=tried,
        came_back=f"HTTP {answer.status}, {shortened(why)}"
        + (f"; it begins: {said[:80]}" if said else ""),
        cause=cause,
    ).with_facts(answer_facts(answer))
