"""NCEM (Berkeley) EMD: groups with ``emd_group_type`` 1, an array named data, and one vector for each axis."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from lycurgus.readers.candidates import Candidate
from lycurgus.readers.hdf5 import check_dataset, child, children, text
from lycurgus.readers.metadata import flat
from lycurgus.readers.scale import Length, Scale, unit_kind

_DEEPEST = 6


def candidates(path: Path, file: h5py.File) -> list[Candidate]:
    """List the data sets that may be images."""
    metadata = _metadata(file)
    return [_candidate(path, name, group, data, metadata) for name, group, data in _emd_groups(file, "", 0)]


def _emd_groups(group: h5py.Group, prefix: str, depth: int) -> Iterator[tuple[str, h5py.Group, h5py.Dataset]]:
    for name, member in children(group):
        if not isinstance(member, h5py.Group) or depth > _DEEPEST:
            continue
        data = child(member, "data")
        if "emd_group_type" in member.attrs and isinstance(data, h5py.Dataset):
            yield name, member, data
        else:
            yield from _emd_groups(member, f"{prefix}/{name}", depth + 1)


def _candidate(path: Path, name: str, group: h5py.Group, data: h5py.Dataset, metadata: dict[str, Any]) -> Candidate:
    common: dict[str, Any] = {"name": name, "signal": "HAADF" if "haadf" in name.casefold() else "", "metadata": metadata}
    axes = [_axis(group, number + 1) for number in range(data.ndim)]
    kinds = [unit_kind(length.unit) for _, length in axes]
    if data.ndim < 2 or data.dtype.kind == "c":
        return Candidate(load=_nothing, instead="a spectrum or profile" if data.ndim < 2 else "an FFT or other complex numbers", **common)
    if data.ndim > 3:
        return Candidate(load=_nothing, instead="a set of diffraction patterns (4D-STEM)", **common)
    if "energy" in kinds:
        return Candidate(load=_nothing, instead="a spectrum image", **common)
    y, x, stack = _which_axes([axis_name for axis_name, _ in axes], data.shape)
    frames = 1 if stack is None else int(data.shape[stack])
    scale = Scale(axes[x][1], axes[y][1])
    return Candidate(load=partial(_load, path, data, y, x, stack), frames=frames, scale=scale, **common)


def _which_axes(names: list[str], shape: tuple[int, ...]) -> tuple[int, int, int | None]:
    """Decide which axes are y, x and the stack's.

    The names decide where the file gives them; NCEM's own writers store x first, so that arrays come transposed.
    Without names the order is numpy's: stack, y, x, the stack being the last axis where it alone is short.
    """
    plain = [name.strip().casefold() for name in names]
    if "x" in plain and "y" in plain:
        y, x = plain.index("y"), plain.index("x")
    elif len(shape) == 3 and shape[2] < min(shape[:2]) // 4:
        y, x = 0, 1
    else:
        y, x = len(shape) - 2, len(shape) - 1
    rest = [axis for axis in range(len(shape)) if axis not in (y, x)]
    return y, x, rest[0] if rest else None


def _axis(group: h5py.Group, number: int) -> tuple[str, Length]:
    """Read an axis vector: its name, and the step between its first two values with the unit."""
    vector = child(group, f"dim{number}")
    if not isinstance(vector, h5py.Dataset) or vector.ndim != 1 or vector.shape[0] < 1 or vector.dtype.kind not in "iuf":
        return "", Length(1.0, "")
    name, unit = text(vector.attrs.get("name", "")), text(vector.attrs.get("units", "")).strip("[] ")
    if vector.external or vector.is_virtual or vector.shape[0] < 2:
        return name, Length(0.0, unit)
    first, second = (float(value) for value in vector[:2])
    return name, Length(second - first, unit)


def _load(path: Path, data: h5py.Dataset, y: int, x: int, stack: int | None, frame: int) -> NDArray[Any]:
    check_dataset(path, data)
    picture = np.asarray(data[tuple(frame if axis == stack else slice(None) for axis in range(data.ndim))])
    return picture if y < x else picture.T


def _metadata(file: h5py.File) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name in ("microscope", "sample"):
        group = child(file, name)
        if isinstance(group, h5py.Group):
            tree[name] = {key: value for key, value in group.attrs.items() if isinstance(value, (str, bytes, np.generic))}
    return flat(tree)


def _nothing(_: int) -> NDArray[Any]:
    raise AssertionError("no image to load")
