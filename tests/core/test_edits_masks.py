"""Masks cut and joined, where they are in pieces already."""

from __future__ import annotations

import numpy as np
import pytest

from lycurgus.core.errors import EditError
from lycurgus.core.mask_surgery import WIDEST_GAP_PX, cut, joined
from shapes import instance_of

SHAPE = (40, 80)


def blocks(*corners: tuple[int, int, int, int]) -> np.ndarray:
    mask = np.zeros(SHAPE, dtype=np.bool_)
    for y0, x0, y1, x1 in corners:
        mask[y0:y1, x0:x1] = True
    return mask


def test_a_line_that_separates_nothing_is_refused_even_where_the_mask_is_in_two_pieces() -> None:
    apart = instance_of(blocks((10, 10, 20, 20), (10, 40, 20, 50)))
    for line in ([(0, 30), (39, 30)], [(0, 15), (14, 15)]):
        with pytest.raises(EditError):
            cut(apart, line, least_px=5)
    assert len(cut(apart, [(0, 15), (39, 15)], least_px=5)) == 3


def test_a_crumb_that_hangs_on_nothing_goes_to_the_nearest_part() -> None:
    crumbs = instance_of(blocks((10, 10, 30, 30), (10, 33, 11, 34), (29, 33, 30, 34)))
    upper, lower = cut(crumbs, [(20, 0), (20, 60)], least_px=20)
    assert upper.area_px + lower.area_px == crumbs.area_px
    assert (upper.bbox.x1, lower.bbox.x1) == (34, 34)


def test_a_cut_across_a_ring_needs_both_sides() -> None:
    ring = blocks((5, 5, 35, 35)) & ~blocks((15, 15, 25, 25))
    with pytest.raises(EditError):
        cut(instance_of(ring), [(0, 20), (20, 20)], least_px=5)
    assert len(cut(instance_of(ring), [(0, 20), (39, 20)], least_px=5)) == 2


def test_pieces_that_touch_at_a_corner_need_no_bridge() -> None:
    whole = joined([instance_of(blocks((5, 5, 15, 15))), instance_of(blocks((15, 15, 25, 25)))])
    assert whole.area_px == 200


@pytest.mark.parametrize("gap", range(1, WIDEST_GAP_PX + 1))
def test_gaps_up_to_the_widest_are_closed(gap: int) -> None:
    left, right = blocks((10, 10, 30, 30)), blocks((10, 30 + gap, 30, 50 + gap))
    whole = joined([instance_of(left), instance_of(right)])
    assert 800 < whole.area_px <= 800 + 20 * gap


def test_a_wider_gap_is_not_closed() -> None:
    with pytest.raises(EditError, match="apart"):
        joined([instance_of(blocks((10, 10, 30, 30))), instance_of(blocks((10, 31 + WIDEST_GAP_PX, 30, 60)))])


def test_a_chain_is_joined_link_by_link() -> None:
    links = [instance_of(blocks((10, x, 20, x + 10))) for x in (40, 10, 51, 21)]
    with pytest.raises(EditError):
        joined([links[0], links[1]])
    assert joined([*links, instance_of(blocks((10, 30, 20, 41)))]).bbox == (10, 10, 20, 61)
