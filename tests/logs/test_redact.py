"""Arbitrary secrets in arbitrary places of an exchange: none reaches the debug log."""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Callable
from html import escape
from urllib.parse import quote, quote_plus, urlencode

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cgwizard.logs import redact
from cgwizard.logs.debug_log import DebugLog
from cgwizard.secrets.secret import Secret
from cgwizard.text.excerpt import excerpt
from tests.support.secret_search import Search

# As people and programs make them. The shortest that is looked for has four characters.
LETTERS = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp"))
SECRETS = st.text(LETTERS, min_size=8, max_size=60).filter(
    lambda text: text.strip() == text and len(set(text)) > 5
)
WORDS = st.text("abc XYZ.,:;\n", max_size=20)
# What cannot be taken for a part of the text around it.
RANDOM = st.text("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", min_size=20, max_size=40)

FORMS: dict[str, Callable[[str], str]] = {
    "clear": str,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON as UTF-8": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON in JSON": lambda text: json.dumps(json.dumps(text))[3:-3],
    "URL": lambda text: quote(text, safe=""),
    "URL in lower case": lambda text: httpx.URL("http://x/", params={"q": text}).query.decode()[2:],
    "form": quote_plus,
    "HTML": escape,
    "repr": lambda text: repr(text)[1:-1],
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "behind a name": lambda text: base64.b64encode(f"admin:{text}".encode()).decode(),
    "behind another": lambda text: base64.b64encode(f"deploy-1:{text}".encode()).decode(),
    "engine's": lambda text: base64.b64encode(
        json.dumps({"password": text}, ensure_ascii=False).encode()
    ).decode(),
}


@pytest.mark.parametrize("form", FORMS)
@given(text=SECRETS, before=WORDS, after=WORDS, twice=st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_living_secret_is_taken_out_in_every_form(
    form: str, text: str, before: str, after: str, twice: bool
) -> None:
    secret = Secret(text)
    written = FORMS[form](text)
    if form == "engine's" and json.dumps(text, ensure_ascii=False)[1:-1] != text:
        return  # what JSON writes otherwise is another text for base64
    shown = redact.known(f"{before} {written} {after}" * (1 + twice))
    assert not Search({"secret": text}).found(shown.encode())
    assert written not in shown
    del secret


def test_what_an_answer_repeats_is_taken_out_before_its_tags_and_its_letters() -> None:
    secret = Secret('otter-harbour-42 &"<ü>')
    page = f"<html><body>no entry for {secret.reveal()}, sorry</body></html>"
    assert excerpt(page.encode()) == "no entry for ***, sorry"
    reason = {"reason_phrase": f"Refused {secret.reveal()}".encode("latin-1")}
    answer = httpx.Response(401, extensions=reason)
    assert "< 401 Unauthorized after" in logged(httpx.Request("GET", "http://x/"), answer)
    del secret


@pytest.mark.parametrize("between", ["\u200b", "\u00ad", "\U000e0041", "\x1b", "\u202e"])
def test_a_secret_is_found_behind_hidden_characters(between: str) -> None:
    secret = Secret("otter-harbour-42")
    said = f"no entry for {between.join(secret.reveal())}, sorry"
    assert excerpt(said.encode()) == "no entry for ***, sorry"
    request = httpx.Request("GET", "http://x/")
    headers = {"content-type": "text/plain; charset=utf-8"}
    answer = httpx.Response(401, headers=headers, stream=httpx.ByteStream(said.encode()))
    written = logged(request, answer)
    assert "no entry for ***, sorry" in written
    assert between not in written
    del secret


def logged(request: httpx.Request, response: httpx.Response) -> str:
    """What the debug log says about an exchange."""
    with tempfile.TemporaryFile() as file:
        log = DebugLog(file.fileno())
        log.request(request)
        response.request = request
        log.response(response)
        response.read()
        response.close()
        file.seek(0)
        return file.read().decode()


@st.composite
def exchanges(draw: st.DrawFn) -> tuple[httpx.Request, httpx.Response, list[str]]:
    """Secrets that this process does not know, where servers and clients put such things."""
    secrets = [draw(RANDOM) for _ in range(12)]
    a, b, c, d, e, f, g, h, i, j, k, m = secrets
    url = f"https://user:{a}@host.example/v2/x?" + urlencode(
        {draw(st.sampled_from(["token", "X-Amz-Signature", "sig", "access_token"])): b, "n": "1"}
    )
    headers = {
        "Authorization": f"{draw(st.sampled_from(['Basic', 'Bearer', 'Digest']))} {c}",
        draw(st.sampled_from(["X-Registry-Auth", "X-Api-Key", "Cookie", "NX-Anti-CSRF-Token"])): d,
    }
    content: bytes
    match draw(st.sampled_from(["json", "form", "text"])):
        case "json":
            name = draw(
                st.sampled_from(["password", "bearerToken", "clientSecret", "access_token"])
            )
            deep: object = draw(st.sampled_from([{name: e}, {name: [e]}, {name: {"value": e}}]))
            for _ in range(draw(st.integers(0, 3))):
                deep = draw(st.sampled_from([{"x": deep}, [deep], {"httpClient": deep, "n": 1}]))
            content, kind = json.dumps(deep).encode(), "application/json"
        case "form":
            pairs = {"grant_type": "password", "password": e, "scope": "repository:x:pull"}
            content, kind = urlencode(pairs).encode(), "application/x-www-form-urlencoded"
        case _:
            content, kind = f"the password: {e}, and so on".encode(), "text/plain"
    jwt = f"eyJ{f}.eyJ{g}.{h}"
    answer: bytes
    match draw(st.sampled_from(["token", "echo", "cut"])):
        case "token":
            answer = json.dumps({"token": i, "expires_in": 300, "text": jwt}).encode()
        case "echo":
            answer = json.dumps(
                {"errors": [{"message": f"Authorization: Basic {i} {jwt}"}]}
            ).encode()
        case _:
            answer = f'{{"access_token": "{i}", "more": "{jwt}'.encode()
    more = {
        "Set-Cookie": f"NXSESSIONID={j}; Path=/; HttpOnly",
        "Location": f"https://blobs.example/x?X-Amz-Credential={k}&X-Amz-Signature={m}&part=2",
        "Content-Type": "application/json",
    }
    request = httpx.Request("POST", url, headers={**headers, "Content-Type": kind}, content=content)
    return request, httpx.Response(307, headers=more, stream=httpx.ByteStream(answer)), secrets


@given(exchanges())
@settings(max_examples=300, deadline=None)
def test_secrets_that_nobody_told_us_are_taken_out_by_their_places(
    exchange: tuple[httpx.Request, httpx.Response, list[str]],
) -> None:
    request, response, secrets = exchange
    shown = logged(request, response)
    assert "> POST https://host.example/v2/x" in shown
    assert [secret for secret in secrets if secret in shown] == [], shown
