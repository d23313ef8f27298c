"""Truth drawn by hand: crowds are no particles, and no file makes the decoder read what it does not hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from pycocotools import mask as coco_mask

from lycurgus.core.errors import ReadError
from lycurgus.readers.truth import read_coco, read_labels
from shapes import disc

SHAPE = (60, 80)
DISC = disc(SHAPE, (30, 40), 20)
RLE: dict[str, Any] = coco_mask.encode(np.asfortranarray(DISC.astype(np.uint8)))
COMPRESSED = {"size": list(SHAPE), "counts": RLE["counts"].decode("ascii")}
SQUARE = [[10.0, 10.0, 30.0, 10.0, 30.0, 30.0, 10.0, 30.0]]


def coco(folder: Path, *annotations: dict[str, Any], shape: tuple[int, int] = SHAPE) -> Path:
    document = {
        "images": [{"id": 1, "file_name": "a.tif", "height": shape[0], "width": shape[1]}],
        "annotations": [{"id": number, "image_id": 1, "iscrowd": 0, **one} for number, one in enumerate(annotations, start=1)],
        "categories": [],
    }
    path = folder / "truth.json"
    path.write_text(json.dumps(document))
    return path


def test_polygons_and_run_lengths_are_decoded(tmp_path: Path) -> None:
    plain = {"size": list(SHAPE), "counts": [60 * 10, 60, 60 * 69]}
    path = coco(tmp_path, {"segmentation": COMPRESSED}, {"segmentation": SQUARE}, {"segmentation": plain}, {"segmentation": []})
    found = read_coco(path)["a.tif"].instances()
    assert [one.area_px for one in found] == [np.count_nonzero(DISC), 400, 60]


@pytest.mark.parametrize("segmentation", [COMPRESSED, SQUARE])
def test_a_crowd_is_no_particle_however_it_is_written(tmp_path: Path, segmentation: object) -> None:
    path = coco(tmp_path, {"segmentation": segmentation, "iscrowd": 1}, {"segmentation": SQUARE})
    assert [one.area_px for one in read_coco(path)["a.tif"].instances()] == [400]


@pytest.mark.parametrize(
    ("segmentation", "sentence"),
    [
        ({"size": [60, 90], "counts": COMPRESSED["counts"]}, "is drawn for an image of 60 x 90 px, its image has 60 x 80"),
        ({"size": [60, 80], "counts": [10, -10, 4800]}, "do not add up"),
        ({"size": [60, 80], "counts": [10, 20]}, "do not add up"),
        ({"size": [60, 80], "counts": [10**30]}, "do not add up"),
        ({"size": [60, 80], "counts": "éé"}, "cannot be decoded"),
        ({"size": [60, 80]}, "cannot be decoded"),
        ([["a", "b"]], "cannot be decoded"),
        (7, "cannot be decoded"),
        (None, "cannot be decoded"),
    ],
)
def test_a_damaged_annotation_is_a_sentence_that_names_it(tmp_path: Path, segmentation: object, sentence: str) -> None:
    truth = read_coco(coco(tmp_path, {"segmentation": segmentation}))["a.tif"]
    with pytest.raises(ReadError, match=rf"annotation 1 of a\.tif .*{sentence}"):
        truth.instances()


def test_a_huge_declared_image_is_not_decoded_to_be_refused(tmp_path: Path) -> None:
    """What a mask of 60000 x 60000 px would cost, 3.6 GB, is never asked for: only the size is compared."""
    segmentation = {"size": [60000, 60000], "counts": [60000 * 60000]}
    assert read_coco(coco(tmp_path, {"segmentation": segmentation}, shape=(60000, 60000)))["a.tif"].shape == (60000, 60000)


@pytest.mark.parametrize(
    "text", ["{}", "[]", "7", "[" * 100_000, '{"images": [{"id": 1, "file_name": "a", "height": 1e999, "width": 2}], "annotations": []}']
)
def test_what_is_no_coco_file_is_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "truth.json"
    path.write_text(text)
    with pytest.raises(ReadError, match="is not a COCO file"):
        read_coco(path)


def test_two_images_of_one_name_are_refused(tmp_path: Path) -> None:
    image = {"file_name": "a.tif", "height": 5, "width": 5}
    path = tmp_path / "truth.json"
    path.write_text(json.dumps({"images": [{"id": 1, **image}, {"id": 2, **image}], "annotations": []}))
    with pytest.raises(ReadError, match="two images that are called a"):
        read_coco(path)


def test_a_mask_that_claims_to_be_huge_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.tif"
    with tifffile.TiffWriter(path) as file:
        file.write(np.zeros((16, 16), np.uint8))
    with tifffile.TiffFile(path, mode="r+b") as file:
        for name in ("ImageWidth", "ImageLength"):
            file.pages.first.tags[name].overwrite(60000)
    with pytest.raises(ReadError, match="60000 x 60000 px, too many"):
        read_labels(path)
