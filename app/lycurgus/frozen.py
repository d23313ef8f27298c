"""What the frozen application puts right before anything else: its own Tesseract is found, and its libraries stay its own."""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping
from pathlib import Path

TESSERACT = "tesseract"
"""Folder of Tesseract inside the application, with its English data in ``tessdata``."""

_LIBRARIES = "LD_LIBRARY_PATH"


def prepare(environment: MutableMapping[str, str] = os.environ) -> None:
    """Set the environment that this program and those it starts shall see; does nothing where Python runs from its sources.

    Programs of the system, a file manager for instance, must not load the application's libraries in place of their own: the
    variable by which the start-up code named them is given its former value. This program has what it needs of it by now.
    """
    folder = getattr(sys, "_MEIPASS", None)
    if folder is None:
        return
    before = environment.pop(f"{_LIBRARIES}_ORIG", None)
    environment.pop(_LIBRARIES, None)
    if before:
        environment[_LIBRARIES] = before
    tesseract = Path(folder) / TESSERACT
    if tesseract.is_dir():
        environment["PATH"] = os.pathsep.join(filter(None, (str(tesseract), environment.get("PATH", ""))))
        environment["TESSDATA_PREFIX"] = str(tesseract / "tessdata")
