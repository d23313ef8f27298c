"""What no look is sure of is there where its mean is not that of the background, by many times what that varies."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from detecting import detect, found
from lycurgus.core.types import Mask
from lycurgus.detectors.decoding import Candidate
from lycurgus.detectors.decoding.candidates import crop
from lycurgus.detectors.faint import clearly_there
from lycurgus.inference.catalog import has_default
from shapes import disc

SHAPE = (220, 260)
EVERYWHERE = np.ones(SHAPE, dtype=np.bool_)
SPOTS = [disc(SHAPE, (y, x), 12) for y in (50, 110, 170) for x in (50, 130, 210)]
AREA_PX = np.count_nonzero(SPOTS[0])
NOISE = 20.0


def candidates(spots: list[Mask] = SPOTS) -> list[Candidate]:
    cropped = [crop(spot, 0, 0) for spot in spots]
    return [Candidate(*one, 0.68, AREA_PX) for one in cropped if one is not None]


def grain(sigma_px: float, seed: int = 0) -> NDArray[np.float64]:
    """Noise of that correlation, of standard deviation 1."""
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(0, 1, SHAPE), sigma_px)
    return np.asarray(noise / noise.std())


@pytest.mark.parametrize(("deviations", "expected"), [(14, 9), (-14, 9), (4, 0), (-4, 0), (0, 0)])
def test_a_mean_tells_of_particles_that_drown_in_noise(deviations: float, expected: int) -> None:
    """14 deviations of the mean of an area of 113 px are 1.3 of a pixel's."""
    contrast = deviations * NOISE / np.sqrt(AREA_PX)
    plane = 100 + NOISE * grain(0) + contrast * np.logical_or.reduce(SPOTS)
    assert len(clearly_there(candidates(), plane.astype(np.float32), EVERYWHERE)) == expected


def test_grain_as_wide_as_particles_is_no_particle() -> None:
    """As bright as what is found in fine noise, it is what the rest of the picture shows, too."""
    plane = 100 + NOISE * grain(4.0)
    inner = np.s_[60:160, 60:200]
    y, x = np.unravel_index(np.argmax(ndimage.uniform_filter(plane, 11)[inner]), (100, 140))
    brightest = disc(SHAPE, (int(y) + 60, int(x) + 60), 12)
    assert plane[brightest].mean() > 100 + NOISE
    assert clearly_there(candidates([brightest]), plane.astype(np.float32), EVERYWHERE) == []


def test_what_has_too_little_background_around_it_is_not_known() -> None:
    plane = (100 + NOISE * grain(0) + 40 * np.logical_or.reduce(SPOTS)).astype(np.float32)
    known = np.zeros(SHAPE, dtype=np.bool_)
    known[20:90] = True
    # One row of spots has background around it, as far as it is known.
    assert len(clearly_there(candidates(), plane, known)) == 3
    known[:, ::3] = False
    assert clearly_there(candidates(), plane, known) == []
    assert clearly_there([], plane, EVERYWHERE) == []


def test_what_is_burnt_in_is_no_particle() -> None:
    plane = (100 + NOISE * grain(0) + 155 * SPOTS[0] + 40 * np.logical_or.reduce(SPOTS[1:])).astype(np.float32)
    assert len(clearly_there(candidates(), plane, ~SPOTS[0])) == 8


def test_one_place_that_varies_much_does_not_hide_the_others() -> None:
    plane = 100 + NOISE * grain(0) + 40 * np.logical_or.reduce(SPOTS)
    plane[:, 235:] += 150
    at_the_edge = disc(SHAPE, (140, 222), 12)
    specks = [candidates([disc(SHAPE, (y, x), 3)])[0] for y in range(20, 210, 20) for x in (20, 90, 170)]
    small = [Candidate(one.bbox, one.mask, one.score, int(np.count_nonzero(one.mask))) for one in specks]
    there = clearly_there([*candidates([*SPOTS[:2], *SPOTS[3:5], at_the_edge]), *small], plane.astype(np.float32), EVERYWHERE)
    assert len([one for one in there if one.area_px == AREA_PX]) == 4
    assert len(there) == 4


@pytest.mark.parametrize(("contrast", "expected"), [(100, 9), (1, 0), (0, 0)])
def test_without_noise_what_is_visible_is_there(contrast: float, expected: int) -> None:
    plane = np.where(np.logical_or.reduce(SPOTS), contrast, 0).astype(np.float32)
    plane[:4] = 200
    assert len(clearly_there(candidates(), plane, EVERYWHERE)) == expected


def rods(seed: int, *, contrast: float) -> NDArray[np.float64]:
    """Nine rods of 22 x 5 px, in noise that is half as strong as the brightest of them here."""
    rng = np.random.default_rng(seed)
    picture = np.full((384, 384), 80.0)
    ys, xs = np.mgrid[:384, :384]
    for y in (70, 190, 310):
        for x in (70, 190, 310):
            angle = rng.uniform(0, np.pi)
            along = (ys - y) * np.sin(angle) + (xs - x) * np.cos(angle)
            across = (xs - x) * np.sin(angle) - (ys - y) * np.cos(angle)
            picture += contrast * ((np.abs(along) <= 11) & (np.abs(across) <= 2.5))
    return np.clip(picture + rng.normal(0, 26, picture.shape), 0, 255)


@pytest.mark.shipped_default
@pytest.mark.skipif(not has_default(), reason="no network comes with this checkout")
def test_thin_rods_in_noise_are_found_and_the_doubt_is_told() -> None:
    detection = detect(rods(1, contrast=60), model="default")
    assert 7 <= len(found(detection)) <= 10
    assert detection.details["score_threshold"] < 0.75
    assert any("sure of no particle" in warning for warning in detection.warnings)
    assert len(found(detect(rods(1, contrast=60), model="default", score=0.75))) == 0


@pytest.mark.shipped_default
@pytest.mark.skipif(not has_default(), reason="no network comes with this checkout")
@pytest.mark.parametrize("seed", range(3))
def test_in_noise_alone_nothing_is_found(seed: int) -> None:
    detection = detect(rods(seed, contrast=0), model="default")
    assert not found(detection)
    assert not any("sure of no particle" in warning for warning in detection.warnings)
