"""The distribution panel: histogram, fits and statistics of one image, of several, or of the sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QContextMenuEvent, QShowEvent
from PySide6.QtWidgets import QFileDialog, QMenu, QSplitter, QVBoxLayout, QWidget

from lycurgus.core.errors import LycurgusError
from lycurgus.core.types import AnalysisResult
from lycurgus.ui import plot_export
from lycurgus.ui.panels import distribution_export
from lycurgus.ui.panels.blank import OrBlank, why_empty
from lycurgus.ui.panels.distribution_controls import CHOSEN_IMAGES, THIS_IMAGE, DistributionControls
from lycurgus.ui.panels.distribution_data import Picture, PlotChoice, Population, gather, picture_of
from lycurgus.ui.panels.distribution_plot import DistributionPlot
from lycurgus.ui.panels.distribution_statistics import StatisticsBlock, caution, statistics_lines
from lycurgus.ui.panels.distribution_style import PlotStyle
from lycurgus.ui.store import Document
from lycurgus.ui.workbench import Workbench

SPACING = 6
DEBOUNCE_MS = 120
KEY = "distribution"
BLANK = "No particles counted yet: analyse an image"
TITLE = "Computing the distribution"


class DistributionPanel(QWidget):
    """Shows the distribution of a quantity, linked with the selection."""

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bench, self._store = workbench, workbench.store
        self._chosen: tuple[Document, ...] = ()
        self._population: Population | None = None
        self._wanted: tuple[Document, ...] = ()
        self._counted: tuple[Document, ...] = ()
        self._basis: tuple[object, ...] = ()
        self._shown_basis: tuple[object, ...] | None = None

        self.controls = DistributionControls()
        self.plot = DistributionPlot(PlotStyle.of_theme(self.palette()))
        self.statistics = StatisticsBlock()
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._split.addWidget(self.plot)
        self._split.addWidget(self.statistics)
        self._split.setStretchFactor(0, 1)
        self._split.setStretchFactor(1, 0)
        self._split.setCollapsible(0, False)
        self._split.setChildrenCollapsible(False)
        self.pages = OrBlank(self._split)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACING, SPACING, SPACING, SPACING)
        layout.setSpacing(SPACING)
        layout.addWidget(self.controls)
        layout.addWidget(self.pages, 1)
        self._save_menu = self._made_menu()
        self.controls.save.setMenu(self._save_menu)

        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(DEBOUNCE_MS)
        self._soon.timeout.connect(self.refresh)
        self._connect()
        self._show_nothing(())

    @property
    def picture(self) -> Picture | None:
        """What is drawn now."""
        return self.plot.picture if not self.pages.sentence else None

    @property
    def _awaits_picture(self) -> bool:
        return bool(self._basis) and self._shown_basis is not self._basis

    def set_documents(self, documents: Sequence[Document]) -> None:
        """Say which images "Selected images" means."""
        self._chosen = tuple(documents)
        if self.controls.scope.currentIndex() == CHOSEN_IMAGES:
            self._soon.start()

    def refresh(self) -> None:
        """Compute anew where particles, parameters or quantity are others than those shown; nothing while the panel is hidden."""
        self._soon.stop()
        if not self.isVisible():
            # Behind another tab nobody sees it, and the processor has an analysis to do; showEvent makes up for it.
            return
        documents = tuple(document for document in self._documents() if document.result is not None)
        results = [document.result for document in documents if document.result is not None]
        choice, params = self.controls.choice(), self._store.params.statistics
        basis = (choice.descriptor, params, documents, [(result.particles, result.micrograph.pixel_size) for result in results])
        counted = any(particle.excluded is None for result in results for particle in result.particles)
        if counted and self._is_shown(basis):
            return
        self._basis = basis
        self._wanted = documents
        if not counted:
            self._show_nothing(results)
            return
        self._compute(results, choice, complete=False)

    def _connect(self) -> None:
        store = self._store
        store.documents_reset.connect(self._soon.start)
        store.document_changed.connect(self._on_document)
        store.documents_changed.connect(self._soon.start)
        store.current_changed.connect(self._soon.start)
        store.params_changed.connect(self._soon.start)
        store.selection_changed.connect(self._show_selection)
        self.controls.population_changed.connect(self.refresh)
        self.controls.changed.connect(self._redraw)
        self.plot.bar_clicked.connect(self._on_bar)

    def _documents(self) -> Sequence[Document]:
        scope = self.controls.scope.currentIndex()
        if scope == THIS_IMAGE:
            return () if self._store.current is None else (self._store.current,)
        return self._chosen if scope == CHOSEN_IMAGES else tuple(self._store.documents)

    def _is_shown(self, basis: tuple[object, ...]) -> bool:
        """Tell whether the very same particles are shown; comparing them one by one would take longer."""
        if self._basis[:3] != basis[:3]:
            return False
        before, now = self._basis[3], basis[3]
        assert isinstance(before, list)
        assert isinstance(now, list)
        return all(old[0] is new[0] and old[1] == new[1] for old, new in zip(before, now, strict=True))

    def _on_document(self, document: Document) -> None:
        if document in self._documents():
            self._soon.start()

    def _compute(self, results: Sequence[AnalysisResult], choice: PlotChoice, *, complete: bool) -> None:
        """First what takes little time, then the same with confidence intervals."""
        params = self._store.params.statistics

        def work(*_: object) -> Picture:
            return picture_of(gather(results, params, choice.descriptor, complete=complete), choice)

        follow = None if complete else partial(self._compute, results, choice, complete=True)
        self._submit(work, follow)

    def _redraw(self) -> None:
        """Draw the same population in another way."""
        population, choice = self._population, self.controls.choice()
        results = [document.result for document in self._wanted if document.result is not None]
        if population is None or self._shown_basis is not self._basis:
            # Another population is being computed for what was chosen before: begin it again with what is chosen now.
            if self._awaits_picture:
                self._compute(results, choice, complete=False)
            return
        follow = None
        if not population.complete:
            follow = partial(self._compute, results, choice, complete=True)
        self._submit(lambda *_: picture_of(population, choice), follow)

    def _submit(self, work: Callable[..., Picture], follow: Callable[[], None] | None) -> None:
        basis, documents = self._basis, self._wanted

        def done(picture: Picture) -> None:
            self._shown_basis, self._counted = basis, documents
            self._show(picture)
            if follow is not None:
                follow()

        self._bench.jobs.submit("preview", work, title=TITLE, key=KEY, on_done=done, on_error=self._on_error)

    def _on_error(self, error: Exception) -> None:
        self._basis, self._shown_basis = (), None
        self._bench.fail_with(error)

    def _show(self, picture: Picture) -> None:
        self._population = picture.population
        self.controls.show_tasks(tuple(picture.population.classes))
        self.controls.show_possible(volume=picture.population.has_volume, logarithm=picture.population.has_logarithm)
        self.plot.show_picture(picture)
        self.statistics.show_lines(statistics_lines(picture.population, picture.weighting), caution(picture.population))
        self.pages.show_content()
        self.controls.save.setEnabled(True)
        self._show_selection()

    def _show_nothing(self, results: Sequence[AnalysisResult]) -> None:
        # Whatever is under way was computed for something else.
        for job in self._bench.jobs.active:
            if job.key == KEY:
                job.cancel()
        self._population, self._shown_basis, self._counted = None, self._basis, ()
        self.pages.say(self._blank_sentence(results))
        self.controls.save.setEnabled(False)

    def _blank_sentence(self, results: Sequence[AnalysisResult]) -> str:
        if any(result.particles for result in results):
            return "Every particle is excluded from the statistics: include some, or change the border rule"
        documents = self._documents()
        if len(documents) == 1:
            return why_empty(documents[0])
        return "No particle was found in these images: try other parameters" if results else BLANK

    def _show_selection(self, *_: object) -> None:
        picture, current = self.picture, self._store.current
        if picture is None:
            return
        selected = self._store.selection
        if current is None or not selected or current not in self._counted:
            self.plot.show_selection(None)
            return
        chosen = np.isin(picture.population.ids, np.fromiter(selected, np.int64)) & self._of_current(picture)
        self.plot.show_selection(picture.heights_of(chosen))

    def _of_current(self, picture: Picture) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        current = self._store.current
        place = self._counted.index(current) if current in self._counted else -1
        return np.asarray(picture.population.statistics.images == place)

    def _on_bar(self, place: int, adding: bool) -> None:
        picture = self.picture
        if picture is None:
            return
        inside = (picture.places == place) & self._of_current(picture)
        ids = picture.population.ids[inside].tolist()
        self._store.select({*ids, *self._store.selection} if adding else ids)

    def _made_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.addAction("Save &plot…", self._ask_for_plot)
        menu.addAction("Save &data…", self._ask_for_data)
        menu.addSeparator()
        menu.addAction("&Copy plot", self.copy_plot)
        menu.addAction("Copy &statistics", self.statistics.copy)
        menu.addSeparator()
        menu.addAction("&Reset view", self.plot.reset_view)
        return menu

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        if self.picture is not None:
            self._save_menu.popup(event.globalPos())

    def save_plot(self, target: Path) -> None:
        """Write the plot as PNG, SVG or PDF; what goes wrong is told."""
        self._save(target, lambda picture: _saved_plot(picture, target))

    def save_data(self, target: Path) -> None:
        """Write what is drawn as CSV; what goes wrong is told."""
        self._save(target, lambda picture: plot_export.save_data(target, *distribution_export.data_table(picture)))

    def copy_plot(self) -> None:
        """Put the plot on the clipboard as a picture and as a table."""
        if self.picture is not None:
            plot = distribution_export.printable(self.picture)
            plot_export.copy_plot(plot, distribution_export.data_text(self.picture))
            plot.close()

    def _save(self, target: Path, write: Callable[[Picture], None]) -> None:
        if self.picture is None:
            return
        try:
            write(self.picture)
        except LycurgusError as error:
            self._bench.fail_with(error)
            return
        self._bench.change_settings(last_folders={**self._bench.settings.last_folders, "export": str(target.parent)})
        self._bench.succeed(f"{target.name} saved", str(target))

    def _ask_for_plot(self) -> None:
        self._ask("Save plot", plot_export.FILTERS, "png", self.save_plot)

    def _ask_for_data(self) -> None:
        self._ask("Save data of the plot", "CSV table (*.csv)", "csv", self.save_data)

    def _ask(self, title: str, filters: str, suffix: str, use: Callable[[Path], None]) -> None:
        folder = self._bench.settings.last_folders.get("export", "")
        name = f"{self.controls.choice().descriptor}.{suffix}"
        dialog = QFileDialog(self, title, str(Path(folder) / name) if folder else name, filters)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(suffix)
        dialog.selectFile(name)
        dialog.filterSelected.connect(lambda chosen: dialog.setDefaultSuffix(chosen.rpartition("*.")[2].rstrip(")")))
        dialog.fileSelected.connect(lambda chosen: use(Path(chosen)))
        dialog.open()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        self._soon.start()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "plot"):
            self.plot.set_style(PlotStyle.of_theme(self.palette()))
        super().changeEvent(event)


def _saved_plot(picture: Picture, target: Path) -> None:
    plot = distribution_export.printable(picture)
    try:
        plot_export.save_plot(plot, target, title=picture.x_title)
    finally:
        plot.close()
