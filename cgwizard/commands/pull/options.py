"""The options of `cgwizard pull`, and the next steps that name them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import click
import msgspec

from cgwizard.errors import Code, ExitCode, Problem, WizardError
from cgwizard.errors.codes import NEW_PULL_TOKEN

if TYPE_CHECKING:
    from cgwizard.secrets.secret import Credentials

SOURCES = "keyring, systemd-creds, env:VARIABLE, file:PATH"  # as in answers files


class PullOptions(NamedTuple):
    """The command line, by the names that click gives its options."""

    reference: str
    engine: Literal["auto", "builtin", "docker", "podman"] = "builtin"
    credentials: Credentials | None = None
    plain_http: bool = False
    platform: str | None = None
    output: Path | None = None
    verify_layers: bool = False
    ca_file: Path | None = None
    verify_upstream: bool = False
    registry: str = ""  # the URL of what is asked in place of cgr.dev
    upstream: str | None = None  # the same, by its older name
    upstream_token: str = ""  # where it is: one of `SOURCES`
    nexus: str = ""  # the base URL of Nexus itself


def check(options: PullOptions) -> None:
    """Raises UsageError for options that do not go together or have no meaning."""
    for option in ("output", "ca_file", "verify_layers"):
        if options.engine in {"docker", "podman"} and getattr(options, option):
            name = f"--{option.replace('_', '-')}"
            raise click.UsageError(f"{name} is for the built-in puller: --engine builtin")
    if (options.upstream_token or options.nexus) and not options.verify_upstream:
        option = "--upstream-token" if options.upstream_token else "--nexus"
        raise click.UsageError(f"{option} goes with --verify-upstream")
    if options.registry and not options.verify_upstream:
        raise click.UsageError("--registry goes with --verify-upstream")
    if options.upstream_token:
        from cgwizard.plan.answers_file import Source
        from cgwizard.text import decode

        try:
            decode.convert(options.upstream_token, Source)
        except decode.Unreadable:
            # Not repeated: it may be the token itself.
            raise click.UsageError(f"--upstream-token is one of {SOURCES}") from None
    if options.platform is not None:
        from cgwizard.registry.platforms import Platform
        from cgwizard.text import decode

        try:
            Platform.parse(options.platform)
        except decode.Unreadable as error:
            raise click.UsageError(f"--platform {options.platform!r}: {error}") from None


def read_token(source: str) -> Credentials:
    """The pull token for cgr.dev itself. Raises WizardError, before anything was tried."""
    from cgwizard.secrets import sources
    from cgwizard.tokens import paste

    try:
        secret = sources.pull_token(source)
        try:
            return paste.parse(secret.reveal()).credentials
        except WizardError as error:
            raise error.but(
                tried=f"reading the pull token from {source}",
                next_step=f"put the whole output of `{NEW_PULL_TOKEN}` there, or its user name "
                "and its password",
            ) from error
    except WizardError as error:
        error.exit_code = ExitCode.USAGE
        raise


# Next steps that name an option of this command.
_ADVICE = {
    Code.NO_LOGIN: "give --username NAME, and the password when it asks or by --password-stdin",
    Code.REGISTRY_TLS_UNTRUSTED: "name the file of your own authority: --ca-file FILE",
    Code.SECRET_VARIABLE_EMPTY: "set it for this process, or name another --upstream-token SOURCE",
    Code.ZSTD_MISSING: "run cgwizard with another Python, or leave --verify-layers out",
}


def advised(problem: Problem, options: PullOptions) -> Problem:
    next_step = _ADVICE.get(problem.code, problem.next_step)
    if problem.code == Code.REGISTRY_HTTP_HTTPS_MISMATCH and "plain HTTP on" in problem.cause:
        next_step = "add --plain-http; password and image then travel unencrypted"
    elif problem.code == Code.REGISTRY_HTTP_HTTPS_MISMATCH and options.plain_http:
        next_step = "leave --plain-http out"
    return msgspec.structs.replace(problem, next_step=next_step)
