"""Masks on a sheet stay apart, and every pixel is known to be whose it is."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lycurgus.core.sheet import sheet_of

shapes = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=1, max_size=30)


@given(shapes=shapes, margin=st.integers(0, 3))
@settings(max_examples=60, derandomize=True, deadline=None)
def test_masks_share_no_pixel_and_no_neighbours(shapes: list[tuple[int, int]], margin: int) -> None:
    sheet, layout = sheet_of([np.ones(shape, dtype=bool) for shape in shapes], margin=margin)
    assert sheet.sum() == sum(height * width for height, width in shapes)
    ids = np.full((layout.shape[0] + 1, layout.shape[1] + 1), -1)
    for number, box in enumerate(layout.crops(ids)):
        assert (box == -1).all()
        assert box.shape == (shapes[number][0] + 2 * margin, shapes[number][1] + 2 * margin)
        box[:] = number
    for here, there in ((np.s_[:-1, :], np.s_[1:, :]), (np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1, :-1], np.s_[1:, 1:])):
        touching = (ids[here] >= 0) & (ids[there] >= 0)
        assert (ids[here] == ids[there])[touching].all()
    y, x = np.nonzero(ids >= 0)
    np.testing.assert_array_equal(layout.owners(y, x), ids[y, x])


@given(shapes=shapes, seed=st.integers(0, 1000), margin=st.integers(0, 3))
@settings(max_examples=40, derandomize=True, deadline=None)
def test_masks_come_back_as_they_went(shapes: list[tuple[int, int]], seed: int, margin: int) -> None:
    rng = np.random.default_rng(seed)
    masks = [rng.random(shape) < 0.5 for shape in shapes]
    sheet, layout = sheet_of(masks, margin=margin)
    for mask, box in zip(masks, layout.crops(sheet), strict=True):
        np.testing.assert_array_equal(np.pad(mask, margin), box)
