"""How many burnt-in scale bars are read right: python benchmarks/scale_bars.py FOLDER (with images and TRUTH.csv)."""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from time import process_time

from lycurgus.calibration.evidence import CONFIDENCE_LIMIT
from lycurgus.calibration.reading import read_scale_bar
from lycurgus.core.annotations import find_annotations
from lycurgus.core.annotations.marks import grey_levels
from lycurgus.core.params import AnnotationParams
from lycurgus.readers.door import read

NEAR_PX = 2.0


def main() -> None:
    """Print one row an image and the totals; metadata plays no part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="holds TRUTH.csv with file, bar_value_nm, bar_length_px")
    folder = parser.parse_args().folder
    right = wrong = sure = 0
    times: list[float] = []
    rows = list(csv.DictReader((folder / "TRUTH.csv").open(encoding="utf-8")))
    for row in rows:
        pixels = read(folder / row["file"]).pixels
        annotations = find_annotations(pixels, AnnotationParams())
        start = process_time()
        readings = read_scale_bar(grey_levels(pixels), annotations)
        times.append(process_time() - start)
        best = readings[0] if readings else None
        true = best is not None and abs(best.bar.length_px - float(row["bar_length_px"])) <= NEAR_PX
        true = true and best is not None and abs(best.length_nm / float(row["bar_value_nm"]) - 1) < 1e-3
        right += true
        sure += bool(true and best and best.confidence >= CONFIDENCE_LIMIT)
        wrong += bool(not true and best and best.confidence >= CONFIDENCE_LIMIT)
        said = "nothing" if best is None else f"{best.label} = {best.bar.length_px:.1f} px, confidence {best.confidence:.2f}"
        mark = "right" if true else "no"
        print(f"{mark:6}{Path(row['file']).name:24}{row['bar_label'][:10]:>11} = {row['bar_length_px']:>4} px   {said}", flush=True)
    print(f"right {right} of {len(rows)}, of these sure enough to be used {sure}; wrong and sure {wrong}")
    print(f"process time without Tesseract's own: median {sorted(times)[len(times) // 2]:.2f} s")


if __name__ == "__main__":
    main()
