"""The user's settings: what the window remembers from one start to the next. A damaged file never stops the start."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from lycurgus.core.errors import ExportError
from lycurgus.exporters.atomic import replacing
from lycurgus.folders import config_folder
from lycurgus.services.aside import moved_aside

VERSION = 1
MOST_RECENT_FOLDERS = 12


def _printable(text: Any) -> Any:
    """Names that are no valid Unicode (old disks under Linux) cannot be kept as they are; the file will not be found again, no more."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8") if isinstance(text, str) else text


PathText = Annotated[str, BeforeValidator(_printable)]


class _Model(BaseModel):
    # What a later or earlier version wrote is carried along, so that trying another version costs nobody their settings.
    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)


class OverlaySettings(_Model):
    """How particles are drawn over the image."""

    visible: bool = True
    style: Literal["outline", "fill"] = "outline"
    colour_by: str = "state"
    opacity: float = Field(0.8, ge=0, le=1)
    line_width: float = Field(1.5, gt=0, le=20)
    ids: bool = False
    excluded: bool = True


class InstrumentScale(_Model):
    """A default pixel size, for images of an instrument that do not state one."""

    instrument: str
    magnification: float | None = Field(None, gt=0)
    y_nm: float = Field(gt=0)
    x_nm: float = Field(gt=0)


class Settings(_Model):
    """All settings; values are replaced, never changed.

    Attributes
    ----------
    recent_folders : newest first, at most ``MOST_RECENT_FOLDERS``.
    last_session : files and folders that were open when the window was closed, and last_image, the one that was shown.
    geometry, layout : the window's own state, base64 text.
    params : document of the parameters used last, {} for the defaults; preset names the preset they came from.
    last_folders : purpose ("open", "export", "preset") -> folder of the last file dialog.
    columns : particle table columns that are shown, () for the default choice.
    group_by : how the images of a sample are divided, "" for not at all.
    watch_alarm : a sound when a watch has something to say; watch_follow : show each new image.
    """

    version: int = VERSION
    theme: Literal["system", "light", "dark"] = "system"
    recent_folders: tuple[PathText, ...] = ()
    last_session: tuple[PathText, ...] = ()
    last_image: PathText = ""
    geometry: str = ""
    layout: str = ""
    overlay: OverlaySettings = OverlaySettings()
    instrument_scales: tuple[InstrumentScale, ...] = ()
    params: dict[str, Any] = Field(default_factory=dict)
    preset: str = ""
    last_folders: dict[str, PathText] = Field(default_factory=dict)
    export_formats: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    device: str = "auto"
    group_by: str = ""
    watch_alarm: bool = False
    watch_follow: bool = True

    @field_validator("recent_folders")
    @classmethod
    def _newest_once(cls, folders: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(folders))[:MOST_RECENT_FOLDERS]

    def with_changes(self, **changes: object) -> Settings:
        """Return settings with these fields replaced, checked.

        Raises
        ------
        ValidationError, TypeError
            A value or a name is impossible: a defect of the caller.
        """
        if unknown := changes.keys() - type(self).model_fields.keys():
            raise TypeError(f"there are no settings called {', '.join(sorted(unknown))}")
        return Settings.model_validate({**self.model_dump(), **changes})


class SettingsStore:
    """The settings of a running program and their file; may be used from several threads.

    Attributes
    ----------
    path : the JSON file.
    warning : a sentence where the file could not be used, else "".
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or config_folder() / "settings.json"
        self._lock = threading.Lock()
        self._settings, self.warning = load_settings(self.path)

    @property
    def settings(self) -> Settings:
        return self._settings

    def update(self, **changes: object) -> str:
        """Replace settings by name and write the file where anything changed.

        Returns
        -------
        "" or, where the disk refuses, a sentence; the settings hold for this session all the same.
        """
        with self._lock:
            settings = self._settings.with_changes(**changes)
            if settings == self._settings:
                return ""
            self._settings = settings
            return save_settings(settings, self.path)


def load_settings(path: Path) -> tuple[Settings, str]:
    """Read settings; whatever is wrong, there are settings to go on with.

    A file that is damaged, or from a later version, is moved aside and the defaults are used. A single value that is out of range costs
    that value alone.

    Returns
    -------
    The settings, and a sentence for the user, or "".
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(document, dict):
            raise ValueError("no object")
        version = document.get("version", VERSION)
    except FileNotFoundError:
        return Settings(), ""
    except OSError as error:
        return Settings(), f"The settings cannot be read ({error.strerror}); the defaults are used."
    except (ValueError, RecursionError):
        return Settings(), f"The settings file was damaged; the defaults are used.{moved_aside(path)}"
    if not isinstance(version, int) or version > VERSION:
        return Settings(), f"The settings were written by a later version; the defaults are used.{moved_aside(path, because='newer')}"
    return _usable(document)


def save_settings(settings: Settings, path: Path) -> str:
    """Write settings as a whole or not at all; returns "" or a sentence that says why not."""
    try:
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(settings.model_dump(mode="json"), indent=2), encoding="utf-8")
    except ExportError as error:
        return f"The settings cannot be kept: {error.reason}."
    return ""


def _usable(document: Mapping[str, Any]) -> tuple[Settings, str]:
    """Take over what is valid field by field."""
    try:
        return Settings.model_validate(document), ""
    except ValidationError as error:
        bad = {str(problem["loc"][0]) for problem in error.errors()}
        names = ", ".join(sorted(bad))
        kept = {name: value for name, value in document.items() if name not in bad}
        return Settings.model_validate(kept), f"These settings were impossible and have their defaults again: {names}."
