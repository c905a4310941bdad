"""The wizard's own files are whole or not there, and closed to others."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from cgwizard.errors import Code
from cgwizard.system import files


@pytest.mark.parametrize("data", [b"", b"x" * 100_000])
def test_a_file_is_replaced_and_closed_to_others(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "new" / "run.json"
    files.write_whole(path, b"before")
    files.write_whole(path, data)
    assert path.read_bytes() == data
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [p.name for p in path.parent.iterdir()] == ["run.json"], "no draft is left"


def test_what_was_there_stays_when_it_cannot_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.mkdir()
    (path / "kept").write_text("before")
    with pytest.raises(OSError, match=r"run\.json"):
        files.write_whole(path, b"after")
    assert (path / "kept").read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["run.json"], "no draft is left"


def test_removing_says_whether_there_was_one(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.touch()
    assert files.remove(path)
    assert not files.remove(path)


def test_an_error_names_the_file_and_the_command(tmp_path: Path) -> None:
    error = OSError(28, "No space left on device")
    written = files.unwritable(Code.RUN_NOT_SAVED, "how far this run is", tmp_path, error).problem
    assert (written.code, written.came_back) == ("run-not-saved", "No space left on device")
    assert str(tmp_path) in written.tried
    removed = files.not_removed(tmp_path, error).problem
    assert removed.code == "not-forgotten"
    assert f"rm {tmp_path}" in removed.next_step
