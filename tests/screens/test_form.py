"""Labels and complaints: what a user sees next to a field and below it."""

from __future__ import annotations

import asyncio

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from cgwizard.app import Wizard
from cgwizard.guide.guide import Guide
from cgwizard.guide.shown import Choice, Field
from cgwizard.screens.parts.form import FieldRow, Form
from tests.screens.test_screens import drive, until, until_key

CHOICES = (Choice("use", "use it as it is"), Choice("change", "change it as shown"))
LABELS = [
    "Name",
    "Remote storage",
    "chainguard exists",
    "chainguard-1 exists",
    f"{'a' * 40} exists",
    f"{'long-name.' * 20} exists",
    "鏡像" * 8,
]


@pytest.mark.parametrize("width", [40, 59, 60, 80, 120, 200])
@pytest.mark.parametrize("label", LABELS)
def test_a_label_never_touches_its_value(label: str, width: int) -> None:
    fields = (Field("text", label, "VALUE"), Field("choice", label, "use", "choice", CHOICES))

    class Page(App[None]):
        CSS_PATH = Wizard.CSS_PATH
        HORIZONTAL_BREAKPOINTS = Wizard.HORIZONTAL_BREAKPOINTS

        def compose(self) -> ComposeResult:
            yield Form(fields, {})

    async def run() -> None:
        app = Page()
        async with app.run_test(size=(width, 60)) as pilot:
            await pilot.pause()
            for row in app.query(FieldRow):
                named = row.query_one(".label")
                value = row.input.content_region
                assert value.width >= 8
                text = [
                    "".join(s.text for s in named.render_line(y)).rstrip()
                    for y in range(named.size.height)
                ]
                assert "".join("".join(text).split()) == "".join(label.split())
                right = max(named.content_region.x + len(line) for line in text)
                below = value.y >= named.region.bottom
                assert below or right < value.x, (text, named.content_region, value)

    asyncio.run(run())


def complaints(app: Wizard) -> dict[str, str]:
    return {row.field.id: row._complaint for row in app.screen.query(FieldRow) if row._complaint}


def test_the_red_line_goes_when_another_field_puts_it_right() -> None:
    """The two passphrases differ, which stands below the second; the first is corrected."""
    session = Guide()
    connect = session.steps.connect
    connect.set("url", "http://127.0.0.1:9")
    connect.set("keep", "secrets-file")

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        await until_key(app, pilot, "f1")
        await until(
            pilot,
            lambda: any(r.field.id == "passphrase_again" for r in app.screen.query(FieldRow)),
            "the passphrases",
        )
        rows = {row.field.id: row for row in app.screen.query(FieldRow)}
        rows["passphrase"].input.value = "four random words herf"
        rows["passphrase_again"].input.value = "four random words here"
        rows["passphrase_again"].input.focus()
        await pilot.pause()
        rows["passphrase"].input.focus()
        await until(pilot, lambda: "passphrase_again" in complaints(app), "that they differ")
        rows["passphrase"].input.value = "four random words here"
        await until(
            pilot, lambda: "passphrase_again" not in complaints(app), "that they are the same"
        )

    drive(session, play)
