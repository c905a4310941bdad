"""Platforms: names, and which one runs where."""

from __future__ import annotations

import pytest

from cgwizard.registry.platforms import Platform, fit
from cgwizard.text.decode import Unreadable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("linux/amd64", "linux/amd64"),
        ("amd64", "linux/amd64"),
        ("linux/x86_64", "linux/amd64"),
        ("linux/aarch64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("Linux/ARM", "linux/arm/v7"),
        ("linux/armhf", "linux/arm/v7"),
        ("linux/arm/v6", "linux/arm/v6"),
        ("linux/arm/6", "linux/arm/v6"),
        ("windows/amd64", "windows/amd64"),
    ],
)
def test_names(text: str, expected: str) -> None:
    assert str(Platform.parse(text)) == expected


@pytest.mark.parametrize("text", ["", "/", "linux/", "a/b/c/d", "/amd64"])
def test_no_platform(text: str) -> None:
    with pytest.raises(Unreadable, match="platform"):
        Platform.parse(text)


@pytest.mark.parametrize(
    ("offered", "wanted", "expected"),
    [
        ("linux/amd64", "linux/amd64", 0),
        ("linux/amd64", "linux/amd64/v3", 2),
        ("linux/amd64/v2", "linux/amd64/v3", 1),
        ("linux/amd64/v3", "linux/amd64", None),
        ("linux/arm/v6", "linux/arm/v7", 1),
        ("linux/arm/v7", "linux/arm/v6", None),
        ("linux/arm64/v8", "linux/arm64", 0),
        ("linux/arm64", "linux/arm64/v9", 1),
        ("linux/arm64/v9", "linux/arm64", None),
        ("linux/arm/v7", "linux/arm64", None),
        ("windows/amd64", "linux/amd64", None),
        ("linux/riscv64", "linux/riscv64", 0),
        ("linux/ppc64le/odd", "linux/ppc64le", None),
    ],
)
def test_fit(offered: str, wanted: str, expected: int | None) -> None:
    assert fit(Platform.parse(offered), Platform.parse(wanted)) == expected


def test_this_machine_runs_linux_images() -> None:
    here = Platform.here()
    assert here.os == "linux"
    assert here.architecture not in {"x86_64", "aarch64"}
