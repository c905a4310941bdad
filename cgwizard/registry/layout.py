"""An OCI image layout in a folder, as skopeo (``oci:DIR``) and podman read it.

A new folder is made under a temporary name beside it and renamed at the end: it is complete
or absent. An empty one, which may be a mount or where the user stands, stays: the layout is
made in it and moved up at the end. Into a folder that is a layout already, blobs go one by one,
each complete or absent, and the new image is named in ``index.json`` last.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import threading
from pathlib import Path

import msgspec

from cgwizard.errors import Code, WizardError
from cgwizard.registry.models import OCI_INDEX, Descriptor, Manifest
from cgwizard.registry.reference import Reference
from cgwizard.registry.sink import not_written
from cgwizard.text import decode

LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'
REF_NAME = "org.opencontainers.image.ref.name"
PART = ".cgwizard-part-"


class _Entry(msgspec.Struct, rename="camel", omit_defaults=True):
    media_type: str
    digest: str
    size: int
    annotations: dict[str, str] = {}


class _Named(msgspec.Struct):
    digest: str = ""
    annotations: dict[str, str] | None = None


class LayoutSink:
    """A `Sink` that writes ``folder``. Raises WizardError `output-not-a-layout` when the folder
    holds something else, `output-failed`; the other methods may raise OSError."""

    def __init__(self, folder: Path) -> None:
        self._target = Path(os.path.realpath(folder))  # a link stays one
        self._lock = threading.Lock()
        self._made: list[Path] = []
        self._open: list[_BlobFile] = []
        try:
            self._fresh = not _holds_layout(self._target)
            if not self._fresh:
                _read_index(self._target)
            self._root = self._begun() if self._fresh else self._target
        except OSError as error:
            raise not_written(error) from error

    def _begun(self) -> Path:
        """A new layout, beside its place or in it."""
        if self._target.is_dir():
            root = Path(tempfile.mkdtemp(prefix=PART, dir=self._target))
        else:
            self._target.parent.mkdir(parents=True, exist_ok=True)
            prefix = f".{self._target.name}{PART}"
            root = Path(tempfile.mkdtemp(prefix=prefix, dir=self._target.parent))
        try:
            # mkdtemp keeps others out; an image is as public as the folder around it.
            root.chmod(0o755)
            (root / "oci-layout").write_bytes(LAYOUT)
        except OSError:
            shutil.rmtree(root, ignore_errors=True)
            raise
        return root

    def holds(self, blob: Descriptor) -> bool:
        try:
            return self._path(blob.digest).stat().st_size == blob.size
        except FileNotFoundError:
            return False

    def open(self, blob: Descriptor) -> _BlobFile | None:
        path = self._path(blob.digest)
        if _is(path, blob):
            return None
        path.parent.mkdir(parents=True, exist_ok=True)
        writer = _BlobFile(path, self._made)
        with self._lock:
            self._open.append(writer)
        return writer

    def manifest(self, manifest: Manifest) -> None:
        writer = self.open(manifest.descriptor)
        if writer is not None:
            writer.write(manifest.raw)
            writer.complete()

    def finish(self, root: Descriptor, reference: Reference) -> None:
        name = reference.tag or ""
        entry = _Entry(root.media_type, root.digest, root.size, {REF_NAME: name} if name else {})
        rest, listed = ({}, []) if self._fresh else _read_index(self._target)
        kept = [m for m, named in listed if not _replaces(named, root.digest, name)]
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, **rest, "manifests": [*kept, entry]}
        writer = _BlobFile(self._root / "index.json", [])
        writer.write(msgspec.json.encode(index))
        writer.complete()
        if self._root.parent == self._target:
            self._move_up()
        elif self._fresh:
            self._root.replace(self._target)

    def _move_up(self) -> None:
        moved: list[Path] = []
        try:
            for name in ("blobs", "oci-layout", "index.json"):  # what names the image is last
                moved.append((self._root / name).replace(self._target / name))
            self._root.rmdir()
        except OSError:
            for path in moved:
                path.replace(self._root / path.name)
            raise

    def discard(self) -> None:
        with self._lock:
            writers, made = list(self._open), list(self._made)
        for writer in writers:
            writer.abandon()
        if self._fresh:
            shutil.rmtree(self._root, ignore_errors=True)
            return
        for path in made:
            path.unlink(missing_ok=True)

    def _path(self, digest: str) -> Path:
        algorithm, _, digits = digest.partition(":")
        return self._root / "blobs" / algorithm / digits


class _BlobFile:
    """A file under a temporary name, until `complete`. Unbuffered: chunks are large.

    A thread that a cancelled pull left behind may still write, or end it a second time: a file
    object knows that it is closed, where the bare number may be another file's by then.
    """

    def __init__(self, path: Path, made: list[Path]) -> None:
        self._path, self._made = path, made
        descriptor, part = tempfile.mkstemp(prefix=PART, dir=path.parent)
        self._file = os.fdopen(descriptor, "wb", buffering=0)
        self._part = Path(part)

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]

    def restart(self) -> None:
        self._file.seek(0)
        self._file.truncate()

    def complete(self) -> None:
        os.fchmod(self._file.fileno(), 0o644)
        self._file.close()
        self._part.replace(self._path)
        self._made.append(self._path)

    def abandon(self) -> None:
        self._file.close()
        with contextlib.suppress(OSError):
            self._part.unlink()  # it is not there any more, where `complete` was first


def _holds_layout(folder: Path) -> bool:
    if not folder.exists():
        return False
    # What a pull that was killed left in it is nothing.
    if folder.is_dir() and all(path.name.startswith(PART) for path in folder.iterdir()):
        return False
    if (folder / "oci-layout").is_file() and (folder / "index.json").is_file():
        return True
    raise _no_layout(folder, "there is something else in it")


def _read_index(folder: Path) -> tuple[dict[str, msgspec.Raw], list[tuple[msgspec.Raw, _Named]]]:
    """``index.json`` without its list, and that list. Raises WizardError."""
    try:
        rest = decode.json((folder / "index.json").read_bytes(), dict[str, msgspec.Raw])
        raw = rest.pop("manifests", msgspec.Raw(b"[]"))
        listed = decode.json(raw, list[msgspec.Raw] | None) or []
        return rest, [(m, decode.json(m, _Named)) for m in listed]
    except decode.Unreadable as error:
        raise _no_layout(folder, f"its index.json cannot be read ({error})") from error


def _no_layout(folder: Path, came_back: str) -> WizardError:
    return WizardError(
        Code.OUTPUT_NOT_A_LAYOUT,
        tried=f"using {folder} for the image",
        came_back=came_back,
    )


def _is(path: Path, blob: Descriptor) -> bool:
    """Whether ``path`` holds ``blob``, read and hashed."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size != blob.size:
                return False
            algorithm, _, digits = blob.digest.partition(":")
            return hashlib.file_digest(file, algorithm).hexdigest() == digits
    except FileNotFoundError:
        return False


def _replaces(old: _Named, digest: str, name: str) -> bool:
    """A name is given once, as a tag is; an image without a name is listed once."""
    theirs = (old.annotations or {}).get(REF_NAME, "")
    return theirs == name if name else old.digest == digest and not theirs
