"""Convex particles that were found as one are told apart by the dents of their outline; what is dented by nature stays whole."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from lycurgus.core.errors import Cancelled
from lycurgus.core.progress import CancelToken
from lycurgus.core.types import Mask
from lycurgus.detectors.decoding import Candidate, convex_parts
from lycurgus.detectors.decoding.candidates import crop, iou
from lycurgus.detectors.decoding.convex_parts import LEAST_WHOLE, part_convex
from lycurgus.detectors.decoding.ellipses import ellipse_through
from lycurgus.detectors.decoding.outlines import dent_of, is_dented
from shapes import disc, ellipse, rectangle

SHAPE = (400, 600)


def candidate(mask: Mask, score: float = 0.8) -> Candidate:
    cropped = crop(mask, 0, 0)
    assert cropped is not None
    return Candidate(*cropped, score, int(np.count_nonzero(mask)))


def polygon(centre: tuple[float, float], radius: float, corners: int, turned_deg: float = 0) -> Mask:
    """A regular one with its corners on the circle of this radius."""
    angles = np.deg2rad(turned_deg) + 2 * np.pi * np.arange(corners) / corners
    drawn = np.zeros(SHAPE, dtype=np.uint8)
    points = np.column_stack([centre[1] + radius * np.cos(angles), centre[0] + radius * np.sin(angles)])
    cv2.fillPoly(drawn, [np.rint(points).astype(np.int32)], 1)
    return drawn.view(np.bool_)


def beside(number: int = LEAST_WHOLE) -> list[Candidate]:
    """Whole particles in the lower half of the picture."""
    return [candidate(ellipse(SHAPE, (230 + 60 * (i // 8), 40 + 70 * (i % 8)), 50, 40, 20 * i)) for i in range(number)]


def parted(masks: Sequence[Mask], others: Sequence[Candidate] | None = None) -> list[Candidate]:
    """What becomes of one particle that is several masks, beside whole ones."""
    others = beside() if others is None else others
    found = part_convex([candidate(np.logical_or.reduce(masks)), *others], SHAPE)
    return [one for one in found if not any(one is other for other in others)]


PAIRS = {
    "ellipses side by side": [ellipse(SHAPE, (90, 100), 70, 40, 90), ellipse(SHAPE, (90, 130), 70, 40, 90)],
    "crossing ellipses": [ellipse(SHAPE, (90, 120), 96, 40, 20), ellipse(SHAPE, (90, 120), 96, 40, 110)],
    "hexagons": [polygon((80, 100), 30, 6), polygon((100, 138), 28, 6, 15)],
    "squares": [polygon((80, 100), 34, 4, 45), polygon((105, 140), 34, 4, 70)],
    "crossing rods": [rectangle(SHAPE, (90, 120), 120, 26), rectangle(SHAPE, (90, 120), 120, 26, 80)],
    "a square and a disc": [polygon((80, 100), 34, 4, 45), disc(SHAPE, (80, 142), 52)],
}


@pytest.mark.parametrize("name", PAIRS)
def test_two_convex_ones_are_told_apart(name: str) -> None:
    found = parted(PAIRS[name])
    assert len(found) == 2
    for mask in PAIRS[name]:
        assert max(iou(one, candidate(mask)) for one in found) > 0.85
    assert {one.score for one in found} == {0.8}


def test_what_is_no_larger_than_single_particles_stays_whole() -> None:
    """Noise dents the outlines of some particles of a picture, and not those of others."""
    both = candidate(np.logical_or.reduce(PAIRS["ellipses side by side"]))
    as_large = [candidate(ellipse(SHAPE, (280, 60 + 40 * i), 72, 62)) for i in range(LEAST_WHOLE)]
    assert as_large[0].area_px < both.area_px < 1.2 * as_large[0].area_px
    (found,) = parted(PAIRS["ellipses side by side"], as_large)
    assert iou(found, both) == 1


def test_a_chain_is_told_apart_and_nothing_of_it_is_lost() -> None:
    chain = [ellipse(SHAPE, (90 + 12 * (i % 2), 60 + 42 * i), 54, 44, 30 * i) for i in range(6)]
    found = parted(chain)
    assert len(found) == 6
    whole = np.logical_or.reduce(chain)
    covered = np.zeros(SHAPE, dtype=np.bool_)
    for one in found:
        covered[one.bbox.slices] |= one.mask
        assert one.area_px == np.count_nonzero(one.mask)
    assert np.array_equal(covered, whole)


def test_two_that_share_most_of_their_area_are_two() -> None:
    cross = [ellipse(SHAPE, (90, 120), 96, 64, 20), ellipse(SHAPE, (90, 120), 96, 64, 110)]
    found = parted(cross)
    assert len(found) == 2
    assert iou(*found) > 0.5


def test_a_particle_in_pieces_that_lie_apart_stays_whole() -> None:
    masks = [*PAIRS["hexagons"], disc(SHAPE, (150, 300), 40)]
    (found,) = parted(masks)
    assert found.area_px == np.count_nonzero(np.logical_or.reduce(masks))


def test_an_ellipse_tells_what_lies_beneath_another() -> None:
    """All that is seen of the smaller one is a cap; its hull alone would be a third of it."""
    front, behind = ellipse(SHAPE, (90, 100), 80, 60), disc(SHAPE, (90, 142), 50)
    found = parted([front, behind])
    assert len(found) == 2
    for mask in (front, behind):
        assert max(iou(one, candidate(mask)) for one in found) > 0.92


def crescent() -> Mask:
    return disc(SHAPE, (90, 120), 80) & ~disc(SHAPE, (90, 150), 60)


def ragged() -> Mask:
    rng = np.random.default_rng(3)
    angles = 2 * np.pi * np.arange(60) / 60
    reach = 40 + rng.normal(0, 5, 60)
    drawn = np.zeros(SHAPE, dtype=np.uint8)
    points = np.column_stack([120 + reach * np.cos(angles), 90 + reach * np.sin(angles)])
    cv2.fillPoly(drawn, [np.rint(points).astype(np.int32)], 1)
    return drawn.view(np.bool_)


@pytest.mark.parametrize("mask", [crescent(), ragged(), rectangle(SHAPE, (90, 120), 120, 30, 20), polygon((90, 120), 40, 3)])
def test_what_is_one_stays_whole(mask: Mask) -> None:
    (found,) = parted([mask])
    assert found.area_px == np.count_nonzero(mask)


def bone(y: float, x: float) -> Mask:
    return disc(SHAPE, (y, x - 14), 36) | disc(SHAPE, (y, x + 14), 36)


def test_where_dents_are_the_shape_of_particles_they_stay_whole() -> None:
    bones = [candidate(bone(40 + 60 * row, 60 + 100 * column)) for row in range(2) for column in range(5)]
    assert all(is_dented(one, 25) for one in bones)
    together = [*bones, *beside(12)]
    assert part_convex(together, SHAPE) == together
    # One of them among many others is two.
    assert len(part_convex([bones[0], *beside(12)], SHAPE)) == 14


def test_what_is_too_small_to_have_dents_has_no_say() -> None:
    bones = [candidate(bone(40 + 60 * row, 60 + 100 * column)) for row in range(2) for column in range(5)]
    specks = [candidate(disc(SHAPE, (180 + 20 * row, 20 + 40 * column), 9)) for row in range(4) for column in range(12)]
    assert part_convex([*bones, *specks], SHAPE) == [*bones, *specks]


def test_few_particles_tell_nothing_of_what_is_usual() -> None:
    (found,) = parted(PAIRS["hexagons"], beside(LEAST_WHOLE - 1))
    assert found.area_px == np.count_nonzero(np.logical_or.reduce(PAIRS["hexagons"]))


def test_pieces_that_are_too_small_are_parts_of_a_particle() -> None:
    whole = [disc(SHAPE, (90, 120), 60), disc(SHAPE, (90, 152), 18)]
    (found,) = parted(whole)
    assert found.area_px == np.count_nonzero(np.logical_or.reduce(whole))


def test_one_that_was_found_already_stays_once() -> None:
    first, second = PAIRS["hexagons"]
    known, both = candidate(second, 0.9), candidate(first | second)
    found = part_convex([both, known, *beside()], SHAPE)
    assert len(found) == 2 + LEAST_WHOLE
    assert known in found


def test_what_lies_beside_another_is_completed_within_the_foreground_alone() -> None:
    """The valley between them cut it; of what lies beneath the other one an ellipse tells."""
    first, second, third = (disc(SHAPE, (90, x), 56) for x in (100, 144, 190))
    cut = candidate((second | third) & ~first)
    found = part_convex([candidate(first), cut, *beside()], SHAPE)
    assert len(found) == 3 + LEAST_WHOLE
    for mask in (first, second, third):
        assert max(iou(one, candidate(mask)) for one in found) > 0.85


def test_the_steps_of_an_enlarged_outline_are_no_dents() -> None:
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:100, :100]
    field = 22 - np.hypot(rows - 50, columns - 50) + cv2.GaussianBlur(rng.normal(0, 2.5, (100, 100)), (0, 0), 1)
    enlarged = candidate(np.kron(field > 0, np.ones((3, 3), dtype=np.bool_)))
    assert not is_dented(enlarged, 60)
    # How deep they are does not depend on how large all that was found as one is.
    row = [disc(SHAPE, (90, 60 + 50 * i), 60) for i in range(9)]
    assert is_dented(candidate(np.logical_or.reduce(row)), 30)
    assert dent_of(candidate(rectangle(SHAPE, (90, 120), 60, 1)), 30) == 0


def test_an_ellipse_is_known_from_a_third_of_it() -> None:
    angles = np.linspace(0.2, 0.2 + 2 * np.pi / 3, 50)
    along, across = 40 * np.cos(angles), 24 * np.sin(angles)
    turned = np.deg2rad(30)
    points = np.column_stack(
        [100 + along * np.cos(turned) - across * np.sin(turned), 70 + along * np.sin(turned) + across * np.cos(turned)]
    )
    found = ellipse_through(points)
    assert found is not None
    assert (found.x, found.y) == pytest.approx((100, 70), abs=0.2)
    assert (max(found.a, found.b), min(found.a, found.b)) == pytest.approx((40.45, 24.45), abs=0.2)
    assert found.misfit < 0.6
    assert 110 <= found.seen_deg <= 135
    assert found.part_in(found.drawn((200, 200))) == pytest.approx(1, abs=0.02)
    assert np.count_nonzero(found.drawn((200, 200))) == pytest.approx(np.pi * found.radius**2, rel=0.01)
    assert found.part_in(np.zeros((200, 200), dtype=np.bool_)) == 0


def test_a_line_is_no_ellipse_and_a_flat_arc_is_a_circle() -> None:
    assert ellipse_through(np.column_stack([np.arange(20.0), 2 * np.arange(20.0)])) is None
    assert ellipse_through(np.zeros((3, 2))) is None
    angles = np.linspace(0, 0.5, 40)
    arc = ellipse_through(np.column_stack([60 * np.cos(angles), 60 * np.sin(angles)]))
    assert arc is not None
    assert max(arc.a, arc.b) <= 2.5 * min(arc.a, arc.b)


def test_nothing_is_made_of_nothing() -> None:
    assert part_convex([], SHAPE) == []


def test_an_outline_of_too_many_arcs_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convex_parts, "MOST_ARCS", 1)
    assert len(parted(PAIRS["hexagons"])) == 1


def test_the_user_can_stop_it() -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        part_convex([candidate(np.logical_or.reduce(PAIRS["hexagons"])), *beside()], SHAPE, cancel=token)
