"""What a run leaves behind to look at: a CSV, TensorBoard events and pictures."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np
import torch
from torch import Tensor

LOSSES_EVERY = 20
SHOWN = 4


class RunLog:
    """Writes the logs of one run; a run that goes on appends.

    Parameters
    ----------
    active : False in all processes of a run but one.
    """

    def __init__(self, folder: Path, *, active: bool = True) -> None:
        self._folder = folder
        self._active = active
        if active:
            from torch.utils.tensorboard import SummaryWriter

            (folder / "pictures").mkdir(parents=True, exist_ok=True)
            self._events = SummaryWriter(str(folder))
            self._file = (folder / "log.csv").open("a", newline="", encoding="utf-8")
            self._rows = csv.writer(self._file)
            if self._file.tell() == 0:
                self._rows.writerow(["step", "part", "quantity", "value"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._active:
            self._events.close()
            self._file.close()

    def losses(self, step: int, losses: Mapping[str, Tensor], learning_rate: float) -> None:
        """Note a step's losses, every so often: asking a GPU for a number makes it wait."""
        if self._active and step % LOSSES_EVERY == 0:
            self._note(step, "train", {**{name: float(value) for name, value in losses.items()}, "learning_rate": learning_rate})

    def validation(self, step: int, losses: dict[str, float]) -> None:
        """Note the losses of the validation crops."""
        self._note(step, "validation", losses)

    def picture(self, step: int, pictures: Tensor, logits: Tensor, depth: Tensor) -> None:
        """Save pictures, predicted foreground and depth, and true depth side by side."""
        if not self._active:
            return
        answer = logits.float().sigmoid().cpu().numpy()
        shown = ((pictures[:, 0].float().cpu().numpy() + 1) / 2, answer[:, 0], answer[:, 1], depth.cpu().numpy())
        rows = [np.hstack([np.clip(kind[number], 0, 1) for kind in shown]) for number in range(min(SHOWN, len(pictures)))]
        sheet = (255 * np.vstack(rows)).astype(np.uint8)
        cv2.imwrite(str(self._folder / "pictures" / f"{step:07d}.png"), sheet)
        self._events.add_image("validation", torch.from_numpy(sheet)[None], step)

    def _note(self, step: int, part: str, values: dict[str, float]) -> None:
        if not self._active:
            return
        for name, value in values.items():
            self._rows.writerow([step, part, name, f"{value:.6g}"])
            self._events.add_scalar(f"{part}/{name}", value, step)
        self._file.flush()
