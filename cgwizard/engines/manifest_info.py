"""What the registry says of an image, so that an engine's pull shows sizes and whole digests.

An engine tells sizes late (Docker) or never (Podman), and digests by their beginning. The
manifest has both; asking for it also keeps a wrong password from being sent a second time, by
the engine, to a Nexus that locks users out.
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

# The engine would be refused in the same way, and a second refusal may lock the user out.
HOPELESS = frozenset({Code.LOGIN_WRONG, Code.NEXUS_LOCKED_OUT, Code.TOKEN_REFUSED})


def ask(
    registry: Registry,
    reference: Reference,
    platform: str | None = None,
    cancel: Cancel | None = None,
) -> Resolved | None:
    """What ``reference`` leads to; None where it cannot be told from here, which the engine's own
    pull need not mind. Raises WizardError when the sign-in was refused, and Cancelled."""
    from cgwizard.registry.resolve import Resolution, Resolver
    from cgwizard.registry.retry import Retries, RetryPolicy
    from cgwizard.registry.workers import Crew

    answers: list[Resolution] = []
    stop = Cancel()
    resolver = Resolver(registry, reference, Retries(RetryPolicy(tries=0), stop))
    crew = Crew(cancel, stop, abort=registry.abort, tick=lambda: None)
    try:
        crew.run([lambda: answers.append(resolver.resolve(platform))], 1)
    except WizardError as error:
        if error.code in HOPELESS:
            raise
        return None
    (found,) = answers
    return Resolved(
        str(reference),
        found.root.digest,
        found.chosen.digest,
        found.platform,
        tuple(Layer(blob.digest, blob.size, blob.media_type) for blob in found.blobs),
    )


class Informed:
    """Fills in an engine's events, for ``on_event``. With nothing known it passes them on."""

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
        """Of what it has already Docker says nothing, and of the config never."""
        state: LayerState = "done" if self._loaded else "cached"
        for layer in self._layers.values():
            if layer.digest not in self._states:
                self._states[layer.digest] = state
                self._on_event(LayerProgress(layer.digest, state, layer.size, layer.size))

    @property
    def _loaded(self) -> list[str]:
        return [digest for digest, state in self._states.items() if state != "cached"]

    def complete(self, finished: Finished) -> Finished:
        """``finished`` with what the manifest adds, if the tag did not move meanwhile."""
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
