"""A pull through a `FaultProxy`, and what must hold after it, whether it succeeded or failed."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cgwizard.errors import WizardError
from cgwizard.events import Failed, Finished, LayerProgress, PullEvent
from cgwizard.net.trust import Trust
from cgwizard.practice.faults.proxy import FaultProxy, ProxyRequest
from cgwizard.registry.client import Registry
from cgwizard.registry.layout import LayoutSink
from cgwizard.registry.pull import pull
from cgwizard.registry.reference import Reference
from cgwizard.registry.retry import RetryPolicy
from cgwizard.secrets.secret import Credentials
from tests.support.real_registry import Made

NAME = "chainguard/wolfi-base"
OTHER = "chainguard/static"
AMD64 = {"os": "linux", "architecture": "amd64"}
SCREEN = 420  # characters of a problem that fit on 80x24 beside the layers

MANIFESTS = ("index", "manifest")
LAYERS = ("first", "middle", "last")
BLOBS = ("config", *LAYERS)
EVERYTHING = (*MANIFESTS, *BLOBS)
at_manifests = pytest.mark.parametrize("spot", MANIFESTS, indirect=True)
at_layers = pytest.mark.parametrize("spot", LAYERS, indirect=True)
at_blobs = pytest.mark.parametrize("spot", BLOBS, indirect=True)
everywhere = pytest.mark.parametrize("spot", EVERYTHING, indirect=True)

# Where nothing hangs, a busy machine may take its time; where something does, not long.
QUICK = RetryPolicy(
    stall_seconds=10,
    answer_seconds=10,
    blob_answer_seconds=10,
    fetch_seconds=10,
    tries=3,
    first_pause=0.01,
    longest_pause=0.05,
)
STALLED = msgspec.structs.replace(QUICK, stall_seconds=0.3, tries=1)
SILENT = msgspec.structs.replace(
    QUICK, answer_seconds=0.4, blob_answer_seconds=0.4, fetch_seconds=0.4, tries=1
)


@dataclass(frozen=True)
class Spot:
    """One of the things that a pull asks for."""

    name: str
    target: str  # of its request, as a regular expression
    digest: str
    data: bytes

    @property
    def is_blob(self) -> bool:
        return self.name in BLOBS

    @property
    def size(self) -> int:
        return len(self.data)

    @property
    def named(self) -> str:
        """How a message must tell it from the others: by the beginning of its digest, or, where
        it was asked for by a tag, by that."""
        return "manifests/latest" if self.name == "index" else self.digest[: len("sha256:") + 12]


def spots(made: Made) -> dict[str, Spot]:
    """Every part of an index with one image of three layers."""
    (child,) = made.children
    document = child.document
    found = {
        "index": Spot("index", "manifests/latest", made.digest, made.raw),
        "manifest": Spot("manifest", f"manifests/{child.digest}", child.digest, child.raw),
    }
    for name, blob in zip(BLOBS, (document["config"], *document["layers"]), strict=True):
        digest = blob["digest"]
        found[name] = Spot(name, f"blobs/{digest}", digest, child.blobs[digest])
    return found


class Pull:
    """Pulls, once a call of `run`, and looks at the events and at what was left."""

    def __init__(
        self, proxy: FaultProxy, made: Made, layout: Path, folder: Path, name: str = NAME
    ) -> None:
        self.proxy, self.made, self._name = proxy, made, name
        self._parent = folder / "pull"
        self.folder = self._parent / "out"
        shutil.copytree(layout, self.folder)
        self._before = _files(self.folder)
        self.events: list[PullEvent] = []
        self.finished: Finished | None = None
        self.error: WizardError | None = None

    def run(
        self,
        patience: RetryPolicy = QUICK,
        *,
        credentials: Credentials | None = None,
        trust: Trust = Trust(),  # noqa: B008 -- immutable
        verify_uncompressed: bool = False,
    ) -> Pull:
        reference = Reference.parse(f"127.0.0.1:{self.proxy.port}/{self._name}")
        with Registry(self.proxy.url, credentials, trust=trust, patience=patience) as registry:
            try:
                self.finished = pull(
                    registry,
                    reference,
                    platform="linux/amd64",
                    sink=LayoutSink(self.folder),
                    on_event=self.events.append,
                    verify_uncompressed=verify_uncompressed,
                )
            except WizardError as error:
                self.error = error
        assert [path.name for path in self._parent.iterdir()] == ["out"]
        sound_layout(self.folder)
        return self

    def succeeds(self) -> Finished:
        assert self.finished is not None, self.error
        assert self.error is None
        assert self.events[-1] == self.finished
        wanted = spots(self.made)
        assert self.finished.digest == wanted["index"].digest
        assert self.finished.manifest_digest == wanted["manifest"].digest
        held = _files(self.folder)
        for name in (*BLOBS, "manifest"):
            spot = wanted[name]
            assert held[f"blobs/{spot.digest.replace(':', '/')}"] == spot.data, name
        assert spots(self.made)["manifest"].digest in held["index.json"].decode()
        return self.finished

    def fails_with(
        self,
        spot: Spot | None,
        code: str,
        *,
        tried: str = "",
        came_back: str | tuple[str, ...] = "",
        cause: str = "",
        next_step: str = "",
    ) -> None:
        """It failed with these words in its four lines, and of ``spot`` the name in the first."""
        assert self.error is not None, "it was accepted"
        problem = self.error.problem
        assert problem.code == code, problem
        assert tried in problem.tried, problem
        if spot is not None:
            assert spot.named in problem.tried, problem
        for word in (came_back,) if isinstance(came_back, str) else came_back:
            assert word in problem.came_back, problem
        assert cause in problem.cause, problem
        assert next_step in problem.next_step, problem
        lines = (problem.tried, problem.came_back, problem.cause, problem.next_step)
        assert all(lines), problem
        assert sum(map(len, lines)) <= SCREEN, (sum(map(len, lines)), problem)
        last = self.events[-1]
        assert isinstance(last, Failed)
        assert (last.code, last.tried, last.came_back, last.cause, last.next_step) == (code, *lines)
        if spot is not None and spot.name in LAYERS:
            states = {e.digest: e.state for e in self.events if isinstance(e, LayerProgress)}
            assert states[spot.digest] == "failed"
            assert list(states.values()).count("failed") == 1, "the others were only stopped"
        assert _files(self.folder) == self._before, "nothing is left of it"

    def retried(self, spot: Spot) -> list[LayerProgress]:
        return [
            event
            for event in self.events
            if isinstance(event, LayerProgress)
            and event.digest == spot.digest
            and event.state == "retrying"
        ]

    def asked(self, spot: Spot) -> list[ProxyRequest]:
        return [asked for asked in self.proxy.requests if spot.target in asked.target]


def sound_layout(folder: Path) -> None:
    """Every blob is what its name says, and all that ``index.json`` leads to is there."""
    files = _files(folder)
    blobs = {name: data for name, data in files.items() if name.startswith("blobs/")}
    assert set(files) - set(blobs) == {"oci-layout", "index.json"}
    for name, data in blobs.items():
        assert name == f"blobs/sha256/{hashlib.sha256(data).hexdigest()}"
    for entry in _descriptors(json.loads(files["index.json"]), blobs):
        name = f"blobs/{entry['digest'].replace(':', '/')}"
        assert len(blobs[name]) == entry["size"], f"{entry} is named and not there"


def _descriptors(document: dict[str, Any], blobs: dict[str, bytes]) -> Iterator[dict[str, Any]]:
    for entry in document.get("manifests", []):
        yield entry
        child = json.loads(blobs[f"blobs/{entry['digest'].replace(':', '/')}"])
        yield from _descriptors(child, blobs)
    if "config" in document:
        yield from (document["config"], *document["layers"])


def _files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
