"""The documents of the store as rows: one that changes is one row that is drawn again, in a folder of thousands too."""

from __future__ import annotations

from collections import Counter
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QSortFilterProxyModel, Qt, QTimer, Signal

from lycurgus.ui.jobs import Job
from lycurgus.ui.panels.browser_states import LOOKS, headline, share_done, tooltip
from lycurgus.ui.store import Document, ImageState, Store
from lycurgus.ui.workbench import Workbench

Index = QModelIndex | QPersistentModelIndex

DOCUMENT_ROLE = Qt.ItemDataRole.UserRole
STATE_ROLE = DOCUMENT_ROLE + 1
COUNT_ROLE = DOCUMENT_ROLE + 2
SHARE_ROLE = DOCUMENT_ROLE + 3
FOLDER_ROLE = DOCUMENT_ROLE + 4

_SETTLING_MS = 80


class DocumentsModel(QAbstractListModel):
    """Rows in the order of the store.

    Signals
    -------
    summary_changed : the header line ("37 images, 12 done, 1 failed").
    """

    summary_changed = Signal(str)

    def __init__(self, workbench: Workbench, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store: Store = workbench.store
        self._documents: list[Document] = []
        self._rows: dict[Document, int] = {}
        self._states: list[ImageState] = []
        self._counted: Counter[ImageState] = Counter()
        self._share = 0.0
        self._several_folders = False
        # A slider changes the parameters many times a second, and with them the state of every image.
        self._settling = QTimer(self, singleShot=True, interval=_SETTLING_MS)
        self._settling.timeout.connect(self._compare_with_params)
        self._store.documents_reset.connect(self._reset)
        self._store.document_changed.connect(self._changed)
        self._store.documents_changed.connect(self._compare_with_params)
        self._store.params_changed.connect(self._settling.start)
        workbench.jobs.progressed.connect(self._progressed)
        self._reset()

    @property
    def several_folders(self) -> bool:
        """Whether a name alone does not say where an image lies."""
        return self._several_folders

    @property
    def summary(self) -> str:
        return headline(self._counted)

    def row_of(self, document: Document | None) -> int | None:
        return None if document is None else self._rows.get(document)

    def at(self, row: int) -> tuple[Document, ImageState]:
        return self._documents[row], self._states[row]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802
        return 0 if parent.isValid() else len(self._documents)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        document, state = self._documents[index.row()], self._states[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return document.path.name
            case Qt.ItemDataRole.ToolTipRole:
                return tooltip(document, state)
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{document.path.name}, {LOOKS[state].word}"
            case _:
                return self._own_data(document, state, role)

    def _own_data(self, document: Document, state: ImageState, role: int) -> Any:
        if role == DOCUMENT_ROLE:
            return document
        if role == STATE_ROLE:
            return state
        if role == COUNT_ROLE:
            return None if document.analysed is None else len(document.particles)
        if role == SHARE_ROLE:
            return self._share if state is ImageState.ANALYSING else None
        if role == FOLDER_ROLE:
            return document.path.parent.name or str(document.path.parent)
        return None

    def _reset(self) -> None:
        self.beginResetModel()
        self._documents = list(self._store.documents)
        self._rows = {document: row for row, document in enumerate(self._documents)}
        params = self._store.params
        self._states = [document.state(params) for document in self._documents]
        self._several_folders = len({document.path.parent for document in self._documents}) > 1
        self._count()
        self.endResetModel()

    def _count(self) -> None:
        self._counted = Counter(self._states)
        self.summary_changed.emit(self.summary)

    def _changed(self, document: Document) -> None:
        row = self._rows.get(document)
        if row is None:
            return
        before, after = self._states[row], document.state(self._store.params)
        if after is not before:
            self._states[row] = after
            self._counted[before] -= 1
            self._counted[after] += 1
            if after is ImageState.ANALYSING:
                self._share = 0.0
            self.summary_changed.emit(self.summary)
        self._tell(row)

    def _compare_with_params(self, *_: object) -> None:
        """See which states are others: results have become stale, or fit again, or images were queued."""
        params = self._store.params
        states = [document.state(params) for document in self._documents]
        other = [row for row, (old, new) in enumerate(zip(self._states, states, strict=True)) if old is not new]
        self._states = states
        if not other:
            return
        self._count()
        self.dataChanged.emit(self.index(other[0]), self.index(other[-1]))

    def _progressed(self, job: Job, stage: str, *_: object) -> None:
        if job.lane != "inference":
            return
        self._share = max(self._share, share_done(stage))
        if ImageState.ANALYSING in self._counted:
            self._tell(self._states.index(ImageState.ANALYSING), SHARE_ROLE)

    def _tell(self, row: int, *roles: int) -> None:
        index = self.index(row)
        self.dataChanged.emit(index, index, list(roles))


class DocumentsFilter(QSortFilterProxyModel):
    """Leaves the rows whose name contains some words, and of one state."""

    def __init__(self, model: DocumentsModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._documents = model
        self._words: tuple[str, ...] = ()
        self._state: ImageState | None = None
        self.setSourceModel(model)

    def set_filter(self, text: str, state: ImageState | None) -> None:
        """Leave the files of a state, None for any, whose folder and name contain every word, in whatever case."""
        self._words = tuple(text.casefold().split())
        self._state = state
        self.invalidate()

    def filterAcceptsRow(self, row: int, parent: Index) -> bool:  # noqa: ARG002, N802
        # Not by way of index and data: in a list of thousands that would be felt while typing.
        document, state = self._documents.at(row)
        if self._state is not None and state is not self._state:
            return False
        if not self._words:
            return True
        name = f"{document.path.parent.name}/{document.path.name}".casefold()
        return all(word in name for word in self._words)
