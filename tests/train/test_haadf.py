"""Simulated dark-field pictures: the physics without noise, and a truth that is whole, seen and within the picture."""

from __future__ import annotations

import numpy as np
import pytest

from lycurgus_train.labelled import LabelledImage
from lycurgus_train.synth.haadf import HaadfParams, contribute, simulate
from lycurgus_train.synth.materials import PARTICLE_MATERIALS
from lycurgus_train.synth.population import PopulationParams
from lycurgus_train.synth.shapes import cube, project, sphere
from lycurgus_train.synth.stem import Exposure, StemParams, expose
from lycurgus_train.synth.structure import Structure, core_thickness, draw_structure, signal_of
from lycurgus_train.synth.visibility import Contribution, clutter_of, judge, summed

QUIET = StemParams(
    slow=0, jitter=0, streaks=0, flyback=0, shaded=0, offset=(0.0, 0.0), readout=(0.0, 0.0), deep=0, compressed=0, clip_high=(100.0, 100.0)
)


def same(one: LabelledImage, other: LabelledImage) -> bool:
    return (
        np.array_equal(one.pixels, other.pixels)
        and one.name == other.name
        and [i.bbox for i in one.instances] == [i.bbox for i in other.instances]
        and all(np.array_equal(a.mask, b.mask) for a, b in zip(one.instances, other.instances, strict=True))
    )


@pytest.mark.parametrize("exponent", [1.6, 1.8, 2.0])
def test_equal_bodies_of_two_elements_are_as_bright_as_their_atomic_numbers_say(exponent: float) -> None:
    gold, copper = (PARTICLE_MATERIALS[name] for name in ("Au", "Cu"))
    shape = project(sphere(40.0))
    rng = np.random.default_rng(0)
    bright, dim = (signal_of(rng, shape, Structure((m.scattering(exponent),))) for m in (gold, copper))
    expected = (79 / 29) ** exponent * gold.atoms_per_nm3 / copper.atoms_per_nm3
    assert bright[shape.mask] / dim[shape.mask] == pytest.approx(expected, rel=1e-4)


def test_the_scattering_of_an_oxide_is_the_mean_of_its_atoms() -> None:
    oxide = PARTICLE_MATERIALS["TiO2"]
    assert oxide.scattering(2.0) == pytest.approx(oxide.atoms_per_nm3 * (22**2 + 2 * 8**2) / 3)


@pytest.mark.parametrize("fraction", [0.3, 0.6, 0.9])
def test_the_core_of_a_sphere_is_the_smaller_sphere(fraction: float) -> None:
    shape = project(sphere(80.0))
    core = core_thickness(shape, fraction=fraction)
    assert core.sum(dtype=np.float64) == pytest.approx(np.pi / 6 * (80 * fraction) ** 3, rel=0.01)
    assert core.max() == pytest.approx(80 * fraction, rel=0.01)
    assert np.all(core <= shape.thickness + 0.5)


def test_a_core_off_the_centre_stays_within_a_cube() -> None:
    shape = project(cube(50.0), centre=(0.5, 0.5))
    core = core_thickness(shape, fraction=0.5, offset=(0.3, -0.3))
    assert core.sum(dtype=np.float64) == pytest.approx(25.0**3, rel=0.06)
    assert np.all(core <= shape.thickness + 1e-3)


def test_core_and_shell_add_up_to_their_volumes() -> None:
    shape = project(sphere(60.0))
    signal = signal_of(np.random.default_rng(0), shape, Structure((2.0, 5.0), (0.5,)))
    whole, core = np.pi / 6 * 60**3, np.pi / 6 * 30**3
    assert signal.sum(dtype=np.float64) == pytest.approx(2 * (whole - core) + 5 * core, rel=0.01)


def test_a_hollow_particle_has_lost_its_middle() -> None:
    shape = project(sphere(60.0))
    signal = signal_of(np.random.default_rng(0), shape, Structure((1.0, 0.0), (0.8,)))
    middle = (-shape.y0, -shape.x0)
    assert signal[middle] == pytest.approx(60 * 0.2, rel=0.03)
    assert np.all(signal >= 0)


def test_mottles_and_fringes_leave_the_mean_brightness() -> None:
    shape = project(sphere(80.0))
    for structure in (Structure((1.0,), mottle=0.2, mottle_px=4.0), Structure((1.0,), fringe=0.3, fringe_px=5.0)):
        signal = signal_of(np.random.default_rng(3), shape, structure)
        assert signal.sum() == pytest.approx(shape.thickness.sum(), rel=0.05)
        assert np.std(signal - shape.thickness) > 1


def test_every_kind_of_structure_scatters_everywhere_within_its_outline_or_is_hollow() -> None:
    shape = project(sphere(50.0))
    for kind in ("pure", "solid solution", "core-shell", "nested", "hollow", "lattice"):
        structure = draw_structure(np.random.default_rng(1), kind=kind, scattering=(1.0, 2.0, 3.0), diameter_px=50.0)
        signal = signal_of(np.random.default_rng(2), shape, structure)
        assert np.all(signal[shape.mask] > 0)


def test_overlapping_particles_add_up() -> None:
    pair = [Contribution(s, s.thickness) for s in (project(sphere(30.0), centre=(32.0, 26.0)), project(sphere(30.0), centre=(32.0, 38.0)))]
    plane = summed(pair, (64, 64))
    assert plane.sum(dtype=np.float64) == pytest.approx(2 * np.pi / 6 * 30**3, rel=0.005)
    assert plane[32, 32] == pytest.approx(2 * 2 * np.sqrt(15**2 - 6**2), rel=0.01)


def test_counting_noise_is_that_of_the_dose() -> None:
    even = np.ones((256, 256), dtype=np.float32)
    for smeared in (0.0, 1.0):
        exposure = Exposure(dose=50.0, probe_px=0.3, offset=0.2, readout=2.0, along_px=smeared, across_px=smeared)
        picture = expose(np.random.default_rng(0), even, exposure, QUIET)
        assert picture.mean() == pytest.approx(1.2, rel=0.02)
        assert picture.std() == pytest.approx(np.hypot(np.sqrt(1.2 / 50), 2 / 50), rel=0.03)
        # The mean over 16 x 16 px fluctuates as foretold, whether or not neighbours do together.
        means = picture.reshape(16, 16, 16, 16).mean(axis=(1, 3))
        assert means.std() == pytest.approx(float(exposure.noise(even)[0, 0]) / 16, rel=0.2)


def one(diameter: float, *, centre: tuple[float, float] = (32.0, 32.0), brightness: float = 1.0) -> Contribution:
    shape = project(sphere(diameter), centre=centre)
    return Contribution(shape, shape.thickness / np.float32(2 / 3 * diameter) * np.float32(brightness))


def verdict(contributions: list[Contribution], *, noise: float = 1e-3, resolution_px: float = 2.0) -> tuple[int, bool]:
    total = summed(contributions, (64, 64))
    instances, ignore = judge(contributions, total=total, noise=np.full((64, 64), noise, np.float32), resolution_px=resolution_px)
    return len(instances), ignore is not None


def test_what_noise_hides_is_ignored_not_asked_for() -> None:
    # 10 px wide, 79 px of area: Rose asks for 5 / √79 = 0.56 of a pixel's noise.
    assert verdict([one(10.0)], noise=1.0) == (1, False)
    assert verdict([one(10.0)], noise=3.0) == (0, True)


def test_what_is_buried_is_ignored_and_what_is_bright_within_another_is_kept() -> None:
    assert verdict([one(50.0), one(12.0, brightness=0.05)])[0] == 1
    assert verdict([one(50.0), one(12.0, centre=(38.0, 30.0), brightness=2.0)])[0] == 2


def test_of_two_particles_in_one_place_the_fainter_is_not_asked_for() -> None:
    assert verdict([one(20.0), one(18.0, centre=(32.5, 32.0))], resolution_px=3.0)[0] == 1
    assert verdict([one(20.0), one(18.0, centre=(40.0, 32.0))], resolution_px=3.0)[0] == 2


def test_slivers_at_the_border_and_specks_are_ignored() -> None:
    assert verdict([one(20.0, centre=(-9.5, 32.0))]) == (0, True)
    assert verdict([one(3.0)]) == (0, True)
    assert verdict([one(20.0, centre=(-500.0, 32.0))]) == (0, False)


def test_clutter_is_what_varies_at_the_size_of_a_particle() -> None:
    y, x = np.mgrid[:256, :256].astype(np.float32)
    ripple = np.sin(2 * np.pi * x / 24) * np.sin(2 * np.pi * y / 24)
    slope = np.asarray(x / 20, dtype=np.float32)
    inner = (slice(60, -60), slice(60, -60))
    assert clutter_of(slope, diameter_px=10.0)[inner].max() < 0.01
    assert 0.2 < float(clutter_of(np.asarray(ripple, dtype=np.float32), diameter_px=10.0)[inner].mean()) < 0.6


@pytest.mark.parametrize("seed", range(6))
def test_the_truth_lies_in_the_picture_and_boxes_are_tight(seed: int) -> None:
    image = simulate(np.random.default_rng(seed), shape=(192, 256))
    assert image.shape == (192, 256)
    assert image.pixels.dtype in (np.uint8, np.uint16, np.float32)
    assert np.isfinite(image.pixels.astype(np.float64)).all()
    for instance in image.instances:
        box = instance.bbox
        assert 0 <= box.y0 < box.y1 <= 192
        assert 0 <= box.x0 < box.x1 <= 256
        assert instance.mask.shape == (box.height, box.width)
        assert all(edge.any() for edge in (instance.mask[0], instance.mask[-1], instance.mask[:, 0], instance.mask[:, -1]))
    if image.ignore is not None:
        assert image.ignore.shape == image.shape


def test_the_same_seed_gives_the_same_picture_and_another_seed_another() -> None:
    first, again, other = (simulate(np.random.default_rng(seed), shape=(128, 128)) for seed in (7, 7, 8))
    assert same(first, again)
    assert not np.array_equal(first.pixels, other.pixels)


def test_a_crowd_keeps_whole_outlines_where_particles_overlap() -> None:
    crowd = PopulationParams(
        diameter_px=(30.0, 30.0),
        spread=(1.0, 1.0),
        coverage=(0.8, 0.8),
        overlap=(0.6, 0.6),
        shapes={"sphere": 1.0},
        arrangements={"crowd": 1},
    )
    params = HaadfParams(population=crowd, recording=QUIET, structures={"pure": 1.0}, kinds=(1, 1))
    overlapped = []
    for seed in range(4):
        image = simulate(np.random.default_rng(seed), shape=(256, 256), params=params)
        layers = np.zeros(image.shape, dtype=int)
        for instance in image.instances:
            layers[instance.bbox.slices] += instance.mask
            if not instance.bbox.touches_border(image.shape):
                # A sphere's outline is a whole disc, whatever lies on it.
                assert instance.area_px == pytest.approx(np.pi / 4 * 30**2, rel=0.05)
        overlapped.append(int(layers.max()))
        assert len(image.instances) > 20
    assert max(overlapped) >= 2


def test_a_picture_without_particles_asks_for_none() -> None:
    nothing = PopulationParams(arrangements={"none": 1.0})
    image = simulate(np.random.default_rng(0), shape=(128, 128), params=HaadfParams(population=nothing))
    assert image.instances == ()


def test_particles_are_brighter_than_vacuum_by_about_one() -> None:
    shapes = [project(sphere(20.0), centre=(k * 30.0, 10.0)) for k in range(9)]
    made = contribute(np.random.default_rng(0), shapes, HaadfParams(kinds=(1, 1), structures={"pure": 1.0}))
    assert [float(c.signal[c.particle.mask].mean()) for c in made] == pytest.approx([1.0] * 9, rel=0.02)
