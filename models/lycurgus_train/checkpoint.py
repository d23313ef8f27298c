"""Checkpoints: everything that a run needs to go on, and no pickled code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError

from lycurgus.core.errors import ModelError
from lycurgus.exporters.atomic import replacing
from lycurgus_train.config import NetworkConfig
from lycurgus_train.networks import ParticleNetwork

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a file holds.

    Attributes
    ----------
    network : the architecture.
    weights : of the moving average, which is what is used and exported.
    state : the running weights, optimiser and averaging, for going on.
    step : steps done.
    run : the settings that the run began with, as ``config.deciding`` returns them; empty where none were noted.
    """

    network: NetworkConfig
    weights: dict[str, Any]
    state: dict[str, Any]
    step: int
    run: dict[str, Any] = field(default_factory=dict)


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; a kill while writing leaves the one before."""
    document = {
        "format": FORMAT,
        "network": checkpoint.network.model_dump(mode="json"),
        "weights": checkpoint.weights,
        "state": checkpoint.state,
        "step": checkpoint.step,
        "run": checkpoint.run,
    }
    with replacing(path) as temporary:
        torch.save(document, temporary)


def load_checkpoint(path: Path, *, expected: NetworkConfig | None = None) -> Checkpoint:
    """Read a checkpoint; nothing in it is executed.

    Raises
    ------
    ModelError
        The file is missing, damaged, of another format, or of another network than ``expected``.
    """
    try:
        document = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise ModelError(path, "there is no such checkpoint") from error
    except Exception as error:  # torch raises what pickle and zip readers raise, without a common base
        raise ModelError(path, f"is damaged or no checkpoint ({type(error).__name__})") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ModelError(path, "is no checkpoint of this version of lycurgus-train")
    try:
        network = NetworkConfig.model_validate(document["network"])
        found = Checkpoint(network, document["weights"], document["state"], document["step"], document.get("run", {}))
    except (KeyError, ValidationError) as error:
        raise ModelError(path, "is damaged or no checkpoint: parts of it are missing") from error
    if expected is not None and network != expected:
        raise of_another_network(path, network, expected)
    if not _are_all_there(found.weights, network):
        raise ModelError(path, "is damaged: its weights are not those of the network that it names")
    return found


def _are_all_there(weights: object, network: NetworkConfig) -> bool:
    """Tell whether weights have the names and shapes that a network wants."""
    wanted = build(network).state_dict()
    if not isinstance(weights, Mapping) or weights.keys() != wanted.keys():
        return False
    return all(isinstance(values, torch.Tensor) and values.shape == wanted[name].shape for name, values in weights.items())


def of_another_network(path: Path, found: NetworkConfig, expected: NetworkConfig) -> ModelError:
    """The error that says what a checkpoint holds and what was wanted."""
    what = f"is of another network: it holds {describe(found)}, wanted is {describe(expected)}"
    return ModelError(path, what, hint="name that network under [network], or another folder with --out")


def load_mean(paths: Sequence[Path]) -> Checkpoint:
    """Read checkpoints of one network and take the mean of their weights, which is often better than each of them.

    They must have come from one another, or from the same one: weights that were learnt apart have no meaningful mean (Wortsman et al.
    2022, Model soups, arXiv 2203.05482).

    Returns
    -------
    What is needed for use; there is nothing to go on with in it unless it is of one file. ``step`` is that of the last one.

    Raises
    ------
    ModelError
        As for ``load_checkpoint``, and where the networks differ.
    """
    first, *others = paths
    found = load_checkpoint(first)
    if not others:
        return found
    checkpoints = [found, *(load_checkpoint(path, expected=found.network) for path in others)]
    weights = {
        name: torch.stack([one.weights[name] for one in checkpoints]).mean(0) if values.is_floating_point() else values
        for name, values in checkpoints[-1].weights.items()
    }
    return Checkpoint(found.network, weights, {}, checkpoints[-1].step)


def build(network: NetworkConfig) -> ParticleNetwork:
    """Make an untrained network."""
    return ParticleNetwork(network.head, widths=network.widths, depth=network.depth)


def trained(checkpoint: Checkpoint) -> ParticleNetwork:
    """Make the network that a checkpoint holds, ready to be used."""
    model = build(checkpoint.network)
    model.load_state_dict(checkpoint.weights)
    return model.eval()


def describe(network: NetworkConfig) -> str:
    """Name an architecture in one line."""
    first, *others = network.depth
    depth = f"{others[0]}" if first == 1 and len(set(others)) == 1 else "-".join(map(str, network.depth))
    return f"{network.head} U-Net {'-'.join(map(str, network.widths))}, depth {depth}"
