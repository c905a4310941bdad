"""The manifest of an image, which completes the events of an engine's pull.

An engine reports sizes late (Docker) or never (Podman), and only the beginning of a digest. The
manifest has both. To ask for it also keeps the engine from sending a wrong password a second
time, to a Nexus that locks users out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from cgwizard.cancel import Cancel
from cgwizard.errors import Code, WizardError
from cgwizard.events import (
    Finished,
    Layer,
    LayerProgress,
    LayerState,
    OnEvent,
    PullEvent,
    Resolved,
    Totals,
)

if TYPE_CHECKING:
    from cgwizard.registry.client import Registry
    from cgwizard.registry.reference import Reference

# A second refusal, of the engine, might lock the user out.
_REFUSALS = frozenset({Code.LOGIN_WRONG, Code.NEXUS_LOCKED_OUT, Code.TOKEN_REFUSED})


def fails_the_engine_too(error: WizardError) -> bool:
    """Also of a manifest that the image's index names: an engine only says manifest unknown."""
    no_child = error.code is Code.MANIFEST_UNKNOWN and bool(error.missing)
    return no_child or error.code in _REFUSALS


def ask(
    registry: Registry,
    reference: Reference,
    platform: str | None = None,
    cancel: Cancel | None = None,
) -> Resolved | None:
    """What ``reference`` leads to; None where this machine cannot find it out, which does not
    keep the engine from pulling. Raises WizardError where the engine
    would fail too, and Cancelled."""
    from cgwizard.registry.resolve import Resolver
    from cgwizard.registry.retry import Retries, RetryPolicy

    cancel = cancel or Cancel()
    resolver = Resolver(registry, reference, Retries(RetryPolicy(tries=0), cancel))
    try:
        found = cancel.run(lambda: resolver.resolve(platform), registry.abort)
    except WizardError as error:
        if fails_the_engine_too(error):
            raise
        return None
    return Resolved(
        str(reference),
        found.root.digest,
        found.chosen.digest,
        found.platform,
        tuple(Layer(blob.digest, blob.size, blob.media_type) for blob in found.blobs),
    )


class CompletedEvents:
    """Completes an engine's events by what is ``known`` and passes them to ``on_event``."""

    def __init__(self, known: Resolved | None, on_event: OnEvent) -> None:
        self._known, self._on_event = known, on_event
        self._layers = {layer.digest: layer for layer in known.layers} if known else {}
        self._states: dict[str, LayerState] = {}
        self._done: dict[str, int] = {}

    def __call__(self, event: PullEvent) -> None:
        if self._known:
            match event:
                case Resolved():
                    event = self._known
                case LayerProgress():
                    event = self._layer(event)
                case Totals():
                    event = self._totals(event)
                case Finished():
                    self._rest()
                    event = self.complete(event)
                case _:
                    pass
        self._on_event(event)

    def _layer(self, event: LayerProgress) -> LayerProgress:
        whole = event.digest
        if whole not in self._layers:
            whole = next((d for d in self._layers if d.startswith(event.digest)), "")
        if not whole:
            return event
        total = self._layers[whole].size
        done = total if event.state in {"verifying", "extracting", "done", "cached"} else event.done
        self._states[whole], self._done[whole] = event.state, done
        return LayerProgress(whole, event.state, done, total, event.detail)

    def _totals(self, event: Totals) -> Totals:
        total = sum(layer.size for layer in self._layers.values())
        done = sum(self._done.values())
        rate = event.bytes_per_second
        return Totals(done, total, rate, (total - done) / rate if rate > 0 else None)

    def _rest(self) -> None:
        """Docker reports no layer that it has already, and never the config."""
        state: LayerState = "done" if self._loaded else "cached"
        for layer in self._layers.values():
            if layer.digest not in self._states:
                self._states[layer.digest] = state
                self._on_event(LayerProgress(layer.digest, state, layer.size, layer.size))

    @property
    def _loaded(self) -> list[str]:
        return [digest for digest, state in self._states.items() if state != "cached"]

    def complete(self, finished: Finished) -> Finished:
        """``finished`` with what the manifest adds, unless the tag has moved since."""
        known = self._known
        if known is None or finished.digest not in {known.digest, known.manifest_digest, ""}:
            return finished
        return msgspec.structs.replace(
            finished,
            digest=known.digest,
            manifest_digest=known.manifest_digest,
            layers=len(self._layers),
            bytes=sum(self._layers[digest].size for digest in self._loaded),
        )
