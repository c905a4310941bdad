"""The answers file holds every plan, and refuses what is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgwizard.errors import WizardError
from cgwizard.plan import answers_file
from cgwizard.plan import model as plan

# TOML has no surrogates, and a path no NUL.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
PATHS = TEXT.map(lambda text: Path(text.replace("\0", "") or "x"))
PORTS = st.integers(1, 65535)
SCHEMES = st.sampled_from(("http", "https"))

PLANS = st.builds(
    plan.Plan,
    connect=st.none()
    | st.builds(
        plan.Connect,
        url=TEXT,
        user=TEXT,
        ca_file=st.none() | PATHS,
        fingerprint=st.none() | st.text("0123456789abcdef", min_size=64, max_size=64),
        accept_eula=st.booleans(),
    ),
    routing=st.none() | st.builds(plan.Routing, port=PORTS, scheme=SCHEMES),
    developer=st.none() | st.builds(plan.Developer, name=TEXT, remote_url=TEXT, blob_store=TEXT),
    token=st.none()
    | st.builds(
        plan.Token,
        mode=st.sampled_from(("skip", "add", "separate")),
        organization=TEXT,
        username=TEXT,
        name=TEXT,
        port=st.none() | PORTS,
        scheme=SCHEMES,
    ),
    pull=st.none() | st.builds(plan.Pull, free_image=TEXT, private_image=TEXT, platform=TEXT),
)


@given(PLANS)
def test_a_plan_goes_through_its_file(made: plan.Plan) -> None:
    assert answers_file.parse(plan.to_toml(made)).plan == made


@pytest.mark.parametrize(
    "text",
    ["version = 2", "routing = 5", "[routing]", "[routing]\nport = 0", "[routing]\nport = 99999",
     "[routing]\nport = '5051'", "[connect]\nurl = 'x'\nuser = 'y'\npassword = 'z'", "[token",
     "[token]\nmode = 'both'", "[developer]\nexisting = 'overwrite'", "unknown = 1"],
)  # fmt: skip
def test_what_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(WizardError, match="answers-invalid"):
        answers_file.parse(text)
