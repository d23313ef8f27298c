"""Small pictures and short runs for tests of training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from lycurgus.core.types import BBox, Instance
from lycurgus_train.config import TrainConfig
from lycurgus_train.labelled import LabelledImage
from lycurgus_train.networks import ParticleNetwork
from lycurgus_train.store import Prepared, prepare

SIDE = 128


def picture(seed: int, *, particles: int = 9) -> LabelledImage:
    """Bright discs, some touching, on a noisy background."""
    rng = np.random.default_rng(seed)
    pixels = rng.normal(60, 6, (SIDE, SIDE))
    ys, xs = np.ogrid[0:SIDE, 0:SIDE]
    instances = []
    for number in range(particles):
        centre = 22 + 42 * (number // 3), 22 + 42 * (number % 3)
        mask = np.hypot(ys - centre[0], xs - centre[1]) <= rng.uniform(12, 20)
        pixels[mask] += 90
        rows, columns = np.nonzero(mask)
        box = BBox(int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1)
        instances.append(Instance(box, mask[box.slices]))
    return LabelledImage(f"picture-{seed}", pixels.astype(np.float32), tuple(instances))


def prepared(images: Sequence[LabelledImage]) -> list[tuple[float, list[Prepared]]]:
    return [(1.0, [prepare(image) for image in images])]


def config(head: str = "star-convex", **changes: object) -> TrainConfig:
    document = {
        "steps": 6,
        "batch": 4,
        "workers": 0,
        "check_every": 3,
        "warmup_steps": 2,
        "precision": "float32",
        "network": {"head": head, "widths": (16, 20, 24)},
        "crops": {"crop_px": 64, "smallest_px": 20, "largest_px": 40, "disturbance": 0.0},
        "train": [{"path": "unused"}],
        **changes,
    }
    return TrainConfig.model_validate(document)


def network(head: str, widths: tuple[int, ...] = (16, 20, 24)) -> ParticleNetwork:
    """A small network whose normalisations have seen something, as those of a trained one have."""
    torch.manual_seed(3)
    model = ParticleNetwork(head, widths=widths)
    with torch.inference_mode():
        for _ in range(20):
            model.train()(torch.randn(4, 1, max(64, model.stride), max(64, model.stride)))
    return model.eval()
