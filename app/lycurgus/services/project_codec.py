"""Results and journals as compact bytes for the project file, without loss; nothing is pickled.

A result is one zlib stream: the length of a JSON head (4 bytes, little endian), the head, the measurements as a matrix of float64, and
one bit for each of them that tells what is missing.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.errors import LycurgusError
from lycurgus.core.measurement import Measurement
from lycurgus.core.params import AnalysisParams
from lycurgus.core.particle_data import instance_data, instance_from, remarks_data, with_remarks
from lycurgus.core.types import AnalysisResult, Annotation, BBox, Instance, Micrograph, ModelUsed, Particle, PixelSize, Provenance

RESULT_VERSION = 1

_LENGTH = struct.Struct("<I")
_NUMBERS = tuple(field.name for field in fields(Measurement))
_LEVEL = 6
_BAD_BYTES = (
    zlib.error,
    struct.error,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
    MemoryError,
    LycurgusError,
)
"""All that bytes from a stranger can cause while they are read."""


class DamagedRecordError(Exception):
    """Bytes that are no record of this version; the project says so with its file's name."""


def encode_result(result: AnalysisResult) -> bytes:
    """Describe a result without its pixels, and without its parameters, which many results share."""
    micrograph, particles = result.micrograph, result.particles
    head = {
        "version": RESULT_VERSION,
        "micrograph": {
            "path": str(micrograph.path),
            "dtype": micrograph.pixels.dtype.str,
            "pixel_size": pixel_size_data(micrograph.pixel_size),
            "signal": micrograph.signal,
            "plane": micrograph.plane,
            "planes": micrograph.planes,
            "metadata": micrograph.metadata,
            "sha256": micrograph.sha256,
            "warnings": micrograph.warnings,
        },
        "provenance": asdict(result.provenance),
        "detection": result.detection,
        "removed": result.removed,
        "annotations": [[annotation.kind, annotation.bbox] for annotation in result.annotations],
        "warnings": result.warnings,
        "instances": [instance_data(particle.instance) for particle in particles],
        "remarks": [remarks_data(particle) for particle in particles],
        "numbers": _NUMBERS,
    }
    matrix, missing = _matrix(particles)
    text = json.dumps(head, default=_plain, separators=(",", ":")).encode("ascii")
    return zlib.compress(_LENGTH.pack(len(text)) + text + matrix.astype("<f8").tobytes() + np.packbits(missing).tobytes(), _LEVEL)


def decode_result(data: bytes, params: AnalysisParams) -> AnalysisResult:
    """Return the result that ``encode_result`` described; its micrograph has pixels of shape (0, 0).

    Raises
    ------
    DamagedRecordError
        The bytes are damaged, or come from a later version.
    """
    try:
        raw = zlib.decompress(data)
        (length,) = _LENGTH.unpack_from(raw)
        head = json.loads(raw[_LENGTH.size : _LENGTH.size + length])
        if head["version"] > RESULT_VERSION:
            raise DamagedRecordError("it was written by a later version")
        instances = [instance_from(one) for one in head["instances"]]
        measurements = _measurements(raw[_LENGTH.size + length :], head["numbers"], len(instances))
        return AnalysisResult(
            micrograph=_micrograph(head["micrograph"]),
            particles=tuple(_particles(instances, measurements, head["remarks"])),
            params=params,
            provenance=_provenance(head["provenance"]),
            detection=head["detection"],
            removed=head["removed"],
            annotations=tuple(Annotation(kind, BBox(*bbox)) for kind, bbox in head["annotations"]),
            warnings=tuple(head["warnings"]),
        )
    except _BAD_BYTES as error:
        raise DamagedRecordError(f"{type(error).__name__}: {error}") from error


def encode_document(document: Mapping[str, Any]) -> bytes:
    """Compress JSON data, a journal for instance."""
    return zlib.compress(json.dumps(document, separators=(",", ":")).encode("ascii"), _LEVEL)


def decode_document(data: bytes) -> dict[str, Any]:
    """Return what ``encode_document`` compressed; DamagedRecordError where that fails."""
    try:
        document = json.loads(zlib.decompress(data))
    except _BAD_BYTES as error:
        raise DamagedRecordError(f"{type(error).__name__}: {error}") from error
    if not isinstance(document, dict):
        raise DamagedRecordError("it is no document")
    return document


def pixel_size_data(size: PixelSize | None) -> list[Any] | None:
    """Return a pixel size as JSON data."""
    return None if size is None else [size.y_nm, size.x_nm, size.source, size.uncertainty_nm, size.accepted]


def pixel_size_from(data: Sequence[Any] | None) -> PixelSize | None:
    """Return the pixel size that ``pixel_size_data`` described."""
    return None if data is None else PixelSize(*data)


def _matrix(particles: Sequence[Particle]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """All measurements (n, k), nan where there is none, and which those are: a measured nan is another thing."""
    rows = [[getattr(particle.measurement, name) for name in _NUMBERS] for particle in particles]
    shape = len(rows), len(_NUMBERS)
    values = np.array([[np.nan if value is None else value for value in row] for row in rows], dtype=np.float64).reshape(shape)
    return values, np.array([[value is None for value in row] for row in rows], dtype=np.bool_).reshape(shape)


def _measurements(raw: bytes, names: Sequence[str], count: int) -> list[Measurement]:
    size = count * len(names)
    values = np.frombuffer(raw, dtype="<f8", count=size).reshape(count, len(names)).tolist()
    packed = np.frombuffer(raw, dtype=np.uint8, offset=8 * size)
    missing = np.unpackbits(packed, count=size).view(np.bool_).reshape(count, len(names))
    for row, column in np.argwhere(missing).tolist():
        values[row][column] = None
    return [Measurement(**dict(zip(names, row, strict=True))) for row in values]


def _particles(instances: Sequence[Instance], measurements: Sequence[Measurement], remarks: Sequence[Mapping[str, Any]]) -> list[Particle]:
    return [
        with_remarks(Particle(0, instance, measurement), data)
        for instance, measurement, data in zip(instances, measurements, remarks, strict=True)
    ]


def _micrograph(data: Mapping[str, Any]) -> Micrograph:
    return Micrograph(
        path=Path(data["path"]),
        pixels=np.zeros((0, 0), dtype=np.dtype(data["dtype"])),
        pixel_size=pixel_size_from(data["pixel_size"]),
        signal=data["signal"],
        plane=data["plane"],
        planes=tuple(data["planes"]),
        metadata=data["metadata"],
        sha256=data["sha256"],
        warnings=tuple(data["warnings"]),
    )


def _provenance(data: Mapping[str, Any]) -> Provenance:
    return Provenance(**{**data, "models": tuple(ModelUsed(**model) for model in data["models"])})


def _plain(value: Any) -> Any:
    """Turn what NumPy left in a detail or in metadata into what JSON knows."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)
