"""UECS against the same algorithm written plainly with scikit-image: times, their ratio, and whether the instances are the same.

Run ``python benchmarks/uecs.py``. The scene is 2048 x 2048 with 1,000 discs in clusters, each touching or overlapping another.
The plain algorithm erodes the whole image step by step, labels it, and measures the convexity of each of its ``regionprops`` by
scikit-image's ``find_contours`` and SciPy's ``ConvexHull``. Criterion and structuring elements are those of Lycurgus, so the
instances have to agree. Times are of the processor, on one thread.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from time import process_time
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve1d
from scipy.spatial import ConvexHull
from skimage.measure import find_contours, label, regionprops
from skimage.morphology import dilation, disk, erosion, footprint_rectangle

from lycurgus.core.progress import never, silent
from lycurgus.core.separate.uecs import UecsParams, UecsSeparator
from lycurgus.core.types import BBox, Detection, Instance, Mask

CROSS, SQUARE = disk(1), footprint_rectangle((3, 3))
T = TypeVar("T")


def touching_discs(size: int, count: int, clusters: int, seed: int = 0) -> tuple[Mask, NDArray[np.float64]]:
    """Draw clusters of discs of 30 to 60 px, each new one touching or overlapping (at 86 ... 100 % of touching) one that stands.

    Returns
    -------
    The foreground, and the discs as rows of y, x, diameter.
    """
    rng = np.random.default_rng(seed)
    discs: list[tuple[float, float, float]] = []
    while len(discs) < count:
        diameter = rng.uniform(30, 60)
        if len(discs) < clusters:
            y, x = rng.uniform(diameter, size - diameter, 2)
            nearest = 1.5
        else:
            py, px, partner = discs[rng.integers(len(discs))]
            nearest = rng.uniform(0.86, 1.0)
            angle = rng.uniform(0, 2 * np.pi)
            apart = nearest * (partner + diameter) / 2
            y, x = py + apart * np.sin(angle), px + apart * np.cos(angle)
        if not (diameter < y < size - diameter and diameter < x < size - diameter):
            continue
        others = np.array(discs).reshape(-1, 3)
        relative = np.hypot(others[:, 0] - y, others[:, 1] - x) / ((others[:, 2] + diameter) / 2)
        if (relative >= min(nearest, 0.86 if len(discs) >= clusters else 1.5) - 1e-9).all():
            discs.append((y, x, diameter))
    foreground = np.zeros((size, size), dtype=bool)
    for y, x, diameter in discs:
        reach = int(diameter) + 2
        y0, x0 = int(y - diameter / 2), int(x - diameter / 2)
        rows, columns = np.ogrid[y0 : y0 + reach, x0 : x0 + reach]
        foreground[y0 : y0 + reach, x0 : x0 + reach] |= (rows - y) ** 2 + (columns - x) ** 2 <= (diameter / 2) ** 2
    return foreground, np.array(discs)


def plain_uecs(foreground: Mask, params: UecsParams) -> list[Instance]:
    """Ultimate erosion of convex shapes as one would write it down from its description."""
    instances, markers = [], []
    outlines = label(foreground)
    remaining = np.zeros_like(foreground)
    for region in regionprops(outlines):
        if convexity(region.image) >= params.convexity:
            instances.append(Instance(BBox(*region.bbox), region.image))
        else:
            remaining[outlines == region.label] = True

    depth = 0
    while remaining.any():
        remaining = erosion(remaining, CROSS if depth % 2 == 0 else SQUARE)
        depth += 1
        labels = label(remaining)
        for region in regionprops(labels):
            if region.area < params.min_marker_px:
                remaining[region.slice][region.image] = False
            elif convexity(region.image) >= params.convexity:
                markers.append((region, depth))
                remaining[region.slice][region.image] = False

    for region, steps in markers:
        y0, x0, y1, x1 = region.bbox
        around = np.s_[max(y0 - steps, 0) : y1 + steps, max(x0 - steps, 0) : x1 + steps]
        own = outlines[around] == outlines[tuple(region.coords[0])]
        grown = np.zeros_like(own)
        top, left = y0 - around[0].start, x0 - around[1].start
        grown[top : top + y1 - y0, left : left + x1 - x0] = region.image
        for step in range(steps):
            grown = dilation(grown, CROSS if step % 2 == 0 else SQUARE) & own
        if convexity(grown) >= params.convexity:
            ys, xs = np.nonzero(grown)
            box = BBox(int(ys.min()), int(xs.min()), int(ys.max()) + 1, int(xs.max()) + 1)
            moved = BBox(*(side + (around[i % 2].start) for i, side in enumerate(box)))
            instances.append(Instance(moved, grown[box.slices]))
    return instances


def convexity(mask: Mask) -> float:
    """Perimeter of the hull over the perimeter, of the outer contour after binomial smoothing (less of it for short contours)."""
    contours = find_contours(np.pad(mask, 1).astype(float), 0.5, fully_connected="high")
    outer = max(contours, key=len)[:-1]
    weights = np.array([1, 4, 6, 4, 1]) / 16 if len(outer) <= 120 else np.array([1, 6, 15, 20, 15, 6, 1]) / 64
    smooth = convolve1d(outer, weights, axis=0, mode="wrap")
    perimeter = np.linalg.norm(np.roll(smooth, -1, axis=0) - smooth, axis=1).sum()
    return float(ConvexHull(smooth).area / perimeter)


def least_iou(found: list[Instance], reference: list[Instance]) -> float:
    """The worst intersection over union of instances matched by position; 0 where one has no partner."""
    if len(found) != len(reference):
        return 0.0
    return min(max(_iou(one, other) for other in reference if _boxes_meet(one.bbox, other.bbox)) for one in found)


def _boxes_meet(a: BBox, b: BBox) -> bool:
    return a.y0 < b.y1 and b.y0 < a.y1 and a.x0 < b.x1 and b.x0 < a.x1


def _iou(a: Instance, b: Instance) -> float:
    y0, x0, y1, x1 = max(a.bbox.y0, b.bbox.y0), max(a.bbox.x0, b.bbox.x0), min(a.bbox.y1, b.bbox.y1), min(a.bbox.x1, b.bbox.x1)
    common = np.count_nonzero(
        a.mask[y0 - a.bbox.y0 : y1 - a.bbox.y0, x0 - a.bbox.x0 : x1 - a.bbox.x0]
        & b.mask[y0 - b.bbox.y0 : y1 - b.bbox.y0, x0 - b.bbox.x0 : x1 - b.bbox.x0]
    )
    return float(common / (a.area_px + b.area_px - common))


def timed(work: Callable[[], T], times: int) -> tuple[T, float]:
    """Return the result and the shortest of several times, in seconds."""
    best = float("inf")
    for _ in range(times):
        start = process_time()
        result = work()
        best = min(best, process_time() - start)
    return result, best


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--discs", type=int, default=1000)
    parser.add_argument("--clusters", type=int, default=250)
    parser.add_argument("--repeat", type=int, default=3, help="times that Lycurgus is timed; the shortest counts")
    options = parser.parse_args()

    cv2.setNumThreads(1)
    foreground, discs = touching_discs(options.size, options.discs, options.clusters)
    params = UecsParams()
    separator, detection = UecsSeparator(), Detection(foreground, "bright")
    separation, fast_s = timed(lambda: separator.separate(detection, params, None, progress=silent, cancel=never), options.repeat)
    reference, plain_s = timed(lambda: plain_uecs(foreground, params), 1)

    iou = least_iou(list(separation.instances), reference)
    print(f"scene           {options.size} x {options.size}, {len(discs)} discs in {options.clusters} clusters")
    print(f"Lycurgus        {fast_s:8.3f} s  {len(separation.instances)} instances, dropped: {separation.removed or 'none'}")
    print(f"scikit-image    {plain_s:8.3f} s  {len(reference)} instances")
    print(f"ratio           {plain_s / fast_s:8.1f}")
    print(f"worst IoU       {iou:8.4f}")
    return 0 if iou >= 0.98 and plain_s >= 20 * fast_s else 1


if __name__ == "__main__":
    raise SystemExit(main())
