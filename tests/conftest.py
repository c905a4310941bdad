"""What every test gets: its own folders, and the watch for secrets that leak."""

from __future__ import annotations

import base64
import logging
import os
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import keyring.core
import pytest
from hypothesis import HealthCheck, settings

from cgwizard.practice.faults.middleware import FaultMiddleware
from cgwizard.practice.world import PracticeWorld
from cgwizard.secrets import keyring as keyrings
from cgwizard.secrets import secret as secrets
from cgwizard.secrets import systemd_creds
from tests.support import network_namespace
from tests.support.practice_world import ADMIN_PASSWORD, practice_world

# A busy machine is no reason to fail.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")

# The canary: the practice Nexus's password is typed, sent and kept all through the tests, and
# may be found in nothing that was written.
CANARY = ADMIN_PASSWORD
FORMS = {
    CANARY.encode(),
    base64.b64encode(CANARY.encode()),
    base64.b64encode(f"admin:{CANARY}".encode()),
    urllib.parse.quote(CANARY, safe="").replace("-", "%2D").encode(),
}


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    found = network_namespace.workers()
    if not found:
        config.option.dist = "no"
    return found


def pytest_configure(config: pytest.Config) -> None:
    # The user's own keyring is no test's, and the keyrings that tests define are not found
    # by those of others: the library takes each class there is for one that could be used.
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    if hasattr(config, "workerinput"):
        network_namespace.enter()


def leaks(data: bytes) -> bool:
    """Whether the canary is in ``data``, in clear or in a form in which it travels."""
    return any(form in data for form in FORMS)


@pytest.fixture(autouse=True)
def own_folders(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> Iterator[Path]:
    """No test sees the user's own settings; afterwards nothing that was written there, and
    nothing that was logged, holds the canary."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    for name in ("STATE", "CONFIG", "CACHE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    # Whether this machine has a key for systemd-creds must not change what the guide offers.
    monkeypatch.setenv("SYSTEMD_CREDENTIAL_SECRET", str(home / "no-key"))
    # What is found out once a process must not come from another test.
    monkeypatch.setattr(keyrings, "_probed", None)
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)
    monkeypatch.setattr(systemd_creds, "_refusal", [])
    # A short secret of another test, not collected yet, would be taken out of what is printed here.
    for secret in secrets.living():
        if len(secret.reveal()) < 8:
            secrets._alive.pop(id(secret), None)
    proxies = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
    authorities = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
    for name in (*proxies, *authorities, "DOCKER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    caplog.set_level(logging.DEBUG)
    yield home
    for path in home.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert not leaks(path.read_bytes()), f"a secret was written to {path}"
    logged = "\n".join(record.getMessage() for record in caplog.get_records("call"))
    assert not leaks(logged.encode()), "a secret was logged"


@pytest.fixture
def middleware() -> FaultMiddleware:
    """Stands before the Nexus of `world`; a test gives it the faults that are to happen."""
    return FaultMiddleware()


@pytest.fixture
def world(middleware: FaultMiddleware) -> Iterator[PracticeWorld]:
    """A practice Nexus and cgr.dev at full speed."""
    with practice_world(middleware=middleware) as practice:
        yield practice
