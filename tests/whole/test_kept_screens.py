"""A server without a keyring, at 80x24: an encrypted file is made, and opened at the next start."""

from __future__ import annotations

from cgwizard.practice.world import PracticeWorld
from tests.conftest import leaks
from tests.support.programs import needs
from tests.support.terminal import Terminal, wizard

pytestmark = needs("tmux")

PASSPHRASE = "four random words here"


def test_an_encrypted_file_is_made_and_opened(world: PracticeWorld) -> None:
    command = wizard(world.info.nexus_url, "--user", "admin")
    with Terminal(*command) as terminal:
        terminal.until("● for this run only", "○ encrypted file", "stays in memory")
        terminal.type(world.info.password.reveal())
        terminal.keys("Tab", "Down")
        screen = terminal.until("● encrypted file", "Passphrase", "Once more")
        assert "stays in memory" not in screen
        assert "enter connect" in screen, "everything fits"
        terminal.keys("Tab")
        terminal.type(PASSPHRASE)
        terminal.keys("Tab")
        terminal.type(PASSPHRASE)
        terminal.keys("Enter")
        screen = terminal.until("keep the password in the encrypted file", "enter continue")
        assert "Passphrase" not in screen
        terminal.keys("C-q")
        terminal.until("EXIT")
    with Terminal(*command) as terminal:
        terminal.until("ctrl+n start a new run")
        terminal.keys("C-n")
        shown = ("opens the secrets file", "The encrypted file of an earlier run")
        terminal.until(*shown, "enter connect")
        terminal.type("not this one")
        terminal.keys("Enter")
        screen = terminal.until("it does not open", "enter try again")
        assert not leaks(screen.encode())
        terminal.keys("C-u")
        terminal.until("opens the secrets file")  # the field is empty
        terminal.type(PASSPHRASE)
        terminal.keys("Enter")
        screen = terminal.until("opened the secrets file", "signed in as admin", "enter continue")
        assert PASSPHRASE not in screen
