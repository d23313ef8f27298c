"""Images that differ from the others of their series: too few particles, other sizes, another share of the area."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import log, sqrt

import numpy as np

MOST_REMEMBERED = 500
FEWEST = 8
"""With fewer images there is nothing to differ from."""
LIMIT = 3.5
"""Robust z beyond which an image is flagged (Iglewicz and Hoaglin 1993)."""
_TO_SD = 1.4826
_SPREAD = 0.4
"""Of the logarithm of a median, times the root of the number of particles, for the sizes that are usual."""
_SMALLEST_SHARE = 1e-6


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What is compared.

    Attributes
    ----------
    n_particles : all that were found.
    median : of the diameters of the counted particles; None without any.
    unit : of the median.
    foreground : share of the image's area that particles cover, 0 ... 1.
    """

    n_particles: int
    median: float | None
    unit: str
    foreground: float


class Outliers:
    """Compares each image with those before it, at most the last 500.

    Counts are compared by their square roots, whose spread in a Poisson process is 1/2 whatever the mean, sizes and shares by their
    logarithms. Spreads have a lower limit, which the number of particles sets where they are few, so that neither a very even series nor
    chance flags what nobody would call different.
    """

    def __init__(self) -> None:
        self._counts: deque[float] = deque(maxlen=MOST_REMEMBERED)
        self._medians: dict[str, deque[float]] = {}
        self._shares: deque[float] = deque(maxlen=MOST_REMEMBERED)

    def look_at(self, facts: ImageFacts) -> tuple[str, ...]:
        """Return why an image differs, in sentences without a full stop; empty where it does not. Remembers it."""
        reasons = []
        count, share = sqrt(facts.n_particles), log(max(facts.foreground, _SMALLEST_SHARE))
        if (usual := _unusual(count, self._counts, 0.5)) is not None:
            what = "no particles" if facts.n_particles == 0 else f"{facts.n_particles:,} particle{'' if facts.n_particles == 1 else 's'}"
            reasons.append(f"{what} where the others have about {round(usual**2):,}")
        self._counts.append(count)
        if facts.median is not None and facts.median > 0:
            medians = self._medians.setdefault(facts.unit, deque(maxlen=MOST_REMEMBERED))
            size = log(facts.median)
            if (usual := _unusual(size, medians, max(0.03, _SPREAD / sqrt(max(facts.n_particles, 1))))) is not None:
                unit = f" {facts.unit}" if facts.unit else ""
                reasons.append(f"median {facts.median:.3g}{unit} where the others have about {np.exp(usual):.3g}{unit}")
            medians.append(size)
            if (usual := _unusual(share, self._shares, max(0.1, 1 / max(count, 1.0)))) is not None:
                covered, usually = 100 * facts.foreground, 100 * float(np.exp(usual))
                reasons.append(f"particles cover {covered:.2g} % of the area where they usually cover about {usually:.2g} %")
            # Images without particles say nothing about how much particles cover.
            self._shares.append(share)
        return tuple(reasons)


def _unusual(value: float, others: deque[float], smallest_spread: float) -> float | None:
    """Return the median of the others where a value lies too far from it."""
    if len(others) < FEWEST:
        return None
    known = np.array(others)
    median = float(np.median(known))
    spread = max(_TO_SD * float(np.median(np.abs(known - median))), smallest_spread)
    return median if abs(value - median) > LIMIT * spread else None
