"""Names of images: docker's rules, and what skopeo says of the same names."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cgwizard.errors import WizardError
from cgwizard.registry.reference import Reference
from tests.support.programs import needs

HEX = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "host", "repository", "tag", "digest"),
    [
        ("wolfi-base", "docker.io", "library/wolfi-base", "latest", None),
        ("chainguard/wolfi-base", "docker.io", "chainguard/wolfi-base", "latest", None),
        ("index.docker.io/alpine:3", "docker.io", "library/alpine", "3", None),
        ("cgr.dev/chainguard/node", "cgr.dev", "chainguard/node", "latest", None),
        ("cgr.dev/node", "cgr.dev", "node", "latest", None),
        ("localhost/a", "localhost", "a", "latest", None),
        ("nexus:5051/chainguard/a:1.2", "nexus:5051", "chainguard/a", "1.2", None),
        ("n.io/proxy/chainguard/a", "n.io", "proxy/chainguard/a", "latest", None),
        ("n:5051/example.com/base", "n:5051", "example.com/base", "latest", None),
        ("[::1]:5051/a/b", "[::1]:5051", "a/b", "latest", None),
        ("[fe80::1]/a", "[fe80::1]", "a", "latest", None),
        ("h.io/a@sha256:" + HEX, "h.io", "a", None, "sha256:" + HEX),
        ("h.io/a:t@sha512:" + HEX * 2, "h.io", "a", "t", "sha512:" + HEX * 2),
        ("HOST/a", "HOST", "a", "latest", None),
        ("  h.io/a__b/c--d.e:T_1.x-y \n", "h.io", "a__b/c--d.e", "T_1.x-y", None),
    ],
)
def test_understood(
    text: str, host: str, repository: str, tag: str | None, digest: str | None
) -> None:
    assert Reference.parse(text) == Reference(host, repository, tag, digest)


def test_default_host_of_ours_takes_no_library() -> None:
    reference = Reference.parse("wolfi-base", default_host="nexus.example.com:5051")
    assert str(reference) == "nexus.example.com:5051/wolfi-base:latest"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "name-empty"),
        ("   ", "name-empty"),
        ("https://cgr.dev/chainguard/node", "name-scheme"),
        ("docker://cgr.dev/chainguard/node", "name-scheme"),
        ("cgr.dev/Chainguard/node", "name-uppercase"),
        ("cgr.dev/chainguard/node:", "name-tag"),
        ("cgr.dev/chainguard/node:-a", "name-tag"),
        ("cgr.dev/chainguard/node:" + "a" * 129, "name-tag"),
        ("cgr.dev/chainguard/node@sha256:abc", "name-digest"),
        ("cgr.dev/chainguard/node@", "name-digest"),
        ("cgr.dev/chainguard/node@md5:" + HEX, "name-digest"),
        ("cgr.dev/chainguard/node@sha256:" + HEX.upper(), "name-digest"),
        ("cgr.dev/chainguard//node", "name-repository"),
        ("cgr.dev/chainguard/node/", "name-repository"),
        ("cgr.dev/chainguard/no de", "name-repository"),
        ("cgr.dev/a/-node", "name-repository"),
        ("cgr.dev/", "name-repository"),
        ("-h.io/a", "name-host"),
        ("h.io:port/a", "name-host"),
        ("::1/a", "name-host"),
        ("h.io:70000/a", "name-port"),
        ("h.io/" + "a" * 260, "name-too-long"),
        (HEX, "name-is-id"),
    ],
)
def test_refused_with_its_reason(text: str, code: str) -> None:
    with pytest.raises(WizardError) as caught:
        Reference.parse(text)
    assert caught.value.code == code
    assert all(
        [caught.value.problem.cause, caught.value.problem.next_step, caught.value.problem.tried]
    )


PARTS = st.from_regex(r"\A[a-z0-9]{1,4}(?:(?:[._]|__|-{1,3})[a-z0-9]{1,4}){0,2}\Z")
HOSTS = st.from_regex(
    r"\A[a-zA-Z0-9]{1,4}(?:[.-][a-zA-Z0-9]{1,4}){0,2}\.[a-z]{2}(?::[1-9][0-9]{1,3})?\Z"
)
TAGS = st.from_regex(r"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}\Z")


@given(
    HOSTS,
    st.lists(PARTS, min_size=1, max_size=4).map("/".join),
    st.none() | TAGS,
    st.none() | st.just("sha256:" + HEX),
)
def test_written_and_read_again(
    host: str, repository: str, tag: str | None, digest: str | None
) -> None:
    if tag is None and digest is None:
        tag = "latest"
    reference = Reference(host, repository, tag, digest)
    assert Reference.parse(str(reference)) == reference


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused_with_a_reason(text: str) -> None:
    try:
        reference = Reference.parse(text)
    except WizardError as error:
        code = str(error.code)
    else:
        assert Reference.parse(str(reference)) == reference
        code = "name-read"
    assert code.startswith("name-")


# Near misses of names, so that both sides are met often. Brackets stay out: the grammar of
# skopeo 1.9 is from before IPv6; and so do ports, of which it takes any number.
ALPHABET = st.sampled_from([*"ab19./:-_@A", "h.io/", "//", "sha256:" + HEX, "..", "--"])
NEAR_NAMES = st.lists(ALPHABET, min_size=1, max_size=8).map("".join)


def skopeo_reads(name: str) -> bool:
    """Whether skopeo's parser takes ``name``: it fails later, on the archive that is not there."""
    done = subprocess.run(
        ["skopeo", "inspect", f"docker-archive:/nonexistent.tar:{name}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    return "no such file" in done.stderr


@needs("skopeo")
@settings(max_examples=150, deadline=None)
@example("A/a")
@given(NEAR_NAMES)
def test_as_skopeo_reads_them(name: str) -> None:
    try:
        Reference.parse(name)
        code = ""
    except WizardError as error:
        code = str(error.code)
    if code == "name-port" or "@" in name:
        return  # docker-archive takes no digests
    first, slash, _ = name.partition("/")
    if slash and first != first.lower() and not {".", ":"} & set(first):
        return  # a host by its capital letters alone: skopeo 1.9 is from before that, too
    assert skopeo_reads(name) == (code == "")


@needs("skopeo")
def test_skopeo_takes_our_examples(tmp_path: Path) -> None:
    """Against a mistake in the referee: it does tell good names from bad ones."""
    assert skopeo_reads("nexus.example.com:5051/chainguard/wolfi-base:latest")
    assert not skopeo_reads("nexus.example.com:5051/Chainguard/wolfi-base:latest")
