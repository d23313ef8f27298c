"""What a run leaves behind to look at: a CSV, TensorBoard events and pictures."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import torch
from torch import Tensor

from lycurgus.exporters.csv import write_table
from lycurgus_train.canvas import write_png

TABLE = "log.csv"
HEADER = ("step", "part", "quantity", "value")
SHOWN = 4


class RunLog:
    """Writes the logs of one run; a run that goes on appends, and forgets what it had noted of steps that are done again.

    Parameters
    ----------
    active : False in all processes of a run but one.
    first_step : steps done before.

    Raises
    ------
    ExportError
        The folder cannot be written.
    """

    def __init__(self, folder: Path, *, active: bool = True, first_step: int = 0) -> None:
        self._folder = folder
        self._active = active
        if active:
            from torch.utils.tensorboard import SummaryWriter

            write_table(folder / TABLE, HEADER, _rows_until(first_step, folder / TABLE))
            self._events = SummaryWriter(str(folder), purge_step=first_step + 1)
            self._file = (folder / TABLE).open("a", newline="", encoding="utf-8")
            self._rows = csv.writer(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._active:
            self._events.close()
            self._file.close()

    def losses(self, step: int, losses: Mapping[str, Tensor], learning_rate: float) -> None:
        """Note a step's losses."""
        if self._active:
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
        write_png(self._folder / "pictures" / f"{step:07d}.png", sheet)
        self._events.add_image("validation", torch.from_numpy(sheet)[None], step)

    def _note(self, step: int, part: str, values: dict[str, float]) -> None:
        if not self._active:
            return
        for name, value in values.items():
            self._rows.writerow([step, part, name, f"{value:.6g}"])
            self._events.add_scalar(f"{part}/{name}", value, step)
        self._file.flush()


def _rows_until(step: int, table: Path) -> list[list[str]]:
    """Return what a log says of steps up to this one; a last row that a kill cut off is left out."""
    if not table.exists():
        return []
    with table.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))[1:]
    return [row for row in rows if len(row) == len(HEADER) and int(row[0]) <= step]
