"""Saying once for each host, before it is sent, that a secret can be read on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cgwizard.guide.shown import Check, Report
from cgwizard.net import unencrypted

if TYPE_CHECKING:
    from cgwizard.guide.session import Session


def tell(session: Session, url: str, report: Report, secret: str = "password") -> None:
    host = urlsplit(url).hostname or ""
    if host in session.unencrypted or not unencrypted.crosses(url):
        return
    session.unencrypted.add(host)
    detail = f"the {secret} crosses the network unencrypted"
    report(Check(f"unencrypted-{host}", f"Plain HTTP to {host}", "warning", detail))


def tell_connector(session: Session, report: Report) -> None:
    """Of the connectors, which are at one host."""
    if session.plan.routing is not None:
        tell(session, f"{session.routing.scheme}://{session.host}", report)
