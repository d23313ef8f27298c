"""The networks that are installed: those that come with Lycurgus, and folders that the user has added.

Of several models of one name the highest version is used: so a network is updated without installing Lycurgus anew, and a later
Lycurgus that brings a later version goes back to its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.version import InvalidVersion, Version

from lycurgus.core.errors import LycurgusError, ModelError
from lycurgus.core.types import ModelUsed
from lycurgus.folders import models_folder
from lycurgus.inference.manifest import HALF_FILE, MANIFEST_FILE, MODEL_FILE, ModelFile, ModelManifest, read_manifest
from lycurgus.inference.onnx_safety import NotOnnxError, has_external_data
from lycurgus.resources import bundled_models

LARGEST_MODEL_BYTES = 512 << 20
"""Many times what a network for micrographs needs: beyond it, something else lies in the folder."""

DEFAULT_MODEL = "default"
"""Names whatever network a user gets who has not chosen one."""

PREFERRED = "particles"
"""Of several bundled networks the one that is the default; the first by name where it is absent."""


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model folder with a valid manifest; its network is read when it is opened.

    Attributes
    ----------
    bundled : came with Lycurgus.
    """

    folder: Path
    manifest: ModelManifest
    bundled: bool

    @property
    def used(self) -> ModelUsed:
        """How reports name it."""
        return ModelUsed(self.manifest.name, self.manifest.version, self.manifest.model.sha256)

    def model_bytes(self) -> bytes:
        """Read ``model.onnx``.

        What was checked is what runs: the bytes are read once, and the runtime never sees the file.

        Raises
        ------
        ModelError
            It is missing, not what the manifest says, or leads to other files.
        """
        return _checked(self.folder, MODEL_FILE, self.manifest.model)

    def half_bytes(self) -> bytes:
        """Read ``model.half.onnx``.

        Raises
        ------
        ModelError
        """
        if self.manifest.half is None:
            raise ModelError(self.folder, "the model has no variant in half precision")
        return _checked(self.folder, HALF_FILE, self.manifest.half)


@dataclass(frozen=True, slots=True)
class UnusableModel:
    """A folder that looks like a model and is none."""

    folder: Path
    problem: str
    bundled: bool = False


@dataclass(frozen=True, slots=True)
class ShadowedModel:
    """A model that is not used, because another one of its name is."""

    model: InstalledModel
    by: InstalledModel


Listed = InstalledModel | ShadowedModel | UnusableModel


def installed(folders: Sequence[Path] | None = None) -> tuple[Listed, ...]:
    """List every model folder, the bundled ones first, each by its folder's name; what is not used is listed with the reason.

    Parameters
    ----------
    folders : of models; the bundled ones and the user's where None.
    """
    bundled = bundled_models() if folders is None else None
    places = folders if folders is not None else [place for place in (bundled, models_folder()) if place is not None]
    found = _found(places, bundled)
    used: dict[str, InstalledModel] = {}
    for model in found:
        if isinstance(model, InstalledModel):
            rival = used.get(model.manifest.name)
            used[model.manifest.name] = model if rival is None or _precedes(model, rival) else rival
    return tuple(
        ShadowedModel(model, used[model.manifest.name])
        if isinstance(model, InstalledModel) and used[model.manifest.name] is not model
        else model
        for model in found
    )


def usable() -> tuple[InstalledModel, ...]:
    """List the models that are used, the default one first; an update of a bundled one stands in its place."""
    listed = installed()
    models = [model for model in listed if isinstance(model, InstalledModel)]
    shadowed = {entry.by.manifest.name for entry in listed if isinstance(entry, ShadowedModel) and entry.model.bundled}
    return tuple(
        sorted(
            models,
            key=lambda model: (
                not model.bundled and model.manifest.name not in shadowed,
                model.manifest.name != PREFERRED,
                model.manifest.name,
            ),
        )
    )


def version_key(manifest: ModelManifest) -> tuple[bool, Version, str]:
    """Sort models by version; what is no version of the usual form ("1.2", "2.0rc1") counts as older than any that is."""
    try:
        return True, Version(manifest.version), ""
    except InvalidVersion:
        return False, Version("0"), manifest.version


def find_model(name: str = DEFAULT_MODEL) -> InstalledModel:
    """Return a model by its name, or the default one.

    Raises
    ------
    ModelError
        None of that name is installed, or it cannot be used.
    """
    models = usable()
    if name == DEFAULT_MODEL and models:
        return models[0]
    for model in models:
        if model.manifest.name == name:
            return model
    for folder in installed():
        if isinstance(folder, UnusableModel) and (name == DEFAULT_MODEL or f"{folder.folder.name}-".startswith(f"{name}-")):
            raise ModelError(folder.folder, f"the model cannot be used: {folder.problem}")
    if name == DEFAULT_MODEL:
        raise ModelError(models_folder(), "no network is installed", hint="choose --detector otsu, or put a model folder here")
    known = ", ".join(model.manifest.name for model in models) or "none is installed"
    raise ModelError(models_folder(), f"there is no model called '{name}'", hint=f"installed: {known}")


def has_default() -> bool:
    """Tell whether a network comes with this installation; quick, for it is asked at every start."""
    place = bundled_models()
    return place is not None and next(_model_folders(place), None) is not None


def _found(places: Sequence[Path], bundled: Path | None) -> list[InstalledModel | UnusableModel]:
    """Open every model folder; look again where folders came or went meanwhile: one may have gone for another that was not yet seen."""
    folders = _folders_of(places)
    while True:
        found = [_opened(folder, bundled=folder.parent == bundled) for folder in folders]
        before, folders = folders, _folders_of(places)
        if folders == before:
            return found


def _folders_of(places: Sequence[Path]) -> list[Path]:
    return [folder for place in places for folder in _model_folders(place)]


def _opened(folder: Path, *, bundled: bool) -> InstalledModel | UnusableModel:
    try:
        return InstalledModel(folder, read_manifest(folder), bundled)
    except LycurgusError as error:
        return UnusableModel(folder, str(error), bundled)


def _precedes(model: InstalledModel, rival: InstalledModel) -> bool:
    """Tell which of two models of one name is used: the later version, the bundled one, the one that was added last."""
    ours, theirs = version_key(model.manifest), version_key(rival.manifest)
    if ours != theirs:
        return ours > theirs
    if model.bundled != rival.bundled:
        return model.bundled
    return _added_ns(model.folder) > _added_ns(rival.folder)


def _added_ns(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


def _model_folders(place: Path) -> Iterator[Path]:
    """Yield the model folders; hidden ones are being written or taken away."""
    try:
        folders = sorted(folder for folder in place.iterdir() if not folder.name.startswith(".") and (folder / MANIFEST_FILE).is_file())
    except OSError:
        return
    yield from folders


def _checked(folder: Path, name: str, promised: ModelFile) -> bytes:
    path = folder / name
    try:
        size = path.stat().st_size
        if size > LARGEST_MODEL_BYTES:
            raise ModelError(folder, f"{name} has {size >> 20} MB, more than {LARGEST_MODEL_BYTES >> 20} MB", hint="it is refused")
        if size != promised.size_bytes:
            raise ModelError(folder, f"{name} has {size} bytes, its manifest promises {promised.size_bytes}", hint=_COPY_AGAIN)
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(folder, f"{name} cannot be read: {error.strerror}", hint=_COPY_AGAIN) from error
    if hashlib.sha256(content).hexdigest() != promised.sha256:
        raise ModelError(folder, f"{name} is not the file that its manifest describes (another sha256)", hint=_COPY_AGAIN)
    try:
        if has_external_data(content):
            raise ModelError(folder, f"{name} wants to read other files, which is refused", hint="export it as one file")
    except NotOnnxError as error:
        raise ModelError(folder, f"{name} is no ONNX model: {error}", hint=_COPY_AGAIN) from error
    return content


_COPY_AGAIN = "copy or export the model folder again"
