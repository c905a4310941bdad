"""Checks of the pull token: its shape, its date, and what the registry itself says of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cgwizard.diagnosis.check import check
from cgwizard.diagnosis.facts import not_sent_again
from cgwizard.diagnosis.finding import (
    Finding,
    evidence_of,
    failure,
    ok,
    problem,
    skipped,
    unknown,
    warning,
)
from cgwizard.diagnosis.subject import Subject
from cgwizard.errors import Code, Facts, WizardError
from cgwizard.errors.codes import NEW_PULL_TOKEN
from cgwizard.guide.token_check import not_entitled
from cgwizard.plan.model import FREE_IMAGE

if TYPE_CHECKING:
    from cgwizard.registry.client import Registry
    from cgwizard.tokens.claims import PullToken

SOON = 7  # days in which a token that ends is worth a warning
NEW_TOKEN = f"make a new one: {NEW_PULL_TOKEN}"
# What a registry answers to a sign-in that it does not take.
REFUSED = frozenset({Code.TOKEN_REFUSED, Code.NOT_ENTITLED, Code.LOGIN_WRONG, Code.NO_LOGIN})


@check("token-shape", "The pull token reads as one")
def shape(subject: Subject) -> Finding:
    from cgwizard.tokens.claims import secret_shape

    if subject.token_problem is not None:
        return failure(subject.token_problem)
    token = subject.pull_token
    if token is None:
        return skipped("there is no pull token")
    # What could be read as a pull token has the shape of one.
    return ok(
        f"user name {token.credentials.username[:8]}…, "
        f"password of {secret_shape(token.credentials.password)}"
    )


@check("token-expiry", "The pull token has not expired", needs=("pull_token",))
def expiry(subject: Subject) -> Finding:
    token = _token(subject)
    if token.expires is None:
        return unknown("it does not tell its date")
    date = f"{token.expires:%d %B %Y %H:%M} UTC"
    now = datetime.now(UTC)
    if token.expired(now):
        return problem(
            Code.TOKEN_EXPIRED,
            f"it expired on {date} (the clock here: {now:%d %B %Y %H:%M} UTC)",
            next_step=NEW_TOKEN,
        )
    left = token.days_left(now) or 0
    if left < SOON:
        return warning(
            Code.TOKEN_EXPIRES_SOON,
            f"it expires on {date}",
            "afterwards private images are unknown to Nexus, and free ones with the same "
            "repository as well",
            NEW_TOKEN,
        )
    return ok(f"until {date}")


def _token(subject: Subject) -> PullToken:
    if subject.pull_token is None:
        raise RuntimeError("a check that needs a pull token ran without one")
    return subject.pull_token


def signed_in_registry(subject: Subject) -> Registry:
    """The registry itself, signed in with the pull token. The token is sent once in a run.

    Raises WizardError where the registry does not accept it.
    """

    def work() -> Registry:
        token, upstream = _token(subject), subject.upstream
        if upstream is None:
            raise RuntimeError("a check that needs the registry ran without it")
        last = subject.problem
        if last is not None and last.code in {Code.TOKEN_REFUSED, Code.TOKEN_EXPIRED}:
            read = Facts(sign_in_sent=True, sign_in_read=True)
            raise not_sent_again(last).with_facts(read)
        registry = subject.registry("upstream token", lambda: upstream(token.credentials))
        # A free image first. Where the registry refuses even that, the token is no longer valid.
        # Where it does not, the token is valid, and a later refusal is about the image.
        registry.check_credentials(FREE_IMAGE)
        return registry

    return subject.fact("token", work)


def entitled_registry(subject: Subject, image: str) -> Registry:
    """The same, for one image of the organization. Each image is asked for once in a run.

    Raises WizardError: `not-entitled` where the token is valid, but not for this image.
    """
    registry = signed_in_registry(subject)

    def work() -> Registry:
        try:
            registry.check_credentials(image)
        except WizardError as error:
            if error.code not in REFUSED:
                raise
            raise not_entitled(error, image) from error
        return registry

    return subject.fact(f"entitled {image}", work)


@check(
    "token-accepted",
    "The registry itself accepts the pull token",
    needs=("pull_token", "upstream"),
)
def accepted(subject: Subject) -> Iterator[Finding]:
    token = _token(subject)
    try:
        registry = signed_in_registry(subject)
    except WizardError as error:
        yield _refused(error, token)
        return
    if not registry.sign_in_read:
        yield unknown("it asked for no sign-in, so that nobody looked at the token")
        return
    yield ok("asked directly, without Nexus")
    if subject.private is None:
        return
    image = subject.private.name.partition("@")[0].partition(":")[0]
    entitled_registry(subject, image)
    yield ok("it may be pulled with this token", label=f"It opens {image}")


def _refused(error: WizardError, token: PullToken) -> Finding:
    evidence = evidence_of(error.problem)
    if not (error.code in {*REFUSED, Code.TOKEN_EXPIRED} and error.facts.sign_in_read):
        # Nobody looked at the token: the checks of the network explain it.
        return unknown(evidence)
    if token.expired():
        cause = f"it expired on {token.expires:%d %B %Y}"
        return problem(Code.TOKEN_EXPIRED, evidence, cause, NEW_TOKEN)
    return problem(
        Code.TOKEN_REVOKED,
        evidence,
        next_step=f"chainctl auth pull-token list shows the living ones; {NEW_TOKEN}",
    )
