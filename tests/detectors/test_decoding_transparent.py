"""Round particles seen through one another are told apart; opaque ones, cores and other shapes are left as they are."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lycurgus.core.errors import Cancelled
from lycurgus.core.overlap import match
from lycurgus.core.progress import CancelToken
from lycurgus.core.types import Mask
from lycurgus.detectors.decoding import Candidate, transparent
from lycurgus.detectors.decoding.candidates import crop, iou
from lycurgus.detectors.decoding.circles import disc_of, fit_circles, iou_of_discs
from lycurgus.detectors.decoding.outlines import is_dented
from lycurgus.detectors.decoding.transparent import part_transparent
from shapes import disc, rectangle

SIDE = 400
SHAPE = (SIDE, SIDE)
Sphere = tuple[float, float, float]

CLUSTER: tuple[Sphere, ...] = ((110, 100, 52), (128, 128, 60), (100, 142, 44), (150, 100, 48))
"""Centre y, x and diameter; no two of them are parted by a gap."""

LOWER: tuple[Sphere, ...] = ((210, 100, 52), (228, 128, 60), (200, 142, 44))

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


def crowd(seed: int) -> tuple[list[Sphere], list[Candidate]]:
    """Spheres at random, and what lies together as one particle."""
    rng = np.random.default_rng(seed)
    spheres = [(*rng.uniform(0, SIDE, 2).tolist(), rng.uniform(30, 64)) for _ in range(36)]
    _, labels = cv2.connectedComponents(np.logical_or.reduce(masks_of(spheres)).view(np.uint8))
    return spheres, [candidate(labels == label) for label in range(1, int(labels.max()) + 1)]


def test_of_a_crowd_most_are_found_and_hardly_anything_else() -> None:
    right = reported = there = 0
    for seed in range(6):
        spheres, together = crowd(seed)
        found = part_transparent(together, pictured(spheres, noise=8))
        if found is None:
            found = together
        right += len(match(found, [candidate(mask) for mask in masks_of(spheres)], threshold=0.5))
        reported, there = reported + len(found), there + len(spheres)
    assert right / there > 0.905
    assert right / reported > 0.98


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
    spheres = (*cut, *LOWER, *SINGLE)
    assert_found(part_transparent([merged(cut), merged(LOWER), *singles()], pictured(spheres)), spheres, least=0.8)


def test_a_piece_that_two_share_is_no_particle_of_its_own() -> None:
    """A network takes the bright lens for a particle, and leaves the rest to others."""
    two = ((100.0, 100.0, 60.0), (100.0, 130.0, 60.0))
    one, other = masks_of(two)
    found = [candidate(one & other), candidate((one | other) & ~(one & other)), merged(LOWER), *singles()]
    spheres = (*two, *LOWER, *SINGLE)
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


def test_what_lies_on_a_sphere_stays() -> None:
    """Gold on silica: nothing of its outline is free, and one circle covers it."""
    small = candidate(disc(SHAPE, (132, 130), 16), score=0.95)
    plane = pictured((*CLUSTER, *SINGLE))
    plane[small.bbox.slices][small.mask] += 100
    found = part_transparent([merged(), small, *singles()], plane)
    assert found is not None
    assert small in found
    assert len(found) == len(CLUSTER) + len(SINGLE) + 1


@pytest.mark.parametrize("mask", [rectangle(SHAPE, (134, 136), 22, 22), rectangle(SHAPE, (135, 135), 40, 14), disc(SHAPE, (135, 137), 24)])
def test_what_lies_on_a_sphere_stays_however_large(mask: Mask) -> None:
    large = candidate(mask, score=0.95)
    plane = pictured((*CLUSTER, *SINGLE))
    plane[mask] += 60
    found = part_transparent([merged(), large, *singles()], plane)
    assert found is not None
    assert large in found
    assert len(found) == len(CLUSTER) + len(SINGLE) + 1


@pytest.mark.parametrize(("length", "width"), [(64, 32), (80, 40)])
def test_a_rod_that_touches_them_stays_whole(length: int, width: int) -> None:
    """Its ends are half circles."""
    drawn = np.zeros(SHAPE, dtype=np.uint8)
    cv2.line(drawn, (157 + width // 2, 128), (157 + length - width // 2, 128), 1, width)
    rod = candidate(drawn.astype(np.bool_))
    plane = pictured((*CLUSTER, *SINGLE))
    plane[rod.bbox.slices][rod.mask] += 60
    found = part_transparent([merged(), rod, *singles()], plane)
    assert found is not None
    assert rod in found
    assert len(found) == len(CLUSTER) + len(SINGLE) + 1


def test_one_that_was_found_already_stays_once() -> None:
    first, *others = CLUSTER
    known = candidate(disc(SHAPE, first[:2], first[2]), score=0.9)
    rest = candidate(np.logical_or.reduce(masks_of(others)) & ~disc(SHAPE, first[:2], first[2]))
    found = part_transparent([known, rest, *singles()], pictured((*CLUSTER, *SINGLE)))
    assert_found(found, (*CLUSTER, *SINGLE), least=0.8)
    assert found is not None
    assert known in found


def test_spheres_around_a_hole_are_told_apart() -> None:
    angles = np.arange(8) * np.pi / 4
    ring = tuple((200 + 70 * np.sin(angle), 200 + 70 * np.cos(angle), 72.0) for angle in angles)
    corners = tuple((y, x, 50.0) for y in (40.0, 360.0) for x in (40.0, 360.0))
    found = part_transparent([merged(ring), *(candidate(mask) for mask in masks_of(corners))], pictured((*ring, *corners)))
    assert_found(found, (*ring, *corners), least=0.85)


def test_texture_is_no_step() -> None:
    """Opaque discs with an inner contrast as strong as their own: by chance a few look as if others were seen through them."""
    spheres = masks_of((*CLUSTER, *SINGLE))
    inside = np.logical_or.reduce(spheres)
    taken = 0
    for seed in range(10):
        texture = cv2.GaussianBlur(np.random.default_rng(seed).normal(size=SHAPE), (0, 0), 2)
        plane = np.where(inside, 80 + 60 / texture.std() * texture, 20).astype(np.float32)
        taken += part_transparent([merged(), *singles()], plane) is not None
    assert taken <= 1


def test_a_spike_of_the_detector_changes_nothing() -> None:
    plane = pictured((*CLUSTER, *SINGLE))
    plane[380, 380] = 65535
    assert_found(part_transparent([merged(), *singles()], plane), (*CLUSTER, *SINGLE), least=0.85)


def test_a_value_that_is_no_number_tells_nothing() -> None:
    plane = pictured((*CLUSTER, *SINGLE), opaque=True)
    plane[110, 100] = np.nan
    assert part_transparent([merged(), *singles()], plane) is None


def test_a_particle_in_pieces_that_lie_apart_stays() -> None:
    pieces = candidate(disc(SHAPE, (250, 60), 30) | disc(SHAPE, (110, 100), 40))
    found = part_transparent([merged(), pieces, *singles()], pictured((*CLUSTER, *SINGLE)))
    assert found is not None
    assert pieces in found


def test_where_particles_fill_the_picture_there_is_no_outline() -> None:
    notch = disc(SHAPE, (200, 200), 100)
    assert part_transparent([candidate(~notch), candidate(notch), *singles()], pictured(SINGLE)) is None


class StoppedAt(CancelToken):
    """Is cancelled at the n-th question."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.left = n

    def check(self) -> None:
        self.left -= 1
        if self.left <= 0:
            self.cancel()
        super().check()


@pytest.mark.parametrize("question", [1, 3, 6])
def test_the_user_can_stop_it(question: int) -> None:
    with pytest.raises(Cancelled):
        part_transparent([merged(), *singles()], pictured((*CLUSTER, *SINGLE)), cancel=StoppedAt(question))


def test_circles_that_touch_from_inside_share_the_smaller_one() -> None:
    # A distance one step of a float more than the difference of the radii, where rounding leaves the domain of the arc cosine.
    assert iou_of_discs((0, 0, 24.25844831741968), (12.658921964095975, 0, 11.599527343323711)) == pytest.approx(0.2286, abs=1e-3)
    assert iou_of_discs((0, 0, 5), (0, 0, 5)) == pytest.approx(1)
    assert iou_of_discs((0, 0, 5), (10, 0, 5)) == 0


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


def test_a_sphere_that_hardly_sticks_out_of_another_is_found_where_intensities_add() -> None:
    """Nothing of the outline of both is dented deep enough to tell of it by itself."""
    pair: tuple[Sphere, ...] = ((210, 300, 60), (220, 318, 44))
    both = candidate(np.logical_or.reduce(masks_of(pair)))
    assert not is_dented(both, 26)
    singles_there = [one for one in singles() if iou(one, both) == 0]
    plane = pictured((*CLUSTER, *SINGLE, *pair))
    found = part_transparent([merged(), both, *singles_there], plane)
    assert_found(found, (*CLUSTER, *SINGLE, *pair), least=0.8)


def test_where_many_circles_lie_within_others_they_are_corners_and_cores() -> None:
    by_chance = [0.0] * 30 + [0.3] * 15 + [0.85] * 5
    assert not transparent._are_hidden(by_chance)
    assert not transparent._are_hidden([*by_chance, *[0.95] * 6])
    assert transparent._are_hidden([*by_chance, *[0.95] * 8])
    assert not transparent._are_hidden([])


@pytest.mark.parametrize(
    ("inside", "expected"),
    [([0.4, 0.5, 0.6, 0.5], True), ([0.4, 0.5, 0.6], False), ([-3.0, 0.19, 0.21, 3.0], False), ([0.1, 0.15, 0.1, 0.2], False), ([], False)],
)
def test_intensities_add_where_the_median_step_says_so_clearly(inside: list[float], expected: bool) -> None:
    assert transparent._add(inside) is expected


def test_it_is_asked_of_the_picture_how_much_of_circles_lies_within_others(monkeypatch: pytest.MonkeyPatch) -> None:
    together, plane = [merged(), *singles()], pictured((*CLUSTER, *SINGLE))
    assert part_transparent(together, plane) is not None
    monkeypatch.setattr(transparent, "HIDDEN", 0.05)
    assert part_transparent(together, plane) is None


def test_a_circle_that_lies_too_far_within_another_is_its_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two thirds of the smallest sphere lie within a larger one: it is a sphere as long as cores are asked to lie deeper."""
    pair: tuple[Sphere, ...] = ((240, 300, 64), (240, 322, 28))
    both = candidate(np.logical_or.reduce([*masks_of(pair), disc(SHAPE, (240, 262), 44)]))
    beside: tuple[Sphere, ...] = (SINGLE[3], (340, 60, 50), (340, 140, 50), (340, 220, 50))
    spheres: tuple[Sphere, ...] = (*CLUSTER, *beside, (240, 262, 44), *pair)
    together, plane = [merged(), both, *map(candidate, masks_of(beside))], pictured(spheres)
    assert_found(part_transparent(together, plane), spheres, least=0.7)
    monkeypatch.setattr(transparent, "CORE", 0.5)
    found = part_transparent(together, plane)
    assert found is not None
    assert max(iou(one, candidate(masks_of(pair)[1])) for one in found) < 0.5
