"""Networks that tests of the detector use."""

from __future__ import annotations

from pathlib import Path

import pytest

from networks import make_model


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's model folder, with two networks that find bright blobs of 24 px."""
    monkeypatch.setenv("LYCURGUS_HOME", str(tmp_path))
    folder = tmp_path / "data" / "models"
    make_model(folder / "blobs")
    make_model(folder / "stars", head="star-convex", decoder="star-convex")
    return folder
