"""Particles survive being written down."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hand_work import canvas, everything_about, particles_on
from lycurgus.core.particle_data import mask_from, mask_text, number_data, number_from, particle_data, particle_from
from lycurgus.core.types import PixelSize

few = settings(max_examples=40, derandomize=True, deadline=None)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 9), st.floats(0, 1))
@few
def test_any_mask_comes_back(height: int, width: int, seed: int, share: float) -> None:
    mask = np.random.default_rng(seed).random((height, width)) < share
    again = mask_from(mask_text(mask), mask.shape)
    assert again.dtype == np.bool_
    assert again.flags.c_contiguous
    assert np.array_equal(again, mask)


@given(st.floats() | st.none())
@few
def test_any_number_comes_back_through_strict_json(value: float | None) -> None:
    text = json.dumps(number_data(value), allow_nan=False)
    assert repr(number_from(json.loads(text))) == repr(value)


@pytest.mark.parametrize("size", [None, PixelSize(0.3, 0.4, "user")])
def test_particles_come_back_through_strict_json(size: PixelSize | None) -> None:
    particles = particles_on(canvas(size))
    again = [particle_from(json.loads(json.dumps(particle_data(particle), allow_nan=False))) for particle in particles]
    assert everything_about(again) == everything_about(particles)


@pytest.mark.parametrize("shape", [(30, 30), (3, 3), (1, 8)])
def test_runs_of_another_shape_are_refused(shape: tuple[int, int]) -> None:
    text = mask_text(np.ones((4, 5), dtype=np.bool_))
    with pytest.raises(ValueError, match="mask"):
        mask_from(text, shape)
    with pytest.raises(ValueError, match="mask"):
        mask_from("", shape)
