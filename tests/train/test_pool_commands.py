"""Simulated and synthetic images go straight into pools, and synthesis takes its particles from one side of a split."""

from __future__ import annotations

from pathlib import Path

import pytest

from lycurgus_train.cli import main
from lycurgus_train.data.pool import Pool
from train.folders import good_folder


def test_simulated_images_go_into_a_pool(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["simulate", "haadf", "--count", "2", "--size", "128", "--seed", "5", "--pool", str(tmp_path / "pool")]
    assert main(arguments) == 0
    pool = Pool(tmp_path / "pool")
    assert [image.name for image in pool] == ["haadf-5-00000", "haadf-5-00001"]
    assert all(image.shape == (128, 128) and image.kind != "real" for image in pool)
    assert main(arguments) == 1
    assert "holds a pool already" in capsys.readouterr().err


def test_synthesis_takes_a_pool_and_makes_one(tmp_path: Path) -> None:
    assert main(["data", "pack", str(good_folder(tmp_path / "folder")), "--out", str(tmp_path / "real")]) == 0
    settings = ["--set", "size_px=96", "--set", "particles=2,4"]
    assert main(["synthesize", str(tmp_path / "real"), "--count", "2", *settings, "--pool", str(tmp_path / "made")]) == 0
    made = Pool(tmp_path / "made")
    assert len(made) == 2
    assert sum(len(image.instances) for image in made) > 0
    assert (tmp_path / "made" / "synthesis.json").exists()


def test_a_place_for_the_images_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "haadf"]) == 2
    assert "--out or --pool" in capsys.readouterr().err
    assert main(["synthesize", "folder"]) == 2
    assert "--out or --pool" in capsys.readouterr().err
