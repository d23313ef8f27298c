"""What can be chosen about the distribution plot, in one row."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QMenu, QSizePolicy, QSpinBox, QToolButton, QWidget

from lycurgus.core.fits import LABELS
from lycurgus.core.measurement import SUMMARISABLE
from lycurgus.ui.panels.distribution_data import PlotChoice
from lycurgus.ui.panels.particles_columns import title_of

SPACING = 6
FEWEST_BINS, MOST_BINS = 2, 200
SCOPES = ("This image", "Selected images", "Whole sample")
THIS_IMAGE, CHOSEN_IMAGES, WHOLE_SAMPLE = range(3)


class DistributionControls(QWidget):
    """A row of choices.

    Signals
    -------
    changed : something about the plot was chosen; population_changed : other particles or another quantity.
    """

    changed = Signal()
    population_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.descriptor = QComboBox()
        for kind in ("size", "shape", "intensity"):
            if self.descriptor.count():
                self.descriptor.insertSeparator(self.descriptor.count())
            for one in sorted(
                (one for one in SUMMARISABLE.values() if one.kind == kind), key=lambda one: one.name != "equivalent_diameter"
            ):
                self.descriptor.addItem(title_of(one), one.name)
                self.descriptor.setItemData(self.descriptor.count() - 1, f"{one.label}: {one.formula}", Qt.ItemDataRole.ToolTipRole)
        self.descriptor.setToolTip("Quantity whose distribution is shown")
        self.descriptor.setMaxVisibleItems(30)
        self.scope = QComboBox()
        self.scope.addItems(SCOPES)
        self.scope.setToolTip("Particles of which images")
        self.weighting = QComboBox()
        self.weighting.addItem("By number", "number")
        self.weighting.addItem("By volume", "volume")
        self.weighting.setToolTip("Each particle counts one, or as much as a sphere of its diameter (lengths only)")
        self.bins = QSpinBox()
        self.bins.setRange(FEWEST_BINS - 1, MOST_BINS)
        self.bins.setSpecialValueText("Auto")
        self.bins.setValue(FEWEST_BINS - 1)
        self.bins.setToolTip("Number of bars; Auto chooses round edges after Freedman and Diaconis")
        self.log = _toggle("Log", "Logarithmic axis")
        self.task = QComboBox()
        self.task.setToolTip("Divide the bars by class")
        self.task.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.shape = QComboBox()
        self.shape.addItems(("Stacked", "Outlines"))
        self.shape.setToolTip("Classes on top of each other, or as lines over each other")
        self.fits = {name: _ticked(LABELS[name], name == "log-normal") for name in LABELS}
        self.cumulative = _ticked("Cumulative curve", True)
        self.markers = _ticked("D10, D50, D90", True)
        self.curves = self._curves_button()
        self.save = QToolButton()
        self.save.setText("Save")
        self.save.setToolTip("Save or copy the plot, its data or the statistics")
        self.save.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.show_tasks(())
        self._lay_out()
        self._connect()

    def choice(self) -> PlotChoice:
        """Return what is chosen."""
        bins = self.bins.value()
        return PlotChoice(
            descriptor=self.descriptor.currentData(),
            weighting=self.weighting.currentData(),
            bins=bins if bins >= FEWEST_BINS else None,
            log=self.log.isChecked(),
            task=self.task.currentData() or "",
            outlined=self.shape.currentIndex() == 1,
            fits=frozenset(name for name, action in self.fits.items() if action.isChecked()),
            cumulative=self.cumulative.isChecked(),
            markers=self.markers.isChecked(),
        )

    def show_tasks(self, tasks: tuple[str, ...]) -> None:
        """Offer the classifications that there are; without any the choice is hidden."""
        kept = self.task.currentData()
        self.task.blockSignals(True)
        self.task.clear()
        self.task.addItem("All classes together", "")
        for task in tasks:
            self.task.addItem("By class" if task == "class" else f"By {task}", task)
        self.task.setCurrentIndex(max(0, self.task.findData(kept)))
        self.task.blockSignals(False)
        self.task.setVisible(bool(tasks))
        self.shape.setVisible(bool(tasks) and bool(self.task.currentData()))

    def show_possible(self, *, volume: bool, logarithm: bool) -> None:
        """Grey out what the quantity does not allow."""
        self.weighting.setEnabled(volume)
        self.log.setEnabled(logarithm)

    def _curves_button(self) -> QToolButton:
        menu = QMenu(self)
        menu.addSection("Fits")
        menu.addActions(list(self.fits.values()))
        menu.addSeparator()
        menu.addActions([self.cumulative, self.markers])
        button = QToolButton()
        button.setText("Curves")
        button.setToolTip("Fits, cumulative curve and percentiles over the bars")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setMenu(menu)
        return button

    def _lay_out(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        bins = QLabel("&Bars")
        bins.setBuddy(self.bins)
        for widget in (self.scope, self.descriptor, self.weighting, bins, self.bins, self.log, self.task, self.shape):
            layout.addWidget(widget)
        layout.addWidget(self.curves)
        layout.addStretch(1)
        layout.addWidget(self.save)
        for button in (self.log, self.curves, self.save):
            button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Minimum)

    def _connect(self) -> None:
        for box in (self.scope, self.descriptor):
            box.currentIndexChanged.connect(self.population_changed)
        for box in (self.weighting, self.task, self.shape):
            box.currentIndexChanged.connect(self.changed)
        self.task.currentIndexChanged.connect(self._on_task)
        self.bins.valueChanged.connect(self.changed)
        self.log.toggled.connect(self.changed)
        for action in (*self.fits.values(), self.cumulative, self.markers):
            action.toggled.connect(self.changed)

    def _on_task(self, _: int) -> None:
        self.shape.setVisible(bool(self.task.currentData()))


def _toggle(text: str, help_text: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(help_text)
    button.setCheckable(True)
    return button


def _ticked(text: str, on: bool) -> QAction:
    action = QAction(text)
    action.setCheckable(True)
    action.setChecked(on)
    return action
