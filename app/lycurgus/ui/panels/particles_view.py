"""The table widget of the particle panel: keys, copying, and the menu that chooses columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from PySide6.QtCore import QAbstractItemModel, QEvent, QItemSelectionModel, QItemSelectionRange, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView, QWidget

from lycurgus.ui.panels.particles_columns import ALWAYS, TableColumn
from lycurgus.ui.panels.particles_model import ParticleModel

WIDEST_COLUMN = 240
SAMPLED_ROWS = 60


class ParticleView(QTableView):
    """A table of whole rows.

    Signals
    -------
    columns_chosen : names of the columns to show, () for the default choice.
    confirmed : Return or Enter was pressed on a row.
    """

    columns_chosen = Signal(tuple)
    confirmed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setWordWrap(False)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        header = self.horizontalHeader()
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(True)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setHighlightSections(False)
        header.setStretchLastSection(True)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._on_header_menu)

    def setModel(self, model: QAbstractItemModel | None) -> None:  # noqa: N802
        super().setModel(model)
        if model is not None:
            # A header that knows the selection asks for each cell of a column whether it is selected, at every painting.
            header = self.horizontalHeader()
            header.setSelectionModel(QItemSelectionModel(model, header))

    def model(self) -> ParticleModel:
        model = super().model()
        assert isinstance(model, ParticleModel), "the panel sets it before anything else"
        return model

    def selected_rows(self) -> list[int]:
        """Return the selected rows, ascending."""
        # A list of ranges, though its type does not say so; selectedRows() would make an object a row.
        ranges = cast("list[QItemSelectionRange]", self.selectionModel().selection())
        rows = {row for one in ranges for row in range(one.top(), one.bottom() + 1)}
        return sorted(rows)

    def copy_selection(self) -> None:
        """Put the selected rows on the clipboard."""
        if rows := self.selected_rows():
            QGuiApplication.clipboard().setText(self.model().as_text(rows))

    def column_widths(self) -> dict[str, int]:
        """Heading -> width of the columns that are shown but the last, which is stretched."""
        return {column.heading: self.columnWidth(section) for section, column in enumerate(self.model().columns[:-1])}

    def fit_columns(self, known: Mapping[str, int]) -> None:
        """Give columns their known widths by heading, and make the others as wide as their content, judged by the first rows."""
        header = self.horizontalHeader()
        header.setResizeContentsPrecision(SAMPLED_ROWS)
        for section, column in enumerate(self.model().columns):
            width = known.get(column.heading)
            if width is None:
                width = min(max(self.sizeHintForColumn(section), header.sectionSizeHint(section)) + 2, WIDEST_COLUMN)
            header.resizeSection(section, width)

    def _on_header_menu(self, at: QPoint) -> None:
        self.column_menu().popup(self.horizontalHeader().mapToGlobal(at))

    def column_menu(self) -> QMenu:
        """Make the menu of all columns, those that are shown ticked."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        shown = {column.choice for column in self.model().columns}
        offered = {column.choice: column for column in self.model().table.columns.values() if column.choice not in ALWAYS}
        for choice, column in offered.items():
            action = QAction(_menu_text(column), menu, checkable=True, checked=choice in shown)
            action.toggled.connect(lambda on, choice=choice: self._choose(choice, on))
            menu.addAction(action)
        menu.addSeparator()
        menu.addAction("Usual columns").triggered.connect(self._choose_usual)
        return menu

    def _choose_usual(self) -> None:
        self.columns_chosen.emit(())

    def _choose(self, choice: str, on: bool) -> None:
        shown = {column.choice for column in self.model().columns}
        wanted = shown | {choice} if on else shown - {choice}
        order = dict.fromkeys(column.choice for column in self.model().table.columns.values())
        self.columns_chosen.emit(tuple(name for name in order if name in wanted))

    def event(self, event: QEvent) -> bool:
        # The window has a Copy of its own; while the table has the keyboard, Ctrl+C means its rows.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.matches(QKeySequence.StandardKey.Copy):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_selection()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.confirmed.emit()
        else:
            super().keyPressEvent(event)


def _menu_text(column: TableColumn) -> str:
    if column.choice == "class":
        return "Class"
    return column.meaning.partition(":")[0] if column.decimals is not None and ":" in column.meaning else column.title
