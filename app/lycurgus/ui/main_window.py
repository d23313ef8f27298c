"""The main window: docks around the viewer, and the wires between panels and commands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QCloseEvent, QDesktopServices, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QMainWindow, QMenu, QToolBar, QWidget

from lycurgus.calibration.evidence import Evidence
from lycurgus.core.types import Micrograph
from lycurgus.folders import log_folder
from lycurgus.readers.door import EXTENSIONS
from lycurgus.resources import sample_micrographs
from lycurgus.ui.actions import Actions, Context
from lycurgus.ui.analysing import Analysing
from lycurgus.ui.batching import Batching
from lycurgus.ui.calibrating import Calibrating
from lycurgus.ui.dialogs.about import AboutDialog
from lycurgus.ui.dialogs.batch import BatchDialog
from lycurgus.ui.dialogs.calibration import CalibrationDialog
from lycurgus.ui.dialogs.export import ExportDialog
from lycurgus.ui.dialogs.models import ModelsDialog
from lycurgus.ui.dialogs.reasons import ConfirmReplaceEdits, ask_class, ask_reason, reasons_of
from lycurgus.ui.dialogs.shortcuts import ShortcutsDialog
from lycurgus.ui.dialogs.watch import WatchDialog
from lycurgus.ui.drops import dropped_paths
from lycurgus.ui.editing import Editing
from lycurgus.ui.exporting import Exporting
from lycurgus.ui.helping import Helping
from lycurgus.ui.layout import Panels, arrange, layout_settings, restore_layout
from lycurgus.ui.menus import GESTURES, MENUS, action_table
from lycurgus.ui.model_keeping import ModelKeeping
from lycurgus.ui.notifications import Toasts
from lycurgus.ui.opening import Opening
from lycurgus.ui.panels.browser import BrowserPanel
from lycurgus.ui.panels.distribution import DistributionPanel
from lycurgus.ui.panels.live import LivePanel
from lycurgus.ui.panels.log import LogPanel
from lycurgus.ui.panels.parameters import ParametersPanel
from lycurgus.ui.panels.particles import ParticlesPanel
from lycurgus.ui.panels.sample import SamplePanel
from lycurgus.ui.previewing import Previewing
from lycurgus.ui.scale_reading import ScaleReading, in_words
from lycurgus.ui.status import StatusLine
from lycurgus.ui.store import Document, ImageState
from lycurgus.ui.theme import Theme, application_icon, apply_theme, icon
from lycurgus.ui.viewer.comparison import Mode
from lycurgus.ui.viewer.viewer import ImageViewer
from lycurgus.ui.watching import Watching
from lycurgus.ui.workbench import Workbench


class MainWindow(QMainWindow):
    """Puts the parts together; what they do stands in them."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        self.bench = bench
        self.store = bench.store
        self.opening, self.editing, self.analysing = Opening(bench), Editing(bench), Analysing(bench)
        self.exporting, self.calibrating, self.previewing = Exporting(bench), Calibrating(bench), Previewing(bench)
        self.batching = Batching(bench)
        self.scale_reading = ScaleReading(bench, self.calibrating)
        self.watching = Watching(bench, self.opening)
        self.models = ModelKeeping(bench)
        self.helping = Helping(bench)
        self._measuring: CalibrationDialog | None = None
        self._watched = False
        self.setWindowIcon(application_icon())
        self.setAcceptDrops(True)
        self.setDockOptions(QMainWindow.DockOption.AnimatedDocks | QMainWindow.DockOption.AllowTabbedDocks)

        self.viewer = ImageViewer(bench, self.opening, self.editing, self)
        self.browser = BrowserPanel(bench, self.opening, self.analysing, self)
        self.parameters = ParametersPanel(bench, self.analysing, self)
        self.particles = ParticlesPanel(bench, self.editing, self)
        self.distribution = DistributionPanel(bench, self)
        self.sample = SamplePanel(bench, self.opening, self)
        self.live = LivePanel(bench, self.watching, self.opening, self)
        self.log = LogPanel(bench, self)
        self.setCentralWidget(self.viewer)
        panels = Panels(self.browser, self.parameters, self.particles, self.distribution, self.sample, self.live, self.log)
        self._docks = arrange(self, panels)
        self.status = StatusLine(bench, self.analysing, self.batching, self.exporting, self.watching, self)
        self.setStatusBar(self.status)
        self.toasts = Toasts(self.viewer, floor=self.viewer.contrast)

        stage = self.viewer.stage
        places: dict[Context, list[QWidget]] = {"window": [self], "viewer": [stage], "particles": [stage, self.particles.view]}
        self.actions_ = Actions(action_table(self), self.store, self, icon, places)
        self._fill_bars()
        self._wire()
        restore_layout(self, bench.settings)
        self._retitle()
        self.viewer.setFocus()

    # Files

    def choose_files(self) -> None:
        patterns = " ".join(f"*{extension}" for extension in EXTENSIONS)
        chosen, _ = QFileDialog.getOpenFileNames(
            self, "Open images", self.bench.settings.last_folders.get("open", ""), f"Micrographs ({patterns});;All files (*)"
        )
        if chosen:
            self._remember_folder(Path(chosen[0]).parent)
            self.open_paths([Path(path) for path in chosen])

    def choose_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Open folder", self.bench.settings.last_folders.get("open", ""))
        if chosen:
            self._remember_folder(Path(chosen))
            self.open_paths([Path(chosen)])

    def open_paths(self, paths: Sequence[Path]) -> None:
        self.opening.open_paths(paths)

    def open_samples(self) -> None:
        self.open_paths(sample_micrographs())

    def restore_session(self) -> None:
        """Open what was open when the window was closed the last time, and show the image that was shown."""
        settings = self.bench.settings
        if settings.last_session:
            shown = Path(settings.last_image) if settings.last_image else None
            self.opening.reopen([Path(path) for path in settings.last_session], shown=shown)
        else:
            self.bench.tell("There is no earlier session")

    def close_image(self) -> None:
        if self.store.current is not None:
            self.opening.close(self.store.current)

    def show_export(self) -> None:
        ExportDialog(self.bench, self.exporting, self._with_results(), selected=self.browser.selected_documents(), parent=self).open()

    # Analysis

    def analyse_current(self) -> None:
        if self.store.current is not None:
            self.analyse([self.store.current])

    def analyse_all(self) -> None:
        """Analyse what has no result of the parameters that are set now."""
        wanted = [ImageState.NEW, ImageState.STALE, ImageState.FAILED]
        documents = [document for document in self.store.documents if document.state(self.store.params) in wanted]
        if documents:
            self.analyse(documents)
        else:
            self.bench.tell("Every image has a result of these parameters already")

    def analyse_scope(self, scope: str) -> None:
        """Analyse "image", "selection" or "all", as the parameter panel asks."""
        if scope == "selection":
            self.analyse(self.browser.selected_documents())
        elif scope == "all":
            self.analyse_all()
        else:
            self.analyse_current()

    def analyse(self, documents: Sequence[Document]) -> None:
        """Analyse documents; ask before corrections by hand are replaced."""
        self.analysing.request(documents)

    def _ask_to_replace(self, documents: Sequence[Document]) -> None:
        corrected = self.analysing.with_hand_work(documents)
        others = [document for document in documents if document not in corrected]
        answers = {"all": documents, "others": others, "cancel": []}
        # In front of the dialog that asks for another try, where that is open.
        question = ConfirmReplaceEdits(corrected, QApplication.activeModalWidget() or self, others=bool(others))
        question.chosen.connect(lambda choice: self.analysing.analyse(answers[choice]) if answers[choice] else None)
        question.open()

    def show_batch(self) -> None:
        BatchDialog(self.bench, self.opening, self.batching, self).open()

    def show_models(self) -> None:
        ModelsDialog(self.bench, self.models, self).open()

    def take_dropped(self, paths: Sequence[Path]) -> None:
        """Open dropped images, and add dropped models."""
        self.models.take_dropped(paths, self.open_paths)

    def watch(self, on: bool) -> None:
        """Ask which folder is to be watched, or stop."""
        if not on:
            self.watching.stop()
        elif not self.watching.running:
            dialog = WatchDialog(self.bench, self.watching, self)
            dialog.finished.connect(self._show_watch)
            dialog.open()

    def _show_watch(self, *_: object) -> None:
        """Press the button while a folder is watched, and bring the panel to the front when that begins."""
        began = self.watching.running and not self._watched
        self._watched = self.watching.running
        self.actions_["analysis.watch"].setChecked(self.watching.running)
        if began:
            dock = next(dock for dock in self._docks if dock.widget() is self.live)
            dock.show()
            dock.raise_()

    # Calibration

    def show_calibration(self) -> None:
        CalibrationDialog(self.bench, self.calibrating, parent=self).show()

    def calibrate_with_bar(self, length_px: float) -> None:
        """Ask for the length of a scale bar that was measured on the image, then lay the measuring tool down."""
        if self._measuring is not None:
            # The ends were moved: another length, not another question.
            self._measuring.measure(length_px)
            return
        self._measuring = CalibrationDialog(self.bench, self.calibrating, length_px, self)
        self._measuring.finished.connect(self._bar_measured)
        self._measuring.show()

    def _show_reading(self, evidence: Evidence | None) -> None:
        self.viewer.show_reading(*("", None) if evidence is None else (in_words(evidence), evidence.reading))

    def _bar_measured(self, *_: object) -> None:
        self._measuring = None
        self.actions_["tool.select"].setChecked(True)

    # Corrections

    def ask_to_exclude(self) -> None:
        ask_reason(self.editing, reasons_of(self.store.current.particles if self.store.current else ()), self)

    def ask_for_class(self) -> None:
        ask_class(self.editing, self._classes_in_use(), self)

    def select_all(self) -> None:
        if self.store.current is not None:
            self.store.select(particle.id for particle in self.store.current.particles)

    def select_none(self) -> None:
        self.store.select(())

    def use_tool(self, name: str, on: bool) -> None:
        """Take a tool up, or lay it down for the selection tool."""
        if on:
            self.viewer.set_tool(name)
        elif self.viewer.tool == name:
            self.actions_["tool.select"].setChecked(True)

    # View

    def compare(self, mode: Mode, on: bool) -> None:
        if on:
            self.viewer.set_comparison(mode)
        elif self.viewer.comparison.mode == mode:
            self.viewer.set_comparison("off")

    def _show_comparison(self, mode: str, *_: object) -> None:
        """Press the buttons that fit what the viewer does."""
        for name in ("beside", "swipe"):
            self.actions_[f"view.compare_{name}"].setChecked(mode == name)

    def set_theme(self, theme: Theme) -> None:
        self.bench.change_settings(theme=theme)
        application = QApplication.instance()
        if isinstance(application, QApplication):
            apply_theme(application, theme)

    # Help

    def show_shortcuts(self) -> None:
        ShortcutsDialog(self.actions_.specs, GESTURES, self).open()

    def show_about(self) -> None:
        AboutDialog(self.bench, self).open()

    def open_log_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(log_folder())))

    # Inside

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        """Take files and folders wherever they are dropped."""
        if dropped_paths(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        if paths := dropped_paths(event.mimeData()):
            event.acceptProposedAction()
            self.take_dropped(paths)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Keep layout and session, end all work, and write what the project file still lacks."""
        self.parameters.keep_now()
        self.bench.change_settings(**layout_settings(self))
        if self.store.documents:
            # A window that was only opened and closed again must not cost anybody the session before.
            self.bench.change_settings(
                last_session=tuple(str(document.path) for document in self.store.documents),
                last_image=str(self.store.current.path) if self.store.current else "",
            )
        # Writing what is still to be kept, and stopping inside a large image, can take seconds.
        self.hide()
        self.helping.close()
        self.bench.close()
        super().closeEvent(event)

    def _fill_bars(self) -> None:
        menus = self.actions_.fill_menu_bar(self.menuBar(), MENUS)
        self._recent = QMenu("Recent &folders", self)
        self._recent.aboutToShow.connect(self._fill_recent)
        menus["file"].insertMenu(self.actions_["file.samples"], self._recent)
        menus["view"].addSeparator()
        themes = menus["view"].addMenu("&Theme")
        for name in ("system", "light", "dark"):
            themes.addAction(name.capitalize()).triggered.connect(lambda _=False, name=name: self.set_theme(name))
        panels = menus["view"].addMenu("&Panels")
        for dock in self._docks:
            panels.addAction(dock.toggleViewAction())
        bar = QToolBar("Toolbar", self)
        bar.setObjectName("toolbar")
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        self.actions_.fill_toolbar(bar)
        self.addToolBar(bar)
        panels.addAction(bar.toggleViewAction())

    def _fill_recent(self) -> None:
        self._recent.clear()
        for folder in self.bench.settings.recent_folders:
            self._recent.addAction(folder).triggered.connect(lambda _=False, folder=folder: self.open_paths([Path(folder)]))
        if self._recent.isEmpty():
            self._recent.addAction("None yet").setEnabled(False)

    def _wire(self) -> None:
        viewer, store = self.viewer, self.store
        self.bench.noticed.connect(self.toasts.show)
        viewer.open_folder_requested.connect(self.choose_folder)
        viewer.samples_requested.connect(self.open_samples)
        viewer.folder_requested.connect(lambda folder: self.open_paths([folder]))
        viewer.paths_dropped.connect(self.take_dropped)
        self.models.changed.connect(self.parameters.renew_models)
        viewer.measure_scale_bar_requested.connect(lambda: self.actions_["tool.scale_bar"].setChecked(True))
        viewer.type_pixel_size_requested.connect(self.show_calibration)
        viewer.scale_bar_measured.connect(self.calibrate_with_bar)
        viewer.banner.accept_requested.connect(self.scale_reading.accept)
        self.scale_reading.changed.connect(self._show_reading)
        viewer.tool_changed.connect(lambda name: self.actions_[f"tool.{name.replace(' ', '_')}"].setChecked(True))
        viewer.comparison_changed.connect(self._show_comparison)
        viewer.hovered.connect(self.status.show_hover)
        self.parameters.analyse_requested.connect(self.analyse_scope)
        self.parameters.preview_requested.connect(lambda params: self.previewing.preview(params, viewer.visible_region()))
        self.parameters.live.toggled.connect(lambda on: None if on else self.previewing.stop())
        self.previewing.ready.connect(viewer.show_preview)
        self.previewing.cleared.connect(viewer.clear_preview)
        self.particles.reveal_requested.connect(viewer.reveal)
        self.particles.document_requested.connect(self._show_particle)
        store.current_changed.connect(self._retitle)
        store.document_changed.connect(self._retitle)
        store.micrograph_changed.connect(self._apply_instrument_default)
        self.watching.changed.connect(self._show_watch)
        self.live.watch_requested.connect(self.actions_["analysis.watch"].trigger)
        self.browser.analyse_requested.connect(self.analyse)
        self.analysing.confirmation_needed.connect(self._ask_to_replace)
        for run in (self.analysing, self.batching):
            run.progress_changed.connect(self.actions_.refresh)
        self.browser.selection_changed.connect(lambda: self.distribution.set_documents(self.browser.selected_documents()))

    def _classes_in_use(self) -> dict[str, list[str]]:
        """Task -> class names of this image's particles."""
        known: dict[str, list[str]] = {}
        for particle in self.store.current.particles if self.store.current else ():
            for task, (name, _) in particle.classes.items():
                if name not in known.setdefault(task, []):
                    known[task].append(name)
        return known

    def _apply_instrument_default(self, micrograph: Micrograph | None) -> None:
        if micrograph is not None and self.store.current is not None:
            self.calibrating.apply_default(self.store.current, micrograph)

    def _show_particle(self, document: Document, particle_id: int) -> None:
        self.opening.show(document)
        self.store.select([particle_id])
        self.viewer.reveal([particle_id])

    def _retitle(self, *_: object) -> None:
        current = self.store.current
        self.setWindowTitle(f"{current.path.name} — Lycurgus" if current else "Lycurgus")

    def _with_results(self) -> list[Document]:
        return [document for document in self.store.documents if document.result is not None]

    def _remember_folder(self, folder: Path) -> None:
        self.bench.change_settings(last_folders={**self.bench.settings.last_folders, "open": str(folder)})
