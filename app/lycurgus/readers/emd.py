"""EMD files (HDF5) of both families: Velox (Thermo Fisher) and NCEM (Berkeley), told apart by what they hold."""

from __future__ import annotations

from pathlib import Path

import h5py

from lycurgus.core.errors import ReadError
from lycurgus.core.types import Micrograph
from lycurgus.readers import emd_ncem, emd_velox
from lycurgus.readers.candidates import to_micrograph
from lycurgus.readers.hdf5 import check_heaps, child


class EmdReader:
    name = "emd"
    label = "EMD (Velox, NCEM)"
    extensions = (".emd", ".h5", ".hdf5")

    def read(self, path: Path, *, plane: str = "auto") -> Micrograph:
        """Read one real-space image; with several detectors HAADF unless another is named.

        Raises
        ------
        ReadError
            The file is damaged, or holds no image.
        """
        check_heaps(path)
        with h5py.File(path, "r") as file:
            data = child(file, "Data")
            velox = isinstance(data, h5py.Group) and any(name in data for name in ("Image", "Spectrum", "SpectrumImage"))
            candidates = emd_velox.candidates(path, file) if velox else emd_ncem.candidates(path, file)
            if not candidates:
                raise ReadError(path, "is an HDF5 file without a micrograph in EMD form", hint="export the image as TIFF")
            return to_micrograph(path, candidates, plane=plane)
