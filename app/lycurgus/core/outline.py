"""The sub-pixel outline of a mask: traced along pixel sides, smoothed, and what follows from it (convexity, polygon).

An outline runs through the midpoints of the pixel sides that separate inside from outside. For an edge at any angle these midpoints lie
on the true edge on average, but they zigzag around it; a binomial average along the outline takes the zigzag away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from lycurgus.core.ragged import Counts, following, rings, starts_of
from lycurgus.core.types import BBox, Mask

Points = NDArray[np.float64]
Chain = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Outlines:
    """The closed outlines of several masks, end to end; x + iy, each in its own mask's coordinates.

    Attributes
    ----------
    sides : complex128, midpoints of the pixel sides between inside and outside, in order along each outline.
    points : complex128, the same, smoothed.
    counts : midpoints of each mask.
    pixels : for each mask the pixels at its outer border, (n, 1, 2) int32 (x, y) as OpenCV has them.
    """

    sides: NDArray[np.complex128]
    points: NDArray[np.complex128]
    counts: Counts
    pixels: tuple[Chain, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """The closed outline of one mask, in the mask's own coordinates: the centre of its first pixel is the origin.

    Attributes
    ----------
    sides : (n, 2) float64 (y, x), the midpoints of the pixel sides between inside and outside, in order.
    points : (n, 2) float64 (y, x), the same, smoothed along the outline.
    """

    sides: Points
    points: Points


def trace(mask: Mask) -> Outline:
    """Follow the outer outline of a mask; holes do not count.

    Parameters
    ----------
    mask : (h, w) bool with at least one pixel set; it may touch the edges of its array. Pieces that hang together nowhere are joined
        by bridges without width where they are closest, so that every mask has one outline.

    Raises
    ------
    ValueError
        The mask is empty.
    """
    outlines = trace_all([mask])
    return Outline(_as_yx(outlines.sides), _as_yx(outlines.points))


def polygon(mask: Mask, bbox: BBox) -> Points:
    """Sub-pixel outline in image coordinates, for overlays and exported regions.

    Returns
    -------
    (n, 2) float64 (y, x); pixel centres lie on whole numbers; the first point is not repeated at the end.
    """
    return _as_yx(trace_all([mask]).points + complex(bbox.x0, bbox.y0))


def convexity(mask: Mask) -> float:
    """Perimeter of the convex hull over the perimeter: 1 for a convex shape of any size, 0.82 for two equal discs that touch.

    Both are taken from the smoothed outline, so that what smoothing takes from the corners cancels. A digitised convex shape gives
    0.99 ... 1 at every size and angle.

    Parameters
    ----------
    mask : (h, w) bool with at least one pixel set.
    """
    chains = _chains(mask)
    sides = _sides(chains[0]) if len(chains) == 1 else _joined([_sides(chain) for chain in chains])
    around = np.concatenate([sides[-_REACH:], sides, sides[:_REACH]])  # even a single pixel has more sides than the weights reach
    points = np.convolve(around, _WEIGHTS, "valid").astype(np.complex64).view(np.float32).reshape(-1, 1, 2)
    return float(cv2.arcLength(cv2.convexHull(points), True) / cv2.arcLength(points, True))


def trace_all(masks: Sequence[Mask]) -> Outlines:
    """Follow the outer outlines of many masks at once.

    Raises
    ------
    ValueError
        A mask is empty.
    """
    chains_of_masks = [_chains(mask) for mask in masks]
    chains = [chain for chains in chains_of_masks for chain in chains]
    sides, counts = _all_sides(chains)
    if len(chains) > len(masks):
        sides, counts = _join_pieces(sides, counts, [len(chains) for chains in chains_of_masks])
    pixels = tuple(chains[0] if len(chains) == 1 else np.concatenate(chains) for chains in chains_of_masks)
    return Outlines(sides, _smooth(sides, counts), counts, pixels)


def along(chains: Sequence[Chain]) -> Outlines:
    """Outlines of masks that OpenCV has been around already: one closed chain of border pixels each."""
    sides, counts = _all_sides(chains)
    return Outlines(sides, _smooth(sides, counts), counts, tuple(chains))


def convexities(outlines: Outlines, scale: tuple[float, float] = (1.0, 1.0)) -> NDArray[np.float64]:
    """Convexity of many outlines; see ``convexity``.

    Parameters
    ----------
    scale : size of a pixel in y and in x.
    """
    points = outlines.points.real * scale[1] + 1j * outlines.points.imag * scale[0]
    perimeters = np.add.reduceat(np.abs(points[following(outlines.counts)] - points), starts_of(outlines.counts))
    single = points.astype(np.complex64).view(np.float32).reshape(-1, 1, 2)
    ends = np.cumsum(outlines.counts).tolist()
    hulls = [
        cv2.arcLength(cv2.convexHull(single[end - count : end]), True) for end, count in zip(ends, outlines.counts.tolist(), strict=True)
    ]
    return np.asarray(np.array(hulls) / perimeters)


# Binomial weights: they damp every wave along the outline and the zigzag of single steps entirely.
_WEIGHTS = np.array([1, 6, 15, 20, 15, 6, 1]) / 64
_REACH = len(_WEIGHTS) // 2

# Directions of a step, counter-clockwise on the screen from +x, as x + iy with y downwards.
_STEPS = np.array([1, 1 - 1j, -1j, -1 - 1j, -1, -1 + 1j, 1j, 1 + 1j])
_KEY = np.array([1, 3], dtype=np.int32)  # x + 3 y turns each of the nine possible steps into a number of its own, -4 ... 4


def _side_table() -> tuple[NDArray[np.complex128], NDArray[np.bool_]]:
    """Midpoints of the sides that lie outside between a step in and a step out (row 9 in + out), and which of the four exist.

    OpenCV follows an outline by turning counter-clockwise around a pixel from where it came until it meets the next one: what it
    passes on the way lies outside.
    """
    midpoints = np.zeros((81, 4), dtype=np.complex128)
    exists = np.zeros((81, 4), dtype=np.bool_)
    key = [int(step.real + 3 * step.imag) + 4 for step in _STEPS]
    for step_in in range(8):
        for step_out in range(8):
            came_from = step_in + 4
            turn = (step_out - came_from) % 8 or 8
            sides = [k % 8 for k in range(came_from + 1, came_from + turn) if k % 2 == 0]
            row = 9 * key[step_in] + key[step_out]
            midpoints[row, : len(sides)] = _STEPS[sides] / 2
            exists[row, : len(sides)] = True
    midpoints[9 * 4 + 4] = _STEPS[::2] / 2  # a pixel alone steps nowhere and has all four sides
    exists[9 * 4 + 4] = True
    return midpoints, exists


_SIDES, _SIDE_EXISTS = _side_table()


def _chains(mask: Mask) -> Sequence[Chain]:
    chains, _ = cv2.findContours(np.ascontiguousarray(mask).view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not chains:
        raise ValueError("an empty mask has no outline")
    return cast("Sequence[Chain]", chains)


def _sides(chain: Chain) -> NDArray[np.complex128]:
    """Side midpoints of one chain; the same as ``_all_sides`` without its bookkeeping, which would cost more than the work."""
    pixels = chain.reshape(-1, 2)
    key = pixels @ _KEY
    step = np.empty(len(key) + 1, dtype=np.int32)
    np.subtract(key[1:], key[:-1], out=step[1:-1])
    step[0] = step[-1] = key[0] - key[-1]
    turn = 9 * step[:-1] + step[1:] + 40
    centre = pixels.astype(np.float64).view(np.complex128)
    return np.asarray((centre + _SIDES.take(turn, axis=0))[_SIDE_EXISTS.take(turn, axis=0)])


def _all_sides(chains: Sequence[Chain]) -> tuple[NDArray[np.complex128], Counts]:
    """Side midpoints of all chains, end to end, and how many each has."""
    lengths = np.array([len(chain) for chain in chains], dtype=np.intp)
    pixels = np.concatenate(chains).reshape(-1, 2)
    key = pixels @ _KEY
    after = following(lengths)
    step_out = key[after] - key
    step_in = np.empty_like(step_out)
    step_in[after] = step_out
    turn = 9 * step_in + step_out + 40
    exists = _SIDE_EXISTS.take(turn, axis=0)
    sides = (pixels.astype(np.float64).view(np.complex128) + _SIDES.take(turn, axis=0))[exists]
    counts = np.add.reduceat(exists.sum(axis=1), np.cumsum(lengths) - lengths)
    return sides, counts.astype(np.intp)


def _smooth(sides: NDArray[np.complex128], counts: Counts) -> NDArray[np.complex128]:
    index, own = rings(counts, _REACH)
    return np.convolve(sides[index], _WEIGHTS, "same")[own]


def _join_pieces(sides: NDArray[np.complex128], counts: Counts, pieces: Sequence[int]) -> tuple[NDArray[np.complex128], Counts]:
    """Make one outline of the outlines of each mask's pieces."""
    curves = iter(np.split(sides, np.cumsum(counts)[:-1]))
    whole = [_joined([next(curves) for _ in range(number)]) for number in pieces]
    return np.concatenate(whole), np.array([len(curve) for curve in whole], dtype=np.intp)


def _joined(curves: list[NDArray[np.complex128]]) -> NDArray[np.complex128]:
    """Join closed curves, nearest first, by going over to the next one where it is closest and back again."""
    whole, *rest = curves
    while rest:
        tree = KDTree(_as_yx(whole))
        gaps = [tree.query(_as_yx(curve)) for curve in rest]
        nearest = int(np.argmin([distance.min() for distance, _ in gaps]))
        distance, partner = gaps[nearest]
        j = int(distance.argmin())
        i = int(partner[j])
        curve = rest.pop(nearest)
        whole = np.concatenate([whole[: i + 1], curve[j:], curve[: j + 1], whole[i:]])
    return whole


def _as_yx(curve: NDArray[np.complex128]) -> Points:
    return np.column_stack([curve.imag, curve.real])
