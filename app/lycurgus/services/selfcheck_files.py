"""Whether every format can be read and written here: looked at with small known files, for what is missing shows only when it is used."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.errors import LycurgusError
from lycurgus.core.progress import never, silent
from lycurgus.parameters import default_params
from lycurgus.pipeline import analyze
from lycurgus.readers import READERS
from lycurgus.readers.door import EXTENSIONS, read
from lycurgus.resources import resource, sample_micrographs
from lycurgus.services.export import export_results
from lycurgus.services.plan import ExportPlan, planned_files
from lycurgus.services.report import FORMATS

KNOWN_FILES = "selfcheck"
"""Folder of the resources, filled by ``build_scripts/make_format_files.py``."""
LOSSY, LOSSY_TOLERANCE = "lossy", 4
"""How files begin that are compressed with losses, and by how many grey levels they may differ."""


def known_picture() -> NDArray[np.int64]:
    """The picture that all these files hold; every pixel is another one, so that a flip or a transposition is seen."""
    height, width = 12, 17
    return np.arange(height * width).reshape(height, width) % 251


def check_readers() -> str:
    """Read every known file and return what was read, in words.

    Raises
    ------
    LycurgusError
        A file is not read, or another picture comes out of it, or a reader has no file to be tried with.
    """
    files = sorted(resource(KNOWN_FILES).iterdir())
    for file in files:
        pixels = read(file).pixels.astype(np.float64)
        expected = known_picture()
        if pixels.shape != expected.shape:
            raise LycurgusError(f"{file.name} is read with the shape {pixels.shape}, not {expected.shape}")
        difference = float(np.abs(pixels - expected).max())
        if difference > (LOSSY_TOLERANCE if file.name.startswith(LOSSY) else 0):
            raise LycurgusError(f"{file.name} is read with other grey levels, up to {difference:g} away")
    untried = set(READERS) - {EXTENSIONS[file.suffix] for file in files}
    if untried:
        raise LycurgusError(f"no file tries the reader of {', '.join(sorted(untried))}")
    return f"{len(files)} files by {len(READERS)} readers"


def check_exporters() -> str:
    """Write a sample in every format and return what was written, in words.

    Raises
    ------
    LycurgusError
        A format is not written.
    """
    sample = sample_micrographs()[0]
    # Otsu: quick, and what finds the particles is not the question here.
    result = analyze(read(sample), default_params(detector="otsu"))
    with tempfile.TemporaryDirectory(prefix="lycurgus-") as folder:
        plan = ExportPlan(Path(folder), FORMATS)
        exported = export_results([result], plan, progress=silent, cancel=never)
        if exported.failures:
            raise LycurgusError(f"{exported.failures[0].path.name}: {exported.failures[0].reason}")
        files = planned_files([sample], plan)
        missing = [file.name for file in files if not (file.is_file() and file.stat().st_size)]
    if missing:
        raise LycurgusError(f"these files were not written: {', '.join(missing)}")
    return f"{len(files)} files in {len(FORMATS)} formats"
