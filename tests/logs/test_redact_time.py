"""Secrets are looked for in a time that grows with the text, whatever the text is."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable

import pytest

from cgwizard.errors import WizardError
from cgwizard.logs import redact
from cgwizard.nexus.client import NexusClient
from cgwizard.registry.client import Registry
from cgwizard.registry.errors import RegistryError
from cgwizard.registry.retry import RetryPolicy
from cgwizard.text.excerpt import excerpt, page_title
from tests.support.scripted_server import ADMIN, Reply, ScriptedServer

MIB = 1 << 20
WORDS = ["token-", "eyJ", "eyJaaaaaa.", "token =", "Basic ", "://@", "a", "a ", "\\", "<title"]
READERS: list[Callable[[str], object]] = [
    redact.said,
    redact.free,
    redact.body,
    lambda text: redact.header("X-Odd", text),
    lambda text: redact.url(f"http://a/?b={text}"),
    lambda text: excerpt(f"<html>{text}".encode()),
    page_title,
]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("word", WORDS)
def test_a_megabyte(word: str, read: Callable[[str], object]) -> None:
    text = (word * MIB)[:MIB]
    began = time.process_time()
    read(text)
    assert time.process_time() - began < 3


@pytest.mark.parametrize(("word", "size"), [("token-", 2000), ("eyJ", 64 << 10), ("token-", MIB)])
@pytest.mark.parametrize("kind", ["application/json", "text/html", "text/plain"])
def test_a_refusal(word: str, size: int, kind: str) -> None:
    body = (word * size)[:size]
    began = time.process_time()
    routes = {"/v2/a/manifests/latest": Reply(404, body, {"Content-Type": kind})}
    with (
        ScriptedServer(routes, server_header=None) as server,
        Registry(server.url, patience=RetryPolicy(tries=0)) as registry,
        pytest.raises(RegistryError),
    ):
        registry.manifest("a", "latest")
    routes = {"/service/rest/v1/blobstores": Reply(400, body, {"Content-Type": kind})}
    with (
        ScriptedServer(routes) as nexus,
        NexusClient(nexus.url, ADMIN) as client,
        pytest.raises(WizardError),
    ):
        client.blob_stores()
    assert time.process_time() - began < 3


NOISE = "token pass secret eyJ eyJhbGciOi . - _ a x9 = : , & ; Basic Bearer :// @ / authx"
PARTS = [*re.split(" ", NOISE), " ", '"', "'", "\\", "\n", "api_key"]


@pytest.mark.parametrize("seed", range(20))
def test_a_secret_in_any_text_is_taken_out(seed: int) -> None:
    chosen = random.Random(seed)
    for _ in range(500):
        noise = ["".join(chosen.choices(PARTS, k=chosen.randrange(8))) for _ in range(2)]
        for secret in ("eyJhbGciOiJSUzI1NiJ9.eyJzdWIi.c2ln", "password=hunter-two-three"):
            text = redact.free(f"{noise[0]} {secret} {noise[1]}")
            assert "OiJSUzI1NiJ9" not in text
            assert "hunter-two-three" not in text


@pytest.mark.parametrize("number", ["9" * 5000, "x" + "f" * 9000])
def test_a_page_with_a_character_by_a_long_number(number: str) -> None:
    page = f"<!doctype html><title>Blocked &#{number};</title><p>no &#{number};"
    assert page_title(page).startswith("Blocked")
    assert excerpt(page.encode()).startswith("Blocked")
    routes = {"/service/rest/v1/blobstores": Reply(403, page, {"Content-Type": "text/html"})}
    with (
        ScriptedServer(routes) as server,
        NexusClient(server.url, ADMIN) as client,
        pytest.raises(WizardError) as caught,
    ):
        client.blob_stores()
    assert "Blocked" in caught.value.problem.came_back
