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
from lycurgus.readers.door import read
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


def test_an_unreadable_mask_is_listed_and_the_others_are_scored(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    masks = save_masks(tmp_path / "masks", truth())
    (masks / "1.png").write_bytes(b"no picture")
    document = evaluate(images, masks, capsys, status=1)
    assert (document["truth"], document["n_images"], document["f1_50"]) == ("instances", 1, 1)
    assert document["failures"] == [{"file": "1.tif", "reason": "1.png: is not a readable mask"}]


def test_a_defect_of_ours_costs_one_image(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails_on_the_first(path: Path, **settings: Any) -> Any:
        if path.name == "1.tif":
            raise ZeroDivisionError("division by zero")
        return read(path, **settings)

    monkeypatch.setattr("lycurgus.services.evaluation.read", fails_on_the_first)
    document = evaluate(images, save_masks(tmp_path / "masks", truth()), capsys, status=1)
    assert document["n_images"] == 1
    assert "please report it" in document["failures"][0]["reason"]


def test_coco_truth_drawn_for_another_size_fails_without_a_traceback(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    huge = {"id": 1, "image_id": 1, "iscrowd": 0, "segmentation": {"size": [60000, 60000], "counts": [60000 * 60000]}}
    wrong = {"id": 2, "image_id": 2, "iscrowd": 0, "segmentation": {"size": [9, 9], "counts": [-1, 82]}}
    sizes = {1: (60000, 60000), 2: SHAPE}
    document = {
        "images": [{"id": number, "file_name": f"{number}.tif", "height": h, "width": w} for number, (h, w) in sizes.items()],
        "annotations": [huge, wrong],
    }
    coco = tmp_path / "truth.json"
    coco.write_text(json.dumps(document))
    reasons = [failure["reason"] for failure in evaluate(images, coco, capsys, status=1)["failures"]]
    assert "the mask has 60000 x 60000 px" in reasons[0]
    assert "annotation 2 of 2.tif is drawn for an image of 9 x 9 px" in reasons[1]


def test_the_truth_of_the_same_folder_is_taken_where_stems_repeat(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    square = [[20.0, 20.0, 60.0, 20.0, 60.0, 60.0, 20.0, 60.0]]
    names = {1: "images/1.tif", 2: "other/1.tif", 3: "2.tif"}
    document = {
        "images": [{"id": number, "file_name": name, "height": SHAPE[0], "width": SHAPE[1]} for number, name in names.items()],
        "annotations": [{"id": number, "image_id": 2, "iscrowd": 0, "segmentation": square} for number in range(4)],
    }
    coco = tmp_path / "truth.json"
    coco.write_text(json.dumps(document))
    assert evaluate(images, coco, capsys)["n_truth"] == 0
    document["images"][0]["file_name"] = "third/1.tif"
    coco.write_text(json.dumps(document))
    assert main(["evaluate", "--images", str(images), "--truth", str(coco)]) == 1
    assert "1.tif has more than one truth: third/1.tif and other/1.tif" in capsys.readouterr().err


def test_two_masks_of_one_stem_are_refused(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    masks = save_masks(tmp_path / "masks", truth())
    cv2.imwrite(str(masks / "1.bmp"), truth().astype(np.uint8))
    assert main(["evaluate", "--images", str(images), "--truth", str(masks)]) == 1
    assert "1.tif has more than one truth" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(["--truth", "/nope"], "there is no truth at"), (["--truth-kind", "instances", "--particle-values", "2"], "is for semantic masks")],
)
def test_wrong_usage_is_status_2(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    masks = save_masks(tmp_path / "masks", truth())
    with pytest.raises(SystemExit) as stop:
        main(["evaluate", "--images", str(images), "--truth", str(masks), *arguments])
    assert stop.value.code == 2
    assert sentence in capsys.readouterr().err


def test_scores_are_printed_even_where_they_cannot_be_written(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out" / "scores.csv").mkdir(parents=True)
    arguments = ["evaluate", "--images", str(images), "--truth", str(save_masks(tmp_path / "masks", truth())), "--out"]
    assert main([*arguments, str(tmp_path / "out")]) == 1
    told = capsys.readouterr()
    assert "F1, IoU 0.50" in told.out
    assert "scores.csv: a folder of that name is in the way" in told.err
    assert (tmp_path / "out" / "scores.json").exists()
    (tmp_path / "file").touch()
    assert main([*arguments, str(tmp_path / "file")]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_masks_of_other_images_are_a_sentence(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    masks = tmp_path / "masks"
    masks.mkdir()
    cv2.imwrite(str(masks / "other.png"), truth())
    assert main(["evaluate", "--images", str(images), "--truth", str(masks)]) == 1
    assert "none of the 2 images has a truth" in capsys.readouterr().err


def test_the_table_for_people_names_what_it_shows(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--images", str(images), "--truth", str(save_masks(tmp_path / "masks", truth()))]) == 0
    shown = capsys.readouterr().out
    assert "2 images against instance masks: 10 particles drawn, 10 found" in shown
    assert "F1, IoU 0.50" in shown


def test_naming_the_particle_values_makes_masks_semantic(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    classes = np.ones(SHAPE, np.uint8)
    classes[truth() > 0] = 2
    document = evaluate(images, save_masks(tmp_path / "masks", classes), capsys, "--particle-values", "2")
    assert document["truth"] == "semantic"
    assert document["pixel_iou_particle"] > 0.95


def test_a_grey_picture_of_a_mask_is_no_numbering(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A binary mask that went through a lossy format holds every grey value."""
    noise = np.random.default_rng(0).integers(0, 40, SHAPE)
    masks = save_masks(tmp_path / "masks", np.where(truth() > 0, 255 - noise, noise).astype(np.uint8))
    assert main(["evaluate", "--images", str(images), "--truth", str(masks), "--json"]) == 1
    assert "--particle-values '>127'" in capsys.readouterr().err
    document = evaluate(images, masks, capsys, "--particle-values", ">127")
    assert document["pixel_iou_particle"] > 0.95


def test_touching_particles_that_are_numbered_are_no_grey_picture(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = np.zeros(SHAPE, np.uint8)
    for number in range(30):
        labels[20:40, 5 * number : 5 * number + 5] = number + 1
    document = evaluate(images, save_masks(tmp_path / "masks", labels), capsys)
    assert (document["truth"], document["n_truth"]) == ("instances", 60)
