"""How long it takes to make particles of a network's output, beside a plain implementation with scikit-image in the same run.

    python benchmarks/decoding.py --particles 300 --diameter 40

Both get the foreground and the distance of the same picture of discs, blurred as a network's output is. The plain implementation is
peak_local_max, watershed and regionprops; the last line says whether both found the same discs. The heads "star-convex" and
"completed" do more: they also read the rays, and keep overlaps. Each time is the best CPU time of the repeats, taken in turn.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from math import inf, sqrt
from time import process_time
from typing import Any

import cv2
import numpy as np
import scipy
from numpy.typing import NDArray
from skimage.feature import peak_local_max
from skimage.measure import regionprops
from skimage.segmentation import watershed

from lycurgus.core.overlap import match
from lycurgus.core.types import BBox, Instance
from lycurgus.detectors.decoding import Candidate, DecodingParams, Head, decode

SIZE = 1024
RAYS = 32
HEADS: tuple[Head, ...] = ("semantic", "distance", "star-convex", "completed")
Floats = NDArray[np.float32]


def scene(particles: int, diameter_px: float, seed: int) -> tuple[Floats, Floats]:
    """Discs on a jittered grid: fields (2, SIZE, SIZE) and rays (32, SIZE / 2, SIZE / 2)."""
    rng = np.random.default_rng(seed)
    columns = int(np.ceil(sqrt(particles)))
    cell = SIZE / columns
    distance = np.zeros((SIZE, SIZE), dtype=np.float32)
    owner = np.full((SIZE, SIZE), -1, dtype=np.int32)
    centres, radii = np.zeros((particles, 2)), np.zeros(particles)
    for i in range(particles):
        radius = diameter_px * rng.uniform(0.8, 1.2) / 2
        centre = (np.array(divmod(i, columns)) + 0.5 + rng.uniform(-0.1, 0.1, 2)) * cell
        y0, x0 = np.maximum((centre - radius).astype(int) - 1, 0)
        y, x = np.mgrid[y0 : min(y0 + int(2 * radius) + 4, SIZE), x0 : min(x0 + int(2 * radius) + 4, SIZE)]
        depth = 1 - np.hypot(y - centre[0], x - centre[1]) / radius
        here = depth > distance[y, x]
        distance[y[here], x[here]], owner[y[here], x[here]] = depth[here], i
        centres[i], radii[i] = centre, radius
    half = owner[::2, ::2]
    rays = np.zeros((RAYS, *half.shape), dtype=np.float32)
    y, x = np.nonzero(half >= 0)
    offset = np.stack([2 * y + 0.5, 2 * x + 0.5], axis=1) - centres[half[y, x]]
    for k in range(RAYS):
        along = offset @ (-np.sin(2 * np.pi * k / RAYS), np.cos(2 * np.pi * k / RAYS))
        reach = np.sqrt(np.maximum(along**2 + radii[half[y, x]] ** 2 - (offset**2).sum(axis=1), 0)) - along
        rays[k, y, x] = np.log(np.maximum(reach, 0.25))
    logit = np.where(owner >= 0, np.float32(6), np.float32(-6))
    return np.stack([cv2.GaussianBlur(logit, (0, 0), 1), cv2.GaussianBlur(distance, (0, 0), 1)]), rays


def plainly(fields: Floats, diameter_px: float) -> list[Candidate]:
    """Peaks, watershed, regions and their mean probability, all by scikit-image."""
    probability = 1 / (1 + np.exp(-fields[0]))
    foreground = probability > 0.5
    height = scipy.ndimage.gaussian_filter(fields[1], 1)
    peaks = peak_local_max(height, min_distance=max(1, round(diameter_px / 4)), threshold_abs=0.25, labels=foreground.astype(np.int32))  # type: ignore[no-untyped-call]
    markers = np.zeros(foreground.shape, dtype=np.int32)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    regions: list[Any] = regionprops(watershed(-height, markers, mask=foreground), intensity_image=probability)  # type: ignore[no-untyped-call]
    return [Candidate(BBox(*one.bbox), one.image, float(one.intensity_mean), int(one.area)) for one in regions]


def instances(candidates: list[Candidate]) -> list[Instance]:
    return [Instance(one.bbox, one.mask, one.score) for one in candidates]


def timed(run: Callable[[], list[Candidate]]) -> float:
    """CPU time of one run, in seconds: other programs on the machine do not count."""
    start = process_time()
    run()
    return process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--particles", type=int, default=300)
    parser.add_argument("--diameter", type=float, default=0, help="mean, px; 0 (default) makes most discs touch")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    cv2.setNumThreads(1)

    diameter_px = options.diameter or 0.9 * SIZE / sqrt(options.particles)
    fields, rays = scene(options.particles, diameter_px, options.seed)
    runs: dict[str, Callable[[], list[Candidate]]] = {"scikit-image": lambda: plainly(fields, diameter_px)}
    for head in HEADS:
        runs[f"lycurgus {head}"] = partial(decode, fields, rays, DecodingParams(head=head))
    times = dict.fromkeys(runs, inf)
    for _ in range(options.repeats):
        times = {name: min(times[name], timed(run)) for name, run in runs.items()}

    print(f"{options.particles} discs of {diameter_px:.0f} px in {SIZE} × {SIZE} px, one core, best of {options.repeats}")
    for name, time in times.items():
        print(f"{name:22}{1e3 * time:8.0f} ms {times['scikit-image'] / time:8.1f} × {len(runs[name]()):8} found")
    plain, ours = instances(runs["scikit-image"]()), instances(runs["lycurgus distance"]())
    pairs = match(ours, plain, threshold=0.5)
    alike = np.mean([pair.iou for pair in pairs]) if pairs else 0
    print(f"{len(pairs)} of {len(plain)} discs of scikit-image are found by distance too, with a mean IoU of {alike:.3f}")


if __name__ == "__main__":
    main()
