"""No module imports itself by way of others, also not in a function or for types alone."""

from __future__ import annotations

from collections.abc import Iterator

import grimp

# Modules that may stand in a circle, and why.
ALLOWED = {
    ("errors.catalog", "errors.codes"): "a code looks up its own meaning, which is loaded late",
    (
        "app",
        "screens.diagnose",
        "screens.help",
        "screens.menu",
        "screens.parts.step_keys",
        "screens.parts.typing_app",
        "screens.parts.wizard_screen",
        "screens.record",
        "screens.resume",
        "screens.step",
    ): "a screen opens another by the application",
    (
        "guide.protocols",
        "guide.secret_storage",
        "guide.session",
        "guide.step",
    ): "a step has a session, which has steps",
    ("practice.faults.base", "practice.faults.proxy"): "a fault is of the proxy that it spoils",
    ("practice.cgr.artifacts", "practice.cgr.images"): "an image has artifacts, made of images",
    ("practice.nexus.rest.openapi", "practice.nexus.server"): "the server tells what it serves",
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


def test_no_circle_of_imports() -> None:
    graph = grimp.build_graph("cgwizard", cache_dir=None)
    found = [{module.removeprefix("cgwizard.") for module in group} for group in circles(graph)]
    assert [group for group in found if not any(group <= set(known) for known in ALLOWED)] == []


def test_a_circle_is_found() -> None:
    graph = grimp.ImportGraph()
    for importer, imported in [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]:
        graph.add_module(importer)
        graph.add_module(imported)
        graph.add_import(importer=importer, imported=imported)
    assert list(circles(graph)) == [{"a", "b", "c"}]
