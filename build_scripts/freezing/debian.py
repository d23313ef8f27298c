"""What a .deb says of itself: the packages that it depends on are asked of the libraries that the application loads."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

MAINTAINER = "The Lycurgus maintainers <lycurgus@users.noreply.invalid>"
ALWAYS = ("libgl1", "libegl1", "fonts-dejavu-core", "hicolor-icon-theme")
"""What no library names: drivers that Qt opens by itself, letters to write with, the folder of icons."""
RECOMMENDED = ("shared-mime-info", "desktop-file-utils", "xdg-utils")
"""They tell file managers which files Lycurgus opens; a computer with a desktop has them."""

ONLY_WITH_A_GPU = ("libcuda.so", "libnvinfer.so", "libnvonnxparser.so")
"""Libraries of NVIDIA's driver and of TensorRT: opened when a GPU is there, and nothing to insist on where there is none."""

COMPILERS = {21: "5", 22: "6", 24: "7", 25: "8", 28: "9", 29: "11", 30: "12", 31: "13", 32: "13", 33: "14", 34: "15"}
"""Last number of GLIBCXX_3.4.N -> first release of GCC, and of the package libstdc++6, that has it."""

_GLIBC = re.compile(rb"GLIBC_2\.(\d+)\b")
_GLIBCXX = re.compile(rb"GLIBCXX_3\.4\.(\d+)\b")
_CACHE_LINE = re.compile(r"^\s*(?P<name>\S+) \(.*x86-64.*\) => (?P<path>\S+)$|^\s*(?P<other>\S+) \(.*AArch64.*\) => (?P<other_path>\S+)$")
_OWN_WORDS = ("libc6", "libstdc++6", "libgcc-s1")


class UnknownLibraryError(Exception):
    """The application loads a library that no installed package brings."""


def control(*, package: str, version: str, architecture: str, installed_kib: int, depends: Iterable[str], other: str) -> str:
    """Write the file ``control``.

    Parameters
    ----------
    other : name of the package of the other flavour, which this one takes the place of.
    """
    return f"""\
Package: {package}
Version: {version}
Architecture: {architecture}
Maintainer: {MAINTAINER}
Installed-Size: {installed_kib}
Depends: {", ".join(depends)}
Recommends: {", ".join(RECOMMENDED)}
Conflicts: {other}
Replaces: {other}
Section: science
Priority: optional
Description: finds, separates and measures nanoparticles in electron micrographs
 Lycurgus reads micrographs of TEM, STEM and SEM with their pixel sizes, finds
 every particle, parts those that touch or overlap, measures them and reports
 the population: in a window, from the command line, while images are recorded
 or for folders of thousands. It needs no network.
"""


def dependencies(folder: Path) -> list[str]:
    """List the packages that the libraries and programs in a folder need, as a .deb states them.

    Raises
    ------
    UnknownLibraryError
    """
    files = [file for file in sorted(folder.rglob("*")) if file.is_file() and not file.is_symlink() and is_elf(file)]
    present = {file.name for file in folder.rglob("*")}
    missing = {name for file in files for name in needed_by(file) if not name.startswith(ONLY_WITH_A_GPU)} - present
    packages = {*_packages_of(missing), *ALWAYS} - set(_OWN_WORDS)
    return [*oldest_system(files), *map(either_name, sorted(packages))]


def oldest_system(files: Iterable[Path]) -> list[str]:
    """State the C and C++ libraries that files were linked against: with older ones they do not start."""
    glibc = glibcxx = 0
    for file in files:
        content = file.read_bytes()
        glibc = max([glibc, *map(int, _GLIBC.findall(content))])
        glibcxx = max([glibcxx, *map(int, _GLIBCXX.findall(content))])
    release = next((COMPILERS[number] for number in sorted(COMPILERS) if number >= glibcxx), max(COMPILERS.values(), key=int))
    return [f"libc6 (>= 2.{glibc})", f"libstdc++6 (>= {release})", "libgcc-s1"]


def either_name(package: str) -> str:
    """Name a package as older and newer releases do: some were renamed when the time became 64 bits wide."""
    base = package.removesuffix("t64")
    return f"{base} | {base}t64" if base in RENAMED else base


RENAMED = {"libglib2.0-0", "libasound2", "libssl3", "libpng16-16", "libcups2", "libatk1.0-0"}


def is_elf(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(4) == b"\x7fELF"


def needed_by(file: Path) -> list[str]:
    """Ask a library or a program which libraries it loads."""
    return subprocess.run(["patchelf", "--print-needed", str(file)], capture_output=True, text=True, check=True).stdout.split()


def _packages_of(libraries: Iterable[str]) -> Iterator[str]:
    """Find the packages that bring libraries here."""
    places = dict(_known_libraries())
    for name in sorted(libraries):
        if name.startswith("ld-linux"):
            continue
        if name not in places:
            raise UnknownLibraryError(f"{name} is needed and not installed here: install what brings it, so that the .deb can name it")
        yield _owner(places[name])


def _known_libraries() -> Iterator[tuple[str, Path]]:
    listing = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    for line in listing.splitlines():
        if match := _CACHE_LINE.match(line):
            yield match["name"] or match["other"], Path(match["path"] or match["other_path"])


def _owner(library: Path) -> str:
    """Ask dpkg; files are listed where they were before /lib became a link to /usr/lib."""
    for place in (library, library.resolve(), Path(str(library.resolve()).removeprefix("/usr"))):
        asked = subprocess.run(["dpkg-query", "--search", str(place)], capture_output=True, text=True, check=False)
        if asked.returncode == 0:
            return asked.stdout.split(":")[0]
    raise UnknownLibraryError(f"no package brings {library}")
