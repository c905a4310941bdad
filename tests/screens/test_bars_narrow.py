"""Bars leave room for their figures, where a terminal is narrow."""

from __future__ import annotations

import asyncio

import pytest

from cgwizard.events import Layer, LayerProgress, Resolved, Totals
from cgwizard.guide.guide import Guide
from cgwizard.plan import model as plan
from cgwizard.screens.parts.bars import LayerBars
from cgwizard.screens.pull import PullScreen
from tests.screens.test_many_layers import Shown
from tests.screens.test_screens import until


@pytest.mark.parametrize("width", [40, 59, 60, 80, 120])
def test_how_far_it_is_can_be_read(width: int) -> None:
    session = Guide(url="http://127.0.0.1")
    session.plan = plan.Plan(routing=plan.Routing(5051), developer=plan.Developer())
    progress = session.steps.pull.progress
    layer = Layer("sha256:" + "a" * 64, 287_600, "layer")
    progress.start("127.0.0.1:5051/chainguard/large:latest")
    progress.add(Resolved(progress.reference, "sha256:0", "sha256:1", "linux/amd64", (layer,)))
    progress.add(LayerProgress(layer.digest, "downloading", 158_700, 287_600))
    progress.add(Totals(158_700, 287_600, 24_900.0, 282.0))

    async def run() -> None:
        app = Shown(session)
        async with app.run_test(size=(width, 24)) as pilot:
            screen = app.screen
            assert isinstance(screen, PullScreen)
            await until(pilot, lambda: not screen.busy, "it has looked")
            screen.busy = "act"  # as while it pulls
            bars = screen.query_one(LayerBars)
            bars.show(progress)
            await until(pilot, lambda: bars.size.width > 0, "the bars are laid out")
            bars.show(progress)  # now for their width
            one, total = (bars.render_line(y).text.rstrip() for y in range(2))
            wide = width >= 60
            assert one.endswith("55 %  158.7 kB of 287.6 kB" if wide else "55 %  158.7 kB")
            assert total.endswith("55 %  24.9 kB/s, 282 s left" if wide else "55 %  24.9 kB/s")

    asyncio.run(run())
