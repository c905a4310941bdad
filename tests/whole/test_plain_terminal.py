"""The guide as lines, as a screen reader speaks them; and what the page on accessibility says."""

from __future__ import annotations

import io
import re
from pathlib import Path

from cgwizard.events import Layer, LayerProgress, Resolved, Totals
from cgwizard.frontends.line_output import Lines
from cgwizard.guide.guide import Steps
from tests.support.terminal import SECONDS, Wire, wizard

ROOT = Path(__file__).parents[2]


def test_a_run_through_a_pipe_keeps_what_was_said(tmp_path: Path) -> None:
    script = 'cd "$1" && shift && "$@" | tee run.txt'
    command = ("sh", "-c", script, "sh", str(tmp_path), *wizard("practice", "--plain"))
    with Wire(*command, height=400) as wire:
        answered = 0

        def asked(screen: str) -> bool:
            """Answer each question as it comes; true at the last one."""
            nonlocal answered
            prompts = re.findall(r"^[A-Z][^\n]*(?:\]|\)|ends it\.)(?:: ?)?$", screen, re.MULTILINE)
            if len(prompts) > answered and screen.rstrip().endswith(prompts[-1].rstrip()):
                answered = len(prompts)
                wire.keys("Enter")
            return "1 done, leave" in screen

        wire.until_true(asked, "the end of the guide", seconds=3 * SECONDS)
        wire.keys("Enter")
        wire.exit_code()
        assert b"\x1b" not in wire.received, "no escape sequence"
        assert b"\x07" not in wire.received, "no bell"
    told = (tmp_path / "run.txt").read_text()
    lines = told.split("\n")
    steps = [line for line in lines if line.startswith("Step ")]
    count = len(Steps._fields)
    expected = [f"Step {number} of {count}" for number in range(1, count + 1)]
    assert [step.partition(":")[0] for step in steps] == expected
    assert told.count("What will be done:") == 3, "two changes, and what the proof makes"
    assert told.count(" verified") == 2
    repeated = {line for line in lines if lines.count(line) > 1 and line.startswith("  ok")}
    assert not repeated & {line for line in lines if "port" in line}, "nothing is told twice"
    prompts = [line for line in lines if line.startswith("Choice [")]
    assert prompts
    assert all(re.fullmatch(r"Choice \[\d+\]: ", line) for line in prompts), "alone in its line"


def test_progress_is_told_every_ten_seconds_and_no_layer_by_itself() -> None:
    out = io.StringIO()
    lines = Lines(out)
    layers = tuple(Layer(f"sha256:{number:064x}", 100, "layer") for number in range(127))
    digest = "sha256:" + "0" * 64
    lines.event(Resolved("host/name:latest", digest, digest, "linux/amd64", layers))
    for number, layer in enumerate(layers):
        lines.event(LayerProgress(layer.digest, "done", 100, 100))
        lines.event(Totals(number * 100, 12700, 5_000.0, 9.0))
    assert out.getvalue().count("\n") == 2, out.getvalue()
    lines._told -= 11.0  # as if it had taken that long
    lines.event(Totals(6350, 12700, 5_000.0, 9.0))
    last = out.getvalue().splitlines()[-1]
    assert last == "  50 %, 127 of 127 layers, 5.0 kB/s, 9 s left"


def test_the_page_and_the_help_have_the_same_keys() -> None:
    page = (ROOT / "docs" / "accessibility.md").read_text()
    table = re.findall(r"^\| ([^|]+?) \|", page.partition("## Keys")[2].partition("\n## ")[0], re.M)
    help = (ROOT / "assets" / "keys.md").read_text()
    assert table[0] == "key"
    listed = {key for line in table[1:] for key in line.split(", ") if key != "---"}
    for key in listed:
        assert re.search(rf"\b{re.escape(key)}\b", help), key
    for key in re.findall(r"\b(?:F\d|Ctrl\+\w|Tab|Esc|Enter|PgUp|PgDn|Arrows)", help):
        assert key in page, key
