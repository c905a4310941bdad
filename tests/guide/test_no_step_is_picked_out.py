"""A step owns its life: nothing outside the guide asks which step it has before it.

Only a step's own screen knows its step. Others ask every step the same (`guide.step.Step`), so
that a new step needs no change there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from cgwizard.guide.guide import Guide, Steps

ROOT = Path(__file__).parents[2]
IDS = frozenset(Steps._fields)
CLASSES = frozenset(type(step).__name__ for step in Guide().steps)


def breaches(path: Path, text: str) -> list[str]:
    """What picks out one step, as ``line: why``."""
    nodes = ast.walk(ast.parse(text))
    return [
        f"{getattr(node, 'lineno', 0)}: {why}" for node in nodes for why in _wrong(path.stem, node)
    ]


def _wrong(own: str, node: ast.AST) -> Iterator[str]:
    """``own``: the step whose screen this is, if it is one."""
    match node:
        case ast.Attribute(value=part, attr=name) if _is_steps(part) and name in IDS:
            yield f"takes the step {name}"
        case ast.Subscript(value=part, slice=place) if _is_steps(part) and _is_place(place):
            yield "takes a step by its place"
        case ast.Call(func=ast.Name(id="getattr"), args=[part, *_]) if _is_steps(part):
            yield "takes a step by its name"
        case ast.Call(func=ast.Name(id="isinstance"), args=[_, kind]):
            yield from (f"asks for a {name}" for name in sorted(_names(kind) & CLASSES))
        case ast.MatchClass(cls=kind):
            yield from (f"asks for a {name}" for name in sorted(_names(kind) & CLASSES))
        case ast.Compare(left=left, comparators=others):
            sides = [left, *others]
            if any(_is_step_id(side) for side in sides) and any(_holds_an_id(s) for s in sides):
                yield "compares with the id of a step"
        case ast.ImportFrom(module=str(module)) if module.startswith("cgwizard.guide"):
            step = module.removeprefix("cgwizard.guide").removeprefix(".")
            found = {step} if step else {alias.name for alias in node.names}
            yield from (f"knows the step {name}" for name in sorted((found & IDS) - {own}))


def _is_steps(node: ast.AST) -> bool:
    return (isinstance(node, ast.Attribute) and node.attr == "steps") or (
        isinstance(node, ast.Name) and node.id == "steps"
    )


def _is_place(node: ast.AST) -> bool:
    return isinstance(node, ast.Slice) or any(
        isinstance(part, ast.Constant) and isinstance(part.value, int) for part in ast.walk(node)
    )


def _is_step_id(node: ast.AST) -> bool:
    return (isinstance(node, ast.Attribute) and node.attr in {"id", "step"}) or (
        isinstance(node, ast.Name) and node.id == "step"
    )


def _holds_an_id(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Constant) and part.value in IDS for part in ast.walk(node))


def _names(node: ast.AST) -> set[str]:
    parts = list(ast.walk(node))
    names = {part.id for part in parts if isinstance(part, ast.Name)}
    return names | {part.attr for part in parts if isinstance(part, ast.Attribute)}


def sources() -> list[Path]:
    """All of the program but the guide; screens and assets are links in the package."""
    folders = [
        folder
        for folder in (ROOT / "cgwizard").iterdir()
        if folder.is_dir() and not folder.is_symlink() and folder.name != "guide"
    ]
    inner = [path for folder in (*folders, ROOT / "screens") for path in folder.rglob("*.py")]
    return sorted([*(ROOT / "cgwizard").glob("*.py"), *inner])


def test_nothing_picks_out_one_step() -> None:
    found = [f"{path}:{told}" for path in sources() for told in breaches(path, path.read_text())]
    assert found == []
    assert len(sources()) > 100


@pytest.mark.parametrize(
    "text",
    [
        "session.steps.connect.enter()",
        "self.session.steps[0].title",
        "steps = session.steps\nsteps.token",
        "session.steps[:-1]",
        "getattr(session.steps, name)",
        "if step is session.steps.finish: pass",
        "if step.id == 'finish': pass",
        "if event.step in ('token', 'pull'): pass",
        "isinstance(step, PullStep)",
        "isinstance(step, (int, pull.PullStep))",
        "match step:\n    case TokenStep(): pass",
        "from cgwizard.guide.token import HOST",
        "from cgwizard.guide import connect",
    ],
)
def test_each_way_is_seen(text: str) -> None:
    assert breaches(Path("app.py"), text)


def test_the_screen_of_a_step_knows_it() -> None:
    text = "from cgwizard.guide.pull import PullStep"
    assert breaches(Path("screens/pull.py"), text) == []
    assert breaches(Path("screens/token.py"), text) == ["1: knows the step pull"]
