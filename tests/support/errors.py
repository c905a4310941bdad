"""Every error code that the program can tell, found in its source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import cgwizard

PACKAGE = Path(cgwizard.__file__).parent
CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
# The practice servers answer as Nexus and registries do: their words are not the program's.
FOREIGN = ("practice/docker", "practice/nexus", "practice/cgr", "screens", "assets")
PARAMETERS = {"code", "slug"}
CLASSES = {"WizardError", "Problem", "RegistryError", "UntrustedCertificate", "NexusElsewhere"}
NO_CODES = {"", "nothing", "read-only"}


def codes() -> dict[str, set[str]]:
    """By code, the files that it is in."""
    trees = {path: ast.parse(path.read_text()) for path in _files()}
    positions = _parameters(trees.values())
    found: dict[str, set[str]] = {}
    for path, tree in trees.items():
        for node in ast.walk(tree):
            for code in _told(node, positions):
                if CODE.fullmatch(code) and code not in NO_CODES:
                    found.setdefault(code, set()).add(str(path.relative_to(PACKAGE)))
    return found


def _files() -> list[Path]:
    return [
        path
        for path in sorted(PACKAGE.rglob("*.py"))
        if not str(path.relative_to(PACKAGE)).startswith(FOREIGN)
    ]


def _parameters(trees: object) -> dict[str, int]:
    """By function's name, at which place its code or slug stands."""
    found = dict.fromkeys(CLASSES, 0)
    for tree in trees:  # type: ignore[attr-defined]
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                names = [a.arg for a in node.args.args if a.arg not in {"self", "cls"}]
                for name in PARAMETERS & set(names):
                    found[node.name] = names.index(name)
    return found


def _told(node: ast.AST, positions: dict[str, int]) -> Iterator[str]:
    if isinstance(node, ast.Call):
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        place = positions.get(name)
        if place is not None and len(node.args) > place:
            yield from _texts(node.args[place])
        for keyword in node.keywords:
            if keyword.arg in PARAMETERS:
                yield from _texts(keyword.value)
    elif isinstance(node, ast.Tuple):
        yield from _row(node)
    elif isinstance(node, ast.Compare):
        yield from _compared(node)
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        yield from _assigned(node.target, node.value)
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _assigned(target, node.value)


def _assigned(target: ast.expr, value: ast.expr) -> Iterator[str]:
    if isinstance(target, ast.Name) and target.id in PARAMETERS:
        yield from _texts(value)
    elif isinstance(target, ast.Name) and target.id == "CHAIN" and isinstance(value, ast.Tuple):
        yield from (text for each in value.elts for text in _texts(each))
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, other in zip(target.elts, value.elts, strict=True):
            yield from _assigned(one, other)


def _row(node: ast.Tuple) -> Iterator[str]:
    """A table's row or a returned (code, cause, next step): a code, then sentences."""
    texts = [list(_texts(each)) for each in node.elts]
    sentences = [t for t in texts if any(" " in text for text in t)]
    if len(node.elts) >= 3 and len(sentences) >= 1:
        for text in (text for t in texts[:2] for text in t):
            if "-" in text:
                yield text


def _compared(node: ast.Compare) -> Iterator[str]:
    """``error.code == "..."`` and ``in {...}``."""
    if getattr(node.left, "attr", getattr(node.left, "id", "")) in PARAMETERS:
        for other in node.comparators:
            for each in other.elts if isinstance(other, ast.Set | ast.Tuple) else [other]:
                yield from _texts(each)


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)
