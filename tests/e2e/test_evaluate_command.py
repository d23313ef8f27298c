"""``lycurgus evaluate``: perfect truth scores one, known mistakes score what they must, whatever form the truth has."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile

from lycurgus.cli import main
from scenes import DISCS, SHAPE, scene, truth, write


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for seed in (1, 2):
        write(tmp_path / "images" / f"{seed}.tif", scene(seed=seed))
    return tmp_path / "images"


def evaluate(images: Path, masks: Path, capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> dict[str, Any]:
    assert main(["evaluate", "--images", str(images), "--truth", str(masks), "--json", *arguments]) == status
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def save_masks(folder: Path, labels: np.ndarray, *, suffix: str = ".png") -> Path:
    folder.mkdir()
    for seed in (1, 2):
        if suffix == ".png":
            cv2.imwrite(str(folder / f"{seed}.png"), labels)
        else:
            tifffile.imwrite(folder / f"{seed}{suffix}", labels)
    return folder


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_easy_discs_are_all_found(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str) -> None:
    document = evaluate(images, save_masks(tmp_path / "masks", truth(), suffix=suffix), capsys)
    assert document["truth"] == "instances"
    assert document["n_truth"] == document["n_found"] == 2 * len(DISCS)
    assert document["f1_50"] == document["f1_75"] == 1
    assert document["pixel_iou_particle"] > 0.95
    assert abs(document["diameter_bias"]) < 0.01


def test_a_particle_too_many_in_the_truth_costs_recall_alone(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = truth()
    labels[5:25, 205:225] = 9
    document = evaluate(images, save_masks(tmp_path / "masks", labels), capsys)
    assert document["precision_50"] == 1
    assert document["recall_50"] == pytest.approx(len(DISCS) / (len(DISCS) + 1))


def test_semantic_masks_are_recognised_and_scored_by_pixel(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = evaluate(images, save_masks(tmp_path / "masks", ((truth() > 0) * 255).astype(np.uint8)), capsys)
    assert document["truth"] == "semantic"
    assert document["pixel_dice_particle"] > 0.97
    assert sum(map(sum, document["confusion_matrix"]["pixels"])) == 2 * SHAPE[0] * SHAPE[1]


def test_one_class_of_a_semantic_mask_can_be_the_particle(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    classes = np.ones(SHAPE, np.uint8)
    classes[truth() > 0] = 2
    masks = save_masks(tmp_path / "masks", classes)
    document = evaluate(images, masks, capsys, "--truth-kind", "semantic", "--particle-values", "2")
    assert document["pixel_iou_particle"] > 0.95


def test_coco_truth_keeps_overlaps(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def circle(centre: tuple[float, float], diameter: float) -> list[float]:
        angle = np.linspace(0, 2 * np.pi, 100, endpoint=False)
        y, x = centre[0] + diameter / 2 * np.sin(angle), centre[1] + diameter / 2 * np.cos(angle)
        return [float(value) for pair in zip(x, y, strict=True) for value in pair]

    document = {
        "images": [{"id": seed, "file_name": f"{seed}.tif", "height": SHAPE[0], "width": SHAPE[1]} for seed in (1, 2)],
        "annotations": [
            {"id": 100 * seed + number, "image_id": seed, "category_id": 1, "iscrowd": 0, "segmentation": [circle(*each)]}
            for seed in (1, 2)
            for number, each in enumerate(DISCS)
        ],
        "categories": [{"id": 1, "name": "particle"}],
    }
    coco = tmp_path / "truth.json"
    coco.write_text(json.dumps(document))
    assert evaluate(images, coco, capsys)["f1_75"] == 1


def test_what_analyze_exports_is_a_truth_that_analyze_meets(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    main(["analyze", str(images), "--out", str(out), "--formats", "coco,labels"])
    capsys.readouterr()
    for exported in (out / "annotations.coco.json", out / "labels"):
        document = evaluate(images, exported, capsys)
        assert document["f1_75"] == 1
        assert document["pixel_iou_particle"] == 1


def test_scores_of_each_image_are_written(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = evaluate(images, save_masks(tmp_path / "masks", truth()), capsys, "--out", str(tmp_path / "out"))
    with (tmp_path / "out" / "scores.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["image"] for row in rows] == ["1.tif", "2.tif"]
    assert all(float(row["f1_50"]) == 1 for row in rows)
    assert json.loads((tmp_path / "out" / "scores.json").read_text()) == document


def test_a_mask_of_another_size_is_a_failure_of_that_image(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    masks = save_masks(tmp_path / "masks", truth())
    cv2.imwrite(str(masks / "2.png"), truth()[:100])
    document = evaluate(images, masks, capsys, status=1)
    assert document["n_images"] == 1
    assert "the mask has 100 x 240 px, its image 200 x 240" in document["failures"][0]["reason"]


def test_masks_of_other_images_are_a_sentence(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    masks = tmp_path / "masks"
    masks.mkdir()
    cv2.imwrite(str(masks / "other.png"), truth())
    assert main(["evaluate", "--images", str(images), "--truth", str(masks)]) == 1
    assert "none of the 2 images has a truth" in capsys.readouterr().err


def test_the_table_for_people_names_what_it_shows(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--images", str(images), "--truth", str(save_masks(tmp_path / "masks", truth()))]) == 0
    shown = capsys.readouterr().out
    assert "2 images against instances masks: 10 particles drawn, 10 found" in shown
    assert "F1, IoU 0.50" in shown
