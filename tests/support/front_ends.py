"""The guide driven by each front end against one practice Nexus, and what each did there."""

from __future__ import annotations

import io
import re
import threading
from pathlib import Path

import msgspec

from cgwizard.changes.journal import Entry, Journal
from cgwizard.errors import ExitCode
from cgwizard.frontends.plain import Plain
from cgwizard.frontends.unattended import Apply, Event
from cgwizard.guide.guide import Guide
from cgwizard.plan import answers_file
from cgwizard.plan import model as plan
from cgwizard.practice.world import PracticeWorld

ENTERS = "\n" * 80
# How a run says that the organization's images are restricted.
PROVED_RESTRICTED = (
    "restricted to those with the role: pull-chainguard-private gets it; "
    "a signed-in user without the role is refused (403 Forbidden)"
)
# The practice cgr.dev stands behind the practice Nexus only; a live run would compare with the
# real one where there is a network.
NO_NETWORK = {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}


def session_of(world: PracticeWorld, journals: Path | None = None) -> Guide:
    """In practice, but with a journal on the disk where ``journals`` says so."""
    session = Guide(practice=world.info, start_practice=world.start)
    if journals is not None:
        session.journal = Journal(journals)
    return session


def plainly(session: Guide, typed: str = ENTERS) -> tuple[int, str]:
    """Walk by prompts; returns how it ended and everything that was written."""
    out = io.StringIO()
    code = Plain(session, out, source=io.StringIO(typed)).walk()
    session.close()
    return code, out.getvalue()


def applied(
    world: PracticeWorld,
    chosen: plan.Plan,
    *,
    dry_run: bool = False,
    journals: Path | None = None,
) -> tuple[ExitCode, list[Event], Guide]:
    events: list[Event] = []
    lock = threading.Lock()

    def tell(event: Event) -> None:
        with lock:
            events.append(event)

    session = session_of(world, journals)
    code = Apply(answers_file.of(chosen), session, tell, dry_run=dry_run).run()
    session.close()
    return code, events, session


def comparable(entries: list[Entry]) -> list[dict[str, object]]:
    """What was done, without when, by which run, and with which name of a user for one proof."""
    text = re.sub(rb"cgwizard-proof-[0-9a-f]{8}", b"cgwizard-proof", msgspec.json.encode(entries))
    return [
        {k: v for k, v in msgspec.to_builtins(entry).items() if k not in {"run", "time", "nexus"}}
        for entry in msgspec.json.decode(text, type=list[Entry])
    ]
