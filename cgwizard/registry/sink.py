"""Where the bytes of a pull go: a protocol, and its smallest implementations."""

from __future__ import annotations

from typing import Protocol

from cgwizard.errors import Code, WizardError
from cgwizard.registry.models import Descriptor, Manifest
from cgwizard.registry.reference import Reference


class Writer(Protocol):
    """One blob on its way in. Ended by `complete` (its digest was right) or by `abandon`."""

    def write(self, data: bytes) -> None: ...
    def restart(self) -> None:
        """Forget what was written: it comes again from the first byte."""

    def complete(self) -> None: ...
    def abandon(self) -> None: ...


class Sink(Protocol):
    """What becomes of an image. Used from several threads, one blob by one of them.

    Ended by `finish` when everything was verified, or by `discard`, after which nothing of
    this pull may be left. May raise OSError and WizardError.
    """

    def holds(self, blob: Descriptor) -> bool:
        """Whether it seems to be here: then `open` reads all of it, which may take its time."""

    def open(self, blob: Descriptor) -> Writer | None:
        """A writer for ``blob``; None when it is here already, digest checked."""

    def manifest(self, manifest: Manifest) -> None: ...
    def finish(self, root: Descriptor, reference: Reference) -> None: ...
    def discard(self) -> None: ...


class DiscardSink:
    """Sink and writer that keep nothing: for a pull that is only a test."""

    def holds(self, blob: Descriptor) -> bool:
        return False

    def open(self, blob: Descriptor) -> Writer:
        return self

    def write(self, data: bytes) -> None: ...
    def restart(self) -> None: ...
    def complete(self) -> None: ...
    def abandon(self) -> None: ...
    def manifest(self, manifest: Manifest) -> None: ...
    def finish(self, root: Descriptor, reference: Reference) -> None: ...
    def discard(self) -> None: ...


class Memory:
    """A writer that keeps a (small) blob."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes) -> None:
        self.data += data

    def restart(self) -> None:
        self.data.clear()

    def complete(self) -> None: ...
    def abandon(self) -> None: ...


def not_written(error: OSError) -> WizardError:
    return WizardError(
        Code.OUTPUT_FAILED,
        tried=f"writing {error.filename}" if error.filename else "writing the image",
        came_back=error.strerror or str(error),
    )
