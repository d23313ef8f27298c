"""The state of the window: documents, the current one, selection, parameters. Panels show it; only commands change it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject, Signal

from lycurgus.core.history import History, edited_result
from lycurgus.core.params import AnalysisParams
from lycurgus.core.types import AnalysisResult, Micrograph, Particle, PixelSize


class ImageState(StrEnum):
    """What has happened to an image so far."""

    NEW = "new"
    QUEUED = "queued"
    ANALYSING = "analysing"
    DONE = "done"
    EDITED = "edited"
    STALE = "stale"
    FAILED = "failed"


@dataclass(eq=False)
class Document:
    """One image of the session.

    Attributes
    ----------
    analysed : what the analysis found, without pixels; None before.
    history : corrections by hand on top of it.
    pixel_size : what the user said, over what the file says; None where he said nothing.
    file_pixel_size : what the file says, known once it was read.
    size_awaited : whether what the user said in an earlier session is still to be read from the project file. Until then no default
        takes its place; what he says meanwhile does.
    shape : (H, W) once the file was read.
    error : why reading or analysing failed.
    busy : "" or "queued" or "analysing".
    unreadable : whether ``error`` is that of reading the picture for the screen.
    awaited_edits : corrections that the project file holds and that are still to be read from it, or could not be.
    """

    path: Path
    analysed: AnalysisResult | None = None
    history: History = field(default_factory=History)
    pixel_size: PixelSize | None = None
    file_pixel_size: PixelSize | None = None
    size_awaited: bool = False
    shape: tuple[int, int] | None = None
    error: str = ""
    busy: Literal["", "queued", "analysing"] = ""
    unreadable: bool = False
    awaited_edits: int = 0
    _shown: AnalysisResult | None = None

    @property
    def result(self) -> AnalysisResult | None:
        """The analysis with every correction applied: what tables, plots and exports show."""
        if self.analysed is None:
            return None
        if self._shown is None:
            self._shown = edited_result(self.analysed, self.history)
        return self._shown

    @property
    def reason(self) -> str:
        """Why it failed, without the name of its file, with which the errors of files begin."""
        return self.error.removeprefix(f"{self.path.name}: ")

    @property
    def n_edits(self) -> int:
        """Corrections by hand that a new analysis would replace."""
        return self.history.n_edits or self.awaited_edits

    @property
    def particles(self) -> tuple[Particle, ...]:
        return self.result.particles if self.result else ()

    def touch(self) -> None:
        """Forget what was derived from analysis and history; call after changing either."""
        self._shown = None

    def state(self, params: AnalysisParams) -> ImageState:
        """Say what the image browser shows, given the parameters that are set now."""
        if self.busy:
            return ImageState(self.busy)
        if self.error:
            return ImageState.FAILED
        if self.analysed is None:
            return ImageState.NEW
        if self.is_stale(params):
            return ImageState.STALE
        return ImageState.EDITED if self.history.n_edits else ImageState.DONE

    def is_stale(self, params: AnalysisParams) -> bool:
        """Tell whether an analysis with these parameters, or with the pixel size set since, could give something else."""
        if self.analysed is None:
            return False
        return self.has_other_scale or self.analysed.provenance.params_digest != params.digest

    @property
    def has_other_scale(self) -> bool:
        """Whether the analysis was measured with another pixel size than the one that holds now."""
        if self.analysed is None:
            return False
        measured_with = self.analysed.micrograph.pixel_size
        if self.pixel_size is not None:
            return measured_with != self.pixel_size
        # The user's word, which he has taken back.
        return measured_with is not None and measured_with.is_users_word


class Store(QObject):
    """The one place of state, and the signals that tell of its changes.

    Signals
    -------
    documents_reset : the list of documents is another one.
    document_changed : a Document whose state, result or calibration changed.
    documents_changed : many such Documents at once (Sequence); of the current one ``document_changed`` tells as well.
    recalled : a Document of which it is known now what the user said about its pixel size in an earlier session.
    released : list of Documents that a run had in its queue or in work, and has no longer.
    current_changed : the current Document, or None.
    micrograph_changed : the pixels of the current document are there (Micrograph), or gone (None).
    selection_changed : frozenset of particle ids of the current document.
    params_changed : AnalysisParams.
    """

    documents_reset = Signal()
    document_changed = Signal(object)
    recalled = Signal(object)
    released = Signal(object)
    documents_changed = Signal(object)
    current_changed = Signal(object)
    micrograph_changed = Signal(object)
    selection_changed = Signal(object)
    params_changed = Signal(object)

    def __init__(self, params: AnalysisParams, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._documents: list[Document] = []
        self._by_path: dict[Path, Document] = {}
        self._current: Document | None = None
        self._micrograph: Micrograph | None = None
        self._selection: frozenset[int] = frozenset()
        self._params = params

    @property
    def documents(self) -> Sequence[Document]:
        return self._documents

    @property
    def current(self) -> Document | None:
        return self._current

    @property
    def micrograph(self) -> Micrograph | None:
        """The current document's picture with its pixels, once it is read."""
        return self._micrograph

    @property
    def selection(self) -> frozenset[int]:
        return self._selection

    @property
    def selected_particles(self) -> tuple[Particle, ...]:
        particles = self._current.particles if self._current else ()
        return tuple(particle for particle in particles if particle.id in self._selection)

    @property
    def params(self) -> AnalysisParams:
        return self._params

    def document(self, path: Path) -> Document | None:
        return self._by_path.get(path)

    def add_documents(self, documents: Iterable[Document]) -> None:
        """Append documents whose paths are not there yet."""
        fresh = {document.path: document for document in documents if document.path not in self._by_path}
        if fresh:
            self._documents.extend(fresh.values())
            self._by_path.update(fresh)
            self.documents_reset.emit()

    def remove_documents(self, documents: Iterable[Document]) -> None:
        gone = set(documents)
        self._documents = [document for document in self._documents if document not in gone]
        self._by_path = {document.path: document for document in self._documents}
        if self._current in gone:
            self.set_current(None)
        self.documents_reset.emit()

    def set_current(self, document: Document | None) -> None:
        """Make another document the current one; its pixels follow when they are read."""
        if document is self._current:
            return
        self._current = document
        self._micrograph = None
        self._selection = frozenset()
        self.current_changed.emit(document)
        self.micrograph_changed.emit(None)
        self.selection_changed.emit(self._selection)

    def set_micrograph(self, micrograph: Micrograph | None) -> None:
        self._micrograph = micrograph
        self.micrograph_changed.emit(micrograph)

    def select(self, ids: Iterable[int]) -> None:
        """Select particles of the current document by id; unknown ids are left out."""
        known = {particle.id for particle in self._current.particles} if self._current else set()
        wanted = frozenset(ids) & known
        if wanted != self._selection:
            self._selection = wanted
            self.selection_changed.emit(wanted)

    def set_params(self, params: AnalysisParams) -> None:
        if params != self._params:
            self._params = params
            self.params_changed.emit(params)

    def announce(self, documents: Sequence[Document]) -> None:
        """Announce that the state of documents changed, though no result did: what hears of thousands hears of them once."""
        if len(documents) == 1 or self._current in documents:
            self.document_changed.emit(documents[0] if len(documents) == 1 else self._current)
        if len(documents) > 1:
            self.documents_changed.emit(documents)

    def changed(self, document: Document) -> None:
        """Announce that a document's content changed; the selection loses particles that are gone."""
        document.touch()
        self.document_changed.emit(document)
        if document is self._current:
            self.select(self._selection)
