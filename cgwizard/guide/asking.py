"""Asking a registry in a way that ends when the person cancels."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cgwizard.errors import Cancelled, WizardError

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.registry.client import Registry
    from cgwizard.registry.retries import Retries

LOOK_SECONDS = 0.1


@contextlib.contextmanager
def stoppable(registry: Registry, cancel: Cancel) -> Iterator[Retries]:
    """Gives the retries to ask ``registry`` with. Raises Cancelled instead of the error of a
    request that was cut because of that."""
    from cgwizard.registry.retries import Retries

    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(LOOK_SECONDS):
            if cancel.is_set:  # again and again: a connection may be made only just now
                registry.abort()

    watcher = threading.Thread(target=watch, name="cancel", daemon=True)
    watcher.start()
    try:
        with registry:
            yield Retries(registry.patience, cancel)
    except WizardError as error:
        if cancel.is_set:
            raise Cancelled from error
        raise
    finally:
        ended.set()
        watcher.join()
