"""Light, dark and system looks, and icons that follow them."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from lycurgus.resources import resource

Theme = Literal["system", "light", "dark"]

ACCENT = "#0072b2"
AMBER = "#e69f00"
"""Okabe and Ito's blue and orange: told apart with every kind of colour vision."""

_SCHEMES = {"system": Qt.ColorScheme.Unknown, "light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}

_DARK = {
    QPalette.ColorRole.Window: "#2e3338",
    QPalette.ColorRole.WindowText: "#e8eaed",
    QPalette.ColorRole.Base: "#1b1e21",
    QPalette.ColorRole.AlternateBase: "#22262a",
    QPalette.ColorRole.Text: "#e8eaed",
    QPalette.ColorRole.Button: "#3a4047",
    QPalette.ColorRole.ButtonText: "#e8eaed",
    QPalette.ColorRole.BrightText: "#ffffff",
    QPalette.ColorRole.ToolTipBase: "#3a4047",
    QPalette.ColorRole.ToolTipText: "#e8eaed",
    QPalette.ColorRole.PlaceholderText: "#8d949b",
    QPalette.ColorRole.Highlight: "#2f86c1",
    QPalette.ColorRole.HighlightedText: "#ffffff",
    QPalette.ColorRole.Link: "#6db9ec",
    QPalette.ColorRole.Mid: "#4a5158",
    QPalette.ColorRole.Midlight: "#474e55",
    QPalette.ColorRole.Dark: "#1f2326",
    QPalette.ColorRole.Light: "#565e66",
    QPalette.ColorRole.Shadow: "#0c0e0f",
}
_LIGHT = {
    QPalette.ColorRole.Window: "#f3f4f6",
    QPalette.ColorRole.WindowText: "#1c1f23",
    QPalette.ColorRole.Base: "#ffffff",
    QPalette.ColorRole.AlternateBase: "#f7f8fa",
    QPalette.ColorRole.Text: "#1c1f23",
    QPalette.ColorRole.Button: "#fbfbfc",
    QPalette.ColorRole.ButtonText: "#1c1f23",
    QPalette.ColorRole.BrightText: "#ffffff",
    QPalette.ColorRole.ToolTipBase: "#ffffff",
    QPalette.ColorRole.ToolTipText: "#1c1f23",
    QPalette.ColorRole.PlaceholderText: "#6f7780",
    QPalette.ColorRole.Highlight: ACCENT,
    QPalette.ColorRole.HighlightedText: "#ffffff",
    QPalette.ColorRole.Link: "#005a8c",
    QPalette.ColorRole.Mid: "#c3c8ce",
    QPalette.ColorRole.Midlight: "#dfe2e6",
    QPalette.ColorRole.Dark: "#9aa1a9",
    QPalette.ColorRole.Light: "#ffffff",
    QPalette.ColorRole.Shadow: "#6b7178",
}
_GREYED = (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText)


def apply_theme(application: QApplication, theme: Theme) -> None:
    """Set the look; "system" follows the desktop's choice of light or dark."""
    application.styleHints().setColorScheme(_SCHEMES[theme])
    dark = is_dark_desktop() if theme == "system" else theme == "dark"
    application.setPalette(palette(dark=dark))
    # Only after the colours: widgets with a style sheet of their own take the colours that are set when the style is.
    application.setStyle("Fusion")


def is_dark_desktop() -> bool:
    return QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark


def palette(*, dark: bool) -> QPalette:
    """Return the colours of the dark or the light look."""
    made = QPalette()
    for role, colour in (_DARK if dark else _LIGHT).items():
        made.setColor(role, QColor(colour))
    for role in _GREYED:
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor("#6b7178" if dark else "#9aa1a9"))
    made.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Highlight, QColor("#4a5157" if dark else "#c3c8ce"))
    return made


def icon(name: str) -> QIcon:
    """Return an icon of ``resources/icons`` in the text colour of whatever theme is on when it is painted."""
    return QIcon(_ThemedIcon(name))


class _ThemedIcon(QIconEngine):
    """Paints an SVG whose strokes are ``currentColor`` in the palette's colour."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._svg = resource(f"icons/{name}.svg").read_text(encoding="utf-8")

    def clone(self) -> QIconEngine:
        return _ThemedIcon(self._name)

    def paint(self, painter: QPainter, rect: object, mode: QIcon.Mode, state: QIcon.State) -> None:
        group = QPalette.ColorGroup.Disabled if mode == QIcon.Mode.Disabled else QPalette.ColorGroup.Active
        pressed = state == QIcon.State.On and mode != QIcon.Mode.Disabled
        role = QPalette.ColorRole.Link if pressed else QPalette.ColorRole.ButtonText
        colour = QGuiApplication.palette().color(group, role)
        renderer = QSvgRenderer(QByteArray(self._svg.replace("currentColor", colour.name()).encode()))
        renderer.render(painter, QRectF(rect))  # type: ignore[call-overload]

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        picture = QPixmap(size)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        self.paint(painter, picture.rect(), mode, state)
        painter.end()
        return picture


def application_icon() -> QIcon:
    return QIcon(str(resource("icons/lycurgus.svg")))
