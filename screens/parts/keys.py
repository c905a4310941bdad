"""The bottom line: the keys that work now, and only those."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static


class Keys(Static):
    def show(self, keys: list[tuple[str, str]]) -> None:
        """``keys``: key and what it does, the most important first; what does not fit into the
        line is left out from the end but one, so that the way out stays in sight."""
        width = self.app.size.width - 2
        shown = list(keys)
        gap = 3
        while len(shown) > 2 and _width(shown, gap) > width:
            if gap == 3:
                gap = 2
            else:
                del shown[-2]
        parts = []
        for index, (key, what) in enumerate(shown):
            style = "bold $accent" if index == 0 else "bold"
            parts.append(Content.assemble((key, style), (f" {what}", "" if index == 0 else "dim")))
        self.update(Content(" " * gap).join(parts))


def _width(keys: list[tuple[str, str]], gap: int) -> int:
    return sum(len(key) + 1 + len(what) for key, what in keys) + gap * (len(keys) - 1)
