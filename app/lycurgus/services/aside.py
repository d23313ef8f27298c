"""Damaged files are moved aside, never deleted: somebody may want to look into them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path


def moved_aside(path: Path, *companions: str, because: str = "damaged") -> str:
    """Rename a file so that a new one can take its place.

    Parameters
    ----------
    because : one word for the new name.
    companions : suffixes of files that belong to it and go with it, "-wal" for instance.

    Returns
    -------
    A sentence, with a space before it, that says where the file is now or why it stays.
    """
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    target = path.with_name(f"{path.name}.{because}-{stamp}")
    number = 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}.{because}-{stamp}-{number}")
    try:
        path.rename(target)
        for suffix in companions:
            companion = path.with_name(path.name + suffix)
            if companion.exists():
                companion.rename(target.with_name(target.name + suffix))
    except OSError as error:
        return f" It cannot be moved aside ({error.strerror})."
    return f" The old one is kept as {target.name}."
