"""What Lycurgus is, what it runs on, where it keeps things, whose work it stands on, and under which licences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QUrl, qVersion
from PySide6.QtGui import QDesktopServices, QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QTabWidget,
    QTextBrowser,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)
from superqt import QElidingLabel

from lycurgus import __version__
from lycurgus.folders import config_folder, log_folder
from lycurgus.services.licences import Component, components
from lycurgus.services.system import facts_text, system_facts
from lycurgus.ui.dialogs.buttons import settle_buttons
from lycurgus.ui.jobs import Job
from lycurgus.ui.theme import application_icon
from lycurgus.ui.workbench import Workbench

DESCRIPTION = (
    "Lycurgus finds every nanoparticle in TEM, STEM and SEM micrographs, separates those that touch or overlap, measures and classifies"
    " them, and reports the population. Nothing leaves this computer."
)
NAMESAKE = "The Lycurgus cup, made in the 4th century, owes its colour to nanoparticles of gold and silver."

WORKS = (
    ("Otsu's threshold", "N. Otsu, A threshold selection method from gray-level histograms. IEEE Trans. Syst. Man Cybern. 9 (1979) 62–66."),
    (
        "Ultimate erosion of convex shapes",
        "C. Park, J. Z. Huang, J. X. Ji, Y. Ding, Segmentation, inference and classification of partially overlapping nanoparticles."
        " IEEE Trans. Pattern Anal. Mach. Intell. 35 (2013) 669–681.",
    ),
    ("Weights for particles lost at the border", "R. E. Miles (1974); C. Lantuéjoul (1980)."),
    ("Number of particles needed", "H. Masuda, K. Iinoya, J. Chem. Eng. Japan 4 (1971) 60–66; ISO 13322-1."),
    ("Names of size and shape descriptors", "ISO 9276-6; ISO 21363."),
    ("Colours told apart with every kind of colour vision", "M. Okabe, K. Ito, Color Universal Design (2008)."),
)
"""Method -> where it was published."""

_TEXT = Qt.ItemDataRole.UserRole


class AboutDialog(QDialog):
    """Three tabs: about, system, licences. What takes time to find out is found out beside the window."""

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bench = workbench
        self._facts: dict[str, str] = {}
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("About Lycurgus")
        self._system = _SystemPage(_folders(workbench))
        self._licences = _LicencesPage()
        tabs = QTabWidget()
        tabs.addTab(_about_page(), "&About")
        tabs.addTab(self._system, "&System")
        tabs.addTab(self._licences, "&Licences")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self._copy = buttons.addButton("&Copy system information", QDialogButtonBox.ButtonRole.ActionRole)
        self._copy.setToolTip("Versions, providers and folders as text, for a report of a problem")
        self._copy.setEnabled(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        layout.addLayout(_headline())
        layout.addWidget(tabs, 1)
        layout.addWidget(buttons)
        settle_buttons(buttons, buttons.button(QDialogButtonBox.StandardButton.Close))
        buttons.rejected.connect(self.reject)
        self._copy.clicked.connect(self.copy)
        self.finished.connect(self._stop)
        self.resize(120 * self.fontMetrics().averageCharWidth(), 34 * self.fontMetrics().height())
        self._jobs: list[Job] = [
            workbench.jobs.submit(
                "io", lambda *_: system_facts(), title="Looking at the system", on_done=self._show_facts, on_error=self._system.fail
            ),
            workbench.jobs.submit(
                "io", lambda *_: components(), title="Collecting licences", on_done=self._licences.fill, on_error=self._licences.fail
            ),
        ]

    @property
    def system_information(self) -> str:
        """What *Copy system information* copies; "" until it is known."""
        folders = [(name, str(folder)) for name, folder in _folders(self._bench).items()]
        return facts_text([*self._facts.items(), *folders]) if self._facts else ""

    def copy(self) -> None:
        QGuiApplication.clipboard().setText(self.system_information)

    def _show_facts(self, facts: dict[str, str]) -> None:
        screen = self.screen()
        size = screen.size()
        # Qt's own version and the screen are known in the window's thread only.
        self._facts = {
            **facts,
            "Qt": qVersion(),
            "Screen": f"{size.width()} × {size.height()} at {100 * screen.devicePixelRatio():.0f} %, {QGuiApplication.platformName()}",
        }
        self._system.fill(self._facts)
        self._copy.setEnabled(True)

    def _stop(self) -> None:
        for job in self._jobs:
            if job in self._bench.jobs.active:
                job.cancel()


class _SystemPage(QWidget):
    def __init__(self, folders: Mapping[str, Path]) -> None:
        super().__init__()
        self._versions = QFormLayout()
        self._versions.setVerticalSpacing(4)
        self._waiting = QLabel("Looking at the system…")
        self._versions.addRow(self._waiting)
        versions = QGroupBox("Runs on")
        versions.setLayout(self._versions)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addWidget(versions)
        layout.addWidget(self._folder_group(folders))
        layout.addStretch(1)

    def fill(self, facts: Mapping[str, str]) -> None:
        self._versions.removeRow(self._waiting)
        for name, value in facts.items():
            label = QLabel(value)
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._versions.addRow(f"{name}:", label)

    def fail(self, error: Exception) -> None:
        self._waiting.setText(f"The system cannot be looked at: {error}")

    def _folder_group(self, folders: Mapping[str, Path]) -> QGroupBox:
        group = QGroupBox("Folders")
        grid = QGridLayout(group)
        grid.setColumnStretch(1, 1)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        for row, (name, folder) in enumerate(folders.items()):
            path = QElidingLabel(str(folder))
            path.setElideMode(Qt.TextElideMode.ElideMiddle)
            path.setToolTip(str(folder))
            show = QPushButton("Open")
            show.setAutoDefault(False)
            show.setAccessibleName(f"Open the folder: {name}")
            show.clicked.connect(_Opener(folder, show).open)
            grid.addWidget(QLabel(f"{name}:"), row, 0)
            grid.addWidget(path, row, 1)
            grid.addWidget(show, row, 2)
        return group


class _LicencesPage(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._list = QTreeWidget()
        self._list.setHeaderLabels(["Component", "Version", "Licence"])
        self._list.setRootIsDecorated(False)
        self._list.setUniformRowHeights(True)
        self._list.setAccessibleName("Components")
        header = self._list.header()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        self._text = QPlainTextEdit("Collecting licences…")
        self._text.setReadOnly(True)
        self._text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self._text.setAccessibleName("Licence text")
        parts = QSplitter(Qt.Orientation.Vertical)
        parts.addWidget(self._list)
        parts.addWidget(self._text)
        parts.setStretchFactor(0, 2)
        parts.setStretchFactor(1, 3)
        parts.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.addWidget(parts)
        self._list.currentItemChanged.connect(self._show)

    def fill(self, found: Sequence[Component]) -> None:
        for component in found:
            item = QTreeWidgetItem([component.name, component.version, component.licence])
            item.setData(0, _TEXT, component.text)
            item.setToolTip(0, component.homepage)
            item.setToolTip(2, component.licence)
            self._list.addTopLevelItem(item)
            if self._list.currentItem() is None:
                self._list.setCurrentItem(item)

    def fail(self, error: Exception) -> None:
        self._text.setPlainText(f"The licences cannot be listed: {error}")

    def _show(self, item: QTreeWidgetItem | None) -> None:
        if item is not None:
            self._text.setPlainText(item.data(0, _TEXT))


class _Opener(QObject):
    """Shows one folder in the system's file manager."""

    def __init__(self, folder: Path, parent: QObject) -> None:
        super().__init__(parent)
        self._folder = folder

    def open(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder)))


def _folders(workbench: Workbench) -> dict[str, Path]:
    return {"Settings": config_folder(), "Project": workbench.project.path.parent, "Log": log_folder()}


def _headline() -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(12)
    picture = QLabel()
    picture.setPixmap(application_icon().pixmap(48, 48))
    name = QLabel(f"Lycurgus {__version__}")
    font = name.font()
    font.setPointSizeF(1.5 * font.pointSizeF())
    font.setBold(True)
    name.setFont(font)
    row.addWidget(picture)
    row.addWidget(name, 1)
    return row


def _about_page() -> QWidget:
    works = "".join(f"<p><b>{method}</b><br/>{source}</p>" for method, source in WORKS)
    page = QTextBrowser()
    page.setHtml(f"<p>{DESCRIPTION}</p><p>{NAMESAKE}</p><h3>Methods, and whose they are</h3>{works}")
    return page
