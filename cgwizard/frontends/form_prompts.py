"""The fields of a step as questions, a line each, until every answer is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cgwizard.frontends.line_output import Lines
    from cgwizard.frontends.prompts import Prompts
    from cgwizard.guide.shown import Field
    from cgwizard.guide.step import Step


class Questions:
    def __init__(self, lines: Lines, prompts: Prompts | None) -> None:
        """``prompts``: None where nobody answers; then nothing is asked."""
        self._lines = lines
        self._prompts = prompts

    def ask(self, step: Step) -> bool:
        """Ask every field until each is right; True, for the caller to remember."""
        wrong: dict[str, str] | None = None
        shown = {field.id: field.value for field in step.fields() if field.kind == "text"}
        while self._prompts and wrong != {}:
            asked: set[str] = set()
            # Looked up again: an answer can take a field away, or bring one.
            while field := next((f for f in step.fields() if f.id not in asked), None):
                asked.add(field.id)
                if wrong is None or field.id in wrong:
                    self._field(step, field, self._prompts)
            known = {field.id for field in step.fields()}
            wrong = {id: told for id, told in step.field_problems().items() if id in known}
            for id, told in wrong.items():
                self._lines.line(f"  {id}: {told}")
                if id in shown:  # an empty line must lead out: it takes what was there before
                    step.set(id, shown[id])
        return True

    def _field(self, step: Step, field: Field, prompts: Prompts) -> None:
        if field.kind in {"secret", "paste"}:
            kept = bool(step.secrets.get(field.id))
            if field.kind == "secret":
                secret = prompts.secret(field.label, kept=kept)
            else:
                secret = prompts.paste(field.label, _whole_token, kept=kept)
            if secret is not None:
                step.set(field.id, secret.reveal())
        elif field.kind == "choice":
            self._lines.line(f"{field.label}:")
            values = [choice.value for choice in field.choices]
            default = values.index(field.value) if field.value in values else 0
            labels = [choice.label for choice in field.choices]
            step.set(field.id, values[prompts.choice("Choice", labels, default)])
        else:
            label = field.label
            if not field.value and field.placeholder:
                kind = "empty: " if field.optional else "such as "
                label = f"{label} ({kind}{field.placeholder})"
            step.set(field.id, prompts.text(label, field.value))


def _whole_token(text: str) -> bool:
    """Whether a pull token can be read from ``text``: then nobody must end the paste."""
    from cgwizard.errors import WizardError
    from cgwizard.tokens import paste

    try:
        paste.parse(text)
    except WizardError:
        return False
    return True
