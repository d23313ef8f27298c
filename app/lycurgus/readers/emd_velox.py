"""Velox EMD: images as (y, x, frames) with a JSON description for each frame."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import h5py
import numpy as np
from numpy.typing import NDArray

from lycurgus.readers.candidates import Candidate
from lycurgus.readers.hdf5 import check_dataset, child, children
from lycurgus.readers.metadata import flat, named, number
from lycurgus.readers.scale import Length, Scale

_MOST_JSON = 1 << 22


def candidates(path: Path, file: h5py.File) -> list[Candidate]:
    """List the images, element maps last, and name the spectra so that a refusal can say what is there."""
    data = child(file, "Data")
    if not isinstance(data, h5py.Group):
        return []
    labels = _labels(file)
    images = child(data, "Image")
    found = [
        _candidate(path, group, labels.get(f"/Data/Image/{name}", ""))
        for name, group in (children(images) if isinstance(images, h5py.Group) else ())
        if isinstance(group, h5py.Group) and isinstance(child(group, "Data"), h5py.Dataset)
    ]
    found.sort(key=lambda candidate: "superx" in candidate.signal.casefold() or "dual-x" in candidate.signal.casefold())
    if any(name in data for name in ("Spectrum", "SpectrumImage", "SpectrumStream")):
        found.append(Candidate("spectra", _nothing, instead="spectra"))
    return found


def _candidate(path: Path, group: h5py.Group, label: str) -> Candidate:
    pixels = child(group, "Data")
    said = _description(group)
    result = _section(said, "BinaryResult")
    detector = str(result.get("Detector") or "")
    common: dict[str, Any] = {"name": label or detector, "signal": detector, "metadata": _metadata(said, detector)}
    if not isinstance(pixels, h5py.Dataset) or pixels.ndim not in (2, 3):
        return Candidate(load=_nothing, instead="data that are no image", **common)
    scale = _scale(result)
    if pixels.dtype.names or pixels.dtype.kind == "c":
        return Candidate(load=_nothing, instead="an FFT or other complex numbers", scale=scale, **common)
    frames = int(pixels.shape[2]) if pixels.ndim == 3 else 1
    return Candidate(load=partial(_load, path, pixels), frames=frames, scale=scale, **common)


def _load(path: Path, pixels: h5py.Dataset, frame: int) -> NDArray[Any]:
    check_dataset(path, pixels)
    return np.asarray(pixels[:, :, frame] if pixels.ndim == 3 else pixels[()])


def _scale(result: Mapping[str, Any]) -> Scale | None:
    size = _section(result, "PixelSize")
    x, y = number(size.get("width")), number(size.get("height"))
    if x is None or y is None:
        return None
    units = [str(result.get(key) or "") for key in ("PixelUnitX", "PixelUnitY")]
    return Scale(Length(x, units[0]), Length(y, units[1]))


def _description(group: h5py.Group) -> Mapping[str, Any]:
    """Read the first frame's JSON, a column of bytes padded with zeros; a broken one says nothing."""
    stored = child(group, "Metadata")
    if not isinstance(stored, h5py.Dataset) or stored.ndim != 2 or stored.dtype != np.uint8 or not 0 < stored.shape[0] <= _MOST_JSON:
        return {}
    if stored.shape[1] < 1 or stored.external or stored.is_virtual:
        return {}
    raw = bytes(stored[:, 0]).split(b"\x00", 1)[0]
    return _json(raw)


def _json(raw: bytes) -> Mapping[str, Any]:
    try:
        tree = json.loads(raw.decode("utf-8", "ignore"))
    except (ValueError, RecursionError):
        return {}
    return tree if isinstance(tree, dict) else {}


def _labels(file: h5py.File) -> dict[str, str]:
    """Find the names under which Velox shows its images: "HAADF", "DCFI(HAADF)", "Pt" ..."""
    node: h5py.Group | h5py.Dataset | None = file
    for name in ("Presentation", "Displays", "ImageDisplay"):
        node = child(node, name) if isinstance(node, h5py.Group) else None
    labels: dict[str, str] = {}
    for _, display in children(node) if isinstance(node, h5py.Group) else ():
        if not isinstance(display, h5py.Dataset) or display.shape != (1,) or display.dtype.kind != "O":
            continue
        value = display[0]
        said = _json(value) if isinstance(value, bytes) and len(value) < _MOST_JSON else {}
        labels[str(said.get("dataPath"))] = unquote(str(_section(said, "display").get("label") or ""))[:60]
    return labels


def _metadata(said: Mapping[str, Any], detector: str) -> dict[str, str | int | float | bool]:
    optics, instrument = _section(said, "Optics"), _section(said, "Instrument")
    volts = number(optics.get("AccelerationVoltage"))
    seconds = number(_section(_section(said, "Acquisition"), "AcquisitionStartDatetime").get("DateTime"))
    known = seconds is not None and 0 < seconds < 4e9
    return named(
        instrument=instrument.get("InstrumentModel") or instrument.get("InstrumentClass"),
        detector=detector,
        voltage_kV=None if volts is None else volts / 1000,
        magnification=number(optics.get("NominalMagnification")),
        date=datetime.fromtimestamp(seconds or 0, UTC).isoformat() if known else None,
        camera_length_m=number(optics.get("CameraLength")),
    ) | flat({"Optics": optics, "Stage": _section(said, "Stage"), "Scan": _section(said, "Scan")})


def _section(tree: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = tree.get(name)
    return section if isinstance(section, Mapping) else {}


def _nothing(_: int) -> NDArray[Any]:
    raise AssertionError("no image to load")
