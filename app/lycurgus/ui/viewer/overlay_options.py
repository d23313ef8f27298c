"""How particles are drawn, as the user sets it: a small sheet of controls that shows and changes the settings."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QFormLayout, QMenu, QSlider, QToolButton, QWidget, QWidgetAction

from lycurgus.services.settings import Settings
from lycurgus.ui.workbench import Workbench

COLOUR_BY = {"state": "State", "class": "Class", "size": "Size", "score": "Score", "flags": "Flags"}
STYLES = {"outline": "Outlines", "fill": "Fill"}


class OverlayOptions(QWidget):
    """Colour, style, opacity, line width, numbers and excluded particles."""

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bench = workbench
        self.colour_by = _choice(COLOUR_BY, "What the colours of the particles stand for")
        self.style_ = _choice(STYLES, "Draw outlines alone, or tint the particles")
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(10, 100)
        self.opacity.setToolTip("Opacity of the particles' outlines, %")
        self.line_width = QDoubleSpinBox()
        self.line_width.setRange(0.5, 8.0)
        self.line_width.setSingleStep(0.5)
        self.line_width.setDecimals(1)
        self.line_width.setSuffix(" px")
        self.line_width.setToolTip("Width of the outlines, px on screen")
        self.ids = QCheckBox("&Numbers")
        self.ids.setToolTip("Write the particles' numbers where there is room")
        self.excluded = QCheckBox("&Excluded particles")
        self.excluded.setToolTip("Draw what is left out of the statistics, dashed and grey")

        form = QFormLayout(self)
        form.setContentsMargins(12, 12, 12, 12)
        form.setSpacing(8)
        form.addRow("&Colour by", self.colour_by)
        form.addRow("&Style", self.style_)
        form.addRow("&Opacity", self.opacity)
        form.addRow("Line &width", self.line_width)
        form.addRow(self.ids)
        form.addRow(self.excluded)

        self.show_settings(workbench.settings)
        self.colour_by.currentIndexChanged.connect(self._set_colour_by)
        self.style_.currentIndexChanged.connect(self._set_style)
        self.opacity.valueChanged.connect(self._set_opacity)
        self.line_width.valueChanged.connect(self._set_line_width)
        self.ids.toggled.connect(self._set_ids)
        self.excluded.toggled.connect(self._set_excluded)
        workbench.settings_changed.connect(self.show_settings)

    def show_settings(self, settings: Settings) -> None:
        """Show settings that may have been changed elsewhere."""
        overlay = settings.overlay
        controls = (self.colour_by, self.style_, self.opacity, self.line_width, self.ids, self.excluded)
        blockers = [QSignalBlocker(control) for control in controls]
        self.colour_by.setCurrentIndex(max(0, self.colour_by.findData(overlay.colour_by)))
        self.style_.setCurrentIndex(self.style_.findData(overlay.style))
        self.opacity.setValue(round(100 * overlay.opacity))
        self.line_width.setValue(overlay.line_width)
        self.ids.setChecked(overlay.ids)
        self.excluded.setChecked(overlay.excluded)
        for blocker in blockers:
            blocker.unblock()

    def _set_colour_by(self) -> None:
        self._change(colour_by=self.colour_by.currentData())

    def _set_style(self) -> None:
        self._change(style=self.style_.currentData())

    def _set_opacity(self, percent: int) -> None:
        self._change(opacity=percent / 100)

    def _set_line_width(self, width: float) -> None:
        self._change(line_width=width)

    def _set_ids(self, shown: bool) -> None:
        self._change(ids=shown)

    def _set_excluded(self, shown: bool) -> None:
        self._change(excluded=shown)

    def _change(self, **changes: Any) -> None:
        change_overlay(self._bench, **changes)


def change_overlay(workbench: Workbench, **changes: Any) -> None:
    """Replace settings of the overlay by name."""
    workbench.change_settings(overlay={**workbench.settings.overlay.model_dump(), **changes})


def overlay_button(options: OverlayOptions, parent: QWidget) -> QToolButton:
    """Return a button that opens the options."""
    button = QToolButton(parent)
    button.setText("&Overlay")
    button.setToolTip("How particles are drawn; hold H to hide them")
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    menu = QMenu(button)
    action = QWidgetAction(menu)
    action.setDefaultWidget(options)
    menu.addAction(action)
    button.setMenu(menu)
    return button


def _choice(names: dict[str, str], tip: str) -> QComboBox:
    box = QComboBox()
    for value, text in names.items():
        box.addItem(text, value)
    box.setToolTip(tip)
    return box
