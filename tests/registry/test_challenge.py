"""`WWW-Authenticate` as registries write it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgwizard.registry.challenge import Challenge, parse_challenges

NEXUS_BASIC = 'BASIC realm="Sonatype Nexus Repository Manager"'
NEXUS_BEARER = 'Bearer realm="http://h:5051/v2/token",service="http://h:5051/v2/token"'


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([NEXUS_BASIC], [Challenge("basic", {"realm": "Sonatype Nexus Repository Manager"})]),
        (
            [NEXUS_BEARER],
            [
                Challenge(
                    "bearer",
                    {"realm": "http://h:5051/v2/token", "service": "http://h:5051/v2/token"},
                )
            ],
        ),
        (
            ['Bearer realm="https://cgr.dev/token",service="cgr.dev",scope="repository:a/b:pull"'],
            [
                Challenge(
                    "bearer",
                    {
                        "realm": "https://cgr.dev/token",
                        "service": "cgr.dev",
                        "scope": "repository:a/b:pull",
                    },
                )
            ],
        ),
        (
            ['Basic realm="a, b", Bearer realm="x" , scope="y,z"'],
            [
                Challenge("basic", {"realm": "a, b"}),
                Challenge("bearer", {"realm": "x", "scope": "y,z"}),
            ],
        ),
        (
            ['Negotiate, Basic realm="a"', 'bearer REALM="x"'],
            [
                Challenge("negotiate"),
                Challenge("basic", {"realm": "a"}),
                Challenge("bearer", {"realm": "x"}),
            ],
        ),
        (
            ['Negotiate dGVzdA==, Basic realm="a"'],
            [Challenge("negotiate"), Challenge("basic", {"realm": "a"})],
        ),
        (
            ["Bearer realm=https://h/token,service=h"],
            [Challenge("bearer", {"realm": "https://h/token", "service": "h"})],
        ),
        (
            [r'Basic realm="a \"quoted\" \\ word", charset="UTF-8"'],
            [Challenge("basic", {"realm": r'a "quoted" \ word', "charset": "UTF-8"})],
        ),
        (["Basic"], [Challenge("basic")]),
        ([""], []),
        ([" , ,"], []),
        ([], []),
    ],
)
def test_read(headers: list[str], expected: list[Challenge]) -> None:
    assert parse_challenges(headers) == expected


NAMES = st.from_regex(r"\A[a-z][a-z0-9_-]{0,8}\Z")
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
SCHEMES = st.from_regex(r"\A[A-Za-z]{1,10}\Z")


def written(challenge: Challenge, blank: str) -> str:
    def quote(value: str) -> str:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

    pairs = [f"{name}{blank}={blank}{quote(v)}" for name, v in challenge.parameters.items()]
    return f"{challenge.scheme} {f'{blank},'.join(pairs)}"


@given(
    st.lists(
        st.builds(Challenge, SCHEMES.map(str.lower), st.dictionaries(NAMES, VALUES, min_size=1)),
        max_size=4,
    ),
    st.sampled_from(["", " ", "\t "]),
    st.booleans(),
)
def test_written_and_read_again(challenges: list[Challenge], blank: str, one: bool) -> None:
    texts = [written(challenge, blank) for challenge in challenges]
    headers = [", ".join(texts)] if one else texts
    assert parse_challenges(headers) == challenges


@given(st.lists(st.text(max_size=200), max_size=3))
def test_any_text_is_read(headers: list[str]) -> None:
    parse_challenges(headers)


@pytest.mark.parametrize("piece", ['a="', "a=", "Basic ", '\\"', ",", "Basic a=b,", 'a="\\'])
def test_long_headers_take_no_time(piece: str) -> None:
    began = time.process_time()
    parse_challenges([piece * 100_000])
    assert time.process_time() - began < 1
