"""How findings are put before a user."""

from __future__ import annotations

from cgwizard.diagnosis import runner
from cgwizard.diagnosis.listing import headline, listed
from cgwizard.diagnosis.model import Finding


def test_findings_stand_in_the_order_of_the_checks_however_they_came_in() -> None:
    ids = [info.id for info in runner.checks()]
    came = [Finding(id, id, id, "ok") for id in reversed(ids)]
    assert [finding.check for finding in listed(came)] == ids


def test_what_was_skipped_for_one_reason_is_one_line_at_the_end() -> None:
    ids = [info.id for info in runner.checks()][:4]
    found = [
        Finding(ids[0], ids[0], "a", "skipped", "no token"),
        Finding(ids[1], ids[1], "b", "ok"),
        Finding(ids[2], ids[2], "c", "skipped", "no token"),
        Finding(ids[3], ids[3], "d", "skipped", "no image"),
    ]
    shown = [(f.label, f.verdict, f.evidence) for f in listed(found)]
    assert shown == [
        ("b", "ok", ""),
        ("2 checks", "skipped", "no token"),
        ("d", "skipped", "no image"),
    ]


def test_the_headline_claims_no_more_than_was_looked_at() -> None:
    ok = Finding("a", "a", "a", "ok")
    skipped = Finding("b", "b", "b", "skipped", "no token")
    problem = Finding("c", "c", "c", "problem", "404", "the remote storage has a path", "")
    assert headline([ok], None) == "Nothing wrong was found"
    assert headline([ok, skipped], None).endswith("in what could be looked at")
    assert headline([ok, problem], problem) == "Most likely: the remote storage has a path"
