"""Whether a window could be made here: every icon drawn, every panel made, without anything being shown."""

from __future__ import annotations

import os
import tempfile

from PySide6.QtCore import QSize, qVersion
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from lycurgus.core.errors import LycurgusError
from lycurgus.folders import HOME_VARIABLE
from lycurgus.resources import resource
from lycurgus.ui.app import make_window
from lycurgus.ui.theme import application_icon, icon

SIDE_PX = 32


def check_window() -> str:
    """Make the real window in memory, with settings of its own, and draw every icon; return what was found, in words.

    Raises
    ------
    LycurgusError
        Something is missing.
    """
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    icons = {path.stem: icon(path.stem) for path in sorted(resource("icons").glob("*.svg"))}
    empty = [name for name, each in {**icons, "of the application": application_icon()}.items() if not _shows_something(each)]
    if empty:
        raise LycurgusError(f"icons cannot be drawn: {', '.join(empty)}", hint="install Lycurgus again")
    with tempfile.TemporaryDirectory(prefix="lycurgus-") as home:
        before = os.environ.get(HOME_VARIABLE)
        os.environ[HOME_VARIABLE] = home
        try:
            window = make_window(application)
            n_actions = len(window.actions_.specs)
            window.close()
        finally:
            del os.environ[HOME_VARIABLE]
            if before is not None:
                os.environ[HOME_VARIABLE] = before
    return f"Qt {qVersion()}, {len(icons)} icons drawn, {n_actions} actions"


def _shows_something(one: QIcon) -> bool:
    """Tell whether any pixel of an icon is not transparent."""
    picture = one.pixmap(QSize(SIDE_PX, SIDE_PX)).toImage()
    return any(picture.pixelColor(x, y).alpha() for y in range(picture.height()) for x in range(picture.width()))
