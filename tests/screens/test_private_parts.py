"""One module touches private parts of Textual and rich; the other modules of the screens do not."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import linecache
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import cgwizard.app

PACKAGE = Path(cgwizard.app.__file__).parent
INTERNALS = "screens.parts.terminal.textual_internals"
FOREIGN = ("textual", "rich")
NAMES = sorted(
    name
    for path in [*(PACKAGE / "screens").rglob("*.py"), PACKAGE / "app.py"]
    if (name := ".".join(path.relative_to(PACKAGE).with_suffix("").parts)) != INTERNALS
)


def private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def foreign(name: str) -> bool:
    return name.partition(".")[0] in FOREIGN


def own_private_names(kind: type) -> tuple[set[str], set[str]]:
    """The private names of a class that the program and that Textual gave it."""
    names: tuple[set[str], set[str]] = set(), set()
    for base in kind.__mro__:
        if base.__module__ == "builtins":
            continue
        found = names[foreign(base.__module__)]
        found |= {name for name in vars(base) if private(name)}
        found |= set(re.findall(r"\bself\.(_[a-z]\w*)", inspect.getsource(base)))
    return names


def breaches(module: ModuleType, source: str) -> Iterator[str]:
    """Each use of a private part of Textual or rich, with its line."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                imported = [alias.name for alias in node.names]
            case ast.ImportFrom():
                imported = [f"{node.module}.{alias.name}" for alias in node.names]
            case _:
                continue
        for name in imported:
            if foreign(name) and any(map(private, name.split("."))):
                yield f"{node.lineno}: import of {name}"
    yield from _in_body(module, tree.body, None)


def _in_body(scope: object, body: list[ast.stmt], kind: type | None) -> Iterator[str]:
    """In the statements of a module or, with ``kind``, of a class."""
    own, textuals = own_private_names(kind) if kind else (set[str](), set[str]())
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            inner = getattr(scope, statement.name)
            yield from _in_body(inner, statement.body, inner)
            continue
        if isinstance(
            statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.AnnAssign | ast.Assign
        ):
            for name in _defined(statement):
                if name in textuals:
                    yield f"{statement.lineno}: definition of {name}"
        for node in ast.walk(statement):
            if not (isinstance(node, ast.Attribute) and private(node.attr)):
                continue
            of_self = isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}
            if not of_self or node.attr in textuals or node.attr not in own:
                yield f"{node.lineno}: {ast.unparse(node)}"


def _defined(statement: ast.stmt) -> list[str]:
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return [statement.name]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case ast.Assign():
            return [target.id for target in statement.targets if isinstance(target, ast.Name)]
    return []


@pytest.mark.parametrize("name", NAMES)
def test_no_module_touches_private_parts_of_textual(name: str) -> None:
    module = importlib.import_module(f"cgwizard.{name}".removesuffix(".__init__"))
    assert list(breaches(module, Path(str(module.__file__)).read_text())) == []


SAMPLE = """
from textual.app import App
{imports}

class Sample(App[int]):
    _mine = 1
    {inside}

    def method(self, widget):
        return {value}
"""


@pytest.mark.parametrize(
    ("imports", "inside", "value"),
    [
        ("from textual._compositor import ChopsUpdate", "", "0"),
        ("import textual._compositor", "", "0"),
        ("from textual.app import _NullFile", "", "0"),
        ("from rich.console import _COLOR_SYSTEMS_NAMES", "", "0"),
        ("", "_driver = None", "0"),
        ("", "_filters: int = 0", "0"),
        ("", "def _display(self, *_): pass", "0"),
        ("", "async def _on_key(self, event): pass", "0"),
        ("", "", "self._driver"),
        ("", "", "self._exception_event.set()"),
        ("", "", "self.screen._compositor"),
        ("", "", "widget._bindings"),
        ("", "", "super()._display(None, None)"),
    ],
)
def test_a_breach_is_found(tmp_path: Path, imports: str, inside: str, value: str) -> None:
    found = breaches_of_sample(tmp_path, imports, inside or "pass", value)
    assert len(found) == 1, found


def test_private_names_of_ours_are_no_breach(tmp_path: Path) -> None:
    assert breaches_of_sample(tmp_path, "", "pass", "self._mine") == []


def breaches_of_sample(folder: Path, imports: str, inside: str, value: str) -> list[str]:
    file = folder / "sample.py"
    file.write_text(SAMPLE.format(imports=imports, inside=inside, value=value))
    spec = importlib.util.spec_from_file_location("sample", file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["sample"] = module  # `inspect` reads the source of classes by it
    try:
        spec.loader.exec_module(module)
        return list(breaches(module, file.read_text()))
    finally:
        del sys.modules["sample"]
        linecache.clearcache()
