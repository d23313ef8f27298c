"""What holds for every test."""

from __future__ import annotations

import pytest

from lycurgus import parameters


@pytest.fixture(autouse=True)
def classical_default(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Analyse by Otsu's threshold where a test names no detector: what it tests is something else, and a threshold is fast and exact.

    Tests of the default itself, the shipped network, are marked ``shipped_default``.
    """
    if request.node.get_closest_marker("shipped_default") is None:
        monkeypatch.setattr(parameters, "WANTED_DETECTOR", parameters.FALLBACK_DETECTOR)
