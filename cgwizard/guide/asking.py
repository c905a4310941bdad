"""Asking a registry in a way that ends when the user cancels."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.registry.client import Registry
    from cgwizard.registry.retry import Retries

T = TypeVar("T")


def ask(registry: Registry, cancel: Cancel, work: Callable[[Retries], T]) -> T:
    """``work`` with the retries to ask ``registry`` with, which is closed after it. Raises
    WizardError, and Cancelled at once."""
    from cgwizard.registry.retry import Retries

    with registry:
        return cancel.run(lambda: work(Retries(registry.patience, cancel)), registry.abort)
