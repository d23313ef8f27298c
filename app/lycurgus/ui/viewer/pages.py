"""What the viewer shows in place of an image, and when: the welcome, that a file is being read, that it cannot be."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QScrollArea, QStackedWidget, QWidget

from lycurgus.ui.viewer.welcome import Message, Welcome
from lycurgus.ui.workbench import capitalised

PATIENCE_MS = 150
"""A file that is read within this time shows no notice that it is being read: that would only flicker."""


class Pages(QStackedWidget):
    """The picture, the welcome, or a message."""

    def __init__(self, picture: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.welcome = Welcome()
        self.message = Message()
        self._welcome, self._message, self._picture = _scrolled(self.welcome), _scrolled(self.message), picture
        for page in (self._welcome, self._message, picture):
            self.addWidget(page)
        self._reading = ""
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(PATIENCE_MS)
        self._soon.timeout.connect(self._say_reading)

    def show_picture(self) -> None:
        self._show(self._picture)

    def say_nothing_shown(self, *, any_document: bool) -> None:
        """Welcome the user, or say how to get an image where there are some."""
        if any_document:
            self.message.say("No image is shown", "Choose one in the list of images.")
        self._show(self._message if any_document else self._welcome)

    def say_reading(self, name: str, *, soon: bool = False) -> None:
        """Say that a file is being read, at once or where it takes longer than a moment."""
        self._reading = name
        if soon:
            self._show(self._picture)
            self._soon.start()
        else:
            self._say_reading()

    def say_unreadable(self, name: str, reason: str) -> None:
        """Say why there is no picture, and offer to try again."""
        self.message.say(f"{name} cannot be shown", f"{capitalised(reason)}.", can_retry=True)
        self._show(self._message)

    def _say_reading(self) -> None:
        self.message.say(f"Reading {self._reading}…")
        self._show(self._message)

    def _show(self, page: QWidget) -> None:
        self._soon.stop()
        self.setCurrentWidget(page)


def _scrolled(page: QWidget) -> QScrollArea:
    """Let a page be lower than what it says: shown or not, it would else set how low the window can be."""
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    # The keyboard reaches what stands on the page, and the area follows.
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(page)
    return area
