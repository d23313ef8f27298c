"""Whole synthetic images: the same for the same seed, as many particles as asked for, with a truth that fits them."""

from __future__ import annotations

import itertools
from dataclasses import replace

import cv2
import numpy as np
import pytest

from data import shared
from lycurgus.core.errors import ParameterError
from lycurgus.core.overlap import instances_from_labels
from lycurgus.core.types import BBox, Instance
from lycurgus_train.labelled import LabelledImage
from lycurgus_train.synth.errors import SynthesisError
from lycurgus_train.synth.parameters import load_preset, parse_setting, synthesis_params
from lycurgus_train.synth.synthesis import Synthesiser, SynthesisParams, synthesize
from synthetic_pairs import disc_pair, painted

SMALL = SynthesisParams(size_px=192, count=4, particles=(5, 12))
QUIET = {"max_blur_px": 0, "max_gaussian_noise": 0, "max_salt_and_pepper_percent": 0, "halo_chance": 0, "shading": 0}


def same(one: LabelledImage, other: LabelledImage) -> bool:
    return (
        np.array_equal(one.pixels, other.pixels)
        and len(one.instances) == len(other.instances)
        and all(a.bbox == b.bbox and np.array_equal(a.mask, b.mask) for a, b in zip(one.instances, other.instances, strict=True))
    )


def test_one_pair_is_enough() -> None:
    images = list(synthesize([disc_pair()], SMALL, seed=0))
    assert len(images) == 4
    assert len({image.name for image in images}) == 4
    for image in images:
        assert image.shape == (192, 192)
        assert image.pixels.dtype == np.uint8
        assert image.kind == "synthesis"
        assert image.group == "discs"
        assert image.instances


def test_image_i_is_the_same_whatever_the_count_and_the_order() -> None:
    pairs = [disc_pair(), disc_pair(name="dark", particle=40)]
    many = list(synthesize(pairs, SMALL, seed=3))
    few = list(synthesize(pairs, SMALL.model_copy(update={"count": 2}), seed=3))
    assert all(same(a, b) for a, b in zip(few, many, strict=False))
    assert same(Synthesiser(pairs, SMALL, seed=3).image(3), many[3])


def test_another_seed_and_another_number_give_other_images() -> None:
    first, second = itertools.islice(synthesize([disc_pair()], SMALL, seed=0), 2)
    other = next(synthesize([disc_pair()], SMALL, seed=1))
    assert not np.array_equal(first.pixels, second.pixels)
    assert not np.array_equal(first.pixels, other.pixels)


def test_images_are_made_only_when_they_are_asked_for() -> None:
    endless = SMALL.model_copy(update={"count": 10**9})
    assert next(synthesize([disc_pair()], endless, seed=0)).instances


@pytest.mark.parametrize("placement", ["overlapping", "non-overlapping", "grid", "clustered", "mixed"])
def test_there_are_as_many_particles_as_asked_for(placement: str) -> None:
    params = SynthesisParams(size_px=320, count=5, particles=(8, 15), scaling=(0.4, 0.8), placement=placement)
    counts = [len(image.instances) for image in synthesize([disc_pair()], params, seed=1)]
    assert all(8 <= count <= 15 for count in counts)
    assert len(set(counts)) > 1


def test_particles_that_would_fill_the_image_are_drawn_smaller_within_the_range() -> None:
    params = SynthesisParams(size_px=256, count=6, particles=(40, 40), scaling=(0.5, 2.0), max_coverage=0.3, cut_by_border=False)
    whole = np.pi * 14**2
    for image in synthesize([disc_pair()], params, seed=0):
        areas = [instance.area_px for instance in image.instances]
        assert sum(areas) < 0.35 * 256**2
        assert min(areas) > 0.8 * whole * 0.5**2


def test_scaling_stays_in_its_range() -> None:
    params = SynthesisParams(
        size_px=400, count=8, particles=(10, 20), scaling=(0.5, 1.5), size_spread=1, cut_by_border=False, max_coverage=10
    )
    diameters = [
        2 * np.sqrt(instance.area_px / np.pi) / 28 for image in synthesize([disc_pair()], params, seed=0) for instance in image.instances
    ]
    assert 0.45 < min(diameters) < 0.6
    assert 1.3 < max(diameters) < 1.56


def test_without_spread_all_particles_of_an_image_are_scaled_alike() -> None:
    params = SynthesisParams(size_px=300, count=6, particles=(8, 8), size_spread=0, cut_by_border=False, max_coverage=10, rotation=False)
    means = []
    for image in synthesize([disc_pair()], params, seed=2):
        areas = np.array([instance.area_px for instance in image.instances])
        assert np.ptp(areas) <= 0.08 * areas.mean()
        means.append(areas.mean())
    assert max(means) > 2 * min(means)


def test_outlines_lie_where_the_particles_are() -> None:
    params = SynthesisParams(size_px=256, count=4, particles=(10, 20), synthetic_backgrounds=1, transparency=(0, 0), **QUIET)
    for image in synthesize([disc_pair()], params, seed=5):
        inside = painted(image) > 0
        middle = (int(image.pixels[inside].mean()) + int(image.pixels[~inside].mean())) / 2
        bright = cv2.GaussianBlur(image.pixels, (0, 0), 1.0) > middle
        assert np.count_nonzero(bright & inside) / np.count_nonzero(bright | inside) > 0.85


@pytest.mark.parametrize(("particle", "sign"), [(180, 1), (40, -1)])
def test_bright_particles_stay_bright_and_dark_ones_dark_on_any_background(particle: int, sign: int) -> None:
    others = [disc_pair([], name="bright support", background=200), disc_pair([], name="dark support", background=30)]
    params = SynthesisParams(size_px=256, count=6, particles=(8, 8), background_from="other", min_visibility=0)
    for image in synthesize([disc_pair(particle=particle), *others], params, seed=7):
        inside = painted(image) > 0
        assert sign * (float(np.median(image.pixels[inside])) - float(np.median(image.pixels[~inside]))) > 10


def test_inversion_turns_the_contrast_around() -> None:
    plain = SynthesisParams(size_px=128, count=1, particles=(4, 4), **QUIET)
    image = next(synthesize([disc_pair()], plain, seed=0))
    inverted = next(synthesize([disc_pair()], plain.model_copy(update={"inversion": 1.0}), seed=0))
    assert image.pixels.astype(int) + inverted.pixels == pytest.approx(255, abs=1)


def test_the_group_names_what_gave_the_background_too() -> None:
    pairs = [disc_pair(name=name) for name in ("one", "two")]
    for image in synthesize(pairs, SMALL.model_copy(update={"background_from": "other"}), seed=0):
        assert image.group == "one+two"
    for image in synthesize(pairs, SMALL.model_copy(update={"background_from": "same", "sources_per_image": (1, 1)}), seed=0):
        assert image.group in ("one", "two")


@pytest.mark.parametrize("placement", ["random", "grid"])
def test_what_is_scaled_down_to_nothing_is_left_out(placement: str) -> None:
    params = SMALL.model_copy(update={"scaling": (0.05, 0.1), "placement": placement, "gap_px": 0})
    for image in synthesize([disc_pair()], params, seed=0):
        assert all(instance.area_px >= 4 for instance in image.instances)


def test_sixteen_bit_images_use_their_range() -> None:
    params = SMALL.model_copy(update={"bits": 16, "count": 1})
    image = next(synthesize([disc_pair()], params, seed=0))
    assert image.pixels.dtype == np.uint16
    assert image.pixels.max() > 255 * 128


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_images_of_any_depth_can_be_given(dtype: type) -> None:
    pair = disc_pair()
    deep = replace(pair, pixels=(pair.pixels.astype(np.float64) * 111).astype(dtype))
    assert next(synthesize([deep], SMALL, seed=0)).instances


def test_mixed_polarities_are_kept_apart_unless_asked_for() -> None:
    pairs = [disc_pair(), disc_pair(name="dark", particle=20)]
    apart = Synthesiser(pairs, SynthesisParams(size_px=128, sources_per_image=(2, 2), mixed_polarity=0, background_from="same"), seed=0)
    mixed = Synthesiser(pairs, SynthesisParams(size_px=128, sources_per_image=(2, 2), mixed_polarity=1, background_from="same"), seed=0)
    assert all("+" not in apart.image(index).group for index in range(4))
    assert all(mixed.image(index).group == "dark+discs" for index in range(4))


def test_synthetic_particles_differ_from_pasted_ones() -> None:
    params = SynthesisParams(size_px=128, count=1, particles=(4, 4), **QUIET)
    real = next(synthesize([disc_pair(noise=8)], params, seed=0))
    made = next(synthesize([disc_pair(noise=8)], params.model_copy(update={"synthetic_particles": 1.0}), seed=0))
    assert not np.array_equal(real.pixels, made.pixels)


def test_a_probability_of_nothing_pastes_nothing() -> None:
    pair = disc_pair()
    params = SynthesisParams(size_px=128, count=1, particles=(5, 5), **QUIET)
    nothing = {"discs": np.zeros(pair.shape, dtype=np.float32)}
    image = next(synthesize([pair], params, seed=0, probabilities=nothing))
    real = next(synthesize([pair], params, seed=0))
    assert np.ptp(image.pixels) < 0.5 * np.ptp(real.pixels)


def test_an_image_without_particles_serves_as_background() -> None:
    images = list(synthesize([disc_pair([], name="support"), disc_pair()], SMALL, seed=0))
    assert {image.group for image in images} == {"discs", "discs+support"}


def test_no_image_no_fitting_mask_and_no_fitting_probability_are_sentences_before_any_work() -> None:
    pair = disc_pair()
    with pytest.raises(SynthesisError, match="no image"):
        synthesize([], SMALL, seed=0)
    misfit = replace(pair, pixels=pair.pixels[:100])
    with pytest.raises(SynthesisError, match="mask of discs does not fit the image of 100 x 160 px"):
        synthesize([misfit], SMALL, seed=0)
    broken = replace(pair, instances=(Instance(BBox(0, 0, 5, 5), np.ones((4, 4), dtype=bool)),))
    with pytest.raises(SynthesisError, match="does not fit"):
        synthesize([broken], SMALL, seed=0)
    for wrong in (np.zeros((3, 3)), np.full(pair.shape, 1.5), np.full(pair.shape, np.nan)):
        with pytest.raises(SynthesisError, match="probability of discs"):
            synthesize([pair], SMALL, seed=0, probabilities={"discs": wrong})
    with pytest.raises(SynthesisError, match="no such image"):
        synthesize([pair], SMALL, seed=0, probabilities={"else": np.zeros(pair.shape)})


def test_an_image_full_of_particles_gives_particles_but_no_inpainted_background() -> None:
    size = 120
    labels = np.repeat(np.repeat(np.arange(1, 37).reshape(6, 6), 20, axis=0), 20, axis=1)
    grey = (labels * 5 % 200 + 20).astype(np.uint8)
    full = LabelledImage("full", grey, instances_from_labels(labels))
    assert labels.shape == (size, size)
    assert all(image.instances for image in synthesize([full], SMALL, seed=0))


def test_a_flat_image_does_not_break_anything() -> None:
    pair = disc_pair(background=100, particle=100, noise=0)
    assert next(synthesize([pair], SMALL, seed=0)).instances


def test_parameters_that_make_no_sense_are_refused_by_name() -> None:
    with pytest.raises(ParameterError, match="smaller number stands first"):
        synthesis_params({"particles": (60, 10)})
    with pytest.raises(ParameterError, match="no parameter called 'partciles'"):
        synthesis_params({"partciles": 3})
    with pytest.raises(ParameterError, match="max_overlap"):
        synthesis_params({"max_overlap": 2})
    with pytest.raises(ParameterError, match="not a setting"):
        parse_setting("particles")


def test_settings_are_read_as_a_user_writes_them(tmp_path) -> None:
    written = ["particles=5,9", "scaling=1.5", "placement=grid", "rotation=no", "bits=16", "max_blur_px=0.5"]
    params = synthesis_params(dict(parse_setting(text) for text in written))
    assert (params.particles, params.scaling, params.placement) == ((5, 9), (1.5, 1.5), "grid")
    assert (params.rotation, params.bits, params.max_blur_px) == (False, 16, 0.5)
    preset = tmp_path / "synthesis.json"
    preset.write_text(params.model_dump_json())
    assert synthesis_params(load_preset(preset)) == params


def test_real_particles_are_pasted_onto_backgrounds_of_other_real_images() -> None:
    folder = shared("emps")
    pairs = []
    for path in sorted((folder / "images").iterdir())[:40:8]:
        mask = cv2.imread(str(folder / "masks" / path.name), cv2.IMREAD_UNCHANGED)
        pixels = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        pairs.append(LabelledImage(path.stem, pixels, instances_from_labels(mask.astype(np.int32)), group=path.stem))
    params = SynthesisParams(size_px=256, count=4, background_from="other", particles=(5, 20))
    for image in synthesize(pairs, params, seed=0):
        assert len(image.instances) >= 3
        assert 20 < image.pixels.std() < 110
