"""A pull token before Nexus gets it: what it says of itself, and what cgr.dev says of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cgwizard.errors import AnsweredBy, Code, WizardError
from cgwizard.guide.shown import Check, Report
from cgwizard.guide.step import checking
from cgwizard.plan.model import FREE_IMAGE
from cgwizard.text.units import short

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgwizard.cancel import Cancel
    from cgwizard.guide.session import Session
    from cgwizard.registry.client import Registry
    from cgwizard.tokens.claims import PullToken

REFUSED = frozenset({Code.TOKEN_REFUSED, Code.LOGIN_WRONG, Code.NOT_ENTITLED})
# Who may judge a token: a refusal of anything else says nothing of it.
JUDGES = frozenset({AnsweredBy.REGISTRY, AnsweredBy.TOKEN_SERVER, AnsweredBy.NEXUS})


def unanswered(error: WizardError) -> bool:
    """Whether the registry was asked and nothing of itself refused: it was not reached, something
    on the way answered in its place, or it failed."""
    from cgwizard.registry.errors import RegistryError

    if not isinstance(error, RegistryError):
        return False  # nothing was asked
    if error.facts.answered_by not in JUDGES:
        return True
    failed = error.status is None or error.status >= 500
    return failed and error.code.concerns_registry


def check(
    session: Session,
    read: Callable[[], PullToken],
    image: str,
    report: Report,
    cancel: Cancel,
    *,
    ask: bool = True,
) -> PullToken:
    """Ask cgr.dev itself, before Nexus is touched: Nexus would only say manifest unknown.

    ``read`` says what was pasted. ``ask`` False: only read it, where the registry cannot be
    reached from here.
    Raises WizardError, with the failed check reported, and Cancelled.
    """
    from cgwizard.registry.retry import Retries

    name = session.registry_name
    label = "it reads as a pull token"
    report(Check("shape", "does it read as a pull token?", "running"))
    token = read()
    until = f"until {token.expires:%d %B %Y}" if token.expires else "no expiry date in it"
    report(Check("shape", label, "done", until))
    cancel.check()
    if token.expired(datetime.now(UTC)):
        report(Check("expiry", "has it expired?", "running"))
        raise _expired(token)
    organization = image.partition("/")[0]
    question = f"{name}: does it accept the token for {organization}?"
    if not ask:
        told = "not asked from here; the test pull will tell"
        report(Check("accepted", question, "warning", told))
        return token
    registry = session.upstream(token.credentials)
    retries = Retries(registry.patience, cancel)

    def exists() -> str:
        found = cancel.run(lambda: registry.head(image, "latest", retries=retries), registry.abort)
        return short(found.digest)

    label = f"{name} accepts it for {organization}"
    with registry:
        report(Check("accepted", question, "running"))
        if cancel.run(lambda: _accepted(registry, image), registry.abort):
            report(Check("accepted", label, "done"))
        else:
            label = f"{name} asks for no sign-in: nobody looked at the token"
            report(Check("accepted", label, "warning"))
        asked, done = f"{name}: does it serve {image}?", f"{name} serves {image}"
        checking(report, "image", asked, exists, done=done)
    return token


def _accepted(registry: Registry, image: str) -> bool:
    """Whether the token was looked at. Raises WizardError with what a refusal most likely means."""
    try:
        return registry.check_credentials(image)
    except WizardError as error:
        if error.code not in REFUSED or error.facts.answered_by not in JUDGES:
            raise
        tried = f"asking {registry.name} with this token for leave to pull {image}"
        error = error.but(tried=tried)
        valid = _valid(registry)
        if valid is False:
            cause = "it was revoked, or is no token of this registry: a free image is refused too"
            step = Code.TOKEN_REFUSED.usual_next_step
            raise error.but(Code.TOKEN_REFUSED, cause=cause, next_step=step) from error
        raise not_entitled(error, image, certain=valid is True) from error


def _valid(registry: Registry) -> bool | None:
    """Whether the registry accepts the token for an image that everybody may pull; None where
    that cannot be found out. A refusal of that image is about the token."""
    try:
        return registry.check_credentials(FREE_IMAGE) or None
    except WizardError as error:
        return False if error.code in REFUSED and error.facts.sign_in_read else None


def not_entitled(error: WizardError, image: str, *, certain: bool = True) -> WizardError:
    """The refusal of one image to a token that is valid, or (not ``certain``) may be."""
    organization = image.partition("/")[0]
    valid = "the token is valid, but not for this image" if certain else "not for this image"
    return error.but(
        Code.NOT_ENTITLED,
        cause=f"{valid}: it belongs to another organization than {organization}, or "
        f"{organization} does not have the image",
        next_step=Code.NOT_ENTITLED.usual_next_step,
    )


def _expired(token: PullToken) -> WizardError:
    return WizardError(
        Code.TOKEN_EXPIRED,
        tried="reading the pull token's expiry date",
        came_back=f"it expired on {token.expires:%d %B %Y %H:%M} UTC",
    )


def describe(token: PullToken, now: datetime) -> str:
    """Expiry and organization as the token tells them, in one line."""
    told = [f"organization {token.organization_id[:8]}…"]
    if token.expires is None:
        told.append("no expiry date in it")
    else:
        days = token.days_left(now) or 0
        left = f"in {days} day{'' if days == 1 else 's'}" if days > 0 else "today"
        told.append(f"expires {left}, {token.expires:%d %B %Y}")
    return " · ".join([*told, *token.notes])
