"""Average precision in the manner of COCO: the area under precision over recall, by falling score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.overlap import Overlaps

RECALLS = np.linspace(0, 1, 101)


@dataclass(frozen=True, slots=True, eq=False)
class RankedDetections:
    """What the average precision needs to know of one or more images.

    Attributes
    ----------
    scores : (n,) float64.
    hits : (n, t) bool, whether each detection takes a true instance, at each of t IoU thresholds.
    """

    scores: NDArray[np.float64]
    hits: NDArray[np.bool_]


def rank_detections(overlaps: Overlaps, scores: NDArray[np.float64], thresholds: tuple[float, ...]) -> RankedDetections | None:
    """Let detections take true instances in the order of their scores, each the best that is left (COCO's rule).

    Parameters
    ----------
    scores : (n,) of the found instances.
    thresholds : IoU from which an instance can be taken.

    Returns
    -------
    RankedDetections or None
        None where a detection has no score: without an order there is no such average.
    """
    if not np.isfinite(scores).all():
        return None
    first = np.searchsorted(overlaps.predicted, np.arange(scores.size + 1))
    hits = np.zeros((scores.size, len(thresholds)), dtype=np.bool_)
    taken = [set[int]() for _ in thresholds]
    for detection in np.argsort(-scores, kind="stable"):
        own = slice(first[detection], first[detection + 1])
        by_iou = sorted(zip(overlaps.iou[own].tolist(), overlaps.truth[own].tolist(), strict=True), reverse=True)
        for level, threshold in enumerate(thresholds):
            free = next((j for iou, j in by_iou if iou >= threshold and j not in taken[level]), None)
            if free is not None:
                taken[level].add(free)
                hits[detection, level] = True
    return RankedDetections(scores, hits)


def average_precision(detections: RankedDetections, n_truth: int) -> NDArray[np.float64]:
    """Return the average precision at each IoU threshold, (t,); nan without true instances.

    Mean over the recalls 0, 0.01 ... 1 of the highest precision at that recall or a higher one (Lin et al. 2014). Unlike
    pycocotools' default it uses every detection, not the best 100 of an image: micrographs hold more.

    Parameters
    ----------
    detections : of all images together.
    n_truth : true instances in all images.
    """
    levels = detections.hits.shape[1]
    if n_truth == 0:
        return np.full(levels, np.nan)
    hits = detections.hits[np.argsort(-detections.scores, kind="stable")]
    true_positives = np.cumsum(hits, axis=0)
    precision = true_positives / np.arange(1, len(hits) + 1)[:, None]
    highest_from_here = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    # The last row is what a recall that is never reached gives.
    table = np.vstack([highest_from_here, np.zeros((1, levels))])
    averages = [table[np.searchsorted(true_positives[:, level] / n_truth, RECALLS), level].mean() for level in range(levels)]
    return np.array(averages, dtype=np.float64)
