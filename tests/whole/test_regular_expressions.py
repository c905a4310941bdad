"""Every regular expression takes a time that grows with the text, and not with its square.

The expressions are those that stand in the sources. Each is timed over texts of its own words: what
a part of it matches, repeated to 64 KiB, with a beginning that fits and an end that does not.
"""

from __future__ import annotations

import ast
import importlib
import math
import re
import re._parser as sre  # type: ignore[import-not-found]
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cgwizard.engines import errors
from cgwizard.nexus import sentences

ROOT = Path(__file__).parents[2]
LONG = 64 << 10  # characters
# Step by step, since an expression may take for ever; the longest only where the time grew by more
# than the text before, or would be too much even so.
SIZES = (12, 24, 256, 1 << 10, 4 << 10, LONG)
LOOK_CLOSER = 0.0005  # seconds; less than that may be chance
CEILING = 0.3  # seconds of machine time
SENTENCES = "cgwizard/nexus/sentences.py"  # makes its expressions by a function
ENGINES = "cgwizard/engines/errors.py"  # has them in a table
METHODS = {"match", "fullmatch", "search", "sub", "split", "finditer", "findall"}


class Expression(NamedTuple):
    where: str
    pattern: str | bytes
    flags: int
    methods: tuple[str, ...]  # with which it is used


def modules() -> Iterator[tuple[str, ast.Module]]:
    for top in ("cgwizard", "screens"):
        for path in sorted((ROOT / top).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            if (
                not name.startswith(("cgwizard/screens/", "cgwizard/practice/"))
                and path.name != "__main__.py"
            ):
                yield name, ast.parse(path.read_text())


def expressions() -> Iterator[Expression]:
    for where, tree in modules():
        name = where.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        known = vars(importlib.import_module(f"cgwizard.{name}" if name[0] == "s" else name))
        names = {
            id(node.value): ast.unparse(node.targets[0])
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
        }
        used: dict[str, set[str]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in METHODS:
                used.setdefault(ast.unparse(node.value), set()).add(node.attr)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                place = f"{where}:{node.lineno}"
                owner, _, method = called.rpartition(".")
                if called == "re.compile" and where != SENTENCES:
                    pattern = evaluated(node, known)
                    methods = used.get(names.get(id(node), ""), {"search"})
                    yield Expression(place, pattern.pattern, pattern.flags, tuple(sorted(methods)))
                elif owner == "re" and method in METHODS and where != ENGINES:
                    yield Expression(place, evaluated(node.args[0], known), 0, (method,))
                for keyword in node.keywords:
                    if keyword.arg == "pattern":
                        yield Expression(place, evaluated(keyword.value, known), 0, ("search",))

    for sign in {sign: None for row in errors._ROWS for sign in row.signs}:
        yield Expression(f"{ENGINES} {sign[:20]}", sign, 0, ("search",))
    yield Expression(ENGINES, r"docker-credential-[\w-]+", 0, ("search",))
    for value in (sentences.SENTENCES, sentences._REASONS):
        for each in value:
            pattern = each[0]
            yield Expression(SENTENCES, pattern.pattern, pattern.flags, ("search",))


def evaluated(node: ast.expr, known: dict[str, object]) -> Any:
    """A constant of our sources, or an f-string of constants. An expression that is chosen at run
    time is no constant: compile it where it stands."""
    return eval(ast.unparse(node), {}, known)


EXPRESSIONS = list(dict.fromkeys(expressions()))


# --- the words of an expression ---


def sample(nodes: Any) -> str:
    """A text that ``nodes`` match, more or less: look-arounds are left out."""
    return "".join(_one(op, argument) for op, argument in nodes)


def _one(op: Any, argument: Any) -> str:
    match str(op):
        case "LITERAL":
            return chr(argument)
        case "NOT_LITERAL":
            return "x" if argument != ord("x") else "y"
        case "ANY":
            return "x"
        case "IN":
            return _of_class(argument)
        case "BRANCH":
            return sample(argument[1][0])
        case "SUBPATTERN":
            return sample(argument[3])
        case "ATOMIC_GROUP":
            return sample(argument)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            least, most, inner = argument
            return sample(inner) * max(int(least), min(int(most), 1))
    return ""


def _of_class(members: Any) -> str:
    if members and str(members[0][0]) == "NEGATE":
        taken = re.compile(f"[{''.join(re.escape(c) for c in _listed(members[1:]))}]")
        return next(c for c in "x a\"'<-/" if not taken.match(c))
    return next(iter(_listed(members)), "x")


def _listed(members: Any) -> Iterator[str]:
    for op, argument in members:
        match str(op):
            case "LITERAL":
                yield chr(argument)
            case "RANGE":
                yield chr(argument[0])
            case "CATEGORY":
                yield {"CATEGORY_SPACE": " ", "CATEGORY_DIGIT": "1"}.get(str(argument), "w")


def sequences(nodes: Any) -> Iterator[list[Any]]:
    """``nodes`` and every sequence inside them."""
    yield list(nodes)
    for op, argument in nodes:
        inner: list[Any] = []
        match str(op):
            case "BRANCH":
                inner = argument[1]
            case "SUBPATTERN":
                inner = [argument[3]]
            case "ATOMIC_GROUP":
                inner = [argument]
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                inner = [argument[2]]
            case "ASSERT" | "ASSERT_NOT":
                inner = [argument[1]]
            case "IN":
                for member in argument[:12]:
                    if str(member[0]) in {"LITERAL", "RANGE", "CATEGORY"}:
                        yield [(op, [member])]
        for each in inner:
            yield from sequences(each)


def texts(expression: Expression) -> Iterator[tuple[str, str, str]]:
    """A beginning, a word that is repeated, and an end."""
    whole = sre.parse(expression.pattern, expression.flags)
    words: dict[str, None] = {}
    begins: dict[str, None] = {}
    for sequence in sequences(whole):
        for start in range(len(sequence)):
            for length in (1, 2, 3, len(sequence)):
                words[sample(sequence[start : start + length])] = None
        for length in range(1, len(sequence) + 1):
            words[sample(sequence[:length])] = None
            begins[sample(sequence[:length])] = None
    repeated = [word for word in words if word]
    yield from (("", word, end) for word in repeated[:40] for end in ("", "\n", "\0"))
    short = [word for word in repeated if len(word) < 30][:20]
    yield from ((begin, word, "\0") for begin in list(begins)[:12] for word in short)


def seconds(expression: Expression, text: str) -> float:
    pattern = re.compile(expression.pattern, expression.flags)
    given: Any = text.encode("latin-1", "replace") if isinstance(pattern.pattern, bytes) else text
    work: dict[str, Callable[[], object]] = {
        "match": lambda: pattern.match(given),
        "fullmatch": lambda: pattern.fullmatch(given),
        "search": lambda: pattern.search(given),
        "split": lambda: pattern.split(given),
        "sub": lambda: pattern.sub(given[:0], given),
        "finditer": lambda: list(pattern.finditer(given)),
        "findall": lambda: pattern.findall(given),
    }
    began = time.process_time()
    for method in expression.methods:
        work[method]()
    return time.process_time() - began


def slowest(expression: Expression) -> tuple[float, str]:
    """The longest time, and the beginning of that text."""
    worst = (0.0, "")
    for begin, word, end in texts(expression):
        before = took = 0.0
        for size in SIZES:
            if size == LONG and not (took > LOOK_CLOSER and took > min(8 * before, CEILING / 16)):
                break
            text = begin + (word * (size // len(word) + 1))[:size] + end
            before, took = took, seconds(expression, text)
            if took > CEILING / 4 and size < 100:
                took = math.inf  # it doubles with each character: longer texts take for ever
            if took > CEILING:
                return took, f"{text[:60]}…{text[-20:]}"
        worst = max(worst, (took, f"{word[:60]}…{end}"))
    return worst


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=[each.where for each in EXPRESSIONS])
def test_time_grows_with_the_text(expression: Expression) -> None:
    took, text = slowest(expression)
    assert took <= CEILING, f"{took:.1f} s for {text!r}"


@pytest.mark.parametrize(
    "pattern",
    [
        r"eyJ[\w-]{5,}\.",
        r"<title[^>]*>",
        r"(a+)+b",
        r"\\+/",
    ],
)
def test_a_slow_one_is_found(pattern: str) -> None:
    assert slowest(Expression("", pattern, 0, ("sub",)))[0] > CEILING
