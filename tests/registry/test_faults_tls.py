"""The same faults on an HTTPS connection, which may end without TLS's close_notify."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from cgwizard.cancel import Cancel
from cgwizard.errors import Cancelled
from cgwizard.events import LayerProgress, PullEvent
from cgwizard.net.trust import Trust
from cgwizard.practice.faults.base import ConnectionFault
from cgwizard.practice.faults.connection_cut import ConnectionCut
from cgwizard.practice.faults.connection_reset import ConnectionReset
from cgwizard.practice.faults.corrupt_body import CorruptBody
from cgwizard.practice.faults.endless_interim_answers import EndlessInterimAnswers
from cgwizard.practice.faults.other_answer import OtherAnswer
from cgwizard.practice.faults.proxy import FaultProxy, fault_proxy
from cgwizard.practice.faults.slow_link import SlowBody
from cgwizard.practice.faults.stalled import StalledBody
from cgwizard.registry.client import Registry
from cgwizard.registry.pull import pull
from cgwizard.registry.reference import Reference
from tests.support.faulty_pull import NAME, SILENT, STALLED, Pull, Spot, at_layers, everywhere
from tests.support.programs import needs
from tests.support.real_registry import Made

pytestmark = needs("docker-registry")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trust(authority: trustme.CA, tmp_path: Path) -> Trust:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return Trust(ca_file=tmp_path / "ca.pem")


@pytest.fixture
def proxy(pushed_image: tuple[str, Made], authority: trustme.CA) -> Iterator[FaultProxy]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with fault_proxy(pushed_image[0], context) as proxy:
        yield proxy


@pytest.mark.parametrize(
    "fault",
    [
        ConnectionCut(300),
        ConnectionCut(300, reset=False),
        StalledBody(300),
        ConnectionReset(),
        CorruptBody(9),
    ],
    ids=["reset", "closed", "stall", "dropped", "corrupt"],
)
@everywhere
def test_what_can_be_mended_is(
    faulty: Pull, proxy: FaultProxy, spot: Spot, trust: Trust, fault: ConnectionFault
) -> None:
    proxy.rule(spot.target, fault, times=1)
    assert faulty.run(STALLED, trust=trust).succeeds().retries == 1


@at_layers
def test_cut_for_good_is_no_fault_of_the_certificate(
    faulty: Pull, proxy: FaultProxy, spot: Spot, trust: Trust
) -> None:
    proxy.rule(spot.target, ConnectionCut(0))
    faulty.run(trust=trust).fails_with(
        spot, "registry-cut", cause="cuts connections", next_step="another network"
    )


@at_layers
def test_end_of_one_answers_time_does_not_cut_the_others(
    faulty: Pull, proxy: FaultProxy, spot: Spot, trust: Trust
) -> None:
    proxy.rule(spot.target, EndlessInterimAnswers(), times=1)
    proxy.rule("blobs/", SlowBody(50_000, 0.15), after=1)
    assert faulty.run(SILENT, trust=trust).succeeds().retries == 1


@everywhere
def test_redirect_to_plain_http_only_where_the_digest_is_known(
    faulty: Pull, proxy: FaultProxy, spot: Spot, trust: Trust, pushed_image: tuple[str, Made]
) -> None:
    elsewhere = f"{pushed_image[0]}/v2/{NAME}/{spot.target}"
    proxy.rule(spot.target, OtherAnswer("307 Temporary Redirect", Location=elsewhere))
    faulty.run(trust=trust)
    if spot.name != "index":
        assert faulty.succeeds().retries == 0
        return
    faulty.fails_with(
        spot,
        "registry-redirect",
        came_back=f"from HTTPS to plain {elsewhere}",
        cause="builds its addresses wrongly",
        next_step="forwarded headers",
    )


def test_cancel_is_prompt_while_nothing_comes(proxy: FaultProxy, trust: Trust) -> None:
    proxy.rule("blobs/", StalledBody(1000), after=1)
    cancel = Cancel()

    def on_event(event: PullEvent) -> None:
        if isinstance(event, LayerProgress) and event.state == "downloading":
            cancel.set()

    reference = Reference.parse(f"127.0.0.1:{proxy.port}/{NAME}")
    with Registry(proxy.url, trust=trust) as registry:  # with the patience of real life
        began = time.monotonic()
        with pytest.raises(Cancelled):
            pull(registry, reference, platform="linux/amd64", on_event=on_event, cancel=cancel)
        assert time.monotonic() - began < 2
