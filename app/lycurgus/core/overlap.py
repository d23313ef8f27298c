"""How much found and true instances overlap, and which belong together; instances may overlap among themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import scipy  # parts of it load when they are first used, so that starting need not wait for them
from numpy.typing import NDArray

from lycurgus.core.types import BBox, Instance

# Labels beyond this are renumbered first: a table of boxes with an entry a possible label would be mostly empty.
MOST_DIRECT_LABELS = 1_000_000


class MatchedPair(NamedTuple):
    """A found instance and the true one that it is taken for: places in the two sequences, and their IoU."""

    predicted: int
    truth: int
    iou: float


@dataclass(frozen=True, slots=True, eq=False)
class Overlaps:
    """All pairs of instances that share a pixel.

    Attributes
    ----------
    predicted, truth : (k,) int64, places in the two sequences; ordered by them.
    iou : (k,) float64, pixels in both / pixels in either, above 0.
    predicted_areas, truth_areas : (n,), (m,) int64, px.
    """

    predicted: NDArray[np.int64]
    truth: NDArray[np.int64]
    iou: NDArray[np.float64]
    predicted_areas: NDArray[np.int64]
    truth_areas: NDArray[np.int64]


def instances_from_labels(labels: NDArray[np.integer[Any]]) -> tuple[Instance, ...]:
    """Turn a label image into instances, one for each value above 0, in rising order; a value may have several parts.

    Parameters
    ----------
    labels : (H, W) integers; 0 and below is background.
    """
    if labels.ndim != 2:
        raise ValueError(f"a label image has two dimensions, not {labels.ndim}")
    if not labels.size:
        return ()
    labels = np.maximum(labels, 0)
    if labels.max() > MOST_DIRECT_LABELS:
        values, inverse = np.unique(labels, return_inverse=True)
        labels = inverse.reshape(labels.shape) + int(values[0] > 0)
    boxes = scipy.ndimage.find_objects(labels.astype(np.int32))
    found = [(number, box) for number, box in enumerate(boxes, start=1) if box is not None]
    return tuple(Instance(BBox(y.start, x.start, y.stop, x.stop), labels[y, x] == number) for number, (y, x) in found)


def overlaps_of(predicted: Sequence[Instance], truth: Sequence[Instance]) -> Overlaps:
    """Compute the IoU of every pair that shares a pixel; pairs whose boxes do not meet cost nothing."""
    areas = [np.array([instance.area_px for instance in group], dtype=np.int64) for group in (predicted, truth)]
    meeting = sorted(_meeting_boxes(predicted, truth))
    shared = [(a, b, _shared_pixels(predicted[a], truth[b])) for a, b in meeting]
    i, j, both = np.array([row for row in shared if row[2]], dtype=np.int64).reshape(-1, 3).T
    return Overlaps(i, j, both / (areas[0][i] + areas[1][j] - both), *areas)


def match(predicted: Sequence[Instance], truth: Sequence[Instance], *, threshold: float) -> tuple[MatchedPair, ...]:
    """Match found instances one to one with true ones; see ``match_overlaps``."""
    return match_overlaps(overlaps_of(predicted, truth), threshold=threshold)


def match_overlaps(overlaps: Overlaps, *, threshold: float) -> tuple[MatchedPair, ...]:
    """Match one to one so that as many pairs as possible reach the IoU, and among those choices their IoU is highest.

    Above an IoU of 0.5 there is nothing to choose while no instance overlaps another of its own kind. Otherwise there may
    be, so that an optimal assignment (Hungarian method) is solved within each group of instances that compete, and the result
    does not depend on the order of the instances.

    Parameters
    ----------
    threshold : pairs of this IoU or more can match; above 0.

    Returns
    -------
    tuple of MatchedPair
        By rising ``predicted``.
    """
    if not threshold > 0:
        raise ValueError("instances that share nothing cannot be matched")
    eligible = overlaps.iou >= threshold
    if not eligible.any():
        return ()
    i, j, iou = overlaps.predicted[eligible], overlaps.truth[eligible], overlaps.iou[eligible]
    n = overlaps.predicted_areas.size + overlaps.truth_areas.size
    graph = scipy.sparse.coo_array((np.ones(i.size), (i, j + overlaps.predicted_areas.size)), shape=(n, n))
    group = scipy.sparse.csgraph.connected_components(graph, directed=False)[1][i]
    alone = np.bincount(group)[group] == 1
    pairs = [MatchedPair(int(a), int(b), float(c)) for a, b, c in zip(i[alone], j[alone], iou[alone], strict=True)]
    for number in np.unique(group[~alone]):
        members = group == number
        pairs += _assign(i[members], j[members], iou[members])
    return tuple(sorted(pairs))


def _assign(i: NDArray[np.int64], j: NDArray[np.int64], iou: NDArray[np.float64]) -> list[MatchedPair]:
    """Solve the assignment within one group of competing instances."""
    rows, row = np.unique(i, return_inverse=True)
    columns, column = np.unique(j, return_inverse=True)
    gain = np.zeros((rows.size, columns.size))
    # One pair more outweighs any sum of IoU.
    gain[row, column] = min(gain.shape) + 1 + iou
    best = scipy.optimize.linear_sum_assignment(gain, maximize=True)
    values = np.zeros(gain.shape)
    values[row, column] = iou
    return [MatchedPair(int(rows[a]), int(columns[b]), float(values[a, b])) for a, b in zip(*best, strict=True) if gain[a, b] > 0]


def _meeting_boxes(predicted: Sequence[Instance], truth: Sequence[Instance]) -> list[tuple[int, int]]:
    """Return the places of all pairs whose boxes share a pixel."""
    if not predicted or not truth:
        return []
    boxes = np.array([instance.bbox for instance in truth])
    order = np.argsort(boxes[:, 0], kind="stable")
    y0, x0, y1, x1 = boxes[order].T
    tallest = int((y1 - y0).max())
    pairs = []
    for i, instance in enumerate(predicted):
        box = instance.bbox
        # In order of their upper edge, only a run of the boxes can meet this one.
        run = slice(*np.searchsorted(y0, [box.y0 - tallest + 1, box.y1]))
        meets = (y1[run] > box.y0) & (x0[run] < box.x1) & (x1[run] > box.x0)
        pairs += [(i, int(j)) for j in order[run][meets]]
    return pairs


def _shared_pixels(a: Instance, b: Instance) -> int:
    y0, x0 = max(a.bbox.y0, b.bbox.y0), max(a.bbox.x0, b.bbox.x0)
    y1, x1 = min(a.bbox.y1, b.bbox.y1), min(a.bbox.x1, b.bbox.x1)
    in_a, in_b = (one.mask[y0 - one.bbox.y0 : y1 - one.bbox.y0, x0 - one.bbox.x0 : x1 - one.bbox.x0] for one in (a, b))
    return int(np.count_nonzero(in_a & in_b))
