"""The live panel: the sample while it is acquired, and whether it suffices."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QSplitter, QVBoxLayout, QWidget
from superqt import QElidingLabel

from lycurgus.ui.notifications import GLYPHS
from lycurgus.ui.opening import Opening
from lycurgus.ui.panels.blank import OrBlank
from lycurgus.ui.panels.live_plots import ConvergencePlot, SizesPlot
from lycurgus.ui.panels.live_strip import LiveStrip
from lycurgus.ui.panels.live_words import rows, verdict
from lycurgus.ui.theme import icon
from lycurgus.ui.watching import Watching
from lycurgus.ui.workbench import Workbench, capitalised

SPACING = 6
HOW_JUDGED = "By the formula of Masuda and Iinoya for a log-normal population, and by resampling the images so far: the larger number"
BLANK = "Press Watch and choose the folder that the microscope writes to: results appear here as images land in it"


class LivePanel(QWidget):
    """Shows what ``Watching`` holds.

    Signals
    -------
    watch_requested : the user wants to begin, or to stop.
    """

    watch_requested = Signal()

    def __init__(self, workbench: Workbench, watching: Watching, opening: Opening, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bench, self._watching, self._opening = workbench, watching, opening
        self.sizes, self.convergence, self.strip = SizesPlot(), ConvergencePlot(), LiveStrip()
        self.numbers = _Numbers()
        self._verdict = QElidingLabel()
        emphasis = self._verdict.font()
        emphasis.setBold(True)
        self._verdict.setFont(emphasis)
        self._verdict.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        # Only while there is trouble, or the watch has ended: the status bar says what is watched.
        self._state = QElidingLabel()
        self._state.setElideMode(Qt.TextElideMode.ElideMiddle)
        self.follow = QCheckBox("Show each &new image")
        self.follow.setToolTip("Whoever goes to another image stays there; tick it again to go on")
        self.alarm = QCheckBox("S&ound")
        self.alarm.setToolTip("A sound for images unlike the others, for trouble, and when there are particles enough")
        self.alarm.setChecked(workbench.settings.watch_alarm)
        self.button = QPushButton()
        self.button.setAutoDefault(False)

        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self._verdict, 1)
        for part in (self.follow, self.alarm, self.button):
            head.addWidget(part)
        plots = QSplitter(Qt.Orientation.Horizontal)
        plots.setChildrenCollapsible(False)
        for plot in (self.numbers, self.sizes, self.convergence):
            plots.addWidget(plot)
        for place, stretch in enumerate((0, 1, 1)):
            plots.setStretchFactor(place, stretch)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        layout.addLayout(head)
        layout.addWidget(self._state)
        layout.addWidget(plots, 1)
        layout.addWidget(self.strip)
        self.pages = OrBlank(content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(SPACING, SPACING, SPACING, SPACING)
        outer.addWidget(self.pages)

        self.follow.clicked.connect(watching.follow)
        self.alarm.clicked.connect(lambda on: workbench.change_settings(watch_alarm=on))
        self.button.clicked.connect(self.watch_requested)
        self.strip.image_requested.connect(self._show_image)
        watching.changed.connect(self._show_state)
        watching.shots_changed.connect(self._show_shots)
        watching.snapshot_changed.connect(self._show_snapshot)
        self._show_state()
        self._show_snapshot()

    @property
    def verdict(self) -> str:
        """What is said about whether the particles suffice."""
        return self._verdict.text()

    def _show_state(self) -> None:
        watching = self._watching
        self.pages.say("" if watching.folder is not None else BLANK)
        trouble = watching.status.trouble
        if trouble:
            state = f"{GLYPHS['warning']} {capitalised(trouble)}"
        else:
            state = f"The watch of {watching.folder} has ended" if watching.folder and not watching.running else ""
        self._state.setText(state)
        self._state.setToolTip(f"{state}\nResults in {watching.out}" if watching.out else state)
        self._state.setVisible(bool(state))
        self.button.setToolTip(f"Watching {watching.folder}\nResults in {watching.out}" if watching.running else "Watch a folder")
        self.follow.setChecked(watching.following)
        self.button.setText("Stop" if watching.running else "Watch…")
        self.button.setIcon(icon("cancel" if watching.running else "watch"))
        self.numbers.show_rows(rows(watching.snapshot, watching.status))

    def _show_snapshot(self) -> None:
        snapshot = self._watching.snapshot
        enough, text = verdict(snapshot)
        self._verdict.setText(f"{GLYPHS['success']} {text}" if enough else text)
        self._verdict.setToolTip(f"{text}\n{HOW_JUDGED}")
        self.numbers.show_rows(rows(snapshot, self._watching.status))
        self.sizes.show_snapshot(snapshot)
        self.convergence.show_snapshot(snapshot)

    def _show_shots(self) -> None:
        self.strip.show_shots(self._watching.shots)

    def _show_image(self, path: Path) -> None:
        document = self._bench.store.document(path)
        if document is not None:
            self._opening.show(document)
        else:
            # Closed since, for want of room: it opens again with what is kept of it.
            self._opening.open_paths([path])


class _Numbers(QWidget):
    """Names on the left, values on the right, one a line."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, SPACING, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(1)
        self._grid.setColumnStretch(1, 1)
        self._labels: list[tuple[QLabel, QLabel]] = []
        # As wide as the usual lines from the start: a panel that jumps while numbers come is hard to read.
        self._grid.setColumnMinimumWidth(1, self.fontMetrics().horizontalAdvance("12.34 (12.34–12.34) nm"))

    @property
    def values(self) -> dict[str, str]:
        """What is shown, by name."""
        return {name.text(): value.text() for name, value in self._labels if not name.isHidden()}

    def show_rows(self, lines: list[tuple[str, str, str]]) -> None:
        while len(self._labels) < len(lines):
            self._add()
        for place, (name, value) in enumerate(self._labels):
            there = place < len(lines)
            name.setVisible(there)
            value.setVisible(there)
            if there:
                name.setText(lines[place][0])
                value.setText(lines[place][1])
                name.setToolTip(lines[place][2])
                value.setToolTip(lines[place][2])

    def _add(self) -> None:
        name, value = QLabel(self), QLabel(self)
        name.setForegroundRole(name.foregroundRole().PlaceholderText)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row = len(self._labels)
        self._grid.setRowStretch(row, 0)
        self._grid.addWidget(name, row, 0)
        self._grid.addWidget(value, row, 1)
        self._grid.setRowStretch(row + 1, 1)
        self._labels.append((name, value))
