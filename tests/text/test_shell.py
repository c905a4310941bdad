"""Commands in narrow terminals: what a shell reads from the rows is the command as it was."""

from __future__ import annotations

import shlex

import pytest

from cgwizard.text import shell

DIGEST = f"sha256:{'0123456789abcdef' * 4}"
LONG = "nexus-registry.department.example.com:5051/" + "/".join(["a-long-name"] * 12)
LINES = (
    "docker login 127.0.0.1:5051 --username pull-chainguard",
    f"docker pull {LONG}:latest",
    "podman login --tls-verify=false nexus.example.com:5051 --username 'a user'",
    f"cosign verify --allow-http-registry --certificate-identity=https://github.com/{'x' * 90} "
    f'--certificate-identity-regexp="https://issuer/(${{A}}|${{B}})" {LONG}@{DIGEST}',
    "(IFS= read -rs P; printf %s:%s 'a  b' \"$P\") | base64 | tr -d '\\n' | "
    "kubectl create secret generic nexus-pull --from-file=.dockerconfigjson=/dev/stdin",
)
WIDTHS = range(40, 201)


def read(rows: list[str]) -> list[str]:
    """The words that a shell reads."""
    digest = next((row[2:] for row in rows if row.startswith("D=")), "")
    command = [row for row in rows if not row.startswith("D=")]
    assert all(row.endswith(" \\") for row in command[:-1])
    joined = "\n".join(command).replace("\\\n", "").replace("$D", digest)
    return shlex.split(joined)


@pytest.mark.parametrize("line", LINES)
def test_a_shell_reads_the_same_words_at_any_width(line: str) -> None:
    for width in WIDTHS:
        assert read(shell.rows(line, width)) == shlex.split(line), width


@pytest.mark.parametrize("line", LINES)
def test_only_a_single_word_is_wider_than_the_terminal(line: str) -> None:
    for width in WIDTHS:
        for row in shell.rows(line, width):
            words = row.removesuffix(shell.MORE).split()
            assert len(row) <= width or len(words) == 1, (width, row)


def test_a_digest_stays_whole() -> None:
    for width in WIDTHS:
        text = "\n".join(shell.rows(LINES[3], width))
        assert text.count(DIGEST) == 1, width


def test_what_fits_is_one_row() -> None:
    assert shell.rows(LINES[0], len(LINES[0])) == [LINES[0]]
    assert shell.rows(LINES[0], len(LINES[0]) - 1) == [
        "docker login 127.0.0.1:5051 \\",
        "  --username pull-chainguard",
    ]


def test_each_row_of_a_remark_is_one() -> None:
    assert shell.rows("# shows CATALOG_SYNCER and APKO_BUILDER:", 24) == [
        "# shows CATALOG_SYNCER",
        "# and APKO_BUILDER:",
    ]
