"""The fields of a step as compact rows: a label, what is typed, what is wrong with it."""

from __future__ import annotations

import re

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.geometry import Offset
from textual.widget import Widget
from textual.widgets import Input, Static

from cgwizard.guide.shown import Field
from cgwizard.screens.parts.choice import ChoiceInput
from cgwizard.screens.parts.messages import Answered, Confirmed, Refused
from cgwizard.screens.parts.queued_keys import run_binding
from cgwizard.secrets.secret import Secret

MAX_LABEL = 16  # cells; a longer one stands above its value
MANY_LINES = "Nothing entered: more than one line was pasted."
LOGIN = "Nothing entered: this is a login command with a password in it."
MAX_LOGIN = 8000  # characters that are looked at; a pull token has about a thousand
_LOGIN_COMMAND = re.compile(
    r"""\blogin\b.{0,400}[\s"'](--password(?!-)|-p)"""  # also -pPASSWORD
    r"""|\|.{0,400}\blogin\b.{0,400}--password-stdin|\blogin\b.{0,400}--password-stdin.{0,400}<<<"""
    r"""|^\s*(\w{1,40}=\S{0,200}\s+){0,4}(docker|podman)\s+login\s""",
    re.DOTALL,
)


def refusal(text: str) -> str:
    """Why ``text`` is no answer to a question that takes one visible line; "" where it may be."""
    return LOGIN if _LOGIN_COMMAND.search(text[:MAX_LOGIN]) else ""


class TextInput(Input):
    """One line of text."""

    def __init__(self, field: Field, text: str, *, secret: bool = False) -> None:
        super().__init__(
            text,
            placeholder=field.placeholder,
            password=secret,
            compact=True,
            select_on_focus=False,
        )
        self.cursor_blink = False  # nothing blinks, and nothing is sent while nothing happens

    @property
    def cursor_screen_offset(self) -> Offset:
        """Exactly at the caret; Textual's is one cell further at the end of the text."""
        before = self.value[: self.cursor_position]
        x = len(before) if self.password else cell_len(before)
        return self.content_region.offset + Offset(x - self.scroll_offset.x, 0)

    async def on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            self.screen.post_message(Confirmed())
            return
        await run_binding(self, event)

    def on_paste(self, event: events.Paste) -> None:
        """Refuse several lines: Textual would silently keep only the first one."""
        text = event.text.strip("\r\n")
        why = refusal(text) or (MANY_LINES if len(text.splitlines()) > 1 else "")
        if why:
            event.stop()
            event.prevent_default()
            self.post_message(Refused(why))


class SecretInput(TextInput):
    """A masked line; its text cannot be copied to a clipboard."""

    def __init__(self, field: Field, text: str) -> None:
        super().__init__(field, text, secret=True)

    def on_blur(self) -> None:
        self.password = True

    def action_copy(self) -> None:
        self.app.bell()

    def action_cut(self) -> None:
        self.app.bell()


class PasteInput(SecretInput):
    """A masked line that takes a paste of several lines and replaces its text with it."""

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.value = event.text.strip()


class FieldRow(Vertical):
    """A field with its label and, below it, what is wrong with the answer."""

    def __init__(self, field: Field, secret: Secret | None) -> None:
        super().__init__(id=f"row-{field.id}")
        self.field = field
        self._secret = secret
        self._known = _text(field, secret)  # the answer that the step has
        self.refused = ""  # why its text is given to nobody
        self._complaint = ""

    def compose(self) -> ComposeResult:
        with Horizontal(classes="line long" if cell_len(self.field.label) > MAX_LABEL else "line"):
            yield Static(self.field.label, classes="label", markup=False)
            yield self._input()
        yield Static("", classes="wrong", markup=False)

    def _input(self) -> Widget:
        match self.field.kind:
            case "choice":
                return ChoiceInput(self.field)
            case "secret":
                return SecretInput(self.field, self._secret.reveal() if self._secret else "")
            case "paste":
                return PasteInput(self.field, self._secret.reveal() if self._secret else "")
            case _:
                return TextInput(self.field, self.field.value)

    @property
    def input(self) -> Input | ChoiceInput:
        line = self.query_one(".line")
        found = line.children[1]
        if not isinstance(found, Input | ChoiceInput):
            raise TypeError("a row holds an input")
        return found

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.field.kind == "text" and (why := refusal(event.value)):
            # It came letter by letter, from a terminal that does not mark what is pasted.
            event.input.password = True
            self.refused = why
            self.complain(f"{why} Ctrl+U removes it.")
            return
        if self.refused:
            self.refused = ""
            event.input.password = False
        self.complain("")
        self.post_message(Answered(self.field.id))

    def on_refused(self, event: Refused) -> None:
        event.stop()
        self.complain(event.why)

    def take(self, field: Field, secret: Secret | None, *, locked: bool) -> None:
        """Show ``field`` as it is now. A text that the step does not have yet is kept, except when
        the row is ``locked`` because the step works: it works with the answer that it has."""
        found = self.input
        known = _text(field, secret)
        if (known != self._known or locked) and found.value != known.reveal():
            found.value = known.reveal()
        self._known = known
        found.disabled = locked
        self.field = field
        self._tell()

    @property
    def pending(self) -> bool:
        """Whether its text is an answer that the step does not have yet."""
        return not self.refused and Secret(self.input.value) != self._known

    def answer(self) -> str:
        """Its text now. The caller gives it to the step."""
        text = self.input.value
        self._known = Secret(text)
        return text

    def complain(self, text: str) -> None:
        self._complaint = text
        self._tell()

    def _tell(self) -> None:
        """Below the input: what is wrong with its text, or what the text is."""
        below = self.query_one(".wrong", Static)
        shown = f"✗ {self._complaint}" if self._complaint else self.field.found
        if below.content != shown:
            below.update(shown)
            below.set_class(not self._complaint, "fine")
            below.display = bool(shown)


def _text(field: Field, secret: Secret | None) -> Secret:
    if field.kind in {"secret", "paste"}:
        return secret or Secret("")
    return Secret(field.value)


def _shape(field: Field) -> tuple[object, ...]:
    """The parts of a field that a row cannot change while it is shown."""
    return field.id, field.label, field.kind, field.choices, field.placeholder


class Form(Vertical):
    """The rows of a step. `sync` follows the step's fields, which appear and disappear with the
    answers."""

    def __init__(self, fields: tuple[Field, ...], secrets: dict[str, Secret]) -> None:
        super().__init__(*(FieldRow(field, secrets.get(field.id)) for field in fields))

    def rows(self) -> list[FieldRow]:
        return [row for row in self.query(FieldRow) if row.children]

    async def sync(
        self, fields: tuple[Field, ...], secrets: dict[str, Secret], *, locked: bool
    ) -> None:
        # Rows that stay are not touched: the user may be typing in one of them.
        focused = next((row.field.id for row in self.rows() if row.input.has_focus), None)
        wanted = [_shape(field) for field in fields]
        staying = [shape for row in self.rows() if (shape := _shape(row.field)) in wanted]
        in_order = staying == [shape for shape in wanted if shape in staying]
        for row in self.rows():
            if not in_order or _shape(row.field) not in wanted:
                await row.remove()
        for number, field in enumerate(fields):
            shown = self.rows()[number : number + 1]
            if not shown or _shape(shown[0].field) != wanted[number]:
                new = FieldRow(field, secrets.get(field.id))
                await self.mount(new, before=shown[0] if shown else None)
                if not new.children:  # the program ends: it is never composed
                    return
                if field.id == focused:
                    new.input.focus()
        for row, field in zip(self.rows(), fields, strict=True):
            row.take(field, secrets.get(field.id), locked=locked)

    def answer(self, field: str) -> str | None:
        """The text of a field now; None when the field is not shown any more."""
        return next((row.answer() for row in self.rows() if row.field.id == field), None)

    def pending(self) -> dict[str, str]:
        """By field, the texts that the step does not have yet. The caller gives them to it."""
        return {row.field.id: row.answer() for row in self.rows() if row.pending}

    def answers(self) -> dict[str, str]:
        """By field, the texts as they stand there."""
        return {row.field.id: row.input.value for row in self.rows()}

    def refused(self) -> dict[str, str]:
        """By field, why its text is given to nobody."""
        return {row.field.id: row.refused for row in self.rows() if row.refused}

    def judge(
        self, problems: dict[str, str], left: Widget | None = None, *, field: str = ""
    ) -> None:
        """Show what is wrong with the text in the input that was ``left``, or in ``field`` if that
        was left before its text was known. What another field put right is not shown any more."""
        for row in self.rows():
            if row.input.value and not row.refused and row.field.id not in problems:
                row.complain("")
            chosen = row.input is left or (row.field.id == field and not row.input.has_focus)
            if chosen and row.input.value and not row.refused:
                row.complain(problems.get(row.field.id, ""))

    def complain(self, problems: dict[str, str]) -> None:
        """Show what is wrong below the fields, and focus the first of them."""
        for row in self.rows():
            row.complain(problems.get(row.field.id, ""))
        first = next((row for row in self.rows() if row.field.id in problems), None)
        if first is not None:
            first.input.focus()

    def focus_on(self, field: str) -> bool:
        """Focus the field with this id; False when it is not shown."""
        row = next((row for row in self.rows() if row.field.id == field), None)
        if row is not None:
            row.input.focus()
        return row is not None

    def focus_first_empty(self) -> bool:
        """Focus the first field that needs an answer and is empty; False when there is none."""
        for row in self.rows():
            if not row.input.value and not row.field.optional:
                row.input.focus()
                return True
        return False
