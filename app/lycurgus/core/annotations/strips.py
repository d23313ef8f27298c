"""Data bars and frames: strips along an edge of the image that hold one constant value and perhaps text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import Annotation, BBox, Plane

SAMPLES_A_ROW = 512
MEDIAN_SAMPLES = 63
"""Enough to name the value that a row holds almost everywhere; other rows are of no interest."""
LARGEST_SHARE_OF_HEIGHT = 0.35
LOSSY_TOLERANCE_8BIT = 6
"""How far JPEG compression moves a constant background beside text, in grey levels."""


PLAIN_SHARE = 0.97
LOSSY_PLAIN_SHARE = 0.93
TICKED_SHARE = 0.75
"""Share of a row that shows the strip's value where nothing is written, without and with loss, and where a ruler has its ticks."""
LOSSY_SEAM_PX = 4
"""Resampling spreads the edge of a strip over so many rows."""
THICKEST_LINE_PX = 4
"""A plain strip up to this thick may be the line around a data bar: the bar is looked for behind it."""


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
    best: Strip | None = None
    for tolerance in tolerances:
        found = _strip_and_line(sample, rows, tolerance)
        if found and (best is None or found.rows > best.rows):
            best = found
        if best and best.rows > THICKEST_LINE_PX:
            return best
    return best


def _strip_and_line(sample: Plane, rows: int, tolerance: int) -> Strip | None:
    """Find the strip; where it is only a line, go on behind it."""
    found: Strip | None = None
    begin = 0
    while strip := _strip_within(sample[begin:], rows - begin, tolerance):
        begin += strip.rows
        found = Strip(begin, plain=strip.plain and (found is None or found.plain))
        if strip.rows > THICKEST_LINE_PX:
            break
    return found


def _kind(strip: Strip) -> Literal["data bar", "frame"]:
    return "frame" if strip.plain else "data bar"


def _strip_within(sample: Plane, rows: int, tolerance: int) -> Strip | None:
    if rows < 1:
        return None
    few = sample[:, :: max(1, sample.shape[1] // MEDIAN_SAMPLES)]
    medians = np.partition(few, few.shape[1] // 2, axis=1)[:, few.shape[1] // 2]
    own_share = _share(sample, medians[:, None], tolerance)
    lines = own_share >= (PLAIN_SHARE if tolerance == 0 else LOSSY_PLAIN_SHARE)
    best: Strip | None = None
    for value in _candidates(medians[:rows], lines[:rows], tolerance):
        share = _share(sample, value, tolerance)
        run = _run_length((share >= 0.4) | lines, allowed_gap=2 + rows // 60)
        strip = _outermost_edge(sample, share, lines, min(run, rows), tolerance)
        if strip and (best is None or strip.rows > best.rows):
            best = strip
    return best


def _share(sample: Plane, value: NDArray[np.generic] | np.generic, tolerance: int) -> NDArray[np.float64]:
    """Share of each row's pixels that lie within the tolerance of a value."""
    wide = sample if tolerance == 0 else sample.astype(np.int16)
    close = sample == value if tolerance == 0 else np.abs(wide - np.asarray(value).astype(np.int16)) <= tolerance
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


def _outermost_edge(sample: Plane, share: NDArray[np.float64], lines: NDArray[np.bool_], run: int, tolerance: int) -> Strip | None:
    """The farthest row of the run at which the value, but for the ticks of a ruler, gives way to rows that hardly show it."""
    seam = 1 if tolerance == 0 else LOSSY_SEAM_PX
    plain_share = PLAIN_SHARE if tolerance == 0 else LOSSY_PLAIN_SHARE
    plain_rows = np.maximum.accumulate(share >= plain_share)
    for end in range(run, 0, -1):
        beyond = share[end + seam : end + seam + 6]
        if beyond.size < 4 or not plain_rows[end - 1]:
            continue
        written = float(share[:end].min()) < plain_share
        # A full line of another value parts the writing from a picture that may be as empty as the strip.
        if tolerance == 0 and written and lines[end - 1] and share[end - 1] < 0.03 and end > THICKEST_LINE_PX:
            return Strip(end, plain=False)
        inside = share[end - 1]
        limit = 0.5 if inside >= plain_share else 0.25
        if inside < TICKED_SHARE or beyond.mean() > limit or beyond.max() > limit + 0.2:
            continue
        if tolerance == 0 or _is_step(sample[end - 1], sample[end + seam]):
            return Strip(end if tolerance == 0 else end + _seam_rows(sample, end), plain=not written)
    return None


def _is_step(inside: Plane, beyond: Plane) -> bool:
    """Tell a drawn edge from shading: the step across is much larger than what the strip wavers by."""
    strip = inside.astype(np.float64)
    wavering = float(np.median(np.abs(strip - np.median(strip))))
    return float(np.median(np.abs(beyond - strip))) >= 8 + 4 * wavering


def _seam_rows(sample: Plane, end: int) -> int:
    """How many rows behind the edge are still mixed with the strip by smoothing or resampling."""
    levels = np.median(sample[end - 1 : end + LOSSY_SEAM_PX + 1], axis=1).astype(np.float64)
    way = np.abs(levels - levels[0]) / max(1.0, abs(levels[-1] - levels[0]))
    return int(np.count_nonzero(way[1:-1] < 0.8))
