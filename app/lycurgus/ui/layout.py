"""Where the panels of the window stand, at the first start and as the user left them."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QWidget

from lycurgus.services.settings import Settings

LAYOUT_VERSION = 2


@dataclass(frozen=True, slots=True)
class Panels:
    """What stands around the viewer."""

    browser: QWidget
    parameters: QWidget
    particles: QWidget
    distribution: QWidget
    sample: QWidget
    live: QWidget
    log: QWidget


def arrange(window: QMainWindow, panels: Panels) -> tuple[QDockWidget, ...]:
    """Dock the panels: images left, parameters right, particles beside their distribution below; return the docks."""
    left, right, bottom = (
        Qt.DockWidgetArea.LeftDockWidgetArea,
        Qt.DockWidgetArea.RightDockWidgetArea,
        Qt.DockWidgetArea.BottomDockWidgetArea,
    )
    browser = _dock(window, "Images", panels.browser, left)
    parameters = _dock(window, "Parameters", panels.parameters, right)
    particles = _dock(window, "Particles", panels.particles, bottom)
    distribution = _dock(window, "Distribution", panels.distribution, bottom)
    sample = _dock(window, "Sample", panels.sample, bottom)
    live = _dock(window, "Live", panels.live, bottom)
    log = _dock(window, "Log", panels.log, bottom)
    window.splitDockWidget(particles, distribution, Qt.Orientation.Horizontal)
    window.tabifyDockWidget(particles, sample)
    window.tabifyDockWidget(sample, live)
    window.tabifyDockWidget(live, log)
    particles.raise_()
    for corner in (Qt.Corner.BottomLeftCorner, Qt.Corner.BottomRightCorner):
        window.setCorner(corner, bottom)
    window.resizeDocks([browser, parameters], [260, 320], Qt.Orientation.Horizontal)
    window.resizeDocks([particles], [280], Qt.Orientation.Vertical)
    window.resizeDocks([particles, distribution], [640, 800], Qt.Orientation.Horizontal)
    return browser, parameters, particles, distribution, sample, live, log


def restore_layout(window: QMainWindow, settings: Settings) -> None:
    """Give the window the size and the arrangement of the last time."""
    window.resize(1440, 900)
    if settings.geometry:
        window.restoreGeometry(_bytes(settings.geometry))
    if settings.layout:
        window.restoreState(_bytes(settings.layout), LAYOUT_VERSION)


def layout_settings(window: QMainWindow) -> dict[str, str]:
    """Return the settings that ``restore_layout`` reads."""
    return {"geometry": _text(window.saveGeometry()), "layout": _text(window.saveState(LAYOUT_VERSION))}


def _dock(window: QMainWindow, title: str, panel: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
    dock = QDockWidget(title, window)
    dock.setObjectName(title.lower())
    dock.setWidget(panel)
    window.addDockWidget(area, dock)
    return dock


def _text(data: QByteArray) -> str:
    return bytes(data.toBase64().data()).decode("ascii")


def _bytes(text: str) -> QByteArray:
    return QByteArray.fromBase64(text.encode("ascii"))
