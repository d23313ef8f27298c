"""The networks that come with Lycurgus: whole, the default, and blind to how a picture is cut."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from lycurgus import analyze
from lycurgus.core.metrics import match
from lycurgus.core.preprocess import preprocess
from lycurgus.core.progress import never, silent
from lycurgus.core.tiling import Layout
from lycurgus.core.types import BBox, Instance, Micrograph
from lycurgus.detectors import Scene, looks
from lycurgus.detectors.network import NetworkDetector, NetworkParams
from lycurgus.inference.catalog import has_default, usable
from lycurgus.inference.golden import check_golden
from lycurgus.parameters import WANTED_DETECTOR, default_params, with_settings
from lycurgus.readers.door import read
from lycurgus.resources import sample_micrographs

pytestmark = [pytest.mark.shipped_default, pytest.mark.skipif(not has_default(), reason="no network comes with this checkout")]


def test_every_bundled_network_gives_its_golden_sample() -> None:
    bundled = [model for model in usable() if model.bundled]
    assert bundled
    for model in bundled:
        check = check_golden(model)
        assert check.passed, check.in_words()


def test_the_default_is_what_users_are_meant_to_get() -> None:
    assert default_params().detector.name == WANTED_DETECTOR


@pytest.mark.parametrize("offset_px", [(0, 0), (128, 192)])
def test_shifting_the_grid_of_tiles_changes_no_instance(offset_px: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """The network looks a little further than tiles overlap: outlines may differ by a pixel here and there, particles may not."""
    pixels = np.tile(read(sample_micrographs()[1]).pixels, (2, 2))[:1100, :1100]
    params = default_params(detector="network")
    everywhere = np.ones(pixels.shape, dtype=bool)
    scene = Scene(preprocess(pixels, everywhere, params.preprocess), everywhere, None)

    def found() -> list[Instance]:
        # One scale: what is compared is the same look at the same pixels; doubtful particles may fall on either side of the threshold.
        params = NetworkParams(diameter_px=30, score=0.6)
        detection = NetworkDetector().detect(scene, params, device="cpu", progress=silent, cancel=never)
        return list(detection.instances or ())

    whole = found()
    monkeypatch.setattr(looks, "Layout", partial(Layout, tile_px=1024, whole_px=1, offset_px=offset_px))
    tiled = found()
    assert len(whole) == len(tiled) > 10
    assert len(match(tiled, whole, threshold=0.9)) == len(whole)


@pytest.mark.parametrize("grain_px", [0, 8])
def test_noise_without_particles_is_no_particle(grain_px: int) -> None:
    noise = np.random.default_rng(grain_px).normal(0, 1, (512, 512)).astype(np.float32)
    grains = cv2.GaussianBlur(noise, (0, 0), grain_px) if grain_px else noise
    pixels = np.clip(128 + 20 * grains / grains.std(), 0, 255).astype(np.uint8)

    assert not analyze(Micrograph(Path("noise.png"), pixels), default_params(detector="network")).particles


def test_spheres_that_are_seen_through_one_another_are_told_apart() -> None:
    side, radius = 400, 28
    ys, xs = np.mgrid[:side, :side]
    picture, truth = np.zeros((side, side)), []
    for y, x in ((80, 80), (80, 300), (300, 80), (300, 300)):
        for shift in (-0.6, 0.6):
            above = radius**2 - (ys - y) ** 2 - (xs - x - shift * radius) ** 2
            picture += np.sqrt(np.clip(above, 0, None))
            truth.append(above > 0)
    counts = np.random.default_rng(4).poisson(3 * cv2.GaussianBlur(picture, (0, 0), 1.0) + 12)
    pixels = np.clip(counts, 0, 255).astype(np.uint8)

    found = [p.instance for p in analyze(Micrograph(Path("spheres.png"), pixels), default_params(detector="network")).particles]
    whole = [Instance(BBox(0, 0, side, side), mask) for mask in truth]
    assert len(match(found, whole, threshold=0.75)) == len(found) == len(truth)


@pytest.mark.parametrize("settings", [[], ["detector.diameter_px=7.7"]], ids=["unasked", "width stated"])
def test_thin_rods_are_found_whole(settings: list[str]) -> None:
    length, width, cell = 50, 7.7, 95
    ys, xs = np.mgrid[: 3 * cell, : 4 * cell].astype(np.float32)
    picture, truth = np.full(ys.shape, 10, np.float32), []
    rng = np.random.default_rng(4)
    for row, column in np.ndindex(3, 4):
        angle = rng.uniform(0, np.pi)
        y, x = ys - (row + 0.5) * cell, xs - (column + 0.5) * cell
        along = np.maximum(np.abs(np.cos(angle) * x + np.sin(angle) * y) - (length - width) / 2, 0)
        away = np.hypot(along, np.cos(angle) * y - np.sin(angle) * x) / (width / 2)
        picture += 110 * np.sqrt(np.maximum(1 - away**2, 0))
        rows, columns = (np.flatnonzero((away <= 1).any(axis=axis)) for axis in (1, 0))
        box = BBox(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
        truth.append(Instance(box, (away <= 1)[box.slices]))
    noisy = cv2.GaussianBlur(picture, (0, 0), 0.7) + rng.normal(0, 12, picture.shape)
    params = with_settings(default_params(detector="network"), settings)
    result = analyze(Micrograph(Path("rods.png"), np.clip(noisy, 0, 255).astype(np.uint8)), params)
    found = [particle.instance for particle in result.particles]
    assert len(match(found, truth, threshold=0.5)) >= 11
    assert len(found) <= 13
