"""From a perfect network's output every decoder must give back the particles that it was computed from."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lycurgus.detectors.decoding import Candidate, DecodingParams, Head, decode
from particle_fields import Truth, concave_cube_outline, disc_outline, ellipse_outline, fields_of, rectangle_outline

SHAPE = (256, 256)
EXACT: tuple[Head, ...] = ("distance", "completed")
ALL: tuple[Head, ...] = ("distance", "star-convex", "completed")


def full(candidate: Candidate, shape: tuple[int, int] = SHAPE) -> NDArray[np.bool_]:
    mask = np.zeros(shape, dtype=np.bool_)
    mask[candidate.bbox.slices] = candidate.mask
    return mask


def ious(truth: Truth, found: list[Candidate]) -> list[float]:
    """For each true particle the IoU of the candidate that fits it best."""
    masks = [full(candidate, truth.fields.shape[1:]) for candidate in found]
    return [max(((m & t).sum() / (m | t).sum() for m in masks), default=0.0) for t in truth.masks]


def assert_found(truth: Truth, head: Head, *, least_iou: float, **params: float) -> None:
    found = decode(truth.fields, truth.rays, DecodingParams(head=head, **params))
    assert len(found) == len(truth.masks)
    assert min(ious(truth, found)) >= least_iou


@pytest.mark.parametrize("head", ALL)
@pytest.mark.parametrize(("diameter", "least_iou"), [(5, 0.75), (8, 0.85), (12, 0.9), (40, 0.93), (100, 0.95), (200, 0.96)])
def test_a_disc_of_any_size_is_found_whole(head: Head, diameter: int, least_iou: float) -> None:
    assert_found(fields_of(SHAPE, [disc_outline((127.3, 126.8), diameter)]), head, least_iou=least_iou)


@pytest.mark.parametrize("angle", range(0, 180, 9))
@pytest.mark.parametrize("head", EXACT)
def test_a_rod_at_any_angle_is_one_particle(head: Head, angle: int) -> None:
    assert_found(fields_of((128, 128), [rectangle_outline((63.4, 64.7), 65, 10, angle)]), head, least_iou=0.99)


@pytest.mark.parametrize("head", ALL)
@pytest.mark.parametrize("distance", [0.5, 0.6, 0.7, 0.8, 0.9])
def test_overlapping_discs_are_two(head: Head, distance: float) -> None:
    truth = fields_of(SHAPE, [disc_outline((100, 80), 40), disc_outline((107, 80 + distance * 40), 40)])
    assert_found(truth, head, least_iou=0.8 if head == "distance" else 0.96)


@pytest.mark.parametrize("head", ALL)
def test_touching_cubes_ellipses_and_concave_cubes_are_kept_apart(head: Head) -> None:
    outlines = [
        rectangle_outline((60, 60), 50, 50, 0),
        rectangle_outline((60, 110), 50, 50, 0),
        concave_cube_outline((170, 60), 50, 20),
        ellipse_outline((150, 130), 70, 35, 60),
        ellipse_outline((152, 172), 70, 35, 60),
    ]
    assert_found(fields_of(SHAPE, outlines), head, least_iou=0.9)


def test_rays_see_two_whole_rods_where_rods_cross() -> None:
    truth = fields_of((128, 128), [rectangle_outline((63, 64), 65, 10, 20), rectangle_outline((64, 63), 65, 10, 100)])
    assert_found(truth, "star-convex", least_iou=0.8)


@pytest.mark.parametrize("head", EXACT)
def test_rods_that_cross_without_a_valley_stay_one_piece_where_valleys_count(head: Head) -> None:
    truth = fields_of((128, 128), [rectangle_outline((63, 64), 65, 10, 20), rectangle_outline((64, 63), 65, 10, 100)])
    (piece,) = decode(truth.fields, truth.rays, DecodingParams(head=head))
    assert np.array_equal(full(piece, (128, 128)), truth.masks[0] | truth.masks[1])
