"""Large pictures in overlapping parts, so that a network's memory does not grow with them, and put together without seams.

Every part starts at a multiple of the network's stride, and each pixel's result is taken from a part that shows at least a certain
margin around it, or all there is at the picture's edge. Where the margin covers what the network looks at, the result is the same as
that of the whole picture at once, wherever the parts lie.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.progress import CancelToken, Progress, never, silent

Predict = Callable[[NDArray[np.float32]], Mapping[str, NDArray[np.floating]]]
"""(N, 1, h, w) float32 -> name -> (N, C, h / stride, w / stride)."""


@dataclass(frozen=True, slots=True)
class OutputPlane:
    """How one output of a network is kept.

    Attributes
    ----------
    stride : one pixel of it stands for this many of the input on either axis.
    dtype : half precision where the values allow it: a plane of 32 channels is the largest thing in memory.
    """

    channels: int
    stride: int = 1
    dtype: type[np.floating] = np.float32


@dataclass(frozen=True, slots=True)
class Layout:
    """How pictures are cut.

    Attributes
    ----------
    stride : sides and places of parts are multiples of it.
    context_px : least margin around what is taken from a part.
    tile_px : side of a part where the picture is larger.
    whole_px : pictures of no more pixels than the square of this are not cut.
    batch : parts that go through the network together.
    offset_px : by how much (y, x) the grid of parts is shifted; the results are the same for any.
    """

    stride: int
    context_px: int
    tile_px: int = 1536
    whole_px: int = 2048
    batch: int = 1
    offset_px: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        if self.tile_px < 2 * _up(self.context_px, self.stride) + self.stride:
            object.__setattr__(self, "tile_px", 4 * _up(max(self.context_px, 1), self.stride))
        object.__setattr__(self, "tile_px", _up(self.tile_px, self.stride))


@dataclass(frozen=True, slots=True)
class Span:
    """One part along one axis: what the network sees, and what is taken from it, [start, stop) each."""

    start: int
    stop: int
    keep_start: int
    keep_stop: int


@dataclass(frozen=True, slots=True)
class Tile:
    """One part of a picture."""

    rows: Span
    columns: Span


def tiles_of(shape: tuple[int, int], layout: Layout) -> list[Tile]:
    """Cut a picture of a shape whose sides are multiples of the stride; all tiles are of one size."""
    height, width = shape
    if height * width <= layout.whole_px**2:
        rows, columns = [Span(0, height, 0, height)], [Span(0, width, 0, width)]
    else:
        rows, columns = (_spans(length, layout, offset) for length, offset in zip(shape, layout.offset_px, strict=True))
    return [Tile(row, column) for row in rows for column in columns]


def predict_tiled(
    plane: NDArray[np.float32],
    predict: Predict,
    outputs: Mapping[str, OutputPlane],
    layout: Layout,
    *,
    progress: Progress = silent,
    cancel: CancelToken = never,
) -> dict[str, NDArray[np.floating]]:
    """Run a network over a picture of any size.

    Parameters
    ----------
    plane : (H, W) float32, normalised. It is continued by reflection up to the next multiples of the stride.
    predict : the network.
    outputs : which of its outputs are wanted.
    progress : told "detect" and the number of tiles done.
    cancel : looked at between batches.

    Returns
    -------
    For each output (C, ceil(H / stride), ceil(W / stride)).

    Raises
    ------
    Cancelled
    """
    height, width = plane.shape
    padded = pad_to_multiple(plane, layout.stride)
    tiles = tiles_of((padded.shape[0], padded.shape[1]), layout)
    planes: dict[str, NDArray[np.floating]] = {
        name: np.empty((output.channels, -(-height // output.stride), -(-width // output.stride)), dtype=output.dtype)
        for name, output in outputs.items()
    }
    for first in range(0, len(tiles), layout.batch):
        cancel.check()
        progress("detect", first, len(tiles))
        batch = tiles[first : first + layout.batch]
        results = predict(_stack(padded, batch))
        for name, output in outputs.items():
            for tile, values in zip(batch, results[name], strict=True):
                _place(planes[name], values, tile, output.stride)
    return planes


def pad_to_multiple(plane: NDArray[np.float32], multiple: int) -> NDArray[np.float32]:
    """Continue a picture by reflection to the right and to the bottom until its sides are multiples of a number."""
    below, beside = (-side % multiple for side in plane.shape)
    return np.pad(plane, ((0, below), (0, beside)), mode="reflect") if below or beside else plane


def _spans(length: int, layout: Layout, offset: int) -> list[Span]:
    """Cut one axis: the kept pieces lie end to end, each in the middle of its part except at the picture's edges."""
    tile = min(layout.tile_px, length)
    if tile == length:
        return [Span(0, length, 0, length)]
    margin = _up(layout.context_px, layout.stride)
    step = tile - 2 * margin
    first = _up(offset % step, layout.stride) % step
    cuts = sorted({0, *range(first, length, step), length})
    spans = []
    for low, high in pairwise(cuts):
        start = min(max(low - margin, 0), length - tile)
        spans.append(Span(start, start + tile, low, high))
    return spans


def _stack(padded: NDArray[np.float32], batch: Sequence[Tile]) -> NDArray[np.float32]:
    return np.stack([padded[tile.rows.start : tile.rows.stop, tile.columns.start : tile.columns.stop] for tile in batch])[:, None]


def _place(plane: NDArray[np.floating], values: NDArray[np.floating], tile: Tile, stride: int) -> None:
    """Copy what is kept of one tile's output to its place; what lies beyond the picture is left out."""
    target = plane[:, *(slice(span.keep_start // stride, span.keep_stop // stride) for span in (tile.rows, tile.columns))]
    top, left = ((span.keep_start - span.start) // stride for span in (tile.rows, tile.columns))
    target[:] = values[:, top : top + target.shape[1], left : left + target.shape[2]]


def _up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
