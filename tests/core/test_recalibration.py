"""A pixel size that is corrected after the analysis."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hand_work import everything_about
from lycurgus.core import edits
from lycurgus.core.errors import EditError
from lycurgus.core.history import History
from lycurgus.core.recalibration import SET_LATER, recalibrated
from lycurgus.core.types import Micrograph, PixelSize
from lycurgus.parameters import default_params
from lycurgus.pipeline import analyze, without_pixels
from scenes import scene

PICTURE = Micrograph(Path("made.tif"), scene(), warnings=("a warning of the reader",))
SIZE = PixelSize(0.5, 0.5, "user")
RESULT = analyze(PICTURE, default_params(detector="otsu"))
CORRECTED = History.of(RESULT.particles).do(edits.delete(RESULT.particles, [2]))


def test_an_image_without_limits_of_size_in_play_comes_out_as_if_analysed_with_the_new_size() -> None:
    result, history = recalibrated(without_pixels(RESULT), CORRECTED, PICTURE.with_pixel_size(SIZE))
    expected = analyze(PICTURE.with_pixel_size(SIZE), RESULT.params)
    assert everything_about(result.particles) == everything_about(expected.particles)
    assert result.warnings == (*expected.warnings, SET_LATER)
    assert result.micrograph.pixel_size == SIZE
    assert result.micrograph.pixels.size == 0
    assert history.analysed == result.particles
    assert [particle.id for particle in history.particles] == [1, 3, 4, 5]
    assert history.n_edits == 1


def test_there_and_back_again_is_nothing() -> None:
    there, history = recalibrated(RESULT, CORRECTED, PICTURE.with_pixel_size(SIZE))
    back, history = recalibrated(there, history, PICTURE)
    assert everything_about(back.particles) == everything_about(RESULT.particles)
    assert everything_about(history.particles) == everything_about(CORRECTED.particles)
    assert back.warnings == (*RESULT.warnings, SET_LATER)


def test_without_the_picture_nothing_is_measured() -> None:
    with pytest.raises(EditError, match="not loaded"):
        recalibrated(RESULT, CORRECTED, Micrograph(Path("made.tif"), np.zeros((0, 0))))
