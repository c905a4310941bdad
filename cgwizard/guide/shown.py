"""What a step shows and offers: checks, questions, actions, results."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal, TypedDict

import msgspec

from cgwizard.errors import Problem

if TYPE_CHECKING:
    from cgwizard.tokens.claims import PullToken

CheckState = Literal["waiting", "running", "done", "warning", "problem", "unknown", "skipped"]


class Check(msgspec.Struct, frozen=True):
    """One line of what was found out, shown as it comes in; ``id`` finds the line again."""

    id: str
    label: str
    state: CheckState
    detail: str = ""
    problem: Problem | None = None


Report = Callable[[Check], None]


def report_odd(remarks: Iterable[str], label: str, report: Report) -> None:
    """What is odd in one of Nexus's lists."""
    for number, remark in enumerate(remarks):
        report(Check(f"odd-{number}", label, "warning", remark))


class Choice(msgspec.Struct, frozen=True):
    value: str
    label: str


class Field(msgspec.Struct, frozen=True):
    """A question. ``kind`` "secret" is masked, "paste" is masked and takes several lines; their
    text is in `Step.secrets`, never in ``value``."""

    id: str
    label: str
    value: str = ""
    kind: Literal["text", "secret", "paste", "choice"] = "text"
    choices: tuple[Choice, ...] = ()
    placeholder: str = ""
    optional: bool = False
    found: str = ""  # what a pasted text is, or why it is nothing of use


class Action(msgspec.Struct, frozen=True):
    """Something the user can do now. ``key`` is the same on every screen, whatever has the focus;
    an action without one is in the menu. ``short`` is for where there is little room."""

    id: str
    label: str
    key: str = "enter"
    short: str = ""


CONTINUE = Action("continue", "continue")
QUIT = Action("quit", "done, leave")  # of the last step
SKIP = Action("skip", "skip: free images only", "f7", "skip")


class Request(msgspec.Struct, frozen=True):
    """A request that a dry run would have sent: its action, and its lines."""

    action: str
    lines: tuple[str, ...]


class Result(msgspec.Struct, frozen=True):
    """A pull, as the end of the guide shows it."""

    reference: str
    digest: str
    verdict: str


class Commands(msgspec.Struct, frozen=True):
    """What to run with one tool. ``file``: the lines are of the file that the title names, and
    cannot be broken."""

    title: str
    lines: tuple[str, ...]
    file: bool = False


class Evidence(TypedDict, total=False):
    """What the steps know for the diagnosis. Images and repositories as they were typed."""

    url: str  # of Nexus
    free_image: str
    free_repository: str
    private_image: str
    private_repository: str  # "" for that of the free images; not there: no private image
    pull_token: PullToken
    token_problem: Problem  # why the pasted text is no pull token


class Fix(msgspec.Struct, frozen=True):
    """What the main action becomes after a problem that the wizard can solve."""

    label: str
    apply: Callable[[], None]  # quick: it changes answers; the step's action then runs again
    explanation: str = ""  # shown before it is done, e.g. the agreement that is accepted
    # "f8" where something is taken away: then the one of `Step.others` with "enter" keeps it.
    key: Literal["enter", "f8"] = "enter"
