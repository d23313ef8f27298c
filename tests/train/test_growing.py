"""A deeper network begins as a shallower one: it answers the same, and has blocks that can learn more."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxscript")
pytest.importorskip("numba")

import numpy as np

from lycurgus.core.errors import ModelError
from lycurgus_train.checkpoint import Checkpoint, build, describe, load_checkpoint, save_checkpoint
from lycurgus_train.config import NetworkConfig
from lycurgus_train.export import export
from lycurgus_train.facts import read_facts
from lycurgus_train.networks import ParticleNetwork
from lycurgus_train.unfolding import starting_weights
from train.runs import network, picture

WIDTHS = (16, 20, 24)
SHALLOW = NetworkConfig(widths=WIDTHS)
DEEPER = NetworkConfig(widths=WIDTHS, depth=(1, 2, 3))


@pytest.fixture(scope="module", params=["checkpoint", "model folder"])
def start(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[ParticleNetwork, Path]:
    model, folder = network("star-convex", WIDTHS), tmp_path_factory.mktemp("start")
    if request.param == "checkpoint":
        save_checkpoint(folder / "last.pt", Checkpoint(SHALLOW, model.state_dict(), {}, 1))
        return model, folder / "last.pt"
    export(model, folder, read_facts(), sample=np.tile(picture(1).pixels, (2, 2)), half=False)
    return model, folder


def answers(model: ParticleNetwork) -> torch.Tensor:
    pictures = torch.randn(2, 1, 64, 96, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        fields, rays = model.eval()(pictures)
    return torch.cat((fields.flatten(), rays.flatten()))


def test_a_deeper_network_begins_as_the_one_that_it_starts_from(start: tuple[ParticleNetwork, Path]) -> None:
    model, path = start
    deeper = build(DEEPER)
    deeper.load_state_dict(starting_weights(path, expected=DEEPER))
    torch.testing.assert_close(answers(deeper), answers(model), rtol=1e-3, atol=1e-3)
    assert len(list(deeper.parameters())) == len(list(model.parameters())) + 3 * len(list(model.trunk.encoders[0].parameters()))


def test_its_new_blocks_learn(start: tuple[ParticleNetwork, Path]) -> None:
    deeper = build(DEEPER)
    deeper.load_state_dict(starting_weights(start[1], expected=DEEPER))
    added = deeper.trunk.encoders[2][2].second[1].weight
    assert not added.any()
    deeper.train()(torch.randn(2, 1, 64, 64))[0].square().mean().backward()
    assert added.grad.any()


@pytest.mark.parametrize(
    "wanted",
    [
        NetworkConfig(widths=(16, 20, 28), depth=2),
        NetworkConfig(widths=(16, 20), depth=2),
        NetworkConfig(widths=(16, 20, 24, 24), depth=2),
        NetworkConfig(head="distance", widths=WIDTHS, depth=2),
    ],
    ids=describe,
)
def test_nothing_else_is_begun_with(start: tuple[ParticleNetwork, Path], wanted: NetworkConfig) -> None:
    with pytest.raises(ModelError, match="of another network"):
        starting_weights(start[1], expected=wanted)


def test_what_a_deeper_network_has_learnt_is_not_left_out(tmp_path: Path) -> None:
    deeper = build(DEEPER).eval()
    save_checkpoint(tmp_path / "last.pt", Checkpoint(DEEPER, deeper.state_dict(), {}, 1))
    export(deeper, tmp_path / "model", read_facts(), sample=np.tile(picture(1).pixels, (2, 2)), half=False)
    for path in (tmp_path / "last.pt", tmp_path / "model"):
        with pytest.raises(ModelError, match="of another network"):
            starting_weights(path, expected=SHALLOW)
        starting_weights(path, expected=DEEPER)


def test_a_checkpoint_that_lacks_a_part_is_damaged(tmp_path: Path) -> None:
    weights = {name: values for name, values in build(SHALLOW).state_dict().items() if not name.startswith("rays.")}
    save_checkpoint(tmp_path / "last.pt", Checkpoint(SHALLOW, weights, {}, 1))
    for wanted in (SHALLOW, DEEPER):
        with pytest.raises(ModelError, match="is damaged"):
            starting_weights(tmp_path / "last.pt", expected=wanted)
    wider = build(NetworkConfig(widths=(16, 20, 28))).state_dict()
    for wrong in (wider, list(weights)):
        save_checkpoint(tmp_path / "last.pt", Checkpoint(SHALLOW, wrong, {}, 1))
        with pytest.raises(ModelError, match="is damaged"):
            load_checkpoint(tmp_path / "last.pt")


def test_the_depth_is_one_number_or_one_a_level() -> None:
    assert NetworkConfig(widths=WIDTHS, depth=(1, 1, 1)) == SHALLOW
    assert NetworkConfig(widths=WIDTHS, depth=2).depth == (1, 2, 2)
    assert describe(NetworkConfig(widths=WIDTHS, depth=2)) == "star-convex U-Net 16-20-24, depth 2"
    assert describe(DEEPER) == "star-convex U-Net 16-20-24, depth 1-2-3"
    with pytest.raises(ValueError, match="2 numbers for 3 levels"):
        NetworkConfig(widths=WIDTHS, depth=(1, 2))
    for wrong in (0, 7, (1, 0, 1)):
        with pytest.raises(ValueError, match="Input should be"):
            NetworkConfig(widths=WIDTHS, depth=wrong)
