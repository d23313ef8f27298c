"""Model folders and archives to add, and what is looked at when one is refused."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from lycurgus.core.errors import ModelError
from lycurgus.services.models import add_model
from networks import make_model


def source(folder: Path, name: str = "alpha", **options: Any) -> Path:
    """A model folder somewhere, with a card."""
    made = make_model(folder / name, **options)
    (made / "MODEL_CARD.md").write_text("# Blobs, µ\n", encoding="utf-8")
    return made


def packed(folder: Path, *, inside: str = "", extra: dict[str, bytes] | None = None) -> Path:
    """A model folder as a zip archive beside it.

    Parameters
    ----------
    inside : folder of the archive that holds the model, with a slash.
    extra : more members.
    """
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, inside + file.relative_to(folder).as_posix())
        for name, content in (extra or {}).items():
            archive.writestr(name, content)
    return path


def contents(folder: Path) -> dict[str, bytes | None]:
    """Every file and folder under a folder, hidden ones too."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


def refused(path: Path, place: Path, said: str) -> None:
    """Adding is refused in one sentence about the source, and nothing has changed."""
    place.mkdir(parents=True, exist_ok=True)
    outside = place.parent.parent.parent
    before = contents(outside)
    with pytest.raises(ModelError, match=said) as caught:
        add_model(path)
    assert contents(outside) == before
    assert str(caught.value).startswith(f"{path.name}: ")
    assert str(caught.value).isprintable()
    assert ".lycurgus-" not in str(caught.value), "where it was looked at is nobody's business"
