"""What a pull looks like while it runs: the events added up, ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass, field

from cgwizard.events import (
    Finished,
    LayerProgress,
    LayerState,
    PullEvent,
    Resolved,
    Totals,
)


@dataclass
class LayerLine:
    digest: str
    total: int
    done: int = 0
    state: LayerState = "queued"
    detail: str = ""


@dataclass
class Progress:
    """Fed by `add` from the pulling threads, read by the front end. Sizes in bytes."""

    reference: str = ""
    digest: str = ""
    platform: str = ""
    layers: dict[str, LayerLine] = field(default_factory=dict)
    totals: Totals | None = None
    finished: Finished | None = None

    def start(self, reference: str) -> None:
        self.reference, self.digest, self.platform = reference, "", ""
        self.layers, self.totals, self.finished = {}, None, None

    def add(self, event: PullEvent) -> None:
        match event:
            case Resolved():
                self.digest, self.platform = event.digest, event.platform
                self.layers = {
                    layer.digest: LayerLine(layer.digest, layer.size) for layer in event.layers
                }
            case LayerProgress():
                # An engine names layers, and learns their sizes, only as they come.
                line = self.layers.setdefault(event.digest, LayerLine(event.digest, event.total))
                line.done, line.state, line.detail = event.done, event.state, event.detail
                line.total = event.total
            case Totals():
                self.totals = event
            case Finished():
                self.finished = event
            case _:
                pass  # a failure becomes the step's problem
