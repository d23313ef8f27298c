"""How long measuring many particles takes, beside skimage.measure.regionprops_table for the same descriptors in the same run.

    python benchmarks/measure_particles.py --particles 5000

Both start from the same ellipses (10 ... 40 px) and the same plane of intensities and end with a table of columns. regionprops_table gets
the ellipses as a label image, measure_table as cropped instances, which is what the separators hand over. The last line adds what a
result needs beyond the table: particles in reading order, flags, border weights. Each is the best CPU time of the repeats, taken in turn.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from math import inf
from pathlib import Path
from time import process_time

import numpy as np
from numpy.typing import NDArray
from skimage.measure import regionprops_table

from lycurgus.core.measure import measure
from lycurgus.core.measure_table import measure_table
from lycurgus.core.params import CleaningParams
from lycurgus.core.types import BBox, Instance, Micrograph

# What regionprops_table is asked for. It has no minimum Feret diameter, fitted circle or convexity; measure_table gives them too.
PROPERTIES = (
    "centroid",
    "area",
    "equivalent_diameter_area",
    "feret_diameter_max",
    "perimeter_crofton",
    "area_convex",
    "solidity",
    "extent",
    "axis_major_length",
    "axis_minor_length",
    "orientation",
    "eccentricity",
    "intensity_mean",
    "intensity_std",
    "intensity_min",
    "intensity_max",
)
CELL_PX = 44


def scene(particles: int, seed: int) -> tuple[NDArray[np.int32], list[Instance], NDArray[np.uint16]]:
    """Ellipses on a grid: label image, instances, intensities."""
    rng = np.random.default_rng(seed)
    columns = int(np.ceil(np.sqrt(particles)))
    rows = -(-particles // columns)
    labels = np.zeros((rows * CELL_PX, columns * CELL_PX), dtype=np.int32)
    y, x = np.mgrid[:CELL_PX, :CELL_PX]
    instances = []
    for i in range(particles):
        major = rng.uniform(10, 40)
        minor, angle = major * rng.uniform(0.6, 1), rng.uniform(0, np.pi)
        dy, dx = y - CELL_PX / 2 + rng.uniform(0, 1), x - CELL_PX / 2 + rng.uniform(0, 1)
        along, across = dx * np.cos(angle) + dy * np.sin(angle), dy * np.cos(angle) - dx * np.sin(angle)
        mask = np.hypot(along / major, across / minor) <= 0.5
        corner_y, corner_x = i // columns * CELL_PX, i % columns * CELL_PX
        labels[corner_y : corner_y + CELL_PX, corner_x : corner_x + CELL_PX][mask] = i + 1
        ys, xs = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        crop = mask[ys[0] : ys[-1] + 1, xs[0] : xs[-1] + 1].copy()
        box = BBox(corner_y + int(ys[0]), corner_x + int(xs[0]), corner_y + int(ys[-1]) + 1, corner_x + int(xs[-1]) + 1)
        instances.append(Instance(box, crop))
    return labels, instances, rng.integers(0, 65535, labels.shape).astype(np.uint16)


def timed(run: Callable[[], object]) -> float:
    """CPU time of one run, in seconds: other programs on the machine do not count."""
    start = process_time()
    run()
    return process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--particles", type=int, default=5000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    labels, instances, plane = scene(options.particles, options.seed)
    micrograph = Micrograph(Path("synthetic"), plane)
    usable = np.ones(plane.shape, dtype=np.bool_)
    runs = {
        "skimage regionprops_table": lambda: regionprops_table(labels, plane, properties=PROPERTIES),
        "lycurgus measure_table": lambda: measure_table(instances, plane),
        "lycurgus measure": lambda: measure(instances, micrograph, usable, CleaningParams()),
    }
    times = dict.fromkeys(runs, inf)
    for _ in range(options.repeats):
        times = {name: min(times[name], timed(run)) for name, run in runs.items()}

    print(f"{options.particles} ellipses of 10 ... 40 px in {plane.shape[1]} × {plane.shape[0]} px, best of {options.repeats}")
    reference = times["skimage regionprops_table"]
    for name, time in times.items():
        print(f"{name:28}{time:8.2f} s {1e6 * time / options.particles:8.0f} µs a particle {reference / time:8.1f} ×")


if __name__ == "__main__":
    main()
