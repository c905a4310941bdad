"""Bars are drawn while an engine's pull, in another thread, names one layer after another."""

from __future__ import annotations

import sys
import threading

from cgwizard.events import LayerProgress
from cgwizard.guide.progress import Progress
from cgwizard.screens.parts.bars import LayerBars


def test_layers_that_come_while_they_are_drawn() -> None:
    progress, drawn = Progress(), threading.Event()

    def pull() -> None:
        number = 0
        while not drawn.is_set():
            progress.add(LayerProgress(f"sha256:{number % 300:08x}", "downloading", 1, 2))
            number += 1
            if number % 300 == 0:
                progress.start("127.0.0.1:5051/chainguard/next:latest")

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    thread = threading.Thread(target=pull)
    try:
        thread.start()
        while not progress.layers:
            pass
        bars, shown, most = LayerBars(), 0, 0
        while shown < 500 or most < 10:  # of those that came meanwhile
            bars.show(progress)
            shown, most = shown + 1, max(most, len(progress.layers))
    finally:
        drawn.set()
        sys.setswitchinterval(interval)
        thread.join()
