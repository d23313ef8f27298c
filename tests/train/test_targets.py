"""What networks are asked for agrees with geometry."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")

from lycurgus.core.types import BBox, Instance
from lycurgus_train.targets import LONGEST_RAY_PX, NOTHING_KNOWN, RAYS, compute_targets, label_layers


def disc(side: int, centre: tuple[float, float], radius: float) -> np.ndarray:
    ys, xs = np.ogrid[0:side, 0:side]
    return np.hypot(ys - centre[0], xs - centre[1]) <= radius


def instance(mask: np.ndarray) -> Instance:
    ys, xs = np.nonzero(mask)
    box = BBox(int(ys.min()), int(xs.min()), int(ys.max()) + 1, int(xs.max()) + 1)
    return Instance(box, mask[box.slices])


def test_rays_of_a_disc_are_its_radius_in_every_direction() -> None:
    targets = compute_targets(label_layers([instance(disc(96, (48.5, 48.5), 20))], (96, 96)))
    rays = np.exp(targets.rays[:, 24, 24])
    assert rays.shape == (RAYS,)
    assert np.abs(rays - 20.25).max() < 0.8
    assert targets.complete[:, 24, 24].all()


def test_rays_run_counter_clockwise_from_plus_x() -> None:
    mask = np.zeros((96, 96), np.bool_)
    mask[40:44, 20:80] = True
    mask[10:44, 48:52] = True
    targets = compute_targets(label_layers([instance(mask)], (96, 96)))
    right, up, left, down = np.exp(targets.rays[[0, 8, 16, 24], 20, 24])
    assert right == pytest.approx(79.5 - 48.5, abs=0.8)
    assert up == pytest.approx(40.5 - 9.5, abs=0.8)
    assert left == pytest.approx(48.5 - 19.5, abs=0.8)
    assert down == pytest.approx(43.5 - 40.5, abs=0.8)


def test_depth_is_one_at_the_deepest_point_and_falls_to_the_outline() -> None:
    depth = compute_targets(label_layers([instance(disc(64, (32, 32), 15))], (64, 64))).depth
    assert depth[32, 32] == pytest.approx(1.0, abs=1e-6)
    assert depth[32, 40] == pytest.approx(0.5, abs=0.06)
    assert depth[32, 47] < 0.1
    assert depth[0, 0] == 0


def test_touching_particles_have_a_depth_each() -> None:
    masks = np.zeros((2, 40, 80), np.bool_)
    masks[0, 10:30, 10:40], masks[1, 10:30, 40:70] = True, True
    targets = compute_targets(label_layers([instance(mask) for mask in masks], (40, 80)))
    assert targets.depth[20, 39] < 0.15
    assert targets.depth[20, 25] > 0.9
    assert targets.depth[20, 55] > 0.9


def test_a_hidden_outline_is_told_whole() -> None:
    """Rays of a particle go on below the one that lies on it."""
    first, second = disc(128, (64, 50), 24), disc(128, (64, 80), 24)
    layers = label_layers([instance(first), instance(second)], (128, 128))
    assert len(layers) == 2
    targets = compute_targets(layers)
    assert np.exp(targets.rays[0, 32, 25]) == pytest.approx(24, abs=1.5)
    assert np.exp(targets.rays[16, 32, 40]) == pytest.approx(24, abs=1.5)


def test_particles_that_do_not_overlap_share_one_layer() -> None:
    masks = [disc(64, (12, 12), 8), disc(64, (50, 50), 8), disc(64, (12, 50), 8)]
    assert len(label_layers([instance(mask) for mask in masks], (64, 64))) == 1


def test_a_ray_that_leaves_the_picture_is_known_to_be_at_least_that_long() -> None:
    targets = compute_targets(label_layers([instance(disc(64, (32, 0), 20))], (64, 64)))
    assert not targets.complete[16, 16, 4]
    assert np.exp(targets.rays[16, 16, 4]) == pytest.approx(8.5, abs=1.0)
    assert targets.complete[0, 16, 4]


def test_an_image_without_particles_asks_for_nothing() -> None:
    targets = compute_targets(label_layers([], (64, 64)))
    assert not targets.foreground.any()
    assert not targets.depth.any()
    assert (targets.rays == NOTHING_KNOWN).all()
    assert not targets.complete.any()


def test_every_other_field_of_the_chessboard_is_left_out() -> None:
    layers = label_layers([instance(disc(64, (32, 32), 20))], (64, 64))
    whole, sparse = compute_targets(layers), compute_targets(layers, every_other=True)
    rows, columns = np.indices(whole.rays.shape[1:])
    white = (rows + columns) % 2 == 0
    assert np.array_equal(whole.rays[:, white], sparse.rays[:, white])
    assert (sparse.rays[:, ~white] == NOTHING_KNOWN).all()


def test_a_ray_that_is_longer_than_is_looked_at_is_not_taken_for_whole() -> None:
    bar = np.zeros((64, 1024), np.bool_)
    bar[20:44, 4:1020] = True
    targets = compute_targets(label_layers([instance(bar)], bar.shape))
    assert not targets.complete[0, 16, 16]
    assert np.exp(targets.rays[0, 16, 16]) == pytest.approx(LONGEST_RAY_PX, abs=1.5)
    assert targets.complete[0, 16, 400]
