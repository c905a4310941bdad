"""Waiting for a connector that Nexus opens, or finding out why it cannot be reached from here."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cgwizard.errors import Code, WizardError
from cgwizard.guide.shown import Check, Report
from cgwizard.net.proxies import is_loopback
from cgwizard.nexus.ports import connectors
from cgwizard.system.listeners import listener

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.guide.session import Session
    from cgwizard.registry.client import Registry

CONNECTOR_SECONDS = 10.0
POLL_SECONDS = 0.1
PING_SECONDS = 3.0
HOPELESS = frozenset(
    {Code.CONNECTOR_OTHER_SERVICE, Code.NEXUS_CERTIFICATE_CHANGED, Code.CA_FILE_UNREADABLE}
)


def wait_for_connector(
    session: Session, port: int, scheme: str, report: Report, cancel: Cancel
) -> None:
    """Nexus answers before the connector is open, and says nothing when it cannot open it."""
    from cgwizard.registry.retry import RetryPolicy

    address = session.address(port)
    label, question = f"the connector answers at {address}", f"what answers at {address}?"
    report(Check("connector", question, "running"))
    session.unforwarded.pop(port, None)
    deadline = time.monotonic() + CONNECTOR_SECONDS
    patience = RetryPolicy(answer_seconds=PING_SECONDS)
    tunnel = _is_behind_tunnel(session, port)
    while True:
        try:
            registry = cancel.run(lambda: session.connector(port, scheme, patience=patience))
            with registry:
                nexus = cancel.run(partial(_ping, registry, address), registry.abort)
            break
        except WizardError as error:
            if tunnel and (told := _through_nexus(session, port, cancel)):
                report(Check("connector", question, "warning", told))
                return
            if time.monotonic() > deadline or error.code in HOPELESS:
                raise _explained(error, session, port, scheme) from error
        cancel.wait(POLL_SECONDS)
    server = session.server
    if server and server.header.startswith("Nexus/") and not nexus:
        told = "a registry answers, but it does not call itself Nexus: a proxy, or another program"
        report(Check("connector", question, "warning", told))
    else:
        report(Check("connector", label, "done"))


def _ping(registry: Registry, address: str) -> bool:
    """Whether what answers calls itself Nexus; raises WizardError where it is no registry."""
    ping = registry.ping()
    if not (ping.api_version or "").startswith("registry/"):
        raise WizardError(
            Code.CONNECTOR_OTHER_SERVICE,
            tried=f"GET /v2/ at {address}",
            came_back=f"{ping.status} from something that is no registry",
            cause="another program listens on this port, so Nexus could not open it",
            next_step="go back and choose another port",
        )
    return ping.server.startswith("Nexus/")


def _explained(error: WizardError, session: Session, port: int, scheme: str) -> WizardError:
    if error.code in HOPELESS:
        return error
    address = session.address(port)
    if scheme == "https":
        code, cause = (
            Code.CONNECTOR_HTTPS_WITHOUT_KEYSTORE,
            "Nexus has no HTTPS keystore (it only logs that), or the port is not published",
        )
        step = "go back and choose HTTP, or give Nexus a keystore first"
    elif port < 1024:
        code, cause = Code.CONNECTOR_PRIVILEGED_PORT, "Nexus may not open ports below 1024"
        step = "go back and choose a port above 1023"
    else:
        code, cause = (
            Code.CONNECTOR_NOT_PUBLISHED,
            "the port of the container is not published, or a firewall or another program has it",
        )
        step = f"publish the port (docker run ... -p {port}:{port}) or go back and choose another"
        if is_loopback(session.host.strip("[]")):
            step += f"; through an SSH tunnel: add -L {port}:localhost:{port}"
    return WizardError(
        code,
        tried=f"reaching the connector at {address} for {CONNECTOR_SECONDS:.0f} s",
        came_back=error.problem.came_back,
        cause=cause,
        next_step=step,
    )


def _is_behind_tunnel(session: Session, connector: int) -> bool:
    """Whether an SSH client of this machine forwards Nexus's port, and not the connector's."""
    if not is_loopback(session.host.strip("[]")):
        return False
    url = urlsplit(session.nexus.base_url)
    port = url.port or (443 if url.scheme == "https" else 80)
    return listener(port) == "ssh" and listener(connector) != "ssh"


def _through_nexus(session: Session, port: int, cancel: Cancel) -> str:
    """Reach the repository at Nexus's own address from now on, and the words for that; empty
    where it does not answer there either. Docker cannot use that address; this program can."""
    own = next((c for c in connectors(session.repositories) if c.port == port), None)
    if own is None:
        return ""
    session.unforwarded[port] = own.repository
    try:
        with session.connector(port) as registry:
            cancel.run(partial(_ping, registry, registry.name), registry.abort)
    except WizardError:
        del session.unforwarded[port]
        return ""
    return (
        f"the SSH tunnel forwards no port {port}: add -L {port}:localhost:{port} for docker; "
        f"here {own.repository} is reached through Nexus's own port"
    )
