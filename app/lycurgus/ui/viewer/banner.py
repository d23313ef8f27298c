"""The amber line above an image whose pixel size nobody knows."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

AMBER = QColor(255, 199, 87)
INK = QColor(58, 40, 0)
NARROWEST_LETTERS = 24


class CalibrationBanner(QFrame):
    """Says that sizes are in pixels, or what was read from the picture, and offers the ways out.

    Signals
    -------
    accept_requested, measure_requested, type_requested : which way.
    """

    accept_requested = Signal()
    measure_requested = Signal()
    type_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        colours = self.palette()
        colours.setColor(QPalette.ColorRole.Window, AMBER)
        colours.setColor(QPalette.ColorRole.WindowText, INK)
        self.setPalette(colours)
        # A sentence that does not fit into one line takes two: its end says whether what was read is used.
        self._text = QLabel(wordWrap=True)
        self._text.setMinimumWidth(self.fontMetrics().averageCharWidth() * NARROWEST_LETTERS)
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._accept = _button("&Accept", "Take what was read from the picture as the pixel size of this image")
        measure = _button("&Measure the scale bar", "Click the two ends of the bar in the picture and type its length")
        type_in = _button("&Type it in…", "Enter the pixel size in nm")
        self._accept.clicked.connect(self.accept_requested)
        measure.clicked.connect(self.measure_requested)
        type_in.clicked.connect(self.type_requested)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(8)
        row.addWidget(self._text, 1)
        row.addWidget(self._accept)
        row.addWidget(measure)
        row.addWidget(type_in)
        self.offer("")

    def offer(self, words: str) -> None:
        """Offer what was read from the picture, or ("") say that nothing is known."""
        text = words or "No pixel size: sizes are in px."
        self._text.setText(text)
        self.offers = bool(words)
        self._text.setToolTip(words)
        self._text.setAccessibleName(words or "No pixel size: sizes are in pixels")
        self._accept.setVisible(bool(words))


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
