"""The line above a comparison: what is compared, how it is shown, and the way out."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QWidget

CONTENTS = {"otsu": "Otsu baseline", "denoised": "What the detector sees", "probability": "Foreground probability"}
MODES = {"beside": "Side by side", "swipe": "Swipe"}


class ComparisonBar(QWidget):
    """Shows mode and content, and asks for others.

    Signals
    -------
    chosen : mode ("off", "beside", "swipe"), content.
    """

    chosen = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.content = QComboBox()
        self.mode = QComboBox()
        for box, names in ((self.content, CONTENTS), (self.mode, MODES)):
            for value, text in names.items():
                box.addItem(text, value)
        self.content.setToolTip("What stands beside the image: the untuned baseline, the prepared picture, or how sure the detector is")
        self.mode.setToolTip("Two linked pictures, or one under a line that can be dragged")
        label = QLabel("Compare &with")
        label.setBuddy(self.content)
        end = QPushButton("&End comparison")
        end.clicked.connect(self._end)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(8)
        row.addWidget(label)
        row.addWidget(self.content)
        row.addWidget(self.mode)
        row.addStretch(1)
        row.addWidget(end)
        self.content.currentIndexChanged.connect(self._choose)
        self.mode.currentIndexChanged.connect(self._choose)
        self.hide()

    def show_choice(self, mode: str, content: str) -> None:
        """Show what is compared; without a comparison the line is not there."""
        with QSignalBlocker(self.content), QSignalBlocker(self.mode):
            self.content.setCurrentIndex(self.content.findData(content))
            if mode in MODES:
                self.mode.setCurrentIndex(self.mode.findData(mode))
        self.setVisible(mode != "off")

    def _choose(self) -> None:
        self.chosen.emit(self.mode.currentData(), self.content.currentData())

    def _end(self) -> None:
        self.chosen.emit("off", self.content.currentData())
