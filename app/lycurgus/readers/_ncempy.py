"""Loads single modules of ncempy.io from the installed package without running ``import ncempy``.

Why: docs/decisions/ncempy.md. In short, ncempy's ``__init__`` imports its GPL parts and matplotlib, its io package is
under MIT and needs neither.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType

MODULES = ("dm", "ser")
"""The modules that are used; a frozen application carries these alone."""


@cache
def load(name: str) -> ModuleType:
    """Return a module of ncempy.io, for instance "dm".

    The module is not entered into ``sys.modules``: a program that imports ncempy itself gets the whole package. What
    ncempy prints is swallowed, because standard output belongs to machine-readable results.

    Raises
    ------
    ImportError
        ncempy is not installed.
    """
    # For a name without a dot find_spec looks for the package and runs nothing of it.
    package = importlib.util.find_spec("ncempy")
    folders = list(package.submodule_search_locations or []) if package else []
    full_name = f"ncempy.io.{name}"
    spec = importlib.machinery.PathFinder.find_spec(full_name, [str(Path(folder) / "io") for folder in folders])
    if spec is None or spec.loader is None:
        raise ImportError(f"{full_name} is not installed")
    module = importlib.util.module_from_spec(spec)
    module.__dict__["print"] = _say_nothing
    spec.loader.exec_module(module)
    return module


def _say_nothing(*_: object, **__: object) -> None:
    return None
