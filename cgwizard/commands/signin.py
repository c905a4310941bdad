"""Signing in to Nexus for commands that ask no more than a password."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cgwizard.commands.common import warn_unencrypted
from cgwizard.errors import Code, ExitCode, WizardError
from cgwizard.system import typed_ahead

if TYPE_CHECKING:
    from cgwizard.nexus.client import NexusClient
    from cgwizard.secrets.secret import Secret


def signed_in(nexus: str, user: str, source: str, folder: Path) -> NexusClient:
    """A client whose credentials Nexus accepted. ``source`` as in the answers file, or "" to
    look where the guide keeps passwords and then ask. Trust and user: of the last saved run.

    Raises WizardError.
    """
    from cgwizard.net.trust import Trust
    from cgwizard.nexus.client import NexusClient
    from cgwizard.runs import saved
    from cgwizard.secrets.secret import Credentials

    trust = Trust()
    for path in sorted(folder.glob("*.json"), reverse=True):
        try:
            run = saved.read(path)
        except WizardError:
            continue
        if run.nexus == nexus and run.answers.connect is not None:
            trust = Trust(run.answers.connect.ca_file, run.answers.connect.fingerprint)
            user = user or run.user
            break
    if not user:
        user = _ask_user(nexus)
    warn_unencrypted(nexus)
    client = NexusClient(nexus, Credentials(user, _password(nexus, user, source)), trust)
    client.sign_in()
    return client


def _ask_user(nexus: str) -> str:
    if not sys.stdin.isatty():
        raise _nobody(f"the user for {nexus}", "name one with --user")
    typed_ahead.release()
    return str(click.prompt(f"User for {nexus}", err=True))


def _password(nexus: str, user: str, source: str) -> Secret:
    from cgwizard.secrets import keyring as keyrings
    from cgwizard.secrets import sources, systemd_creds

    account = f"{user}@{nexus}"
    if source:
        return sources.nexus_password(source, account)
    if keyrings.probe().usable and (found := keyrings.load("nexus-password", account)):
        return found
    if systemd_creds.has("nexus-password", account):
        return sources.nexus_password("systemd-creds", account)
    if not sys.stdin.isatty():
        raise _nobody(f"the password of {account}", "name its place with --password-from")
    from cgwizard.frontends.line_output import Lines
    from cgwizard.frontends.prompts import EndOfInput, Prompts

    try:
        typed = Prompts(Lines(sys.stderr)).secret(f"Password of {account}", kept=False)
    except EndOfInput:
        typed = None
    if typed is None:
        raise _nobody(f"the password of {account}", "type it, or name --password-from")
    return typed


def _nobody(what: str, next_step: str) -> WizardError:
    return WizardError(
        Code.NOBODY_TO_ASK,
        tried=f"asking for {what}",
        came_back="there is no answer",
        cause="standard input is no terminal, or it ended",
        next_step=next_step,
        exit_code=ExitCode.USAGE,
    )
