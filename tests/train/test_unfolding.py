"""A network that was exported can be trained further: it begins as it was, also in the eyes of a training step."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxscript")
pytest.importorskip("numba")
pytest.importorskip("tensorboard")

from torch import nn

from lycurgus.core.errors import ModelError
from lycurgus.inference.manifest import MODEL_FILE
from lycurgus_train.checkpoint import build, load_checkpoint, trained
from lycurgus_train.cli import main
from lycurgus_train.config import NetworkConfig
from lycurgus_train.export import PARITY, export
from lycurgus_train.facts import for_head, read_facts
from lycurgus_train.networks import ParticleNetwork
from lycurgus_train.train import LAST
from lycurgus_train.unfolding import weights_of, with_statistics_of
from networks import make_model
from train.folders import good_folder
from train.runs import network, picture

WIDTHS = (16, 20, 24)
SAMPLE = np.tile(picture(1).pixels, (2, 2))


@pytest.fixture(scope="module", params=["star-convex", "distance", "semantic"])
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[ParticleNetwork, Path]:
    head, folder = request.param, tmp_path_factory.mktemp("exported")
    model = network(head, WIDTHS)
    export(model, folder, for_head(read_facts(), head), sample=SAMPLE, half=False)
    return model, folder


def unfolded(model: ParticleNetwork, folder: Path) -> ParticleNetwork:
    config = NetworkConfig(head=model.head, widths=WIDTHS)
    found = build(config)
    found.load_state_dict(weights_of(folder, expected=config))
    return found.eval()


def answers(model: ParticleNetwork, pictures: torch.Tensor) -> list[torch.Tensor]:
    with torch.inference_mode():
        return [one for one in model(pictures) if one is not None]


def furthest(one: list[torch.Tensor], other: list[torch.Tensor]) -> float:
    """The largest difference, relative to 1 + |value|; nan where a value is no number, which is within no limit."""
    return float(torch.stack([((a - b).abs() / (1 + b.abs())).max() for a, b in zip(one, other, strict=True)]).max())


def test_what_was_exported_is_had_back(exported: tuple[ParticleNetwork, Path]) -> None:
    model, folder = exported
    pictures = torch.randn(2, 1, 64, 96, generator=torch.Generator().manual_seed(1))
    assert furthest(answers(unfolded(model, folder), pictures), answers(model, pictures)) < PARITY


def test_statistics_change_nothing_but_how_a_training_step_sees_it(exported: tuple[ParticleNetwork, Path]) -> None:
    model, folder = exported
    pictures = torch.randn(4, 1, 64, 64, generator=torch.Generator().manual_seed(2))
    found = unfolded(model, folder)
    before = answers(found, pictures)
    unknowing = furthest(answers(found.train(), pictures), before)
    found = unfolded(model, folder)
    with_statistics_of(found, [pictures[:2], pictures[2:]])
    assert not found.training
    assert furthest(answers(found, pictures), before) < 1e-4
    knowing = furthest(answers(found.train(), pictures), before)
    assert knowing < 0.02
    assert unknowing > 5 * knowing


def test_channels_that_hardly_vary_answer_a_step_as_before_too() -> None:
    normalisation = nn.BatchNorm2d(3)
    nn.init.constant_(normalisation.running_mean, 3.0)
    pictures = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(3))
    pictures[:, 1] = 5.0
    pictures[:, 2] *= 1e-3
    with torch.inference_mode():
        before = normalisation.eval()(pictures)
        with_statistics_of(normalisation, [pictures])
        np.testing.assert_allclose(normalisation(pictures), before, atol=1e-5)
        np.testing.assert_allclose(normalisation.train()(pictures), before, atol=1e-4)


def test_another_network_is_refused(exported: tuple[ParticleNetwork, Path], tmp_path: Path) -> None:
    model, folder = exported
    for wanted in (NetworkConfig(head=model.head, widths=(16, 20)), NetworkConfig(head=model.head, widths=(16, 20, 28))):
        with pytest.raises(ModelError, match="is of another network than the run's, which is"):
            weights_of(folder, expected=wanted)
    other = "distance" if model.head == "semantic" else "semantic"
    with pytest.raises(ModelError, match="is of another network than the run"):
        weights_of(folder, expected=NetworkConfig(head=other, widths=WIDTHS))
    with pytest.raises(ModelError, match=r"another network than the run|weights that are computed"):
        weights_of(make_model(tmp_path / "blobs"), expected=NetworkConfig(head=model.head, widths=WIDTHS))


def test_a_damaged_model_is_refused(exported: tuple[ParticleNetwork, Path], tmp_path: Path) -> None:
    model, folder = exported
    for name in ("manifest.json", MODEL_FILE):
        (tmp_path / name).write_bytes((folder / name).read_bytes()[:-1])
        if name == MODEL_FILE:
            (tmp_path / "manifest.json").write_bytes((folder / "manifest.json").read_bytes())
        with pytest.raises(ModelError):
            weights_of(tmp_path, expected=NetworkConfig(head=model.head, widths=WIDTHS))


def test_a_run_begins_with_the_network_of_a_model_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good_folder(tmp_path / "data", 2)
    model = network("star-convex", WIDTHS)
    export(model, tmp_path / "model", read_facts(), sample=SAMPLE, half=False)
    run = f"""
steps = 1
batch = 2
workers = 0
learning_rate = 1e-12
precision = "float32"
network.widths = {json.dumps(WIDTHS)}
crops.crop_px = 64
[[train]]
path = "data"
"""
    (tmp_path / "run.toml").write_text(run, encoding="utf-8")
    command = ["train", str(tmp_path / "run.toml"), "--out", str(tmp_path / "out"), "--device", "cpu", "--from"]
    assert main([*command, str(tmp_path / "data")]) == 1
    assert "data: is no model folder: it has no manifest.json" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main([*command, str(tmp_path / "model")]) == 0
    begun = load_checkpoint(tmp_path / "out" / LAST)
    for name, values in weights_of(tmp_path / "model", expected=begun.network).items():
        if values.ndim == 4:
            np.testing.assert_allclose(begun.weights[name], values, atol=1e-6)
    # A step moves the statistics, by a tenth, to those of its two crops.
    pictures = torch.randn(2, 1, 64, 64, generator=torch.Generator().manual_seed(4))
    assert furthest(answers(trained(begun), pictures), answers(model, pictures)) < 0.1
