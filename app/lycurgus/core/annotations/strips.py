"""Data bars and frames: strips along an edge of the image that hold one constant value and perhaps text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import Annotation, BBox, Plane

SAMPLES_A_ROW = 512
LARGEST_SHARE_OF_HEIGHT = 0.35
LOSSY_TOLERANCE_8BIT = 6
"""How far JPEG compression moves a constant background beside text, in grey levels."""


@dataclass(frozen=True, slots=True)
class Strip:
    """A strip of ``rows`` rows at one edge; ``plain`` where nothing is written in it."""

    rows: int
    plain: bool


def find_strips(pixels: Plane) -> tuple[Annotation, ...]:
    """Find data bars at the bottom or top, and frames of constant value at all four sides.

    Parameters
    ----------
    pixels : (H, W), any real dtype.

    Returns
    -------
    Annotations of kind "data bar" (with text) or "frame" (without), each as long as its edge.
    """
    height, width = pixels.shape
    found: list[Annotation] = []
    bottom = edge_strip(pixels[::-1])
    top = edge_strip(pixels)
    if bottom:
        found.append(Annotation(_kind(bottom), BBox(height - bottom.rows, 0, height, width)))
    if top:
        found.append(Annotation(_kind(top), BBox(0, 0, top.rows, width)))
    y0, y1 = top.rows if top else 0, height - (bottom.rows if bottom else 0)
    if y1 - y0 < 16:
        return ()
    columns = pixels[y0:y1].T
    left, right = edge_strip(columns), edge_strip(columns[::-1])
    if left and left.plain:
        found.append(Annotation("frame", BBox(y0, 0, y1, left.rows)))
    if right and right.plain:
        found.append(Annotation("frame", BBox(y0, width - right.rows, y1, width)))
    return tuple(found)


def edge_strip(pixels: Plane) -> Strip | None:
    """Find the strip that begins at row 0, or None.

    A strip is a run of rows that all show much of one value (background or a full line), ends with rows of that value
    alone, and borders on rows that hardly show it: a sharp, straight edge over the whole width. Stored without loss the
    value is exact; after JPEG compression it wavers by a few grey levels, so 8-bit images get a second look with a tolerance.
    """
    rows = int(pixels.shape[0] * LARGEST_SHARE_OF_HEIGHT)
    step = max(1, pixels.shape[1] // SAMPLES_A_ROW)
    sample = np.ascontiguousarray(pixels[: rows + 8, ::step])
    tolerances = (0, LOSSY_TOLERANCE_8BIT) if pixels.dtype == np.uint8 else (0,)
    for tolerance in tolerances:
        strip = _strip_within(sample, rows, tolerance)
        if strip:
            return strip
    return None


def _kind(strip: Strip) -> Literal["data bar", "frame"]:
    return "frame" if strip.plain else "data bar"


def _strip_within(sample: Plane, rows: int, tolerance: int) -> Strip | None:
    medians = np.partition(sample, sample.shape[1] // 2, axis=1)[:, sample.shape[1] // 2]
    own_share = _share(sample, medians[:, None], tolerance)
    lines = own_share >= 0.97
    for value in _candidates(medians[:rows], lines[:rows], tolerance):
        share = _share(sample, value, tolerance)
        belongs = (share >= 0.4) | lines
        run = _run_length(belongs, allowed_gap=2 + rows // 60)
        strip = _outermost_edge(share, lines, min(run, rows))
        if strip:
            return strip
    return None


def _share(sample: Plane, value: NDArray[np.generic] | np.generic, tolerance: int) -> NDArray[np.float64]:
    """Share of each row's pixels that lie within the tolerance of a value."""
    if tolerance == 0:
        close = sample == value
    else:
        close = np.abs(sample.astype(np.int16) - np.asarray(value).astype(np.int16)) <= tolerance
    result: NDArray[np.float64] = close.mean(axis=1)
    return result


def _candidates(medians: Plane, lines: NDArray[np.bool_], tolerance: int) -> list[np.generic]:
    """The commonest values of rows without anything written in them, at most three."""
    plain = medians[lines]
    plain = plain[np.isfinite(plain)]
    if plain.size == 0:
        return []
    values, counts = np.unique(plain, return_counts=True)
    chosen: list[np.generic] = []
    for value in values[np.argsort(-counts, kind="stable")]:
        if len(chosen) < 3 and all(abs(float(value) - float(other)) > tolerance for other in chosen):
            chosen.append(value)
    return chosen


def _run_length(belongs: NDArray[np.bool_], *, allowed_gap: int) -> int:
    """How many rows from row 0 belong, short gaps (dense text) bridged; the last one belongs."""
    positions = np.flatnonzero(belongs)
    if positions.size == 0 or positions[0] > allowed_gap:
        return 0
    breaks = np.flatnonzero(np.diff(positions) > allowed_gap + 1)
    return int(positions[breaks[0] if breaks.size else -1]) + 1


def _outermost_edge(share: NDArray[np.float64], lines: NDArray[np.bool_], run: int) -> Strip | None:
    """The farthest row of the run at which a plain row meets rows that hardly show the value."""
    for end in range(run, 0, -1):
        beyond = share[end + 1 : end + 7]
        if beyond.size < 4 or not lines[end - 1]:
            continue
        written = float(share[:end].min()) < 0.97
        inside = share[max(0, end - 2) : end].mean() if not written else 1.0
        if inside - beyond.mean() >= 0.5 and beyond.max() < 0.7 and not lines[end + 1 : end + 7].any():
            return Strip(end, plain=not written)
    return None
