"""What the one path from picture to particles refuses to begin with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lycurgus import pipeline
from lycurgus.core.errors import LycurgusError
from lycurgus.core.types import Micrograph
from lycurgus.services.analysis import failed


def test_an_image_of_too_many_pixels_is_refused_before_a_plane_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def must_not_begin(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(pipeline, "find_annotations", must_not_begin)
    pixels = np.broadcast_to(np.uint8(7), (20_000, 21_000))
    with pytest.raises(LycurgusError) as refusal:
        pipeline.analyze(Micrograph(Path("folder/mosaic.tif"), pixels))
    reason = "the image has 21,000 × 20,000 px, at most 16,384 × 16,384 px (268 million) can be analysed at once: crop or bin it"
    assert str(refusal.value) == f"mosaic.tif: {reason}"
    assert failed(Path("folder/mosaic.tif"), refusal.value).reason == reason


def test_a_narrow_image_of_as_many_pixels_as_can_be_analysed_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    class BegunError(Exception):
        pass

    def begins(*_: object) -> None:
        raise BegunError

    monkeypatch.setattr(pipeline, "find_annotations", begins)
    pixels = np.broadcast_to(np.uint8(7), (8_192, 32_768))
    with pytest.raises(BegunError):
        pipeline.analyze(Micrograph(Path("strip.tif"), pixels))
