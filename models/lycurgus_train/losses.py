"""What training minimises."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from lycurgus_train.config import LossConfig
from lycurgus_train.targets import NOTHING_KNOWN


@dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of one step.

    Attributes
    ----------
    picture : (N, 1, H, W) float32.
    foreground, depth : (N, H, W) float32.
    known : (N, H, W) float32, 0 where the truth of the foreground is unknown.
    depth_known : (N, H, W) float32, 0 where that of the depth is.
    rays : (N, R, H/2, W/2) float32, log px.
    complete : the same shape, bool.
    """

    picture: Tensor
    foreground: Tensor
    depth: Tensor
    known: Tensor
    depth_known: Tensor
    rays: Tensor
    complete: Tensor


def total_loss(logits: Tensor, rays: Tensor | None, batch: Batch, weights: LossConfig, *, with_depth: bool = True) -> dict[str, Tensor]:
    """Return the parts of the loss and their weighted sum, "total"."""
    parts = {
        "foreground": _masked_mean(_cross_entropy(logits[:, 0], batch.foreground), batch.known),
        "dice": dice_loss(logits[:, 0].sigmoid(), batch.foreground, batch.known),
    }
    total = parts["foreground"] + weights.dice * parts["dice"]
    if with_depth:
        parts["depth"] = depth_loss(logits[:, 1], batch.depth, batch.depth_known)
        total = total + weights.depth * parts["depth"]
    if rays is not None:
        parts["rays"] = ray_loss(rays, batch)
        total = total + weights.rays * parts["rays"]
    return {**parts, "total": total}


def dice_loss(probability: Tensor, truth: Tensor, known: Tensor) -> Tensor:
    """1 - Dice over the whole batch: pictures without particles count as what they add to it, not as a division by zero."""
    overlap = (probability * truth * known).sum()
    return 1 - (2 * overlap + 1) / ((probability * known).sum() + (truth * known).sum() + 1)


def depth_loss(logit: Tensor, truth: Tensor, known: Tensor) -> Tensor:
    """Cross-entropy against the soft depth less its own entropy (so that 0 is perfect), particles weighted up."""
    entropy = functional.binary_cross_entropy(truth, truth, reduction="none")
    return _masked_mean(_cross_entropy(logit, truth) - entropy, known * (0.5 + 1.5 * (truth > 0)))


def ray_loss(rays: Tensor, batch: Batch) -> Tensor:
    """Smooth L1 of log lengths, weighted by depth; a ray that the picture cuts may only be too short.

    Logarithms make an error of 10 % cost the same for a particle of 5 px and of 500. Cells for which no rays were computed
    (see ``compute_targets``) count neither as right nor as wrong.
    """
    computed = (batch.rays[:, :1] > NOTHING_KNOWN).float()
    depth = functional.max_pool2d((batch.depth * batch.depth_known)[:, None], 2) * computed
    error = rays - batch.rays
    error = torch.where(batch.complete, error, error.clamp(max=0))
    cost = functional.smooth_l1_loss(error, torch.zeros_like(error), reduction="none", beta=0.2).mean(dim=1, keepdim=True)
    return (cost * depth).sum() / (depth.sum() + 1)


def _cross_entropy(logit: Tensor, truth: Tensor) -> Tensor:
    return functional.binary_cross_entropy_with_logits(logit, truth, reduction="none")


def _masked_mean(values: Tensor, weight: Tensor) -> Tensor:
    return (values * weight).sum() / (weight.sum() + 1)
