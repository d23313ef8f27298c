"""Whether border weights let a few particles speak for all: what a user should know before quoting a weighted mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LARGEST_WEIGHT = 5.0
LEAST_EFFECTIVE = 0.8
HEAVY = 2.0
"""Weights all below 2 cannot take the effective number below 8/9 of the number."""

NAMED_IMAGES = 3


def heavy_weights(weights: NDArray[np.float64], images: NDArray[np.int64] | None = None, names: Sequence[str] = ()) -> str | None:
    """Say in a sentence that few particles carry much of the weight, if a weight is above 5 or n_effective below 80 % of n.

    Parameters
    ----------
    weights : (n,) border weights of the counted particles, 1 or more.
    images : (n,) of which image each is, an index into ``names``; None for one image, which needs no name.

    Notes
    -----
    The weight 1/P of Miles and Lantuejoul is unbiased, but its variance grows without bound as a particle fills the field. No weight is
    capped: a cap trades the variance for a bias that nobody sees, while there are honest ways out. See docs/decisions/border-weights.md.
    """
    if weights.size == 0:
        return None
    largest, total = float(weights.max()), float(weights.sum())
    effective = total**2 / float(np.sum(weights**2))
    if largest <= LARGEST_WEIGHT and effective >= LEAST_EFFECTIVE * weights.size:
        return None
    limit = LARGEST_WEIGHT if largest > LARGEST_WEIGHT else HEAVY
    heavy = weights > limit
    count = int(np.count_nonzero(heavy))
    where = "" if images is None else f" (in {_listed([names[i] for i in np.unique(images[heavy])])})"
    verb, each = ("is", "it") if count == 1 else ("are", "each")
    return (
        f"{count} of {weights.size} counted particles{where} {verb} so large in the field that border weights count {each} more than "
        f"{limit:g} times, up to {largest:.3g}: {100 * float(weights[heavy].sum()) / total:.2g} % of the total weight, as reliable as "
        f"{effective:.0f} equal particles; record at a lower magnification, or set statistics.border_weights=false and state that large "
        "particles are under-represented."
    )


def _listed(names: Sequence[str]) -> str:
    more = len(names) - NAMED_IMAGES
    return ", ".join(names[:NAMED_IMAGES]) + (f" and {more} more" if more > 0 else "")
