"""An installation that brings one network, and the place of the user's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lycurgus.inference import catalog
from lycurgus.inference.session import forget_networks
from networks import make_model


@pytest.fixture(autouse=True)
def bundled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installation that brings the network 'particles', and a user who has added none."""
    monkeypatch.setenv("LYCURGUS_HOME", str(tmp_path / "home"))
    make_model(tmp_path / "bundled" / "particles", version="1.0.0")
    monkeypatch.setattr(catalog, "bundled_models", lambda: tmp_path / "bundled")
    yield tmp_path / "bundled"
    forget_networks()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "home" / "data" / "models"
