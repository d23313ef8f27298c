"""At which scales the network's detector looks at a picture, and what it believes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from detecting import DISCS, PICTURE, alike, detect, drawn, found, iou
from lycurgus.core.tiling import Predict
from lycurgus.core.types import BBox, PixelSize
from lycurgus.detectors import looks
from lycurgus.detectors.decoding import Candidate
from lycurgus.detectors.decoding.credibility import LIKELY
from lycurgus.detectors.looks import Finder, Less, Seen, with_mirror_images
from lycurgus.detectors.scales import Scaling, first_scales
from lycurgus.inference.manifest import read_manifest
from networks import make_model
from shapes import disc

pytestmark = pytest.mark.usefixtures("models")


@pytest.mark.parametrize(
    ("diameter_px", "low", "high"), [(24, 1, 1), (8, 1, 1), (60, 1, 1), (219, 0.05, 0.25), (4, 2, 2), (1, 2, 2), (20_000, 0.05, 0.1)]
)
def test_an_expected_diameter_chooses_one_scale(models: Path, diameter_px: float, low: float, high: float) -> None:
    (scale,) = first_scales(read_manifest(models / "blobs"), (1500, 1500), diameter_px)
    assert low <= scale <= high


def test_large_pictures_are_not_enlarged_beyond_reason(models: Path) -> None:
    manifest = read_manifest(models / "blobs")
    assert first_scales(manifest, (3072, 3072), 4) == (1.0,)
    assert first_scales(manifest, (2048, 2048), 4) == (1.5,)


def test_nanometres_go_before_pixels() -> None:
    pixel_size = PixelSize(0.5, 0.5, "user")
    assert detect(PICTURE, pixel_size=pixel_size, diameter_nm=12, diameter_px=999).details["scales"] == [1.0]
    (scale,) = detect(PICTURE, pixel_size=pixel_size, diameter_nm=60).details["scales"]
    assert scale < 0.6


def test_nanometres_without_a_pixel_size_choose_nothing_and_say_so() -> None:
    in_px, alone = detect(PICTURE, diameter_nm=12, diameter_px=24), detect(PICTURE, diameter_nm=12)
    assert in_px.details["scales"] == [1.0]
    assert len(found(alone)) == len(DISCS)
    assert in_px.warnings == ("The expected diameter of 12 nm could not be used without a pixel size; that in px was taken.",)
    assert alone.warnings == ("The expected diameter of 12 nm could not be used without a pixel size; several scales were looked at.",)
    assert detect(PICTURE, diameter_px=24).warnings == ()


@pytest.mark.parametrize("side", [480, 840])
def test_the_finest_scales_are_looked_at_without_shading_too(side: int, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_model(models / "scaled", scales=[1.0, 0.5, 0.25])
    seen = []
    look = Finder.look

    def noted(self: Finder, scale: float, *, less: Less = "nothing") -> Seen:
        seen.append((scale, less))
        return look(self, scale, less=less)

    monkeypatch.setattr(Finder, "look", noted)
    picture = np.resize(PICTURE[:280, :400], (side, side))
    detect(picture, model="scaled")
    coarse = {(0.5, "nothing"), (0.5, "shading"), (0.25, "nothing")}
    first = set(seen[:5])
    if side == 480:
        assert first == coarse | {(1.0, "nothing"), (1.0, "shading")}
    else:
        assert first - coarse in ({(1.0, "nothing")}, {(1.0, "shading")})
        assert len([one for one in seen if one[0] == 1]) == 1


@pytest.mark.parametrize(("shape", "is_mirrored"), [((700, 700), True), ((700, 701), False)])
def test_small_pictures_are_looked_at_in_the_mirror_too(shape: tuple[int, int], is_mirrored: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def noted(predict: Predict) -> Predict:
        asked.append(predict)
        return with_mirror_images(predict)

    monkeypatch.setattr(looks, "with_mirror_images", noted)
    detect(np.resize(PICTURE, shape), diameter_px=24)
    assert bool(asked) == is_mirrored


def test_large_particles_are_found_where_their_size_is_told_and_where_it_is_not(models: Path) -> None:
    shape = (900, 900)
    discs = [disc(shape, centre, 200) for centre in ((200, 200), (200, 600), (620, 300), (650, 700))]
    picture = np.where(np.logical_or.reduce(discs), 3000.0, 1000.0) + np.random.default_rng(2).normal(0, 60, shape)
    make_model(models / "scaled", scales=[1.0, 0.5, 0.25, 0.125])
    for model, settings in (("blobs", {"diameter_px": 200}), ("scaled", {})):
        masks = drawn(found(detect(picture, model=model, **settings)), shape)
        for truth in discs:
            assert max(iou(truth, mask) for mask in masks) > 0.85


def test_a_particle_found_at_several_scales_is_one(models: Path) -> None:
    make_model(models / "scaled", scales=[1.0, 0.5])
    detection = detect(PICTURE, model="scaled")
    assert detection.details["scales"][:2] == [1.0, 0.5]
    masks = drawn(found(detection))
    for truth in DISCS:
        assert sum(iou(truth, mask) > 0.4 for mask in masks) == 1


def test_small_particles_call_for_an_enlarged_picture() -> None:
    shape = (200, 200)
    discs = [disc(shape, (y, x), 6) for y in range(15, 190, 20) for x in range(15, 190, 20)]
    picture = np.where(np.logical_or.reduce(discs), 3000.0, 1000.0)
    assert detect(picture).details["scales"] == [1.0, 2.0]
    assert detect(PICTURE).details["scales"] == [1.0]


def test_an_enlarged_picture_that_shows_less_surely_what_there_is_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = (200, 200)
    discs = [disc(shape, (y, x), 10) for y in range(15, 190, 20) for x in range(15, 190, 20)]
    picture = np.where(np.logical_or.reduce(discs), 3000.0, 1000.0)
    plain = detect(picture)
    look = Finder.look

    def doubtful(self: Finder, scale: float, *, less: Less = "nothing") -> Seen:
        seen = look(self, scale, less=less)
        if scale <= 1:
            return seen
        candidates = [replace(one, score=0.4 * one.score) for one in seen.look.candidates]
        return replace(seen, look=replace(seen.look, candidates=candidates))

    monkeypatch.setattr(Finder, "look", doubtful)
    detection = detect(picture)
    assert plain.details["believed_scales"] == plain.details["scales"] == detection.details["scales"] == [1.0, 2.0]
    assert detection.details["believed_scales"] == [1.0]
    assert alike(found(detection), found(detect(picture, diameter_px=24)))


@pytest.mark.parametrize(("suspected", "scales"), [(0.0, [1.0]), (0.4, [1.0, 2.0])])
def test_where_nothing_was_sure_an_enlarged_picture_shows_only_what_looked_like_something_before(
    suspected: float, scales: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    shape = (200, 200)
    discs = [disc(shape, (y, x), 10) for y in range(15, 190, 20) for x in range(15, 190, 20)]
    picture = np.where(np.logical_or.reduce(discs), 3000.0, 1000.0)
    top = round(suspected * shape[0])
    _blind(monkeypatch, lambda seen: replace(seen, look=replace(seen.look, candidates=[]), probability=_weakened(seen.probability, top)))
    detection = detect(picture)
    masks = drawn(found(detection), shape)
    expected = [one for one in discs if one[: top - 5].any()] if top else []
    assert len(masks) == len(expected)
    assert all(max(iou(truth, mask) for mask in masks) > 0.6 for truth in expected)
    assert detection.details["believed_scales"] == scales
    assert detection.details["scales"] == [1.0, 2.0]
    assert detection.probability is not None
    assert (detection.probability.max() > 0.6) == bool(expected)


def test_what_an_enlarged_picture_adds_to_what_was_found_need_not_have_been_suspected(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = (200, 200)
    discs = [disc(shape, (y, x), 10) for y in range(15, 190, 20) for x in range(15, 190, 20)]
    picture = np.where(np.logical_or.reduce(discs), 3000.0, 1000.0)

    def half(seen: Seen) -> Seen:
        upper = [one for one in seen.look.candidates if one.bbox.y1 <= 100]
        return replace(seen, look=replace(seen.look, candidates=upper), probability=_weakened(seen.probability, 100))

    _blind(monkeypatch, half)
    assert len(found(detect(picture))) == len(discs)


def test_particles_that_are_but_likely_tell_how_far_a_picture_is_enlarged(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy support a lump may be all that is sure."""
    sure = read_manifest(models / "blobs").thresholds.score
    shape = (200, 200)
    discs = [disc(shape, (y, x), 10) for y in range(15, 190, 20) for x in range(15, 190, 20)]
    picture = np.where(np.logical_or.reduce(discs), 3000.0, 1000.0)
    lump = Candidate(BBox(80, 80, 116, 116), np.ones((36, 36), np.bool_), 1.0, 36 * 36)

    def doubtful(below: float) -> Callable[[Seen], Seen]:
        def change(seen: Seen) -> Seen:
            candidates = [replace(one, score=sure - below) for one in seen.look.candidates]
            return replace(seen, look=replace(seen.look, candidates=[*candidates, lump]))

        return change

    for below, scales in ((LIKELY - 0.01, [1.0, 2.0]), (LIKELY + 0.01, [1.0])):
        with monkeypatch.context() as patch:
            _blind(patch, doubtful(below))
            assert detect(picture).details["scales"] == scales


def test_a_score_that_is_set_bounds_all_that_is_found() -> None:
    for score in (0.0, 0.05, 0.6):
        assert min(one.score for one in found(detect(PICTURE, score=score))) >= score


def _weakened(probability: NDArray[np.float32], first_row: int) -> NDArray[np.float32]:
    """Lower a foreground probability from a row on to what bears nothing out."""
    rows = np.arange(len(probability))[:, None]
    return np.where(rows < first_row, probability, 0.4 * probability).astype(np.float32)


def _blind(monkeypatch: pytest.MonkeyPatch, change: Callable[[Seen], Seen]) -> None:
    """Change what the detector sees of a picture that is not enlarged."""
    look = Finder.look

    def seen(self: Finder, scale: float, *, less: Less = "nothing") -> Seen:
        one = look(self, scale, less=less)
        return one if scale > 1 else change(one)

    monkeypatch.setattr(Finder, "look", seen)


@pytest.mark.parametrize("shape", [(96, 40), (40, 96), (1, 64)])
def test_a_reduced_picture_holds_means_and_nothing_moves(shape: tuple[int, int]) -> None:
    """However narrow the picture is: single points, taken as they are, would turn lattices into stripes."""
    picture = np.random.default_rng(0).normal(100, 30, shape).astype(np.float32)
    rows = max(shape[0] // 2, 1)
    half = Scaling(shape, (rows, shape[1] // 2)).resize(picture)
    np.testing.assert_allclose(half, picture.reshape(rows, -1, shape[1] // 2, 2).mean(axis=(1, 3)), rtol=1e-5)
    ramp = np.add.outer(np.arange(shape[0]), 2 * np.arange(shape[1])).astype(np.float32)
    for factor in (0.5, 2.0):
        scaling = Scaling.by(factor, shape)
        inner = np.s_[2:-2, 2:-2] if rows > 1 else np.s_[:, 2:-2]
        np.testing.assert_allclose(scaling.back(scaling.resize(ramp))[inner], ramp[inner], atol=0.01 * ramp.max())
