"""Adding, removing and checking networks while Lycurgus is installed: what a user has added is proved before it counts."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from lycurgus.core.errors import LycurgusError, ModelError
from lycurgus.core.progress import CancelToken, never
from lycurgus.folders import models_folder
from lycurgus.inference.catalog import (
    DEFAULT_MODEL,
    InstalledModel,
    Listed,
    ShadowedModel,
    UnusableModel,
    installed,
    version_key,
)
from lycurgus.inference.golden import GoldenCheck, check_golden
from lycurgus.inference.manifest import CARD_FILE, ModelManifest, read_manifest
from lycurgus.inference.session import forget_networks, open_network
from lycurgus.services.model_sources import copy_model
from lycurgus.services.reserved import is_reserved

LARGEST_CARD_BYTES = 1 << 20

_HIDDEN = ".lycurgus-"
"""How the names of folders begin that are being written or taken away: ``installed`` passes over them."""
_FORGOTTEN_AFTER_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Added:
    """A model that was added.

    Attributes
    ----------
    replaced : versions of the user's own of this name that it took the place of.
    updates : version of the bundled model of this name, which is no longer used; "" where there is none.
    left_out : files that do not belong to a model.
    """

    model: InstalledModel
    golden: GoldenCheck
    replaced: tuple[str, ...]
    updates: str
    left_out: tuple[str, ...]

    def in_words(self) -> str:
        """Say what happened, in one sentence or two."""
        manifest = self.model.manifest
        place = f" in place of version {', '.join(self.replaced)}" if self.replaced else ""
        update = f" It is used from now on instead of version {self.updates}, which comes with Lycurgus." if self.updates else ""
        return f"Model '{manifest.name}' {manifest.version} was checked and added{place}.{update}"


@dataclass(frozen=True, slots=True)
class Removed:
    """What was removed.

    Attributes
    ----------
    bundled : the model of this name that comes with Lycurgus and is used again, where there is one.
    """

    name: str
    versions: tuple[str, ...]
    bundled: InstalledModel | None

    def in_words(self) -> str:
        """Say what happened, in one sentence or two."""
        again = f" Version {self.bundled.manifest.version}, which comes with Lycurgus, is used again." if self.bundled else ""
        version = f" {', '.join(self.versions)}" if any(self.versions) else ""
        return f"Model '{self.name}'{version} was removed.{again}"


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """How a model did on its golden sample.

    Attributes
    ----------
    runs_on : where analyses run it on this machine, for instance "cpu"; "" where it cannot be used.
    problem : "" or a sentence.
    """

    listed: Listed
    golden: GoldenCheck | None
    runs_on: str
    problem: str


def name_of(listed: Listed) -> str:
    """Return what a model is called, by users who remove or check it."""
    if isinstance(listed, UnusableModel):
        return listed.folder.name
    return (listed.model if isinstance(listed, ShadowedModel) else listed).manifest.name


def is_bundled(listed: Listed) -> bool:
    """Tell whether a model came with Lycurgus."""
    return listed.model.bundled if isinstance(listed, ShadowedModel) else listed.bundled


def folder_of(listed: Listed) -> Path:
    return listed.model.folder if isinstance(listed, ShadowedModel) else listed.folder


def add_model(source: Path, *, cancel: CancelToken = never) -> Added:
    """Add a model to the user's own, after it has computed its golden sample on this machine.

    It is copied to a hidden folder beside its place, checked there, and moved in whole. Every addition gets a folder of its own, and the
    folders that it replaces go afterwards: there is no moment without a model, whatever happens in between or in another window.

    Parameters
    ----------
    source : a model folder, or a zip archive that holds one.

    Raises
    ------
    ModelError
        It is refused, with the reason; what was installed before is as it was.
    Cancelled
    """
    place = models_folder()
    if source.is_dir() and place.resolve() in (source.resolve(), *source.resolve().parents):
        raise ModelError(source, "this folder lies among your models already", hint="'lycurgus models check' tells whether it can be used")
    with _staging(place, source) as staged:
        left_out = copy_model(source, staged, cancel=cancel)
        model, golden = _proved(staged, source)
        cancel.check()
        before = _own(model.manifest.name, installed())
        bundled = _bundled(model.manifest.name)
        folder = place / f"{model.manifest.name}-{model.manifest.version}-{secrets.token_hex(4)}"
        try:
            staged.rename(folder)
        except OSError as error:
            raise ModelError(source, f"the model cannot be moved to your models: {error.strerror}", hint=_DISK) from error
    try:
        _take_away(before)
    except OSError as error:
        with suppress(OSError):
            _discard(folder)
        raise ModelError(source, f"the version before it cannot be replaced: {error.strerror}", hint=_DISK) from error
    added = InstalledModel(folder, model.manifest, bundled=False)
    return Added(added, golden, _versions(before), bundled.manifest.version if bundled else "", left_out)


def remove_model(name: str) -> Removed:
    """Remove every model of the user's that has a name, or the folder of that name that cannot be used.

    Raises
    ------
    LycurgusError
        There is none, it came with Lycurgus, or the disk refuses.
    """
    listed = installed()
    own = _own(name, listed) or [each for each in listed if isinstance(each, UnusableModel) and not each.bundled and name_of(each) == name]
    if not own:
        if any(is_bundled(each) and name_of(each) == name for each in listed):
            raise LycurgusError(f"the model '{name}' comes with Lycurgus and cannot be removed")
        yours = ", ".join(dict.fromkeys(name_of(each) for each in listed if not is_bundled(each))) or "none"
        raise LycurgusError(f"you have no model called '{name}'", hint=f"yours: {yours}")
    try:
        _take_away(own)
    except OSError as error:
        raise ModelError(folder_of(own[0]), f"the model cannot be removed: {error.strerror}", hint=_DISK) from error
    return Removed(name, _versions(own), _bundled(name))


def check_models(names: Sequence[str] = (), *, device: str = "auto", cancel: CancelToken = never) -> Iterator[ModelCheck]:
    """Run the golden samples of installed models on the CPU, and see where analyses will run them.

    Parameters
    ----------
    names : of the models; all of them where there are none.
    device : as for an analysis.

    Raises
    ------
    LycurgusError
        There is no model of such a name; models that fail are told, not raised.
    Cancelled
    """
    listed = installed()
    known = {name_of(each) for each in listed}
    for name in names:
        if name not in known:
            raise LycurgusError(f"there is no model called '{name}'", hint=f"installed: {', '.join(sorted(known)) or 'none'}")
    for each in listed:
        if not names or name_of(each) in names:
            cancel.check()
            yield check_model(each, device=device)


def check_model(listed: Listed, *, device: str = "auto") -> ModelCheck:
    """Run the golden sample of one model on the CPU, and see where analyses will run it; what is wrong is told, never raised."""
    if isinstance(listed, UnusableModel):
        return ModelCheck(listed, None, "", listed.problem)
    model = listed.model if isinstance(listed, ShadowedModel) else listed
    try:
        if model.manifest.half is not None:
            model.half_bytes()
        golden = check_golden(model)
        runs_on = open_network(model, device).provider
    except ModelError as error:
        return ModelCheck(listed, None, "", str(error))
    problem = "" if golden.passed else f"it no longer computes what it did when it was exported ({golden.in_words()})"
    return ModelCheck(listed, golden, runs_on, problem)


def card_of(folder: Path) -> str:
    """Read a model's card, Markdown; "" where it has none that can be read."""
    path = folder / CARD_FILE
    try:
        if path.stat().st_size > LARGEST_CARD_BYTES:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


_DISK = "check the space and the permissions of the folder"


def _proved(staged: Path, source: Path) -> tuple[InstalledModel, GoldenCheck]:
    """See that a copied model is whole, safe, and computes what it computed where it was exported."""
    try:
        model = InstalledModel(staged, read_manifest(staged), bundled=False)
        name = model.manifest.name
        if name == DEFAULT_MODEL or is_reserved(name) or name.endswith("."):
            raise ModelError(source, f"no model can be called '{name}'", hint="give it another name in its manifest")
        _refuse_unused(model.manifest, _bundled(name), source)
        if model.manifest.half is not None:
            model.half_bytes()
        golden = check_golden(model)
    except ModelError as error:
        raise ModelError(source, error.reason, hint=error.hint) from error
    finally:
        forget_networks(staged)
    if not golden.passed:
        raise ModelError(source, f"the network does not compute what it did when it was exported ({golden.in_words()})", hint=_EXPORT)
    return model, golden


_EXPORT = "export the model again"


def _refuse_unused(manifest: ModelManifest, bundled: InstalledModel | None, source: Path) -> None:
    if bundled is not None and version_key(manifest) <= version_key(bundled.manifest):
        raise ModelError(
            source,
            f"version {bundled.manifest.version} of '{manifest.name}' comes with Lycurgus, and version {manifest.version} is no later one",
            hint="it would not be used; give it another name or a higher version in its manifest",
        )


def _own(name: str, listed: Iterable[Listed]) -> list[Listed]:
    """Return the user's own models of a name, used or not."""
    return [each for each in listed if not isinstance(each, UnusableModel) and not is_bundled(each) and name_of(each) == name]


def _bundled(name: str) -> InstalledModel | None:
    for each in installed():
        model = each.model if isinstance(each, ShadowedModel) else each
        if isinstance(model, InstalledModel) and model.bundled and model.manifest.name == name:
            return model
    return None


def _versions(listed: Iterable[Listed]) -> tuple[str, ...]:
    models = (each.model if isinstance(each, ShadowedModel) else each for each in listed)
    return tuple(dict.fromkeys(model.manifest.version for model in models if isinstance(model, InstalledModel)))


@contextmanager
def _staging(place: Path, source: Path) -> Iterator[Path]:
    """Give an empty hidden folder beside the models; nothing is left of it, unless it was moved away."""
    staged = place / f"{_HIDDEN}{secrets.token_hex(8)}"
    try:
        place.mkdir(parents=True, exist_ok=True)
        _sweep(place)
        staged.mkdir()
    except OSError as error:
        raise ModelError(source, f"the folder of your models cannot be written to: {error.strerror}", hint=_DISK) from error
    try:
        yield staged
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _take_away(listed: Iterable[Listed]) -> None:
    """Remove folders: each vanishes at once from every list, then from the disk."""
    for each in listed:
        _discard(folder_of(each))


def _discard(folder: Path) -> None:
    forget_networks(folder)
    hidden = folder.with_name(f"{_HIDDEN}{secrets.token_hex(8)}")
    # Another window may have taken it away already.
    with suppress(FileNotFoundError):
        folder.rename(hidden)
    if hidden.is_symlink():
        # A folder elsewhere that the user has linked in: it is not ours.
        hidden.unlink()
    else:
        shutil.rmtree(hidden, ignore_errors=True)


def _sweep(place: Path) -> None:
    """Clear away what programs that were killed have left behind."""
    for left in place.glob(f"{_HIDDEN}*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _FORGOTTEN_AFTER_S:
                shutil.rmtree(left, ignore_errors=True)
