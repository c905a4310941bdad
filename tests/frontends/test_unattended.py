"""The guide without a user: what it does, says and leaves alone."""

from __future__ import annotations

import gc
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from cgwizard.errors import ExitCode, WizardError
from cgwizard.frontends.unattended import Ended, Preview, Stopped
from cgwizard.nexus.client import NexusClient
from cgwizard.plan import answers_file
from cgwizard.plan import model as plan
from cgwizard.practice.world import PracticeWorld
from cgwizard.runs.lock import Lock
from cgwizard.secrets.secret import Credentials
from tests.conftest import leaks
from tests.support.front_ends import NO_NETWORK, applied, session_of
from tests.support.ports import free_port
from tests.support.practice_world import practice_world

COMMAND = str(Path(sys.executable).parent / "cgwizard")


def chosen(world: PracticeWorld, mode: plan.TokenMode = "separate") -> plan.Plan:
    return plan.Plan(
        developer=plan.Developer(),
        token=plan.Token(mode, organization=world.info.organization),
    )


def ended(events: list[object]) -> Ended:
    (last,) = (e for e in events if isinstance(e, Ended))
    return last


def admin(world: PracticeWorld) -> NexusClient:
    return NexusClient(world.info.nexus_url, Credentials(world.info.username, world.info.password))


@pytest.mark.parametrize("mode", ["separate", "add", "skip"])
def test_the_second_time_nothing_is_changed(world: PracticeWorld, mode: plan.TokenMode) -> None:
    code, events, first = applied(world, chosen(world, mode))
    assert code == ExitCode.DONE, events
    # Of a separate repository: itself, its role and its pull user.
    assert ended(list(events)).changes == {"separate": 4, "add": 2, "skip": 1}[mode]
    assert len(ended(list(events)).verified) == (1 if mode == "skip" else 2)
    with admin(world) as client:
        before = client.repositories()
        code, events, second = applied(world, first.plan)
        assert code == ExitCode.DONE, events
        assert ended(list(events)).changes == 0
        assert second.journal.made() == []
        assert client.repositories() == before
    assert second.plan.routing == first.plan.routing
    assert second.plan.token == first.plan.token


def test_a_dry_run_shows_every_request_and_sends_none(world: PracticeWorld) -> None:
    with admin(world) as client:
        before = client.repositories()
        code, events, session = applied(world, chosen(world), dry_run=True)
        assert client.repositories() == before
    assert code == ExitCode.DONE
    assert ended(list(events)).outcome == "dry-run"
    assert ended(list(events)).changes == 4
    previews = [e for e in events if isinstance(e, Preview)]
    requests = [line.rpartition("/")[2] for line in previews[1].lines if line.startswith("POST ")]
    assert requests == ["proxy", "roles", "users"]
    assert [p.action for p in previews] == ["create chainguard", "create chainguard-private"]
    assert all(p.dry_run and p.lines[0].startswith("POST ") for p in previews)
    assert session.journal.entries == []


def test_what_others_made_is_not_touched_unasked(world: PracticeWorld) -> None:
    _, _, session = applied(world, chosen(world, "skip"))
    with admin(world) as client:
        found = client.docker_proxy("chainguard")
        assert found is not None
        other = msgspec.structs.replace(
            found, negative_cache=msgspec.structs.replace(found.negative_cache, enabled=False)
        )
        client.update_docker_proxy(other)
        kept = client.docker_proxy("chainguard")
        wanted = msgspec.structs.replace(
            session.plan, routing=plan.Routing(session.routing.port + 500)
        )
        code, events, _ = applied(world, wanted)
        assert code == ExitCode.FAILED
        (stopped,) = (e for e in events if isinstance(e, Stopped))
        assert stopped.code == "repository-exists"
        assert "existing" in stopped.next_step
        assert client.docker_proxy("chainguard") == kept


def test_a_blob_store_that_is_not_there_is_not_replaced_by_another(world: PracticeWorld) -> None:
    wanted = plan.Plan(developer=plan.Developer(blob_store="fast"))
    code, events, session = applied(world, wanted)
    assert code == ExitCode.FAILED
    assert [e.code for e in events if isinstance(e, Stopped)] == ["blob-store-unknown"]
    assert session.journal.entries == []


def test_the_agreement_is_accepted_only_by_the_answers() -> None:
    with practice_world(preset="fresh") as world:
        world.start()
        code, events, _ = applied(world, plan.Plan())
        assert code == ExitCode.FAILED
        assert [e.code for e in events if isinstance(e, Stopped)] == ["nexus-eula"]
        agreed = plan.Plan(connect=plan.Connect(world.info.nexus_url, "admin", accept_eula=True))
        code, events, _ = applied(world, agreed)
        assert code == ExitCode.DONE, events


@pytest.mark.parametrize("accepts", [False, True])
def test_a_dry_run_shows_the_whole_plan_before_an_agreement_that_nobody_accepted(
    accepts: bool,
) -> None:
    with practice_world(preset="fresh") as world:
        world.start()
        connect = plan.Connect(world.info.nexus_url, "admin", accept_eula=accepts)
        token = plan.Token("separate", organization=world.info.organization)
        code, events, session = applied(
            world, plan.Plan(connect=connect, token=token), dry_run=True
        )
        stopped = [e for e in events if isinstance(e, Stopped)]
        previews = [e.action for e in events if isinstance(e, Preview)]
        if accepts:
            assert code == ExitCode.DONE
            assert stopped == []
            assert previews.pop(0) == "accept the license agreement"
        else:
            assert code == ExitCode.FAILED, "it would not come to its end"
            assert [e.code for e in stopped] == ["nexus-eula"]
            assert "accept-eula = true" in stopped[0].next_step
        assert previews == ["create chainguard", "create chainguard-private"]
        assert ended(list(events)).outcome == "dry-run"
        assert ended(list(events)).exit_code == code
        assert not world.call(lambda: world.state.eula_accepted)
        assert session.journal.entries == []


@pytest.mark.parametrize("there", [False, True])
def test_a_dry_run_adds_the_token_to_the_repository_that_it_would_make(
    world: PracticeWorld, there: bool
) -> None:
    if there:
        applied(world, chosen(world, "skip"))
    code, events, _ = applied(world, chosen(world, "add"), dry_run=True)
    assert code == ExitCode.DONE
    requests = [
        e.lines[0].split("/service")[0][:4].strip() for e in events if isinstance(e, Preview)
    ]
    assert requests == (["PUT"] if there else ["POST", "PUT"])
    put = [e for e in events if isinstance(e, Preview)][-1]
    assert put.lines[0].endswith("/docker/proxy/chainguard")
    assert ended(list(events)).changes == len(requests)
    with admin(world) as client:
        assert (client.docker_proxy("chainguard") is not None) == there


def test_garbage_is_looked_for_while_it_runs(world: PracticeWorld) -> None:
    """The command line starts without, for a quick start."""
    gc.disable()
    try:
        applied(world, chosen(world, "skip"), dry_run=True)
        assert gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "wanted",
    [
        plan.Plan(token=plan.Token("separate")),
        plan.Plan(developer=plan.Developer("With Blank")),
        plan.Plan(pull=plan.Pull(platform="linux")),
        plan.Plan(routing=plan.Routing(0)),
    ],
)
def test_answers_that_are_not_enough_are_a_usage_error_and_nothing_is_tried(
    world: PracticeWorld, wanted: plan.Plan
) -> None:
    with pytest.raises(WizardError) as caught:
        applied(world, wanted)
    assert caught.value.code == "answers-incomplete"
    assert caught.value.exit_code == ExitCode.USAGE
    with admin(world) as client:
        assert client.docker_proxy("chainguard") is None


def test_an_answer_that_turns_out_wrong_on_the_way_is_a_failure_that_is_told(
    world: PracticeWorld,
) -> None:
    port = free_port()
    token = plan.Token("separate", organization=world.info.organization, port=port)
    wanted = plan.Plan(routing=plan.Routing(port), token=token)
    code, events, _ = applied(world, wanted)
    assert code == ExitCode.FAILED
    (stopped,) = (e for e in events if isinstance(e, Stopped))
    assert stopped.code == "answers-incomplete"
    assert "token.port" in stopped.came_back
    assert ended(list(events)).outcome == "failed"


# What docs/unattended.md says of the events


def documented() -> dict[str, set[str]]:
    """Members by event, from the page's table; a pull's events are described elsewhere."""
    page = (Path(__file__).parents[2] / "docs" / "unattended.md").read_text()
    table = page.partition("## Events")[2].partition("## ")[0]
    rows = [line.split("|")[1:3] for line in table.splitlines() if line.startswith("| `")]
    found: dict[str, set[str]] = {}
    for events, members in rows:
        told = set(re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", members)))
        found |= {event: told for event in re.findall(r"`(\w+)`", events)}
    return found


def test_every_line_is_an_event_as_the_page_says(world: PracticeWorld, tmp_path: Path) -> None:
    path = site(world, tmp_path / "site.toml", "env:NEXUS_PW")
    env = {"NEXUS_PW": world.info.password.reveal()}
    lines = command(str(path), "--dry-run", "--json", env=env).stdout.splitlines()
    lines += command(str(path), "--json", env=env).stdout.splitlines()
    wrong = {"NEXUS_PW": "not the password"}
    lines += command(str(path), "--json", env=wrong).stdout.splitlines()
    page, seen = documented(), set[str]()
    for line in lines:
        event = json.loads(line)
        name = event.pop("event")
        seen.add(name)
        assert name in page, line
        if name not in {"resolved", "layer", "totals", "finished"}:  # of docs/pull.md
            assert event.keys() == page[name], name
    assert seen == page.keys(), "each kind of event was seen"


def live(
    world: PracticeWorld, folder: Path, check: str, registry: str, *options: str
) -> subprocess.CompletedProcess[str]:
    """The command with a pull token, against the practice Nexus as a live one."""
    token = world.info.pull_token
    connect = plan.Connect(world.info.nexus_url, world.info.username)
    chosen = plan.Plan(
        registry=plan.Registry(registry),
        connect=connect,
        routing=plan.Routing(free_port()),
        token=plan.Token("separate", world.info.organization, port=free_port(), check=check),  # type: ignore[arg-type]
    )
    path = folder / "site.toml"
    sources = answers_file.Secrets("env:NEXUS_PW", "env:TOKEN")
    path.write_text(answers_file.write(answers_file.of(chosen, sources)))
    env = {
        "NEXUS_PW": world.info.password.reveal(),
        "TOKEN": f"{token.username} {token.password.reveal()}",
    }
    return command(str(path), *options, env=env)


def test_a_machine_that_may_not_reach_the_registry_goes_on_by_choice(
    world: PracticeWorld, tmp_path: Path
) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    asked = live(world, tmp_path, "registry", nowhere)
    assert asked.returncode == ExitCode.FAILED
    assert "registry-refused" in asked.stdout
    assert 'set check = "nexus" under [token]' in asked.stdout
    done = live(world, tmp_path, "nexus", nowhere, "--json")
    assert done.returncode == ExitCode.DONE, done.stdout
    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["outcome"], last["verified"], len(last["not_compared"])) == ("done", [], 2)
    told = live(world, tmp_path, "nexus", nowhere)
    assert told.returncode == ExitCode.DONE
    assert "verified " not in told.stdout
    assert told.stdout.count("its digest was not compared with the registry's") == 2


def test_another_registry_is_asked_in_place_of_cgr_dev(
    world: PracticeWorld, tmp_path: Path
) -> None:
    """The option wins over the answers."""
    nowhere, there = f"http://127.0.0.1:{free_port()}", world.info.registry_url
    done = live(world, tmp_path, "registry", nowhere, "--registry", there)
    assert done.returncode == ExitCode.DONE, done.stdout
    name = there.removeprefix("http://")
    assert f"from here, {there} is asked in place of cgr.dev" in done.stdout
    assert f"{name} accepts it for {world.info.organization}" in done.stdout
    assert done.stdout.count(f"same digest at {name}") == 2
    assert done.stdout.count("\nverified ") == 2


@pytest.mark.parametrize(
    "url", ["mirror.example.com", "ftp://x", "https://", "https://a:b@c", "x y"]
)
def test_what_is_no_registry_is_a_wrong_command_line(tmp_path: Path, url: str) -> None:
    path = tmp_path / "site.toml"
    path.write_text("")
    done = command(str(path), "--registry", url)
    assert done.returncode == ExitCode.USAGE
    assert "--registry is a URL" in done.stderr
    path.write_text(f"[registry]\nurl = '{url}'")
    done = command(str(path))
    assert done.returncode == ExitCode.USAGE
    assert "registry.url" in done.stderr


def test_a_rehearsal_has_a_registry_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text("")
    done = command(str(path), "--practice", "--registry", "https://mirror.example.com")
    assert done.returncode == ExitCode.USAGE


# The command


def command(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, "apply", *arguments], check=False, capture_output=True, text=True, timeout=90,
        stdin=subprocess.DEVNULL, env={**os.environ, **NO_NETWORK, **(env or {})},
    )  # fmt: skip


def site(world: PracticeWorld, path: Path, source: str) -> Path:
    connect = plan.Connect(world.info.nexus_url, world.info.username)
    wanted = answers_file.of(plan.Plan(connect=connect), answers_file.Secrets(source))
    path.write_text(answers_file.write(wanted))
    return path


def test_json_is_one_event_a_line_and_the_exit_code_says_how_it_ended(
    world: PracticeWorld, tmp_path: Path
) -> None:
    path = site(world, tmp_path / "site.toml", "env:NEXUS_PW")
    env = {"NEXUS_PW": world.info.password.reveal()}
    done = command(str(path), "--json", env=env)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert {"step", "check", "change", "resolved", "layer", "finished", "end"} <= {
        e["event"] for e in events
    }
    assert events[-1]["event"] == "end"
    assert events[-1]["exit_code"] == done.returncode == 0, done.stdout[-800:] + done.stderr
    assert events[-1]["changes"] == 1
    assert not leaks((done.stdout + done.stderr).encode())
    again = command(str(path), env=env)
    assert again.returncode == 0
    assert "\nNothing had to be changed.\n" in again.stdout
    assert "\x1b" not in again.stdout


def test_a_finished_run_offers_its_answers_with_what_it_found(
    world: PracticeWorld, tmp_path: Path
) -> None:
    path = site(world, tmp_path / "site.toml", "env:NEXUS_PW")
    env = {"NEXUS_PW": world.info.password.reveal()}
    done = command(str(path), env=env)
    assert "can be saved: --save-answers FILE.\n  # " in done.stdout
    whole = tmp_path / "whole"
    whole.write_text("what is there stays")
    done = command(str(path), "--save-answers", str(whole), env=env)
    assert done.returncode == 0
    assert f"saved the answers: {whole}-2; again: cgwizard apply {whole}-2" in done.stdout
    assert whole.read_text() == "what is there stays"
    saved = answers_file.parse(answers_file.text_of(tmp_path / "whole-2"))
    assert saved.routing
    assert saved.secrets == answers_file.parse(answers_file.text_of(path)).secrets
    complete = command(str(tmp_path / "whole-2"), env=env)
    assert "Nothing had to be changed.\n  # " in complete.stdout, "nothing is left to offer"
    nowhere = tmp_path / "none" / "whole.toml"
    done = command(str(path), "--save-answers", str(nowhere), env=env)
    assert done.returncode == 1
    assert "problem: file-not-saved" in done.stdout
    assert "Failed: 0 changes made" in done.stdout


@pytest.mark.parametrize("rehearsal", ["--dry-run", "--practice"])
def test_nothing_of_a_rehearsal_is_saved(tmp_path: Path, rehearsal: str) -> None:
    path = tmp_path / "site.toml"
    path.write_text("[connect]\nurl = 'https://nexus.example.com'\nuser = 'deploy'\n")
    done = command(str(path), rehearsal, "--save-answers", str(tmp_path / "whole.toml"))
    assert done.returncode == 2
    assert "leave --save-answers out" in done.stderr


def test_the_secret_is_taken_from_a_file_of_ones_own(world: PracticeWorld, tmp_path: Path) -> None:
    secret = tmp_path / "pw"
    secret.write_text(world.info.password.reveal() + "\n")
    secret.chmod(0o644)
    path = site(world, tmp_path / "site.toml", f"file:{secret}")
    refused = command(str(path), "--dry-run")
    assert refused.returncode == 2
    assert "secret-file-open-to-others" in refused.stderr
    secret.chmod(0o600)
    done = command(str(path), "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "Dry run: 1 change would be made" in done.stdout


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[routing]\nprot = 1\n", ":2: routing.prot: there is no such key"),
        ("[routing]\nport = 1\n", "[connect] is missing"),
        ("[connect]\nurl = 'http://127.0.0.1:9'\nuser = 'a'\n[secrets]\n"
         "nexus-password = 'env:NO_SUCH'\n", "NO_SUCH"),
    ],
)  # fmt: skip
def test_wrong_answers_end_before_anything_is_tried(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "site.toml"
    path.write_text(text)
    done = command(str(path))
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[developer]\nname = 'With Blank'\n", ":5: developer.name: "),
        ("[developer]\nremote-url = 'http://x'\n", ":5: developer.remote-url: "),
        ("[pull]\nplatform = ''\nfree-image = 'UPPER'\n", ":6: pull.free-image: "),
        ("[token]\nmode = 'separate'\n", ":4: token.organization: "),
        ("[token]\nmode = 'add'\n[pull]\nprivate-image = 'x'\n", ":7: pull.private-image: "),
    ],
)
def test_a_value_that_no_step_takes_is_told_with_its_place(
    tmp_path: Path, text: str, told: str
) -> None:
    path = tmp_path / "site.toml"
    secrets = "[secrets]\nnexus-password = 'env:PW'\npull-token = 'env:PW'\n"
    path.write_text(f"[connect]\nurl = 'http://127.0.0.1:9'\nuser = 'a'\n{text}{secrets}")
    done = command(str(path), env={"PW": "otter-harbour-42"})
    assert done.returncode == 2
    assert f"{path}{told}" in done.stderr
    assert done.stdout == ""


def test_a_keyring_that_does_not_work_here_is_a_usage_error(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text("[connect]\nurl = 'http://127.0.0.1:9'\nuser = 'a'\n")
    done = command(str(path), env={"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"})
    assert done.returncode == 2
    assert "keyring-none" in done.stderr
    assert "or name env:VARIABLE or file:PATH" in done.stderr
    assert "memory" not in done.stderr, "nobody would be asked again"
    assert done.stdout == ""


def test_a_dry_run_leaves_nothing_to_go_on_with(world: PracticeWorld, tmp_path: Path) -> None:
    path = site(world, tmp_path / "site.toml", "env:NEXUS_PW")
    state = tmp_path / "state"
    env = {"NEXUS_PW": world.info.password.reveal(), "XDG_STATE_HOME": str(state)}
    assert command(str(path), "--dry-run", env=env).returncode == 0
    assert not state.exists()


def test_nobody_is_there_to_take_over_the_run_of_another(
    world: PracticeWorld, tmp_path: Path
) -> None:
    path = site(world, tmp_path / "site.toml", "env:NEXUS_PW")
    env = {"NEXUS_PW": world.info.password.reveal(), "XDG_STATE_HOME": str(tmp_path)}
    lock = Lock(tmp_path / "cgwizard" / "locks", world.info.nexus_url, "another")
    lock.acquire()
    try:
        done = command(str(path), env=env)
    finally:
        lock.release()
    assert done.returncode == 1
    assert "run-in-use" in done.stdout
    assert "wait until the other one has ended" in done.stdout
    assert command(str(path), env=env).returncode == 0


def test_a_fingerprint_may_be_in_capitals(world: PracticeWorld) -> None:
    session = session_of(world)
    connect = plan.Connect(world.info.nexus_url, "admin", fingerprint="AB" * 32)
    session.steps.connect.fill(plan.Plan(connect=connect))
    assert session.steps.connect.fingerprint == "ab" * 32
    session.close()


def test_a_dry_run_that_is_stopped_claims_no_changes(world: PracticeWorld, tmp_path: Path) -> None:
    path = site(world, tmp_path / "site.toml", "env:NEXUS_PW")
    token = world.info.pull_token
    with path.open("a") as file:
        file.write("[token]\nmode = 'separate'\norganization = 'example.com'\n")
    path.write_text(path.read_text().replace('pull-token = "keyring"', 'pull-token = "env:TOKEN"'))
    env = {
        "NEXUS_PW": world.info.password.reveal(),
        "TOKEN": f"{token.username} {token.password.reveal()}",
    }
    done = command(str(path), "--dry-run", env=env)
    assert done.returncode == 1
    assert "would create chainguard" in done.stdout
    assert done.stdout.endswith(
        "Dry run: the problem above would stop it. Nothing was changed in Nexus.\n"
    )


def test_rehearsing_needs_no_nexus(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text("[connect]\nurl = 'https://nexus.example.com'\nuser = 'deploy'\n")
    done = command(str(path), "--practice")
    assert done.returncode == 0, done.stdout[-500:] + done.stderr
    assert "Done: 1 change made." in done.stdout


def test_a_signal_ends_it_in_order(world: PracticeWorld, tmp_path: Path) -> None:
    """During a slow pull: what was made stays and is in the journal, the code says unfinished."""
    path = site(world, tmp_path / "site.toml", "env:NEXUS_PW")
    with practice_world(speed=200_000) as slow:
        slow.start()
        site(slow, path, "env:NEXUS_PW")
        process = subprocess.Popen(
            [COMMAND, "apply", str(path), "--json"], stdout=subprocess.PIPE, text=True,
            env={**os.environ, **NO_NETWORK, "NEXUS_PW": slow.info.password.reveal()},
        )  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            if '"event":"resolved"' in line:
                process.send_signal(signal.SIGTERM)
                break
        rest = process.stdout.read()
        assert process.wait(timeout=30) == ExitCode.UNFINISHED
        assert '"outcome":"cancelled"' in rest
        process.stdout.close()


def test_its_text_says_nothing_twice_and_ends_with_the_commands(
    world: PracticeWorld, tmp_path: Path
) -> None:
    """No heading of a step that is skipped, no line that was printed before."""
    path = site(world, tmp_path / "site.toml", "env:NEXUS_PW")
    done = command(str(path), env={"NEXUS_PW": world.info.password.reveal()})
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    headings = [line.partition(":")[0] for line in lines if re.match(r"[A-Z][a-z]+ [^:]*: ", line)]
    assert "Add token auth" not in headings
    assert "Test pull" in headings
    ok = [line for line in lines if line.startswith(("  ok  ", "  warning  ", "  skipped  "))]
    assert len(ok) == len(set(ok)) > 5
    after = lines[lines.index("Done: 1 change made.") + 1 :]
    assert all(line.startswith("  ") for line in after[1:] if line), "commands and files"
    assert any(line.startswith("  docker pull ") for line in after)


@pytest.mark.parametrize("mode", ["separate", "skip"])
def test_the_exit_code_of_a_dry_run_says_whether_something_would_change(
    world: PracticeWorld, tmp_path: Path, mode: plan.TokenMode
) -> None:
    path = tmp_path / "site.toml"
    connect = plan.Connect(world.info.nexus_url, world.info.username)
    wanted = msgspec.structs.replace(chosen(world, mode), connect=connect)
    sources = answers_file.Secrets("env:NEXUS_PW", "env:TOKEN")
    path.write_text(answers_file.write(answers_file.of(wanted, sources)))
    token = world.info.pull_token
    env = {
        "NEXUS_PW": world.info.password.reveal(),
        "TOKEN": f"{token.username} {token.password.reveal()}",
    }
    registry = ("--registry", world.info.registry_url)
    would = command(str(path), "--dry-run", "--exit-code", *registry, env=env)
    assert would.returncode == 4, would.stdout + would.stderr
    assert command(str(path), "--dry-run", *registry, env=env).returncode == 0
    whole = tmp_path / "whole.toml"
    made = command(str(path), "--save-answers", str(whole), *registry, env=env)
    assert made.returncode == 0, made.stdout + made.stderr
    again = command(str(whole), "--dry-run", "--exit-code", *registry, env=env)
    assert again.returncode == 0, again.stdout + again.stderr


def test_an_exit_code_for_changes_is_for_dry_runs(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text("[connect]\nurl = 'http://127.0.0.1:9'\nuser = 'deploy'\n")
    done = command(str(path), "--exit-code")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--exit-code is for --dry-run" in done.stderr
    nowhere = command(str(path), "--dry-run", "--exit-code", env={"NEXUS_PW": "x"})
    assert nowhere.returncode in {1, 2}, "what could not be looked at is no 0 and no 4"


def test_who_may_pull_comes_from_the_answers_with_a_password_from_the_environment(
    world: PracticeWorld, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    found = world.info.pull_token
    token.write_text(f"{found.username} {found.password.reveal()}")
    token.chmod(0o600)
    text = f"""
[connect]
url = "{world.info.nexus_url}"
user = "{world.info.username}"
[registry]
url = "{world.info.registry_url}"
[developer]
[token]
mode = "separate"
organization = "{world.info.organization}"
role = "images"
pull-user = "robot"
[secrets]
nexus-password = "env:NEXUS_PW"
pull-token = "file:{token}"
pull-user = "env:ROBOT_PW"
"""
    path = tmp_path / "site.toml"
    path.write_text(text)
    secret = "password-of-robot"
    env = {"NEXUS_PW": world.info.password.reveal(), "ROBOT_PW": secret}
    dry = command(str(path), "--dry-run", env=env)
    assert dry.returncode == 0, dry.stderr + dry.stdout
    assert "robot" not in world.state.users
    done = command(str(path), env=env)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "robot gets it; a signed-in user without the role is refused" in done.stdout
    assert world.state.users["robot"].roles == ["images"]
    assert world.state.users["robot"].password.reveal() == secret
    assert secret not in done.stdout + done.stderr + dry.stdout
