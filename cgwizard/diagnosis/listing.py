"""The findings as a user reads them: in the order of the checks, with skipped ones folded."""

from __future__ import annotations

from collections.abc import Sequence

from cgwizard.diagnosis.checks import CHECKS
from cgwizard.diagnosis.finding import Finding


def listed(findings: Sequence[Finding]) -> list[Finding]:
    """In the order of the checks; skipped ones last, in one line for each reason."""
    places = {info.id: place for place, info in enumerate(CHECKS)}
    ordered = sorted(findings, key=lambda finding: places.get(finding.check, len(places)))
    skipped: dict[str, list[Finding]] = {}
    for finding in ordered:
        if finding.verdict == "skipped":
            skipped.setdefault(finding.evidence, []).append(finding)
    folded = [
        found[0]
        if len(found) == 1
        else Finding("skipped", reason, check="skipped", label=f"{len(found)} checks")
        for reason, found in skipped.items()
    ]
    return [finding for finding in ordered if finding.verdict != "skipped"] + folded


def headline(findings: Sequence[Finding], cause: Finding | None, failed: str = "") -> str:
    """What the findings mean, in one sentence. ``failed``: a sentence on what
    failed in the guide."""
    if cause is not None:
        return f"{failed}Most likely: {cause.cause or cause.label}"
    if any(finding.verdict == "skipped" for finding in findings):
        return "Nothing wrong was found in what could be looked at"
    return "Nothing wrong was found"
