"""Polarity is seen from the picture, on made and on real micrographs."""

from __future__ import annotations

from dataclasses import astuple

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from data import shared
from lycurgus.core.params import PreprocessParams
from lycurgus.core.polarity import decide_polarity, polarity_evidence, polarity_of_exceptions, tail_polarity
from lycurgus.core.preprocess import preprocess
from lycurgus.core.progress import never, silent
from lycurgus.core.threshold import histogram, otsu
from lycurgus.detectors import Scene
from lycurgus.detectors.otsu import OtsuDetector, OtsuParams
from shapes import disc

Plane = NDArray[np.float32]


def everything(plane: Plane) -> NDArray[np.bool_]:
    return np.ones(plane.shape, dtype=bool)


def seen(pixels: NDArray[np.generic]) -> tuple[str, float]:
    plane = preprocess(pixels, np.ones(pixels.shape, dtype=bool), PreprocessParams())
    hist = histogram(plane, everything(plane))
    assert hist is not None
    threshold = otsu(hist)
    return decide_polarity(plane, plane > threshold, plane < threshold, everything(plane))


@settings(derandomize=True, max_examples=10, deadline=None)
@given(seed=st.integers(0, 999), count=st.integers(3, 40), noise=st.floats(0, 20))
def test_inverting_a_picture_turns_every_piece_of_evidence_round(seed: int, count: int, noise: float) -> None:
    rng = np.random.default_rng(seed)
    truth = np.logical_or.reduce([disc((160, 200), tuple(rng.uniform(0, 160, 2)), rng.uniform(8, 30)) for _ in range(count)])
    plane = (100 + 100 * truth + rng.normal(0, noise, truth.shape)).astype(np.float32)
    bright, dark = plane > 150, plane < 150
    first = polarity_evidence(plane, bright, dark, everything(plane))
    second = polarity_evidence(300 - plane, dark, bright, everything(plane))
    np.testing.assert_allclose(astuple(first), -np.array(astuple(second)), atol=1e-3)
    assert decide_polarity(plane, bright, dark, everything(plane))[0] == "bright"


def detected(side_px: int, diameter_px: int, spacing: float, sign: int, noise: float) -> tuple[str, float]:
    """Polarity of a grid of discs, and its certainty; ``spacing`` is in diameters, at least 3 px between discs."""
    cell_px = min(max(round(diameter_px * spacing), diameter_px + 3), side_px)
    cell = disc((cell_px, cell_px), (cell_px / 2 - 0.3, cell_px / 2 - 0.6), diameter_px)
    repeats = side_px // cell_px
    truth = np.pad(np.tile(cell, (repeats, repeats)), ((0, side_px - repeats * cell_px),) * 2)
    pixels = (128 + sign * 50 * truth + np.random.default_rng(7).normal(0, noise, truth.shape)).astype(np.float32)
    plane = preprocess(pixels, everything(pixels), PreprocessParams())
    scene = Scene(plane, everything(plane), None)
    detection = OtsuDetector().detect(scene, OtsuParams(), device="cpu", progress=silent, cancel=never)
    return detection.polarity, detection.details["polarity_certainty"]


@settings(derandomize=True, max_examples=30, deadline=None)
@given(
    side_px=st.sampled_from([512, 700, 1024, 1500, 2048]),
    diameter_px=st.integers(6, 80),
    spacing=st.floats(1.2, 20),
    sign=st.sampled_from([-1, 1]),
    noise=st.floats(1, 12),
)
def test_polarity_of_separate_discs_is_right_at_every_size(side_px: int, diameter_px: int, spacing: float, sign: int, noise: float) -> None:
    assert detected(side_px, diameter_px, spacing, sign, noise)[0] == ("bright" if sign > 0 else "dark")


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize(("side_px", "diameter_px", "spacing"), [(1024, 6, 2), (2048, 10, 3), (4096, 10, 3), (4096, 40, 2), (4096, 16, 12)])
def test_particles_of_a_large_picture_are_not_lost_when_it_is_judged(side_px: int, diameter_px: int, spacing: float, sign: int) -> None:
    polarity, certainty = detected(side_px, diameter_px, spacing, sign, 5)
    assert polarity == ("bright" if sign > 0 else "dark")
    assert certainty > 0.9


@pytest.mark.parametrize("sign", [-1, 1])
def test_few_particles_on_noise_are_not_outvoted_by_their_own_bright_rims(sign: int) -> None:
    """Out of focus, particles have rims of the other sign; beyond all noise both are exceptions, and none is the background."""
    particles = np.logical_or.reduce(
        [disc((600, 900), (y, x), 60) for y, x in ((0, 90), (0, 300), (200, 150), (300, 0), (420, 560), (599, 800))]
    )
    rims = cv2.dilate(particles.view(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))).astype(bool) & ~particles
    noise = np.random.default_rng(1).normal(0, 130, particles.shape)
    pixels = (1000 + sign * (140 * particles - 90 * rims) + cv2.GaussianBlur(noise, (0, 0), 1)).astype(np.float32)
    scene = Scene(preprocess(pixels, everything(pixels), PreprocessParams()), everything(pixels), None)
    detection = OtsuDetector().detect(scene, OtsuParams(), device="cpu", progress=silent, cancel=never)
    assert detection.polarity == ("bright" if sign > 0 else "dark")
    assert detection.details["polarity_certainty"] > 0.9


def test_where_nothing_exceeds_the_noise_polarity_is_a_toss() -> None:
    nothing = np.zeros((50, 50), dtype=bool)
    assert polarity_of_exceptions(nothing, nothing) == ("bright", 0.5)


@pytest.mark.parametrize("side", [1, 2, 9])
def test_pictures_too_small_to_tell_get_an_answer_without_certainty(side: int) -> None:
    plane = np.zeros((side, side), dtype=np.float32)
    nothing = np.zeros(plane.shape, dtype=bool)
    assert decide_polarity(plane, nothing, nothing, everything(plane)) == ("bright", 0.5)


def test_the_longer_tail_of_values_betrays_particles_on_shading() -> None:
    y, x = np.mgrid[:200, :200]
    particles = np.logical_or.reduce([disc((200, 200), (cy, cx), 14) for cy in range(25, 200, 50) for cx in range(25, 200, 50)])
    for sign, expected in ((1, "bright"), (-1, "dark")):
        plane = (10 * x + 5 * y + sign * 150 * particles).astype(np.float32)
        assert tail_polarity(plane, everything(plane), sigma_px=25) == expected


def test_polarity_agrees_with_hand_drawn_outlines_on_published_micrographs() -> None:
    folder = shared("emps")
    right = total = 0
    for path in sorted((folder / "images").glob("*.png"))[::8]:
        pixels = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        inside = cv2.imread(str(folder / "masks" / path.name), cv2.IMREAD_UNCHANGED) > 0
        near = cv2.dilate(inside.view(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (25, 25))).astype(bool)
        outside = near & ~cv2.dilate(inside.view(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
        if min(np.count_nonzero(inside), np.count_nonzero(outside)) < 50:
            continue
        contrast = (pixels[inside].mean() - pixels[outside].mean()) / np.sqrt((pixels[inside].var() + pixels[outside].var()) / 2)
        if abs(contrast) < 1:
            continue
        total += 1
        right += seen(pixels)[0] == ("bright" if contrast > 0 else "dark")
    assert total > 30
    assert right / total > 0.9
