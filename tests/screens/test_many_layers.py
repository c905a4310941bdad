"""An image of 127 layers, as many as docker allows: every bar can be brought into sight."""

from __future__ import annotations

import asyncio

from cgwizard.app import Wizard
from cgwizard.events import Layer, LayerProgress, Resolved, Totals
from cgwizard.guide.guide import Guide
from cgwizard.plan import model as plan
from cgwizard.screens.parts.bars import LayerBars
from cgwizard.screens.pull import PullScreen
from tests.screens.test_screens import until

LAYERS = 127


class Shown(Wizard):
    session: Guide

    def get_default_screen(self) -> PullScreen:
        return PullScreen(self.session.steps.pull)


def test_all_layers_are_seen_by_scrolling() -> None:
    session = Guide(url="http://127.0.0.1")
    session.plan = plan.Plan(routing=plan.Routing(5051), developer=plan.Developer())
    progress = session.steps.pull.progress
    layers = tuple(Layer(f"sha256:{number:064x}", 100, "layer") for number in range(LAYERS))
    progress.start("127.0.0.1:5051/chainguard/large:latest")
    progress.add(Resolved(progress.reference, "sha256:0", "sha256:1", "linux/amd64", layers))
    progress.add(Totals(50, 100 * LAYERS, 10.0, 3.0))

    async def run() -> None:
        app = Shown(session)
        async with app.run_test(size=(80, 24)) as pilot:
            screen = app.screen
            assert isinstance(screen, PullScreen)
            await until(pilot, lambda: not screen.busy, "it has looked")
            screen.busy = "act"  # as while it pulls
            bars = screen.query_one(LayerBars)
            bars.show(progress)
            await pilot.pause()
            assert bars.size.height == LAYERS + 1
            app.screen.query_one("#body").focus()
            await pilot.press("end")
            await pilot.pause()
            last = bars.render_line(LAYERS - 1).text
            assert f"{LAYERS - 1:064x}"[:8] in last
            region = bars.region
            assert region.bottom <= app.size.height, "the total is in sight at the end"
            before = bars.render_line(3).text
            progress.add(LayerProgress(layers[3].digest, "downloading", 60, 100))
            bars.show(progress)
            await pilot.pause()
            assert bars.render_line(3).text != before
            assert "60 %" in bars.render_line(3).text

    asyncio.run(run())
