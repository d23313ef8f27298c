"""The licence of one installed package: what it is called, and its text. Asked of the package, so that it is never out of date."""

from __future__ import annotations

import re
from importlib.metadata import Distribution
from pathlib import Path, PurePath

from packaging.utils import canonicalize_name

from lycurgus.resources import resource

_LICENCE_FILE = re.compile(r"licen[cs]e|copying|notice", re.IGNORECASE)
_NO_TEXT = {".py", ".pyc", ".pyi", ".so", ".pyd", ".html"}

_QT = ("Qt-notice.txt", "LGPL-3.0.txt", "GPL-3.0.txt")
_BUNDLED = {
    "pyside6-essentials": _QT,
    "shiboken6": _QT,
    "flatbuffers": ("Apache-2.0.txt",),
    "pycocotools": ("pycocotools.txt",),
}
"""Texts in ``resources/licences`` for packages that bring none."""

_INSTEAD = {"ncempy": ("ncempy-io.txt",)}
"""Texts that hold in place of those that a package brings, which are those of parts that are not used."""

_STATED = {
    # Why MIT holds is written down in docs/decisions/ncempy.md.
    "ncempy": "MIT (the io modules, the only part that is used)",
    "pyside6-essentials": "LGPL-3.0-only",
    "shiboken6": "LGPL-3.0-only",
}
"""Where a package offers several licences, or one for each part: the one under which it is used here."""

_SPDX = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD 3-Clause License": "BSD-3-Clause",
    "BSD License": "BSD",
    "FreeBSD": "BSD-2-Clause",
    "MIT License": "MIT",
    "PSFL": "PSF-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""Names that packages use -> SPDX identifiers."""


def licence_name(package: Distribution) -> str:
    """Return the SPDX identifier or expression where one is known, else what the package says."""
    if stated := _STATED.get(canonicalize_name(package.metadata["Name"])):
        return stated
    if expression := _field(package, "License-Expression"):
        return expression
    words = _field(package, "License")
    if words and len(words) < 80 and "\n" not in words:
        return _SPDX.get(words, words)
    # Some put the whole text into that field, some nothing: then the classifier says it in three words.
    classified = [line.rpartition(" :: ")[2] for line in package.metadata.get_all("Classifier") or () if line.startswith("License :: ")]
    return ", ".join(_SPDX.get(name, name) for name in classified) or "see the text"


def licence_text(package: Distribution) -> str:
    """Return all licence texts and notices of a package, each headed by its file name where there are several; "" where it has none."""
    name = canonicalize_name(package.metadata["Name"])
    if name in _INSTEAD:
        return joined([resource(f"licences/{file}") for file in _INSTEAD[name]])
    files = [Path(str(package.locate_file(file))) for file in package.files or () if _is_licence(file)]
    return joined([*(resource(f"licences/{file}") for file in _BUNDLED.get(name, ())), *files])


def homepage(package: Distribution) -> str:
    """Return the address of a package's own page, or ""."""
    links = [entry.partition(",") for entry in package.metadata.get_all("Project-URL") or ()]
    named: dict[str, str] = {label.strip().casefold(): address.strip() for label, _, address in links}
    for label in ("homepage", "home", "source", "source code", "repository"):
        if label in named:
            return named[label]
    return _field(package, "Home-page") or next(iter(named.values()), "")


def joined(files: list[Path]) -> str:
    """Read licence files; the same text in two places is given once."""
    texts: dict[str, str] = {}
    for file in files:
        try:
            text = file.read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            continue
        if text:
            texts.setdefault(text, file.name)
    if len(texts) < 2:
        return "".join(texts)
    return "\n\n\n".join(f"{name}\n{'-' * len(name)}\n\n{text}" for text, name in texts.items())


def _field(package: Distribution, name: str) -> str:
    values: list[str] = package.metadata.get_all(name) or []
    return values[0].strip() if values else ""


def _is_licence(file: PurePath) -> bool:
    return _LICENCE_FILE.search(file.name) is not None and file.suffix.casefold() not in _NO_TEXT
