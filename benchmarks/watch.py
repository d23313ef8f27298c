"""How long a watch takes from a file's last byte to its result: python benchmarks/watch.py

Images are copied into a watched folder by a program of their own, singly with pauses and then in a burst. Counted from the moment when
a file is closed to the moments when its result is handed to the window, and when it is in the project file with all its files written;
beside it the same without the time that the analysis itself took. A burst keeps the analysis busy, so that its images wait for each
other: of it only the time until all are kept is told.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from datetime import date
from pathlib import Path
from statistics import median

import tifffile
from analysis import picture

from lycurgus.core.progress import CancelToken
from lycurgus.parameters import default_params, with_settings
from lycurgus.services.plan import ExportPlan
from lycurgus.services.report import USUAL_FORMATS
from lycurgus.services.watch import Watch
from lycurgus.services.watch_events import ImageDone, ImageSeen, WatchEvent

_WRITER = """
import json, sys, time
from pathlib import Path
folder, sources, single, pause_s = Path(sys.argv[1]), sorted(Path(sys.argv[2]).iterdir()), int(sys.argv[3]), float(sys.argv[4])
contents = [source.read_bytes() for source in sources]
for number, (source, content) in enumerate(zip(sources, contents)):
    (folder / source.name).write_bytes(content)
    # The same clock in every process.
    print(json.dumps([source.name, time.monotonic()]), flush=True)
    if number < single:
        # Not in step with the looks.
        time.sleep(pause_s * (1 + 0.37 * (number % 5) / 5))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--single", type=int, default=20, help="images that come one by one")
    parser.add_argument("--pause", type=float, default=4.0, help="seconds between them; longer than an analysis takes")
    parser.add_argument("--burst", type=int, default=50, help="images that come at once")
    parser.add_argument("--side", type=int, default=2048)
    parser.add_argument("--detector", default="otsu")
    options = parser.parse_args()
    print(f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("in", "sources"):
            (root / name).mkdir()
        for number in range(options.single + options.burst):
            path = root / "sources" / f"{number:04}.tif"
            tifffile.imwrite(path, picture(options.side, seed=number), imagej=True, resolution=(2, 2), metadata={"unit": "nm"})
        measure(root, options)


def measure(root: Path, options: argparse.Namespace) -> None:
    shown: dict[str, float] = {}
    told: dict[str, tuple[float, float]] = {}
    all_there = threading.Event()

    def tell(event: WatchEvent) -> None:
        if isinstance(event, ImageSeen):
            shown.setdefault(event.path.name, time.monotonic())
        elif isinstance(event, ImageDone):
            told[event.note.path.name] = time.monotonic(), sum(event.result.provenance.times_s.values())
            if len(told) == options.single + options.burst:
                all_there.set()

    params = with_settings(default_params(), [f"detector.name={options.detector}"])
    stop = CancelToken()
    with Watch.open(root / "in", params, ExportPlan(root / "out", USUAL_FORMATS), tell=tell) as watch:
        running = threading.Thread(target=lambda: watch.run(cancel=stop))
        running.start()
        command = [sys.executable, "-c", _WRITER, str(root / "in"), str(root / "sources"), str(options.single), str(options.pause)]
        written = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        all_there.wait()
        stop.cancel()
        running.join()
    complete = dict(json.loads(line) for line in written)
    single = [f"{number:04}.tif" for number in range(options.single)]
    print(f"{options.single} images of {options.side} x {options.side} px one by one, {options.detector}, all usual formats written")
    for what, when in (("handed to the window", shown), ("kept, files written", {name: told[name][0] for name in told})):
        whole = [when[name] - complete[name] for name in single]
        beside = [when[name] - complete[name] - told[name][1] for name in single]
        print(f"complete to {what}: median {median(whole):.2f} s, worst {max(whole):.2f} s;", end=" ")
        print(f"without the analysis itself median {median(beside):.2f} s, worst {max(beside):.2f} s")
    if options.burst:
        burst = [name for name in complete if name not in single]
        took = max(told[name][0] for name in burst) - min(complete[name] for name in burst)
        spread = max(complete[name] for name in burst) - min(complete[name] for name in burst)
        print(f"a burst of {options.burst} within {spread:.1f} s: all kept after {took:.1f} s")


if __name__ == "__main__":
    main()
