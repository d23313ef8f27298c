"""Networks added, removed, checked and chosen from the window; the work is that of ``lycurgus models``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from lycurgus.core.progress import CancelToken
from lycurgus.inference.catalog import DEFAULT_MODEL, InstalledModel, Listed, installed, usable
from lycurgus.inference.session import Network, open_network
from lycurgus.parameters import with_settings
from lycurgus.services.model_sources import looks_like_model
from lycurgus.services.models import Added, Removed, add_model, card_of, check_model, folder_of, remove_model
from lycurgus.ui.jobs import Job
from lycurgus.ui.workbench import Workbench

OpenImages = Callable[[Sequence[Path]], None]


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model as the list of them shows it.

    Attributes
    ----------
    card : Markdown, "" where there is none.
    is_default : whether those who choose none get it.
    """

    listed: Listed
    card: str
    is_default: bool


class ModelKeeping(QObject):
    """Works beside the window, since a network may have hundreds of MB and is run to be believed.

    Signals
    -------
    changed : models were added or removed.
    added, checked : Added, ModelCheck.
    told : whether it went well, and the sentence that the user reads.
    busy : what is being done, a line; "" when nothing is any more.
    """

    changed = Signal()
    added = Signal(object)
    checked = Signal(object)
    told = Signal(bool, str)
    busy = Signal(str)

    def __init__(self, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._bench = workbench
        self._working: list[Job] = []

    def take_dropped(self, paths: Sequence[Path], open_images: OpenImages) -> None:
        """Add what is dropped and means a model, and hand the rest to be opened; a folder has to be looked into to know."""

        def sort(*_: object) -> tuple[list[Path], list[Path]]:
            models = [path for path in paths if looks_like_model(path)]
            return models, [path for path in paths if path not in models]

        def deliver(sorted_paths: tuple[list[Path], list[Path]]) -> None:
            models, images = sorted_paths
            if images:
                open_images(images)
            for path in models:
                self._bench.tell(f"Checking the model in {path.name}…")
                self.add(path)

        self._bench.jobs.submit("io", sort, title="Looking at what was dropped", on_done=deliver, on_error=self._bench.fail_with)

    def add(self, source: Path) -> None:
        """Add a model from a folder or a zip archive; a refusal is told with its reason."""
        self._work(f"Checking the model in {source.name}", lambda cancel: add_model(source, cancel=cancel), self._on_added)

    def remove(self, name: str) -> None:
        """Remove a model that the user has added."""
        self._work(f"Removing the model {name}", lambda _: remove_model(name), self._on_removed)

    def check(self, listed: Listed) -> None:
        """Run a model's golden sample."""
        device = self._bench.settings.device
        self._work(f"Checking {folder_of(listed).name}", lambda _: check_model(listed, device=device), self.checked.emit)

    def use(self, name: str) -> None:
        """Let particles be found by a network from now on."""
        self._bench.store.set_params(with_settings(self._bench.store.params, ["detector.name=network", f"detector.model={name}"]))

    @property
    def in_use(self) -> str:
        """Name of the network that the parameters choose; "" where they choose none."""
        detector = self._bench.store.params.detector
        return str(getattr(detector, "model", ""))

    def list_entries(self, on_done: Callable[[list[ModelEntry]], None]) -> Job:
        """Read which models there are, and their cards."""

        def look(*_: object) -> list[ModelEntry]:
            default = usable()[:1]
            return [ModelEntry(listed, card_of(folder_of(listed)), listed in default) for listed in installed()]

        return self._bench.jobs.submit("io", look, title="Listing models", key="models", on_done=on_done, on_error=self._bench.fail_with)

    def find_provider(self, model: InstalledModel, on_done: Callable[[Network], None], on_error: Callable[[Exception], None]) -> Job:
        """See where a network runs on this machine: it is opened, as an analysis would."""
        device = self._bench.settings.device
        title = f"Looking where {model.manifest.name} runs"
        return self._bench.jobs.submit(
            "io", lambda *_: open_network(model, device), title=title, key="model provider", on_done=on_done, on_error=on_error
        )

    def _work(self, title: str, work: Callable[[CancelToken], Any], on_done: Callable[[Any], None]) -> None:
        job = self._bench.jobs.submit("io", lambda _, cancel: work(cancel), title=title, on_done=on_done, on_error=self._on_error)
        self._working.append(job)
        job.finished.connect(lambda: self._on_finished(job))
        self.busy.emit(f"{title}…")

    def _on_finished(self, job: Job) -> None:
        self._working.remove(job)
        self.busy.emit(f"{self._working[-1].title}…" if self._working else "")

    def _on_added(self, added: Added) -> None:
        name = added.model.manifest.name
        details = [f"Golden sample: met {added.golden.in_words()}", f"Kept in {added.model.folder}"]
        details += [f"Left out, for it does not belong to a model: {', '.join(added.left_out)}"] if added.left_out else []
        hint = "" if added.updates and self.in_use in (name, DEFAULT_MODEL) else " Choose it in the parameters: Detection, Model."
        self._bench.succeed(f"{added.in_words()}{hint}", "\n".join(details))
        self.changed.emit()
        self.added.emit(added)
        self.told.emit(True, added.in_words())

    def _on_removed(self, removed: Removed) -> None:
        sentence = removed.in_words()
        if self.in_use == removed.name and removed.bundled is None:
            self.use(DEFAULT_MODEL)
            sentence += " The parameters go back to the default model."
        self._bench.succeed(sentence)
        self.changed.emit()
        self.told.emit(True, sentence)

    def _on_error(self, error: Exception) -> None:
        self._bench.fail_with(error)
        self.told.emit(False, str(error))
