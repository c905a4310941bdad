"""The remote of a repository, and the network behind Nexus, as Nexus sees them."""

from __future__ import annotations

import msgspec

from cgwizard.errors import Code, WizardError
from cgwizard.nexus.entries import each
from cgwizard.nexus.http_errors import answer_facts, came_back
from cgwizard.nexus.models import RemoteCertificate, RemoteStatus
from cgwizard.nexus.rest import RestSession, decode


class _Details(msgspec.Struct, frozen=True):
    name: str
    status: RemoteStatus | None = None


def remote_status(session: RestSession, name: str) -> RemoteStatus | None:
    path = "/internal/ui/repositories/details"
    answer = session.send("GET", path, accept=(200, 403, 404, 405))
    if answer.status != 200 or answer.html:
        return None
    tried = f"GET {session.base_url}/service/rest{path}"
    details = session.read_list(answer, each(_Details), tried, "remotes")
    # Nexus looks names up without regard to case.
    return next((found.status for found in details if found.name.lower() == name.lower()), None)


def remote_certificate(session: RestSession, host: str, port: int) -> RemoteCertificate:
    what = f"asking Nexus for the certificate of {host}:{port}"
    answer = session.send(
        "GET",
        "/v1/security/ssl",
        what=what,
        params={"host": host, "port": str(port)},
        accept=(200, 400),
        needs="nx-ssl-truststore-read",
    )
    if answer.status == 200:
        return decode(answer, RemoteCertificate, what)
    said = came_back(answer)
    if "unknown host" in said.lower():
        raise WizardError(
            Code.REMOTE_DNS,
            tried=what,
            came_back=said,
            cause=f"the Nexus server finds no address for {host}",
        ).with_facts(answer_facts(answer))
    raise WizardError(
        Code.REMOTE_EGRESS,
        tried=what,
        came_back=said,
        cause=f"the Nexus server cannot open a TLS connection to {host}:{port}",
        next_step="check the firewall and the outbound proxy of the Nexus server",
    ).with_facts(answer_facts(answer))
