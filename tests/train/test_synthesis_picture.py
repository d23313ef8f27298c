"""Particles turned, scaled, placed and pasted: areas, distances and grey values are what geometry says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lycurgus_train.synth.compose import Canvas, calmed
from lycurgus_train.synth.particle_pool import CutOut
from lycurgus_train.synth.placement import Occupancy, clipped, place
from lycurgus_train.synth.randomise import blur, randomise, salt_and_pepper
from lycurgus_train.synth.stamp import Stamp, make_stamp
from lycurgus_train.synth.synthesis import SynthesisParams
from shapes import ellipse

SHAPE = (200, 240)


def cut_rectangle(height: int = 30, width: int = 16, *, contrast: float = 0.5, alpha: float = 1.0) -> CutOut:
    mask = np.zeros((height + 8, width + 8), dtype=bool)
    mask[4:-4, 4:-4] = True
    return CutOut(np.where(mask, contrast, 0).astype(np.float32), np.where(mask, alpha, 0).astype(np.float32), mask, 0.0)


def stamp_of(height: int = 30, width: int = 16, *, contrast: float = 0.5, alpha: float = 1.0) -> Stamp:
    return make_stamp(cut_rectangle(height, width, contrast=contrast, alpha=alpha), scale=1, angle_deg=0, mirrored=False)


@given(scale=st.floats(0.3, 2.0), angle=st.floats(0, 360), mirrored=st.booleans())
@settings(max_examples=40, deadline=None, derandomize=True)
def test_the_area_changes_by_the_square_of_the_scale_and_not_by_turning(scale: float, angle: float, mirrored: bool) -> None:
    mask = ellipse((80, 100), (39.5, 49.5), 80, 50)
    cut = CutOut(mask.astype(np.float32), mask.astype(np.float32), mask, 0.0)
    stamp = make_stamp(cut, scale=scale, angle_deg=angle, mirrored=mirrored)
    assert stamp.area_px == pytest.approx(np.pi * 40 * 25 * scale**2, rel=0.015, abs=10)
    assert np.count_nonzero(stamp.mask) == stamp.area_px


def test_a_particle_turns_counter_clockwise() -> None:
    cut = cut_rectangle(12, 40)
    cut.difference[:, 24:] = 1  # the right end is marked
    stamp = make_stamp(cut, scale=1, angle_deg=90, mirrored=False)
    rows = np.nonzero((stamp.difference > 0.9) & stamp.mask)[0]
    assert rows.mean() < (stamp.mask.shape[0] - 1) / 2  # it points up now


def test_a_mirrored_particle_has_left_and_right_exchanged() -> None:
    cut = cut_rectangle()
    cut.difference[:, 12:] = 1
    for angle in (0, 360.0, 1e-9):
        columns = np.nonzero(make_stamp(cut, scale=1, angle_deg=angle, mirrored=True).difference > 0.9)[1]
        assert columns.mean() < 11.5


def test_an_unchanged_particle_is_copied_to_the_pixel() -> None:
    cut = cut_rectangle()
    stamp = make_stamp(cut, scale=1, angle_deg=360, mirrored=False)
    assert np.array_equal(stamp.difference, cut.difference)
    assert np.array_equal(stamp.mask, cut.mask)


def test_a_scale_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be scaled"):
        make_stamp(cut_rectangle(), scale=0, angle_deg=0, mirrored=False)


def masks_of(placed: list[tuple[Stamp, tuple[int, int]]]) -> np.ndarray:
    count = np.zeros(SHAPE, dtype=int)
    for stamp, position in placed:
        at, mask = clipped(stamp.mask, position, SHAPE)
        count[at.slices] += mask
    return count


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("mode", ["grid", "non-overlapping"])
def test_particles_on_a_grid_and_apart_never_overlap(mode: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    stamps = [
        make_stamp(cut_rectangle(), scale=float(rng.uniform(0.3, 1.5)), angle_deg=float(rng.uniform(0, 360)), mirrored=False)
        for _ in range(40)
    ]
    placed = list(place(stamps, SHAPE, SynthesisParams(placement=mode), rng))
    assert len(placed) > 5
    assert masks_of(placed).max() == 1


@given(gap=st.integers(0, 12))
@settings(max_examples=8, deadline=None, derandomize=True)
def test_particles_apart_keep_their_distance(gap: int) -> None:
    params = SynthesisParams(placement="non-overlapping", gap_px=gap)
    placed = list(place([stamp_of(12, 12)] * 30, SHAPE, params, np.random.default_rng(gap)))
    corners = np.array([position for _, position in placed])
    between = np.abs(corners[:, None] - corners[None])
    between[np.arange(len(corners)), np.arange(len(corners))] = 1000
    # From centre to centre of the nearest pixels: those of neighbours without a gap are 1 px apart.
    distance = np.hypot(*(np.maximum(between[..., axis] - 11, 0) for axis in (0, 1)))
    assert len(placed) > 10
    assert distance.min() > gap


def test_a_grid_keeps_particles_whole_and_leaves_out_only_what_has_no_cell() -> None:
    small, large = stamp_of(16, 16), stamp_of(150, 150)
    placed = list(place([small] * 30 + [large], SHAPE, SynthesisParams(placement="grid"), np.random.default_rng(0)))
    assert len(placed) == 30
    assert masks_of(placed).sum() == 30 * 256


@pytest.mark.parametrize("limit", [0.0, 0.3, 0.8])
def test_no_particle_is_hidden_beyond_the_limit(limit: float) -> None:
    params = SynthesisParams(placement="overlapping", max_overlap=limit, cut_by_border=False)
    placed = list(place([stamp_of()] * 60, SHAPE, params, np.random.default_rng(1)))
    top = np.zeros(SHAPE, dtype=int)
    for number, (stamp, position) in enumerate(placed, start=1):
        at, mask = clipped(stamp.mask, position, SHAPE)
        top[at.slices][mask] = number
    seen = np.bincount(top.ravel(), minlength=len(placed) + 1)[1:]
    assert (seen >= (1 - limit) * 480 - 1e-9).all()
    if limit > 0:
        assert (seen < 480).any()


def test_clustered_particles_lie_closer_together_than_scattered_ones() -> None:
    def nearest(mode: str) -> float:
        params = SynthesisParams(placement=mode, cluster_size=(15, 15), cut_by_border=False)
        placed = list(place([stamp_of(8, 8)] * 15, SHAPE, params, np.random.default_rng(3)))
        at = np.array([position for _, position in placed], dtype=float)
        distances = np.hypot(*np.moveaxis(at[:, None] - at[None], -1, 0))
        np.fill_diagonal(distances, np.inf)
        return float(distances.min(axis=1).mean())

    assert nearest("clustered") < 12
    assert nearest("clustered") < 0.6 * nearest("overlapping")


def test_particles_that_must_not_be_cut_lie_inside() -> None:
    for mode in ("overlapping", "non-overlapping", "clustered", "grid"):
        params = SynthesisParams(placement=mode, cut_by_border=False)
        placed = list(place([stamp_of()] * 25, SHAPE, params, np.random.default_rng(2)))
        assert masks_of(placed).sum() == 480 * len(placed)


def test_a_particle_larger_than_the_picture_finds_no_place_and_no_endless_search() -> None:
    params = SynthesisParams(placement="clustered", cut_by_border=False)
    assert not list(place([stamp_of(300, 300)], SHAPE, params, np.random.default_rng(0)))


def test_a_splinter_at_the_border_is_no_place() -> None:
    taken = Occupancy(SHAPE, max_overlap=0.5, gap_px=1)
    assert not taken.fits(stamp_of(), (-33, 50), overlapping=True)
    assert taken.fits(stamp_of(), (-19, 50), overlapping=True)


def noisy_background(seed: int = 0) -> np.ndarray:
    return (0.4 + 0.05 * np.random.default_rng(seed).standard_normal(SHAPE)).astype(np.float32)


def test_alpha_0_leaves_the_background_untouched() -> None:
    background = noisy_background()
    canvas = Canvas(background, transparency=0.3)
    canvas.halo(stamp_of(alpha=0), (50, 50), strength=0.5, width_px=4, angle_deg=30)
    canvas.paste(stamp_of(alpha=0), (50, 50))
    assert np.array_equal(canvas.picture, background)


@pytest.mark.parametrize("contrast", [0.5, -0.3])
@pytest.mark.parametrize("level", [0.2, 0.7])
def test_a_particle_stands_on_the_new_level_with_its_own_contrast(level: float, contrast: float) -> None:
    canvas = Canvas(np.full(SHAPE, level, dtype=np.float32), transparency=0)
    canvas.paste(stamp_of(contrast=contrast), (50, 60), brightness=0.8)
    instance = canvas.instances[0]
    assert canvas.picture[instance.bbox.slices][instance.mask] == pytest.approx(level + 0.8 * contrast, abs=1e-5)
    assert (instance.bbox.y0, instance.bbox.x0, instance.area_px) == (54, 64, 480)
    outside = canvas.picture.copy()
    outside[instance.bbox.slices] = level
    assert outside == pytest.approx(level)


def test_opaque_particles_hide_and_transparent_ones_add_up() -> None:
    grey = {}
    for transparency in (0.0, 1.0):
        canvas = Canvas(np.full(SHAPE, 0.5, dtype=np.float32), transparency=transparency)
        canvas.paste(stamp_of(contrast=-0.2), (50, 50))
        canvas.paste(stamp_of(contrast=-0.1), (60, 50))
        grey[transparency] = float(canvas.picture[75, 62])
    assert grey[0.0] == pytest.approx(0.4)
    assert grey[1.0] == pytest.approx(0.2)


def test_overlapping_particles_both_keep_their_whole_outline() -> None:
    canvas = Canvas(noisy_background(), transparency=0)
    canvas.paste(stamp_of(), (50, 50))
    canvas.paste(stamp_of(), (60, 55))
    assert [instance.area_px for instance in canvas.instances] == [480, 480]


def test_a_particle_without_grain_takes_on_that_of_the_background() -> None:
    background = noisy_background()
    canvas = Canvas(background, transparency=0)
    canvas.paste(stamp_of(120, 120), (40, 40))
    inside = canvas.picture[60:140, 60:140]
    assert inside.std() == pytest.approx(background.std(), rel=0.25)


def test_a_halo_lies_on_the_side_it_points_to() -> None:
    canvas = Canvas(np.full(SHAPE, 0.5, dtype=np.float32), transparency=0)
    canvas.halo(stamp_of(), (80, 80), strength=-0.3, width_px=6, angle_deg=0)
    canvas.paste(stamp_of(), (80, 80))
    right, left = canvas.picture[99, 102], canvas.picture[99, 81]
    assert right < left < 0.5 + 1e-6
    assert right < 0.45


def test_a_busy_background_is_calmed_until_particles_stand_out() -> None:
    rng = np.random.default_rng(5)
    busy = blur(rng.standard_normal(SHAPE, dtype=np.float32), 3) * 2
    faint = [stamp_of(contrast=0.1)] * 3
    calm = calmed(busy, faint, min_visibility=2)
    assert blur(calm, 1.5).std() < 0.5 * blur(busy, 1.5).std()
    assert calmed(busy, faint, min_visibility=0) is busy
    assert calmed(busy, [stamp_of(contrast=5)], min_visibility=2) is busy


def test_salt_and_pepper_hits_the_share_of_pixels_that_was_asked_for() -> None:
    grey = np.full((400, 400), 0.5, dtype=np.float32)
    stuck = salt_and_pepper(grey, 0.1, np.random.default_rng(0))
    assert np.count_nonzero(stuck != 0.5) == 16_000
    assert np.count_nonzero(stuck == 1) == pytest.approx(np.count_nonzero(stuck == 0), rel=0.1)
    assert salt_and_pepper(grey, 0, np.random.default_rng(0)) is grey


def test_without_limits_nothing_is_added() -> None:
    picture = noisy_background()
    quiet = SynthesisParams(max_blur_px=0, max_gaussian_noise=0, max_salt_and_pepper_percent=0)
    assert np.array_equal(randomise(picture, quiet, np.random.default_rng(0)), picture)


def test_noise_stays_below_its_limit() -> None:
    params = SynthesisParams(max_blur_px=0, max_gaussian_noise=0.1, max_salt_and_pepper_percent=0)
    grey = np.full(SHAPE, 0.5, dtype=np.float32)
    deviations = [float(randomise(grey, params, np.random.default_rng(seed)).std()) for seed in range(20)]
    assert max(deviations) < 0.103
    assert min(deviations) < 0.03 < 0.07 < max(deviations)
