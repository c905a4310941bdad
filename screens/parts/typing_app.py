"""Keys arrive in their order and where they belong, also those that were typed too early."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.events import Event, Key, MouseDown, Paste
from textual.widgets import Input

from cgwizard.screens.parts.choice import ChoiceInput
from cgwizard.screens.parts.terminal.terminal_app import TerminalApp
from cgwizard.screens.parts.wizard_screen import WizardScreen

if TYPE_CHECKING:
    from textual.dom import DOMNode

ALWAYS = frozenset({"ctrl+c", "ctrl+l", "ctrl+q", "ctrl+z"})
SCROLLING = frozenset({"down", "end", "home", "pagedown", "pageup", "up"})
WHILE_WORKING = frozenset({"escape", "f1", *SCROLLING})
EDITING = frozenset({"backspace", "ctrl+a", "ctrl+e", "ctrl+k", "ctrl+u", "ctrl+w", "delete"})
# Those that only change a field or the focus: what comes after them need not wait for them.
TYPING = EDITING | SCROLLING | {"left", "right", "shift+tab", "tab"}
SETTLE_SECONDS = 2.0  # at most, for what a key does before the next one is looked at
RETRY_SECONDS = 0.2
NOTICE_SECONDS = 1.0  # keys that come sooner were typed before what is said could be read


class TypingApp(TerminalApp):
    """Holds keys back while a screen cannot take them, and gives them to it later."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "interrupt", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", show=False, priority=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._held: deque[Key | Paste] = deque()
        self._for_form: list[Key | Paste] = []  # typed before a question that comes first
        self._settling: asyncio.Task[None] | None = None
        self._unsettled = False  # whether a field may not have got its letters yet
        self._retrying = False
        self._interrupted = False  # whether Ctrl+C was the last key

    async def on_event(self, event: Event) -> None:
        # Where nothing has room nothing is asked: no key is kept for later.
        if not isinstance(event, Key | Paste) or event.is_forwarded or self.too_small:
            if isinstance(event, MouseDown):
                self._interrupted = False
            await super().on_event(event)
            return
        key = event.key if isinstance(event, Key) else ""
        if key in ALWAYS:
            await super().on_event(event)
        elif (self._held or self._waits(event)) and not self._now(key):
            self._held.append(event)
            self._retry_later()
        else:
            await self._deliver(event)

    def _now(self, key: str) -> bool:
        """Whether the key is done before what was typed before it: it is for what is running."""
        working = isinstance(self.screen, WizardScreen) and self.screen.working
        return self._settling is None and bool(working) and key in WHILE_WORKING

    def _waits(self, event: Key | Paste) -> bool:
        screen = self.screen
        if self._settling is not None:
            return True
        if not isinstance(screen, WizardScreen):
            return False
        if not screen.ready:
            return True
        if screen.working == "look":
            return not _types(event)
        return bool(screen.working)

    def go_on_typing(self) -> None:
        """The screen may take keys now."""
        if self._held:
            self.call_later(self._type_held)

    def drop_typed(self, why: str, *, but_enter: bool = False) -> None:
        """Leave out what was typed for a screen that does not come. ``but_enter``: it may go on
        to that one, if Enter was typed first."""
        first = self._held[0] if self._held else None
        if but_enter and isinstance(first, Key) and first.key == "enter":
            return
        lost = bool(self._held)
        self._held.clear()
        if lost and isinstance(self.screen, WizardScreen):
            self.screen.say(f"{why} What you typed meanwhile is left out.".strip())

    def type_for_form(self, *, wanted: bool) -> None:
        """The first form comes up: it gets what was typed for it, if that is ``wanted``."""
        kept, self._for_form = self._for_form, []
        if wanted:
            self._held.extendleft(reversed(kept))
            self._retry_later()

    async def _type_held(self) -> None:
        while self._held:
            if self._waits(self._held[0]):
                early = [e for e in self._held if isinstance(e, Key) and self._now(e.key)]
                if early:  # it stops what the others wait for
                    self._held.remove(early[0])
                    await self._deliver(early[0])
                self._retry_later()
                return
            await self._deliver(self._held.popleft())

    def _retry_later(self) -> None:
        """Nothing stays held because a screen did not say that it is ready."""
        if not self._retrying:
            self._retrying = True
            self.set_timer(RETRY_SECONDS, self._retry)

    async def _retry(self) -> None:
        self._retrying = False
        await self._type_held()

    async def _deliver(self, event: Key | Paste) -> None:
        screen = self.screen
        self._interrupted = False
        if isinstance(screen, WizardScreen):
            ahead = event.time < screen.seen_at
            if ahead and screen.keeps_ahead:
                self._for_form.append(event)
                screen.say("What you typed waits for the form.")
                return
            if ahead and not _types(event) and self._unsettled:  # it is judged by what it finds
                self._held.appendleft(event)
                self._settle(self.focused or screen)
                return
            refused = screen.refuse_ahead(event.key) if ahead and isinstance(event, Key) else ""
            if refused:
                more = sum(_writes(held) for held in self._held)
                self._held.clear()
                screen.say(refused + (" What you typed after it is left out." if more else ""))
                return
            if not ahead and event.time > screen.said_at + NOTICE_SECONDS:
                screen.say("")
            if not self._to_field(screen, event):
                return
        target = self.focused or screen
        await super().on_event(event)
        if _types(event) and not isinstance(target, ChoiceInput):
            self._unsettled = True
        else:
            self._settle(target)

    def _to_field(self, screen: WizardScreen, event: Key | Paste) -> bool:
        """Focus the field into which ``event`` types; False where it types nowhere."""
        editing = isinstance(event, Key) and event.key in EDITING
        if isinstance(self.focused, Input) or not (_writes(event) or editing):
            return True
        if isinstance(event, Key) and event.key == "space" and self.focused is not None:
            return True  # it moves a choice
        field = screen.typing_field()
        if field is None:
            if _writes(event):
                screen.say("Letters type only in a field: Tab goes to the first one.")
            return editing
        screen.set_focus(field)
        if _writes(event):
            field.select_all()
        else:
            field.cursor_position = len(field.value)
        return True

    def _settle(self, target: DOMNode) -> None:
        """Hold what comes next until all that ``target`` does with its keys is done."""
        nodes = [*target.ancestors_with_self]
        self._unsettled = False

        async def settle() -> None:
            try:
                async with asyncio.timeout(SETTLE_SECONDS):
                    # Twice, because a choice that was moved tells its screen by a further message.
                    for node in (*nodes, *nodes):
                        done = asyncio.Event()
                        if node.is_running and node.call_later(done.set):
                            await done.wait()
            except TimeoutError:
                pass
            finally:
                self._settling = None
                self.go_on_typing()

        self._settling = asyncio.create_task(settle())

    def action_interrupt(self) -> None:
        """Ctrl+C: cancel what runs; else say what leaves, and the second time leave."""
        screen = self.screen
        if isinstance(screen, WizardScreen) and screen.working not in {"", "look"}:
            screen.cancel_work()
        elif self._interrupted or not isinstance(screen, WizardScreen):
            self.call_later(self.run_action, "leave")
        else:
            self._interrupted = True
            screen.say(self.words_before_leaving())

    def words_before_leaving(self) -> str:
        return "Ctrl+C again leaves."

    def post_display_hook(self) -> None:
        super().post_display_hook()
        if self.screen_stack and isinstance(self.screen, WizardScreen):
            self.screen.seen()


def _types(event: Key | Paste) -> bool:
    """Whether it only fills a field or moves the focus."""
    return _writes(event) or (isinstance(event, Key) and event.key in TYPING)


def _writes(event: Key | Paste) -> bool:
    return isinstance(event, Paste) or event.is_printable
