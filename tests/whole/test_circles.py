"""No module imports itself by way of others, also not in a function or for types alone."""

from __future__ import annotations

from collections.abc import Iterator

import grimp

# Modules that stand in a circle, and why they may.
ALLOWED = {
    "cgwizard.errors": "a code asks the catalog, which is read late, what the code means",
    "cgwizard.app": "a screen opens others through the application",
    "cgwizard.screens": "a screen opens others through the application",
    "cgwizard.guide": "a step reads the session, which holds the steps",
    "cgwizard.practice": "the servers' parts refer to one another",
}


def circles(graph: grimp.ImportGraph) -> Iterator[set[str]]:
    """Groups of modules of which each imports each, directly or by others."""
    left = set(graph.modules)
    while left:
        module = left.pop()
        group = graph.find_upstream_modules(module) & graph.find_downstream_modules(module)
        left -= group
        if group:
            yield {module} | group


def folder(module: str) -> str:
    return ".".join(module.split(".")[:2])


def test_no_circle_of_imports() -> None:
    graph = grimp.build_graph("cgwizard", cache_dir=None)
    found = [sorted(group) for group in circles(graph)]
    assert [group for group in found if not {folder(m) for m in group} <= set(ALLOWED)] == []


def test_a_circle_is_found() -> None:
    graph = grimp.ImportGraph()
    for importer, imported in [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]:
        graph.add_module(importer)
        graph.add_module(imported)
        graph.add_import(importer=importer, imported=imported)
    assert list(circles(graph)) == [{"a", "b", "c"}]
