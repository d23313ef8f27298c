"""The amber line above an image whose pixel size nobody knows."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

AMBER = QColor(255, 199, 87)
INK = QColor(58, 40, 0)


class CalibrationBanner(QFrame):
    """Says that sizes are in pixels, and offers both ways out.

    Signals
    -------
    measure_requested, type_requested : which way.
    """

    measure_requested = Signal()
    type_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        colours = self.palette()
        colours.setColor(QPalette.ColorRole.Window, AMBER)
        colours.setColor(QPalette.ColorRole.WindowText, INK)
        self.setPalette(colours)
        text = QLabel("No pixel size: sizes are in px.")
        text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        text.setAccessibleName("No pixel size: sizes are in pixels")
        measure = _button("&Measure the scale bar", "Click the two ends of the bar in the picture and type its length")
        type_in = _button("&Type it in…", "Enter the pixel size in nm")
        measure.clicked.connect(self.measure_requested)
        type_in.clicked.connect(self.type_requested)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(8)
        row.addWidget(text, 1)
        row.addWidget(measure)
        row.addWidget(type_in)


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    # The banner keeps its own colours in every theme, and so must its buttons.
    button.setStyleSheet(
        "QPushButton { color: #3a2800; background: #ffe1a3; border: 1px solid #b98a2e; border-radius: 4px; padding: 3px 10px; }"
        "QPushButton:hover, QPushButton:focus { background: #fff0d0; border-color: #3a2800; }"
        "QPushButton:pressed { background: #f3cd7c; }"
    )
    return button
