"""Thousands of outlines drawn as one picture by OpenCV, which does it in a frame's time where a painter of paths takes seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.ragged import starts_of
from lycurgus.exporters import palette
from lycurgus.ui.viewer.colouring import Dash, LineStyle

Canvas = NDArray[np.uint8]
FloatPoints = NDArray[np.float64]

SUBPIXEL_BITS = 4
POINT_DISTANCE = 2.0
"""Outlines are thinned until their points lie about so many device pixels apart: closer ones are not seen and cost time."""

FEWEST_POINTS = 8
FILL_ALPHA = 0.45
PATTERNS: dict[Dash, tuple[float, float]] = {"dashed": (5.0, 4.0), "long": (11.0, 4.0), "dotted": (1.5, 3.0)}
"""Length of dash and gap in line widths."""


@dataclass(frozen=True, slots=True)
class Window:
    """The piece of the image that is drawn.

    Attributes
    ----------
    y, x : image coordinates of the upper left corner of the raster.
    scale : device pixels per image pixel.
    width, height : of the raster, device pixels.
    """

    y: float
    x: float
    scale: float
    width: int
    height: int


class OutlineSet:
    """Outlines end to end, with thinned copies for views from afar.

    Parameters
    ----------
    outlines : for each particle (n, 2) float64 (x, y).
    """

    def __init__(self, outlines: Sequence[FloatPoints] = ()) -> None:
        self.counts = np.array([len(points) for points in outlines], dtype=np.intp)
        self.points = np.concatenate(outlines).astype(np.float32) if outlines else np.zeros((0, 2), np.float32)
        none = np.zeros((0, 2), np.float32)
        self.lows = np.minimum.reduceat(self.points, starts_of(self.counts)) if outlines else none
        self.highs = np.maximum.reduceat(self.points, starts_of(self.counts)) if outlines else none
        self._thinned: dict[int, tuple[NDArray[np.float32], NDArray[np.intp]]] = {}

    def __len__(self) -> int:
        return len(self.counts)

    def visible(self, window: Window) -> NDArray[np.bool_]:
        """Tell for each outline whether it may lie in the window."""
        far_y, far_x = window.y + window.height / window.scale, window.x + window.width / window.scale
        near = (self.highs >= (window.x, window.y)) & (self.lows <= (far_x, far_y))
        return np.asarray(near.all(axis=1))

    def thinned(self, scale: float) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
        """Return points and counts with no more detail than is seen at this scale."""
        step = 1
        while step < 64 and 1.5 * step * scale < POINT_DISTANCE:
            step *= 2
        if step not in self._thinned:
            self._thinned[step] = self._every(step)
        return self._thinned[step]

    def _every(self, step: int) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
        if step == 1 or not len(self):
            return self.points, self.counts
        steps = np.clip(self.counts // FEWEST_POINTS, 1, step)
        within = np.arange(len(self.points)) - np.repeat(starts_of(self.counts), self.counts)
        return self.points[within % np.repeat(steps, self.counts) == 0], -(-self.counts // steps)


def draw(
    canvas: Canvas, outlines: OutlineSet, window: Window, members: NDArray[np.intp], style: LineStyle, *, width: float, fill: bool = False
) -> None:
    """Draw some of the outlines.

    Parameters
    ----------
    canvas : (h, w, 4) uint8, blue, green, red, alpha, colours multiplied by alpha.
    members : indices of the outlines.
    width : of the line in device pixels.
    fill : tint what lies inside.
    """
    members = members[outlines.visible(window)[members]]
    if not members.size:
        return
    points, counts = outlines.thinned(window.scale)
    starts = starts_of(counts)[members]
    counts = counts[members]
    chosen = points[np.repeat(starts - starts_of(counts), counts) + np.arange(counts.sum())].astype(np.float64)
    # Pixel centres lie on whole numbers for OpenCV too; the window's corner is half a pixel before the first centre.
    on_canvas = (chosen - (window.x, window.y)) * window.scale - 0.5
    if fill:
        for shape in _rows(_fixed_point(on_canvas), counts):
            cv2.fillPoly(canvas, [shape], _premultiplied(style.colour, FILL_ALPHA), cv2.LINE_8, SUBPIXEL_BITS)
    if style.dash == "solid":
        _stroke(canvas, on_canvas, counts, style.colour, width, closed=True)
    else:
        pieces = dashes(on_canvas, counts, PATTERNS[style.dash], width)
        inside = (pieces >= -width) & (pieces <= np.array([window.width + width, window.height + width]))
        in_sight = np.any(inside.all(axis=2), axis=1)
        seen = pieces[in_sight]
        _stroke(canvas, seen.reshape(-1, 2), np.full(len(seen), seen.shape[1]), style.colour, width, closed=False)


def add_halo(canvas: Canvas) -> None:
    """Put a dark rim, half transparent, around what is drawn, so that it is seen on bright ground too."""
    alpha = canvas[..., 3]
    halo: Canvas = np.asarray(cv2.dilate(alpha, np.ones((3, 3), np.uint8)), np.uint8)
    # Black multiplied by its alpha is nothing: only the alpha changes.
    np.maximum(alpha, halo >> 1, out=alpha)


def dashes(points: FloatPoints, counts: NDArray[np.intp], pattern: tuple[float, float], width: float) -> FloatPoints:
    """Cut closed outlines into dashes, all outlines at once.

    Returns
    -------
    (m, 4, 2) float64: four points of each dash.
    """
    starts = starts_of(counts)
    # Each outline gets its first point again at its end; the step from there to the next outline counts as 1, so that no dash lies on it.
    closed = points[np.insert(np.arange(len(points)), starts + counts, starts)]
    lengths = np.hypot(*np.diff(closed, axis=0).T)
    lengths[(np.cumsum(counts + 1) - 1)[:-1]] = 1.0
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    first = along[starts_of(counts + 1)]
    whole = along[np.cumsum(counts + 1) - 1] - first
    unit = max(1.0, width)
    period = (pattern[0] + pattern[1]) * unit
    numbers = np.maximum(2, np.rint(whole / period)).astype(np.intp)
    each = np.repeat(np.arange(len(counts)), numbers)
    position = np.arange(numbers.sum()) - np.repeat(starts_of(numbers), numbers)
    step = (whole / numbers)[each]
    share = pattern[0] / (pattern[0] + pattern[1])
    at = (first[each] + position * step)[:, None] + np.linspace(0, share, 4) * step[:, None]
    return np.stack([np.interp(at, along, closed[:, axis]) for axis in (0, 1)], axis=-1)


def _stroke(canvas: Canvas, points: FloatPoints, counts: NDArray[np.intp], colour: palette.Colour, width: float, *, closed: bool) -> None:
    # OpenCV's smoothed line of width 1 is a quarter wider than that.
    thickness = max(1, round(width - 0.1))
    ink = _premultiplied(colour, 1.0)
    if thickness == 1:
        cv2.polylines(canvas, _rows(_fixed_point(points), counts), closed, ink, 1, cv2.LINE_AA, SUBPIXEL_BITS)
        return
    # OpenCV's thick smoothed lines are nearly twice as thick as they should be and ten times slower than thin ones: thin lines are
    # spread instead, on the part of the canvas where they lie.
    part = _around(points, canvas, margin=thickness + 2)
    corner = (part[1].start, part[0].start)
    thin = np.zeros_like(canvas[part])
    shift = 0.0 if thickness % 2 else 0.5
    cv2.polylines(thin, _rows(_fixed_point(points - corner - shift), counts), closed, ink, 1, cv2.LINE_AA, SUBPIXEL_BITS)
    if thin.size:
        # With an even width there is no middle: the lines were shifted by half a pixel to come out where they belong.
        thick = cv2.dilate(thin, _round_kernel(thickness), anchor=(thickness // 2, thickness // 2))
        np.maximum(canvas[part], thick, out=canvas[part])


def _round_kernel(width: int) -> Canvas:
    y, x = np.indices((width, width)) - (width - 1) / 2
    return np.asarray(np.hypot(y, x) < (width - 1) / 2 + 0.3, np.uint8)


def _around(points: FloatPoints, canvas: Canvas, *, margin: int) -> tuple[slice, slice]:
    """Return the part of a canvas that these points (x, y) lie on."""
    limits = np.array([canvas.shape[1], canvas.shape[0]])
    low = np.clip(np.floor(points.min(axis=0)) - margin, 0, limits).astype(int)
    high = np.clip(np.ceil(points.max(axis=0)) + margin + 1, low, limits).astype(int)
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))


def _premultiplied(colour: palette.Colour, alpha: float) -> tuple[float, float, float, float]:
    red, green, blue = colour
    return blue * alpha, green * alpha, red * alpha, 255 * alpha


def _rows(points: NDArray[np.int32], counts: NDArray[np.intp]) -> list[NDArray[np.int32]]:
    ends: list[int] = np.cumsum(counts).tolist()
    return [points[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def _fixed_point(points: FloatPoints) -> NDArray[np.int32]:
    return np.rint(np.clip(points, -1e6, 1e6) * (1 << SUBPIXEL_BITS)).astype(np.int32)
