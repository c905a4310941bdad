"""Each fault during `cgwizard pull` as a process: its exit code, its messages for users and
programs, and that it leaves no files."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cgwizard.practice.faults.base import ConnectionFault
from cgwizard.practice.faults.body_too_long import BodyTooLong
from cgwizard.practice.faults.chunked_body import ChunkedBody
from cgwizard.practice.faults.connection_cut import ConnectionCut
from cgwizard.practice.faults.connection_reset import ConnectionReset
from cgwizard.practice.faults.corrupt_body import CorruptBody
from cgwizard.practice.faults.endless_headers import EndlessHeaders
from cgwizard.practice.faults.endless_interim_answers import EndlessInterimAnswers
from cgwizard.practice.faults.gateway_page import GatewayPage
from cgwizard.practice.faults.login_wrong import LoginWrong
from cgwizard.practice.faults.no_answer import NoAnswer
from cgwizard.practice.faults.no_content_length import NoContentLength
from cgwizard.practice.faults.not_http import NotHttp
from cgwizard.practice.faults.other_answer import OtherAnswer
from cgwizard.practice.faults.proxy import FaultProxy
from cgwizard.practice.faults.range_ignored import RangeRemoved
from cgwizard.practice.faults.redirect_loop import RedirectLoop
from cgwizard.practice.faults.stalled import StalledBody
from cgwizard.practice.faults.wrong_header import WrongHeader
from cgwizard.registry.retry import RetryPolicy
from tests.conftest import CANARY, leaks
from tests.support.faulty_pull import NAME, Pull, Spot, sound_layout
from tests.support.programs import needs

pytestmark = needs("docker-registry")

BRIEF = RetryPolicy(
    stall_seconds=0.5,
    answer_seconds=1,
    blob_answer_seconds=1,
    fetch_seconds=1,
    tries=2,
    first_pause=0.01,
    longest_pause=0.05,
)
# The command itself, with less patience than a user's.
HURRIED = """
import json, sys
from cgwizard.registry.client import Registry
from cgwizard.registry.retry import RetryPolicy
Registry.__init__.__kwdefaults__["patience"] = RetryPolicy(**json.loads(sys.argv.pop(1)))
from cgwizard.cli import main
main()
"""
LINES = ("  tried:        ", "  came back:    ", "  likely cause: ", "  next step:    ")
PAGE = b"<html><title>Sign in to the guest network</title></html>"
NO_ANSWER, SIGN_IN, NOT_THERE, WRONG_BYTES = 10, 11, 12, 13


def start(proxy: FaultProxy, folder: Path, *more: str) -> subprocess.Popen[str]:
    image = f"127.0.0.1:{proxy.port}/{NAME}"
    arguments = ["pull", image, "--platform", "linux/amd64", "--output", str(folder / "out")]
    return subprocess.Popen(
        [sys.executable, "-c", HURRIED, json.dumps(msgspec.to_builtins(BRIEF)), *arguments, *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str], typed: str = "") -> tuple[int, str, str]:
    with process:
        out, errors = process.communicate(typed, timeout=60)
    assert "Traceback" not in errors
    return process.returncode, out, errors


def last_of(out: str) -> dict[str, Any]:
    *_, last = map(json.loads, out.splitlines())
    told: dict[str, Any] = last
    return told


CASES: list[tuple[str, str, ConnectionFault, int, str, str]] = [
    ("cut", "middle", ConnectionCut(0, reset=False), NO_ANSWER, "registry-cut", "received 0 bytes"),
    ("reset", "first", ConnectionReset(), NO_ANSWER, "registry-cut", "reset by peer"),
    ("stall", "last", StalledBody(9), NO_ANSWER, "registry-stalled", "one byte for 0.5 seconds"),
    ("silent", "config", NoAnswer(), NO_ANSWER, "registry-no-answer", "no answer came in time"),
    ("interim", "index", EndlessInterimAnswers(), NO_ANSWER, "registry-no-answer", "in time"),
    ("corrupt", "last", CorruptBody(7), WRONG_BYTES, "digest-mismatch", "bytes with digest"),
    ("longer", "first", BodyTooLong(), WRONG_BYTES, "size-mismatch", "bytes announced"),
    ("unsaid", "last", ChunkedBody(b"!"), WRONG_BYTES, "size-mismatch", "more bytes than"),
    ("shorter", "middle", ChunkedBody(short=1), NO_ANSWER, "registry-cut", "the end after"),
    ("page", "middle", GatewayPage(PAGE), NO_ANSWER, "registry-not-here", "a web page (Sign in"),
    ("type", "manifest", WrongHeader("Content-Type", "application/vnd.oci.image.index.v1+json"),
     WRONG_BYTES, "manifest-invalid", "calls itself"),
    ("range", "first", OtherAnswer("206 Partial Content", b"x", Content_Range="bytes 0-0/1"),
     NO_ANSWER, "range-wrong", "206 with the range"),
    ("circle", "last", RedirectLoop(), NO_ANSWER, "redirect-loop", "more than 5 redirects"),
    ("flood", "index", EndlessHeaders(), NO_ANSWER, "registry-answer", "headers without end"),
    ("rubbish", "middle", NotHttp(), NO_ANSWER, "registry-answer", "illegal status line"),
    ("failing", "config", OtherAnswer("502 Bad Gateway"), NO_ANSWER, "registry-unavailable",
     "502 Bad Gateway"),
    ("limited", "first", OtherAnswer("429 Too Many Requests", Retry_After="900"), NO_ANSWER,
     "rate-limited", "again after 900 seconds"),
    ("no-login", "manifest", LoginWrong(), SIGN_IN, "no-login", "401 Unauthorized"),
    ("gone", "middle", OtherAnswer("404 Not Found", b'{"errors":[{"code":"BLOB_UNKNOWN"}]}',
     Content_Type="application/json"), NOT_THERE, "blob-unknown", "404 Not Found: BLOB_UNKNOWN"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("spot", "fault", "status", "code", "words"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
    indirect=["spot"],
)
def test_failure_is_told_to_people_and_programs(
    proxy: FaultProxy,
    spot: Spot,
    tmp_path: Path,
    fault: ConnectionFault,
    status: int,
    code: str,
    words: str,
) -> None:
    proxy.rule(spot.target, fault, before=RangeRemoved())
    running = [
        start(proxy, tmp_path / kind, *more) for kind, more in (("a", ()), ("b", ("--json",)))
    ]
    (for_people, out, errors), (for_programs, events, nothing) = map(ended, running)
    assert (for_people, for_programs) == (status, status)
    # Four lines for users, which fit on their screen.
    first, *told = errors.splitlines()
    assert first == f"cgwizard: {code}"
    assert [line[: len(begin)] for line, begin in zip(told, LINES, strict=True)] == list(LINES)
    assert spot.named in told[0]
    assert words in told[1]
    assert sum(len(textwrap.wrap(line, 80)) for line in told) <= 12
    assert "pulled" not in out
    # One object for programs, and nothing else that they would have to read.
    last = last_of(events)
    assert (last["event"], last["code"]) == ("failed", code)
    assert words in last["message"]
    assert words in last["came_back"]
    assert last["next_step"] in told[3]
    assert nothing == ""
    assert not any(path for kind in "ab" for path in (tmp_path / kind).iterdir())


HALF = 100_000
MENDED: list[tuple[str, ConnectionFault, ConnectionFault | None]] = [
    ("cut", ConnectionCut(HALF), None),
    ("cut-without-ranges", ConnectionCut(HALF), RangeRemoved()),
    ("stall", StalledBody(HALF), None),
    ("corrupt", CorruptBody(HALF), None),
    ("short", NoContentLength(short=9), None),
    ("failing", OtherAnswer("503 Service Unavailable", Retry_After="0"), None),
]


@pytest.mark.parametrize(
    ("fault", "before"), [case[1:] for case in MENDED], ids=[case[0] for case in MENDED]
)
@pytest.mark.parametrize("spot", ["middle"], indirect=True)
def test_what_can_be_mended_is_and_is_told(
    proxy: FaultProxy,
    spot: Spot,
    faulty: Pull,
    tmp_path: Path,
    fault: ConnectionFault,
    before: ConnectionFault | None,
) -> None:
    proxy.rule(spot.target, fault, times=1, before=before)
    proxy.rule(spot.target, before or ConnectionFault())
    status, out, errors = ended(start(proxy, tmp_path / "a", "--json"))
    assert (status, errors) == (0, "")
    last = last_of(out)
    assert (last["event"], last["retries"]) == ("finished", 1)
    assert last["digest"] == faulty.made.digest
    states = [json.loads(line).get("state") for line in out.splitlines() if spot.digest in line]
    assert "retrying" in states
    folder = tmp_path / "a" / "out"
    sound_layout(folder)
    blob = folder / "blobs" / spot.digest.replace(":", "/")
    assert blob.read_bytes() == spot.data


def test_password_that_was_refused_is_sent_once(proxy: FaultProxy, tmp_path: Path) -> None:
    proxy.rule("", LoginWrong())
    process = start(proxy, tmp_path, "--username", "admin", "--password-stdin")
    status, out, errors = ended(process, CANARY)
    assert status == SIGN_IN
    assert "401 Unauthorized" in errors
    assert not leaks((out + errors).encode())
    assert sum("authorization" in asked.headers for asked in proxy.requests) == 1
