"""The images of the practice cgr.dev: made at the first request, then kept."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from cgwizard.practice.cgr.catalog import Catalog

if TYPE_CHECKING:
    from cgwizard.practice.cgr.images import Image


class ImageStore:
    """Images by repository name; their blobs are files under ``folder``."""

    def __init__(self, catalog: Catalog, folder: Path) -> None:
        self.catalog = catalog
        self._blobs = folder / "blobs" / "sha256"
        self._made: dict[str, Image] = {}
        self._lock = threading.Lock()

    def get(self, repository: str) -> Image | None:
        """The image, made now if it is missing (up to a second); None if the name is unknown."""
        from cgwizard.practice.cgr.images import Builder

        image = self._made.get(repository)
        if image is not None:
            return image
        recipe = self.catalog.recipe(repository)
        if recipe is None:
            return None
        with self._lock:
            if repository not in self._made:
                self._made[repository] = Builder(repository, recipe, self._blobs).build()
            return self._made[repository]

    async def find(self, repository: str) -> Image | None:
        """`get` without holding up the event loop."""
        return self._made.get(repository) or await asyncio.to_thread(self.get, repository)

    def blob_path(self, repository: str, digest: str) -> Path | None:
        """The file of a blob that belongs to an image made before; None otherwise."""
        image = self._made.get(repository)
        if image is None or digest not in image.blobs:
            return None
        return self._blobs / digest.removeprefix("sha256:")
