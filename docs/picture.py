"""Makes ``docs/wizard.svg``: the wizard itself, in practice, in the middle of the second pull."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from cgwizard.app import Wizard
from cgwizard.guide.guide import Guide
from cgwizard.practice.cgr.throttle import SPEED_TO_WATCH
from cgwizard.practice.world import PracticeWorld

PICTURE = Path(__file__).with_name("wizard.svg")
SIZE = (108, 24)
SHARE = 0.55  # how much of the image has arrived when the picture is taken


async def _picture(session: Guide) -> str:
    app = Wizard(session)
    async with app.run_test(size=SIZE) as pilot:
        progress = session.steps.pull.progress
        while not progress.reference:
            await pilot.press("enter")
            await pilot.pause(0.2)
        while not (
            "example.com" in progress.reference
            and progress.totals
            and progress.totals.done > SHARE * progress.totals.total
        ):
            await pilot.pause(0.1)
        picture = app.export_screenshot(title="cgwizard practice")
        await pilot.press("escape")
        # The same name in every picture, and no fonts from elsewhere.
        picture = re.sub(r"terminal-\d+", "terminal", picture)
        return re.sub(r"@font-face \{.*?\n    \}\n", "", picture, flags=re.DOTALL)


def main() -> None:
    with PracticeWorld(speed=SPEED_TO_WATCH) as world:
        session = Guide(practice=world.info, start_practice=world.start)
        PICTURE.write_text(asyncio.run(_picture(session)), encoding="utf-8")


if __name__ == "__main__":
    main()
