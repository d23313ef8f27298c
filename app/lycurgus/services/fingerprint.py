"""What tells one version of a file from another: size and time at a glance, the content's hash where they leave a doubt."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Size in bytes and time of the last change in ns since 1970."""

    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> Self | None:
        """Take the fingerprint of a file; None where it cannot be reached."""
        try:
            found = path.stat()
        except (OSError, ValueError):
            return None
        return cls(found.st_size, found.st_mtime_ns)


def sha256_of(path: Path) -> str | None:
    """Hash a file's content, hexadecimal; None where it cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None
