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
import scipy  # parts of it load when they are first used, so that starting need not wait for them
from numpy.typing import NDArray

from lycurgus.core.ragged import Counts, following, starts_of
from lycurgus.core.sheet import sheet_of
from lycurgus.core.types import BBox, Mask

Points = NDArray[np.float64]
Curves = NDArray[np.complex64]  # exact: midpoints are halves and weights are 64ths, so single precision holds them up to 2 ** 17 px
Chain = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Outlines:
    """The closed outlines of several masks, end to end; x + iy, each in its own mask's coordinates.

    Attributes
    ----------
    sides : complex64, midpoints of the pixel sides between inside and outside, in order along each outline.
    points : complex64, the same, smoothed; exact like the sides.
    counts : midpoints of each mask.
    pixels : for each mask the pixels at its outer border, (n, 1, 2) int32 (x, y) as OpenCV has them.
    """

    sides: Curves
    points: Curves
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
    weights = _NARROW if len(sides) <= _SHORT else _WIDE
    points = np.convolve(around, weights, "valid").astype(np.complex64, copy=False).view(np.float32).reshape(-1, 1, 2)
    return float(cv2.arcLength(cv2.convexHull(points), True) / cv2.arcLength(points, True))


def trace_all(masks: Sequence[Mask]) -> Outlines:
    """Follow the outer outlines of many masks at once.

    Raises
    ------
    ValueError
        A mask is empty.
    """
    chains_of_masks = _chains_of(masks)
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


def convexities(outlines: Outlines, scale: tuple[float, float] = (1.0, 1.0), *, enough: float = 0.0) -> NDArray[np.float64]:
    """Convexity of many outlines; see ``convexity``.

    Parameters
    ----------
    scale : size of a pixel in y and in x.
    enough : where a bound tells on which side of this a shape lies, the bound is given instead: no hull is longer than a box around it,
        and none is shorter than the hull of some of its points.
    """
    first = starts_of(outlines.counts)
    points = outlines.points.view(np.float32).reshape(-1, 1, 2)
    if scale != (1.0, 1.0):
        points = points * np.array(scale[::-1], dtype=np.float32)
    values = np.full(len(first), np.inf)
    unsure = list(range(len(first)))
    if enough > 0:
        values = _longest_hulls(points, outlines.counts) / _perimeters(points, outlines.counts)
        unsure = np.flatnonzero(values >= enough).tolist()
    starts, ends = first.tolist(), (first + outlines.counts).tolist()
    for i in unsure:
        curve = points[starts[i] : ends[i]]
        perimeter = cv2.arcLength(curve, True)
        hull = 0.0
        if enough > 0 and values[i] > _PROMISING * enough:
            hull = cv2.arcLength(cv2.convexHull(np.ascontiguousarray(curve[::4])), True)
        if hull <= enough * perimeter:
            hull = cv2.arcLength(cv2.convexHull(curve), True)
        values[i] = hull / perimeter
    return values


def _perimeters(points: NDArray[np.float32], counts: Counts) -> NDArray[np.float64]:
    """Lengths of closed curves that lie end to end."""
    curve = points.reshape(-1, 2)
    step = curve[following(counts)] - curve
    return np.asarray(np.add.reduceat(np.sqrt(step[:, 0] * step[:, 0] + step[:, 1] * step[:, 1]), starts_of(counts), dtype=np.float64))


def _longest_hulls(points: NDArray[np.float32], counts: Counts) -> NDArray[np.float64]:
    """An upper bound of the perimeters of the convex hulls of closed curves that lie end to end, 1.3 % above that of a disc.

    It is the perimeter of the polygon of 16 equal angles around the hull: 2 tan(π / 16) times the sum of the widths in 8 directions.
    """
    first = starts_of(counts)
    # From their own first points, for projections lose digits far from the origin.
    x, y = (axis - np.repeat(axis[first], counts) for axis in points[:, 0].T)
    widths = np.zeros(len(first))
    for k in range(_DIRECTIONS):
        angle = np.pi * k / _DIRECTIONS
        along_k = x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle))
        widths += np.maximum.reduceat(along_k, first) - np.minimum.reduceat(along_k, first)
    return np.asarray(2 * np.tan(np.pi / (2 * _DIRECTIONS)) * (1 + _ROUNDING) * widths)


# Binomial weights damp the zigzag of single steps entirely. Short outlines get the narrower ones, which leave more of the notch between
# two small particles that touch; long outlines have longer steps to even out.
_NARROW = np.array([0, 1, 4, 6, 4, 1, 0], dtype=np.float32) / 16
_WIDE = np.array([1, 6, 15, 20, 15, 6, 1], dtype=np.float32) / 64
_ONE = np.ones(1, dtype=np.float32)
_REACH = len(_WIDE) // 2
_SHORT = 120

_DIRECTIONS = 8
_ROUNDING = 1e-5
_PROMISING = 1.02

_SMALL_PX, _SHEET_PX = 1 << 16, 1 << 22

# Directions of a step, counter-clockwise on the screen from +x, as x + iy with y downwards.
_STEPS = np.array([1, 1 - 1j, -1j, -1 - 1j, -1, -1 + 1j, 1j, 1 + 1j])
_KEY = np.array([1, 3], dtype=np.int32)  # x + 3 y turns each of the nine possible steps into a number of its own, -4 ... 4


def _side_table() -> tuple[Curves, NDArray[np.bool_]]:
    """Midpoints of the sides that lie outside between a step in and a step out (row 9 in + out), and which of the four exist.

    OpenCV follows an outline by turning counter-clockwise around a pixel from where it came until it meets the next one: what it
    passes on the way lies outside.
    """
    midpoints = np.zeros((81, 4), dtype=np.complex64)
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
_SIDE_COUNT = _SIDE_EXISTS.sum(axis=1)


def _chains(mask: Mask) -> Sequence[Chain]:
    chains, _ = cv2.findContours(np.ascontiguousarray(mask).view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not chains:
        raise ValueError("an empty mask has no outline")
    return cast("Sequence[Chain]", chains)


def _chains_of(masks: Sequence[Mask]) -> list[Sequence[Chain]]:
    """Chains of many masks, each in its mask's coordinates; small masks are followed together, for a call costs more than they do."""
    chains_of_masks: list[Sequence[Chain]] = [()] * len(masks)
    together: list[int] = []
    room = _SHEET_PX
    for i, mask in enumerate(masks):
        if mask.size > _SMALL_PX:
            chains_of_masks[i] = _chains(mask)
            continue
        together.append(i)
        room -= mask.size
        if room < 0:
            _follow_together(masks, together, chains_of_masks)
            together, room = [], _SHEET_PX
    _follow_together(masks, together, chains_of_masks)
    return chains_of_masks


def _follow_together(masks: Sequence[Mask], members: Sequence[int], chains_of_masks: list[Sequence[Chain]]) -> None:
    """Enter the chains of some masks into a list that has a place for each."""
    if not members:
        return
    if any(masks[i].size == 0 for i in members):
        raise ValueError("an empty mask has no outline")
    sheet, layout = sheet_of([masks[i] for i in members])
    chains = cv2.findContours(sheet, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    own: list[list[Chain]] = [[] for _ in members]
    if chains:
        owners = layout.owners(*np.array([chain[0, 0, ::-1] for chain in chains]).T)
        corners = np.stack([layout.x0, layout.y0], axis=1).astype(np.int32)[owners]
        for owner, corner, chain in zip(owners.tolist(), corners, cast("Sequence[Chain]", chains), strict=True):
            own[owner].append(chain - corner)
    for i, found in zip(members, own, strict=True):
        if not found:
            raise ValueError("an empty mask has no outline")
        chains_of_masks[i] = found


def _sides(chain: Chain) -> Curves:
    """Side midpoints of one chain; the same as ``_all_sides`` without its bookkeeping, which would cost more than the work."""
    pixels = chain.reshape(-1, 2)
    key = pixels @ _KEY
    step = np.empty(len(key) + 1, dtype=np.int32)
    np.subtract(key[1:], key[:-1], out=step[1:-1])
    step[0] = step[-1] = key[0] - key[-1]
    turn = 9 * step[:-1] + step[1:] + 40
    centre = pixels.astype(np.float32).view(np.complex64)
    return np.asarray((centre + _SIDES.take(turn, axis=0))[_SIDE_EXISTS.take(turn, axis=0)])


def _all_sides(chains: Sequence[Chain]) -> tuple[Curves, Counts]:
    """Side midpoints of all chains, end to end, and how many each has."""
    lengths = np.array([len(chain) for chain in chains], dtype=np.intp)
    pixels = np.concatenate(chains).reshape(-1, 2)
    first = starts_of(lengths)
    last = first + lengths - 1
    key = pixels[:, 0] + 3 * pixels[:, 1]
    step = np.empty(len(key) + 1, dtype=np.int32)
    np.subtract(key[1:], key[:-1], out=step[1:-1])
    step[last + 1] = key[first] - key[last]
    step_out = step[1:].copy()
    step[first] = step_out[last]
    turn = (9 * step[:-1] + step_out + 40).astype(np.intp)
    # Of the four places for a side hardly more than one is taken: only those are looked up.
    side = np.flatnonzero(_SIDE_EXISTS.take(turn, axis=0))
    pixel = side >> 2
    centre = pixels.astype(np.float32).view(np.complex64).take(pixel)
    counts = np.add.reduceat(_SIDE_COUNT.take(turn), first)
    return centre + _SIDES.take(4 * turn.take(pixel) + (side & 3)), counts


def _smooth(sides: Curves, counts: Counts) -> Curves:
    short = counts <= _SHORT
    flat = sides.view(np.float32).reshape(1, -1, 2)
    smoothed = cv2.sepFilter2D(flat, -1, _NARROW if short.all() else _WIDE, _ONE).view(np.complex64).reshape(-1)
    if short.any() and not short.all():
        narrow = cv2.sepFilter2D(flat, -1, _NARROW, _ONE).view(np.complex64).reshape(-1)
        np.copyto(smoothed, narrow, where=np.repeat(short, counts))
    # Where one outline ends and the next begins, neighbours have to be taken from the other end instead.
    first, size = starts_of(counts)[:, None], counts[:, None]
    ends = np.arange(-_REACH, _REACH) % size
    neighbours = (ends[:, :, None] + np.arange(-_REACH, _REACH + 1)) % size[:, :, None]
    weights = np.where(short[:, None, None], _NARROW, _WIDE)
    smoothed[first + ends] = (sides[first[:, :, None] + neighbours] * weights).sum(axis=2)
    return smoothed


def _join_pieces(sides: Curves, counts: Counts, pieces: Sequence[int]) -> tuple[Curves, Counts]:
    """Make one outline of the outlines of each mask's pieces."""
    curves = iter(np.split(sides, np.cumsum(counts)[:-1]))
    whole = [_joined([next(curves) for _ in range(number)]) for number in pieces]
    return np.concatenate(whole), np.array([len(curve) for curve in whole], dtype=np.intp)


def _joined(curves: list[Curves]) -> Curves:
    """Join closed curves, nearest first, by going over to the next one where it is closest and back again."""
    whole, *rest = curves
    while rest:
        tree = scipy.spatial.KDTree(_as_yx(whole))
        gaps = [tree.query(_as_yx(curve)) for curve in rest]
        nearest = int(np.argmin([distance.min() for distance, _ in gaps]))
        distance, partner = gaps[nearest]
        j = int(distance.argmin())
        i = int(partner[j])
        curve = rest.pop(nearest)
        whole = np.concatenate([whole[: i + 1], curve[j:], curve[: j + 1], whole[i:]])
    return whole


def _as_yx(curve: Curves) -> Points:
    return np.column_stack([curve.imag, curve.real]).astype(np.float64)
