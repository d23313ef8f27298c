"""Where Lycurgus keeps what belongs to the user: settings, project files, caches, logs."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import platformdirs

HOME_VARIABLE = "LYCURGUS_HOME"
"""Names one folder that holds everything instead: for a portable installation, and for tests."""

_NAME = "Lycurgus"


def config_folder() -> Path:
    """Folder of the settings and presets."""
    return _portable("config") or platformdirs.user_config_path(_NAME, appauthor=False, roaming=True)


def data_folder() -> Path:
    """Folder of the project files and of the user's models."""
    return _portable("data") or platformdirs.user_data_path(_NAME, appauthor=False)


def models_folder() -> Path:
    """Folder of the networks that the user has added, each in a folder of its own."""
    return data_folder() / "models"


def cache_folder() -> Path:
    """Folder of what can be made again, thumbnails for instance."""
    return _portable("cache") or platformdirs.user_cache_path(_NAME, appauthor=False)


def log_folder() -> Path:
    """Folder of the log files."""
    return _portable("logs") or platformdirs.user_log_path(_NAME, appauthor=False)


def presets_folder() -> Path:
    """Folder of the user's parameter presets."""
    return config_folder() / "presets"


def default_project_file(folder: Path | None = None) -> Path:
    """Return the project file of a folder of micrographs, or that of the loose files of all sessions.

    It lies with the user's data on a local disk, not beside the micrographs: these are often on a share, where SQLite's write-ahead
    log cannot work, or on a disk that must not be written to. The same folder always has the same project file.
    """
    if folder is None:
        return data_folder() / "projects" / "session.lycurgus"
    absolute = os.path.abspath(folder)  # noqa: PTH100 - Path.resolve would wait for a share that has vanished
    digest = hashlib.sha256(os.path.normcase(absolute).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return data_folder() / "projects" / f"{digest}.lycurgus"


def _portable(part: str) -> Path | None:
    home = os.environ.get(HOME_VARIABLE)
    return Path(home).expanduser() / part if home else None
