"""Residual blocks of convolutions."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


def convolution(inputs: int, outputs: int, *, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution without bias and batch normalisation: fused into one convolution by the exporter's constant folding."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs))


class ResidualBlock(nn.Module):
    """Two 3 × 3 convolutions beside a shortcut (He et al. 2016), the shortcut projected where width or size changes.

    The last normalisation starts at zero, so that a new block begins as its shortcut (Goyal et al. 2017).
    """

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1) -> None:
        super().__init__()
        self.first = convolution(inputs, outputs, stride=stride)
        self.second = convolution(outputs, outputs)
        self.shortcut = nn.Identity() if inputs == outputs and stride == 1 else convolution(inputs, outputs, kernel=1, stride=stride)
        nn.init.zeros_(self.second[1].weight)  # type: ignore[arg-type]

    def forward(self, features: Tensor) -> Tensor:
        residual = self.second(functional.relu(self.first(features)))
        return functional.relu(residual + self.shortcut(features))
