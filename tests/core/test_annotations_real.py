"""What is burnt into real micrographs is found, and annotated particles stay."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from data import shared
from lycurgus.core.annotations import find_annotations, usable_area
from lycurgus.core.params import AnnotationParams

AUTO = AnnotationParams()
FIRST_ROW_OF_DATA_BAR = {
    "Mus.-5k_024.tif": 1024,
    "1-2k_031.tif": 1024,
    "Zeiss_1.tif": 699,
    "Tescan_1.TIF": 1152,
    "A-2h-01.tif": 960,
    "FEI-Helios-Ebeam-8bits.tif": 442,
    "FEI-Helios-Ebeam-16bits.tif": 442,
}


def grey(path: Path) -> NDArray[Any]:
    """Any of these files as one plane; colours become grey."""
    picture: NDArray[Any]
    if path.suffix.lower() in (".tif", ".tiff"):
        picture = np.asarray(tifffile.imread(path))
    else:
        picture = np.asarray(cv2.imread(str(path), cv2.IMREAD_UNCHANGED))
    if picture.ndim == 3:
        picture = np.asarray(cv2.cvtColor(np.ascontiguousarray(picture[..., :3]), cv2.COLOR_BGR2GRAY))
    return picture


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted(FIRST_ROW_OF_DATA_BAR))
def test_the_data_bar_of_an_instrument_is_found_to_the_row(name: str) -> None:
    picture = grey(shared("native") / "tiff" / name)
    bars = [annotation.bbox for annotation in find_annotations(picture, AUTO) if annotation.kind == "data bar"]
    assert [(bar.y0, bar.y1) for bar in bars] == [(FIRST_ROW_OF_DATA_BAR[name], picture.shape[0])]


def test_burnt_in_scale_bars_are_found_with_their_length() -> None:
    folder = shared("scalebars")
    with (folder / "TRUTH.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found = 0
    for row in rows:
        annotations = find_annotations(grey(folder / row["file"]), AUTO)
        length = float(row["bar_length_px"])
        precise = any(a.kind == "scale bar" and abs(a.bbox.width - length) <= 3 for a in annotations)
        found += precise or any(a.kind == "data bar" for a in annotations)
    assert len(rows) == 47
    assert found >= 43, f"{found} of {len(rows)}"


def test_annotated_particles_are_not_masked() -> None:
    """Labels printed over particles hide about 0.5 % of their area, and that is nearly all that is lost."""
    folder = shared("emps")
    masked = total = 0
    for path in sorted((folder / "images").glob("*.png")):
        picture = grey(path)
        particle = grey(folder / "masks" / path.name) > 0
        usable = usable_area(picture, find_annotations(picture, AUTO))
        masked += np.count_nonzero(particle & ~usable)
        total += np.count_nonzero(particle)
    assert masked < 0.006 * total, f"{100 * masked / total:.2f} %"


def test_micrographs_without_annotations_stay_whole() -> None:
    for path in sorted((shared("catalyst-boxes") / "images").iterdir()):
        assert find_annotations(grey(path), AUTO) == (), path.name
