"""Simulated catalysts: supports of every kind, small particles on them, and a truth that asks for nothing invisible."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from lycurgus_train.cli import main
from lycurgus_train.synth.catalyst import CatalystParams, simulate
from lycurgus_train.synth.shapes import random_shape
from lycurgus_train.synth.simulators import SIMULATORS
from lycurgus_train.synth.stem import StemParams
from lycurgus_train.synth.supports import SUPPORTS, WEIGHTS, draw_support, turned

STRONG = CatalystParams(
    contrast=(3.0, 3.0), none=0.0, diameter_px=(12.0, 12.0), large=0.0, bright_field=0.0, recording=StemParams(dose=(2000.0, 2000.0))
)


@pytest.mark.parametrize("kind", sorted(SUPPORTS))
def test_every_kind_of_support_has_thickness_and_structure(kind: str) -> None:
    plane = SUPPORTS[kind](np.random.default_rng(3), (160, 200), 10.0)
    assert plane.shape == (160, 200)
    assert plane.dtype == np.float32
    assert np.isfinite(plane).all()
    assert plane.min() >= 0
    assert plane.std() > 0.01 * plane.mean()


def test_every_kind_of_support_is_drawn_at_times() -> None:
    assert set(WEIGHTS) == set(SUPPORTS)
    assert min(WEIGHTS.values()) > 0


@pytest.mark.parametrize("seed", range(8))
def test_a_support_has_a_mean_of_one_where_it_lies(seed: int) -> None:
    plane = draw_support(np.random.default_rng(seed), (160, 160), particle_px=8.0)
    there = plane > 0.05 * plane.max()
    assert plane.min() >= 0
    assert plane[there].mean() == pytest.approx(1.0, rel=1e-3)


def test_turning_a_particle_moves_pixels_and_changes_none() -> None:
    particle = random_shape(np.random.default_rng(0), name="blob", diameter_px=20.0, centre=(0.2, 0.3))
    for way in range(8):
        other = turned(particle, way)
        assert np.array_equal(np.sort(other.thickness, axis=None), np.sort(particle.thickness, axis=None))
        assert np.array_equal(other.mask, other.thickness > 0) == np.array_equal(particle.mask, particle.thickness > 0)


@pytest.mark.parametrize("seed", range(6))
def test_the_truth_lies_in_the_picture(seed: int) -> None:
    image = simulate(np.random.default_rng(seed), shape=(200, 160))
    assert image.shape == (200, 160)
    assert np.isfinite(image.pixels.astype(np.float64)).all()
    for instance in image.instances:
        box = instance.bbox
        assert 0 <= box.y0 < box.y1 <= 200
        assert 0 <= box.x0 < box.x1 <= 160
        assert instance.mask.shape == (box.height, box.width)
        assert instance.area_px >= 6
        if image.ignore is not None:
            assert not np.any(image.ignore[box.slices] & instance.mask)


def test_the_same_seed_gives_the_same_picture() -> None:
    first, again = (simulate(np.random.default_rng(5), shape=(128, 128)) for _ in range(2))
    assert np.array_equal(first.pixels, again.pixels)
    assert [i.bbox for i in first.instances] == [i.bbox for i in again.instances]


def test_strong_particles_are_brighter_than_what_surrounds_them() -> None:
    differences = []
    for seed in range(5):
        image = simulate(np.random.default_rng(seed), shape=(256, 256), params=STRONG)
        assert len(image.instances) > 2
        covered = np.zeros(image.shape, dtype=bool)
        for instance in image.instances:
            covered[instance.bbox.slices] |= instance.mask
        for instance in image.instances:
            y0, x0, y1, x1 = instance.bbox
            around = (slice(max(0, y0 - 5), y1 + 5), slice(max(0, x0 - 5), x1 + 5))
            outside = image.pixels[around][~covered[around]].astype(float)
            if outside.size > 20:
                differences.append(image.pixels[instance.bbox.slices][instance.mask].mean() > outside.mean())
    assert np.mean(differences) > 0.9


def test_particles_are_of_the_size_that_was_asked_for() -> None:
    image = simulate(np.random.default_rng(2), shape=(384, 384), params=STRONG)
    inner = [i.area_px for i in image.instances if not i.bbox.touches_border(image.shape)]
    assert 8 < np.sqrt(4 / np.pi * np.median(inner)) < 17


def test_a_support_alone_asks_for_nothing() -> None:
    image = simulate(np.random.default_rng(0), shape=(128, 128), params=CatalystParams(none=1.0))
    assert image.instances == ()
    assert image.ignore is None


def test_particles_that_nobody_can_see_are_not_asked_for() -> None:
    faint = STRONG.model_copy(update={"contrast": (1e-3, 1e-3)})
    for seed in range(3):
        image = simulate(np.random.default_rng(seed), shape=(128, 128), params=faint)
        assert image.instances == ()
        assert image.ignore is not None


def test_the_table_names_its_simulators_as_they_name_themselves() -> None:
    assert {"haadf", "catalyst"} <= set(SIMULATORS)
    for name, simulator in SIMULATORS.items():
        assert simulator.name == name
        assert simulator.params_model().model_config["frozen"]


def test_the_command_writes_images_labels_and_overlapping_outlines(tmp_path: Path) -> None:
    out = tmp_path / "made"
    assert main(["simulate", "haadf", "--count", "2", "--size", "128", "--seed", "3", "--out", str(out)]) == 0
    coco = json.loads((out / "annotations.coco.json").read_text(encoding="utf-8"))
    assert len(coco["images"]) == 2
    for number, entry in enumerate(coco["images"]):
        pixels = tifffile.imread(out / entry["file_name"])
        labels = tifffile.imread(out / "masks" / Path(entry["file_name"]).name)
        truth = SIMULATORS["haadf"].simulate(np.random.default_rng((3, number)), shape=(128, 128))
        assert np.array_equal(pixels, truth.pixels)
        assert labels.dtype == np.uint16
        assert labels.max() == len(truth.instances)
        assert [a["area"] for a in coco["annotations"] if a["image_id"] == entry["id"] and not a["iscrowd"]] == [
            i.area_px for i in truth.instances
        ]


@pytest.mark.parametrize(
    "wrong", [["simulate"], ["simulate", "xrays", "--out", "x"], ["simulate", "haadf", "--out", "x", "--size", "5"],
              ["simulate", "haadf", "--out", "x", "--count", "0"], ["simulate", "haadf", "--out", "x", "--seed", "-1"]]
)  # fmt: skip
def test_wrong_usage_is_told_before_anything_is_made(
    wrong: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(wrong) == 2
    assert "lycurgus-train simulate:" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_list_names_every_simulator(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(SIMULATORS)
