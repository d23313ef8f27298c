"""COCO annotations: strict JSON in which pycocotools finds every mask again, overlaps included."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from lycurgus.core.types import BBox, Instance, PixelSize
from lycurgus.exporters.base import Report
from lycurgus.exporters.coco import CocoExporter, run_length_code, run_lengths
from particles import entry_of, particles_of
from reports import make_report
from shapes import disc, instance_of

# pycocotools' decoder has not caught up with NumPy 2; what is tested is the encoding.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SHAPE = (50, 70)


def refuse_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def written(report: Report, out: Path) -> dict[str, Any]:
    (path,) = CocoExporter().write(report, out)
    assert path == out / "annotations.coco.json"
    document: dict[str, Any] = json.loads(path.read_text(encoding="ascii"), parse_constant=refuse_constant)
    return document


def one_image(*masks: np.ndarray, **options: Any) -> Report:
    return Report((entry_of(particles_of(*masks), np.zeros(masks[0].shape), **options),), (), None)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))).filter(np.any))
def test_run_lengths_are_those_of_pycocotools(mask: np.ndarray) -> None:
    expected = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    assert run_length_code(instance_of(mask), mask.shape)["counts"] == expected


@settings(derandomize=True, max_examples=30, deadline=None)
@given(arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9))).filter(np.any), st.integers(0, 40), st.integers(0, 40))
def test_a_mask_anywhere_in_a_large_image_is_found_again(mask: np.ndarray, y: int, x: int) -> None:
    whole = np.zeros(SHAPE, bool)
    whole[y : y + mask.shape[0], x : x + mask.shape[1]] = mask
    # The box need not be tight.
    box = BBox(y, x, y + mask.shape[0], x + mask.shape[1])
    code = run_length_code(Instance(box, mask), SHAPE)
    assert np.array_equal(coco_mask.decode(code).astype(bool), whole)
    assert sum(run_lengths(Instance(box, mask), SHAPE)) == whole.size


def test_a_particle_that_fills_the_image_is_one_run() -> None:
    assert run_lengths(instance_of(np.ones(SHAPE, bool)), SHAPE) == [0, 50 * 70]


def test_masks_survive_with_their_overlaps(tmp_path: Path) -> None:
    report = make_report(2, 20)
    written(report, tmp_path)
    coco = COCO(str(tmp_path / "annotations.coco.json"))
    assert sorted(image["file_name"] for image in coco.dataset["images"]) == ["sample_001.tif", "sample_002.tif"]
    for image, entry in zip(coco.dataset["images"], report.entries, strict=True):
        annotations = {a["particle_id"]: a for a in coco.loadAnns(coco.getAnnIds(imgIds=image["id"]))}
        masks = {}
        for particle in entry.result.particles:
            masks[particle.id] = coco.annToMask(annotations[particle.id]).astype(bool)
            assert np.array_equal(masks[particle.id][particle.instance.bbox.slices], particle.instance.mask)
            assert masks[particle.id].sum() == annotations[particle.id]["area"]
        assert np.any(masks[1] & masks[2])


def test_annotations_say_what_is_known_of_each_particle(tmp_path: Path) -> None:
    report = make_report(1, 20)
    document = written(report, tmp_path)
    for particle, annotation in zip(report.entries[0].result.particles, document["annotations"], strict=True):
        box = particle.instance.bbox
        assert annotation["bbox"] == [box.x0, box.y0, box.width, box.height]
        assert annotation["score"] == pytest.approx(particle.instance.score)
        assert annotation["flags"] == sorted(particle.flags)
        assert annotation["excluded"] == particle.excluded
        assert annotation["iscrowd"] == 0
        assert annotation["equivalent_diameter_nm"] == particle.measurement.equivalent_diameter_nm
    assert len({annotation["id"] for annotation in document["annotations"]}) == 20
    assert any(annotation["excluded"] for annotation in document["annotations"])


def test_ids_of_annotations_are_unique_across_images(tmp_path: Path) -> None:
    document = written(make_report(3, 5), tmp_path)
    assert [annotation["id"] for annotation in document["annotations"]] == list(range(1, 16))
    assert [annotation["image_id"] for annotation in document["annotations"]] == [1] * 5 + [2] * 5 + [3] * 5
    assert {annotation["category_id"] for annotation in document["annotations"]} <= {c["id"] for c in document["categories"]}


def test_a_missing_score_is_null(tmp_path: Path) -> None:
    report = one_image(disc(SHAPE, (20, 30), 10))
    entry = report.entries[0]
    particle = entry.result.particles[0]
    unsure = replace(particle, instance=replace(particle.instance, score=float("nan")))
    document = written(Report((replace(entry, result=replace(entry.result, particles=(unsure,))),), (), None), tmp_path)
    assert document["annotations"][0]["score"] is None


def test_categories_are_the_classes_present(tmp_path: Path) -> None:
    assert [c["name"] for c in written(make_report(1, 3), tmp_path)["categories"]] == ["particle"]
    report = make_report(1, 3, classified=True)
    entry = report.entries[0]
    first, *others = entry.result.particles
    twinned = replace(first, classes={"structure": ("twinned", {"twinned": 1.0})})
    unknown = replace(others[0], classes={})
    mixed = replace(entry, result=replace(entry.result, particles=(twinned, unknown, *others[1:])))
    document = written(replace(report, entries=(mixed,)), tmp_path)
    names = {category["id"]: category["name"] for category in document["categories"]}
    assert [names[a["category_id"]] for a in document["annotations"]] == ["twinned", "particle", "single crystal"]


@pytest.mark.parametrize(
    ("pixel_size", "stated", "source"), [(PixelSize(0.5, 0.2, "scale bar"), [0.5, 0.2], "scale bar"), (None, None, None)]
)
def test_images_carry_shape_and_pixel_size(tmp_path: Path, pixel_size: PixelSize | None, stated: Any, source: str | None) -> None:
    (image,) = written(one_image(disc(SHAPE, (20, 30), 10), pixel_size=pixel_size), tmp_path)["images"]
    assert (image["height"], image["width"]) == SHAPE
    assert image["pixel_size_nm"] == stated
    assert image["pixel_size_source"] == source


@pytest.mark.parametrize("name", ["=1+1.tif", "Größe µm.tif", 'quote".tif', "line\nbreak.tif", "bad\udcff.tif"])
def test_any_file_name_is_valid_json(tmp_path: Path, name: str) -> None:
    assert written(make_report(1, 3, names=[name]), tmp_path)["images"][0]["file_name"] == name


def test_a_report_without_particles_or_images_is_valid(tmp_path: Path) -> None:
    document = written(make_report(0), tmp_path)
    assert document["images"] == document["annotations"] == []
    assert [category["name"] for category in document["categories"]] == ["particle"]
    assert COCO(str(tmp_path / "annotations.coco.json")).getAnnIds() == []


def test_numbers_of_numpy_are_numbers(tmp_path: Path) -> None:
    report = one_image(disc(SHAPE, (20, 30), 10))
    entry = report.entries[0]
    particle = entry.result.particles[0]
    box = BBox(*(np.int64(side) for side in particle.instance.bbox))
    computed = replace(particle, instance=replace(particle.instance, bbox=box, score=np.float32(0.5)))
    document = written(Report((replace(entry, result=replace(entry.result, particles=(computed,))),), (), None), tmp_path)
    assert document["annotations"][0]["bbox"] == [box.x0, box.y0, box.width, box.height]
    assert document["annotations"][0]["score"] == 0.5


def test_pictures_are_not_needed(tmp_path: Path) -> None:
    report = make_report(1, 5)
    entry = report.entries[0]
    stripped = replace(entry.result, micrograph=replace(entry.result.micrograph, pixels=np.zeros((0, 0))))
    document = written(replace(report, entries=(replace(entry, result=stripped),)), tmp_path)
    assert (document["images"][0]["height"], document["images"][0]["width"]) == entry.shape
