"""A checkpoint becomes a model folder that the application takes, and is judged by the same path."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from lycurgus.inference.catalog import InstalledModel
from lycurgus.inference.golden import check_golden
from lycurgus.inference.manifest import read_manifest
from lycurgus_train.checkpoint import Checkpoint, build, load_checkpoint, load_mean, save_checkpoint
from lycurgus_train.cli import main
from lycurgus_train.config import NetworkConfig
from lycurgus_train.facts import SHIPPED_FACTS, read_facts
from train.folders import good_folder, save


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(1)
    network = NetworkConfig(head="distance", widths=(16, 20))
    path = tmp_path_factory.mktemp("run") / "last.pt"
    save_checkpoint(path, Checkpoint(network, build(network).state_dict(), {}, 17))
    return path


def test_a_checkpoint_becomes_a_model_folder(checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sample = save(tmp_path / "sample.png", np.random.default_rng(1).integers(0, 256, (200, 220)).astype(np.uint8))
    out = tmp_path / "particles"
    arguments = ["export", str(checkpoint), "--sample", str(sample), "--out", str(out), "--no-half"]
    assert main(arguments) == 0
    said = capsys.readouterr()
    assert "after 17 steps" in said.out
    assert f"said to be those of the shipped network (particles {read_facts()['version']}): name --facts" in said.err
    manifest = read_manifest(out)
    assert (manifest.name, manifest.head, manifest.decoders[0], manifest.half) == ("particles", "distance", "distance", None)
    assert "CC BY 4.0" in (out / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert main(arguments) == 1
    assert "holds a model already" in capsys.readouterr().err
    assert check_golden(InstalledModel(out, manifest, bundled=False)) is not None


def test_facts_that_still_tell_of_the_shipped_network_are_named(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = save(tmp_path / "sample.png", np.random.default_rng(1).integers(0, 256, (200, 220)).astype(np.uint8))
    copied = SHIPPED_FACTS.read_text(encoding="utf-8").replace('name = "particles"', 'name = "mine"')
    command = ["export", str(checkpoint), "--sample", str(sample), "--out", str(tmp_path / "mine"), "--no-half", "--replace"]
    (tmp_path / "mine.toml").write_text(copied, encoding="utf-8")
    assert main([*command, "--facts", str(tmp_path / "mine.toml")]) == 0
    assert "mine.toml calls the network mine" in (said := capsys.readouterr().err)
    assert "shipped one: title, description, training_data;" in said

    own = copied.replace("Particles of any kind", "Mine").replace("Finds nanoparticles", "Finds mine").replace("EMPS", "Mine and EMPS")
    (tmp_path / "mine.toml").write_text(own, encoding="utf-8")
    assert main([*command, "--facts", str(tmp_path / "mine.toml")]) == 0
    assert "shipped one" not in capsys.readouterr().err


def test_of_several_checkpoints_the_mean_is_taken(checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = load_checkpoint(checkpoint)
    second = Checkpoint(first.network, {name: 3 * values for name, values in first.weights.items()}, {}, 29)
    other = tmp_path / "other.pt"
    save_checkpoint(other, second)
    mean = load_mean([checkpoint, other])
    assert mean.step == 29
    for name, values in first.weights.items():
        torch.testing.assert_close(mean.weights[name], 2 * values if values.is_floating_point() else 3 * values)
    sample = save(tmp_path / "sample.png", np.random.default_rng(1).integers(0, 256, (200, 220)).astype(np.uint8))
    out = tmp_path / "mean"
    assert main(["export", str(checkpoint), str(other), "--sample", str(sample), "--out", str(out), "--no-half"]) == 0
    assert "the mean of 2 checkpoints, the last of them after 29 steps" in capsys.readouterr().out
    network = NetworkConfig(head="semantic", widths=(16, 20))
    save_checkpoint(other, Checkpoint(network, build(network).state_dict(), {}, 1))
    assert main(["export", str(checkpoint), str(other), "--sample", str(sample), "--out", str(out), "--replace"]) == 1
    assert "is of another network" in capsys.readouterr().err


def test_a_folder_that_holds_no_model_is_not_taken_for_a_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good_folder(tmp_path / "data", 1)
    assert main(["evaluate", str(tmp_path), "--data", str(tmp_path / "data")]) == 1
    assert "is a folder without a model" in capsys.readouterr().err


def test_a_checkpoint_is_judged_like_a_folder(checkpoint: Path, tmp_path: Path) -> None:
    save(tmp_path / "images" / "a.png", np.random.default_rng(1).integers(0, 256, (70, 90)).astype(np.uint8))
    save(tmp_path / "masks" / "a.png", np.eye(70, 90, dtype=np.uint8))
    assert main(["evaluate", str(checkpoint), "--data", str(tmp_path), "--device", "cpu", "--out", str(tmp_path / "out")]) == 0
    document = json.loads((tmp_path / "out" / "scores.json").read_text(encoding="utf-8"))
    assert document["n_truth"] == 1
    assert document["parameters"]["detector"]["name"] == "network"
