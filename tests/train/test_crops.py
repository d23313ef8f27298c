"""Crops show what their targets say, wherever and however large they are."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

pytest.importorskip("numba")

from lycurgus.core.types import BBox, Instance
from lycurgus_train import augment
from lycurgus_train.augment import CUT_OFF, cut_off, draw_crop
from lycurgus_train.config import CropConfig
from lycurgus_train.labelled import LabelledImage
from lycurgus_train.store import prepare

ODD = (509, 383)


def flat_discs(shape: tuple[int, int], diameter_px: float) -> LabelledImage:
    """Bright discs on black, whose pixels are their masks."""
    ys, xs = np.ogrid[0 : shape[0], 0 : shape[1]]
    pixels = np.zeros(shape, np.float32)
    instances = []
    pitch = 1.6 * diameter_px
    for y in np.arange(pitch / 2, shape[0], pitch):
        for x in np.arange(pitch / 2, shape[1], pitch):
            mask = np.hypot(ys - y, xs - x) <= diameter_px / 2
            rows, columns = np.nonzero(mask)
            box = BBox(int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1)
            instances.append(Instance(box, mask[box.slices]))
            pixels[mask] = 1
    return LabelledImage("discs", pixels, tuple(instances))


def test_levels_of_the_pyramid_lie_on_each_other() -> None:
    """A ramp of brightness tells where each pixel of a level looks; odd sides must not shift it."""
    ramp = np.tile(np.arange(1023, dtype=np.float32), (767, 1))
    levels = [level[0].astype(np.float64) for level in prepare(LabelledImage("ramp", ramp)).pyramid]
    assert len(levels) == 5
    slope = levels[0][600] - levels[0][599]
    for number, level in enumerate(levels):
        looks_at = 2**number * (np.arange(len(level)) + 0.5) - 0.5
        expected = np.interp(looks_at, np.arange(1023), levels[0])
        assert np.abs(level - expected)[1:-1].max() < 0.6 * slope


@pytest.mark.parametrize("wanted_px", [10.0, 60.0, 200.0])
def test_the_picture_of_a_crop_lies_on_its_truth(wanted_px: float) -> None:
    """At every level of the pyramid of a picture with odd sides; a shift of a pixel would show."""
    image = prepare(flat_discs(ODD, 90))
    params = CropConfig(crop_px=128, smallest_px=wanted_px, largest_px=wanted_px, smallest_scale=0.05, largest_scale=4, disturbance=0.0)
    scores = []
    for seed in range(12):
        crop = draw_crop(image, params, np.random.default_rng(seed), with_rays=False)
        seen, true = (crop.picture > 0) & crop.known, crop.targets.foreground & crop.known
        if 0.1 < true.mean() < 0.7:
            shifted = [np.count_nonzero(np.roll(seen, shift, (0, 1)) == true) for shift in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))]
            assert int(np.argmax(shifted)) == 0
            scores.append(np.count_nonzero(seen & true) / np.count_nonzero(seen | true))
    assert len(scores) >= 4
    assert min(scores) > 0.9


def test_nothing_is_known_beyond_the_edge_and_where_the_truth_is_open() -> None:
    plain = flat_discs((96, 96), 30)
    ignore = np.zeros(plain.shape, np.bool_)
    ignore[:, 48:] = True
    pixels = plain.pixels.copy()
    pixels[:, 48:] = 2
    crop = draw_crop(
        prepare(LabelledImage("half", pixels, plain.instances, ignore=ignore)),
        CropConfig(crop_px=128, smallest_px=20, largest_px=20, disturbance=0.0),
        np.random.default_rng(3),
    )
    assert not crop.known[crop.picture > 0.9].any()
    assert crop.known.any()
    assert np.array_equal(crop.known, crop.depth_known)


def test_a_box_tells_of_a_particle_but_not_where_its_outline_runs() -> None:
    box = np.array([[20, 30, 60, 90]], np.float32)
    image = prepare(LabelledImage("box", np.random.default_rng(0).random((100, 120)).astype(np.float32), boxes=box))
    assert image.unknown is not None
    assert image.layers[0][40, 60] == 1
    assert not image.unknown[40, 60]
    assert image.unknown[40, 31]
    assert image.unknown[20, 60]
    assert not image.unknown[2, 2]
    assert image.diameters[0] == pytest.approx(np.sqrt(40 * 60), rel=0.02)


def test_a_semantic_mask_asks_for_no_depth() -> None:
    mask = np.zeros((96, 96), np.bool_)
    mask[30:60, 30:60] = True
    crop = draw_crop(
        prepare(LabelledImage("mask", mask.astype(np.float32), foreground=mask)), CropConfig(crop_px=64), np.random.default_rng(1)
    )
    assert crop.known.any()
    assert not crop.depth_known.any()


def test_the_same_number_draws_the_same_crop() -> None:
    image = prepare(flat_discs((128, 128), 20))
    first, second, other = (draw_crop(image, CropConfig(crop_px=64), np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert np.array_equal(first.picture, second.picture)
    # The last bit of a square root may depend on where in memory its argument lies.
    assert np.allclose(first.targets.depth, second.targets.depth, rtol=0, atol=1e-6)
    assert not np.array_equal(first.picture, other.picture)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_background_is_cut_off_without_harm_to_particles(sign: int) -> None:
    rng = np.random.default_rng(5)
    foreground = np.zeros((64, 64), np.bool_)
    foreground[20:40, 20:40] = True
    picture = (sign * (3.0 * foreground + rng.normal(size=(64, 64)))).astype(np.float32)
    cut = cut_off(picture, foreground, rng)
    assert 0.4 <= np.mean(cut[~foreground] == cut[~foreground].min() if sign > 0 else cut[~foreground] == cut[~foreground].max()) < 1
    assert np.mean(cut[foreground] != picture[foreground]) <= 0.11
    assert (sign * (cut - picture) >= 0).all()


@pytest.mark.parametrize("covered", [False, True])
def test_nothing_is_cut_off_where_there_is_no_background_or_no_particle(covered: bool) -> None:
    picture = np.random.default_rng(6).normal(size=(16, 16)).astype(np.float32)
    assert cut_off(picture, np.full((16, 16), covered), np.random.default_rng(7)) is picture


def test_as_many_crops_as_promised_come_with_a_background_that_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise is cut off with it: what is flat in a noisy picture was made flat."""
    discs = flat_discs((400, 400), 40)
    noise = np.random.default_rng(1).normal(size=discs.pixels.shape).astype(np.float32)
    image = prepare(LabelledImage("noisy discs", 6 * discs.pixels + noise, discs.instances))

    def flat_part() -> float:
        rng = np.random.default_rng(8)
        flat = 0
        for _ in range(300):
            crop = draw_crop(image, CropConfig(crop_px=64), rng, with_rays=False)
            background = crop.picture[~crop.targets.foreground]
            flat += bool(background.size and np.unique(background, return_counts=True)[1].max() > 0.35 * background.size)
        return flat / 300

    assert flat_part() == pytest.approx(CUT_OFF, abs=0.05)
    monkeypatch.setattr(augment, "CUT_OFF", 0.0)
    assert flat_part() < 0.03


def test_small_particles_near_the_scale_of_their_picture_keep_enough_pixels_to_be_seen() -> None:
    image = prepare(flat_discs((400, 400), 5))
    params = CropConfig(crop_px=128, as_recorded=1.0, disturbance=0.0)
    diameters = []
    for seed in range(20):
        foreground = draw_crop(image, params, np.random.default_rng(seed), with_rays=False).targets.foreground
        _, _, stats, _ = cv2.connectedComponentsWithStats(foreground.astype(np.uint8))
        diameters.append(2 * np.sqrt(np.median(stats[1:, cv2.CC_STAT_AREA]) / np.pi))
    assert min(diameters) == pytest.approx(augment.LEAST_PX, abs=0.6)
    assert max(diameters) > 6


def test_workers_draw_crops_after_opencv_has_used_its_threads() -> None:
    pytest.importorskip("torch")
    from lycurgus_train.crops import CropDataset, RunOrder, batches

    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(2)
        cv2.GaussianBlur(np.zeros((2000, 2000), np.float32), (0, 0), 5)
        dataset = CropDataset([(1.0, [prepare(flat_discs((200, 200), 30))])], CropConfig(crop_px=64), seed=1, with_rays=False)
        loader = batches(dataset, RunOrder(first_step=0, steps=1, batch=2), batch=2, workers=1)
        loader.timeout = 60
        (batch,) = loader
        assert batch["picture"].shape == (2, 1, 64, 64)
    finally:
        cv2.setNumThreads(before)
