"""What a watch tells while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import AnalysisResult
from lycurgus.services.live import ImageNote


@dataclass(frozen=True, slots=True, eq=False)
class ImageSeen:
    """An image is analysed, and is neither kept nor counted yet: to be shown while its files are written.

    Attributes
    ----------
    result : without pixels; shape : (H, W) of the picture.
    """

    path: Path
    result: AnalysisResult
    shape: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class ImageDone:
    """An image is analysed, and its result is kept.

    Attributes
    ----------
    result : without pixels; shape : (H, W) of the picture.
    picture : (h, w, 3) uint8, small, with the particles' outlines.
    again : whether it takes the place of an earlier result of a file that has changed.
    """

    note: ImageNote
    result: AnalysisResult
    shape: tuple[int, int]
    picture: NDArray[np.uint8]
    again: bool = False


@dataclass(frozen=True, slots=True)
class ImageFailed:
    """A file cannot be read or analysed; not ``final`` where it will be tried again by itself."""

    path: Path
    reason: str
    final: bool


@dataclass(frozen=True, slots=True)
class ImageRepeated:
    """A file has the content of another one that is counted, and is not counted itself."""

    path: Path
    original: Path


@dataclass(frozen=True, slots=True)
class ImageDropped:
    """An image is not counted any more: it was renamed, or belongs to another file that has come since."""

    path: Path
    why: str


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence about the folder or the outputs."""

    level: Literal["info", "success", "warning"]
    text: str


WatchEvent = ImageSeen | ImageDone | ImageFailed | ImageRepeated | ImageDropped | Said
Tell = Callable[[WatchEvent], None]


@dataclass(frozen=True, slots=True)
class WatchStatus:
    """How a watch stands.

    Attributes
    ----------
    queued : files that are complete and wait, or are in work; growing : not complete yet; retrying : to be tried again.
    duplicates : files that have the content of others.
    images_per_minute : how fast new files come; None where too few have come.
    trouble : a sentence while the folder or the outputs cannot be used, else "".
    """

    done: int = 0
    failed: int = 0
    duplicates: int = 0
    queued: int = 0
    growing: int = 0
    retrying: int = 0
    images_per_minute: float | None = None
    trouble: str = ""
