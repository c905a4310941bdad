"""How findings are put before a user."""

from __future__ import annotations

from cgwizard.diagnosis.checks import CHECKS
from cgwizard.diagnosis.finding import Finding
from cgwizard.diagnosis.listing import headline, listed
from cgwizard.errors import Code


def test_findings_stand_in_the_order_of_the_checks_however_they_came_in() -> None:
    ids = [info.id for info in CHECKS]
    came = [Finding("ok", check=id, label=id) for id in reversed(ids)]
    assert [finding.check for finding in listed(came)] == ids


def test_what_was_skipped_for_one_reason_is_one_line_at_the_end() -> None:
    ids = [info.id for info in CHECKS][:4]
    found = [
        Finding("skipped", "no token", check=ids[0], label="a"),
        Finding("ok", check=ids[1], label="b"),
        Finding("skipped", "no token", check=ids[2], label="c"),
        Finding("skipped", "no image", check=ids[3], label="d"),
    ]
    shown = [(f.label, f.verdict, f.evidence) for f in listed(found)]
    assert shown == [
        ("b", "ok", ""),
        ("2 checks", "skipped", "no token"),
        ("d", "skipped", "no image"),
    ]


def test_the_headline_claims_no_more_than_was_looked_at() -> None:
    ok = Finding("ok", check="a", label="a")
    skipped = Finding("skipped", "no token", check="b", label="b")
    cause = "the remote storage has a path"
    problem = Finding("problem", "404", cause, code=Code.REMOTE_URL_PATH, check="c", label="c")
    assert headline([ok], None) == "Nothing wrong was found"
    assert headline([ok, skipped], None).endswith("in what could be looked at")
    assert headline([ok, problem], problem) == "Most likely: the remote storage has a path"
