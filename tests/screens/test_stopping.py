"""Escape while a step works: the screen is the user's again within a second."""

from __future__ import annotations

import time

from textual.pilot import Pilot

from cgwizard.app import Wizard
from cgwizard.practice.faults.middleware import FaultMiddleware
from cgwizard.practice.faults.no_answer import NexusNoAnswer
from cgwizard.practice.world import PracticeWorld
from tests.screens.test_screens import drive, keys, until, until_key
from tests.support.faulty_nexus import names
from tests.support.guide import session_of

SOON = 1.0  # seconds


async def stop(app: Wizard, pilot: Pilot[int], fault: NexusNoAnswer, back: str) -> None:
    """Press Escape once a request gets no answer; then ``back`` is among the keys, soon."""
    await until(pilot, fault.reached.is_set, "a request without an answer")
    assert "esc cancel" in keys(app)
    await pilot.press("escape")
    began = time.monotonic()
    while back not in keys(app):
        await pilot.pause(0.02)
        assert time.monotonic() - began < SOON


def test_each_step_is_done_again_after_it_was_stopped(
    middleware: FaultMiddleware, world: PracticeWorld
) -> None:
    session = session_of(world)

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        for action, after in (
            ("connect", "continue"),
            ("use port", ""),
            ("create chainguard", "continue"),
            ("check the token", ""),
            ("create these 3", "continue"),
        ):
            await until_key(app, pilot, f"enter {action}")
            fault = NexusNoAnswer()
            rule = middleware.rule("", fault, after=0 if action != "connect" else 1)
            await pilot.press("enter")
            await stop(app, pilot, fault, f"enter {action}")
            middleware.rules.remove(rule)
            await pilot.press("enter")
            if after:
                await until_key(app, pilot, f"enter {after}")
                await pilot.press("enter")
        await until_key(app, pilot, "enter pull")
        await pilot.press("f2")
        await until_key(app, pilot, "look again")
        fault = NexusNoAnswer()
        rule = middleware.rule("", fault)
        await pilot.press("enter")
        await stop(app, pilot, fault, "look again")
        middleware.rules.remove(rule)
        await pilot.press("escape")
        await until_key(app, pilot, "enter pull")

    drive(session, play)
    assert {"chainguard", "chainguard-private"} <= names(world)
    made = [entry.repository for entry in session.journal.made()]
    assert made == [
        "chainguard",
        "chainguard-private",
        "chainguard-private-pull",
        "pull-chainguard-private",
    ]


def test_the_first_proof_outlives_the_second_pull_s_being_stopped(world: PracticeWorld) -> None:
    session = session_of(world)

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        for action in ("connect", "continue", "use port", "create", "continue", "check the token",
                       "create", "continue"):  # fmt: skip
            await until_key(app, pilot, f"enter {action}")
            await pilot.press("enter")
        await until_key(app, pilot, "enter pull")
        pull = session.steps.pull
        world.registry.throttle.speed = 4_000_000.0
        await pilot.press("enter")
        await until(pilot, lambda: len(session.proofs) == 1, "the first proof")
        world.registry.throttle.speed = 400_000.0
        await until(pilot, lambda: "example.com" in pull.progress.reference, "the second pull")
        await until(pilot, lambda: pull.progress.totals is not None, "bytes come")
        first = session.proofs[0]
        await pilot.press("escape")
        await until_key(app, pilot, "enter pull the other image")
        assert session.proofs == [first]
        assert pull.checks["free-pull"].state == "done"
        assert not any(check.startswith("private") for check in pull.checks)
        world.registry.throttle.speed = 1e9
        await pilot.press("enter")
        await until_key(app, pilot, "enter continue")
        assert session.proofs[0] is first, "it was not pulled again"
        assert [proof.verified for proof in session.proofs] == [True, True]

    drive(session, play)
