"""How large something is on the disk."""

from __future__ import annotations

from pathlib import Path


def folder_bytes(folder: Path) -> int:
    """Add up the files of a folder; links count as links."""
    return sum(file.lstat().st_size for file in folder.rglob("*") if not file.is_dir() or file.is_symlink())


def in_words(size_bytes: int) -> str:
    """Write a size in millions of bytes, as download pages do."""
    return f"{size_bytes / 1e6:,.0f} MB"
