"""The agreement of a fresh Community Edition, accepted unattended: told by undo, never undone."""

from __future__ import annotations

from pathlib import Path

from cgwizard.plan import answers_file
from cgwizard.plan import model as plan
from cgwizard.practice.faults.middleware import FaultMiddleware
from tests.support.faulty_nexus import faulty_world
from tests.whole.test_going_on import command


def test_undo_tells_of_the_accepted_agreement(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    with faulty_world(FaultMiddleware(), preset="fresh") as world:
        url, password = world.info.nexus_url, world.info.password.reveal()
        connect = plan.Connect(url, "admin", accept_eula=True)
        chosen = answers_file.of(plan.Plan(connect=connect), answers_file.Secrets("env:PW"))
        path.write_text(answers_file.write(chosen))
        command("apply", str(path), PW=password)
        assert world.state.eula_accepted
        told = command("undo", "--yes", "--password-from", "env:PW", PW=password)
        assert f"Cannot be undone in {url}: accept the license agreement, " in told.stdout
        assert "removed chainguard" in told.stdout, told.stderr
        assert world.state.eula_accepted
        again = command("undo", PW=password)
        assert "Cannot be undone" in again.stdout
        assert "There is nothing to undo" in again.stdout
