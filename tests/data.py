"""Where real micrographs for tests lie, for developers who have them; every test that uses them skips visibly without."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("LYCURGUS_TEST_DATA", ROOT.parent / "shared" / "data"))


def shared(folder: str) -> Path:
    """Return a folder of real micrographs, or skip the calling test."""
    path = SHARED / folder
    if not path.is_dir():
        pytest.skip(f"no real micrographs at {path}: set LYCURGUS_TEST_DATA")
    return path
