"""Which libraries go with the application on Linux: what something in it needs and what is not the system's own affair."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePath

OF_THE_SYSTEM = (
    *("libstdc++.so", "libgcc_s.so", "libGL", "libEGL", "libOpenGL", "libgbm.so", "libdrm", "libX11", "libwayland-"),
    *("libfontconfig.so", "libfreetype.so", "libexpat.so", "libdbus-1.so", "libsystemd.so"),
    *("libglib-2.0.so", "libgthread-2.0.so", "libgobject-2.0.so", "libgio-2.0.so", "libgmodule-2.0.so"),
)
"""Beginnings of names. These speak to drivers, settings and services of the system, and two copies of them in one program do not get on.
A .deb depends on the packages that bring them."""

_FOLDERS_OF_THE_SYSTEM = ("/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/")

Needs = Callable[[str], Iterable[str]]


def left_out(collected: Mapping[str, str], *, needs: Needs | None = None) -> set[str]:
    """Choose the libraries that stay behind, by their file names.

    Parameters
    ----------
    collected : place in the application -> file that is collected.
    needs : file -> names of the libraries that it loads; asked of the file itself where None.

    Returns
    -------
    Those that belong to the system, those that only they needed, and parts of Qt that nothing in the application needs.
    """
    ask = needs or needed_by
    optional = {PurePath(place).name: file for place, file in collected.items() if _is_optional(place, file)}
    wanted: set[str] = set()
    waiting = [file for place, file in collected.items() if not _is_optional(place, file)]
    while waiting:
        for name in ask(waiting.pop()):
            if name in optional and name not in wanted and not name.startswith(OF_THE_SYSTEM):
                wanted.add(name)
                waiting.append(optional[name])
    return optional.keys() - wanted


def _is_optional(place: str, file: str) -> bool:
    """Tell whether a library is only worth carrying if something needs it: one of the system, or one of Qt's."""
    return ("/" not in place and file.startswith(_FOLDERS_OF_THE_SYSTEM)) or place.startswith("PySide6/Qt/lib/")


def needed_by(file: str) -> list[str]:
    """Ask a library or program which others it loads; what is neither needs none."""
    if ".so" not in PurePath(file).name:
        return []
    return subprocess.run(["patchelf", "--print-needed", file], capture_output=True, text=True, check=True).stdout.split()
