"""What a panel says while it has nothing to show: one sentence in the middle, with what to do about it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QStackedWidget, QWidget

from lycurgus.ui.store import Document

MARGIN = 24


class OrBlank(QStackedWidget):
    """Shows its content, or a sentence in its place."""

    def __init__(self, content: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sentence = QLabel()
        self._sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._sentence.setWordWrap(True)
        self._sentence.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        # Placeholder text is the palette's own grey for "nothing here yet", readable in light and dark.
        self._sentence.setForegroundRole(self._sentence.foregroundRole().PlaceholderText)
        self.addWidget(content)
        self.addWidget(self._sentence)

    @property
    def sentence(self) -> str:
        """What is said now; "" while the content is shown."""
        return self._sentence.text() if self.currentWidget() is self._sentence else ""

    def show_content(self) -> None:
        self.setCurrentIndex(0)

    def say(self, sentence: str) -> None:
        """Show a sentence; "" shows the content."""
        self._sentence.setText(sentence)
        self.setCurrentIndex(1 if sentence else 0)


def why_empty(document: Document) -> str:
    """Say why an image without particles has none, and what can be done about it."""
    if document.busy:
        return "This image is being analysed…" if document.busy == "analysing" else "This image waits for its analysis"
    if document.result is None:
        return f"This image could not be analysed: {document.reason}" if document.error else "No particles yet: analyse this image"
    return "No particle was found in this image: try other parameters, or draw particles by hand"
