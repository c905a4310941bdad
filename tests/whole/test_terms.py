"""Every kind of terminal: the whole guide, and each byte that the wizard sends."""

from __future__ import annotations

import re

import pytest

from tests.support.terminal import UNSET, Wire, main_action, to_finish, wizard

UTF8_TERMS = ("xterm-256color", "screen", "tmux")

# As terminals read them: CSI sequences, those of other kinds, single controls.
_SEQUENCE = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_].*?(?:\x07|\x1b\\)|\x1b.", re.DOTALL)
_SGR = re.compile(rb"\x1b\[([0-9;:]*)m")

# What each of the old ones knows, or takes for nothing.
_VT100 = re.compile(
    rb"\x1b\[[0-9;]*[ABCDHJK]|\x1b\[\?(?:7|25)[hl]|\x1b\[(?:[012457]?(?:;|(?=m)))*m"
)
_LINUX = re.compile(_VT100.pattern + rb"|\x1b\[(?:(?:[0-9]|[349][0-7]|[34]9)?(?:;|(?=m)))*m")

# A word or two of each step, of each state.
WORDS = (
    *("Connect to Nexus", "the port on which clients", "Create the repository", "pull token"),
    *("every byte", "Both pulls are verified", "Nexus now serves", " ok ", "verified"),
)


def walked(env: dict[str, str]) -> tuple[bytes, str]:
    """Every byte of a run through the whole guide, help and diagnosis, and all its screens."""
    with Wire(*wizard("practice", "--speed", "full"), env=env) as wire:
        screens = [screen for _, screen in to_finish(wire)]
        wire.keys("F1")
        screens.append(wire.until("Finish", "Keys"))
        wire.keys("Escape")
        wire.until("enter done")
        wire.keys("F2")
        screens.append(wire.until("enter look again"))
        wire.keys("Escape")
        wire.until("enter done")
        wire.keys("Enter")
        assert wire.exit_code() == 0
        wire.screen()
        screens.append(wire.screen())
        return wire.received, "\n".join(screens)


def sgr(received: bytes) -> set[int]:
    """Every parameter of "select graphic rendition"."""
    return {int(n or 0) for found in _SGR.findall(received) for n in re.split(rb"[;:]", found)}


def colored(parameters: set[int]) -> set[int]:
    return {n for n in parameters if 30 <= n <= 49 or 90 <= n <= 107}


@pytest.mark.parametrize("term", UTF8_TERMS)
def test_the_whole_guide_in_sixteen_colors_of_the_terminals_own(term: str) -> None:
    received, screens = walked({"TERM": term})
    for word in WORDS:
        assert word in screens
    assert "✓ ok" in screens
    found = colored(sgr(received))
    assert found, "there are colors"
    assert not found & {38, 48}, "of the terminal's palette, never fixed ones"
    backgrounds = {n for n in found if 40 <= n <= 48 or n >= 100}
    assert not backgrounds, "right on light and on dark backgrounds: neither is painted"
    assert not found & {30, 37, 90, 97}, "black, white and their bright ones may be the background"


@pytest.mark.parametrize(
    ("term", "known"), [("vt100", _VT100), ("linux", _LINUX)], ids=("vt100", "linux")
)
def test_old_terminals_get_what_they_know_and_ascii(term: str, known: re.Pattern[bytes]) -> None:
    received, screens = walked({"TERM": term})
    for word in WORDS:
        assert word in screens
    assert "+ ok" in screens
    assert received.isascii()
    unknown = {s for s in _SEQUENCE.findall(received) if not known.fullmatch(s)}
    assert not unknown
    if term == "vt100":
        assert not colored(sgr(received))
    rest = _SEQUENCE.sub(b"", received)
    assert not re.search(rb"[\x00-\x06\x08\x0b\x0c\x0e-\x1f\x7f]", rest), "no stray control"
    # No second screen to come back from: what the screens showed does not stay between the lines.
    last = screens.split("\n")[-24:]
    assert last[0].startswith("verified")
    assert not any("ctrl+q" in line for line in last)


def test_no_color_means_no_color_sequence_and_every_word_is_there() -> None:
    received, screens = walked({"NO_COLOR": "1"})
    assert not colored(sgr(received))
    assert {1, 2, 4} <= sgr(received), "bold, dim and underline tell headings and fields apart"
    for word in WORDS:
        assert word in screens


def test_an_empty_no_color_asks_for_nothing() -> None:
    with Wire(*wizard("practice"), env={"NO_COLOR": ""}) as wire:
        wire.until("enter connect")
        wire.keys("Enter")
        wire.until("✓ ok", "enter continue")
        assert colored(sgr(wire.received))


def test_a_locale_of_ascii_gets_the_whole_guide_in_ascii() -> None:
    received, screens = walked({"LC_ALL": "C"})
    assert received.isascii()
    for word in (*WORDS, "+ ok", "cgwizard - practice", "* HTTP   o HTTPS"):
        assert word in screens
    assert "*" * 16 in screens, "a secret's characters"


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "POSIX"},
        {"LC_ALL": UNSET, "LANG": UNSET, "LC_CTYPE": UNSET},
        {"LC_ALL": UNSET, "LC_CTYPE": UNSET, "LANG": "C"},
        {"LC_ALL": "en_US.ISO-8859-1"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1:strict"},
    ],
    ids=str,
)
def test_ascii_wherever_more_is_not_sure(env: dict[str, str]) -> None:
    with Wire(*wizard("practice"), env=env) as wire:
        wire.until("enter connect")
        wire.keys("Enter")
        wire.until("+ ok", "enter continue")
        assert wire.received.isascii()
        wire.keys("C-q")
        assert wire.exit_code() == 130


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": UNSET, "LANG": "en_US.UTF-8"},  # over SSH, of a locale that is not installed
        {"LC_ALL": "C", "PYTHONUTF8": "1"},
        {"LC_ALL": "C.UTF-8", "LANG": "C"},
        {"LC_ALL": "C", "PYTHONIOENCODING": "utf-8"},
    ],
    ids=str,
)
def test_all_characters_where_utf8_is_said(env: dict[str, str]) -> None:
    with Wire(*wizard("practice"), env=env) as wire:
        wire.until("enter connect")
        wire.keys("Enter")
        wire.until("✓ ok", "enter continue")


@pytest.mark.parametrize("term", ["dumb", UNSET])
def test_terminals_without_a_cursor_get_lines_and_are_told_why(term: str) -> None:
    with Wire(*wizard("practice"), env={"TERM": term}) as wire:
        screen = wire.until("Nexus URL [")
        assert "cannot show screens: questions line by line (--plain)." in screen
        assert not main_action(screen)
        assert b"\x1b" not in wire.received


def test_over_ssh_the_mouse_is_left_to_the_terminal() -> None:
    asked = re.compile(rb"\x1b\[\?100[0236]h")
    with Wire(*wizard("practice")) as wire:
        wire.until("enter connect")
        assert asked.search(wire.received)
    with Wire(*wizard("practice"), env={"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}) as wire:
        wire.until("enter connect")
        assert not asked.search(wire.received)
