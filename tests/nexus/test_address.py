"""What people type, and what it means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgwizard.errors import ExitCode, WizardError
from cgwizard.nexus.address import candidates, normalize


@pytest.mark.parametrize(
    ("typed", "base_url"),
    [
        ("nexus.example.com", "https://nexus.example.com"),
        ("  https://Nexus.Example.COM/ \n", "https://nexus.example.com"),
        ("https://nexus.example.com.", "https://nexus.example.com"),
        ("host:8081/", "http://host:8081"),
        ("host:8443", "https://host:8443"),
        ("host:443", "https://host"),
        ("http://host:80", "http://host"),
        ("https://h:443/", "https://h"),
        ("localhost", "http://localhost"),
        ("127.0.0.1:8081", "http://127.0.0.1:8081"),
        ("https://h/nexus/#browse/welcome", "https://h/nexus"),
        ("https://h/nexus/?x=1#admin/repository", "https://h/nexus"),
        ("http://h:8081/service/rest/", "http://h:8081"),
        ("http://h:8081/nexus/service/rest/v1/status", "http://h:8081/nexus"),
        ("http://h/repository/chainguard/", "http://h"),
        ("http://h//nexus///", "http://h/nexus"),
        ("h/nexus", "https://h/nexus"),
        ("//h:8081", "http://h:8081"),
        ("<https://h>", "https://h"),
        ('"https://h"', "https://h"),
        ("::1", "http://[::1]"),
        ("2001:db8::5", "https://[2001:db8::5]"),
        ("[::1]:8081", "http://[::1]:8081"),
        ("http://[2001:DB8::0:1]:8081/", "http://[2001:db8::1]:8081"),
        ("http://my_nexus:8081", "http://my_nexus:8081"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
    ],
)
def test_means(typed: str, base_url: str) -> None:
    assert normalize(typed) == base_url


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("ftp://host", "not a web address"),
        ("http:/host", "not http"),
        ("https//host", "not http"),
        ("http://", "host is missing"),
        ("https:///path", "host is missing"),
        ("host name", "blanks"),
        ("http://ho\x1bst", "control"),
        ("http://host:0", "not a port"),
        ("http://host:65536", "not a port"),
        ("http://host:80a", "not a port"),
        ("http://host:٨٠٨١", "not a port"),
        ("http://300.1.1.1", "IPv4"),
        ("http://[::g]", "IPv6"),
        ("http://[::1", "brackets"),
        ("http://-x.example", "host name"),
        ("http://a..b", "host name"),
        ("http://h/../etc", "path"),
        ("http://h/a%2fb", "path"),
        ("h" * 3000, "longer"),
    ],
)
def test_refused_with_the_reason(typed: str, says: str) -> None:
    with pytest.raises(WizardError) as caught:
        normalize(typed)
    assert caught.value.code == "url-invalid"
    assert caught.value.exit_code == ExitCode.USAGE
    assert says in caught.value.problem.came_back


@pytest.mark.parametrize(
    "typed", ["https://admin:hunter2@host", "admin:hunter2@host", "https://a:hunt@er2@host:9"]
)
def test_a_password_in_the_address_is_refused_and_not_repeated(typed: str) -> None:
    with pytest.raises(WizardError) as caught:
        normalize(typed)
    assert "own fields" in caught.value.problem.next_step
    assert "hunt" not in str(caught.value)
    assert "er2" not in str(caught.value)


def test_guesses_scheme_port_and_context_path() -> None:
    urls = candidates("nexus.example.com")
    assert urls[0] == "https://nexus.example.com"
    assert urls[1] == "http://nexus.example.com:8081"
    assert "http://nexus.example.com:8081/nexus" in urls
    assert "https://nexus.example.com/nexus" in urls
    assert len(urls) == len(set(urls)) <= 8


def test_a_port_that_was_typed_is_the_port() -> None:
    assert all(":5051" in url for url in candidates("host:5051"))


def test_https_that_was_typed_is_never_traded_for_http() -> None:
    assert all(url.startswith("https://") for url in candidates("https://host"))


def test_a_context_path_that_was_typed_may_be_a_page() -> None:
    assert candidates("http://h:8081/welcome") == ("http://h:8081/welcome", "http://h:8081")


@given(st.text(max_size=60) | st.from_regex(r"(https?://)?[a-z0-9.:\[\]@/#?%-]{1,30}"))
def test_any_text_is_an_address_or_a_clear_refusal(text: str) -> None:
    refusal = None
    try:
        base_url = normalize(text)
    except WizardError as error:
        refusal = error
    if refusal is not None:
        assert refusal.code == "url-invalid"
        assert "\x1b" not in str(refusal)
    else:
        assert normalize(base_url) == base_url
        assert candidates(text)[0] == base_url
