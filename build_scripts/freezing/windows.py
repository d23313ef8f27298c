"""The installer for Windows: lists of what is installed and removed, written for ``installers/lycurgus.nsi``, which makensis compiles."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from freezing.environment import ROOT, Flavour
from freezing.file_types import FILE_TYPES
from freezing.sizes import folder_bytes
from freezing.version_resource import four_numbers

SCRIPT = ROOT / "build_scripts" / "installers" / "lycurgus.nsi"


def build_installer(application: Path, *, assets: Path, flavour: Flavour, version: str, out: Path) -> Path:
    """Compile the installer and return it.

    Parameters
    ----------
    application : folder that PyInstaller has made.
    assets : folder with the icon.

    Raises
    ------
    subprocess.CalledProcessError
        makensis refuses the script.
    """
    target = out / f"lycurgus-{version}-windows-x86_64-{flavour}-setup.exe"
    with tempfile.TemporaryDirectory(prefix="lycurgus-") as folder:
        includes = Path(folder)
        for name, lines in included(application).items():
            # With its mark: makensis takes files without one for the system's old code page.
            (includes / name).write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
        defines = {
            "VERSION": version,
            "NUMBERS": ".".join(map(str, four_numbers(version))),
            "LICENCE": str(ROOT / "LICENSE"),
            "ICON": str(assets / "lycurgus.ico"),
            "OUTPUT": str(target),
            "INCLUDES": str(includes),
            "INSTALLED_KIB": str(folder_bytes(application) // 1024),
        }
        options = [f"-D{name}={value}" for name, value in defines.items()]
        subprocess.run(["makensis", "-V2", "-WX", "-INPUTCHARSET", "UTF8", *options, str(SCRIPT)], check=True)
    return target


def included(application: Path) -> dict[str, list[str]]:
    """Write the files that the script includes: name -> lines."""
    files = sorted(PurePosixPath(file.relative_to(application).as_posix()) for file in application.rglob("*") if file.is_file())
    return {
        "install-files.nsh": list(_install(application, files)),
        "remove-files.nsh": list(_remove(files)),
        "associate.nsh": [
            f'!insertmacro Associate "{extension}" "{kind.name}" "{kind.label}"' for kind in FILE_TYPES for extension in kind.extensions
        ],
        "dissociate.nsh": [f'!insertmacro Dissociate "{extension}" "{kind.name}"' for kind in FILE_TYPES for extension in kind.extensions],
    }


def _install(application: Path, files: list[PurePosixPath]) -> Iterator[str]:
    """Folder by folder, each file by its name."""
    folder = None
    for file in sorted(files, key=lambda one: (one.parent, one.name)):
        if file.parent != folder:
            folder = file.parent
            yield f'SetOutPath "{_on_windows(folder)}"'
        # The source is taken as it is written; only the name that it gets could hold a variable.
        yield f'File "/oname={_escaped(file.name)}" "{application / file}"'


def _remove(files: list[PurePosixPath]) -> Iterator[str]:
    """Each file, then each folder after those inside it; a folder that is not empty stays."""
    yield from (f'Delete "{_on_windows(file)}"' for file in files)
    folders = {parent for file in files for parent in file.parents} - {PurePosixPath(".")}
    yield from (f'RMDir "{_on_windows(folder)}"' for folder in sorted(folders, key=lambda one: (-len(one.parts), one)))


def _on_windows(place: PurePosixPath) -> str:
    return "\\".join(["$INSTDIR", *(_escaped(part) for part in place.parts)])


def _escaped(text: str) -> str:
    """A dollar sign would begin a variable."""
    return text.replace("$", "$$")
