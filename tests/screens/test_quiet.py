"""Only what changed is written to the terminal, and it shows the same as if all were."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual import _compositor
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Region, Size
from textual.pilot import Pilot
from textual.strip import Strip

from cgwizard.app import Wizard
from cgwizard.guide.guide import Guide
from cgwizard.practice.world import PracticeWorld
from cgwizard.screens.parts.terminal.cell_diff import CellBuffer, DiffUpdate
from cgwizard.screens.parts.terminal.textual_internals import ScreenUpdate
from tests.screens.test_screens import until, until_key
from tests.support.guide import session_of
from tests.support.terminal_cells import Cells

LESS = 2.0  # at least so many times fewer bytes than Textual's own


class Both(Wizard):
    """Writes every update twice: as Textual does, and as the wizard does."""

    def __init__(self, session: Guide) -> None:
        super().__init__(session)
        self.whole, self.quiet = Cells(), Cells()
        self.bytes_whole = self.bytes_quiet = 0
        self.updates = 0

    def to_draw(self, update: object) -> object:
        if update is not None and not self._batch_count:
            assert isinstance(update, ScreenUpdate), update
            whole = update.render_segments(self.console)
            quiet = DiffUpdate(update, self.cells, self.size).render_segments(self.console)
            self.whole.feed(whole)
            self.quiet.feed(quiet)
            self.bytes_whole += len(whole)
            self.bytes_quiet += len(quiet)
            self.updates += 1
        return super().to_draw(update)

    async def resize(self, pilot: Pilot[int], width: int, height: int) -> None:
        self.whole.screen.resize(height, width)
        self.quiet.screen.resize(height, width)
        await pilot.resize_terminal(width, height)
        await pilot.pause(0.1)

    async def compare(self, pilot: Pilot[int]) -> None:
        """What was written since the start shows what a whole redraw shows, as soon as what is
        under way was drawn."""
        for _ in range(100):
            if not (different := self.different_rows()):
                break
            await pilot.pause(0.05)
        assert not different
        assert self.quiet.shown() == self.whole.shown()

    def different_rows(self) -> list[tuple[int, str, str]]:
        now = Cells(*self.size)
        now.feed(self.screen._compositor.render_full_update().render_segments(self.console))
        pairs = zip(self.quiet.shown(), now.shown(), strict=True)
        drawn, wanted = self.quiet.screen.display, now.screen.display
        return [(y, drawn[y], wanted[y]) for y, (is_, to_be) in enumerate(pairs) if is_ != to_be]


def test_every_step_shows_the_same_as_when_all_is_written(world: PracticeWorld) -> None:
    app = Both(session_of(world))

    async def run() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            for step in app.session.steps:
                await until(pilot, partial(on, app, step.id), f"at {step.id}")
                await until_key(app, pilot, "enter ")
                await pilot.pause(0.1)
                await app.compare(pilot)
                await pilot.press("f1")
                await pilot.pause(0.1)
                await app.compare(pilot)
                await pilot.press("escape")
                await app.resize(pilot, 120, 40)
                await app.compare(pilot)
                await app.resize(pilot, 40, 12)
                await app.compare(pilot)
                await app.resize(pilot, 80, 24)
                await app.compare(pilot)
                while on(app, step.id) and step.id != "finish":
                    await until_key(app, pilot, "enter ")
                    await app.compare(pilot)
                    await pilot.press("tab", "enter")
                    await pilot.pause(0.1)

    asyncio.run(run())
    print(f"{app.updates} updates, {app.bytes_whole} bytes by Textual, {app.bytes_quiet} here")
    assert app.bytes_whole >= LESS * app.bytes_quiet


def on(app: Wizard, step: str) -> bool:
    return type(app.screen).__name__.lower() == f"{step}screen"


def test_textual_has_no_other_kind_of_update() -> None:
    kinds = {c for c in CompositorUpdate.__subclasses__() if c.__module__ == _compositor.__name__}
    # Of these, the first is for applications that do not take the whole screen.
    assert kinds == {_compositor.InlineUpdate, LayoutUpdate, ChopsUpdate}


STYLES = [
    Style(),
    Style(bold=True),
    Style(dim=True, color="cyan"),
    Style(color="default", bgcolor="default"),
    Style(bgcolor="blue"),
    Style(underline=True),
    Style(reverse=True, color="#336699"),
]
WIDTH, HEIGHT = 7, 2
TEXTS = st.text(st.sampled_from("ab  ━●日本語"), min_size=1, max_size=5)
SEGMENTS = st.lists(
    st.tuples(TEXTS, st.sampled_from(STYLES)).map(lambda s: Segment(*s)), max_size=5
)


@st.composite
def updates(draw: st.DrawFn) -> LayoutUpdate:
    """Anything in any part of the screen."""
    x, y = draw(st.integers(0, WIDTH - 1)), draw(st.integers(0, HEIGHT - 1))
    region = Region(x, y, draw(st.integers(1, WIDTH - x)), draw(st.integers(1, HEIGHT - y)))
    strips: list[Iterable[Strip]] = [
        [Strip(draw(SEGMENTS)).adjust_cell_length(region.width)] for _ in range(region.height)
    ]
    return LayoutUpdate(strips, region)


@settings(max_examples=500, deadline=None)
@given(st.lists(updates(), min_size=1, max_size=6))
def test_any_text_replaces_any_other(drawn: list[LayoutUpdate]) -> None:
    shown, size = CellBuffer(), Size(WIDTH, HEIGHT)
    quiet, whole = Cells(WIDTH, HEIGHT), Cells(WIDTH, HEIGHT)
    console = Console(file=io.StringIO(), color_system="truecolor", force_terminal=True)
    for update in drawn:
        quiet.feed(shown.changes(update, size, console))
        whole.feed(update.render_segments(console))
        assert quiet.shown() == whole.shown()
        assert not shown.changes(update, size, console), "nothing changed"


@pytest.mark.parametrize(
    "strip",
    [
        Strip([Segment("far too long for the terminal")]),
        Strip([Segment("a link", Style(link="https://example.com"))]),
        Strip([Segment("e"), Segment("\u0301")]),
    ],
)
def test_what_is_not_known_is_written_as_textual_does(strip: Strip) -> None:
    shown, size = CellBuffer(), Size(WIDTH, HEIGHT)
    console = Console(file=io.StringIO(), color_system="truecolor", force_terminal=True)
    update = LayoutUpdate([[strip]], Region(0, 0, WIDTH, 1))
    for _ in range(2):  # and it is not remembered
        assert shown.changes(update, size, console) == update.render_segments(console)
