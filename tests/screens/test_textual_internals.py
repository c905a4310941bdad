"""Each private part of Textual that the program uses does what Textual does in public."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from rich.cells import cell_len
from rich.console import Console
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App, ComposeResult
from textual.drivers.headless_driver import HeadlessDriver
from textual.pilot import Pilot
from textual.widgets import Input, Static

from cgwizard.screens.parts.terminal.textual_internals import (
    CompositorUpdate,
    HookedApp,
    ScreenUpdate,
    bound_action,
    strips_of,
)
from tests.support.terminal_cells import Cells

WIDTH, HEIGHT = 24, 6
Actions = Callable[[Pilot[int]], Awaitable[None]]


class Example(HookedApp):
    """A few widgets; keeps what is drawn and what is written."""

    def __init__(self) -> None:
        self.output = output = list[str]()

        class Driver(HeadlessDriver):
            """Textual draws for it as for a real terminal."""

            is_headless = False

            def write(self, data: str) -> None:
                output.append(data)

        super().__init__(driver_class=Driver)
        self.updates: list[object] = []
        self.crashes: list[Exception] = []
        self.instead: CompositorUpdate | None = None

    def compose(self) -> ComposeResult:
        yield Static("one 日本語", id="one")
        yield Static("two")
        yield Input("three", compact=True)

    def to_draw(self, update: object) -> object:
        self.updates.append(update)
        return super().to_draw(self.instead if update is not None and self.instead else update)

    def report_crash(self, error: Exception) -> None:
        self.crashes.append(error)

    def action_fail(self) -> None:
        raise ValueError("on purpose")


def drive(app: App[int], actions: Actions) -> None:
    async def run() -> None:
        async with app.run_test(headless=False, size=(WIDTH, HEIGHT)) as pilot:
            await pilot.pause()
            await actions(pilot)

    asyncio.run(run())


def test_all_that_is_drawn_passes_the_hook() -> None:
    app = Example()

    async def actions(pilot: Pilot[int]) -> None:
        app.query_one("#one", Static).update("new")
        await pilot.pause()
        drawn = [update for update in app.updates if update is not None]
        assert all(isinstance(update, ScreenUpdate) for update in drawn)
        # A terminal that gets only these shows what the one shows that gets all bytes.
        whole, hooked = Cells(WIDTH, HEIGHT), Cells(WIDTH, HEIGHT)
        whole.feed("".join(app.output))
        for update in drawn:
            assert isinstance(update, ScreenUpdate)
            hooked.feed(update.render_segments(app.console))
        assert hooked.shown() == whole.shown()
        assert whole.screen.display[0].startswith("new ")

    drive(app, actions)


def test_what_the_hook_gives_is_written_instead() -> None:
    class Mark(CompositorUpdate):
        def render_segments(self, console: Console) -> str:
            return "the mark"

    app = Example()

    async def actions(pilot: Pilot[int]) -> None:
        app.instead = Mark()
        app.output.clear()
        app.query_one("#one", Static).update("new")
        await pilot.pause()
        written = "".join(app.output)
        assert "the mark" in written
        assert "new" not in written

    drive(app, actions)


def test_the_strips_of_an_update_are_what_it_writes() -> None:
    app = Example()

    async def actions(pilot: Pilot[int]) -> None:
        one = app.query_one("#one", Static)
        one.update("日本 in one")
        await pilot.pause()
        one.update("longer\nthan\nbefore")
        await pilot.pause()
        cells = Cells(WIDTH, HEIGHT)
        rows = [[" "] * WIDTH for _ in range(HEIGHT)]
        kinds = set()
        for update in app.updates:
            if not isinstance(update, ScreenUpdate):
                continue
            kinds.add(type(update))
            cells.feed(update.render_segments(app.console))
            for y, x, strip in strips_of(update):
                at = x
                for char in strip.text:
                    rows[y][at : at + cell_len(char)] = [char, *[""] * (cell_len(char) - 1)]
                    at += cell_len(char)
                assert at == x + strip.cell_length
            assert ["".join(row) for row in rows] == cells.screen.display
        assert kinds == {LayoutUpdate, ChopsUpdate}

    drive(app, actions)


def test_what_is_written_to_the_terminal_arrives_at_its_driver() -> None:
    app = Example()
    app.write_to_terminal("too early")

    async def actions(_: Pilot[int]) -> None:
        app.write_to_terminal("\x1b[?25h")
        assert app.output[-1] == "\x1b[?25h"
        assert "too early" not in app.output

    drive(app, actions)


def test_a_key_is_bound_to_what_pressing_it_does() -> None:
    app = Example()

    async def actions(pilot: Pilot[int]) -> None:
        field = app.query_one(Input)
        await pilot.press("tab")
        active = {
            key: found.binding.action
            for key, found in app.screen.active_bindings.items()
            if found.node is field
        }
        assert active
        assert {key: bound_action(field, key) for key in active} == active
        assert "ctrl+q" in app.screen.active_bindings  # the application's
        assert not bound_action(field, "ctrl+q")

    drive(app, actions)


@pytest.mark.parametrize("hooked", [True, False], ids=["ours", "Textual's"])
def test_a_crash_ends_the_application_as_textual_ends_it(hooked: bool) -> None:
    class Plain(App[int]):
        def action_fail(self) -> None:
            raise ValueError("on purpose")

    app: App[int] = Example() if hooked else Plain()

    async def actions(pilot: Pilot[int]) -> None:
        for _ in range(2):  # of several crashes the first one counts
            app.call_later(app.run_action, "fail")
        await pilot.pause()

    with pytest.raises(ValueError, match="on purpose"):
        drive(app, actions)
    assert app.return_code == 1
    if isinstance(app, Example):
        assert [str(error) for error in app.crashes] == ["on purpose"]
        assert "Traceback" not in "".join(app.output)
