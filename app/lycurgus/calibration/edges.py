"""Where a bar begins and ends, finer than a pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import BBox

REACH_PX = 4


def ends_of_bar(grey: NDArray[np.uint8], bar: BBox) -> tuple[float, float]:
    """Return the left and right edge of a bar, at half the height of the step, in px from the image's left edge.

    Parameters
    ----------
    grey : (H, W) uint8.
    bar : to within about two pixels.
    """
    inner = slice(bar.y0 + 1, bar.y1 - 1) if bar.height >= 4 else slice(bar.y0, bar.y1)
    rows = grey[inner].astype(np.float64)
    profile = np.median(rows, axis=0) if rows.shape[0] > 2 else rows.mean(axis=0)
    level = float(np.median(profile[bar.x0 + 1 : bar.x1 - 1]))
    left = _edge(profile[: bar.x0 + min(6, bar.width // 2)][::-1], level)
    right = _edge(profile[bar.x1 - min(6, bar.width // 2) :], level)
    return (
        float(bar.x0) if left is None else bar.x0 + min(6, bar.width // 2) - left,
        float(bar.x1) if right is None else bar.x1 - min(6, bar.width // 2) + right,
    )


def _edge(profile: NDArray[np.float64], level: float) -> float | None:
    """Distance from the start of a profile, which lies inside, to the crossing of half the step at its first edge."""
    away = np.abs(profile[: 6 + 2 * REACH_PX] - level)
    if away.size < 3 or away.max() <= 0:
        return None
    beyond = np.flatnonzero(away > 0.5 * away.max())
    if beyond.size == 0 or beyond[0] == 0:
        return None
    first = int(beyond[0])
    # The step of this edge alone: what lies farther out may differ still more.
    step = float(away[first : first + 3].max())
    reached = np.flatnonzero(away >= 0.5 * step)
    first = int(reached[0])
    if first == 0:
        return None
    before, after = away[first - 1], away[first]
    share = (0.5 * step - before) / (after - before) if after > before else 0.0
    # Pixel i covers i ... i + 1, so its value stands at i + 0.5.
    return float(first - 0.5 + share)
