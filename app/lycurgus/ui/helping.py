"""Opens the guide, at the chapter of what the mouse points at."""

from __future__ import annotations

from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QApplication, QDockWidget, QWidget

from lycurgus.core.errors import LycurgusError
from lycurgus.services.guide import Place, chapters
from lycurgus.ui.dialogs.guide import GuideWindow
from lycurgus.ui.workbench import Workbench

CHAPTERS = {
    "images": ("user-guide.md", "opening-images"),
    "parameters": ("user-guide.md", "analysing"),
    "particles": ("numbers.md", "one-particle"),
    "distribution": ("user-guide.md", "distribution"),
    "sample": ("numbers.md", "the-sample"),
    "live": ("user-guide.md", "watching"),
    "log": ("troubleshooting.md", ""),
}
"""Object name of a panel's dock -> the file and the section that explain it."""


class Helping:
    """Has the one window of the guide."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self.window: GuideWindow | None = None

    def show(self, widget: QWidget | None = None) -> None:
        """Open the guide or bring it to the front.

        Parameters
        ----------
        widget : what the user asks about; what the mouse points at where None.
        """
        if self.window is None:
            try:
                self.window = GuideWindow(chapters())
            except LycurgusError as error:
                self._bench.warn(str(error))
                return
        dock = dock_of(widget or QApplication.widgetAt(QCursor.pos()))
        # Before the place is shown: pages are laid out for the width that the window really has.
        self.window.show()
        if dock is not None and dock.objectName() in CHAPTERS:
            name, anchor = CHAPTERS[dock.objectName()]
            self.window.show_place(Place(self.window.place.path.parent / name, anchor))
        self.window.raise_()
        self.window.activateWindow()

    def close(self) -> None:
        if self.window is not None:
            self.window.close()


def dock_of(widget: QWidget | None) -> QDockWidget | None:
    """Return the dock that a widget stands in."""
    while widget is not None and not isinstance(widget, QDockWidget):
        widget = widget.parentWidget()
    return widget
