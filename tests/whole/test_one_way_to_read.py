"""Only `cgwizard/text/decode.py` decodes what comes from outside and catches what that raises."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HELPER = "cgwizard/text/decode.py"
# What decoders raise. `except` and `suppress` may not name them elsewhere.
CAUGHT = {
    "ValueError",
    "OverflowError",
    "RecursionError",
    "UnicodeError",
    "UnicodeDecodeError",
    "UnicodeEncodeError",
    "JSONDecodeError",
    "TOMLDecodeError",
    "MsgspecError",
    "DecodeError",
    "ValidationError",
    "binascii.Error",
    "InvalidURL",
    "IDNAError",
}
# Decoders, by the ends of their dotted names.
DECODERS = {
    "msgspec.json.decode",
    "msgspec.json.Decoder",
    "msgspec.toml.decode",
    "msgspec.yaml.decode",
    "msgspec.convert",
    "json.load",
    "json.loads",
    "tomllib.load",
    "tomllib.loads",
    "b64decode",
    "urlsafe_b64decode",
    "fromisoformat",
    "ip_address",
    "ip_network",
    "parsedate_to_datetime",
    "idna.encode",
    "idna.decode",
    "httpx.URL",
    "read_text",
}
# Not about decoding: a stream that is closed or cannot show a letter, a handler outside of the
# main thread, and text of this program's own.
OTHERWISE = {
    ("cgwizard/cli.py", "ValueError"),
    ("cgwizard/commands/pull/output.py", "ValueError"),
    ("cgwizard/frontends/line_output.py", "UnicodeEncodeError"),
    ("cgwizard/frontends/line_output.py", "ValueError"),
    ("cgwizard/frontends/plain.py", "ValueError"),
    ("cgwizard/text/ascii_fallback.py", "UnicodeEncodeError"),
    ("cgwizard/text/ascii_fallback.py", "json.loads"),
    # Keys: a terminal sends a letter in pieces, and the decoder says how much is missing.
    ("screens/parts/terminal/input_decoder.py", "UnicodeDecodeError"),
    ("screens/parts/terminal/input_decoder.py", "bytes.decode"),
    ("screens/parts/terminal/driver.py", "bytes.decode"),
    ("screens/help.py", "file.read_text"),  # of this program
    # httpx raises it for what it was given, and a connection's failures are read in one place.
    ("cgwizard/nexus/transport.py", "httpx.InvalidURL"),
    ("cgwizard/registry/transport.py", "httpx.InvalidURL"),
    # Addresses that were read before.
    ("cgwizard/nexus/connection_errors.py", "httpx.URL"),
    ("cgwizard/nexus/identify.py", "httpx.URL"),
    ("cgwizard/diagnosis/host_view.py", "httpx.URL"),
}


def sources() -> list[str]:
    paths = [path for top in ("cgwizard", "screens") for path in (ROOT / top).rglob("*.py")]
    names = sorted({str(path.relative_to(ROOT)) for path in paths})
    return [n for n in names if not n.startswith(("cgwizard/practice/", "cgwizard/screens/"))]


def dotted(node: ast.expr) -> str:
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return f"{dotted(node.value)}.{node.attr}"
    return ""


def named(node: ast.expr | None) -> Iterator[str]:
    if isinstance(node, ast.Tuple):
        for each in node.elts:
            yield dotted(each)
    elif node is not None:
        yield dotted(node)


def ends(name: str, known: set[str]) -> bool:
    return any(name == each or name.endswith(f".{each}") for each in known)


def breaches(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.ExceptHandler():
                yield from (name for name in named(node.type) if ends(name, CAUGHT))
            case ast.Call(func=function):
                called = dotted(function)
                if called.endswith("suppress"):
                    yield from (n for each in node.args for n in named(each) if ends(n, CAUGHT))
                elif ends(called, DECODERS):
                    yield called
                elif called.endswith(".decode") and not called.startswith("decode."):
                    yield from _strict_text(node, called)


def _strict_text(node: ast.Call, called: str) -> Iterator[str]:
    """``x.decode(...)`` of bytes that may be of others: "replace" takes every byte, and what a
    call gives (``encode(x).decode()``) is of this program's own making."""
    given = [each.value for each in node.args if isinstance(each, ast.Constant)]
    made_here = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call)
    if "replace" not in given and not made_here and not called.endswith("netloc.decode"):
        yield "bytes.decode"


@pytest.mark.parametrize("name", sources())
def test_nothing_else_decodes(name: str) -> None:
    found = set(breaches((ROOT / name).read_text()))
    allowed = {what for where, what in OTHERWISE if where == name}
    if name != HELPER:
        assert sorted(found - allowed) == []


def test_exceptions_of_the_rule_are_needed() -> None:
    for name, what in OTHERWISE:
        assert what in set(breaches((ROOT / name).read_text())), (name, what)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("try: pass\nexcept (OSError, msgspec.DecodeError): pass", ["msgspec.DecodeError"]),
        ("try: pass\nexcept ValueError: pass", ["ValueError"]),
        ("with contextlib.suppress(RecursionError): pass", ["RecursionError"]),
        ("msgspec.json.decode(b'')", ["msgspec.json.decode"]),
        ("path.read_text()", ["path.read_text"]),
        ("data.decode()", ["bytes.decode"]),
        ("data.decode('utf-8', 'replace')", []),
        ("decode.json(data)", []),
    ],
)
def test_the_rule_finds_what_breaks_it(source: str, found: list[str]) -> None:
    assert list(breaches(source)) == found
