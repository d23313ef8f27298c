"""Install on Windows without questions, use what is installed, remove it, and look that nothing is left but the user's data.

python build_scripts/try_windows.py dist\\lycurgus-VERSION-windows-x86_64-cpu-setup.exe

For a computer on which Lycurgus is not installed; it changes the user's file types and gives them back.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from freezing.file_types import FILE_TYPES

PATIENCE_S = 600
FORMER = "Somebody.else"
"""Stands for the program that opened the first type before Lycurgus was installed."""


class InstallError(Exception):
    """Something is not as it should be."""


def try_installer(installer: Path) -> None:
    """Go through the life of an installation.

    Raises
    ------
    InstallError
    """
    import winreg

    def default_of(extension: str) -> str:
        try:
            return winreg.QueryValue(winreg.HKEY_CURRENT_USER, rf"Software\Classes\{extension}")
        except OSError:
            return ""

    folder = Path(os.environ["LOCALAPPDATA"]) / "Programs" / "Lycurgus"
    if folder.exists():
        raise InstallError(f"{folder} exists: Lycurgus is installed already")
    first = FILE_TYPES[0].extensions[0]
    winreg.SetValue(winreg.HKEY_CURRENT_USER, rf"Software\Classes\{first}", winreg.REG_SZ, FORMER)

    subprocess.run([str(installer), "/S"], check=True, timeout=PATIENCE_S)
    for kind in FILE_TYPES:
        if default_of(kind.extensions[0]) != kind.name:
            raise InstallError(f"{kind.extensions[0]} is not opened by Lycurgus")
    menu = Path(os.environ["APPDATA"]) / "Microsoft" / "Windows" / "Start Menu" / "Programs" / "Lycurgus.lnk"
    if not menu.is_file():
        raise InstallError("there is no entry in the menu")
    smoke = Path(__file__).with_name("smoke.py")
    subprocess.run([sys.executable, str(smoke), str(folder)], check=True, timeout=3 * PATIENCE_S)

    # The uninstaller copies itself elsewhere and returns at once; it is done when its own folder is gone.
    subprocess.run([str(folder / "uninstall.exe"), "/S"], check=True, timeout=PATIENCE_S)
    limit = time.monotonic() + PATIENCE_S
    while folder.exists() and time.monotonic() < limit:
        time.sleep(0.2)
    if folder.exists() or menu.exists():
        raise InstallError(f"not everything was removed: {[str(path) for path in folder.rglob('*')][:10]}")
    if default_of(first) != FORMER:
        raise InstallError(f"{first} was not given back: it is opened by '{default_of(first)}'")
    kept = [kind.extensions[0] for kind in FILE_TYPES[1:] if default_of(kind.extensions[0])]
    if kept:
        raise InstallError(f"these types still have a program: {', '.join(kept)}")
    winreg.DeleteKey(winreg.HKEY_CURRENT_USER, rf"Software\Classes\{first}")
    print("all well")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("installer", type=Path)
    options = parser.parse_args()
    if sys.platform != "win32":
        parser.error("this tries an installer for Windows")
    try:
        try_installer(options.installer.resolve())
    except InstallError as error:
        print(f"failed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
