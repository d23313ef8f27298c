"""Whether everything an installation needs is there and works."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from lycurgus.core.errors import LycurgusError
from lycurgus.core.metrics import instances_from_labels, score_image
from lycurgus.core.registry import Registry
from lycurgus.core.separate import SEPARATORS
from lycurgus.detectors import DETECTORS
from lycurgus.exporters import IMAGE_EXPORTERS, REPORT_EXPORTERS
from lycurgus.inference.catalog import ShadowedModel, UnusableModel, installed
from lycurgus.inference.golden import check_golden
from lycurgus.inference.providers import available_providers
from lycurgus.parameters import default_detector
from lycurgus.pipeline import analyze
from lycurgus.readers import READERS
from lycurgus.readers.door import read
from lycurgus.readers.truth import read_labels
from lycurgus.resources import sample_micrographs, sample_truth

SAMPLE_F1_FLOOR = 0.6
"""The bundled samples are easy: less than this, and something is broken rather than difficult."""

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
    return "ok", "offers " + ", ".join(available_providers()) + "; which one really runs is known when a network is loaded"


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
    absent = [name for name in ("PySide6", "pyqtgraph", "superqt") if importlib.util.find_spec(name) is None]
    return ("missing", f"{', '.join(absent)} not installed: there will be no window") if absent else ("ok", "PySide6, pyqtgraph, superqt")


def _ocr() -> tuple[Status, str]:
    import pytesseract

    try:
        return "ok", f"Tesseract {pytesseract.get_tesseract_version()}"
    except pytesseract.TesseractNotFoundError:
        return "missing", "Tesseract is not installed: burnt-in scale bars will not be read (Debian: apt-get install tesseract-ocr)"


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
    "ONNX Runtime": _onnx_runtime,
    "networks": _networks,
    "window": _window,
    "text recognition": _ocr,
    "sample micrographs": _samples,
}
