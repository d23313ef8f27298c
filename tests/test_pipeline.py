"""The one path from picture to particles: what it refuses to begin with, and how true its sizes are."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import cv2
import numpy as np
import pytest

from lycurgus import pipeline
from lycurgus.core.errors import LycurgusError
from lycurgus.core.types import Micrograph
from lycurgus.parameters import default_params
from lycurgus.services.failures import failed
from shapes import disc


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


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize(
    ("diameter_px", "denoise", "least", "most"), [(6, "gaussian", 0.07, 0.12), (8, "none", -0.01, 0.02), (14, "gaussian", 0, 0.02)]
)
def test_the_diameter_of_blurred_discs_is_off_by_no_more_than_is_stated(
    diameter_px: int, denoise: str, least: float, most: float, sign: int
) -> None:
    rng = np.random.default_rng(3)
    cell, fine = max(2 * diameter_px, diameter_px + 8), 8
    picture = np.zeros((8 * cell, 8 * cell), dtype=np.float32)
    for row, column in product(range(8), range(8)):
        centre = fine * (cell / 2 + rng.uniform(-0.5, 0.5, 2)) - 0.5
        drawn = disc((cell * fine, cell * fine), (centre[0], centre[1]), fine * diameter_px).reshape(cell, fine, cell, fine)
        picture[row * cell : (row + 1) * cell, column * cell : (column + 1) * cell] = drawn.mean(axis=(1, 3))
    picture = 100 + 50 * sign * cv2.GaussianBlur(picture, (0, 0), 0.7) + rng.normal(0, 2.5, picture.shape).astype(np.float32)
    params = default_params()
    params = params.model_copy(update={"preprocess": params.preprocess.model_copy(update={"denoise": denoise})})
    result = pipeline.analyze(Micrograph(Path("discs.tif"), picture), params)
    assert result.detection["polarity"] == ("bright" if sign > 0 else "dark")
    assert len(result.counted) == 64
    error = np.mean([particle.measurement.equivalent_diameter_px for particle in result.counted]) / diameter_px - 1
    assert least < error < most
