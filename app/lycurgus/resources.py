"""Where the files that come with Lycurgus lie: in a source checkout, in an installed wheel, or in a frozen application."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from lycurgus.core.errors import LycurgusError

PACKAGE = Path(__file__).resolve().parent
MICROGRAPHS = (".tif", ".png")


def resource(name: str) -> Path:
    """Return the path of a bundled file or folder.

    Parameters
    ----------
    name : relative to ``resources``, with forward slashes, for instance "samples/truth".

    Raises
    ------
    LycurgusError
        It is not there: the installation is incomplete.
    """
    for folder in _folders():
        if (folder / name).exists():
            return folder / name
    raise LycurgusError(f"the bundled file '{name}' is missing", hint="the installation is incomplete; install Lycurgus again")


def sample_micrographs() -> list[Path]:
    """Return the bundled micrographs, sorted by name.

    Raises
    ------
    LycurgusError
        They are not there: the installation is incomplete.
    """
    found = sorted(path for path in resource("samples").iterdir() if path.suffix in MICROGRAPHS)
    if not found:
        raise LycurgusError("the bundled sample micrographs are missing", hint="the installation is incomplete; install Lycurgus again")
    return found


def sample_truth(micrograph: Path) -> Path:
    """Return the label image that belongs to a bundled micrograph.

    Raises
    ------
    LycurgusError
        It is not there.
    """
    return resource(f"samples/truth/{micrograph.stem}.tif")


def bundled_models() -> Path | None:
    """Return the folder of the networks that come with Lycurgus; None where it has none."""
    return _bundled("_models", "models/exported")


def documentation() -> Path | None:
    """Return the folder of the documentation, Markdown with its pictures; None where it was left out."""
    return _bundled("_docs", "docs")


def _bundled(name: str, in_checkout: str) -> Path | None:
    """Return a folder that lies beside the package's code, or elsewhere in a checkout."""
    frozen = getattr(sys, "_MEIPASS", None)
    places = [Path(frozen) / "lycurgus" / name] if frozen is not None else []
    places.append(PACKAGE / name)
    if _is_checkout():
        places.append(PACKAGE.parent.parent / in_checkout)
    return next((place for place in places if place.is_dir()), None)


def _folders() -> Iterator[Path]:
    """Every folder that may hold resources, the most certain first."""
    frozen = getattr(sys, "_MEIPASS", None)
    if frozen is not None:
        yield Path(frozen) / "lycurgus" / "_resources"
        yield Path(frozen) / "resources"
    yield PACKAGE / "_resources"
    if _is_checkout():
        yield PACKAGE.parent.parent / "resources"


def _is_checkout() -> bool:
    """Two folders above an installed package lies a stranger's folder, which may well hold something called resources."""
    folder = PACKAGE.parent.parent
    return (folder / "pyproject.toml").is_file() and (folder / "app" / "lycurgus").is_dir()
