"""Round particles that overlap are told apart by the arcs of their outline; other shapes stay whole."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from lycurgus.core.errors import Cancelled
from lycurgus.core.progress import CancelToken
from lycurgus.core.types import Mask
from lycurgus.detectors.decoding import Candidate, arcs
from lycurgus.detectors.decoding.arcs import part_round
from lycurgus.detectors.decoding.candidates import crop, iou
from lycurgus.detectors.decoding.circles import circle_through
from shapes import disc, ellipse, rectangle

SIDE = 160
SHAPE = (SIDE, SIDE)


def candidate(mask: Mask, score: float = 0.8) -> Candidate:
    cropped = crop(mask, 0, 0)
    assert cropped is not None
    return Candidate(*cropped, score, int(np.count_nonzero(mask)))


def round_ones(*circles: tuple[float, float, float]) -> list[Mask]:
    """Discs of centre y, x and diameter."""
    return [disc(SHAPE, (y, x), diameter) for y, x, diameter in circles]


def parted(masks: Sequence[Mask], *others: Mask) -> list[Candidate]:
    """What becomes of one particle that is several masks, beside others."""
    union = np.logical_or.reduce(masks)
    return part_round([candidate(union), *map(candidate, others)], SHAPE)


def assert_found(found: Sequence[Candidate], truth: Sequence[Mask], *, least: float) -> None:
    assert len(found) == len(truth)
    for mask in truth:
        assert max(iou(one, candidate(mask)) for one in found) > least


def test_a_circle_is_known_from_a_quarter_of_it() -> None:
    angles = np.linspace(0.3, 0.3 + np.pi / 2, 40)
    found = circle_through(np.column_stack([50 + 20 * np.cos(angles), 70 + 20 * np.sin(angles)]))
    assert found is not None
    assert (found.x, found.y, found.radius) == pytest.approx((50, 70, 20), abs=1e-6)
    assert found.misfit < 1e-6
    assert 85 <= found.seen_deg <= 100
    assert circle_through(np.column_stack([np.arange(9.0), 2 * np.arange(9.0)])) is None


@pytest.mark.parametrize("radius", [5, 7, 15, 60])
def test_all_of_a_circle_is_all_of_it_however_small(radius: int) -> None:
    (arc,) = arcs.arcs_of(disc(SHAPE, (80, 80), 2 * radius), radius)
    found = circle_through(arc)
    assert found is not None
    assert found.seen_deg == pytest.approx(360, rel=0.05)


@pytest.mark.parametrize("apart", [0.6, 0.75, 0.95])
@pytest.mark.parametrize("ratio", [1.0, 0.7])
@pytest.mark.parametrize("diameter", [24, 60])
def test_two_discs_are_told_apart(apart: float, ratio: float, diameter: int) -> None:
    """Their centres are ``apart`` times the mean of their diameters from one another."""
    reach = apart * diameter * (1 + ratio) / 2
    truth = round_ones((70, 55, diameter), (70 + 0.5 * reach, 55 + 0.87 * reach, ratio * diameter))
    found = parted(truth)
    assert_found(found, truth, least=0.9)
    assert {one.score for one in found} == {0.8}


def test_a_row_and_a_ring_of_discs_are_told_apart() -> None:
    row = round_ones((80, 30, 40), (80, 60, 40), (80, 90, 40), (80, 120, 40))
    assert_found(parted(row), row, least=0.9)
    angles = np.arange(6) * np.pi / 3
    ring = round_ones(*((80 + 38 * np.sin(angle), 80 + 38 * np.cos(angle), 50.0) for angle in angles))
    assert_found(parted(ring), ring, least=0.85)


def test_discs_that_the_picture_cuts_are_told_apart() -> None:
    truth = round_ones((4, 60, 40), (8, 86, 36))
    assert_found(parted(truth), truth, least=0.85)


def test_a_particle_that_was_found_already_is_not_found_again() -> None:
    left, right, third = round_ones((80, 50, 40), (80, 78, 40), (80, 106, 40))
    assert_found(parted([left, right], third), [left, right, third], least=0.9)


def bar(length: float, width: float, angle_deg: float = 0, *, centre: tuple[float, float] = (80, 80)) -> Mask:
    return rectangle(SHAPE, centre, length, width, angle_deg)


def ragged(seed: int) -> Mask:
    """A particle without any symmetry, with dents."""
    rng = np.random.default_rng(seed)
    angles = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    radius = 40 + sum(rng.normal(0, 8 / k) * np.cos(k * angles + rng.uniform(0, 2 * np.pi)) for k in range(2, 7))
    plane = np.zeros(SHAPE, np.uint8)
    cv2.fillPoly(plane, [np.round(80 + np.column_stack([radius * np.cos(angles), radius * np.sin(angles)])).astype(np.int32)], 1)
    return plane > 0


def notched(major: float, minor: float, notch: float) -> Mask:
    """An ellipse with a dent on either side."""
    return ellipse(SHAPE, (80, 80), major, minor) & ~disc(SHAPE, (80 - minor / 2, 80), notch) & ~disc(SHAPE, (80 + minor / 2, 80), notch)


SMOOTH = {
    "disc": disc(SHAPE, (80, 80), 70),
    "square": bar(60, 60, 20),
    "rod": bar(110, 16, 33),
}

DENTED = {
    "crossing rods": bar(100, 14, 10) | bar(100, 14, 80),
    "angle": bar(90, 20) | bar(20, 90, centre=(45, 115)),
    "crescent": disc(SHAPE, (80, 80), 80) & ~disc(SHAPE, (80, 105), 60),
    "broken ring": disc(SHAPE, (80, 80), 90) & ~disc(SHAPE, (80, 80), 50) & ~bar(60, 16, centre=(80, 120)),
    "notched ellipse": notched(60, 56, 12),
    "notched longer ellipse": notched(60, 50, 8),
    **{f"ragged {seed}": ragged(seed) for seed in (3, 4, 6, 9, 13, 16)},
}


@pytest.mark.parametrize("name", [*SMOOTH, *DENTED])
def test_what_is_not_several_round_particles_stays_whole(name: str) -> None:
    one = candidate((SMOOTH | DENTED)[name])
    assert part_round([one], SHAPE) == [one]
    assert name in SMOOTH or arcs._is_concave(one), "tells nothing of the arcs"


def test_the_steps_of_an_enlarged_outline_are_no_circles() -> None:
    """A disc as the network saw it in a picture of half the size."""
    runs = [(16, 18), (14, 24), (10, 32), (8, 36), (6, 40), (4, 44), (4, 44), (2, 48), (0, 50), *[(0, 52)] * 8]
    runs += [(2, 50), (2, 48), (4, 44), (4, 44), (6, 40), (8, 36), (10, 32), (14, 24), (16, 20)]
    mask = np.zeros(SHAPE, dtype=np.bool_)
    for number, (start, length) in enumerate(runs):
        mask[30 + 2 * number : 32 + 2 * number, 30 + start : 30 + start + length] = True
    assert arcs._is_concave(candidate(mask))
    (found,) = part_round([candidate(mask)], SHAPE)
    assert found.area_px == np.count_nonzero(mask)


def test_a_round_one_that_two_particles_share_stays_once_and_is_not_lost() -> None:
    """Both particles are taken apart, and both have the disc in the middle."""
    three = round_ones((80, 50, 40), (80, 78, 40), (80, 106, 40))
    shared = [candidate(three[0] | three[1], 0.9), candidate(three[1] | three[2], 0.7)]
    for order in (shared, shared[::-1]):
        assert_found(part_round(order, SHAPE), three, least=0.9)
    row = round_ones(*((80, x, 34) for x in (24, 50, 76, 102, 128)))
    left, right = (candidate(np.logical_or.reduce(row[some]), score) for some, score in ((np.s_[:3], 0.9), (np.s_[2:], 0.7)))
    assert_found(part_round([left, right], SHAPE), row, least=0.9)


def test_particles_that_were_told_apart_before_stay_however_much_they_overlap() -> None:
    alike = [candidate(disc(SHAPE, (30, 100), 40)), candidate(disc(SHAPE, (30, 104), 40))]
    truth = round_ones((110, 50, 40), (110, 78, 40))
    found = part_round([*alike, candidate(truth[0] | truth[1])], SHAPE)
    assert found[:2] == alike
    assert len(found) == 4


def test_the_user_can_stop_it() -> None:
    truth = round_ones((80, 50, 40), (80, 78, 40))
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        part_round([candidate(truth[0] | truth[1])], SHAPE, cancel=cancel)


def test_an_outline_of_too_many_arcs_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    row = round_ones((80, 30, 40), (80, 60, 40), (80, 90, 40), (80, 120, 40))
    monkeypatch.setattr(arcs, "MOST_ARCS", 3)
    assert len(parted(row)) == 1
