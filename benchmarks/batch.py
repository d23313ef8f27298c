"""What a batch costs: images a second against a plain loop over ``analyze``, how busy the analysis is kept, and memory.

    python benchmarks/batch.py

Both sides read the same files, analyse them and write the same formats; that both find the same is checked. The start of the processes
and the report count as time of the batch. The plain loop may use every core inside an image, as libraries do by themselves. With
``--memory N`` also the memory of a batch in one process, after each tenth of N tiny images and with the report written.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tifffile
from analysis import picture

METHOD = ["detector.name=otsu"]
FORMATS = ("csv", "labels", "roi", "png")


def write_images(folder: Path, count: int, side: int) -> list[Path]:
    folder.mkdir()
    paths = [folder / f"{n:04}.tif" for n in range(count)]
    for n, path in enumerate(paths):
        tifffile.imwrite(path, picture(side, seed=n), imagej=True, resolution=(2, 2), metadata={"unit": "nm"})
    return paths


def plain_loop(paths: list[Path], out: Path) -> float:
    """One image after the other in one process, nothing overlapping; return the seconds it took."""
    from lycurgus.parameters import default_params, with_settings
    from lycurgus.pipeline import analyze
    from lycurgus.readers.door import read
    from lycurgus.services.analysis import export_image
    from lycurgus.services.inputs import name_inputs
    from lycurgus.services.report import build_report, write_report

    params = with_settings(default_params(), METHOD)
    began = time.perf_counter()
    entries = [export_image(analyze(read(one.path), params), one, out, FORMATS[1:], with_thumbnail=False) for one in name_inputs(paths)]
    write_report(build_report(entries, [], params.statistics), out, FORMATS)
    return time.perf_counter() - began


class Measured(NamedTuple):
    """Seconds in all; the share of its time in which the analysis of a running lane does not wait; the share of the time of all cores
    that went into the work; the seconds of each stage, in all lanes together."""

    seconds: float
    busy: float
    cores: float
    stages: tuple[float, ...]


def cpu_s() -> float:
    """CPU seconds of this process and of those that it has ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def batch(paths: list[Path], out: Path, jobs: int) -> Measured:
    from lycurgus.parameters import default_params, with_settings
    from lycurgus.services.batch import Batch, local_engine
    from lycurgus.services.inputs import name_inputs
    from lycurgus.services.plan import ExportPlan
    from lycurgus.services.report import build_report, write_report

    params = with_settings(default_params(), METHOD)
    began, cpu_before = time.perf_counter(), cpu_s()
    with Batch.open(name_inputs(paths), params, ExportPlan(out, FORMATS)) as work:
        steps = list(work.run(local_engine(jobs)))
        entries, samples = work.entries()
        write_report(build_report(entries, work.failures(), params.statistics, samples=samples), out, FORMATS)
    seconds = time.perf_counter() - began
    analysed, idle = sum(step.seconds.analyse for step in steps), sum(step.seconds.idle for step in steps)
    stages = tuple(sum(step.seconds[place] for step in steps) for place in range(3))
    cores = (cpu_s() - cpu_before) / seconds / (os.cpu_count() or 1)
    return Measured(seconds, analysed / (analysed + idle), cores, stages)


def memory_of(count: int, folder: Path) -> list[float]:
    """Memory (MiB) of a batch in one process after each tenth of the images, and with the report written."""
    code = f"""
import sys
from pathlib import Path
from lycurgus.parameters import default_params, with_settings
from lycurgus.services.batch import Batch, local_engine
from lycurgus.services.inputs import name_inputs
from lycurgus.services.plan import ExportPlan
from lycurgus.services.report import build_report, write_report
def used():
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmRSS"].split()[0]) / 1024
params = with_settings(default_params(), {METHOD!r} + ["statistics.bootstrap=100"])
sources = name_inputs(sorted(Path(sys.argv[1]).iterdir()))
with Batch.open(sources, params, ExportPlan(Path(sys.argv[2]), ("csv",))) as work:
    for number, step in enumerate(work.run(local_engine(1)), start=1):
        if number % {max(1, count // 10)} == 0:
            print(used(), flush=True)
    entries, samples = work.entries()
    write_report(build_report(entries, [], params.statistics, samples=samples), Path(sys.argv[2]), ("csv", "json", "coco", "xlsx"))
print(used())
"""
    images = folder / "many"
    images.mkdir()
    image = picture(192, spacing=64)
    for n in range(count):
        tifffile.imwrite(images / f"{n:05}.tif", np.roll(image, n, axis=0))
    done = subprocess.run([sys.executable, "-c", code, str(images), str(folder / "out-many")], capture_output=True, text=True, check=True)
    return [float(line) for line in done.stdout.split()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=80, help="enough for the start of processes not to matter")
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--memory", type=int, default=1000, metavar="N", help="tiny images for the measurement of memory; 0 leaves it out")
    parser.add_argument("--detector", default="otsu", help="otsu, or network for the bundled one")
    options = parser.parse_args()
    METHOD[:] = [f"detector.name={options.detector}"]
    print(f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        paths = write_images(root / "in", options.images, options.side)
        plain_loop(paths[:1], root / "warm")
        plain = plain_loop(paths, root / "plain")
        batched = batch(paths, root / "batch", options.jobs)
        same = (root / "plain" / "particles.csv").read_bytes() == (root / "batch" / "particles.csv").read_bytes()
        print(f"{options.images} images, {options.side} x {options.side}, 16 bit, {options.detector}, {','.join(FORMATS)}")
        print(f"plain loop over analyze   {options.images / plain:6.2f} images/s")
        rate = options.images / batched.seconds
        print(f"batch, {options.jobs:2} lanes           {rate:6.2f} images/s, {plain / batched.seconds:.2f} x; same particles: {same}")
        print(f"analysis busy             {batched.busy:6.0%} of the time: the rest it waits for files")
        print(f"cores busy                {batched.cores:6.0%} of the time, from the first process to the report")
        print(f"read, analyse, write      {', '.join(f'{one:.1f}' for one in batched.stages)} s in all lanes")
        if options.memory:
            *growing, report = memory_of(options.memory, root)
            print(f"memory after each tenth of {options.memory} images: {', '.join(f'{one:.0f}' for one in growing)} MiB")
            print(f"memory with the report written: {report:.0f} MiB")


if __name__ == "__main__":
    main()
