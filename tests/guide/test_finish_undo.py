"""The undo of Finish, where others were quicker: what stays is reported, and not called undone."""

from __future__ import annotations

import msgspec

from cgwizard.cancel import Cancel
from cgwizard.guide.shown import Check
from cgwizard.guide.step import run_checked
from cgwizard.practice.world import PracticeWorld
from tests.support.front_ends import session_of
from tests.support.guide import walk


def test_what_others_changed_before_and_after_the_question(world: PracticeWorld) -> None:
    session = session_of(world)
    walk(session)
    finish, cancel = session.steps.finish, Cancel()
    told: list[Check] = []

    def wait(seconds: int) -> None:
        """As others change it."""
        found = session.nexus.docker_proxy("chainguard")
        assert found is not None
        cache = msgspec.structs.replace(found.negative_cache, time_to_live=seconds)
        session.nexus.update_docker_proxy(msgspec.structs.replace(found, negative_cache=cache))

    def ask() -> None:
        told.clear()
        run_checked(finish, lambda r, c: finish.do("undo", r, c), told.append, cancel)
        assert finish.problem is None

    def confirm() -> None:
        run_checked(finish, finish.act, told.append, cancel)
        assert finish.problem is None

    wait(60)
    ask()
    confirm()
    assert session.docker_proxy("chainguard-private") is None
    assert not finish.undone, "the other one stays"

    ask()
    assert finish.fix is None
    warned = [check.label for check in told if check.state == "warning"]
    assert warned == ["leave chainguard alone: negativeCache.timeToLive is 60, was left as 1440"]

    wait(1440)
    ask()
    wait(60)
    confirm()
    assert not finish.undone, "changed since it was asked"

    wait(1440)
    ask()
    confirm()
    assert finish.undone
    assert session.docker_proxy("chainguard") is None


def test_nothing_is_said_of_what_is_gone(world: PracticeWorld) -> None:
    session = session_of(world)
    walk(session)
    finish, cancel = session.steps.finish, Cancel()
    assert finish.commands()
    assert "The pull token ends" in finish.context
    run_checked(finish, lambda r, c: finish.do("undo", r, c), lambda _check: None, cancel)
    run_checked(finish, finish.act, lambda _check: None, cancel)
    assert finish.undone
    assert finish.commands() == ()
    assert finish.results() == ()
    assert finish.context == ""
    assert not [action for action in finish.others() if action.id == "save"]
    assert "docker" not in finish.text()
    made = (session.steps.developer, session.steps.token, session.steps.pull)
    assert not [step.id for step in made if step.through], "they are done again"
    walk(session)
    assert finish.commands()
