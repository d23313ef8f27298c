"""Named parameters: those that come with Lycurgus, and the user's own, one JSON file each that the command line reads too."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lycurgus.core.errors import ExportError, LycurgusError, ParameterError
from lycurgus.core.params import AnalysisParams
from lycurgus.exporters.atomic import replacing
from lycurgus.folders import presets_folder
from lycurgus.parameters import default_params, load_preset
from lycurgus.resources import resource
from lycurgus.services.reserved import is_reserved

DEFAULT = "Default"
SUFFIX = ".json"
LONGEST_NAME = 80

_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')


@dataclass(frozen=True, slots=True)
class Preset:
    """A preset that can be chosen, or a file among them that cannot.

    Attributes
    ----------
    name : as the user reads it; the file's name without its extension.
    path : the file, None for the defaults.
    shipped : comes with Lycurgus, and so can be neither renamed nor deleted.
    params : what it stands for; None where the file cannot be used, and ``problem`` says why.
    """

    name: str
    path: Path | None
    shipped: bool
    params: AnalysisParams | None
    problem: str = ""


class Presets:
    """The presets of a user and those that come with Lycurgus.

    Parameters
    ----------
    folder : of the user's presets; the usual one where None. It need not exist.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or presets_folder()

    def all(self) -> tuple[Preset, ...]:
        """List the defaults, the shipped presets, then the user's by name; files that cannot be used are listed with the reason."""
        return (Preset(DEFAULT, None, True, default_params()), *self._shipped(), *self._users())

    def named(self, name: str) -> Preset | None:
        """Return a preset by its name, in whatever case."""
        wanted = name.casefold()
        return next((preset for preset in self.all() if preset.name.casefold() == wanted), None)

    def check_name(self, name: str) -> str:
        """Return the name under which a preset would be kept: without what some file system refuses.

        Raises
        ------
        ParameterError
            Nothing is left of it, or a preset that comes with Lycurgus is called that.
        """
        clean = sanitised(name)
        if not clean:
            raise ParameterError("a preset needs a name", hint="write some letters or digits")
        there = self.named(clean)
        if there is not None and there.shipped:
            raise ParameterError(f"'{there.name}' comes with Lycurgus and stays as it is", hint="choose another name")
        return clean

    def save(self, name: str, params: AnalysisParams) -> Preset:
        """Keep parameters under a name, in place of the user's preset of that name.

        Raises
        ------
        ParameterError
            The name cannot be used.
        ExportError
            The disk refuses.
        """
        clean = self.check_name(name)
        there = self.named(clean)
        path = there.path if there is not None and there.path is not None else self.folder / f"{clean}{SUFFIX}"
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(params.document(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return _loaded(path, shipped=False)

    def rename(self, preset: Preset, name: str) -> Preset:
        """Give one of the user's presets another name.

        Raises
        ------
        ParameterError
            The name cannot be used or is taken, or the preset comes with Lycurgus.
        ExportError
            The disk refuses.
        """
        path = _users_own(preset)
        clean = self.check_name(name)
        there = self.named(clean)
        if there is not None and there.path != path:
            raise ParameterError(f"there is a preset called '{there.name}' already", hint="choose another name")
        target = path.with_name(f"{clean}{SUFFIX}")
        try:
            path.rename(target)
        except OSError as error:
            raise ExportError(target, error.strerror or str(error)) from error
        return _loaded(target, shipped=False)

    def delete(self, preset: Preset) -> None:
        """Delete one of the user's presets; one that is gone already is no error.

        Raises
        ------
        ParameterError
            It comes with Lycurgus.
        ExportError
            The disk refuses.
        """
        path = _users_own(preset)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise ExportError(path, error.strerror or str(error)) from error

    def _shipped(self) -> Iterator[Preset]:
        try:
            folder = resource("presets")
        except LycurgusError:
            # An incomplete installation still has its defaults.
            return
        yield from (_loaded(path, shipped=True) for path in _files(folder))

    def _users(self) -> Iterator[Preset]:
        yield from (_loaded(path, shipped=False) for path in _files(self.folder))


def sanitised(name: str) -> str:
    """Turn what somebody typed into a name that every file system takes; "" where nothing is left.

    Characters that Windows forbids become "-", blanks are single, and it neither begins nor ends with a dot.
    """
    printable = "".join(letter if letter.isprintable() else " " for letter in unicodedata.normalize("NFC", name))
    clean = " ".join(_FORBIDDEN.sub("-", printable).encode("utf-8", "ignore").decode().split())[:LONGEST_NAME].strip(" .")
    if is_reserved(clean):
        clean = f"Preset {clean}"
    return clean if any(letter.isalnum() for letter in clean) else ""


def _files(folder: Path) -> list[Path]:
    try:
        found = [path for path in folder.iterdir() if path.suffix.lower() == SUFFIX and not path.name.startswith(".")]
    except OSError:
        return []
    return sorted(found, key=lambda path: path.stem.casefold())


def _loaded(path: Path, *, shipped: bool) -> Preset:
    try:
        return Preset(path.stem, path, shipped, load_preset(path))
    except ParameterError as error:
        return Preset(path.stem, path, shipped, None, str(error))


def _users_own(preset: Preset) -> Path:
    if preset.shipped or preset.path is None:
        raise ParameterError(f"'{preset.name}' comes with Lycurgus and stays as it is")
    return preset.path
