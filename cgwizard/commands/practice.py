"""`cgwizard practice`: the guide, or only the servers, without a Nexus or a network at hand."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import click

from cgwizard.commands.common import problems_shown, run_screens, terminal
from cgwizard.commands.options import debug_log, plain_option, runs_plain
from cgwizard.errors import Code, WizardError
from cgwizard.text import ascii_fallback

if TYPE_CHECKING:
    from cgwizard.practice.world import PracticeWorld
    from cgwizard.secrets.secret import Secret


@click.command()
@click.option("--serve", is_flag=True, help="Only run the practice servers, until a signal.")
@click.option("--json", "as_json", is_flag=True, help="With --serve: say where as one JSON line.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The practice Nexus's port.")
@click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    metavar="NAME",
    callback=lambda _ctx, _option, names: _host_patterns(names),
    help="Answer to this host name too; .example.com: to all below it. May be repeated.",
)
@click.option(
    "--password-from",
    "source",
    default="",
    metavar="SOURCE",
    callback=lambda _ctx, _option, source: _source(source),
    help="The practice Nexus's password, else made anew: keyring, systemd-creds, env:VARIABLE "
    "or file:PATH (mode 0600).",
)
@click.option("--speed", metavar="MB/S", help="How fast blobs come, in MB/s, or: full.")
@plain_option
@debug_log
def practice(
    *,
    serve: bool,
    as_json: bool,
    port: int,
    hosts: tuple[str, ...],
    source: str,
    speed: str | None,
    plain: bool,
) -> None:
    """Practice with a Nexus and a cgr.dev of our own.

    Both run on this machine, for this run only.
    """
    if as_json and not serve:
        raise click.UsageError("--json goes with --serve")
    screens = not serve and not plain and terminal()
    plain = not serve and (runs_plain(plain) if terminal() else plain)
    interactive = screens and not plain
    # Not started yet: the first screen is drawn before the servers are even imported.
    with (
        problems_shown(),
        closing(_world(port, hosts, source, _speed(speed, interactive))) as world,
    ):
        if serve:
            _serve(world, as_json)
            return
        from cgwizard.guide.guide import Guide

        session = Guide(practice=world.info, start_practice=world.start)
        if interactive:
            run_screens(session, world.close)
        from cgwizard.frontends.plain import Plain

        if not source:
            _say_signing_in(world)
        sys.exit(Plain(session, source=sys.stdin if plain else None).walk())


def _host_patterns(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        return ()
    from cgwizard.practice.host_check import host_pattern
    from cgwizard.text import decode

    try:
        return tuple(decode.parsed(host_pattern, name) for name in names)
    except decode.Unreadable:
        raise click.BadParameter(
            "a host name without a port, such as nexus.example.com, or .example.com for all "
            "below; beyond ASCII as xn--..."
        ) from None


def _source(source: str) -> str:
    if source:
        from cgwizard.plan.answers_file import Source
        from cgwizard.text import decode

        try:
            decode.convert(source, Source)
        except decode.Unreadable:
            # Not repeated: it may be the password itself.
            raise click.BadParameter("keyring, systemd-creds, env:VARIABLE or file:PATH") from None
    return source


def _password(source: str, port: int) -> Secret | None:
    """None: the practice world makes one."""
    if not source:
        return None
    from cgwizard.practice.world import ADMIN
    from cgwizard.secrets import sources

    if source in sources.KEEPERS and not port:
        raise click.UsageError(f"--password-from {source} goes with --port: it keeps by address")
    return sources.nexus_password(source, f"{ADMIN}@http://127.0.0.1:{port}")


def _world(port: int, hosts: tuple[str, ...], source: str, speed: float | None) -> PracticeWorld:
    from cgwizard.practice.world import PortTakenError, PracticeWorld

    password = _password(source, port)
    try:
        return PracticeWorld(nexus_port=port, speed=speed, password=password, allowed_hosts=hosts)
    except PortTakenError as error:
        raise WizardError(
            Code.PRACTICE_PORT_TAKEN,
            tried=f"listening on {error.filename} for the practice Nexus",
            came_back=error.strerror or str(error),
        ) from error


def _speed(text: str | None, interactive: bool) -> float | None:
    """Bytes a second, None for all there is. Loopback is too fast to watch, so the screens are
    paced unless told otherwise."""
    from cgwizard.practice.cgr.throttle import SPEED_TO_WATCH

    if text is None:
        return SPEED_TO_WATCH if interactive else None
    if text == "full":
        return None
    from cgwizard.text import decode

    try:
        speed = decode.parsed(float, text)
    except decode.Unreadable:
        speed = 0.0
    if not 0 < speed < 1e6:
        raise click.BadParameter("a number of MB/s above 0, or: full", param_hint="--speed")
    return speed * 1e6


def _say_signing_in(world: PracticeWorld) -> None:
    """Where the practice Nexus is, and the password that it was given for this run."""
    info = world.info
    click.echo(f"practice Nexus    {info.nexus_url}")
    click.echo(f"  user            {info.username}")
    click.echo(f"  password        {info.password.reveal()}")


def _serve(world: PracticeWorld, as_json: bool) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    world.start()
    info = world.info
    token = info.pull_token
    if as_json:
        told = {
            "nexus_url": info.nexus_url,
            "username": info.username,
            "password": info.password.reveal(),
            "registry_url": info.registry_url,
            "organization": info.organization,
            "pull_token": {"username": token.username, "password": token.password.reveal()},
        }
        click.echo(ascii_fallback.json_line(told))
    else:
        _say_signing_in(world)
        click.echo(f"practice cgr.dev  {info.registry_url}")
        click.echo(f"  organization    {info.organization}")
        click.echo(f"  token username  {token.username}")
        click.echo(f"  token password  {token.password.reveal()}")
        click.echo("A docker (proxy) of https://cgr.dev/ made in this Nexus leads to this cgr.dev.")
        click.echo("All of it is gone when this ends: Ctrl+C.")
    stop.wait()
