"""Which real programs a test needs, and what happens if one is missing."""

from __future__ import annotations

import os
import shutil

import pytest


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skip with the reason where a program is missing; in CI, which installs them, run and fail."""
    missing = [name for name in programs if not shutil.which(name)]
    reason = f"not installed: {', '.join(missing)} (see .ci/run for the Debian packages)"
    return pytest.mark.skipif(bool(missing) and not os.environ.get("CI"), reason=reason)
