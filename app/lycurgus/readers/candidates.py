"""From what a file offers (images, stacks, diffraction patterns, spectra) to the one plane that was asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from lycurgus.core.errors import ReadError
from lycurgus.core.types import Micrograph
from lycurgus.readers.grey import NotAnImageError, to_plane
from lycurgus.readers.scale import Scale, UnitKind, to_pixel_size

MOST_PIXELS = 2**31
MOST_FRAMES = 100_000

_INSTEAD_OF_IMAGE: dict[UnitKind, str] = {
    "reciprocal": "a diffraction pattern",
    "angle": "a diffraction pattern",
    "energy": "a spectrum",
    "time": "a recording over time",
}


@dataclass(frozen=True)
class Candidate:
    """One data set of a file that may be the image.

    Attributes
    ----------
    name : as the file names it, or "".
    load : gives frame k as (H, W) or (H, W, colours), called only for the frame that is wanted.
    frames : how many images of one size it holds.
    scale : what the file states about its pixels.
    signal : detector or kind of signal.
    instead : what it is if it is no real-space image ("a spectrum"), else "".
    """

    name: str
    load: Callable[[int], NDArray[Any]]
    frames: int = 1
    scale: Scale | None = None
    signal: str = ""
    instead: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def what_instead(self) -> str:
        """Why it is no real-space image, or "": as stated by the reader, or by the unit of its axes."""
        if self.instead or self.scale is None:
            return self.instead
        kind = self.scale.kind
        return f"{_INSTEAD_OF_IMAGE[kind]} (unit {self.scale.x.unit})" if kind in _INSTEAD_OF_IMAGE else ""


def to_micrograph(path: Path, candidates: Sequence[Candidate], *, plane: str) -> Micrograph:
    """Choose among what a file offers and load it.

    Parameters
    ----------
    plane : "auto" (an image named HAADF, else the first image, frame 0), the number of a plane from 0, or part of a name.

    Raises
    ------
    ReadError
        Nothing is a real-space image, or no plane fits.
    """
    images = [candidate for candidate in candidates if not candidate.what_instead]
    if not images:
        raise _no_image(path, candidates)
    names = tuple(_names(images))
    candidate, frame, position = _choose(path, images, names, plane, candidates)
    try:
        pixels = to_plane(candidate.load(frame))
    except NotAnImageError as error:
        raise ReadError(path, str(error), hint="export the image itself from the program that wrote it") from error
    pixel_size, doubts = to_pixel_size(candidate.scale)
    notes = list(candidate.warnings + doubts)
    if plane == "auto" and candidate.frames > 1:
        notes.append(f"The file holds a stack of {candidate.frames} frames, of which frame 0 was read; choose another by its plane number.")
    return Micrograph(
        path=path,
        pixels=pixels,
        pixel_size=pixel_size,
        signal=candidate.signal,
        plane=names[position],
        planes=names,
        metadata=dict(candidate.metadata),
        warnings=tuple(notes),
    )


def check_size(path: Path, shape: Sequence[int], *, bytes_needed: int = 0, bytes_there: int | None = None) -> None:
    """Refuse an image that cannot be in the file, before memory is asked for.

    Parameters
    ----------
    shape : as the file declares it.
    bytes_needed, bytes_there : of the stored image; compared where ``bytes_there`` is given.
    """
    pixels = 1
    for extent in shape:
        if int(extent) <= 0:
            raise ReadError(path, f"declares an image of {_times(shape)} pixels", hint="the file is damaged")
        pixels *= int(extent)
    if pixels > MOST_PIXELS:
        raise ReadError(
            path, f"declares {_times(shape)} pixels, more than can be analysed", hint="crop the image, or check whether the file is damaged"
        )
    if bytes_there is not None and bytes_needed > bytes_there:
        raise ReadError(path, f"is cut off: {_times(shape)} pixels are declared but are not in the file", hint="copy the file again")


def _times(shape: Sequence[int]) -> str:
    return " x ".join(str(int(extent)) for extent in shape)


def _no_image(path: Path, candidates: Sequence[Candidate]) -> ReadError:
    if not candidates:
        return ReadError(path, "holds no image")
    found = list(dict.fromkeys(candidate.what_instead for candidate in candidates))
    return ReadError(path, f"holds only {' and '.join(found[:3])}", hint="open the image recorded beside it")


def _names(images: Sequence[Candidate]) -> Iterator[str]:
    used: Counter[str] = Counter()
    for number, image in enumerate(images):
        name = image.name or (f"image {number}" if len(images) > 1 else "image")
        used[name] += 1
        if used[name] > 1:
            name = f"{name} ({used[name]})"
        if image.frames == 1:
            yield name
        else:
            yield from (f"{name} frame {frame}" for frame in range(min(image.frames, MOST_FRAMES)))


def _choose(
    path: Path, images: Sequence[Candidate], names: Sequence[str], plane: str, everything: Sequence[Candidate]
) -> tuple[Candidate, int, int]:
    flat = [(image, frame) for image in images for frame in range(min(image.frames, MOST_FRAMES))]
    position = _position(images, flat, names, plane)
    if position is not None:
        return *flat[position], position
    other = next((item for item in everything if item.what_instead and item.name and plane.casefold() in item.name.casefold()), None)
    if other is not None:
        raise ReadError(path, f"plane '{plane}' is {other.what_instead}", hint="choose a real-space image")
    offered = ", ".join(f"{number} {name}" for number, name in enumerate(names[:8])) + (" ..." if len(names) > 8 else "")
    raise ReadError(path, f"holds no plane '{plane}'", hint=f"it holds {offered}")


def _position(images: Sequence[Candidate], flat: Sequence[tuple[Candidate, int]], names: Sequence[str], plane: str) -> int | None:
    if plane == "auto":
        haadf = next((image for image in images if "haadf" in f"{image.name} {image.signal}".casefold()), images[0])
        return next(position for position, (image, _) in enumerate(flat) if image is haadf)
    if plane.isdecimal() and len(plane) < 10:
        return int(plane) if int(plane) < len(flat) else None
    wanted = plane.casefold().strip()
    exact = next((position for position, name in enumerate(names) if name.casefold() == wanted), None)
    return (
        exact
        if exact is not None
        else next((position for position, name in enumerate(names) if wanted and wanted in name.casefold()), None)
    )
