"""The question whether to go on with a run that did not come to its end, asked first of all."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.geometry import Offset, Region
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from cgwizard.errors import WizardError
from cgwizard.runs.offer import HEADING
from cgwizard.screens.parts.findings import Findings
from cgwizard.screens.parts.footer import KeyAction, Keys
from cgwizard.screens.parts.header import Top
from cgwizard.screens.parts.terminal.cursor import line_of
from cgwizard.screens.parts.wizard_screen import WizardScreen
from cgwizard.text.sanitize import printable

if TYPE_CHECKING:
    from cgwizard.errors import Problem
    from cgwizard.runs.offer import Offer, Row
    from cgwizard.runs.saved import SavedRun

CONTEXT = "Nexus is asked what is there; nothing is changed before you confirm it."
EXPLANATION = "Forget this run? What it made stays in Nexus, and undo still knows it."
GAP = 2
MARK = 2  # cells before a line
LEAST = 24  # of an address that is cut; rather, other columns are left out


class RunList(Widget, can_focus=True):
    """A line a run; arrows move, and the terminal's cursor goes along."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
    ]

    at = reactive(0)

    class Moved(Message):
        """Another run is the chosen one."""

    def __init__(self, rows: list[Row]) -> None:
        super().__init__()
        self._rows = rows

    def take(self, rows: list[Row]) -> None:
        self._rows = rows
        self.at = max(0, min(self.at, len(rows) - 1))
        self.refresh(layout=True)

    def render(self) -> Content:
        lines = []
        for number, line in enumerate(columns(self._rows, self.size.width - MARK)[0]):
            chosen = number == self.at
            glyph = "▸" if chosen else " "
            lines.append(Content.styled(f"{glyph} {line}", "bold" if chosen else ""))
        return Content("\n").join(lines)

    @property
    def tells_all(self) -> bool:
        """Whether there is room for everything of each run."""
        return columns(self._rows, self.size.width - MARK)[1]

    def action_move(self, by: int) -> None:
        self.at = max(0, min(self.at + by, len(self._rows) - 1))
        self.post_message(self.Moved())
        self.follow()

    def on_click(self, event: events.Click) -> None:
        if event.y < len(self._rows):
            self.at = event.y
            self.post_message(self.Moved())
            self.follow()

    @property
    def cursor_screen_offset(self) -> Offset:
        """The chosen line: screen readers and braille lines follow the terminal's cursor."""
        return self.content_region.offset + Offset(0, self.at)

    def follow(self) -> None:
        """Keep the chosen line in sight."""
        line = Region(0, self.at, self.size.width, 1).translate(self.virtual_region.offset)
        self.screen.query_one("#body").scroll_to_region(line, animate=False)


class ResumeScreen(WizardScreen):
    help_subject = "resume"
    keeps_ahead = True

    def __init__(self, offer: Offer) -> None:
        super().__init__()
        self.offer = offer
        self.asking = False  # whether the chosen run is to be forgotten
        self.problem: Problem | None = None

    def compose(self) -> ComposeResult:
        yield Top()
        with Horizontal(id="middle"), VerticalScroll(id="body", can_focus=False):
            yield Static(HEADING, id="heading", markup=False)
            yield Static(CONTEXT, id="context", markup=False)
            yield RunList(self._rows())
            yield Static(id="notes", markup=False)
            yield Static(id="explanation", markup=False)
            yield Findings()
        yield Keys()

    def _rows(self) -> list[Row]:
        return [self.offer.row(run) for run in self.offer.runs]

    @property
    def _list(self) -> RunList:
        return self.query_one(RunList)

    @property
    def chosen(self) -> SavedRun:
        return self.offer.runs[self._list.at]

    def on_mount(self) -> None:
        self._list.focus()
        self.show()

    def on_resize(self) -> None:
        self.show()

    def on_run_list_moved(self) -> None:
        self.problem = None
        self.show()

    def show(self) -> None:
        self.query_one(Top).show(self.offer.session.first, self.size.width - 2, steps=False)
        self.show_text("explanation", EXPLANATION if self.asking else "")
        if self.asking:
            self.set_focus(None)  # the cursor goes to the question, and the arrows nowhere
        else:
            self._list.focus()
        self.query_one(Findings).show((), self.problem)
        self.query_one(Keys).show(self.offers())
        self.call_after_refresh(self._settle)

    def offers(self) -> list[KeyAction]:
        leave = KeyAction("ctrl+q", "leave", self.wizard.action_leave)
        help = KeyAction("f1", "help", self.action_help, "Help for this screen")
        menu = KeyAction("ctrl+p", "menu", self.open_menu)
        if self.asking:
            return [
                KeyAction("enter", "keep it", self.action_back),
                KeyAction("escape", "keep it", self.action_back),
                KeyAction("f8", "forget it", self.action_forget),
                *(help, leave, menu),
            ]
        return [
            KeyAction("enter", "go on", self.action_main),
            KeyAction("escape", "", self.action_back, "Leave"),
            KeyAction("f8", "forget", self.action_forget, "Forget this run"),
            KeyAction("ctrl+n", "start a new run", self.action_anew),
            *(help, leave, menu),
        ]

    def attention(self) -> Offset | None:
        """Where the terminal's cursor is while the list has no focus: at the question."""
        return line_of(self.query_one("#explanation"))

    def _settle(self) -> None:
        """What can be done only when the list has its size."""
        hidden = self._list.tells_all or self.asking
        self.show_text("notes", "" if hidden else printable(self.offer.words(self.chosen)))
        self._list.follow()
        if self.asking:
            self.call_after_refresh(self.query_one("#explanation").scroll_visible, animate=False)

    def action_main(self) -> None:
        self.problem = None
        try:
            self.offer.go_on(self.chosen)
            self.wizard.begin(new=False)
        except WizardError as error:
            self.problem = error.problem
            self.show()

    def _forget(self) -> None:
        self.asking = False
        self.offer.forget(self.chosen)
        if not self.offer.runs:
            self.wizard.begin(new=True)
            return
        self._list.take(self._rows())
        self.show()

    def action_anew(self) -> None:
        if not self.asking:
            self.wizard.begin(new=True)

    def action_forget(self) -> None:
        """Ask; the second time, do it."""
        if not self.asking:
            self.asking = True
            self.problem = None
            self.unseen()
            self.show()
        elif self.heard_f8:
            try:
                self._forget()
            except WizardError as error:
                self.problem = error.problem
                self.show()

    def action_back(self) -> None:
        if self.asking:
            self.asking = False
            self.show()
        else:
            self.wizard.action_leave()


def columns(rows: list[Row], width: int) -> tuple[list[str], bool]:
    """The rows as aligned lines of at most ``width`` cells, and whether they tell everything:
    where it is narrow, the scheme, the user and the time are left out and a long address is cut.
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    if _widest(cells) <= width:
        return [_aligned(row, cells) for row in cells], True
    cells = [[cell.partition("://")[2] or cell for cell in row] for row in cells]
    for column in (1, 2):  # the user; then, of what is left, the time
        if _widest(cells) > width + _longest(cells) - LEAST:
            cells = [[*row[:column], *row[column + 1 :]] for row in cells]
    room = max(_longest(cells) - max(0, _widest(cells) - width), 1)
    cut = [[_cut(row[0], room), *row[1:]] for row in cells]
    whole = cut == cells and len(cells[0]) == len(rows[0])
    return [_aligned(row, cut) for row in cut], whole


def _longest(cells: list[list[str]]) -> int:
    return max(len(row[0]) for row in cells)


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1]}…"


def _aligned(row: list[str], cells: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    padded = [cell.ljust(size) for cell, size in zip(row, widths, strict=True)]
    return (" " * GAP).join(padded).rstrip()


def _widest(cells: list[list[str]]) -> int:
    columns = list(zip(*cells, strict=True))
    return sum(max(map(len, column)) for column in columns) + GAP * (len(columns) - 1)
