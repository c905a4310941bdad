"""Bytes that are no text, and sequences that are no keys, reach the screens and do no harm."""

from __future__ import annotations

import random
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.support.terminal import Wire, wizard

HINT = "left out"


@pytest.mark.parametrize(
    ("env", "typed", "shown"),
    [
        ({}, b"gr\xfc\xdfe", "gre"),
        ({}, "grüße".encode(), "grüße"),
        ({"LC_ALL": "C"}, b"\xe9a", "a"),
        ({"LC_ALL": "de_DE.ISO-8859-1"}, b"\xe9a", "ea"),  # é, in the ASCII of this locale
        ({}, b"\x1b[200~a\xfc\x1b[201~", "a"),  # pasted
        ({}, b"\x1b[1:2;3uab", "ab"),  # sequences at which Textual's reader fails
        ({}, b"\x1b[99999999999;1uab", "ab"),
        ({}, b"\x1b[48;0;0;0;0tab", "ab"),
    ],
    ids=str,
)
def test_odd_bytes_leave_the_others(
    env: dict[str, str], typed: bytes, shown: str, tmp_path: Path
) -> None:
    env = {**env, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    with Wire(*wizard(), env=env) as wire:
        wire.until("enter connect")
        wire.send(typed)
        screen = wire.until_true(
            lambda s: f"Nexus URL        {shown}\n" in s.replace("_", ""), f"{shown} in the field"
        )
        if typed.startswith(b"\x1b[1:2") or (not env.get("LC_ALL") and b"\xfc" in typed):
            assert HINT in screen
        wire.keys("C-q")
        assert wire.exit_code() == 130


def test_any_bytes_are_survived(tmp_path: Path) -> None:
    seed = random.randrange(1 << 32)
    print("seed", seed)
    source = random.Random(seed)
    with Wire(*wizard(), env={"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}) as wire:
        wire.until("enter connect")
        for _ in range(40):
            data = source.randbytes(source.randrange(1, 60))
            # Keys that leave, suspend, or start work, and pastes without an end, are left out.
            wire.send(data.translate(None, b"\x03\x11\x1a\x0d~"))
            wire.screen()
        wire.send(b"\x0c")
        wire.keys("C-q")
        code = wire.exit_code()
        assert code == 130, [path.read_text() for path in tmp_path.rglob("crashes/*.txt")]


HUNTED = {
    "a paste of 1 MB": b"\x1b[200~" + b"x" * 1_000_000 + b"\x1b[201~",
    "a paste without an end": b"\x1b[200~abc\x1b[Adef",
    "NULs": b"a\0\0\0b",
    "C1 controls": bytes(range(0x80, 0xA0)) + "".join(map(chr, range(0x80, 0xA0))).encode(),
    "answers to DA, DECRPM and OSC 11":
        b"a\x1b[?62;22cb\x1b[?2026;2$yc\x1b]11;rgb:ffff/ffff/ffff\x1b\\d\x1b]11;rgb:0/0/0\x07e",
    "mouse reports": b"a\x1b[<0;10;5Mb\x1b[<0;10;5mc\x1b[M !!d\x1b[<99999;-1;0M",
    "focus": b"a\x1b[Ib\x1b[Oc\x1b[I\x1b[O",
}  # fmt: skip


@pytest.mark.parametrize("locale", ["C", "de_DE.ISO-8859-1", "C.UTF-8"])
@pytest.mark.parametrize("what", HUNTED)
def test_what_is_no_typing_is_survived(what: str, locale: str, tmp_path: Path) -> None:
    env = {"LC_ALL": locale, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    with Wire(*wizard(), env=env) as wire:
        wire.until("enter connect")
        data = HUNTED[what]
        for start in range(0, len(data), 1 << 16):
            wire.send(data[start : start + (1 << 16)])
            wire.screen()
        wire.keys("C-q")
        assert wire.exit_code() == 130
        assert not list(tmp_path.rglob("crashes/*.txt"))


DYING = """
import os
from cgwizard.screens.parts.terminal import textual_internals
from cgwizard import cli
read = os.read
class Broken(textual_internals.XTermParser):
    def __init__(self, debug):
        raise MemoryError("on purpose")
textual_internals.XTermParser = Broken
import sys
sys.argv = ["cgwizard"]
cli.main()
"""


def test_an_input_that_dies_is_a_crash(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    with Wire(sys.executable, "-c", DYING, env=env) as wire:
        assert wire.exit_code() == 1
        screen = wire.screen()
        assert "it stopped by an error of its own (MemoryError)" in screen
        assert "Traceback" not in screen
        assert list(tmp_path.rglob("crashes/*.txt"))


@pytest.mark.parametrize(
    "words", [[], ["--help"], ["practice", "--bogus"], ["practice", "--serve", "--bogus"]]
)
def test_the_terminal_is_given_back_as_it_was(words: list[str], tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path), "TERM": "xterm"}
    line = subprocess.list2cmdline([*wizard(*words)])
    with Wire("sh", "-c", f"stty -a; {line}; echo EXIT; stty -a; cat", env=env) as wire:
        if not words:
            wire.until("enter connect")
            wire.keys("C-q")
        wire.until("EXIT")
        wire.until_true(lambda _: wire.received.count(b"echoke") == 2, "the second answer")
        before, after = wire.received.split(b"EXIT")
        assert after.split(b"speed")[1].split(b"\r\n\r\n")[0] in before


@pytest.mark.parametrize("number", ["TERM", "HUP", "QUIT"])
def test_a_signal_at_the_start_gives_the_terminal_back(number: str, tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from cgwizard.system import typed_ahead;"
        f"typed_ahead.hold([]); os.kill(os.getpid(), signal.SIG{number})"
    )
    env = {"TERM": "xterm"}
    with Wire("sh", "-c", f"{sys.executable} -c '{code}'; echo EXIT; exec cat", env=env) as wire:
        wire.until("EXIT")
        assert wire.attributes()[3] & termios.ECHO
        assert wire.attributes()[3] & termios.ICANON


def test_ctrl_z_suspends_and_comes_back(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path), "PS1": "shell> "}
    with Wire("bash", "--norc", "--noprofile", "-i", env=env) as wire:
        wire.until("shell>")
        wire.send(f"{wizard()[0]}\r".encode())
        wire.until("enter connect")
        wire.send(b"http://one\t")
        wire.until("http://one")
        wire.keys("C-z")
        wire.until_true(lambda s: "Stopped" in s and "shell>" in s, "the shell")
        assert wire.attributes()[3] & termios.ICANON or wire.attributes()[3] & termios.ISIG
        wire.send(b"fg\r")
        wire.until("http://one", "enter connect")
        wire.send(b"me")
        wire.until("User             me")
        wire.keys("C-q")
        wire.until("shell>")
