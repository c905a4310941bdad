"""One guide, three front ends: the same answers lead to the same plan and the same journal."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cgwizard.changes.journal import Entry, Journal
from cgwizard.errors import ExitCode
from cgwizard.guide.guide import Guide
from cgwizard.plan import answers_file
from cgwizard.plan import model as plan
from tests.support.front_ends import applied, comparable, plainly, session_of
from tests.support.ports import free_port
from tests.support.practice_world import practice_world

Outcome = tuple[plan.Plan, list[Entry], list[tuple[str, str]]]


def outcome(session: Guide) -> Outcome:
    assert session.plan.connect is not None
    here = plan.Connect("http://nexus", session.plan.connect.user)
    proofs = [(p.reference, p.finished.digest) for p in session.proofs]
    assert all(p.verified for p in session.proofs)
    token = session.plan.token
    assert token is not None
    # Each practice world has a Nexus on another port, and another token.
    members = {name: getattr(session.plan, name) for name in plan.Plan.__struct_fields__}
    members["connect"] = here
    members["token"] = plan.Token(
        token.mode, token.organization, "", token.name, token.port, token.scheme
    )
    return plan.Plan(**members), session.journal.entries, proofs


def by_screens(session: Guide) -> None:
    """Enter, and nothing else, as a user who takes what is proposed."""
    from cgwizard.app import Wizard

    async def drive() -> None:
        app = Wizard(session)
        async with app.run_test(size=(80, 24)) as pilot:
            for _ in range(3000):
                screen = app.screen
                step, busy = getattr(screen, "step", None), getattr(screen, "busy", True)
                if step is session.steps.finish and not busy:
                    return
                if step is not None and not busy:
                    await pilot.press("enter")
                await pilot.pause(0.02)
        raise AssertionError("the screens do not come to the end")

    asyncio.run(drive())


def without_token(entries: list[Entry], username: str) -> str:
    """The journal as text, without what differs from world to world."""
    return str(comparable(entries)).replace(username, "USER")


@pytest.mark.parametrize("mode", ["separate", "add"])
def test_every_step_by_screens_by_prompts_and_unattended(
    tmp_path: Path, mode: plan.TokenMode
) -> None:
    outcomes: dict[str, tuple[plan.Plan, str, list[tuple[str, str]]]] = {}
    recorded = ""
    ports = free_port(), free_port()
    for way in ("screens", "prompts", "apply"):
        with practice_world() as world:
            world.start()
            if way == "apply":
                code, events, session = applied(
                    world, answers_file.parse(recorded).plan, journals=tmp_path
                )
                assert code == ExitCode.DONE, events
            else:
                session = session_of(world)
                session.journal = Journal(tmp_path)
                # Not what is proposed: that depends on what else listens on this machine.
                session.steps.routing.set("port", str(ports[0]))
                session.steps.token.set("port", str(ports[1]))
                session.steps.token.set("mode", mode)
                if way == "screens":
                    by_screens(session)
                    session.close()
                else:
                    code_, told = plainly(session)
                    assert code_ == ExitCode.DONE, told
            assert {step.state for step in session.steps[:-1]} == {"done"}, way
            recorded = session.steps.finish.answers()
            found, entries, proofs = outcome(session)
            text = without_token(entries, world.info.pull_token.username)
            outcomes[way] = (found, text, proofs)
    assert outcomes["screens"] == outcomes["prompts"]
    assert outcomes["screens"] == outcomes["apply"]
    found, text, proofs = outcomes["apply"]
    assert all(getattr(found, part) is not None for part in plan.Plan.__struct_fields__)
    assert len(proofs) == 2
    created = "create the docker proxy chainguard-private" in text
    changed = "change the docker proxy chainguard'" in text
    assert (created, changed) == (mode == "separate", mode == "add")
