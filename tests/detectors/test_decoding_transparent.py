"""Round particles seen through one another are told apart; opaque ones, cores and other shapes are left as they are."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lycurgus.core.errors import Cancelled
from lycurgus.core.progress import CancelToken
from lycurgus.core.types import Mask
from lycurgus.detectors.decoding import Candidate
from lycurgus.detectors.decoding.candidates import crop, iou
from lycurgus.detectors.decoding.circles import disc_of, fit_circles
from lycurgus.detectors.decoding.transparent import part_transparent
from shapes import disc, rectangle

SIDE = 400
SHAPE = (SIDE, SIDE)
Sphere = tuple[float, float, float]

CLUSTER: tuple[Sphere, ...] = ((110, 100, 52), (128, 128, 60), (100, 142, 44), (150, 100, 48))
"""Centre y, x and diameter; no two of them are parted by a gap."""

SINGLE: tuple[Sphere, ...] = ((300, 80, 50), (300, 180, 60), (300, 290, 44), (90, 300, 56))


def candidate(mask: Mask, score: float = 0.8) -> Candidate:
    cropped = crop(mask, 0, 0)
    assert cropped is not None
    return Candidate(*cropped, score, int(np.count_nonzero(mask)))


def masks_of(spheres: Sequence[Sphere]) -> list[Mask]:
    return [disc(SHAPE, (y, x), diameter) for y, x, diameter in spheres]


def thickness(sphere: Sphere) -> NDArray[np.float64]:
    y, x, diameter = sphere
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return np.sqrt(np.clip(diameter**2 / 4 - (rows - y) ** 2 - (columns - x) ** 2, 0, None))


def pictured(spheres: Sequence[Sphere], *, opaque: bool = False, noise: float = 4.0) -> NDArray[np.float32]:
    """Spheres in dark field: intensities add, or the one in front hides the others."""
    rng = np.random.default_rng(5)
    plane = np.full(SHAPE, 20.0)
    for sphere in spheres:
        light = 3 * thickness(sphere)
        plane = np.where(light > 0, 20 + light, plane) if opaque else plane + light
    return (cv2.GaussianBlur(plane, (0, 0), 1.0) + rng.normal(0, noise, SHAPE)).astype(np.float32)


def merged(spheres: Sequence[Sphere] = CLUSTER) -> Candidate:
    return candidate(np.logical_or.reduce(masks_of(spheres)))


def singles() -> list[Candidate]:
    return [candidate(mask) for mask in masks_of(SINGLE)]


def assert_found(found: Sequence[Candidate] | None, spheres: Sequence[Sphere], *, least: float) -> None:
    assert found is not None
    assert len(found) == len(spheres)
    for mask in masks_of(spheres):
        assert max(iou(one, candidate(mask)) for one in found) > least


def test_spheres_that_were_found_as_one_are_told_apart() -> None:
    found = part_transparent([merged(), *singles()], pictured((*CLUSTER, *SINGLE)))
    assert_found(found, (*CLUSTER, *SINGLE), least=0.85)
    # They are as large as they are: no edge is added or lost.
    assert found is not None
    sizes = sorted(one.diameter_px for one in found)
    np.testing.assert_allclose(sizes, sorted(diameter for _, _, diameter in (*CLUSTER, *SINGLE)), rtol=0.04)


def test_what_they_are_worth_is_that_of_what_they_come_from() -> None:
    whole = candidate(np.logical_or.reduce(masks_of(CLUSTER)), score=0.66)
    found = part_transparent([whole, *singles()], pictured((*CLUSTER, *SINGLE)))
    assert found is not None
    assert sorted(one.score for one in found) == [0.66] * 4 + [0.8] * 4


@pytest.mark.parametrize(("gain", "offset"), [(-1.0, 255.0), (0.01, 0.0), (40.0, -3000.0)])
def test_neither_polarity_nor_the_range_of_values_matters(gain: float, offset: float) -> None:
    plane = pictured((*CLUSTER, *SINGLE))
    found, again = (part_transparent([merged(), *singles()], one) for one in (plane, (gain * plane + offset).astype(np.float32)))
    assert found is not None
    assert again is not None
    assert [(one.bbox, one.area_px) for one in again] == [(one.bbox, one.area_px) for one in found]


def test_where_values_are_cut_off_nothing_is_held_against_them() -> None:
    plane = pictured((*CLUSTER, *SINGLE))
    assert_found(part_transparent([merged(), *singles()], np.minimum(plane, 130)), (*CLUSTER, *SINGLE), least=0.8)


def test_spheres_that_the_picture_cuts_are_told_apart() -> None:
    cut = ((2.0, 60.0, 56.0), (24.0, 90.0, 56.0), (4.0, 122.0, 50.0))
    assert_found(part_transparent([merged(cut), *singles()], pictured((*cut, *SINGLE))), (*cut, *SINGLE), least=0.8)


def test_a_piece_that_two_share_is_no_particle_of_its_own() -> None:
    """A network takes the bright lens for a particle, and leaves the rest to others."""
    two = ((100.0, 100.0, 60.0), (100.0, 130.0, 60.0))
    one, other = masks_of(two)
    three = ((210.0, 100.0, 52.0), (228.0, 128.0, 60.0), (200.0, 142.0, 44.0))
    found = [candidate(one & other), candidate((one | other) & ~(one & other)), merged(three), *singles()]
    spheres = (*two, *three, *SINGLE)
    assert_found(part_transparent(found, pictured(spheres)), spheres, least=0.85)


def test_opaque_ones_are_left_to_others() -> None:
    assert part_transparent([merged(), *singles()], pictured((*CLUSTER, *SINGLE), opaque=True)) is None


def test_where_single_particles_are_not_round_nothing_is_known_of_the_others() -> None:
    rods = [candidate(rectangle(SHAPE, (300, x), 70, 18)) for x in (60, 140, 220, 300)]
    plane = pictured(CLUSTER)
    for rod in rods:
        plane[rod.bbox.slices][rod.mask] += 60
    assert part_transparent([merged(), *rods], plane) is None
    assert part_transparent([merged()], pictured(CLUSTER)) is None


def test_where_nothing_is_dented_nothing_is_looked_for() -> None:
    assert part_transparent(singles(), pictured(SINGLE)) is None
    assert part_transparent([], pictured(())) is None


def test_a_core_is_no_particle() -> None:
    core = (300.0, 180.0, 32.0)
    found = part_transparent([merged(), *singles()], pictured((*CLUSTER, *SINGLE, core)))
    assert_found(found, (*CLUSTER, *SINGLE), least=0.85)


def test_a_ragged_particle_among_spheres_stays_whole() -> None:
    rng = np.random.default_rng(3)
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    reach = 40 + rng.uniform(-14, 14, 40)
    star = np.zeros(SHAPE, dtype=np.uint8)
    corners = np.column_stack([300 + reach * np.cos(angles), 200 + reach * np.sin(angles)])
    cv2.fillPoly(star, [np.round(corners).astype(np.int32)], 1)
    ragged = candidate(star.astype(np.bool_))
    plane = pictured((*CLUSTER, *SINGLE[:2], SINGLE[3]))
    plane[ragged.bbox.slices][ragged.mask] += 80
    # In its place: no sphere stands there.
    rest = [one for one in singles() if iou(one, ragged) == 0]
    found = part_transparent([merged(), ragged, *rest], plane)
    assert found is not None
    assert ragged in found


def test_the_user_can_stop_it() -> None:
    stopped = CancelToken()
    stopped.cancel()
    with pytest.raises(Cancelled):
        part_transparent([merged(), *singles()], pictured((*CLUSTER, *SINGLE)), cancel=stopped)


def test_circles_are_fitted_to_the_points_that_are_theirs() -> None:
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    first = np.column_stack([2000 + 20 * np.cos(angles), 1000 + 20 * np.sin(angles)])
    second = np.column_stack([2050 + 8 * np.cos(angles), 1010 + 8 * np.sin(angles)])
    line = np.column_stack([np.arange(24.0), 2 * np.arange(24.0)])
    weights = np.kron(np.eye(3), np.ones(24))
    fitted = fit_circles(np.concatenate([first, second, line]), weights)
    np.testing.assert_allclose(fitted[:2], [[2000, 1000, 20], [2050, 1010, 8]], atol=1e-6)
    assert np.isnan(fitted[2]).any()


@pytest.mark.parametrize(("x", "y"), [(50.0, 40.0), (0.0, 40.0), (99.0, 79.0), (-3.0, 40.0), (-30.0, 40.0)])
def test_a_disc_is_cut_by_the_array(x: float, y: float) -> None:
    y0, x0, found = disc_of(x, y, 12.0, (80, 100))
    whole = np.zeros((80, 100), dtype=np.bool_)
    whole[y0 : y0 + found.shape[0], x0 : x0 + found.shape[1]] = found
    rows, columns = np.mgrid[:80, :100]
    expected = np.hypot(rows - y, columns - x) <= 12
    assert np.count_nonzero(whole ^ expected) == 0
