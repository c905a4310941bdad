"""Pull an image through one registry: every byte hashed, every digest checked, nothing kept
unless a sink is given. The proof that a whole setup works."""

from __future__ import annotations

import time
from functools import partial

from cgwizard.cancel import Cancel
from cgwizard.errors import WizardError
from cgwizard.events import (
    Failed,
    Finished,
    Layer,
    OnEvent,
    Resolved,
    Source,
    ignore,
)
from cgwizard.registry.client import Registry
from cgwizard.registry.errors import RegistryError
from cgwizard.registry.fetch import Fetch
from cgwizard.registry.layer_digest import Unpacker
from cgwizard.registry.models import Descriptor
from cgwizard.registry.progress import Reporter
from cgwizard.registry.reference import Reference
from cgwizard.registry.resolve import Resolution, Resolver
from cgwizard.registry.retry import Retries
from cgwizard.registry.sink import DiscardSink, Sink, Writer, not_written
from cgwizard.registry.workers import Crew

PARALLEL_LIMIT = 10  # connections that one client of ours opens


def pull(
    registry: Registry,
    reference: Reference,
    *,
    platform: str | None = None,
    parallel: int = 3,
    sink: Sink | None = None,
    on_event: OnEvent = ignore,
    cancel: Cancel | None = None,
    verify_uncompressed: bool = False,
) -> Finished:
    """Pull ``reference`` and return what was verified; blocks.

    ``reference.host`` is only for messages: ``registry`` is asked. ``platform``: such as
    ``linux/arm64``, ``all``, or None for this machine's. ``parallel``: layers at once.
    ``verify_uncompressed``: check the digests inside the compressed layers too.
    ``on_event`` is called from several threads, never from two at once, and not after the
    return. Raises WizardError (after a `Failed` event) or Cancelled; then ``sink`` was told to
    discard everything.
    """
    work = _Pull(
        registry,
        reference,
        sink=sink or DiscardSink(),
        on_event=on_event,
        cancel=cancel,
        verify_uncompressed=verify_uncompressed,
    )
    return work.run(platform, max(1, min(parallel, PARALLEL_LIMIT)))


class _Pull:
    def __init__(
        self,
        registry: Registry,
        reference: Reference,
        *,
        sink: Sink,
        on_event: OnEvent,
        cancel: Cancel | None,
        verify_uncompressed: bool,
    ) -> None:
        self._registry, self._reference, self._sink = registry, reference, sink
        self._verify_uncompressed = verify_uncompressed
        self._reporter = Reporter(on_event)
        self._stop = Cancel()
        self._retries = Retries(registry.patience, self._stop)
        self._crew = Crew(cancel, self._stop, abort=registry.abort, tick=self._reporter.tick)
        self._sources: dict[str, Source] = {}
        self._unpacked: set[str] = set()
        self._began = time.monotonic()
        self._first_byte: float | None = None

    def run(self, platform: str | None, parallel: int) -> Finished:
        finished = False
        try:
            result = self._pull(platform, parallel)
            finished = True
        except OSError as error:
            raise self._failed(not_written(error)) from error
        except WizardError as error:
            raise self._failed(error) from error.__cause__
        finally:
            self._reporter.close()
            if not finished:
                self._sink.discard()
        return result

    def _pull(self, platform: str | None, parallel: int) -> Finished:
        found: list[Resolution] = []
        resolver = Resolver(self._registry, self._reference, self._retries)
        self._crew.run([lambda: found.append(resolver.resolve(platform))], 1)
        (resolution,) = found
        blobs = resolution.blobs
        self._reporter.resolved(
            Resolved(
                str(self._reference),
                resolution.root.digest,
                resolution.chosen.digest,
                resolution.platform,
                tuple(Layer(blob.digest, blob.size, blob.media_type) for blob in blobs),
            )
        )
        self._crew.run([partial(self._job, resolution, blob) for blob in blobs], parallel)
        for manifest in resolution.manifests:
            self._sink.manifest(manifest)
        self._sink.finish(resolution.chosen.descriptor, self._reference)
        self._reporter.tick(last=True)
        sources = tuple(self._sources[b.digest] for b in blobs if b.digest in self._sources)
        seconds = time.monotonic() - self._began
        result = Finished(
            reference=str(self._reference),
            digest=resolution.root.digest,
            manifest_digest=resolution.chosen.digest,
            platform=resolution.platform,
            layers=len(sources),
            bytes=sum(source.size for source in sources),
            seconds=seconds,
            first_byte_seconds=seconds if self._first_byte is None else self._first_byte,
            retries=self._retries.count,
            sources=sources,
            unpacked=len(self._unpacked),
        )
        self._reporter.emit(result)
        return result

    def _job(self, resolution: Resolution, blob: Descriptor) -> None:
        reporter, digest = self._reporter, blob.digest
        try:
            if self._sink.holds(blob):
                reporter.layer(digest, "verifying")
            writer = self._sink.open(blob)
            if writer is None:
                self._sources[digest] = Source(digest, blob.size, 0.0, "")
                reporter.layer(digest, "cached", blob.size)
                return
            try:
                skipped = self._fill(resolution, blob, writer)
            except BaseException:
                writer.abandon()
                raise
        except (WizardError, OSError):
            if not self._stop.is_set:
                reporter.layer(digest, "failed")
            raise
        if skipped:
            reporter.layer(digest, "skipped", detail="kept elsewhere by its publisher")
        else:
            reporter.layer(digest, "done", blob.size)

    def _fill(self, resolution: Resolution, blob: Descriptor, writer: Writer) -> bool:
        """Fetch one blob into ``writer``. True for a foreign layer that is not available here."""
        config = resolution.configs.get(blob.digest)
        if config is not None:
            writer.write(config.raw)
            fetched = config.fetched
        else:
            self._reporter.layer(blob.digest, "downloading", 0)
            diff_id = resolution.diff_ids.get(blob.digest) if self._verify_uncompressed else None
            fetch = Fetch(
                self._registry,
                self._reference.repository,
                blob,
                self._retries,
                writer=writer,
                unpacker=None if diff_id is None else Unpacker(blob, diff_id),
                on_bytes=partial(self._on_bytes, blob.digest),
                on_retry=partial(self._on_retry, blob.digest),
            )
            try:
                fetched = fetch.run()
            except RegistryError as error:
                if blob.foreign and error.status == 404:
                    writer.abandon()
                    return True
                raise
            if diff_id is not None:
                self._unpacked.add(blob.digest)
        writer.complete()
        self._sources[blob.digest] = Source(blob.digest, blob.size, fetched.seconds, fetched.host)
        return False

    def _on_bytes(self, digest: str, done: int) -> None:
        if done and self._first_byte is None:
            self._first_byte = time.monotonic() - self._began
        self._reporter.advance(digest, done)

    def _on_retry(self, digest: str, done: int, why: str) -> None:
        if not self._stop.is_set:
            self._reporter.layer(digest, "retrying", done, why)

    def _failed(self, error: WizardError) -> WizardError:
        self._reporter.emit(Failed.of(str(self._reference), error.problem))
        return error
