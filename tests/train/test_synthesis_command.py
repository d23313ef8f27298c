"""From files to files: what the command reads, refuses and writes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from lycurgus.core.errors import ExportError
from lycurgus.core.types import BBox, Instance
from lycurgus.readers.truth import read_coco, read_labels
from lycurgus_train.cli import main
from lycurgus_train.labelled import LabelledImage
from lycurgus_train.synth.describing import parameter_table
from lycurgus_train.synth.parameters import SynthesisParams
from lycurgus_train.synth.writing import label_image, write_data_set
from synthetic_pairs import disc_pair

ROOT = Path(__file__).resolve().parents[2]
FEW = ["--count", "2", "--set", "size_px=160", "--set", "particles=4,8"]


def square(y: int, x: int, side: int = 10) -> Instance:
    return Instance(BBox(y, x, y + side, x + side), np.ones((side, side), dtype=bool))


def overlapping() -> LabelledImage:
    return LabelledImage("pair", np.full((40, 50), 7, dtype=np.uint8), (square(5, 5), square(10, 10)), group="g", kind="made")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One image with its mask, numbered in 16 bits, in folders of their own."""
    pair = disc_pair()
    (tmp_path / "given" / "images").mkdir(parents=True)
    (tmp_path / "given" / "masks").mkdir()
    cv2.imwrite(str(tmp_path / "given" / "images" / "discs.png"), pair.pixels)
    labels = np.where(label_image(pair.instances, pair.shape) > 0, label_image(pair.instances, pair.shape) + 1000, 0)
    tifffile.imwrite(tmp_path / "given" / "masks" / "discs.tif", labels.astype(np.uint16))
    return tmp_path / "given"


def test_every_instance_has_a_value_of_its_own_and_later_ones_lie_on_top() -> None:
    labels = label_image(overlapping().instances, (40, 50))
    assert labels.dtype == np.uint16
    assert set(np.unique(labels)) == {0, 1, 2}
    assert labels[12, 12] == 2
    assert np.count_nonzero(labels == 1) == 75


def test_more_particles_than_16_bits_can_number_take_32() -> None:
    one = Instance(BBox(0, 0, 1, 1), np.ones((1, 1), dtype=bool))
    instances = [replace(one, bbox=BBox(k // 300, k % 300, k // 300 + 1, k % 300 + 1)) for k in range(66_000)]
    assert label_image(instances[:65_535], (220, 300)).dtype == np.uint16
    labels = label_image(instances, (220, 300))
    assert labels.dtype == np.uint32
    assert np.unique(labels).size == 66_000


def test_overlap_is_kept_in_the_coco_file(tmp_path: Path) -> None:
    ignore = np.zeros((40, 50), dtype=bool)
    ignore[30:] = True
    count = write_data_set([replace(overlapping(), ignore=ignore)], tmp_path, description="made")
    truth = read_coco(tmp_path / "annotations.coco.json")["images/pair.tif"]
    assert count == 1
    assert [(one.bbox, one.area_px) for one in truth.instances()] == [(BBox(5, 5, 15, 15), 100), (BBox(10, 10, 20, 20), 100)]
    document = json.loads((tmp_path / "annotations.coco.json").read_text())
    assert [annotation["iscrowd"] for annotation in document["annotations"]] == [0, 0, 1]
    assert document["images"][0]["group"] == "g"
    assert np.array_equal(tifffile.imread(tmp_path / "images" / "pair.tif"), overlapping().pixels)
    assert np.count_nonzero(read_labels(tmp_path / "masks" / "pair.tif")) == 175


def test_images_without_particles_are_written_too(tmp_path: Path) -> None:
    empty = replace(overlapping(), instances=())
    write_data_set([empty], tmp_path, description="made")
    assert not read_labels(tmp_path / "masks" / "pair.tif").any()
    assert read_coco(tmp_path / "annotations.coco.json")["images/pair.tif"].instances() == []


def test_two_images_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="two images are called pair"):
        write_data_set([overlapping(), overlapping()], tmp_path, description="made")


def test_a_folder_becomes_a_data_set_that_can_be_read_again(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main(["synthesize", str(folder), "--out", str(out), *FEW]) == 0
    said = capsys.readouterr().out
    truths = read_coco(out / "annotations.coco.json")
    particles = sum(len(truth.instances()) for truth in truths.values())
    assert said.startswith(f"2 images with {particles} particles")
    for name, truth in truths.items():
        labels = read_labels(out / "masks" / Path(name).name)
        assert tifffile.imread(out / name).shape == labels.shape == (160, 160)
        assert 4 <= len(truth.instances()) <= 8
        assert set(np.unique(labels)) - {0} <= set(range(1, len(truth.instances()) + 1))
    again = tmp_path / "again"
    assert main(["synthesize", str(out), "--out", str(again), *FEW]) == 0


def test_the_same_seed_writes_the_same_images(folder: Path, tmp_path: Path) -> None:
    for name, seed in (("a", "7"), ("b", "7"), ("c", "8")):
        assert main(["synthesize", str(folder), "--out", str(tmp_path / name), "--seed", seed, *FEW]) == 0
    images = {name: [tifffile.imread(path) for path in sorted((tmp_path / name / "images").iterdir())] for name in "abc"}
    assert all(np.array_equal(one, other) for one, other in zip(images["a"], images["b"], strict=True))
    assert not any(np.array_equal(one, other) for one, other in zip(images["a"], images["c"], strict=True))


def test_an_earlier_run_is_a_preset_for_the_next(folder: Path, tmp_path: Path) -> None:
    assert main(["synthesize", str(folder), "--out", str(tmp_path / "a"), *FEW]) == 0
    assert main(["synthesize", str(folder), "--out", str(tmp_path / "b"), "--preset", str(tmp_path / "a" / "synthesis.json")]) == 0
    assert (tmp_path / "a" / "synthesis.json").read_text() == (tmp_path / "b" / "synthesis.json").read_text()


def test_one_image_with_a_mask_that_only_says_particle_or_not_is_enough(folder: Path, tmp_path: Path) -> None:
    mask = tmp_path / "particle or not.png"
    cv2.imwrite(str(mask), np.where(read_labels(folder / "masks" / "discs.tif") > 0, 255, 0).astype(np.uint8))
    image = str(folder / "images" / "discs.png")
    assert main(["synthesize", image, "--mask", str(mask), "--out", str(tmp_path / "out"), *FEW]) == 0
    largest = max(one.area_px for truth in read_coco(tmp_path / "out" / "annotations.coco.json").values() for one in truth.instances())
    assert largest < 4.5 * np.pi * 14**2  # the four discs are four particles, not one


def test_foreground_probabilities_soften_the_outlines(folder: Path, tmp_path: Path) -> None:
    soft = tmp_path / "soft"
    soft.mkdir()
    probability = cv2.GaussianBlur((read_labels(folder / "masks" / "discs.tif") > 0).astype(np.float32), (0, 0), 3)
    tifffile.imwrite(soft / "discs.tif", (probability * 65535).astype(np.uint16))
    assert main(["synthesize", str(folder), "--out", str(tmp_path / "a"), *FEW]) == 0
    assert main(["synthesize", str(folder), "--out", str(tmp_path / "b"), "--probabilities", str(soft), *FEW]) == 0
    hard, softened = (tifffile.imread(sorted((tmp_path / name / "images").iterdir())[0]) for name in "ab")
    assert not np.array_equal(hard, softened)


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    status = main(["synthesize", *arguments])
    return status, capsys.readouterr().err


def test_bad_input_is_a_sentence_and_nothing_is_written(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    image, mask = folder / "images" / "discs.png", tmp_path / "mask.tif"
    tail = ["--out", str(out), *FEW]
    tifffile.imwrite(mask, np.zeros((20, 20), dtype=np.uint16))
    status, said = refused([str(image), "--mask", str(mask), *tail], capsys)
    assert status == 1
    assert "20" in said
    assert "160" in said
    tifffile.imwrite(mask, np.zeros((160, 160), dtype=np.uint16))
    status, said = refused([str(image), "--mask", str(mask), *tail], capsys)
    assert status == 1
    assert "the mask of discs is empty" in said
    assert refused([str(tmp_path / "none.png"), "--mask", str(mask), *tail], capsys)[0] == 1
    assert refused([str(image), "--mask", str(tmp_path / "none.tif"), *tail], capsys)[0] == 1
    assert "does not exist" in refused([str(tmp_path / "nowhere"), *tail], capsys)[1]
    assert refused([str(folder), "--probabilities", str(tmp_path / "nowhere"), *tail], capsys)[0] == 1
    assert not list(out.glob("*/*"))
    assert not list(out.glob("*.json"))


def test_wrong_usage_is_told_from_failure(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["--out", str(tmp_path / "out")]
    assert refused([], capsys)[0] == 2
    assert refused([str(folder), *out, "--set", "partciles=3"], capsys)[0] == 2
    assert refused([str(folder), *out, "--seed", "-1"], capsys)[0] == 2
    assert refused([str(folder), *out, "--mask", "mask.png"], capsys)[0] == 2
    assert refused([str(folder / "images" / "discs.png"), *out], capsys)[0] == 2


def test_a_folder_that_holds_a_data_set_is_not_mixed_with_another(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["synthesize", str(folder), "--out", str(tmp_path / "out"), *FEW]) == 0
    status, said = refused([str(folder), "--out", str(tmp_path / "out"), *FEW], capsys)
    assert status == 1
    assert "holds a data set already" in said


def test_every_parameter_is_described_in_the_manual_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["synthesize", "--describe"]) == 0
    printed = capsys.readouterr().out.strip()
    assert printed == parameter_table()
    assert set(re.findall(r"^\| `(\w+)` \|", printed, re.MULTILINE)) == set(SynthesisParams.model_fields)
    assert printed in (ROOT / "docs" / "synthesis.md").read_text(encoding="utf-8")


def test_every_parameter_has_a_title_and_a_description() -> None:
    assert all(info.title and info.description for info in SynthesisParams.model_fields.values())
