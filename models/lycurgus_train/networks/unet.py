"""The residual U-Net of the particle detectors and its heads: foreground, depth and star-convex rays."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from lycurgus_train.networks.blocks import ResidualBlock, convolution
from lycurgus_train.targets import RAYS, STRIDE

Head = Literal["semantic", "distance", "star-convex"]


class ResidualUNet(nn.Module):
    """U-Net (Ronneberger et al. 2015) of residual blocks behind a stem of stride 2.

    Parameters
    ----------
    widths : channels of each level; level k works at 1 / 2^(k + 1) of the picture, so six levels see 64-px steps at the bottom.
    depth : residual blocks of each level of the encoder.

    Input (N, 1, H, W), H and W multiples of ``stride``; output (N, widths[0], H / 2, W / 2).
    """

    def __init__(self, widths: Sequence[int], depth: Sequence[int]) -> None:
        super().__init__()
        self.stride = 2 ** len(widths)
        self.stem = convolution(1, widths[0], kernel=5, stride=2)
        encoders: list[nn.Module] = [_stage(widths[0], widths[0], depth=depth[0])]
        encoders += [_stage(above, here, depth=blocks, stride=2) for (above, here), blocks in zip(pairwise(widths), depth[1:], strict=True)]
        self.encoders = nn.ModuleList(encoders)
        # The skip is added, not concatenated: half the arithmetic of the widest level for the same accuracy.
        self.narrow = nn.ModuleList(convolution(below, here, kernel=1) for here, below in pairwise(widths))
        self.decoders = nn.ModuleList(_stage(here, here, depth=1) for here in widths[:-1])

    def forward(self, picture: Tensor) -> Tensor:
        features = functional.relu(self.stem(picture))
        skips: list[Tensor] = []
        for encoder in self.encoders:
            features = encoder(features)
            skips.append(features)
        features = skips.pop()
        for narrow, decoder in zip(reversed(self.narrow), reversed(self.decoders), strict=True):
            lifted = functional.interpolate(narrow(features), scale_factor=2.0, mode="bilinear", align_corners=False)
            features = decoder(lifted + skips.pop())
        return features


class ParticleNetwork(nn.Module):
    """A residual U-Net with the heads that its kind needs.

    Parameters
    ----------
    head : "semantic" (foreground), "distance" (and depth inside the particle) or "star-convex" (and rays to the outline).
    widths, depth : channels and residual blocks of each level; one block each where no depth is named.

    ``forward`` gives logits for the losses; ``export_forward`` what the application reads.
    """

    def __init__(
        self, head: Head = "star-convex", *, widths: Sequence[int] = (32, 48, 64, 96, 128, 192), depth: Sequence[int] = ()
    ) -> None:
        super().__init__()
        self.head = head
        self.trunk = ResidualUNet(widths, depth or [1] * len(widths))
        self.stride = self.trunk.stride
        self.fields = _head(widths[0], 2 * STRIDE**2)
        self.rays = _head(widths[0], RAYS) if head == "star-convex" else None
        if self.rays is not None:
            nn.init.constant_(self.rays[-1].bias, 2.0)  # type: ignore[arg-type]  # e² px: a particle of 15 px

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return logits of foreground and depth (N, 2, H, W), and log-px rays (N, 32, H/2, W/2) or None."""
        features = self.trunk(picture)
        # Sub-pixel convolution (Shi et al. 2016): outlines at full resolution at the cost of half.
        logits = functional.pixel_shuffle(self.fields(features), STRIDE)
        return logits, None if self.rays is None else self.rays(features)

    def export_forward(self, picture: Tensor) -> tuple[Tensor, ...]:
        """Return ``fields`` (foreground logit, depth in 0 ... 1) and, where there is that head, ``rays``."""
        logits, rays = self(picture)
        fields = torch.cat((logits[:, :1], logits[:, 1:].sigmoid()), dim=1)
        return (fields,) if rays is None else (fields, rays)


def _stage(inputs: int, outputs: int, *, depth: int, stride: int = 1) -> nn.Sequential:
    blocks = [ResidualBlock(inputs, outputs, stride=stride)]
    blocks += [ResidualBlock(outputs, outputs) for _ in range(depth - 1)]
    return nn.Sequential(*blocks)


def _head(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(convolution(inputs, inputs), nn.ReLU(), nn.Conv2d(inputs, outputs, 1))
