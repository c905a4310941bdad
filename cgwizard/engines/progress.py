"""The progress stream of an engine, turned into the events of a pull."""

from __future__ import annotations

import re
import time
from collections import deque

import msgspec

from cgwizard.engines.model import Name
from cgwizard.events import Finished, LayerProgress, LayerState, OnEvent, Resolved, Totals
from cgwizard.registry.reference import Reference
from cgwizard.text import decode

LAYER_SECONDS = 0.2  # between two events of one layer's progress
TOTALS_SECONDS = 0.25
RATE_WINDOW = 3.0  # seconds over which the speed is taken

_ID = re.compile(r"(?:sha256:)?([0-9a-f]{12,64})")
_COPYING = re.compile(r"Copying (?:blob|config) (?:sha256:)?([0-9a-f]{12,64})(.*)")
_DIGEST = re.compile(r"Digest: (sha256:[0-9a-f]{64})")

# How a status of Docker's API begins, in lower case. Other statuses are not about a layer.
_STATES: tuple[tuple[str, LayerState], ...] = (
    ("pulling fs layer", "queued"),
    ("waiting", "queued"),
    ("layer already being pulled", "queued"),
    ("downloading", "downloading"),
    ("verifying", "verifying"),
    ("download complete", "extracting"),
    ("extracting", "extracting"),
    ("pull complete", "done"),
    ("already exists", "cached"),
    ("retrying", "retrying"),
)


class _Detail(msgspec.Struct):
    current: int = 0
    total: int = 0


class _ErrorDetail(msgspec.Struct):
    message: str = ""


class ProgressLine(msgspec.Struct, rename="camel"):
    """One object of either stream: Docker's (``status``, ``id``) or Podman's own (``stream``)."""

    status: str = ""
    id: str = ""
    progress_detail: _Detail | None = None
    error: str = ""
    error_detail: _ErrorDetail | None = None
    stream: str = ""

    @property
    def refusal(self) -> str:
        """Why the pull failed, in the engine's words; empty if it did not."""
        return (self.error_detail.message if self.error_detail else "") or self.error


def read(line: bytes) -> ProgressLine | None:
    """A line of the stream; None for another object, which a newer engine may send."""
    try:
        return decode.json(line, ProgressLine)
    except decode.Unreadable:
        return _read_error(line)


def _read_error(line: bytes) -> ProgressLine | None:
    """A member of an unknown type must not hide that the pull failed."""
    try:
        told = decode.json(line)
    except decode.Unreadable:
        return None
    error = told.get("error") if isinstance(told, dict) else None
    return ProgressLine(error=str(error)) if error else None


class _Layer(msgspec.Struct):
    state: LayerState = "queued"
    done: int = 0
    total: int = 0
    told: float = 0.0


class PullProgress:
    """Follows one pull of an engine. Used from one thread."""

    def __init__(
        self, engine: Name, reference: Reference, platform: str | None, on_event: OnEvent
    ) -> None:
        self._engine, self._reference = engine, reference
        self._platform, self._on_event = platform or "", on_event
        self._layers: dict[str, _Layer] = {}
        self._began = time.monotonic()
        self._first_byte: float | None = None
        self._retries = 0
        self._told_totals = 0.0
        self._seen: deque[tuple[float, int]] = deque()
        self._resolved = False
        self.digest = ""

    def add(self, line: ProgressLine) -> None:
        """Read one line and send its event; a layer's progress is sent a few times a second."""
        if line.stream:
            self._podman(line.stream)
            return
        if found := _DIGEST.match(line.status):
            self.digest = found[1]
            return
        status = line.status.lower()
        state = next((state for begin, state in _STATES if status.startswith(begin)), None)
        layer = _ID.fullmatch(line.id)
        if state is None or layer is None:
            return
        detail = line.progress_detail or _Detail()
        done, total = 0, 0
        if state == "downloading":
            # Newer engines count extraction in seconds. Only downloads count here.
            done, total = max(detail.current, 0), max(detail.total, 0)
        self._layer(layer[1], state, done, total, line.status if state == "retrying" else "")

    def _podman(self, text: str) -> None:
        """Podman's own API names a blob when it begins, and says no more about it."""
        if found := _COPYING.match(text):
            there = "already exists" in found[2] or "skipped" in found[2]
            self._layer(found[1], "cached" if there else "downloading")

    def _layer(
        self, digits: str, state: LayerState, done: int = 0, total: int = 0, detail: str = ""
    ) -> None:
        self._resolve()
        digest = f"sha256:{digits}"
        layer = self._layers.get(digest)
        fresh = layer is None
        if layer is None:
            layer = self._layers[digest] = _Layer()
        layer.total = max(total, layer.total)
        if state == "downloading":
            layer.done = done
        elif state in {"verifying", "extracting", "done"}:
            layer.done = layer.total
        elif state == "retrying":
            layer.done = 0
            self._retries += 1
        now = time.monotonic()
        if done and self._first_byte is None:
            self._first_byte = now - self._began
        changed, layer.state = layer.state != state, state
        if fresh or changed or (state == "downloading" and now - layer.told >= LAYER_SECONDS):
            layer.told = now
            self._on_event(LayerProgress(digest, state, layer.done, layer.total, detail))
        self._totals(now)

    def _resolve(self) -> None:
        if not self._resolved:
            self._resolved = True
            self._on_event(Resolved(str(self._reference), "", "", self._platform, ()))

    def _totals(self, now: float, *, last: bool = False) -> None:
        total = sum(layer.total for layer in self._layers.values())
        if not total or (now - self._told_totals < TOTALS_SECONDS and not last):
            return
        self._told_totals = now
        done = sum(layer.done for layer in self._layers.values())
        self._seen.append((now, done))
        while len(self._seen) > 2 and now - self._seen[0][0] > RATE_WINDOW:
            self._seen.popleft()
        then, before = self._seen[0]
        rate = max(0.0, (done - before) / (now - then)) if now > then else 0.0
        # A layer that has not begun has no size yet: until then nobody knows what is left.
        known = all(layer.total or layer.state == "cached" for layer in self._layers.values())
        left = (total - done) / rate if known and rate > 0 else None
        self._on_event(Totals(done, total, rate, 0.0 if last else left))

    def finish(self, digest: str, manifest_digest: str, platform: str) -> Finished:
        """The pull is over: every layer's last state, the totals, and the result."""
        self._resolve()
        for name, layer in self._layers.items():
            if layer.state not in {"done", "cached"}:
                layer.state, layer.done = "done", layer.total
                self._on_event(LayerProgress(name, "done", layer.done, layer.total))
        self._totals(time.monotonic(), last=True)
        seconds = time.monotonic() - self._began
        loaded = [layer for layer in self._layers.values() if layer.state == "done"]
        result = Finished(
            reference=str(self._reference),
            digest=digest,
            manifest_digest=manifest_digest,
            platform=platform,
            layers=len(self._layers),
            bytes=sum(layer.total for layer in loaded),
            seconds=seconds,
            first_byte_seconds=seconds if self._first_byte is None else self._first_byte,
            retries=self._retries,
            engine=self._engine,
        )
        self._on_event(result)
        return result
