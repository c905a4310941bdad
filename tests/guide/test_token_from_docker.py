"""Add token auth offers the token that Docker has, and names what it could not read."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cgwizard.guide.guide import Guide
from tests.support.tokens import USERNAME, make_jwt

GOOD = make_jwt(expires=datetime.now(UTC) + timedelta(days=3))
EXPIRED = make_jwt(expires=datetime.now(UTC) - timedelta(days=3))


def _auth(token: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{USERNAME}:{token}".encode()).decode()}


def _docker(home: Path, monkeypatch: pytest.MonkeyPatch, auths: dict[str, object]) -> None:
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    (home / ".docker").mkdir()
    (home / ".docker" / "config.json").write_text(json.dumps({"auths": auths}))


def test_an_expired_token_does_not_hide_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _docker(tmp_path, monkeypatch, {"cgr.dev": _auth(EXPIRED), "https://cgr.dev/v2/": _auth(GOOD)})
    step = Guide().steps.token
    step._find_docker_config()
    assert [action.id for action in step.others()] == ["skip", "docker-config"]
    assert step._found is not None
    assert step._found.token is not None
    assert step._found.token.credentials.password.reveal() == GOOD


def test_an_entry_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _docker(tmp_path, monkeypatch, {"cgr.dev": {"auth": "not base64"}})
    step = Guide().steps.token
    step._find_docker_config()
    assert [action.id for action in step.others()] == ["skip"]
    told = " ".join(step.notes())
    assert "the entry cgr.dev is passed over: its auth is not base64 of USER:PASSWORD" in told
    assert f"config.json in {tmp_path}/.docker" in told
