"""Whether everything an installation needs is there and works."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lycurgus.calibration.label import MISSING, is_available, read_words
from lycurgus.core.errors import LycurgusError
from lycurgus.core.metrics import instances_from_labels, score_image
from lycurgus.core.registry import Registry
from lycurgus.core.separate import SEPARATORS
from lycurgus.detectors import DETECTORS
from lycurgus.exporters import IMAGE_EXPORTERS, REPORT_EXPORTERS
from lycurgus.inference.catalog import ShadowedModel, UnusableModel, find_model, has_default, installed
from lycurgus.inference.golden import check_golden
from lycurgus.inference.providers import NAMES, available_providers, nvidia_gpus
from lycurgus.inference.session import open_network
from lycurgus.parameters import default_detector
from lycurgus.pipeline import analyze
from lycurgus.readers import READERS
from lycurgus.readers.door import read
from lycurgus.readers.truth import read_labels
from lycurgus.resources import resource, sample_micrographs, sample_truth
from lycurgus.services.guide import chapters, pictures_of
from lycurgus.services.licences import components
from lycurgus.services.selfcheck_files import check_exporters, check_readers

SAMPLE_F1_FLOOR = 0.6
"""The bundled samples are easy: less than this, and something is broken rather than difficult."""

WINDOW_TIMEOUT_S = 300
LABEL = "200 nm"
CUDA = "CUDAExecutionProvider"

Status = Literal["ok", "missing", "failed"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at.

    Attributes
    ----------
    status : "missing" is for what only a part of the work needs; it does not fail the whole.
    """

    name: str
    status: Status
    detail: str


def selfcheck() -> Iterator[Check]:
    """Look at everything in turn; a check that breaks is a failed check, never an exception."""
    for name, look in _CHECKS.items():
        try:
            yield Check(name, *look())
        except LycurgusError as error:
            yield Check(name, "failed", str(error))
        except Exception as error:
            yield Check(name, "failed", f"{type(error).__name__}: {error}")


def _plugins() -> tuple[Status, str]:
    tables: dict[str, Registry[Any]] = {
        "readers": READERS,
        "detectors": DETECTORS,
        "separators": SEPARATORS,
        "image formats": IMAGE_EXPORTERS,
        "report formats": REPORT_EXPORTERS,
    }
    for table in tables.values():
        for name in table:
            assert table[name].name == name, f"the {table.kind} '{name}' calls itself '{table[name].name}'"
    return "ok", ", ".join(f"{len(table)} {kind}" for kind, table in tables.items())


def _onnx_runtime() -> tuple[Status, str]:
    return "ok", "offers " + ", ".join(NAMES.get(name, name.removesuffix("ExecutionProvider").lower()) for name in available_providers())


def _device() -> tuple[Status, str]:
    """Where networks run when nobody chooses: what is offered says nothing about that."""
    if not has_default():
        return "missing", "no network is bundled, so that there is nothing to run"
    network = open_network(find_model())
    said = f"networks run on {network.provider}"
    if network.on_gpu or CUDA not in available_providers():
        return "ok", said
    if nvidia_gpus() == 0:
        return "ok", f"{said}: no NVIDIA GPU with a working driver is found"
    return "missing", f"{said}, although there is a GPU: {' '.join(network.warnings) or 'the log says more'}"


def _networks() -> tuple[Status, str]:
    """Each network that came with the installation or was added must still compute what it computed when it was exported."""
    found = []
    for model in installed():
        if isinstance(model, UnusableModel):
            return "failed", model.problem
        if isinstance(model, ShadowedModel):
            # An update is in its place.
            continue
        check = check_golden(model)
        name = f"{model.manifest.name} {model.manifest.version}"
        if not check.passed:
            return "failed", f"{name} no longer gives its golden sample {check.in_words()}"
        found.append(f"{name} (sha256 {model.manifest.model.sha256[:12]}) {check.in_words()}")
    if not found:
        return "missing", f"none is installed: particles are found by the detector '{default_detector()}'"
    return "ok", "; ".join(found)


def _window() -> tuple[Status, str]:
    """Let the window's own program look, for what draws belongs to it alone."""
    absent = [name for name in ("PySide6", "pyqtgraph", "superqt") if importlib.util.find_spec(name) is None]
    if absent:
        return "missing", f"{', '.join(absent)} not installed: there will be no window"
    asked = subprocess.run([*_window_program(), "--check"], capture_output=True, text=True, timeout=WINDOW_TIMEOUT_S)
    said = (asked.stdout if asked.returncode == 0 else asked.stderr).strip().splitlines()
    return "ok" if asked.returncode == 0 else "failed", said[-1] if said else f"it ended with status {asked.returncode} and no word"


def _window_program() -> list[str]:
    """What starts the window: the program beside this one where the application is frozen."""
    if not getattr(sys, "frozen", False):
        return [sys.executable, "-m", "lycurgus"]
    return [str(Path(sys.executable).with_name(f"lycurgus-gui{Path(sys.executable).suffix}"))]


def _ocr() -> tuple[Status, str]:
    """Read a scale bar's label that is as clear as it can be."""
    if not is_available():
        return "missing", MISSING
    import pytesseract

    text = "".join(word.text for word in read_words([_label()], single_line=True)[0])
    version = pytesseract.get_tesseract_version()
    if text != LABEL.replace(" ", ""):
        return "failed", f"Tesseract {version} reads '{text}' where '{LABEL}' is written"
    return "ok", f"Tesseract {version} reads '{LABEL}'"


def _label() -> NDArray[np.uint8]:
    """Dark letters on light ground."""
    picture = Image.new("L", (260, 80), 255)
    ImageDraw.Draw(picture).text((30, 18), LABEL, 0, ImageFont.truetype(str(resource("fonts/DejaVuSans.ttf")), 44))
    return np.asarray(picture)


def _licences() -> tuple[Status, str]:
    """What is shipped must be shipped with its licences."""
    listed = components()
    bare = [one.name for one in listed if not one.text]
    return ("failed", f"no licence text: {', '.join(bare)}") if bare else ("ok", f"of {len(listed)} components")


def _guide() -> tuple[Status, str]:
    """Help in the window has its pages, and these their pictures."""
    pages = chapters()
    missing = [str(target) for page in pages for target in pictures_of(page) if not target.is_file()]
    return ("failed", f"not found: {', '.join(missing)}") if missing else ("ok", f"{len(pages)} chapters")


def _samples() -> tuple[Status, str]:
    found = []
    for path in sample_micrographs():
        micrograph = read(path)
        result = analyze(micrograph)
        truth = instances_from_labels(read_labels(sample_truth(path)))
        f1 = score_image([particle.instance for particle in result.particles], truth, micrograph.shape).f1(0.5)
        if f1 < SAMPLE_F1_FLOOR:
            return "failed", f"{path.name}: F1 {f1:.2f} at IoU 0.5, expected at least {SAMPLE_F1_FLOOR}"
        found.append(f"{path.name} F1 {f1:.2f}")
    return "ok", ", ".join(found)


_CHECKS: dict[str, Callable[[], tuple[Status, str]]] = {
    "plug-ins": _plugins,
    "readers": lambda: ("ok", check_readers()),
    "exporters": lambda: ("ok", check_exporters()),
    "ONNX Runtime": _onnx_runtime,
    "device": _device,
    "networks": _networks,
    "window": _window,
    "text recognition": _ocr,
    "licences": _licences,
    "user guide": _guide,
    "sample micrographs": _samples,
}
