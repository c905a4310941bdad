"""Reaching Nexus, and a certificate of its that is not known: believed only when confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgwizard.errors import Code, WizardError
from cgwizard.guide.step import Check, Fix, Report
from cgwizard.net.client import Trust

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.guide.connect import Connect
    from cgwizard.nexus.client import NexusClient, UntrustedCertificate


def reach(step: Connect, report: Report, cancel: Cancel) -> NexusClient:
    """The Nexus that was named. Raises WizardError, and may give the step a fix."""
    from cgwizard.nexus.client import UntrustedCertificate
    from cgwizard.nexus.discovery import find

    label = "reach Nexus"

    def on_try(url: str) -> None:
        report(Check("reach", label, "running", url))

    def forget_pin() -> None:
        step.fingerprint = None

    on_try(step.values["url"].strip())
    step.session.trust = Trust(step.ca_file, step.fingerprint)
    try:
        client = find(step.values["url"], None, step.session.trust, on_try, cancel)
    except UntrustedCertificate as error:
        _offer_pin(step, error)
        raise
    except WizardError as error:
        if error.code == Code.NEXUS_CERTIFICATE_CHANGED:
            step.fix = Fix("look at the new certificate", forget_pin)
        raise
    report(Check("reach", label, "done", client.base_url))
    return client


def _offer_pin(step: Connect, error: UntrustedCertificate) -> None:
    seen = error.fingerprint

    def pin() -> None:
        step.fingerprint = seen

    step.fix = Fix(
        "trust this certificate",
        pin,
        f"SHA-256 {':'.join(seen[i : i + 2] for i in range(0, len(seen), 2)).upper()}\n"
        f"subject {error.subject}, issuer {error.issuer}\n"
        "Compare it with what the administrator of Nexus tells you, then confirm.",
    )
