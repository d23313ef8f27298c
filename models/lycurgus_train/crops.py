"""Crops for training, by number: crop i of a run is the same whoever draws it, and after an interruption."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from lycurgus_train.augment import draw_crop
from lycurgus_train.config import CropConfig
from lycurgus_train.losses import Batch
from lycurgus_train.store import Prepared


class CropDataset(Dataset[dict[str, Tensor]]):
    """Random crops of weighted sources.

    Parameters
    ----------
    sources : (weight, images) each; an image is drawn evenly from its source.
    """

    def __init__(self, sources: Sequence[tuple[float, Sequence[Prepared]]], params: CropConfig, *, seed: int, with_rays: bool) -> None:
        self._sources = [images for _, images in sources]
        weights = np.array([weight for weight, _ in sources])
        self._chances = weights / weights.sum()
        self._params = params
        self._seed = seed
        self._with_rays = with_rays

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        rng = np.random.default_rng((self._seed, index))
        images = self._sources[rng.choice(len(self._sources), p=self._chances)]
        crop = draw_crop(images[int(rng.integers(len(images)))], self._params, rng, with_rays=self._with_rays)
        return {
            "picture": torch.from_numpy(crop.picture[None]),
            "foreground": torch.from_numpy(crop.targets.foreground.astype(np.float32)),
            "depth": torch.from_numpy(crop.targets.depth),
            "known": torch.from_numpy(crop.known.astype(np.float32)),
            "depth_known": torch.from_numpy(crop.depth_known.astype(np.float32)),
            "rays": torch.from_numpy(crop.targets.rays),
            "complete": torch.from_numpy(crop.targets.complete),
        }


class RunOrder(Sampler[int]):
    """The numbers of the crops of one process of a run from a step on."""

    def __init__(self, *, first_step: int, steps: int, batch: int, rank: int = 0, world: int = 1) -> None:
        self._steps = range(first_step, steps)
        self._batch, self._rank, self._world = batch, rank, world

    def __iter__(self) -> Iterator[int]:
        return ((step * self._world + self._rank) * self._batch + place for step in self._steps for place in range(self._batch))

    def __len__(self) -> int:
        return len(self._steps) * self._batch


def batches(dataset: CropDataset, order: RunOrder, *, batch: int, workers: int) -> DataLoader[dict[str, Tensor]]:
    """Return the loader of a run's batches; with workers, OpenCV keeps to one thread in this process too."""
    if workers:
        # Threads do not survive a fork: a worker that tells OpenCV to give up those that its parent had would wait for them for ever.
        cv2.setNumThreads(1)
    return DataLoader(
        dataset,
        batch_size=batch,
        sampler=order,
        num_workers=workers,
        worker_init_fn=_one_thread,
        prefetch_factor=4 if workers else None,
        pin_memory=torch.cuda.is_available(),
    )


def to_batch(tensors: dict[str, Tensor], device: torch.device) -> Batch:
    """Move a loaded batch to where the network is."""
    moved = {name: tensor.to(device, non_blocking=True) for name, tensor in tensors.items()}
    moved["picture"] = moved["picture"].contiguous(memory_format=torch.channels_last)
    return Batch(**moved)


def _one_thread(_worker: int) -> None:
    """Drawing crops must not take the cores from the network."""
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
