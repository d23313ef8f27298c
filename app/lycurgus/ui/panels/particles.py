"""The particle table: sorted, filtered, copied, and selected together with the overlay and the histogram."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QEvent, QItemSelectionModel, QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QMenu, QVBoxLayout, QWidget

from lycurgus.core.errors import ParameterError
from lycurgus.core.types import Particle, PixelSize
from lycurgus.ui.editing import Editing
from lycurgus.ui.panels.blank import OrBlank, why_empty
from lycurgus.ui.panels.particles_filter import Filter, parse_filter
from lycurgus.ui.panels.particles_menu import fill_menu
from lycurgus.ui.panels.particles_model import ParticleModel
from lycurgus.ui.panels.particles_table import ParticleTable, Rows
from lycurgus.ui.panels.particles_view import ParticleView
from lycurgus.ui.store import Document
from lycurgus.ui.workbench import Workbench, capitalised, plural

SPACING = 6
SEVERAL_CHANGES_MS = 150
TYPING_MS = 200
AT_ONCE = 20_000
"""Rows that are sorted in the window's thread (some 20 ms); more go to a job."""
IN_THIS_TURN = 1_000
KEY = "particles"
THIS_IMAGE, WHOLE_SAMPLE = range(2)
HELP = 'For instance d > 5, circularity < 0.8, 5 < feret < 10, border, not excluded, #12, "by hand"; "or" between alternatives'


class ParticlesPanel(QWidget):
    """Shows the particles of the current image or of all.

    Signals
    -------
    reveal_requested : ids of particles of the current image that the viewer shall show.
    document_requested : a Document that is to be shown, and the id of the particle to select in it.
    """

    reveal_requested = Signal(object)
    document_requested = Signal(object, int)

    def __init__(self, workbench: Workbench, editing: Editing, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bench, self._store, self._editing = workbench, workbench.store, editing
        self._filter: Filter | None = None
        self._sorted_by, self._descending = "", False
        self._content = _NOTHING
        self._arranging = False
        self._linking = False
        self._is_ahead = False
        self._widths_for: tuple[str, ...] = ()

        self.model = ParticleModel(self)
        self.model.set_palette(self.palette())
        self.view = ParticleView()
        self.view.setAccessibleName("Particles")
        self.view.setModel(self.model)
        self.scope = QComboBox()
        self.scope.addItems(("This image", "Whole sample"))
        self.scope.setToolTip("Particles of the image that is shown, or of all images that are open")
        self.filter_line = QLineEdit()
        self.filter_line.setPlaceholderText("Filter: d > 5, circularity < 0.8, border, #12")
        self.filter_line.setAccessibleName("Filter particles")
        self.filter_line.setToolTip(HELP)
        self.filter_line.setClearButtonEnabled(True)
        self.status = QLabel()
        self.status.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        # In a line of its own, for a sentence may be longer than what is free beside the filter.
        self.complaint = QLabel(wordWrap=True)
        self.complaint.setTextFormat(Qt.TextFormat.PlainText)
        self.complaint.hide()
        self.pages = OrBlank(self.view)
        self._lay_out()

        self._later = _timer(self, SEVERAL_CHANGES_MS, self.refresh)
        # The picture shows a correction first, a long table in the next turn.
        self._soon = _timer(self, 0, self.refresh)
        self._typed = _timer(self, TYPING_MS, self._apply_filter)
        self._connect()
        self.refresh()

    def refresh(self) -> None:
        """Show the store's particles, where they or the columns are others than those shown."""
        documents = self._documents()
        content = _Content.of(self.scope.currentIndex(), documents)
        if not content.is_same(self._content):
            self._content = content
            images = self.scope.currentIndex() == WHOLE_SAMPLE
            self._arrange(partial(ParticleTable, documents, images=images), sum(map(len, content.particles)))
        self._say_what_there_is()

    def set_filter(self, text: str) -> None:
        """Type into the filter line and apply it at once."""
        self.filter_line.setText(text)
        self._typed.stop()
        self._apply_filter()

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.setSpacing(SPACING)
        bar.addWidget(self.scope)
        bar.addWidget(self.filter_line, 2)
        bar.addWidget(self.status)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACING, SPACING, SPACING, SPACING)
        layout.setSpacing(SPACING)
        layout.addLayout(bar)
        layout.addWidget(self.complaint)
        layout.addWidget(self.pages, 1)

    def _connect(self) -> None:
        store, view = self._store, self.view
        store.documents_reset.connect(self._later.start)
        store.current_changed.connect(self._on_current)
        store.document_changed.connect(self._on_document)
        store.documents_changed.connect(self._on_documents)
        store.selection_changed.connect(self._show_selection)
        store.selection_changed.connect(self._say_what_there_is)
        self._bench.settings_changed.connect(self._on_settings)
        self.scope.currentIndexChanged.connect(self.refresh)
        self.filter_line.textChanged.connect(self._typed.start)
        self.filter_line.returnPressed.connect(self._apply_filter)
        view.selectionModel().selectionChanged.connect(self._on_rows_selected)
        view.horizontalHeader().sortIndicatorChanged.connect(self._on_sort)
        view.columns_chosen.connect(lambda names: self._bench.change_settings(columns=names))
        view.confirmed.connect(self._reveal)
        view.doubleClicked.connect(self._reveal)
        view.customContextMenuRequested.connect(self._on_menu)

    def _documents(self) -> tuple[Document, ...]:
        if self.scope.currentIndex() == WHOLE_SAMPLE:
            return tuple(document for document in self._store.documents if document.analysed is not None)
        return (self._store.current,) if self._store.current is not None else ()

    def _on_current(self, _: Document | None) -> None:
        if self.scope.currentIndex() == THIS_IMAGE:
            self.refresh()

    def _on_document(self, document: Document) -> None:
        if document is self._store.current and self.scope.currentIndex() == THIS_IMAGE:
            if len(self.model.table) > IN_THIS_TURN:
                self._soon.start()
            else:
                self.refresh()
        elif self.scope.currentIndex() == WHOLE_SAMPLE:
            self._later.start()

    def _on_documents(self, _: object) -> None:
        if self.scope.currentIndex() == WHOLE_SAMPLE:
            self._later.start()

    def _on_settings(self, _: object) -> None:
        if self.model.columns != self.model.table.shown_columns(self._bench.settings.columns):
            self._rearrange()

    def _on_sort(self, section: int, order: Qt.SortOrder) -> None:
        name = self.model.columns[section].name if 0 <= section < len(self.model.columns) else ""
        descending = order == Qt.SortOrder.DescendingOrder
        if (name, descending) != (self._sorted_by, self._descending):
            self._sorted_by, self._descending = name, descending
            self._rearrange()

    def _apply_filter(self) -> None:
        self._typed.stop()
        try:
            self._filter = parse_filter(self.filter_line.text())
        except ParameterError as error:
            self._complain(error)
            return
        self.complaint.hide()
        self._rearrange()

    def _rearrange(self) -> None:
        """Sort and filter the same particles again."""
        if self._arranging:
            # Others are on their way; the column and filter that were just chosen are for them.
            self._content = _NOTHING
            self.refresh()
        else:
            table = self.model.table
            self._arrange(lambda: table, len(table))

    def _arrange(self, make: Callable[[], ParticleTable], count: int) -> None:
        """Make a table, sort and filter it, then show it; in a job where it is long."""
        condition, by, descending = self._filter, self._sorted_by, self._descending

        def arranged(*_: object) -> _Arranged:
            table = make()
            try:
                truths = condition(table) if condition else None
            except ParameterError as error:
                return _Arranged(table, table.order(by=by, descending=descending), error)
            return _Arranged(table, table.order(truths, by=by, descending=descending))

        self._arranging = count > AT_ONCE
        if self._arranging:
            self._bench.jobs.submit(
                "preview", arranged, title="Sorting particles", key=KEY, on_done=self._put, on_error=self._bench.fail_with
            )
            return
        for job in self._bench.jobs.active:
            if job.key == KEY:
                job.cancel()
        self._put(arranged())

    def _put(self, arranged: _Arranged) -> None:
        table, rows = arranged.table, arranged.rows
        self._arranging = False
        if arranged.complaint is not None:
            self._complain(arranged.complaint)
        scrolled = self.view.verticalScrollBar().value()
        columns = table.shown_columns(self._bench.settings.columns)
        were_fitted = self._widths_for == tuple(column.heading for column in self.model.columns)
        widths = self.view.column_widths() if were_fitted else {}
        self._linking = True
        self.model.show(table, rows, columns)
        self._linking = False
        self._mark_sorted_column()
        headings = tuple(column.heading for column in columns)
        if headings != self._widths_for and len(rows):
            self._widths_for = headings
            self.view.fit_columns(widths)
        self.view.verticalScrollBar().setValue(scrolled)
        self._show_selection(self._store.selection, scroll=self._is_ahead)
        self._is_ahead = False
        self._say_what_there_is()

    def _mark_sorted_column(self) -> None:
        names = [column.name for column in self.model.columns]
        section = names.index(self._sorted_by) if self._sorted_by in names else -1
        header = self.view.horizontalHeader()
        header.blockSignals(True)
        header.setSortIndicator(section, Qt.SortOrder.DescendingOrder if self._descending else Qt.SortOrder.AscendingOrder)
        header.blockSignals(False)

    def _complain(self, error: ParameterError) -> None:
        self.complaint.setText(f"⚠ {capitalised(str(error))}")
        self.complaint.show()

    def _say_what_there_is(self, *_: object) -> None:
        table, shown = self.model.table, self.model.rowCount()
        counts = plural(len(table), "particle") if shown == len(table) else f"{shown:,} of {plural(len(table), 'particle')}"
        numbers = {"excluded": table.n_excluded, "selected": len(self._store.selection)}
        self.status.setText(", ".join([counts, *(f"{number:,} {what}" for what, number in numbers.items() if number)]))
        # Never cut: "4,356" without its "4,3" is another number.
        self.status.setMinimumWidth(self.status.sizeHint().width())
        self.pages.say(self._blank_sentence(shown))

    def _blank_sentence(self, shown: int) -> str:
        current = self._store.current
        if len(self.model.table):
            return "" if shown else "No particle passes the filter: change or clear it"
        if self.scope.currentIndex() == WHOLE_SAMPLE:
            return "No particles yet: analyse the images"
        return "No image is open: drop images or a folder on the window" if current is None else why_empty(current)

    def _show_selection(self, ids: frozenset[int], *, scroll: bool = True) -> None:
        """From the store to the rows; particles of a correction may be selected before the table has them."""
        self._is_ahead = self._soon.isActive()
        current = self._store.current
        if self._linking or current is None:
            return
        rows = self.model.rows_of(current, ids)
        self._linking = True
        flag = QItemSelectionModel.SelectionFlag
        self.view.selectionModel().select(self.model.selection_of(rows), flag.ClearAndSelect | flag.Rows)
        if rows and not self.view.selectionModel().isRowSelected(self.view.currentIndex().row()):
            self.view.selectionModel().setCurrentIndex(self.model.index(rows[0], 0), flag.NoUpdate)
        if rows and scroll:
            self.view.scrollTo(self.model.index(rows[0], 0))
        self._linking = False

    def _on_rows_selected(self, *_: object) -> None:
        """From the rows to the store."""
        if self._linking:
            return
        rows, current = self.view.selected_rows(), self._store.current
        ids = [self.model.particle(row).id for row in rows if self.model.document(row) is current]
        self._linking = True
        self._store.select(ids)
        self._linking = False
        if rows and not ids:
            at = self.view.currentIndex().row()
            row = at if at in rows else rows[0]
            self.document_requested.emit(self.model.document(row), self.model.particle(row).id)

    def _reveal(self, *_: object) -> None:
        if ids := self._store.selection:
            self.reveal_requested.emit(ids)

    def _on_menu(self, at: QPoint) -> None:
        self.context_menu().popup(self.view.viewport().mapToGlobal(at))

    def context_menu(self) -> QMenu:
        """Make the menu for the selected particles."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        selected = self._store.selected_particles
        menu.addAction("&Show in image", self._reveal).setEnabled(bool(selected))
        menu.addSeparator()
        fill_menu(menu, self._editing, selected, self.model.table.classes, self)
        menu.addSeparator()
        menu.addAction("C&opy rows", self.view.copy_selection).setEnabled(bool(self.view.selected_rows()))
        menu.addAction("Select &all", self.view.selectAll).setEnabled(self.model.rowCount() > 0)
        return menu

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        if event.type() == QEvent.Type.PaletteChange:
            self.model.set_palette(self.palette())
            self.view.viewport().update()
        super().changeEvent(event)


@dataclass(frozen=True, slots=True, eq=False)
class _Content:
    """What is shown, to tell at a glance whether it is what should be shown."""

    scope: int
    documents: tuple[Document, ...]
    particles: tuple[tuple[Particle, ...], ...]
    pixel_sizes: tuple[PixelSize | None, ...]

    @classmethod
    def of(cls, scope: int, documents: tuple[Document, ...]) -> _Content:
        results = [document.result for document in documents]
        sizes = tuple(result.micrograph.pixel_size if result else None for result in results)
        return cls(scope, documents, tuple(document.particles for document in documents), sizes)

    def is_same(self, other: _Content) -> bool:
        """Tell whether these are the very same particles; comparing thousands one by one would take longer than showing them."""
        alike = (self.scope, self.documents, self.pixel_sizes) == (other.scope, other.documents, other.pixel_sizes)
        return alike and all(mine is its for mine, its in zip(self.particles, other.particles, strict=True))


_NOTHING = _Content(-1, (), (), ())


@dataclass(frozen=True, slots=True, eq=False)
class _Arranged:
    """A table, the rows to show in their order, and why they are not filtered."""

    table: ParticleTable
    rows: Rows
    complaint: ParameterError | None = None


def _timer(parent: QWidget, interval_ms: int, slot: Callable[[], None]) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(interval_ms)
    timer.timeout.connect(slot)
    return timer
