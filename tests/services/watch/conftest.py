"""Watches that look and try again without delay."""

from __future__ import annotations

import pytest

from lycurgus.services import lookout as lookout_module
from lycurgus.services import watch as watch_module


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look and try again without delay: what is tested is what happens, not when."""
    monkeypatch.setattr(watch_module, "POLL_S", 0.01)
    monkeypatch.setattr(watch_module, "_TICK_S", 0.005)
    monkeypatch.setattr(watch_module, "_OUTPUT_RETRY_S", 0.05)
    monkeypatch.setattr(lookout_module, "DELAYS_S", (0.01,) * 4)
