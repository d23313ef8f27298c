"""What runs here, as a report of a problem should say it: versions, system, providers, folders."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

from lycurgus import __version__
from lycurgus.inference.providers import available_providers

PACKAGES = (
    ("Qt for Python", ("PySide6-Essentials", "PySide6")),
    ("pyqtgraph", ("pyqtgraph",)),
    ("NumPy", ("numpy",)),
    ("SciPy", ("scipy",)),
    ("OpenCV", ("opencv-python-headless", "opencv-python")),
    ("scikit-image", ("scikit-image",)),
    ("ONNX Runtime", ("onnxruntime-gpu", "onnxruntime-directml", "onnxruntime")),
)
"""What is shown, and the packages that may provide it, the first that is installed counts."""


def system_facts() -> dict[str, str]:
    """Return name -> value, in the order in which they are shown."""
    return {
        "Lycurgus": __version__,
        "Python": platform.python_version(),
        **{name: _version(packages) for name, packages in PACKAGES},
        "Providers offered": ", ".join(name.removesuffix("ExecutionProvider") for name in available_providers()),
        "System": platform.platform(),
        "Processor": f"{platform.machine()}, {os.cpu_count()} threads",
    }


def facts_text(facts: Iterable[tuple[str, str]]) -> str:
    """Write facts a line each, for the clipboard."""
    return "\n".join(f"{name}: {value}" for name, value in facts)


def _version(packages: Iterable[str]) -> str:
    for package in packages:
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    return "not installed"
