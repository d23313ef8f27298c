"""What Lycurgus is built on, and under which licences: asked of what is installed, or read where a frozen application has the list."""

from __future__ import annotations

import json
import platform
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from lycurgus import __version__
from lycurgus.core.errors import LycurgusError
from lycurgus.inference.manifest import MANIFEST_FILE, read_manifest
from lycurgus.resources import bundled_models, resource
from lycurgus.services.licence_texts import homepage, joined, licence_name, licence_text

ROOT = "lycurgus"
BUILT_IN = "licences/components.json"
"""Resource of a frozen application, written by ``build_scripts/collect_licences.py``; no other installation has it."""


@dataclass(frozen=True, slots=True)
class Component:
    """Something that is shipped with Lycurgus or that it needs.

    Attributes
    ----------
    licence : SPDX identifier or expression where one is known, else what the package says.
    homepage : address, or "".
    text : all its licence texts and notices, each headed by its file name where there are several; "" where none was found.
    """

    name: str
    version: str
    licence: str
    homepage: str
    text: str


def components() -> tuple[Component, ...]:
    """List Lycurgus, Python, every package that Lycurgus needs, the font, and what the networks have learnt from, by name.

    Packages that need not be installed on this system are left out.

    Raises
    ------
    LycurgusError
        The installation does not know its own packages.
    """
    try:
        listed = resource(BUILT_IN)
    except LycurgusError:
        return collected(required_distributions())
    return read_components(listed)


def collected(packages: Iterable[Distribution]) -> tuple[Component, ...]:
    """List these packages, and what is no package: Lycurgus itself, Python, the font, and what the networks have learnt from."""
    found = [_lycurgus(), python(), font(), *_networks(), *map(component, packages)]
    return by_name(found)


def required_distributions() -> Iterator[Distribution]:
    """Walk through what Lycurgus needs and what that needs, each package once; extras are left out."""
    waiting = [_own()]
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


def component(package: Distribution) -> Component:
    """Return what an installed package says of itself."""
    return Component(package.metadata["Name"], package.version, licence_name(package), homepage(package), licence_text(package))


def by_name(listed: Iterable[Component]) -> tuple[Component, ...]:
    """Sort components as a reader looks for them."""
    return tuple(sorted(listed, key=lambda one: one.name.casefold()))


def notices(listed: Iterable[Component]) -> str:
    """Return everything as one text, to be read without the application."""
    parts = [f"{one.name} {one.version}\n{one.licence}\n{one.homepage}\n\n{one.text}" for one in listed]
    return f"\n\n{'=' * 100}\n\n".join(parts) + "\n"


def write_components(listed: Iterable[Component], target: Path) -> None:
    """Write the list for a frozen application."""
    target.write_text(json.dumps([asdict(one) for one in listed], ensure_ascii=False, indent=1), encoding="utf-8")


def read_components(source: Path) -> tuple[Component, ...]:
    """Read what ``write_components`` has written.

    Raises
    ------
    LycurgusError
        The file is damaged.
    """
    try:
        return tuple(Component(**entry) for entry in json.loads(source.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise LycurgusError(f"the list of components cannot be read: {error}", hint="install Lycurgus again") from error


def _own() -> Distribution:
    try:
        return distribution(ROOT)
    except PackageNotFoundError as error:
        raise LycurgusError("the list of components is missing", hint="the installation is incomplete; install Lycurgus again") from error


def _lycurgus() -> Component:
    own = _own()
    # Not those of fonts and packages, which are among its files too.
    files = [
        Path(str(own.locate_file(file))) for file in own.files or () if file.name == "LICENSE" and file.parts[0].endswith(".dist-info")
    ]
    return Component("Lycurgus", __version__, "MIT", "", joined(files))


def python() -> Component:
    text = joined([Path(sysconfig.get_path("stdlib")) / "LICENSE.txt"])
    page = "https://docs.python.org/3/license.html"
    return Component("Python", platform.python_version(), "PSF-2.0", page, text or f"The licence is at {page}")


def font() -> Component:
    text = joined([resource("fonts/LICENSE_DEJAVU.txt")])
    return Component("DejaVu Sans", "2.35", "Bitstream-Vera", "https://dejavu-fonts.github.io", text)


def _networks() -> Iterator[Component]:
    """The networks that come with Lycurgus: the licences of their data want those named whose images they have learnt from."""
    place = bundled_models()
    for manifest in map(read_manifest, sorted(path.parent for path in place.glob(f"*/{MANIFEST_FILE}")) if place else ()):
        sources = [
            f"{one.name}\n  {one.images} images\n  licence: {one.licence}\n  by: {one.attribution or 'not stated'}"
            for one in manifest.training_data
        ]
        text = f"{manifest.title}. Licence of the network: {manifest.licence}.\n\nIt has learnt from:\n\n" + "\n\n".join(sources)
        yield Component(f"Network '{manifest.name}'", manifest.version, manifest.licence, "", text)
