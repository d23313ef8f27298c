"""Build the frozen application and its installers for the system that this runs on.

python build_scripts/build.py [--flavour cpu|cuda] [--out dist] [--quick] [--frozen-only | --installers-only]

Needs Python 3.11 or newer, Tesseract with its English data, and a network or a package cache for the first time: the flavour's environment
is made under ``build``. Linux also needs dpkg-deb and zstd, Windows makensis. Everything is built for the system it is built on: on an
older Linux it runs on more of them.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from freezing import environment
from freezing.environment import ROOT, Environment, Flavour
from freezing.sizes import folder_bytes, in_words


@dataclass(frozen=True, slots=True)
class Places:
    """Where things are made."""

    work: Path
    out: Path

    @property
    def environment(self) -> Path:
        return self.work / "env"

    @property
    def assets(self) -> Path:
        return self.work / "assets"

    @property
    def tesseract(self) -> Path:
        return self.work / "tesseract"

    @property
    def application(self) -> Path:
        """The folder with the programs, on macOS the bundle."""
        return self.work / "dist" / ("Lycurgus.app" if sys.platform == "darwin" else "lycurgus")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flavour", choices=("cpu", "cuda"), default="cpu", help="with or without NVIDIA's libraries (default: cpu)")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", metavar="DIR", help="folder for the installers (default: dist)")
    parser.add_argument("--quick", action="store_true", help="pack the installers less tightly, to try them")
    part = parser.add_mutually_exclusive_group()
    part.add_argument("--frozen-only", action="store_true", help="make no installers")
    part.add_argument("--installers-only", action="store_true", help="of the application that was frozen the last time")
    options = parser.parse_args()
    if options.flavour == "cuda" and sys.platform == "darwin":
        parser.error("there is no CUDA on macOS")
    places = Places(ROOT / "build" / options.flavour, options.out.resolve())
    try:
        if not options.installers_only:
            freeze(options.flavour, places)
        if not options.frozen_only:
            places.out.mkdir(parents=True, exist_ok=True)
            for installer in make_installers(options.flavour, places, quick=options.quick):
                print(f"{installer.name}: {in_words(installer.stat().st_size)}", flush=True)
    except subprocess.CalledProcessError as error:
        print(f"\nThis step failed with status {error.returncode}:\n  {' '.join(map(str, error.cmd))}", file=sys.stderr)
        return 1
    return 0


def freeze(flavour: Flavour, places: Places) -> None:
    """Make the application."""
    began = monotonic()
    made = environment.made(flavour, places.environment)
    made.run("-m", "freezing.assets", places.assets)
    made.run("-m", "freezing.tesseract", places.tesseract)
    shutil.rmtree(places.work / "dist", ignore_errors=True)
    folders = ("--distpath", places.work / "dist", "--workpath", places.work / "pyinstaller")
    spec = ROOT / "build_scripts" / "lycurgus.spec"
    own = ("--flavour", flavour, "--tesseract", places.tesseract, "--assets", places.assets)
    print("Freezing", flush=True)
    made.run("-m", "PyInstaller", "--noconfirm", "--log-level", "ERROR", *folders, spec, "--", *own)
    made.run(ROOT / "build_scripts" / "collect_licences.py", "--application", places.application)
    size = in_words(folder_bytes(places.application))
    print(f"{places.application.relative_to(ROOT)}: {size}, frozen in {monotonic() - began:.0f} s", flush=True)


def make_installers(flavour: Flavour, places: Places, *, quick: bool) -> list[Path]:
    """Make what users download, and return it."""
    version = environment.version()
    if sys.platform == "win32":
        from freezing import windows

        return [windows.build_installer(places.application, assets=places.assets, flavour=flavour, version=version, out=places.out)]
    if sys.platform == "darwin":
        from freezing import macos

        return [macos.build_image(places.application, version=version, out=places.out)]
    # What the installers need to know of the libraries is asked with a tool of the environment.
    where = ("--assets", places.assets, "--work", places.work, "--out", places.out)
    what = ("--flavour", flavour, "--version", version, *(("--quick",) if quick else ()))
    Environment(places.environment).run("-m", "freezing.linux", places.application, *where, *what)
    return sorted(path for path in places.out.iterdir() if version in path.name and path.suffix in (".deb", ".zst") and _is(flavour, path))


def _is(flavour: Flavour, installer: Path) -> bool:
    return ("cuda" in installer.name) == (flavour == "cuda")


if __name__ == "__main__":
    sys.exit(main())
