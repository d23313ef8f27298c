"""Weights of an exported network, to train it further where only what ships of it is at hand.

An export holds each convolution and the normalisation behind it as one convolution. Taken apart again, the normalisation passes on what it
gets; ``with_statistics_of`` then lets it know what usually comes, so that training, where it goes by each batch, begins with the same
network.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lycurgus.core.errors import ModelError
from lycurgus.inference.catalog import InstalledModel
from lycurgus.inference.manifest import MANIFEST_FILE, read_manifest
from lycurgus_train.checkpoint import build, describe, load_checkpoint, of_another_network
from lycurgus_train.config import NetworkConfig
from lycurgus_train.export import HALVED_SUFFIX, WRAPPED
from lycurgus_train.growing import can_begin_as, grown

USUAL = 0.1
"""Root mean square of the weights of a channel, about as AdamW leaves it after a long training: a step then turns it by 1 % or less."""


def weights_of(folder: Path, *, expected: NetworkConfig) -> dict[str, Tensor]:
    """Read the weights of a model folder that ``lycurgus-train export`` made.

    Returns
    -------
    The state of a network as ``expected`` that computes what the exported one does, which may have fewer blocks, but for weights stored in
    half precision (2⁻¹¹ of each); its normalisations know nothing of what comes to them.

    Raises
    ------
    ModelError
        The folder holds no model, a damaged one, or one of another network than ``expected``.
    """
    import onnx
    from onnx import numpy_helper

    if not (folder / MANIFEST_FILE).exists():
        raise ModelError(
            folder, f"is no model folder: it has no {MANIFEST_FILE}", hint="name a model folder, or a checkpoint such as last.pt"
        )
    manifest = read_manifest(folder)
    graph = onnx.load_from_string(InstalledModel(folder, manifest, bundled=False).model_bytes()).graph
    arrays = {one.name.removesuffix(HALVED_SUFFIX): numpy_helper.to_array(one) for one in graph.initializer}
    found: dict[str, Tensor] = {}
    shallower = _as_deep_as(arrays, expected)
    model = build(shallower)
    for node in graph.node:
        if node.op_type == "Conv":
            weight, *bias = (name for name in node.input[1:] if name)
            if not arrays.keys() >= {weight, *bias}:
                raise ModelError(folder, f"holds weights that are computed ({weight}), as no export of this version does")
            name = weight.removeprefix(WRAPPED).removesuffix(".weight")
            found |= _of_convolution(model, name, arrays[weight], arrays[bias[0]] if bias else None)
    state = model.state_dict()
    differs = any(name not in state or values.shape != state[name].shape for name, values in found.items())
    missing = any(name not in found and not name.endswith("num_batches_tracked") for name in state)
    if manifest.head != expected.head or differs or missing or any(node.op_type == "BatchNormalization" for node in graph.node):
        raise ModelError(
            folder,
            f"is of another network than the run's, which is {describe(expected)}",
            hint="leave [network] out for one like the shipped one, or describe there the one that the model was trained as",
        )
    return grown({**state, **found}, expected, shallower)


def starting_weights(path: Path, *, expected: NetworkConfig) -> dict[str, Tensor]:
    """Read the weights that a new run is to begin with, of a checkpoint or of a model folder; a network with fewer blocks will do.

    Raises
    ------
    ModelError
        There is none, it is damaged, or of another network than ``expected``.
    """
    if path.is_dir():
        return weights_of(path, expected=expected)
    found = load_checkpoint(path)
    if not can_begin_as(expected, found.network):
        raise of_another_network(path, found.network, expected)
    return grown(found.weights, expected, found.network)


def _as_deep_as(names: Iterable[str], expected: NetworkConfig) -> NetworkConfig:
    """The expected network with no more blocks than weights are named for."""
    blocks = [1] * len(expected.depth)
    for name in names:
        place = re.search(r"trunk\.encoders\.(\d+)\.(\d+)\.", name)
        if place and int(place[1]) < len(blocks):
            level = int(place[1])
            blocks[level] = max(blocks[level], int(place[2]) + 1)
    return expected.model_copy(update={"depth": tuple(map(min, blocks, expected.depth))})


def _of_convolution(model: nn.Module, name: str, weight: NDArray[np.generic], bias: NDArray[np.generic] | None) -> dict[str, Tensor]:
    """The state of one convolution, and of the normalisation that it was exported with; offsets that are all 0 are not exported."""
    found = {f"{name}.weight": _tensor(weight)}
    offset = torch.zeros(len(weight)) if bias is None else _tensor(bias)
    parent, _, place = name.rpartition(".")
    behind = f"{parent}.{int(place) + 1}" if place.isdecimal() else ""
    modules = dict(model.named_modules())
    normalisation = modules.get(behind)
    if not isinstance(normalisation, nn.BatchNorm2d):
        return found | {f"{name}.bias": offset}
    # How long the weights are decides nothing but how far one step of training turns them.
    kernel = found[f"{name}.weight"]
    length = kernel.square().mean((1, 2, 3)).sqrt()
    longer = torch.where(length > 0, USUAL / length, torch.ones_like(length))
    return {
        f"{name}.weight": kernel * longer[:, None, None, None],
        f"{behind}.weight": 1 / longer,
        f"{behind}.bias": offset,
        f"{behind}.running_mean": torch.zeros_like(offset),
        f"{behind}.running_var": torch.full_like(offset, 1 - normalisation.eps),
    }


def _tensor(values: NDArray[np.generic]) -> Tensor:
    return torch.from_numpy(np.array(values, dtype=np.float32))


@torch.no_grad()
def with_statistics_of(model: nn.Module, pictures: Iterable[Tensor]) -> None:
    """Let the normalisations of a network know mean and variance of what comes to them, without changing what it computes.

    Torch's ``update_bn`` sets the same statistics, but leaves scales and offsets as they are: the network would be another one.

    Parameters
    ----------
    pictures : batches (N, 1, H, W).
    """
    known = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    moments = {module: torch.zeros(3, module.num_features, dtype=torch.float64) for module in known}

    def count(module: nn.BatchNorm2d, inputs: tuple[Tensor, ...]) -> None:
        values = inputs[0].double()
        ones = torch.full_like(values[0, :, 0, 0], values.numel() / values.shape[1])
        moments[module] += torch.stack((ones, values.sum((0, 2, 3)), values.square().sum((0, 2, 3)))).cpu()

    hooks = [module.register_forward_pre_hook(count) for module in known]
    was_training = model.training
    model.eval()
    try:
        for batch in pictures:
            model(batch)
    finally:
        model.train(was_training)
        for hook in hooks:
            hook.remove()
    for module, (number, first, second) in moments.items():
        if number.all():
            _tell(module, first / number, second / number - (first / number) ** 2)


def _tell(module: nn.BatchNorm2d, mean: Tensor, variance: Tensor) -> None:
    """Set what a normalisation knows, and its scale and offset such that it answers as before."""
    assert module.running_mean is not None
    assert module.running_var is not None
    mean_before, variance_before = module.running_mean.double().cpu(), module.running_var.double().cpu()
    scale = module.weight.double().cpu() / (variance_before + module.eps).sqrt()
    variance = variance.clamp(min=0)
    module.bias.copy_(module.bias.cpu() + scale * (mean - mean_before))
    module.weight.copy_(scale * (variance + module.eps).sqrt())
    module.running_mean.copy_(mean)
    module.running_var.copy_(variance)
