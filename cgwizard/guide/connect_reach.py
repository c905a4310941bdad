"""Reaching Nexus, and the words for a certificate that is believed only when it is confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgwizard.guide.shown import Check, Report

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.net.trust import Trust
    from cgwizard.nexus.client import NexusClient, UntrustedCertificate


def reach(typed: str, trust: Trust, report: Report, cancel: Cancel) -> NexusClient:
    """The Nexus that was named. Raises WizardError and UntrustedCertificate."""
    from cgwizard.nexus.discovery import find

    label = "reach Nexus"

    def on_try(url: str) -> None:
        report(Check("reach", label, "running", url))

    on_try(typed.strip())
    client = find(typed, None, trust, on_try, cancel)
    report(Check("reach", label, "done", client.base_url))
    return client


def certificate(error: UntrustedCertificate) -> str:
    """What a user compares before the certificate is believed."""
    seen = error.fingerprint
    return (
        f"SHA-256 {':'.join(seen[i : i + 2] for i in range(0, len(seen), 2)).upper()}\n"
        f"subject {error.subject}, issuer {error.issuer}\n"
        "Compare it with what the administrator of Nexus tells you, then confirm."
    )
