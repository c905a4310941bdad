"""The faults as a catalog: one file a fault, by its slug, and where each is produced."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re

import pytest

from cgwizard.practice import faults
from cgwizard.practice.faults.base import ConnectionFault, Fault, NexusFault, RegistryFault

MACHINERY = {"base", "middleware", "proxy"}
SLUGS = sorted({module.name for module in pkgutil.iter_modules(faults.__path__)} - MACHINERY)
PRODUCED = {RegistryFault: "registry", NexusFault: "nexus", ConnectionFault: "connection"}


@pytest.mark.parametrize("name", SLUGS)
def test_a_file_is_one_fault_and_says_what_happens_and_where(name: str) -> None:
    module = importlib.import_module(f"{faults.__name__}.{name}")
    found = [
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Fault) and kind.__module__ == module.__name__
    ]
    assert found
    assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", name)
    assert module.__doc__
    for kind in found:
        assert object.__new__(kind).slug == name.replace("_", "-")
        expected = [place for base, place in PRODUCED.items() if issubclass(kind, base)]
        assert kind.where in (expected or ["connection"])


def test_the_catalog_has_all_three_places() -> None:
    kinds = {base for base in PRODUCED if base.__subclasses__()}
    assert kinds == set(PRODUCED)
