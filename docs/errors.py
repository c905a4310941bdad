"""Writes docs/errors.md from the catalog of codes: `python docs/errors.py`."""

from __future__ import annotations

from pathlib import Path

from cgwizard.errors.catalog import ENTRIES, Area

PAGE = Path(__file__).with_name("errors.md")
HEAD = """# Errors

Every failure is told in four lines: what was tried, what came back, the likely cause, the next \
step. Its code is stable: search for it here. In JSON it is the member `code`; of a finding of the \
diagnosis it is the slug.

| exit code | means |
|---|---|
| 0 | done |
| 1 | something that was tried did not work |
| 2 | wrong arguments or answers; nothing was tried |
| 3 | stopped on the way; it can go on later |
| 130 | the user left |
| 128 + n | ended by signal n |
"""


def page() -> str:
    parts = [HEAD]
    for area in Area:
        parts.append(f"\n## {area}\n")
        parts += [
            f"\n### {code}\n\n{entry.meaning}\n**Next:** {entry.next_step}\n"
            for code, entry in ENTRIES.items()
            if entry.area is area
        ]
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page())
