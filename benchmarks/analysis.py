"""What an analysis costs: CPU time of one image, peak memory of a very large one, and the start of the command line.

    python benchmarks/analysis.py

Prints each figure beside its reference in the same run: the time beside a plain scikit-image pipeline on the same picture, the memory
beside the size of the picture, the start beside that of Python alone.
"""

from __future__ import annotations

import argparse
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median

import numpy as np
import tifffile
from numpy.typing import NDArray


def picture(side: int, *, spacing: int = 64, seed: int = 0) -> NDArray[np.uint16]:
    """Bright discs of 24 to 56 px, many of them touching, on a shaded noisy background."""
    rng = np.random.default_rng(seed)
    image = rng.normal(1000, 60, (side, side)).astype(np.float32)
    image += np.linspace(0, 300, side, dtype=np.float32)[:, None]
    for y0 in range(spacing // 2, side - spacing // 2, spacing):
        for x0 in range(spacing // 2, side - spacing // 2, spacing):
            cy, cx = np.array([y0, x0]) + rng.uniform(-14, 14, 2)
            radius = rng.uniform(12, 28)
            top, left = max(0, int(cy) - 30), max(0, int(cx) - 30)
            part = image[top : top + 61, left : left + 61]
            y, x = np.ogrid[top : top + part.shape[0], left : left + part.shape[1]]
            part[(y - cy) ** 2 + (x - cx) ** 2 <= radius**2] += 900
    return np.clip(image, 0, 65535).astype(np.uint16)


def plain_analysis(image: NDArray[np.uint16]) -> int:
    """Otsu, distance-transform watershed and region properties, as a scikit-image tutorial writes them."""
    from scipy import ndimage
    from skimage import feature, filters, measure, segmentation

    smooth = filters.gaussian(image, 1, preserve_range=True)
    foreground = smooth > filters.threshold_otsu(smooth)
    distance = ndimage.distance_transform_edt(foreground)
    peaks = feature.peak_local_max(distance, min_distance=7, labels=measure.label(foreground))
    markers = np.zeros(image.shape, int)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    labels = segmentation.watershed(-distance, markers, mask=foreground)
    columns = ("area", "perimeter_crofton", "feret_diameter_max", "solidity", "eccentricity", "orientation", "mean_intensity")
    return len(measure.regionprops_table(labels, image, properties=columns)["area"])


def cpu_seconds(work: Callable[[], object], repeats: int) -> float:
    """Median CPU time of all threads; the first call, which imports and warms up, does not count."""
    work()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return median(times)


def wall_seconds(command: list[str], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - start)
    return median(times)


def peak_gib(side: int, folder: Path) -> float:
    """Peak memory of a whole ``lycurgus analyze`` with every format, one image."""
    image, out = folder / f"{side}.tif", folder / "out"
    tifffile.imwrite(image, picture(side))
    command = [sys.executable, "-m", "lycurgus.cli", "analyze", str(image), "--out", str(out), "--json"]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--large", type=int, default=8192, help="side of the large picture in px; 0 leaves it out")
    options = parser.parse_args()

    import os
    import tempfile

    from lycurgus.core.types import Micrograph
    from lycurgus.parameters import default_params
    from lycurgus.pipeline import analyze

    print(f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        if options.large:
            # First, for the peak is that of the largest child so far.
            used, size = peak_gib(options.large, Path(folder)), options.large**2 * 2 / 2**30
            print(f"lycurgus analyze, {options.large} x {options.large}, 16 bit: peak {used:.2f} GiB, {used / size:.1f} x the picture")
    image = picture(1024)
    micrograph = Micrograph(Path("benchmark.tif"), image)
    params = default_params(detector="otsu")
    ours = cpu_seconds(lambda: analyze(micrograph, params), options.repeats)
    plain = cpu_seconds(lambda: plain_analysis(image), options.repeats)
    found = len(analyze(micrograph, params).particles)
    print(
        f"Otsu + UECS, 1024 x 1024, {found} particles: {ours:.3f} s of CPU; "
        f"plain scikit-image with watershed: {plain:.3f} s; {plain / ours:.1f} x"
    )
    command = [str(Path(sys.executable).with_name("lycurgus")), "--help"]
    start, python = wall_seconds(command, options.repeats), wall_seconds([sys.executable, "-c", "pass"], options.repeats)
    print(f"lycurgus --help: {start:.3f} s; Python alone: {python:.3f} s; {start / python:.1f} x")


if __name__ == "__main__":
    main()
