"""Many small masks side by side on one plane, so that one call of OpenCV works on all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import Mask

Indices = NDArray[np.intp]
T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Where masks lie on a sheet: in rows, the tallest first, with a pixel of background between them.

    Attributes
    ----------
    shape : (H, W) of the sheet.
    y0, x0, heights, widths : (n,) intp, the box of each mask on the sheet.
    """

    shape: tuple[int, int]
    y0: Indices
    x0: Indices
    heights: Indices
    widths: Indices
    _order: Indices
    _starts: Indices
    _row_tops: Indices
    _row_starts: Indices

    def crops(self, sheet: NDArray[T]) -> Iterator[NDArray[T]]:
        """Yield views of the boxes, mask by mask."""
        boxes = zip(self.y0.tolist(), self.x0.tolist(), self.heights.tolist(), self.widths.tolist(), strict=True)
        for y0, x0, height, width in boxes:
            yield sheet[y0 : y0 + height, x0 : x0 + width]

    def owners(self, y: NDArray[np.integer[Any]], x: NDArray[np.integer[Any]]) -> Indices:
        """Tell for pixels of the sheet that lie in the boxes of masks whose boxes those are."""
        row = np.searchsorted(self._row_tops, y, side="right") - 1
        return self._order[np.searchsorted(self._starts, self._row_starts[row] + x, side="right") - 1]


def lay_out(heights: Indices, widths: Indices) -> Layout:
    """Find places for masks of these sizes in px on a sheet that is about as high as wide.

    Parameters
    ----------
    heights, widths : (n,) with n and all sizes at least 1.
    """
    order = np.argsort(-heights, kind="stable")
    height, width = heights[order] + 1, widths[order] + 1
    starts = np.cumsum(width) - width
    row = starts // max(isqrt(int((height * width).sum())), 1)
    first = np.flatnonzero(np.diff(row, prepend=-1))
    row = np.cumsum(np.diff(row, prepend=-1) > 0) - 1
    tops = np.cumsum(height[first]) - height[first]
    left = starts - starts[first][row]
    y0, x0 = np.empty((2, len(order)), dtype=np.intp)
    y0[order], x0[order] = tops[row], left
    shape = int(tops[-1] + height[first[-1]]), int((left + width).max())
    return Layout(shape, y0, x0, heights, widths, order, starts, tops, starts[first])


def sheet_of(masks: Sequence[Mask | NDArray[np.uint8]], *, margin: int = 0) -> tuple[NDArray[np.uint8], Layout]:
    """Copy masks onto a sheet.

    Parameters
    ----------
    masks : (h, w) each, at least one; bool, or uint8 that is 0 or 1.
    margin : px of background around each mask that belong to its box.

    Returns
    -------
    The sheet, 0 or 1, and the layout of the boxes.
    """
    heights, widths = np.array([mask.shape for mask in masks], dtype=np.intp).T + 2 * margin
    layout = lay_out(heights, widths)
    sheet = np.zeros(layout.shape, dtype=np.uint8)
    inner = sheet[margin:, margin:]
    corners = zip(layout.y0.tolist(), layout.x0.tolist(), strict=True)
    for mask, (y0, x0) in zip(masks, corners, strict=True):
        height, width = mask.shape
        inner[y0 : y0 + height, x0 : x0 + width] = mask.view(np.uint8)
    return sheet, layout
