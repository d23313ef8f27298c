"""Files and folders dropped on a widget."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData


def dropped_paths(data: QMimeData) -> list[Path]:
    """Return the local files and folders that are dragged; what lies elsewhere cannot be opened."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
