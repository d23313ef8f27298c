"""What every part of the window works with: store, jobs, settings, project file, and a way to tell the user something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject, Signal

from lycurgus.core.errors import LycurgusError
from lycurgus.parameters import default_params
from lycurgus.services.project import Project
from lycurgus.services.settings import Settings, SettingsStore
from lycurgus.ui.jobs import Job, JobRunner
from lycurgus.ui.store import Document, Store


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell the user, shown as a toast and kept in the log.

    Attributes
    ----------
    text : one sentence.
    details : what a toast's *Details* shows and *Copy* copies; "" for none.
    """

    level: Literal["info", "success", "warning", "error"]
    text: str
    details: str = ""


class Workbench(QObject):
    """The window's shared surroundings, made once and handed to each part."""

    noticed = Signal(object)
    settings_changed = Signal(object)
    strayed = Signal(str)

    def __init__(self, settings: SettingsStore, project_file: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.store = Store(default_params(), self)
        self.jobs = JobRunner(self)
        self._settings = settings
        self.project = Project.open_or_begin(project_file)
        self.jobs.crashed.connect(self._on_crash)
        # A signal, since exceptions come from any thread and toasts belong to the window's.
        self.strayed.connect(lambda details: self.fail("Something went wrong that should not have; the log has the details", details))

    @property
    def settings(self) -> Settings:
        return self._settings.settings

    def change_settings(self, **changes: object) -> None:
        """Replace settings by name and keep them on disk; a disk that refuses is a warning, not an end."""
        warning = self._settings.update(**changes)
        if warning:
            self.warn(warning)
        self.settings_changed.emit(self.settings)

    def tell(self, text: str, details: str = "") -> None:
        self.noticed.emit(Notice("info", text, details))

    def succeed(self, text: str, details: str = "") -> None:
        self.noticed.emit(Notice("success", text, details))

    def warn(self, text: str, details: str = "") -> None:
        self.noticed.emit(Notice("warning", text, details))

    def fail(self, text: str, details: str = "") -> None:
        self.noticed.emit(Notice("error", text, details))

    def fail_with(self, error: Exception) -> None:
        """Show an error as its sentence; one that was not made for users names its type in the details."""
        if isinstance(error, LycurgusError):
            self.fail(str(error))
        else:
            self.fail("Something went wrong that should not have", f"{type(error).__name__}: {error}")

    def keep_result(self, document: Document) -> None:
        """Store a document's analysis and corrections in the project file, beside the window."""
        result, history, path, shape = document.analysed, document.history, document.path, document.shape
        if result is not None:
            self._keep(document, lambda: self.project.save_result(path, result, history, shape=shape))

    def keep_journal(self, document: Document) -> None:
        """Store a document's corrections."""
        result, history, path = document.analysed, document.history, document.path
        if result is not None:
            self._keep(document, lambda: self.project.save_journal(path, history, result=result))

    def keep_failure(self, document: Document) -> None:
        """Store that and why a document could not be analysed."""
        path, error = document.path, document.error
        self._keep(document, lambda: self.project.save_failure(path, error))

    def _keep(self, document: Document, write: Callable[[], None]) -> None:
        if self.store.document(document.path) not in (document, None):
            # Closed and opened anew meanwhile: what is kept now is what the user does there.
            return
        title = f"Keeping {document.path.name}"
        self.jobs.submit("project", lambda *_: write(), title=title, on_done=lambda _: None, on_error=self.fail_with)

    def close(self) -> None:
        """Stop all work, write what is still to be kept, and close the project file; hide the window before, for the disk may be slow."""
        self.jobs.shutdown()
        self.project.close()

    def _on_crash(self, job: Job, error: Exception) -> None:
        self.fail(f"{job.title} failed unexpectedly; the rest goes on.", f"{type(error).__name__}: {error}")


def capitalised(text: str) -> str:
    """Begin a sentence with a capital: what errors and remarks say is a clause, made to follow the name of a file."""
    return text[:1].upper() + text[1:]


def plural(count: int, noun: str) -> str:
    """Write "1 image", "3 images"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def names(documents: list[Document]) -> str:
    """Name one document, count several."""
    return documents[0].path.name if len(documents) == 1 else plural(len(documents), "image")
