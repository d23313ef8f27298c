"""A deeper network that begins as a shallower one.

A residual block hands on what it gets until it has learnt something (``networks.blocks``), so that blocks can be added at the end of a
level without changing what the network answers (Chen et al. 2016, Net2Net, arXiv 1511.05641).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lycurgus_train.checkpoint import build
from lycurgus_train.config import NetworkConfig


def can_begin_as(network: NetworkConfig, shallower: NetworkConfig) -> bool:
    """Tell whether a network is another one, with blocks added to its levels or none."""
    alike = (network.head, network.widths) == (shallower.head, shallower.widths)
    return alike and all(deep >= shallow for deep, shallow in zip(network.depth, shallower.depth, strict=True))


def grown(weights: Mapping[str, Any], network: NetworkConfig, shallower: NetworkConfig) -> dict[str, Any]:
    """Complete the state of a shallower network, all of it, to that of one which answers the same.

    What is missing of the shallower one stays missing.
    """
    known = build(shallower).state_dict().keys()
    return {**{name: values for name, values in build(network).state_dict().items() if name not in known}, **weights}
