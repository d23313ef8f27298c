"""The disk image for macOS: the application and a link to the folder where applications live."""

from __future__ import annotations

import platform
import shutil
import subprocess
import tempfile
from pathlib import Path


def build_image(application: Path, *, version: str, out: Path) -> Path:
    """Pack ``Lycurgus.app`` and return the .dmg.

    Raises
    ------
    subprocess.CalledProcessError
    """
    target = out / f"lycurgus-{version}-macos-{platform.machine()}.dmg"
    with tempfile.TemporaryDirectory(prefix="lycurgus-") as folder:
        copy = Path(folder) / application.name
        shutil.copytree(application, copy, symlinks=True)
        # The licences were added after PyInstaller had signed it, and macOS calls a bundle damaged that is not as it was signed.
        subprocess.run(["codesign", "--force", "--deep", "--sign", "-", str(copy)], check=True)
        (Path(folder) / "Applications").symlink_to("/Applications")
        command = ["hdiutil", "create", "-volname", "Lycurgus", "-srcfolder", folder, "-format", "UDZO", "-ov", str(target)]
        subprocess.run(command, check=True)
    return target
