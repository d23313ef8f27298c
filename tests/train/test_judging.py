"""Networks are judged on what is known, by the application's own analysis."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lycurgus.core.metrics import ImageScore
from lycurgus.core.overlap import instances_from_labels
from lycurgus.core.types import Instance
from lycurgus.detectors.network import NetworkDetector
from lycurgus.inference.catalog import InstalledModel
from lycurgus.inference.manifest import read_manifest
from lycurgus_train.cli import main
from lycurgus_train.data.splits import Split, write_split
from lycurgus_train.finds import MISSED, RIGHT, WRONG, draw_finds
from lycurgus_train.judging import BoxScore, box_iou, detection_params, judge, score_boxes, scores_document, truth_of
from lycurgus_train.labelled import LabelledImage
from networks import make_model
from shapes import disc
from train.folders import save

SHAPE = (200, 240)
CENTRES = [(y, x) for y in range(30, 190, 45) for x in range(30, 230, 45)]


def discs(centres: list[tuple[int, int]] = CENTRES, diameter_px: float = 24) -> tuple[Instance, ...]:
    labels = np.zeros(SHAPE, np.int32)
    for number, centre in enumerate(centres, start=1):
        labels[disc(SHAPE, centre, diameter_px)] = number
    return instances_from_labels(labels)


def picture(instances: tuple[Instance, ...], seed: int = 1) -> NDArray[np.uint8]:
    pixels = np.random.default_rng(seed).normal(60, 4, SHAPE)
    for instance in instances:
        pixels[instance.bbox.slices][instance.mask] += 120
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


def labelled(**changes: object) -> LabelledImage:
    return replace(LabelledImage("discs", picture(discs()), discs()), **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that finds bright blobs of 24 px."""
    return make_model(tmp_path_factory.mktemp("models") / "blobs")


def test_the_overlap_of_boxes_is_that_of_geometry() -> None:
    box = np.array([[0.0, 0, 10, 10]])
    others = np.array([[0.0, 0, 10, 10], [0, 5, 10, 15], [10, 0, 20, 10], [2, 2, 7, 7]])
    np.testing.assert_allclose(box_iou(box, others), [[1, 1 / 3, 0, 0.25]])


def test_boxes_are_matched_one_to_one() -> None:
    found = discs()
    boxes = np.array([instance.bbox for instance in found], np.float32)
    shifted = np.concatenate([boxes + np.float32(4), boxes[:1], [[0, 0, 5, 5]]]).astype(np.float32)
    scored = score_boxes(found, labelled(instances=(), boxes=shifted))
    assert scored == BoxScore(n_found=20, n_truth=22, matched=20)
    assert scored.numbers()["f1_boxes_30"] == pytest.approx(40 / 42)


def test_what_is_found_where_nothing_is_known_counts_neither_way() -> None:
    ignore = np.zeros(SHAPE, bool)
    ignore[:, 142:] = True
    annotated = tuple(instance for instance in discs() if instance.bbox.x1 < 142)
    whole, half = labelled(instances=annotated), labelled(instances=annotated, ignore=ignore)
    judged = list(judge([whole, half], detection_params("otsu"), truth="instances"))
    assert [len(one.found) for one in judged] == [20, 12]
    assert [one.fit for one in judged] == [pytest.approx(24 / 32), 1.0]
    assert isinstance(judged[1].score, ImageScore)
    assert judged[1].score.pixels.sum() == (~ignore).sum()


def test_boxes_where_nothing_is_known_count_neither_way() -> None:
    ignore = np.zeros(SHAPE, bool)
    ignore[:, 142:] = True
    found = [instance for instance in discs() if instance.bbox.x1 < 142]
    boxes = np.array([instance.bbox for instance in discs()], np.float32)
    assert score_boxes(found, labelled(instances=(), boxes=boxes)) == BoxScore(n_found=12, n_truth=20, matched=12)
    assert score_boxes(found, labelled(instances=(), boxes=boxes, ignore=ignore)) == BoxScore(n_found=12, n_truth=12, matched=12)


def test_the_least_that_is_known_decides_what_is_scored() -> None:
    boxes = np.array([[0, 0, 9, 9]], np.float32)
    assert truth_of([labelled()]) == "instances"
    assert truth_of([labelled(), labelled(instances=(), boxes=boxes)]) == "boxes"
    assert truth_of([labelled(), labelled(instances=(), foreground=np.ones(SHAPE, bool))]) == "semantic"


def test_a_network_is_judged_as_the_application_uses_it(blobs: Path) -> None:
    detector = NetworkDetector(InstalledModel(blobs, read_manifest(blobs), bundled=False))
    [judged] = judge([labelled()], detection_params(), truth="instances", detector=detector, device="cpu")
    assert len(judged.found) == len(CENTRES)
    assert judged.fit == 1.0
    semantic = labelled(instances=(), foreground=np.logical_or.reduce([disc(SHAPE, centre, 24) for centre in CENTRES]))
    [judged] = judge([semantic], detection_params(), truth="semantic", detector=detector, device="cpu")
    assert 0.9 < judged.fit <= 1.0


def test_an_image_that_cannot_be_analysed_is_reported_and_stops_nobody() -> None:
    huge = LabelledImage("huge", np.broadcast_to(np.uint8(1), (16_385, 16_385)))
    judged = list(judge([huge, labelled()], detection_params("otsu"), truth="instances"))
    assert judged[0].score is None
    assert "16,385" in judged[0].error
    assert scores_document(judged)["n_images"] == 1


def test_a_drawing_tells_right_wrong_and_missed_apart() -> None:
    image = labelled()
    shifted = discs([(y + 9, x + 9) for y, x in CENTRES[:1]])
    [judged] = judge([image], detection_params("otsu"), truth="instances")
    assert shown(draw_finds(replace(judged, found=(*shifted, *discs()[2:])))) == {RIGHT, WRONG, MISSED}
    assert shown(draw_finds(replace(judged, found=discs()))) == {RIGHT}
    assert shown(draw_finds(replace(judged, found=()))) == {MISSED}
    empty = replace(judged.image, instances=())
    assert shown(draw_finds(replace(judged, image=empty, found=discs()))) == {WRONG}


def shown(canvas: NDArray[np.uint8]) -> set[tuple[int, int, int]]:
    """The colours of outlines; their edges are mixed with the grey of the picture, which is near none of them."""
    return {colour for colour in (RIGHT, WRONG, MISSED) if (np.abs(canvas.astype(int) - colour).max(axis=2) < 40).sum() > 20}


def test_the_command_scores_a_folder(blobs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = np.zeros(SHAPE, np.uint8)
    for number, centre in enumerate(CENTRES, start=1):
        labels[disc(SHAPE, centre, 24)] = number
    for number in range(3):
        save(tmp_path / "data" / "images" / f"{number}.png", picture(discs(), number))
        save(tmp_path / "data" / "masks" / f"{number}.png", labels if number else np.roll(labels, 22, axis=1))
    arguments = [
        "evaluate",
        str(blobs),
        "--data",
        str(tmp_path / "data"),
        "--device",
        "cpu",
        "--out",
        str(tmp_path / "out"),
        "--worst",
        "1",
    ]
    assert main([*arguments, "--name", "discs"]) == 0
    assert "blobs 1.0.0 on discs" in capsys.readouterr().out
    document = json.loads((tmp_path / "out" / "scores.json").read_text(encoding="utf-8"))
    assert (document["n_images"], document["n_truth"], document["truth"]) == (3, 60, "instances")
    assert document["f1_50"] == pytest.approx(2 / 3, abs=0.02)
    assert document["model"]["sha256"] == read_manifest(blobs).model.sha256
    with (tmp_path / "out" / "scores.csv").open(encoding="utf-8", newline="") as stream:
        rows = {row["image"]: row for row in csv.DictReader(stream)}
    assert [float(rows[name]["f1_50"]) for name in "012"] == [0, 1, 1]
    assert [path.name for path in (tmp_path / "out" / "worst").iterdir()] == ["01-0.png"]
    assert main([*arguments[:4], "--boxes", "--limit", "1", "--device", "cpu"]) == 0
    assert "F1, boxes, IoU 0.3" in capsys.readouterr().out


def test_wrong_usage_is_a_sentence(blobs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(tmp_path / "images" / "a.png", picture(discs()))
    save(tmp_path / "masks" / "a.png", np.zeros(SHAPE, np.uint8))
    assert main(["evaluate", str(blobs), "--data", str(tmp_path), "--limit", "0"]) == 2
    assert "--limit 0 is impossible" in capsys.readouterr().err
    assert main(["evaluate", str(blobs), "--data", str(tmp_path), "--set", "detector.volume=11"]) == 2
    assert "no parameter called 'detector.volume'" in capsys.readouterr().err


def test_images_that_a_split_promises_are_not_passed_over(blobs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        save(tmp_path / "images" / f"{name}.png", picture(discs()))
        save(tmp_path / "masks" / f"{name}.png", np.zeros(SHAPE, np.uint8))
    split = tmp_path / "split.json"
    write_split(Split(("a",), ("b", "c"), {}), split)
    command = ["evaluate", str(blobs), "--data", str(tmp_path), "--device", "cpu"]
    assert main([*command, "--split", str(split)]) == 1
    said = capsys.readouterr().err
    assert "nothing was scored" in said
    assert "the split names c, of which there is no image" in said
    (tmp_path / "masks" / "b.png").unlink()
    assert main(command) == 0
    assert "not scored: b.png: has no mask" in capsys.readouterr().err
