"""What every reader promises."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from lycurgus.core.types import Micrograph


class Reader(Protocol):
    """Reads one family of formats."""

    name: str
    label: str
    extensions: tuple[str, ...]

    def read(self, path: Path, *, plane: str = "auto") -> Micrograph:
        """Read one real-space image; intensities as stored.

        Parameters
        ----------
        plane : "auto", the number of a plane from 0, or part of a plane's name.

        Raises
        ------
        ReadError
            The file is damaged, holds no real-space image, or no such plane.
        """
        ...
