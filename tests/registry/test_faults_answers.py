"""Answers that are not the content: endless redirects and headers, refusals and rubbish, at each
part of an image. Each pull ends and reports what it received."""

from __future__ import annotations

import time

import pytest

from cgwizard.practice.faults.endless_headers import EndlessHeaders
from cgwizard.practice.faults.login_wrong import LoginWrong
from cgwizard.practice.faults.no_login import NoLogin
from cgwizard.practice.faults.not_http import NotHttp
from cgwizard.practice.faults.other_answer import OtherAnswer
from cgwizard.practice.faults.proxy import FaultProxy, fault_proxy
from cgwizard.practice.faults.redirect_loop import RedirectLoop
from cgwizard.practice.faults.wrong_header import WrongHeader
from cgwizard.secrets.secret import Credentials, Secret
from tests.support.faulty_pull import QUICK, Pull, Spot, at_blobs, everywhere
from tests.support.programs import needs
from tests.support.real_registry import Made

pytestmark = needs("docker-registry")

BASIC = Credentials("deploy", Secret("not-shown-twice"))


# --- without end, or no HTTP ---


@everywhere
def test_endless_redirect_ends(faulty: Pull, proxy: FaultProxy, spot: Spot) -> None:
    proxy.rule(spot.target, RedirectLoop())
    faulty.run().fails_with(
        spot,
        "redirect-loop",
        came_back=("more than 5 redirects, the last to http://127.0.0.1:", spot.named),
        cause="sends us round in a circle",
        next_step="forwarded headers",
    )
    assert len(faulty.asked(spot)) == 6


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
@everywhere
def test_who_refuses_after_a_redirect_gets_no_password(
    faulty: Pull, proxy: FaultProxy, spot: Spot, pushed_image: tuple[str, Made], status: str
) -> None:
    with fault_proxy(pushed_image[0]) as elsewhere:
        asks = f'Bearer realm="{elsewhere.url}/token",service="x"'
        elsewhere.rule("", OtherAnswer(status, WWW_Authenticate=asks))
        there = f"{elsewhere.url}/{spot.target}"
        proxy.rule(spot.target, OtherAnswer("307 Temporary Redirect", Location=there))
        proxy.rule("", NoLogin())
        faulty.run(credentials=BASIC).fails_with(
            spot,
            "registry-redirect",
            tried=there,
            came_back=status,
            cause=f"127.0.0.1:{proxy.port} sent us there with a link that does not hold",
            next_step="compare the clocks",
        )
        assert not any("authorization" in asked.headers for asked in elsewhere.requests)
        assert elsewhere.count("token") == 0
    assert len(faulty.asked(spot)) == 2, "once more, with a new link"


@pytest.mark.parametrize("target", ["ftp://mirror/x", "/\x7f"])
@everywhere
def test_redirect_to_nowhere_is_told(
    faulty: Pull, proxy: FaultProxy, spot: Spot, target: str
) -> None:
    proxy.rule(spot.target, OtherAnswer("307 Temporary Redirect", Location=target))
    faulty.run().fails_with(
        spot, "registry-redirect", cause="builds its addresses wrongly", next_step="the base URL"
    )
    assert len(faulty.asked(spot)) == 1


@everywhere
def test_header_flood_ends(faulty: Pull, proxy: FaultProxy, spot: Spot) -> None:
    proxy.rule(spot.target, EndlessHeaders())
    faulty.run().fails_with(
        spot,
        "registry-answer",
        came_back="headers without end",
        cause="is not a registry, or is broken",
        next_step="check the address",
    )


@everywhere
def test_rubbish_is_told(faulty: Pull, proxy: FaultProxy, spot: Spot) -> None:
    proxy.rule(spot.target, NotHttp())
    first = spot.name == "index"  # nothing that answered before was a registry
    faulty.run().fails_with(
        spot,
        "registry-http-https-mismatch" if first else "registry-answer",
        came_back="illegal status line",
        cause="does not speak HTTP" if first else "is broken",
        next_step="try https://" if first else "another network",
    )
    assert len(faulty.asked(spot)) == 1 if first else 2


@pytest.mark.parametrize("length", ["9" * 5000, "-1", "1, 2", "0x10"])
@everywhere
def test_length_that_is_none_is_told(
    faulty: Pull, proxy: FaultProxy, spot: Spot, length: str
) -> None:
    proxy.rule(spot.target, WrongHeader("Content-Length", length))
    faulty.run().fails_with(
        spot,
        "registry-answer",
        came_back="Content-Length",
        cause="or something between, mixes its answers up",
        next_step="another network",
    )
    assert len(faulty.asked(spot)) == 2


# --- refusals ---


@pytest.mark.parametrize("status", ["500 Internal Server Error", "502 Bad Gateway"])
@everywhere
def test_server_errors_are_retried_with_an_end(
    faulty: Pull, proxy: FaultProxy, spot: Spot, status: str
) -> None:
    proxy.rule(spot.target, OtherAnswer(status, b"too much to say " * 1000))
    faulty.run().fails_with(
        spot,
        "registry-unavailable",
        came_back=f"{status}: too much to say",
        cause="or a proxy before it, is failing",
        next_step="try again later",
    )
    assert len(faulty.asked(spot)) == 1 + QUICK.tries


@pytest.mark.parametrize("status", ["408 Request Timeout", "504 Gateway Timeout"])
@everywhere
def test_server_error_that_passes_is_mended(
    faulty: Pull, proxy: FaultProxy, spot: Spot, status: str
) -> None:
    proxy.rule(spot.target, OtherAnswer(status), times=2)
    assert faulty.run().succeeds().retries == 2


@pytest.mark.parametrize(
    ("spot", "status"),
    [
        ("index", "429 Too Many Requests"),
        ("config", "503 Service Unavailable"),
        ("last", "429 Too Many Requests"),
    ],
    indirect=["spot"],
)
def test_retry_after_is_honored(faulty: Pull, proxy: FaultProxy, spot: Spot, status: str) -> None:
    proxy.rule(spot.target, OtherAnswer(status, Retry_After="1"), times=1)
    began = time.monotonic()
    assert faulty.run().succeeds().retries == 1
    assert time.monotonic() - began >= 1


@everywhere
def test_retry_after_that_is_too_long_is_told(faulty: Pull, proxy: FaultProxy, spot: Spot) -> None:
    proxy.rule(spot.target, OtherAnswer("429 Too Many Requests", Retry_After="86400"))
    faulty.run().fails_with(
        spot,
        "rate-limited",
        came_back=("429 Too Many Requests", "86400 seconds"),
        cause="asks for fewer requests",
        next_step="wait",
    )
    assert len(faulty.asked(spot)) == 1


@everywhere
def test_password_that_was_refused_is_not_sent_again(
    faulty: Pull, proxy: FaultProxy, spot: Spot
) -> None:
    proxy.rule(spot.target, LoginWrong())
    proxy.rule("", NoLogin())
    faulty.run(credentials=BASIC).fails_with(
        spot,
        "no-read-privilege",
        came_back="401 Unauthorized",
        cause="may not read",
        next_step="given a role",
    )
    sent = [asked for asked in faulty.asked(spot) if "authorization" in asked.headers]
    assert len(sent) == 1
    assert BASIC.password.reveal() not in repr([faulty.error, faulty.events])


@everywhere
def test_refusal_is_not_retried(faulty: Pull, proxy: FaultProxy, spot: Spot) -> None:
    what = "BLOB" if spot.is_blob else "MANIFEST"
    body = f'{{"errors":[{{"code":"{what}_UNKNOWN","message":"gone"}}]}}'.encode()
    fault = OtherAnswer("404 Not Found", body, Content_Type="application/json")
    cause, next_step = "no image of that name", "check the name"
    if spot.name != "index":
        cause, next_step = "not the manifest for linux/amd64", "all of the image was pushed"
    if spot.is_blob:
        cause, next_step = "the manifest but not this blob of it", "fetched anew"
    proxy.rule(spot.target, fault)
    faulty.run().fails_with(
        spot,
        f"{what.lower()}-unknown",
        came_back="404 Not Found: gone",
        cause=cause,
        next_step=next_step,
    )
    assert len(faulty.asked(spot)) == 1


@at_blobs
def test_coding_that_is_only_said_is_not_undone(
    faulty: Pull, proxy: FaultProxy, spot: Spot
) -> None:
    proxy.rule(spot.target, WrongHeader("Content-Encoding", "gzip"))
    assert faulty.run().succeeds().retries == 0
