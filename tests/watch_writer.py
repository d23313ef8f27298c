"""A microscope that writes as microscopes, copying programs and crashes do; run as a program of its own.

    python watch_writer.py FOLDER SOURCES WHAT ...

SOURCES holds finished images; each WHAT is done in turn: burst, slow, temporary, truncate, die.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path


def main() -> None:
    folder, sources = Path(sys.argv[1]), sorted(Path(sys.argv[2]).iterdir())
    for what in sys.argv[3:]:
        globals()[what](folder, sources)


def burst(folder: Path, sources: list[Path]) -> None:
    """All at once."""
    for source in sources:
        (folder / f"burst {source.name}").write_bytes(source.read_bytes())


def slow(folder: Path, sources: list[Path]) -> None:
    """Piece by piece, each on the disk before the next."""
    content = sources[0].read_bytes() + b"slow"
    with (folder / "slow.tif").open("wb") as stream:
        for start in range(0, len(content), max(1, len(content) // 8)):
            stream.write(content[start : start + max(1, len(content) // 8)])
            stream.flush()
            time.sleep(0.03)


def temporary(folder: Path, sources: list[Path]) -> None:
    """Under a name that is no image's, then renamed into place."""
    for name in ("placed.tif.part", "~placed.tif"):
        (folder / name).write_bytes(sources[1].read_bytes() + b"temporary")
    (folder / "~placed.tif").unlink()
    (folder / "placed.tif.part").rename(folder / "placed.tif")


def truncate(folder: Path, sources: list[Path]) -> None:
    """Begin, cut to nothing, write something else."""
    path = folder / "rewritten.tif"
    path.write_bytes(sources[0].read_bytes()[:300])
    path.write_bytes(b"")
    path.write_bytes(sources[2].read_bytes() + b"rewritten")


def die(folder: Path, sources: list[Path]) -> None:
    """End in the middle of a file."""
    with (folder / "half.tif").open("wb") as stream:
        stream.write(sources[0].read_bytes()[:200])
        stream.flush()
        os._exit(9)


if __name__ == "__main__":
    main()
