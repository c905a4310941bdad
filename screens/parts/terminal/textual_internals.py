"""Every private part of Textual that the program uses, behind plain names.

Written for Textual 8.2. Textual may change a private part in any release: `pyproject.toml` has an
upper bound for that reason, and a test compares each name here with what Textual does in public.
"""

from __future__ import annotations

import contextlib
import os
import queue
import selectors
from typing import TYPE_CHECKING, Any, cast

from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.css.query import NoMatches
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Resize
from textual.geometry import Size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import RenderableType
    from textual.message import Message
    from textual.screen import Screen
    from textual.strip import Strip
    from textual.widget import Widget

# What a screen gives to be drawn: the whole of a region, or the parts of it that changed. Both
# are a `CompositorUpdate`, whose `render_segments` gives the bytes for the terminal.
ScreenUpdate = LayoutUpdate | ChopsUpdate
INPUT_SECONDS = 0.1  # the input thread looks so often whether the application ended
__all__ = [
    "CompositorUpdate",
    "HookedApp",
    "InputDriver",
    "ScreenUpdate",
    "bound_action",
    "strips_of",
]


class HookedApp(App[int]):
    """An application that can change what is drawn, and what happens after a crash."""

    def to_draw(self, update: object) -> object:
        """What is drawn instead of ``update``: None for nothing, else a `CompositorUpdate` or
        what rich can render."""
        return update

    def report_crash(self, error: Exception) -> None:
        """Called with the first exception that nobody caught, before the application ends."""

    def write_to_terminal(self, data: str) -> None:
        """Write to the terminal at once; nothing before the terminal is set up."""
        if self._driver is not None:
            self._driver.write(data)
            self._driver.flush()

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        super()._display(screen, cast("RenderableType | None", self.to_draw(renderable)))

    def _handle_exception(self, error: Exception) -> None:
        if self._exit and isinstance(error, NoMatches):
            return  # its widgets are gone, or were never made, because the program ends
        # Textual would print a traceback with the values of all variables.
        self._return_code = 1
        if self._exception is None:
            self._exception = error  # tests that drive the application raise it again
            self._exception_event.set()
            self.report_crash(error)
        self._close_messages_no_wait()


class InputDriver(LinuxDriver):
    """Textual's driver for terminals, whose input thread survives whatever the terminal sends."""

    def input_decoder(self) -> Callable[[bytes | None], str]:
        """What makes text of the bytes that come in. It gets None when none came for a while."""
        raise NotImplementedError

    def input_ended(self) -> None:
        """Called in the input thread when the terminal is gone."""

    def not_understood(self) -> None:
        """Called in the input thread when Textual failed to read a sequence of characters."""

    def input_ahead(self) -> bytes:
        """What was typed before the driver took over."""
        return b""

    def drop_output(self) -> None:
        """Drop what waits to be written. The thread that writes it ended with the terminal, and
        who puts something into its full queue would wait for ever."""
        if self._writer_thread is not None:
            with contextlib.suppress(queue.Empty):
                while True:
                    self._writer_thread._queue.get_nowait()

    def _run_input_thread(self) -> None:
        # Textual would print a traceback and exit with code 0.
        try:
            self.run_input_thread()
        except BaseException as error:  # noqa: BLE001  (without input the application must end)
            crash = error if isinstance(error, Exception) else RuntimeError(repr(error))
            self._loop.call_soon_threadsafe(self._app._handle_exception, crash)

    def process_message(self, message: Message) -> None:
        if isinstance(
            message, Resize
        ):  # as typed it may be any size; what the terminal says counts
            size = Size(*self._get_terminal_size())
            message = Resize(size, size, pixel_size=message.pixel_size)
        super().process_message(message)

    def run_input_thread(self) -> None:
        decode, parser = self.input_decoder(), XTermParser(self._debug)

        def handle(text: str) -> None:
            nonlocal parser
            # It fails at some sequences, and then loses what it was fed besides.
            for part in text if "\x1b" in text else (text,):
                try:
                    for event in parser.feed(part) if part else parser.tick():
                        self.process_message(event)
                except Exception:  # noqa: BLE001
                    parser = XTermParser(self._debug)
                    self.not_understood()

        handle(decode(self.input_ahead()))
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if not selector.select(INPUT_SECONDS):
                    handle(decode(None))
                    handle("")
                    continue
                try:
                    data = os.read(self.fileno, 4096)
                except OSError:
                    data = b""
                if not data:
                    self.input_ended()
                    return
                handle(decode(data))
                handle("")


def strips_of(update: ScreenUpdate) -> Iterator[tuple[int, int, Strip]]:
    """Row, column and strip of all that the `render_segments` of ``update`` writes."""
    if isinstance(update, LayoutUpdate):
        for y, line in enumerate(update.strips, update.region.y):
            x = update.region.x
            for strip in line:
                yield y, x, strip
                x += strip.cell_length
        return
    for y, x1, x2 in update.spans:
        for end, (x, chop) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if chop is not None and x <= x2 and end > x1:
                yield y, x, chop if x >= x1 and end <= x2 else chop.crop(0, min(end, x2) - x)


def bound_action(widget: Widget, key: str) -> str:
    """The action that ``key`` is bound to in ``widget`` itself; "" when it is bound to none."""
    bindings = widget._bindings.key_to_bindings.get(key)
    return bindings[0].action if bindings else ""
