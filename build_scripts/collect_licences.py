"""Collect the licences of everything that is shipped, and fail where something is shipped without one.

python build_scripts/collect_licences.py --text THIRD-PARTY-LICENCES.txt
python build_scripts/collect_licences.py --application dist/lycurgus

The first writes what an installation with Python needs. The second looks into a frozen application, adds what lies in there besides
(the program that starts it, Tesseract, libraries of the system, of NVIDIA), and puts the list into it: for *Help > About Lycurgus >
Licences*, and as THIRD-PARTY-LICENCES.txt beside the program.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path

from packaging.utils import canonicalize_name

from lycurgus.resources import resource
from lycurgus.services.licence_texts import joined
from lycurgus.services.licences import (
    BUILT_IN,
    ROOT,
    Component,
    by_name,
    collected,
    component,
    notices,
    read_components,
    required_distributions,
    write_components,
)

TEXT_FILE = "THIRD-PARTY-LICENCES.txt"
DEBIAN_DOCS = Path("/usr/share/doc")
_FIELDS = "${Version}\\n${source:Package}\\n${source:Version}\\n"

NO_TEXT: dict[str, str] = {}
"""Name of a component -> why it may be shipped without a licence text. Nothing needs that at present."""

CODE = {".py", ".so", ".pyd", ".dll"}
ONLY_IN_PART = {"ncempy"}
"""Packages of which single files are shipped, as data: they have no folder of their own among the libraries."""


class MissingLicenceError(Exception):
    """Something is shipped whose licence nobody knows."""


def of_installation() -> tuple[Component, ...]:
    """List what an installation with Python consists of.

    Raises
    ------
    MissingLicenceError
    """
    return _complete(collected(required_distributions()))


def of_application(folder: Path) -> tuple[Component, ...]:
    """List what a frozen application consists of.

    Parameters
    ----------
    folder : that PyInstaller has made, with the programs in it.

    Raises
    ------
    MissingLicenceError
    """
    inside = _inside(folder)
    frozen = {path.relative_to(inside).parts[0].split(".")[0] for path in inside.iterdir()} | _modules_of(folder)
    # Not only what Lycurgus requires: what is found in there is shipped, for whatever reason, and must be named.
    packages = [package for package in distributions() if package.metadata["Name"] != ROOT and _is_in(package, frozen, inside)]
    extra = [_bootloader(), *_tesseract(inside), *_system_libraries(inside)]
    return _complete((*collected(packages), *extra))


def add_to(folder: Path) -> tuple[Component, ...]:
    """Put the list into a frozen application, for its about box and beside its program, and return it.

    Raises
    ------
    MissingLicenceError
    """
    listed = of_application(folder)
    target = _inside(folder) / "lycurgus" / "_resources" / BUILT_IN
    target.parent.mkdir(parents=True, exist_ok=True)
    write_components(listed, target)
    if read_components(target) != listed:
        raise MissingLicenceError(f"{target} does not hold what was written")
    (folder / TEXT_FILE).write_text(notices(listed), encoding="utf-8")
    return listed


def _complete(listed: Iterable[Component]) -> tuple[Component, ...]:
    ordered = by_name(listed)
    missing = [one.name for one in ordered if not one.text and one.name not in NO_TEXT]
    if missing:
        raise MissingLicenceError(
            f"no licence text comes with {', '.join(missing)}: put it into resources/licences and name it in services/licence_texts.py, "
            "or state in NO_TEXT of this script why none is needed"
        )
    return tuple(replace(one, text=one.text or NO_TEXT[one.name]) for one in ordered)


def _inside(folder: Path) -> Path:
    """Return where PyInstaller puts everything but the programs."""
    for place in (folder / "_internal", folder / "Contents" / "Frameworks"):
        if place.is_dir():
            return place
    raise MissingLicenceError(f"{folder} is no frozen application: it has no folder _internal")


def _modules_of(folder: Path) -> set[str]:
    """Return the packages that lie inside the programs as bytecode, where no folder shows them."""
    found: set[str] = set()
    for program in (folder / name for name in ("lycurgus", "lycurgus.exe", "Contents/MacOS/lycurgus")):
        if program.is_file():
            from PyInstaller.archive.readers import CArchiveReader

            archive = CArchiveReader(str(program))
            found |= {
                module.split(".")[0] for name in archive.toc if name.endswith(".pyz") for module in archive.open_embedded_archive(name).toc
            }
    return found


def _is_in(package: Distribution, frozen: set[str], inside: Path) -> bool:
    """Tell whether any module, folder or library of a package is in the application."""
    name = canonicalize_name(package.metadata["Name"])
    if name in ONLY_IN_PART:
        return True
    if name.startswith("nvidia-"):
        return any((inside / file).is_file() for file in package.files or ())
    tops = {file.parts[0].split(".")[0] for file in package.files or () if file.suffix in CODE and not file.parts[0].startswith("..")}
    return bool(tops & frozen)


def _bootloader() -> Component:
    """The program that unpacks and starts Python; its licence allows that whatever the licence of the application."""
    try:
        found = component(distribution("pyinstaller"))
    except PackageNotFoundError as error:
        raise MissingLicenceError("PyInstaller is not installed here, so the licence of its bootloader is not known") from error
    return replace(found, name="PyInstaller bootloader", licence="GPL-2.0-or-later WITH Bootloader-exception")


def _tesseract(inside: Path) -> Iterator[Component]:
    programs = list(inside.glob("tesseract/tesseract*"))
    if not programs:
        return
    said = subprocess.run([str(programs[0]), "--version"], capture_output=True, text=True, check=False)
    words = (said.stdout or said.stderr).split()
    text = joined([resource("licences/Apache-2.0.txt"), *_debian_copyrights(["tesseract-ocr", "tesseract-ocr-eng"])])
    home = "https://github.com/tesseract-ocr/tesseract"
    yield Component("Tesseract with English data", words[1] if len(words) > 1 else "", "Apache-2.0", home, text)


def _system_libraries(inside: Path) -> Iterator[Component]:
    """On Debian: the packages that the libraries of the system come from, with their copyright files."""
    if shutil.which("dpkg-query") is None:
        return
    packages: dict[str, str] = {}
    for library in (*inside.glob("*.so*"), *inside.glob("tesseract/*.so*")):
        if library.name.startswith("libpython"):
            # Python is listed by itself, and need not be Debian's.
            continue
        for line in _dpkg("--search", f"*/{library.name}").splitlines():
            owners, _, _path = line.partition(": ")
            packages.setdefault(owners.split(",")[0].split(":")[0], library.name)
    for package, library in sorted(packages.items()):
        version, source, of_source = _dpkg("--show", f"--showformat={_FIELDS}", package).split("\n")[:3]
        # Some of these licences want to say where the source of just this version is.
        address = f"https://snapshot.debian.org/package/{source}/{of_source}/"
        yield Component(f"{package} ({library})", version, "see the text", address, joined(list(_debian_copyrights([package]))))


def _dpkg(*words: str) -> str:
    """Ask Debian's list of packages; "" for what it does not know."""
    return subprocess.run(["dpkg-query", *words], capture_output=True, text=True, check=False).stdout


def _debian_copyrights(packages: Iterable[str]) -> Iterator[Path]:
    yield from (path for package in packages if (path := DEBIAN_DOCS / package / "copyright").is_file())


def main() -> int:
    parser = argparse.ArgumentParser(description="Collect the licences of everything that is shipped.")
    parser.add_argument("--application", type=Path, metavar="DIR", help="a frozen application, which gets the list")
    parser.add_argument("--text", type=Path, metavar="FILE", help="write the licences of an installation with Python here")
    options = parser.parse_args()
    if not (options.application or options.text):
        parser.error("name an application, a file, or both")
    try:
        if options.application:
            print(f"{len(add_to(options.application))} components in {options.application}")
        if options.text:
            listed = of_installation()
            options.text.write_text(notices(listed), encoding="utf-8")
            print(f"{len(listed)} components in {options.text}")
    except MissingLicenceError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
