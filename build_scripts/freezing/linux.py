"""Installers for Linux: a .deb that puts Lycurgus under /opt, and an archive to be unpacked anywhere."""

from __future__ import annotations

import argparse
import gzip
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from freezing.debian import control, dependencies, is_elf, oldest_system
from freezing.desktop import NAME, desktop_entry, mime_package
from freezing.environment import ROOT, Flavour

HOME = Path("/opt/lycurgus")
ICON_SIDES_PX = (16, 24, 32, 48, 64, 128, 256, 512)
PACKAGES: dict[Flavour, str] = {"cpu": "lycurgus", "cuda": "lycurgus-cuda"}
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
BEST, QUICK = 19, 3
"""Levels of zstd: what is published, and what is only tried."""

README = """\
Lycurgus finds, separates and measures nanoparticles in electron micrographs.

  ./lycurgus-gui [FILE_OR_FOLDER ...]    the window
  ./lycurgus --help                      the command line
  ./lycurgus selfcheck                   is everything there?

Nothing has to be installed and nothing outside this folder is written to, apart from your own settings and results
(~/.config/Lycurgus, ~/.local/share/Lycurgus, ~/.cache/Lycurgus). To remove it, delete the folder.
To have everything in one place, on a stick for instance: LYCURGUS_HOME=/path/to/a/folder ./lycurgus-gui
It needs Linux with glibc {glibc} or newer. Licences: THIRD-PARTY-LICENCES.txt.
"""


def build_deb(application: Path, *, assets: Path, flavour: Flavour, version: str, work: Path, out: Path, quick: bool = False) -> Path:
    """Pack a frozen application and return the .deb.

    Parameters
    ----------
    application : folder that PyInstaller has made.
    assets : folder with the icons.
    quick : pack less tightly, in a fraction of the time.

    Raises
    ------
    UnknownLibraryError
        Something that the application loads comes from nowhere.
    subprocess.CalledProcessError
    """
    root = work / "deb"
    shutil.rmtree(root, ignore_errors=True)
    _fill(root, application, assets, flavour)
    architecture = ARCHITECTURES[platform.machine()]
    package, other = PACKAGES[flavour], next(name for key, name in PACKAGES.items() if key != flavour)
    installed_kib = sum(file.lstat().st_size for file in root.rglob("*") if not file.is_dir()) // 1024
    said = control(
        package=package,
        version=version,
        architecture=architecture,
        installed_kib=installed_kib,
        depends=dependencies(application),
        other=other,
    )
    (root / "DEBIAN").mkdir()
    (root / "DEBIAN" / "control").write_text(said, encoding="utf-8")
    target = out / f"{package}_{version}_{architecture}.deb"
    level = QUICK if quick else BEST
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zzstd", f"-z{level}", "--build", str(root), str(target)], check=True)
    shutil.rmtree(root)
    return target


def build_archive(application: Path, *, flavour: Flavour, version: str, out: Path, quick: bool = False) -> Path:
    """Pack a frozen application as a portable ``tar.zst`` and return it.

    Raises
    ------
    subprocess.CalledProcessError
    """
    name = f"lycurgus-{version}-linux-{platform.machine()}-{flavour}"
    files = [file for file in application.rglob("*") if file.is_file() and not file.is_symlink() and is_elf(file)]
    glibc = oldest_system(files)[0].partition(">= ")[2].rstrip(")")
    readme = application / "README.txt"
    readme.write_text(README.format(glibc=glibc), encoding="utf-8")
    target = out / f"{name}.tar.zst"
    how = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", f"--transform=s,^{application.name},{name},S"]
    packer = f"zstd -T0 -{QUICK if quick else BEST}"
    try:
        subprocess.run(["tar", "-I", packer, "-cf", str(target), *how, "-C", str(application.parent), application.name], check=True)
    finally:
        readme.unlink()
    return target


def _fill(root: Path, application: Path, assets: Path, flavour: Flavour) -> None:
    """Lay out what will lie on the disk."""
    shutil.copytree(application, root / HOME.relative_to("/"), symlinks=True)
    programs = root / "usr" / "bin"
    programs.mkdir(parents=True)
    for name in ("lycurgus", "lycurgus-gui"):
        (programs / name).symlink_to(HOME / name)
    _write(root / "usr/share/applications/lycurgus.desktop", desktop_entry("/usr/bin/lycurgus-gui"))
    _write(root / "usr/share/mime/packages/lycurgus.xml", mime_package())
    icons = root / "usr/share/icons/hicolor"
    for side in ICON_SIDES_PX:
        _copy(assets / f"icon-{side}.png", icons / f"{side}x{side}" / "apps" / f"{NAME}.png")
    _copy(ROOT / "resources" / "icons" / "lycurgus.svg", icons / "scalable" / "apps" / f"{NAME}.svg")
    documents = root / "usr/share/doc" / PACKAGES[flavour]
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    _write(documents / "copyright", f"{licence}\nWhat Lycurgus is built on: {HOME}/THIRD-PARTY-LICENCES.txt\n")
    changes = ROOT / "CHANGELOG.md"
    if changes.is_file():
        (documents / "changelog.gz").write_bytes(gzip.compress(changes.read_bytes(), mtime=0))
    for path in (root, *root.rglob("*")):
        # Whatever the umask of whoever builds: everybody may read, nobody but root may write.
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)


def _write(target: Path, text: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def main() -> int:
    """Make both from the command line of ``build.py``, in whose environment the tools are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("application", type=Path)
    parser.add_argument("--assets", type=Path, required=True)
    parser.add_argument("--flavour", choices=("cpu", "cuda"), required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    same = {"flavour": given.flavour, "version": given.version, "out": given.out, "quick": given.quick}
    build_archive(given.application, **same)
    build_deb(given.application, assets=given.assets, work=given.work, **same)
    return 0


if __name__ == "__main__":
    sys.exit(main())
