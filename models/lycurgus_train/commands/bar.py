"""Progress of long work as a bar on a terminal."""

from __future__ import annotations

from typing import Any


class Bar:
    """A ``lycurgus.core.progress.Progress`` that draws a bar for each stage, on a terminal only.

    Parameters
    ----------
    active : False draws nothing, for all processes of a run but one.
    """

    def __init__(self, *, active: bool = True) -> None:
        self._active = active
        self._bar: Any = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        from tqdm import tqdm

        if self._bar is None or done == 0:
            self._close()
            self._bar = tqdm(desc=stage, total=total, unit="image", leave=False, disable=None if self._active else True)
        self._bar.update(done + 1 - self._bar.n)
        if done + 1 >= total:
            self._close()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
