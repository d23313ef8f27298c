"""Set everything up on a bare machine, then run the main job on the bundled samples, or the tests.

    python3 build_scripts/bootstrap.py run
    python3 build_scripts/bootstrap.py test

Needs nothing but Python 3.11 or newer; every step is skipped when it is already done.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
REPORT = ROOT / "lycurgus-report"

# What the libraries load at run time, the window's X libraries, and Tesseract for burnt-in scale bars.
DEBIAN_RUN = (
    *("libglib2.0-0", "libgl1", "libegl1", "libxkbcommon0", "libfontconfig1", "libfreetype6", "libdbus-1-3", "fonts-dejavu-core"),
    *("libxcb-cursor0", "libxcb-icccm4", "libxcb-keysyms1", "libxcb-image0", "libxcb-render-util0", "libxcb-xkb1", "libxkbcommon-x11-0"),
    *("libxcb-shape0", "libxcb-randr0", "libxcb-xinerama0", "libx11-xcb1"),
    *("tesseract-ocr", "tesseract-ocr-eng"),
)
DEBIAN_EQUIVALENTS = {"libglib2.0-0": ("libglib2.0-0t64",)}
"""Packages that newer releases provide under another name."""

CPU_TORCH = "2.13.0+cpu"
CPU_TORCH_INDEX = "https://download.pytorch.org/whl/cpu"


def main() -> int:
    parser = argparse.ArgumentParser(description="Set Lycurgus up, then run it on the bundled samples, or its tests.")
    parser.add_argument("job", choices=("run", "test"))
    job = parser.parse_args().job
    if sys.version_info < (3, 11):  # noqa: UP036 - this is the one file that an older Python may meet
        print(f"Lycurgus needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
        return 2
    try:
        install_debian_packages()
        make_environment()
        if job == "test":
            install_torch()
        install_package("[dev,train,cluster]" if job == "test" else "")
        return run_samples() if job == "run" else run_tests()
    except KeyboardInterrupt:
        print("\nStopped; the next start goes on from here.", file=sys.stderr)
        return 130
    except subprocess.CalledProcessError as error:
        print(f"\nThis step failed with status {error.returncode}:\n  {' '.join(map(str, error.cmd))}", file=sys.stderr)
        return 1


def install_debian_packages() -> None:
    """Install missing system packages where that is allowed; otherwise print the line that does it, and go on."""
    if shutil.which("dpkg-query") is None or shutil.which("apt-get") is None:
        return
    wanted = list(DEBIAN_RUN)
    if not _has_working_venv():
        wanted.append("python3-venv")
    missing = [package for package in wanted if not any(map(_is_installed, (package, *DEBIAN_EQUIVALENTS.get(package, ()))))]
    if not missing:
        return
    install = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    if os.geteuid() != 0:
        print("System packages are missing; without them scale bars cannot be read and the window may not open. Run:\n")
        print(f"  sudo {' '.join(install)}\n")
        return
    print(f"Installing system packages: {' '.join(missing)}", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], env=quiet, check=False)
    if subprocess.run(install, env=quiet, check=False, stdout=subprocess.DEVNULL).returncode != 0:
        print("Some system packages could not be installed; going on without them", file=sys.stderr)


def make_environment() -> None:
    if PYTHON.exists() and subprocess.run([str(PYTHON), "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0:
        return
    # One that was interrupted while it was made has no pip.
    shutil.rmtree(VENV, ignore_errors=True)
    print(f"Creating {VENV.name}", flush=True)
    try:
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    except (subprocess.CalledProcessError, KeyboardInterrupt):
        # A half-made environment would look finished at the next start.
        shutil.rmtree(VENV, ignore_errors=True)
        raise


def install_package(extras: str) -> None:
    """Install Lycurgus in place, unless nothing that decides the installation has changed since the last time."""
    stamp = VENV / f".installed{extras}"
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + str(ROOT).encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print("Installing Lycurgus and what it needs; the first time this takes a few minutes", flush=True)
    subprocess.run(
        [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--editable", f"{ROOT}{extras}"], check=True
    )
    stamp.write_text(wanted)


def install_torch() -> None:
    """Install the small CPU build of torch for the tests of training where none is installed and the registry has one.

    Plain ``torch`` brings several GB of CUDA on Linux. Where this build is not offered, or on other systems, whose plain build is
    small, installing Lycurgus takes what pip chooses.
    """
    find = [str(PYTHON), "-c", "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is None)"]
    if not sys.platform.startswith("linux") or subprocess.run(find, check=False).returncode == 0:
        return
    print("Installing torch for the CPU, for the tests of training", flush=True)
    install = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"torch=={CPU_TORCH}"]
    for source in ([], ["--index-url", CPU_TORCH_INDEX, "--retries", "1", "--timeout", "30"]):
        if subprocess.run([*install, *source], check=False, stderr=subprocess.DEVNULL).returncode == 0:
            return


def run_samples() -> int:
    """Analyse the bundled micrographs as a user would; they show three specimens, so that each gets a report of its own."""
    samples = ROOT / "resources" / "samples"
    analyse = [str(PYTHON), "-m", "lycurgus.cli", "analyze", str(samples), "--out", str(REPORT), "--report", "each"]
    status = subprocess.run(analyse, check=False).returncode
    if status == 0:
        print("\nThe reports of the three sample micrographs are ready:")
        for report in sorted(REPORT.glob("*/report.xlsx")):
            print(f"  {report}")
        print(f"\nYour own images: {PYTHON.parent / 'lycurgus'} analyze FOLDER --out REPORT")
        open_window(samples)
    return status


def open_window(samples: Path) -> None:
    """Open the application on the samples where there is a screen to show it on."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        print(f"No display here, so no window; with one: {PYTHON.parent / 'lycurgus-gui'}")
        return
    print("Opening the window; close it to end", flush=True)
    subprocess.run([str(PYTHON), "-m", "lycurgus", str(samples)], check=False)


def run_tests() -> int:
    """Check style, types and behaviour; pytest comes last, so that its summary closes the output."""
    for check in (["ruff", "check", "."], ["ruff", "format", "--check", "--quiet", "."], ["mypy"], ["pytest", "--quiet", "-n", "auto"]):
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
        status = subprocess.run([str(PYTHON), "-m", *check], cwd=ROOT, env=environment, check=False).returncode
        if status != 0:
            return status
    return 0


def _has_working_venv() -> bool:
    # Debian splits ensurepip off: `import venv` works there and creating an environment fails.
    return subprocess.run([sys.executable, "-c", "import ensurepip, venv"], check=False, stderr=subprocess.DEVNULL).returncode == 0


def _is_installed(package: str) -> bool:
    query = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package]
    return subprocess.run(query, capture_output=True, text=True, check=False).stdout == "installed"


if __name__ == "__main__":
    raise SystemExit(main())
