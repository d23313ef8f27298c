"""The list of images that failed: which, why, and another try."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lycurgus.ui.analysing import Analysing
from lycurgus.ui.batching import Batching
from lycurgus.ui.dialogs.buttons import settle_buttons
from lycurgus.ui.store import Document
from lycurgus.ui.workbench import Workbench, plural

_DOCUMENT = Qt.ItemDataRole.UserRole


class FailuresDialog(QDialog):
    """Follows the store: what is being tried again leaves the list, and comes back where it fails again.

    Another try is requested, so that corrections by hand are asked for first.
    """

    def __init__(self, workbench: Workbench, analysing: Analysing, batching: Batching, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = workbench.store
        self._analysing, self._batching = analysing, batching
        self.setWindowTitle("Failed images")
        self._headline = QLabel()
        self._list = QTreeWidget()
        self._list.setHeaderLabels(["Image", "Reason"])
        self._list.setRootIsDecorated(False)
        self._list.setUniformRowHeights(True)
        self._list.setIndentation(0)
        self._list.setAlternatingRowColors(True)
        self._list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self._list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self._list.setAllColumnsShowFocus(True)
        header = self._list.header()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(True)
        width = self.fontMetrics().averageCharWidth()
        header.resizeSection(0, 40 * width)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self._copy = buttons.addButton("&Copy", QDialogButtonBox.ButtonRole.ActionRole)
        self._copy.setToolTip("Copy the selected lines, or all of them where none is selected")
        self._retry_selected = buttons.addButton("Retry &selected", QDialogButtonBox.ButtonRole.ActionRole)
        self._retry_all = buttons.addButton("&Retry all", QDialogButtonBox.ButtonRole.ActionRole)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        layout.addWidget(self._headline)
        layout.addWidget(self._list, 1)
        layout.addWidget(buttons)
        settle_buttons(buttons, self._retry_all)
        buttons.rejected.connect(self.reject)
        self._copy.clicked.connect(self.copy)
        self._retry_selected.clicked.connect(self.retry_selected)
        self._retry_all.clicked.connect(lambda: self._retry(self.failed))
        QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self._list, self.copy, context=Qt.ShortcutContext.WidgetShortcut)
        self._list.itemSelectionChanged.connect(self._enable)
        self._store.document_changed.connect(self._update)
        self._store.documents_changed.connect(self._refill)
        self._store.documents_reset.connect(self._refill)
        self.resize(140 * width, 24 * self.fontMetrics().height())
        self._refill()

    @property
    def failed(self) -> Sequence[Document]:
        """The images in the list."""
        return [item.data(0, _DOCUMENT) for item in self._items()]

    def select(self, documents: Sequence[Document]) -> None:
        for item in self._items():
            item.setSelected(item.data(0, _DOCUMENT) in documents)

    def retry_selected(self) -> None:
        self._retry(self._selected())

    def copy(self) -> None:
        """Put file and reason of the selected images, or of all, on the clipboard, a line each."""
        documents = self._selected() or self.failed
        QGuiApplication.clipboard().setText("\n".join(f"{document.path}\t{document.reason}" for document in documents))

    def _retry(self, documents: Sequence[Document]) -> None:
        """Try again where an image failed: in the last batch, or by itself."""
        self._analysing.request(self._batching.retry(documents))

    def _selected(self) -> list[Document]:
        return [item.data(0, _DOCUMENT) for item in self._list.selectedItems()]

    def _items(self) -> list[QTreeWidgetItem]:
        found = [self._list.topLevelItem(row) for row in range(self._list.topLevelItemCount())]
        return [item for item in found if item is not None]

    def _refill(self, *_: object) -> None:
        self._list.clear()
        self._list.addTopLevelItems([_line(document) for document in self._store.documents if is_failed(document)])
        self._enable()

    def _update(self, document: Document) -> None:
        """Bring one image's line up to date, without losing the selection of the others."""
        shown = next((item for item in self._items() if item.data(0, _DOCUMENT) is document), None)
        if shown is not None and (not is_failed(document) or shown.text(1) != document.reason):
            self._list.takeTopLevelItem(self._list.indexOfTopLevelItem(shown))
            shown = None
        if shown is None and is_failed(document):
            self._list.addTopLevelItem(_line(document))
        self._enable()

    def _enable(self) -> None:
        count = self._list.topLevelItemCount()
        self._headline.setText(f"{plural(count, 'image')} failed." if count else "No image has failed.")
        self._retry_all.setEnabled(bool(count))
        self._copy.setEnabled(bool(count))
        self._retry_selected.setEnabled(bool(self._list.selectedItems()))


def is_failed(document: Document) -> bool:
    """Tell whether a document failed and is not being tried again."""
    return bool(document.error) and not document.busy


def _line(document: Document) -> QTreeWidgetItem:
    item = QTreeWidgetItem([document.path.name, document.reason])
    item.setData(0, _DOCUMENT, document)
    item.setToolTip(0, str(document.path))
    item.setToolTip(1, document.reason)
    return item
