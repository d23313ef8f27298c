"""Whether a network still computes what it computed when it was exported."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.errors import ModelError
from lycurgus.inference.catalog import InstalledModel
from lycurgus.inference.manifest import GOLDEN_FILE
from lycurgus.inference.session import open_network
from lycurgus.inference.zip_safety import check_directory

LARGEST_GOLDEN_BYTES = 256 << 20
LARGEST_GOLDEN_PX = 2048 * 2048
"""A network takes some 200 MB of memory for a million pixels of a picture that is shown to it whole."""


@dataclass(frozen=True, slots=True)
class GoldenCheck:
    """How a network did on its golden sample.

    Attributes
    ----------
    provider : where it ran.
    largest_difference : output -> largest absolute difference.
    passed : all within the manifest's tolerance.
    """

    provider: str
    largest_difference: dict[str, float]
    passed: bool

    def in_words(self) -> str:
        differences = ", ".join(f"{name} {value:.2g}" for name, value in self.largest_difference.items())
        return f"on {self.provider}, largest differences to the golden sample: {differences}"


def check_golden(model: InstalledModel, *, device: str = "cpu") -> GoldenCheck:
    """Run a network on its golden sample: the input and each output under their names in ``golden.npz``.

    Raises
    ------
    ModelError
        The sample or the network cannot be used.
    """
    network = open_network(model, device)
    sample = _golden(model)
    results = network.predict(sample[model.manifest.input.name])
    tolerance = model.manifest.golden
    differences: dict[str, float] = {}
    passed = True
    for output in model.manifest.outputs:
        expected, found = sample[output.name].astype(np.float64), results[output.name].astype(np.float64)
        if expected.shape != found.shape:
            raise ModelError(model.folder, f"{GOLDEN_FILE}: '{output.name}' has shape {expected.shape}, the network gives {found.shape}")
        difference = np.abs(found - expected)
        differences[output.name] = float(difference.max(initial=0.0))
        passed = passed and bool((difference <= tolerance.absolute + tolerance.relative * np.abs(expected)).all())
    return GoldenCheck(network.provider, differences, passed)


def _golden(model: InstalledModel) -> dict[str, NDArray[np.floating]]:
    """Read the sample, never unpickling anything."""
    path = model.folder / GOLDEN_FILE
    wanted = [model.manifest.input.name, *(output.name for output in model.manifest.outputs)]
    try:
        check_directory(path)
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > LARGEST_GOLDEN_BYTES:
            raise ModelError(model.folder, f"{GOLDEN_FILE} unpacks to {unpacked >> 20} MB, which is refused")
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: np.asarray(arrays[name]) for name in wanted}
    except OSError as error:
        raise ModelError(model.folder, f"{GOLDEN_FILE} cannot be read: {error.strerror}", hint="export the model again") from error
    except (ValueError, LookupError, TypeError, MemoryError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ModelError(model.folder, f"{GOLDEN_FILE} cannot be used: {error}", hint="export the model again") from error
    image = found[model.manifest.input.name]
    if (
        image.dtype != np.float32
        or image.ndim != 4
        or not image.size
        or any(not np.issubdtype(each.dtype, np.floating) for each in found.values())
    ):
        raise ModelError(model.folder, f"{GOLDEN_FILE} holds no picture (1, 1, H, W) of float32", hint="export the model again")
    if image.size > LARGEST_GOLDEN_PX:
        raise ModelError(model.folder, f"{GOLDEN_FILE} holds a picture of {image.size:,} px, more than {LARGEST_GOLDEN_PX:,}")
    return found
