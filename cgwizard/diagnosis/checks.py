"""Every check, in the order in which users see them."""

from __future__ import annotations

from cgwizard.diagnosis import connector, image, names, network, remote, repository, server, token
from cgwizard.diagnosis.check import CheckInfo

CHECKS: tuple[CheckInfo, ...] = (
    server.answers,
    server.writable,
    server.sign_in,
    server.eula,
    server.anonymous,
    server.outbound_proxy,
    *network.CHECKS,
    repository.exists,
    remote.url,
    remote.status,
    remote.sign_in,
    repository.rules,
    repository.blob_store,
    connector.answers,
    names.name,
    token.shape,
    token.expiry,
    token.accepted,
    image.from_registry,
    image.through_nexus,
    image.closed,
)
