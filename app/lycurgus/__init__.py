"""Lycurgus finds, separates and measures nanoparticles in electron micrographs.

The Python door::

    from lycurgus import read, analyze, summarize
    result = analyze(read("sample.dm3"))
    print(summarize([result]).main.mean)
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lycurgus.pipeline import analyze as analyze
    from lycurgus.pipeline import summarize as summarize
    from lycurgus.readers.door import read as read

# Before anything imports ONNX Runtime, which would otherwise report to its makers: docs/decisions/no-telemetry.md.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

__version__ = "0.1.0"
__all__ = ["__version__", "analyze", "read", "summarize"]

_DOORS = {"read": "lycurgus.readers.door", "analyze": "lycurgus.pipeline", "summarize": "lycurgus.pipeline"}


def __getattr__(name: str) -> object:
    # Imported on first use: `import lycurgus` alone must stay fast, the command line's --help depends on it.
    if name in _DOORS:
        return getattr(import_module(_DOORS[name]), name)
    raise AttributeError(f"module 'lycurgus' has no attribute '{name}'")
