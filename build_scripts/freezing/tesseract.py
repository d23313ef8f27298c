"""A Tesseract that can be carried away: the program, every library that it needs beyond the system's, and its English data."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

LANGUAGE = "eng"

GLIBC = re.compile(r"(ld-linux.*|libc|libm|libdl|librt|libpthread|libresolv|libutil|libstdc\+\+|libgcc_s)\.so")
"""Libraries that must be those of the system that the program runs on."""

_LDD_LINE = re.compile(r"^\s*(?P<name>\S+) => (?P<path>/\S+) \(")
_OTOOL_LINE = re.compile(r"^\s+(?P<path>/\S+) \(")
_SYSTEM_FOLDERS_OF_MACOS = ("/usr/lib/", "/System/")


class NoTesseractError(Exception):
    """Tesseract or its data is not installed where the application is built."""


def collect(target: Path) -> Path:
    """Fill a folder with the Tesseract of this machine and return it.

    Raises
    ------
    NoTesseractError
    """
    found = shutil.which("tesseract")
    if found is None:
        raise NoTesseractError("Tesseract is not installed: it is to be a part of the application (Debian: apt-get install tesseract-ocr)")
    program = Path(found).resolve()
    shutil.rmtree(target, ignore_errors=True)
    (target / "tessdata").mkdir(parents=True)
    shutil.copy2(_data(program), target / "tessdata")
    if sys.platform == "win32":
        for file in (program, *program.parent.glob("*.dll")):
            shutil.copy2(file, target)
    elif sys.platform == "darwin":
        _carry_macos(program, target)
    else:
        _carry_linux(program, target)
    return target


def libraries_of_linux(listing: str) -> dict[str, Path]:
    """Read what ``ldd`` says: name of a library -> its file, those left out that every system has its own of."""
    found = (match.group("name", "path") for line in listing.splitlines() if (match := _LDD_LINE.match(line)))
    return {name: Path(path) for name, path in found if not GLIBC.match(name)}


def libraries_of_macos(listing: str) -> list[Path]:
    """Read what ``otool -L`` says: the libraries that are no part of macOS."""
    found = (match["path"] for line in listing.splitlines() if (match := _OTOOL_LINE.match(line)))
    return [Path(path) for path in found if not path.startswith(_SYSTEM_FOLDERS_OF_MACOS)]


def _carry_linux(program: Path, target: Path) -> None:
    libraries = libraries_of_linux(_output("ldd", str(program)))
    for name, file in {"tesseract": program, **libraries}.items():
        shutil.copy2(file, target / name)
        (target / name).chmod(0o755)
        # RPATH and not RUNPATH: it comes before LD_LIBRARY_PATH, by which the application's own libraries are found.
        subprocess.run(["patchelf", "--force-rpath", "--set-rpath", "$ORIGIN", str(target / name)], check=True)


def _carry_macos(program: Path, target: Path) -> None:
    """Copy libraries beside the program and let each name the others by where they lie from itself."""
    waiting, carried = [program], dict[str, Path]()
    while waiting:
        file = waiting.pop()
        name = "tesseract" if file == program else file.name
        if name in carried:
            continue
        carried[name] = target / name
        shutil.copy2(file.resolve(), carried[name])
        carried[name].chmod(0o755)
        for needed in libraries_of_macos(_output("otool", "-L", str(file))):
            if needed.name != name:
                subprocess.run(["install_name_tool", "-change", str(needed), f"@loader_path/{needed.name}", str(carried[name])], check=True)
                waiting.append(needed)
    for file in carried.values():
        # Changing it has broken its signature, without which nothing runs on Apple's processors.
        subprocess.run(["codesign", "--force", "--sign", "-", str(file)], check=True)


def _data(program: Path) -> Path:
    """Find the English data as Tesseract itself does."""
    listing = _output(str(program), "--list-langs")
    stated = re.search(r'"(.+?)"', listing)
    places = [Path(os.environ.get("TESSDATA_PREFIX", "")), Path(stated[1]) if stated else Path(), program.parent / "tessdata"]
    for place in places:
        if (place / f"{LANGUAGE}.traineddata").is_file():
            return place / f"{LANGUAGE}.traineddata"
    raise NoTesseractError("Tesseract's English data is not installed (Debian: apt-get install tesseract-ocr-eng)")


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    try:
        collect(Path(sys.argv[1]))
    except NoTesseractError as problem:
        sys.exit(str(problem))
