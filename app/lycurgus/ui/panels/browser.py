"""The image browser: every open image with thumbnail, state and number of particles."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, QPoint, Qt, QUrl, Signal
from PySide6.QtGui import QAction, QDesktopServices, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from lycurgus.ui.analysing import Analysing
from lycurgus.ui.opening import Opening
from lycurgus.ui.panels.browser_delegate import DocumentDelegate
from lycurgus.ui.panels.browser_model import DOCUMENT_ROLE, DocumentsFilter, DocumentsModel
from lycurgus.ui.panels.browser_states import LOOKS
from lycurgus.ui.panels.browser_thumbnails import LazyThumbnails
from lycurgus.ui.store import Document, ImageState
from lycurgus.ui.workbench import Workbench, plural

EMPTY = "Drop images or folders here, or press Ctrl+O to open some."
NONE_MATCH = "No image matches the filter."

_Select = QItemSelectionModel.SelectionFlag


class BrowserPanel(QWidget):
    """Shows the documents of the store; the current row is the current document.

    Signals
    -------
    analyse_requested : list of Documents to be analysed; corrections of some of them may have to be asked for first.
    selection_changed : the documents that are selected are others.
    """

    analyse_requested = Signal(object)
    selection_changed = Signal()

    def __init__(self, workbench: Workbench, opening: Opening, analysing: Analysing, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bench = workbench
        self._store = workbench.store
        self._opening = opening
        self._analysing = analysing
        self._following = False
        self._kept_selection: list[Document] = []
        self._menu: QMenu | None = None

        self.model = DocumentsModel(workbench, self)
        self._shown = DocumentsFilter(self.model, self)
        self._thumbnails = LazyThumbnails(workbench, self)
        self._delegate = DocumentDelegate(self._thumbnails, self)

        self.header = QLabel(self.model.summary)
        self.name_filter = QLineEdit(placeholderText="Filter by name", clearButtonEnabled=True)
        self.name_filter.setAccessibleName("Filter images by name")
        self.name_filter.setToolTip("Words that the name of the file or of its folder contains")
        self.state_filter = _state_filter()
        self.view = _List()
        self.view.setModel(self._shown)
        self.view.setItemDelegate(self._delegate)
        self.view.setAccessibleName("Images")
        self.empty = QLabel(EMPTY, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self.empty.setMargin(16)
        self.empty.setForegroundRole(self.empty.palette().ColorRole.PlaceholderText)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.view)
        self._stack.addWidget(self.empty)
        self._lay_out()
        self._connect()
        self._after_reset()

    def selected_documents(self) -> list[Document]:
        """Return the selected documents in the order of the list."""
        rows = sorted(self.view.selectionModel().selectedIndexes(), key=lambda index: index.row())
        return [index.data(DOCUMENT_ROLE) for index in rows]

    def step(self, by: int) -> None:
        """Show the next (1) or previous (-1) image of the list as it is filtered; at the ends nothing happens."""
        here = self._index_of(self._store.current)
        # From an image that the filter hides one gets to the first that it leaves.
        target = min(max(here.row() + by, 0), self._shown.rowCount() - 1) if here.isValid() else 0
        index = self._shown.index(target, 0)
        if index.isValid() and index != here:
            self._opening.show(index.data(DOCUMENT_ROLE))

    def menu_for(self, documents: Sequence[Document]) -> QMenu:
        """Return the context menu of documents; the caller shows it."""
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        failed = [document for document in documents if document.error]
        one = documents[0] if len(documents) == 1 else None
        these = "this image" if one else f"these {plural(len(documents), 'image')}"
        self._add(menu, f"&Analyse {these}", lambda: self.analyse_requested.emit(list(documents)))
        self._add(
            menu, f"&Retry {plural(len(failed), 'failed image')}" if not one else "&Retry", lambda: self._analysing.request(failed)
        ).setEnabled(bool(failed))
        menu.addSeparator()
        self._add(menu, "Show in &file manager", lambda: self._reveal(documents))
        self._add(menu, "&Copy path" if one else "&Copy paths", lambda: _copy_paths(documents))
        menu.addSeparator()
        remove = self._add(menu, f"Re&move {these} from the list", lambda: self._opening.forget(documents))
        remove.setToolTip("The files stay on the disk, and what is known of them in the project file")
        return menu

    def _lay_out(self) -> None:
        filters = QHBoxLayout()
        filters.setSpacing(6)
        filters.addWidget(self.name_filter, 1)
        filters.addWidget(self.state_filter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(6)
        layout.addLayout(filters)
        layout.addWidget(self.header)
        layout.addWidget(self._stack, 1)
        self.setFocusProxy(self.view)

    def _connect(self) -> None:
        self.model.summary_changed.connect(self._summarise)
        self.model.modelAboutToBeReset.connect(self._before_reset)
        self.model.modelReset.connect(self._after_reset)
        for change in (self._shown.rowsInserted, self._shown.rowsRemoved, self._shown.layoutChanged):
            change.connect(self._show_list_or_sentence)
        self.name_filter.textChanged.connect(self._filter)
        self.state_filter.currentIndexChanged.connect(self._filter)
        self.view.selectionModel().currentChanged.connect(self._row_chosen)
        self.view.selectionModel().selectionChanged.connect(self._selected)
        self.view.customContextMenuRequested.connect(self._open_menu)
        self._store.current_changed.connect(self._follow)
        self._thumbnails.made.connect(self._repaint)

    def _before_reset(self) -> None:
        self._kept_selection = self.selected_documents()
        self._following = True

    def _after_reset(self) -> None:
        self._following = False
        if self._delegate.with_folder != self.model.several_folders:
            self._delegate.with_folder = self.model.several_folders
            self.view.scheduleDelayedItemsLayout()
        selection = QItemSelection()
        for document in self._kept_selection:
            index = self._index_of(document)
            if index.isValid():
                selection.select(index, index)
        self._kept_selection = []
        self._follow(self._store.current)
        if not selection.isEmpty():
            self.view.selectionModel().select(selection, _Select.Select)
        self._show_list_or_sentence()

    def _summarise(self, *_: object) -> None:
        shown, every = self._shown.rowCount(), self.model.rowCount()
        self.header.setText(self.model.summary if shown == every else f"{shown:,} of {self.model.summary}")

    def _show_list_or_sentence(self) -> None:
        self._summarise()
        self.empty.setText(NONE_MATCH if self.model.rowCount() else EMPTY)
        self._stack.setCurrentWidget(self.view if self._shown.rowCount() else self.empty)

    def _filter(self) -> None:
        self._following = True
        state = self.state_filter.currentData()
        self._shown.set_filter(self.name_filter.text(), None if state is None else ImageState(state))
        self._following = False
        self._follow(self._store.current)
        self._show_list_or_sentence()

    def _row_chosen(self, index: QModelIndex) -> None:
        document = index.data(DOCUMENT_ROLE)
        if not self._following and document is not None and document is not self._store.current:
            self._opening.show(document)

    def _follow(self, document: Document | None) -> None:
        """Make the row of the current document the current row, without showing it again."""
        index = self._index_of(document)
        if index == self.view.currentIndex() and (index.isValid() or document is None):
            return
        self._following = True
        self.view.selectionModel().setCurrentIndex(index, _Select.ClearAndSelect)
        self._following = False
        if index.isValid():
            self.view.scrollTo(index)

    def _selected(self) -> None:
        self.selection_changed.emit()

    def _index_of(self, document: Document | None) -> QModelIndex:
        row = self.model.row_of(document)
        return QModelIndex() if row is None else self._shown.mapFromSource(self.model.index(row))

    def _repaint(self, document: Document) -> None:
        index = self._index_of(document)
        if index.isValid():
            self.view.update(index)

    def _open_menu(self, at: QPoint) -> None:
        documents = self.selected_documents()
        if documents:
            if self._menu is not None:
                # Not when it closes: then its action is still to be triggered.
                self._menu.deleteLater()
            self._menu = self.menu_for(documents)
            self._menu.popup(self.view.viewport().mapToGlobal(at))

    def _add(self, menu: QMenu, text: str, run: object) -> QAction:
        action = menu.addAction(text)
        action.triggered.connect(run)
        return action

    def _reveal(self, documents: Sequence[Document]) -> None:
        for folder in dict.fromkeys(document.path.parent for document in documents):
            if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
                self._bench.warn(f"The folder {folder} could not be shown")


class _List(QListView):
    """A list in which Page Up and Page Down go to the previous and next image, as in the viewer."""

    def __init__(self) -> None:
        super().__init__()
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setMouseTracking(True)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        step = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}.get(Qt.Key(event.key()))
        if step is None or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            super().keyPressEvent(event)
            return
        index = self.model().index(self.currentIndex().row() + step, 0)
        if index.isValid():
            self.setCurrentIndex(index)


def _state_filter() -> QComboBox:
    box = QComboBox()
    box.addItem("All states", None)
    for state, look in LOOKS.items():
        box.addItem(f"{look.sign}  {look.word}", state)
        box.setItemData(box.count() - 1, look.help, Qt.ItemDataRole.ToolTipRole)
    box.setToolTip("Show only the images of one state")
    return box


def _copy_paths(documents: Sequence[Document]) -> None:
    QGuiApplication.clipboard().setText("\n".join(str(document.path) for document in documents))
