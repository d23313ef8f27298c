"""Starts the window: settings, theme, log file, nets for what nobody caught."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication

from lycurgus import __version__
from lycurgus.core.errors import LycurgusError
from lycurgus.folders import default_project_file, log_folder
from lycurgus.services.settings import SettingsStore
from lycurgus.ui.dialogs.export import warm_up
from lycurgus.ui.garbage import GarbageCollection
from lycurgus.ui.main_window import MainWindow
from lycurgus.ui.theme import application_icon, apply_theme
from lycurgus.ui.workbench import Notice, Workbench

_log = logging.getLogger("lycurgus")
_LEVELS = {"info": logging.INFO, "success": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def run(paths: Sequence[Path] = (), *, analyse: bool = False, picture: Path | None = None) -> int:
    """Open the window, with these files and folders, and return the exit status when it is closed.

    Parameters
    ----------
    analyse : as soon as they are open.
    picture : save one of the window there when nothing is left to do, and close it.
    """
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName("Lycurgus")
    application.setApplicationVersion(__version__)
    application.setDesktopFileName("lycurgus")
    application.setWindowIcon(application_icon())
    begin_log()
    GarbageCollection(application)
    window = make_window(application)
    catch_strays(window.bench)
    window.show()
    QTimer.singleShot(0, window, lambda: warm_up(window.bench))
    if sys.platform == "darwin":
        # There alone: every event of the application passes it.
        application.installEventFilter(FileOpener(window))
    if paths:
        QTimer.singleShot(0, window, lambda: window.open_paths(list(paths)))
    if not (analyse or picture):
        return application.exec()
    from lycurgus.ui.errand import Errand

    errand = Errand(window, analyse=analyse, picture=picture)
    return application.exec() or errand.status


def check() -> int:
    """Print whether a window can be made here; status 1 where it cannot."""
    from lycurgus.ui.check import check_window

    try:
        print(check_window())
    except LycurgusError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


class FileOpener(QObject):
    """Opens what macOS asks to be opened: a double click there is an event, not an argument."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if isinstance(event, QFileOpenEvent) and event.file():
            self._window.open_paths([Path(event.file())])
            return True
        return super().eventFilter(watched, event)


def make_window(application: QApplication) -> MainWindow:
    """Make the window with the user's settings, whatever state their files are in."""
    settings = SettingsStore()
    apply_theme(application, settings.settings.theme)
    bench = Workbench(settings, default_project_file())
    log_notices(bench)
    window = MainWindow(bench)
    for warning in (settings.warning, bench.project.warning):
        if warning:
            bench.warn(warning)
    return window


def begin_log() -> None:
    """Keep the log in a file that never grows beyond a few megabytes; without one where the disk refuses."""
    try:
        log_folder().mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(log_folder() / "lycurgus.log", maxBytes=1_000_000, backupCount=3, encoding="utf-8")
    except OSError:
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"))
    _log.addHandler(handler)
    _log.setLevel(logging.INFO)
    _log.info("Lycurgus %s on Python %s", __version__, sys.version.split()[0])


def log_notices(bench: Workbench) -> None:
    """Write what the user is told to the log file as well: the list in the window ends with the window."""

    def log(notice: Notice) -> None:
        _log.log(_LEVELS[notice.level], "%s", "\n".join(filter(None, (notice.text, notice.details))))

    bench.noticed.connect(log)


def catch_strays(bench: Workbench) -> None:
    """Log exceptions that nobody caught, in any thread, and show them; the program goes on."""

    def stray(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        _log.error("uncaught", exc_info=(kind, error or kind(), trace))
        bench.strayed.emit(f"{kind.__name__}: {error}")

    sys.excepthook = stray
    threading.excepthook = lambda stop: stray(stop.exc_type, stop.exc_value, stop.exc_traceback)
