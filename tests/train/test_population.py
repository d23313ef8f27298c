"""Particles lie where, how and as many as the arrangement says."""

import numpy as np
import pytest

from lycurgus_train.synth.arrangement import arrange
from lycurgus_train.synth.population import PopulationParams, draw_population, laid, log_uniform
from lycurgus_train.synth.shapes import cube, octahedron, project, sphere
from lycurgus_train.synth.shells import add_shell, hollow
from lycurgus_train.synth.truth import cut_off, instances_of, without_faint, without_hidden
from shapes import disc, instance_of, rectangle

SHAPE = (256, 320)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def ball():
    return project(sphere(20.0))


def layers(particles):
    plane = np.zeros(SHAPE, int)
    for particle in particles:
        where = particle.slices(SHAPE)
        plane[where[0]] += particle.mask[where[1]]
    return plane


def test_none_is_none_and_single_is_few_near_the_middle():
    assert arrange(rng(), SHAPE, ball, arrangement="none", count=10) == []
    for seed in range(5):
        few = arrange(rng(seed), SHAPE, ball, arrangement="single", count=10)
        assert 1 <= len(few) <= 3
        assert not any(instance.bbox.touches_border(SHAPE) for instance in instances_of(few, SHAPE)[0])


def test_sparse_particles_never_overlap():
    particles = arrange(rng(), SHAPE, ball, arrangement="sparse", count=60)
    assert len(particles) > 40
    assert layers(particles).max() == 1


def test_crowds_overlap_but_each_newcomer_no_more_than_allowed():
    particles = arrange(rng(), SHAPE, ball, arrangement="crowd", count=150, overlap=0.3)
    assert layers(particles).max() >= 2
    for number, particle in enumerate(particles):
        where = particle.slices(SHAPE)
        part = particle.mask[where[1]]
        assert np.mean(layers(particles[:number])[where[0]][part] > 0) <= 0.3


@pytest.mark.parametrize("arrangement", ["clusters", "jammed"])
def test_clusters_touch_without_overlap(arrangement):
    particles = arrange(rng(2), SHAPE, ball, arrangement=arrangement, count=40, gap_px=1.0)
    centres = np.array([(p.y0 + p.mask.shape[0] / 2, p.x0 + p.mask.shape[1] / 2) for p in particles])
    distance = np.linalg.norm(centres[:, None] - centres[None], axis=-1) + np.eye(len(centres)) * 1e9
    assert len(particles) > 20
    assert np.mean(distance.min(axis=1) < 24) > 0.9
    assert np.mean(layers(particles) > 1) < 0.01


def test_a_layer_of_cubes_is_dense_and_turned_as_its_cubes():
    turn = 0.4
    tile = project(cube(24.0), rotation=laid(cube(24.0), rng(0), turn=turn, tilt_deg=0.0))
    shares = []
    for seed in range(8):
        particles = arrange(rng(seed), SHAPE, lambda: tile, arrangement="layer", count=400, turn=turn)
        shares.append(np.mean(layers(particles) > 0))
        assert layers(particles).max() <= 4
    assert max(shares) > 0.7


def test_a_body_lies_on_a_face_and_turns_by_the_angle_that_is_asked_for():
    body = octahedron(10.0)
    one = laid(body, rng(1), turn=0.0, tilt_deg=0.0)
    other = laid(body, rng(1), turn=0.5, tilt_deg=0.0)
    assert np.allclose(one @ one.T, np.eye(3))
    assert np.linalg.det(one) == pytest.approx(1)
    assert np.isclose((body.normals @ one.T)[:, 2], 1).any()
    angle = np.arctan2((other @ one.T)[1, 0], (other @ one.T)[0, 0])
    assert angle == pytest.approx(0.5)


def test_median_diameters_spread_evenly_over_the_logarithm():
    drawn = np.log([log_uniform(generator, (5, 150)) for generator in [rng()] for _ in range(4000)])
    counts, _ = np.histogram(drawn, bins=4, range=(np.log(5), np.log(150)))
    assert counts.sum() == 4000
    assert np.all(np.abs(counts / 1000 - 1) < 0.12)


def test_a_population_keeps_to_its_range_and_its_seed():
    params = PopulationParams(diameter_px=(20, 20), spread=(1, 1), shapes={"sphere": 1}, arrangements={"sparse": 1})
    particles = draw_population(rng(1), SHAPE, params)
    again = draw_population(rng(1), SHAPE, params)
    assert all(particle.diameter_px == pytest.approx(20) for particle in particles)
    assert [(p.y0, p.x0) for p in particles] == [(p.y0, p.x0) for p in again]
    assert all(abs(np.count_nonzero(p.mask) - np.pi * 100) < 8 for p in particles)


def test_a_shell_around_a_sphere_is_the_larger_sphere():
    shelled, larger = add_shell(project(sphere(40.0)), width_px=8), project(sphere(56.0))
    assert np.count_nonzero(shelled.mask) == pytest.approx(np.count_nonzero(larger.mask), rel=0.02)
    assert shelled.thickness.max() == pytest.approx(56, rel=0.03)
    assert shelled.thickness.sum() == pytest.approx(larger.thickness.sum(), rel=0.06)


def test_a_hollow_keeps_the_outline_and_takes_the_middle():
    full = project(sphere(60.0))
    empty = hollow(full, inner=0.5)
    assert np.array_equal(empty.mask, full.mask)
    assert empty.thickness[30, 30] == pytest.approx(30, abs=2.5)
    assert empty.thickness[30, 3] == full.thickness[30, 3]


def test_what_is_hidden_faint_or_below_a_bar_is_treated_as_such():
    one, two = instance_of(disc(SHAPE, (60, 60), 40)), instance_of(rectangle(SHAPE, (180, 200), 60, 30))
    nothing = np.zeros(SHAPE, bool)
    most = np.ones(one.mask.shape, bool)
    most[:8] = False
    kept, ignore = without_hidden([one, two], [most, np.zeros(two.mask.shape, bool)], nothing)
    assert kept == [two]
    assert np.count_nonzero(ignore) == np.count_nonzero(one.mask[:8])
    kept, ignore = without_faint([one, two], np.where(disc(SHAPE, (60, 60), 50), 1, 0).astype(np.float32), nothing, least=0.5)
    assert kept == [one]
    assert np.count_nonzero(ignore) == two.area_px
    bar = nothing.copy()
    bar[180:] = True
    left, cut = cut_off([one, two], bar)
    assert left.area_px == one.area_px
    assert cut.bbox.y1 == 180
    assert cut.area_px == pytest.approx(two.area_px / 2, rel=0.05)
