"""What Lycurgus is built on, and under which licences: asked of the installed packages, so that it is never out of date."""

from __future__ import annotations

import platform
import re
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePath

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from lycurgus.core.errors import LycurgusError
from lycurgus.resources import resource

ROOT = "lycurgus"

_LICENCE_FILE = re.compile(r"licen[cs]e|copying|notice", re.IGNORECASE)
_NO_TEXT = {".py", ".pyc", ".pyi", ".so", ".pyd", ".html"}

_BUNDLED = {
    "pyside6-essentials": ("LGPL-3.0.txt", "GPL-3.0.txt"),
    "shiboken6": ("LGPL-3.0.txt", "GPL-3.0.txt"),
    "flatbuffers": ("Apache-2.0.txt",),
    "pycocotools": ("pycocotools.txt",),
}
"""Texts in ``resources/licences`` for packages that bring none."""

_STATED = {
    # Why MIT holds is written down in docs/decisions/ncempy.md.
    "ncempy": "MIT (the io modules, the only part that is used)",
    "pyside6-essentials": "LGPL-3.0-only",
    "shiboken6": "LGPL-3.0-only",
}
"""Where a package offers several licences, or one for each part: the one under which it is used here."""

_REMARKS = {
    "ncempy": "Lycurgus loads ncempy.io alone, which its authors put under the MIT licence. What follows is the licence of the rest."
}

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


@dataclass(frozen=True, slots=True)
class Component:
    """Something that is shipped with Lycurgus or that it needs.

    Attributes
    ----------
    licence : SPDX identifier or expression where one is known, else what the package says.
    homepage : address, or "".
    text : all its licence texts and notices, each headed by its file name where there are several; never empty.
    """

    name: str
    version: str
    licence: str
    homepage: str
    text: str


def components() -> tuple[Component, ...]:
    """List Python, every package that Lycurgus needs, and the fonts, by name.

    Packages that need not be installed on this system are left out.

    Raises
    ------
    LycurgusError
        The installation does not know its own packages.
    """
    found = [_python(), _font(), *map(_component, _required())]
    return tuple(sorted(found, key=lambda component: component.name.casefold()))


def notices() -> str:
    """Return everything as one text, to be shipped beside an application."""
    parts = [f"{one.name} {one.version}\n{one.licence}\n{one.homepage}\n\n{one.text}" for one in components()]
    return f"\n\n{'=' * 100}\n\n".join(parts)


def _required() -> Iterator[Distribution]:
    """Walk through what Lycurgus needs and what that needs, each package once; extras are left out."""
    try:
        waiting = [distribution(ROOT)]
    except PackageNotFoundError as error:
        raise LycurgusError("the list of components is missing", hint="the installation is incomplete; install Lycurgus again") from error
    known = {ROOT}
    while waiting:
        for text in waiting.pop().requires or ():
            requirement = Requirement(text)
            name = canonicalize_name(requirement.name)
            if name in known or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
                continue
            known.add(name)
            try:
                package = distribution(name)
            except PackageNotFoundError:
                continue
            waiting.append(package)
            yield package


def _component(package: Distribution) -> Component:
    name = package.metadata["Name"]
    homepage = _homepage(package)
    text = _text(package) or f"No licence text comes with {name}: {homepage}"
    if remark := _REMARKS.get(canonicalize_name(name)):
        text = f"{remark}\n\n{text}"
    return Component(name, package.version, _licence(package), homepage, text)


def _licence(package: Distribution) -> str:
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


def _homepage(package: Distribution) -> str:
    links = [entry.partition(",") for entry in package.metadata.get_all("Project-URL") or ()]
    named: dict[str, str] = {label.strip().casefold(): address.strip() for label, _, address in links}
    for label in ("homepage", "home", "source", "source code", "repository"):
        if label in named:
            return named[label]
    return _field(package, "Home-page") or next(iter(named.values()), "")


def _field(package: Distribution, name: str) -> str:
    values: list[str] = package.metadata.get_all(name) or []
    return values[0].strip() if values else ""


def _text(package: Distribution) -> str:
    bundled = _BUNDLED.get(canonicalize_name(package.metadata["Name"]), ())
    files = [Path(str(package.locate_file(file))) for file in package.files or () if _is_licence(file)]
    return _joined([*files, *(resource(f"licences/{name}") for name in bundled)])


def _is_licence(file: PurePath) -> bool:
    return _LICENCE_FILE.search(file.name) is not None and file.suffix.casefold() not in _NO_TEXT


def _joined(files: list[Path]) -> str:
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


def _python() -> Component:
    text = _joined([Path(sysconfig.get_path("stdlib")) / "LICENSE.txt"])
    homepage = "https://docs.python.org/3/license.html"
    return Component("Python", platform.python_version(), "PSF-2.0", homepage, text or f"The licence is at {homepage}")


def _font() -> Component:
    text = _joined([resource("fonts/LICENSE_DEJAVU.txt")])
    return Component("DejaVu Sans", "2.35", "Bitstream-Vera", "https://dejavu-fonts.github.io", text)
