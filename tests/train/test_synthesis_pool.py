"""Which particles are worth pasting, what is cut out with them, and what is left of the picture without them."""

from __future__ import annotations

import numpy as np
import pytest

from lycurgus_train.synth.background_pool import framed, inpainted, synthetic
from lycurgus_train.synth.errors import SynthesisError
from lycurgus_train.synth.particle_pool import ParticlePool, cut_out, is_clear, retextured, selected
from lycurgus_train.synth.source import particle_area, polarity, prepare
from lycurgus_train.synth.synthesis import SynthesisParams
from synthetic_pairs import disc_pair

PARAMS = SynthesisParams()


def test_particles_under_60_percent_of_the_mean_area_are_left_out() -> None:
    # Areas are about 314, 314 and 113 px: the mean is 247, and 60 % of it 148.
    pair = disc_pair([(40, 40, 10), (40, 120, 10), (120, 40, 6)])
    assert selected(pair, PARAMS) == (0, 1)
    assert selected(pair, SynthesisParams(min_area_ratio=0.4)) == (0, 1, 2)


def test_the_mean_area_is_that_of_whole_particles() -> None:
    # The large disc is cut by the edge: with it the mean would rule out all others.
    pair = disc_pair([(0, 80, 60), (120, 40, 8), (120, 120, 8)])
    assert selected(pair, PARAMS) == (1, 2)
    assert selected(pair, SynthesisParams(edge_particles=True)) == (0,)


def test_particles_of_too_few_pixels_are_left_out() -> None:
    pair = disc_pair([(40, 40, 2), (120, 120, 2)])
    assert selected(pair, PARAMS) == ()
    assert selected(pair, SynthesisParams(min_area_px=5)) == (0, 1)


def test_nothing_left_after_the_filter_is_said_before_any_work() -> None:
    with pytest.raises(SynthesisError, match="none of the 1 particles is left"):
        ParticlePool.of([disc_pair([(0, 80, 20)])], PARAMS)


def test_an_empty_mask_is_named() -> None:
    with pytest.raises(SynthesisError, match="the mask of discs is empty"):
        ParticlePool.of([disc_pair([])], PARAMS)


@pytest.mark.parametrize(("particle", "sign"), [(180, 1), (30, -1)])
def test_a_particle_is_cut_out_as_its_difference_from_the_background(particle: int, sign: int) -> None:
    pair = disc_pair(particle=particle, noise=0.5)
    source = prepare(pair)
    cut = cut_out(source, 0, feather_px=2)
    contrast = np.median(source.plane[particle_area(pair)]) - np.median(source.plane[~particle_area(pair)])
    assert polarity(pair) == sign
    assert np.sign(contrast) == sign
    assert np.median(cut.difference[cut.mask]) == pytest.approx(contrast, abs=0.02)
    assert np.abs(cut.difference[cut.alpha == 0]).max() < 0.05
    assert (cut.alpha[cut.mask] == 1).all()
    assert np.count_nonzero(cut.mask) == pair.instances[0].area_px


def test_alpha_fades_out_within_the_feather() -> None:
    cut = cut_out(prepare(disc_pair()), 0, feather_px=3)
    y, x = np.indices(cut.mask.shape) - (np.array(cut.mask.shape) - 1)[:, None, None] / 2
    distance = np.hypot(y, x) - 14
    assert (cut.alpha[distance > 4.5] == 0).all()
    ring = cut.alpha[(distance > 0.8) & (distance < 2)]
    assert ((ring > 0) & (ring < 1)).all()


def test_a_touching_neighbour_is_not_cut_out_with_a_particle() -> None:
    pair = disc_pair([(80, 60, 14), (80, 89, 14)])
    cut = cut_out(prepare(pair), 0, feather_px=6)
    box, neighbour = pair.instances[0].bbox, pair.instances[1]
    full = np.zeros(pair.shape, dtype=bool)
    full[neighbour.bbox.slices] = neighbour.mask
    seen = full[box.y0 - 8 : box.y1 + 8, box.x0 - 8 : box.x1 + 8]
    assert seen.any()
    assert (cut.alpha[seen] == 0).all()


def test_a_foreground_probability_is_the_alpha() -> None:
    pair = disc_pair()
    probability = np.full(pair.shape, 0.25, dtype=np.float32)
    cut = cut_out(prepare(pair), 0, feather_px=2, probability=probability)
    assert (cut.alpha[cut.mask] == 0.25).all()
    assert set(np.unique(cut.alpha)) == {np.float32(0), np.float32(0.25)}


def test_a_new_texture_keeps_outline_and_mean_brightness() -> None:
    cut = cut_out(prepare(disc_pair(noise=8)), 0, feather_px=2)
    made = retextured(cut, np.random.default_rng(1))
    assert made.difference[cut.mask].mean() == pytest.approx(cut.difference[cut.mask].mean(), rel=0.1)
    assert np.corrcoef(made.difference[cut.mask] - made.difference[cut.mask].mean(), cut.difference[cut.mask])[0, 1] < 0.9
    assert np.array_equal(made.alpha, cut.alpha)


@pytest.mark.parametrize("particle", [180, 30])
def test_no_particle_is_left_on_an_inpainted_background(particle: int) -> None:
    pair = disc_pair(particle=particle)
    source = prepare(pair)
    background = inpainted(source, np.random.default_rng(0))
    outside, inside = source.plane[~particle_area(pair)], background[particle_area(pair)]
    assert np.median(inside) == pytest.approx(np.median(outside), abs=0.02)
    assert inside.std() == pytest.approx(outside.std(), rel=0.5)  # as grainy as the rest, not smeared


def test_particles_that_nobody_outlined_are_painted_over_too() -> None:
    everything = disc_pair()
    known = disc_pair()
    pair = type(known)("partly", everything.pixels, known.instances[:3], group="partly")
    unlabelled = pair.pixels[110:130, 110:130]
    assert unlabelled.mean() > 150
    background = inpainted(prepare(pair), np.random.default_rng(0))
    kept = inpainted(prepare(pair), np.random.default_rng(0), clean=False)
    assert background[110:130, 110:130].max() < 0.5
    assert kept[115:125, 115:125].min() > 0.5


def test_a_synthetic_background_has_the_level_and_the_grain_of_the_real_one() -> None:
    pair = disc_pair(noise=6)
    source = prepare(pair)
    made = synthetic(source, (200, 300), np.random.default_rng(2))
    real = source.plane[source.free]
    assert made.shape == (200, 300)
    assert made.mean() == pytest.approx(real.mean(), abs=0.03)
    assert made.std() == pytest.approx(real.std(), rel=0.35)


@pytest.mark.parametrize("shape", [(64, 64), (300, 411)])
def test_a_background_fills_any_frame_without_new_grey_levels(shape: tuple[int, int]) -> None:
    plane = np.random.default_rng(3).random((100, 120), dtype=np.float32)
    frame = framed(plane, shape, np.random.default_rng(4), scale=1.0)
    assert frame.shape == shape
    assert np.isin(frame, plane).all()


def test_lettering_on_a_particle_rules_it_out() -> None:
    pair = disc_pair()
    source = prepare(pair)
    assert is_clear(source, 0)
    usable = source.usable.copy()
    usable[36:44, 30:50] = False
    covered = type(source)(source.image, source.plane, usable, source.free, source.level, source.noise)
    assert not is_clear(covered, 0)
    assert is_clear(covered, 1)


def test_the_shadow_between_packed_particles_is_not_taken_for_background() -> None:
    pair = disc_pair([(60 + 24 * row, 60 + 24 * column, 11) for row in range(3) for column in range(3)], shape=(240, 240))
    pixels = pair.pixels.copy()
    group = (slice(52, 117), slice(52, 117))
    pixels[group][~particle_area(pair)[group]] = 20
    source = prepare(type(pair)("packed", pixels, pair.instances))
    outside = np.median(source.plane[150:, 150:])
    assert source.level[84, 84] == pytest.approx(outside, abs=0.05)
    assert inpainted(source, np.random.default_rng(0))[group].min() > outside - 0.2
