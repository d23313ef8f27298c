"""Noise and signal-to-noise ratio come out as they were put in."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lycurgus.core.noise import estimate_noise, estimate_snr, is_mostly_noise
from shapes import disc


@settings(derandomize=True, max_examples=15, deadline=None)
@given(sigma=st.floats(0.5, 500), level=st.floats(-1000, 10_000), seed=st.integers(0, 99))
def test_white_noise_is_as_strong_as_it_is(sigma: float, level: float, seed: int) -> None:
    pixels = np.random.default_rng(seed).normal(level, sigma, (256, 256))
    assert estimate_noise(pixels) == pytest.approx(sigma, rel=0.03)


def test_particles_and_shading_hardly_add_to_the_noise() -> None:
    y, x = np.mgrid[:256, :256]
    picture = 10 * y + 0.02 * x**2 + 2000 * disc((256, 256), (120, 130), 90)
    noise = np.random.default_rng(1).normal(0, 50, picture.shape)
    assert estimate_noise(picture + noise) == pytest.approx(50, rel=0.05)


def test_large_pictures_are_judged_by_tiles_with_the_same_result() -> None:
    pixels = np.random.default_rng(2).normal(0, 30, (1600, 1500)).astype(np.float32)
    assert estimate_noise(pixels) == pytest.approx(30, rel=0.03)


def test_only_usable_pixels_count() -> None:
    rng = np.random.default_rng(3)
    pixels = rng.normal(100, 5, (200, 200))
    usable = np.ones(pixels.shape, dtype=bool)
    pixels[:100] = rng.normal(0, 900, (100, 200))
    pixels[150, 150] = np.nan
    usable[:100] = False
    assert estimate_noise(pixels, usable) == pytest.approx(5, rel=0.05)


def test_coarsely_quantised_noise_is_still_seen() -> None:
    pixels = np.random.default_rng(4).normal(100, 0.25, (300, 300)).round().astype(np.uint8)
    assert 0 < estimate_noise(pixels) < 1


def test_without_noise_there_is_none() -> None:
    assert estimate_noise(np.full((50, 50), 9, dtype=np.uint8)) == 0
    assert np.isnan(estimate_noise(np.zeros((2, 9))))


@pytest.mark.parametrize("ratio_db", [-3.0, 0.0, 10.0, 20.0])
def test_the_signal_to_noise_ratio_is_that_of_the_variances(ratio_db: float) -> None:
    particles = np.zeros((512, 512))
    for y in range(64, 512, 128):
        for x in range(64, 512, 128):
            particles[disc(particles.shape, (y, x), 60)] = 1000
    sigma = np.sqrt(particles.var() / 10 ** (ratio_db / 10))
    noisy = particles + np.random.default_rng(5).normal(0, sigma, particles.shape)
    assert estimate_snr(noisy) == pytest.approx(ratio_db, abs=0.5)


def test_the_ends_of_the_scale_of_ratios() -> None:
    noise_free = 500.0 * (np.mgrid[:64, :64][0] > 31)
    assert estimate_snr(noise_free) == np.inf
    assert estimate_snr(np.full((64, 64), 3.0)) == -np.inf
    assert np.isnan(estimate_snr(np.full((64, 64), np.nan)))


def test_noise_is_told_from_grain_and_particles() -> None:
    noise = np.random.default_rng(6).normal(0, 10, (256, 256)).astype(np.float32)
    everything = np.ones(noise.shape, dtype=bool)
    assert is_mostly_noise(cv2.GaussianBlur(noise, (0, 0), 1), everything)
    assert not is_mostly_noise(cv2.GaussianBlur(noise, (0, 0), 6), everything)
    particles = np.zeros(noise.shape, dtype=np.float32)
    for y in range(16, 256, 32):
        for x in range(16, 256, 32):
            particles[disc(noise.shape, (y, x), 24)] = 100
    assert not is_mostly_noise(cv2.GaussianBlur(noise + particles, (0, 0), 1), everything)
