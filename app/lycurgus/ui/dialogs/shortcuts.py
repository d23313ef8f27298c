"""The sheet of shortcuts, made from the action table and the list of gestures."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QKeySequence, QPalette
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QTextBrowser, QVBoxLayout, QWidget

from lycurgus.ui.actions import ActionSpec
from lycurgus.ui.dialogs.buttons import settle_buttons
from lycurgus.ui.menus import MENUS

GESTURES_TITLE = "Mouse and held keys"

Row = tuple[str, str, str]
"""Keys, what they do, and a sentence about it."""


class ShortcutsDialog(QDialog):
    """Lists every shortcut by menu; what is typed narrows the list."""

    def __init__(self, specs: Sequence[ActionSpec], extra: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._groups = sheet(specs, extra)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Keyboard shortcuts")
        self._search = QLineEdit()
        self._search.setPlaceholderText("Search for a key or an action")
        self._search.setClearButtonEnabled(True)
        self._page = QTextBrowser()
        self._page.setAccessibleName("Shortcuts")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        layout.addWidget(self._search)
        layout.addWidget(self._page, 1)
        layout.addWidget(buttons)
        # Enter in the search line must not close the sheet.
        settle_buttons(buttons, None)
        buttons.rejected.connect(self.reject)
        self._search.textChanged.connect(self._fill)
        self._search.setFocus()
        self.resize(92 * self.fontMetrics().averageCharWidth(), 36 * self.fontMetrics().height())
        self._fill()

    @property
    def text(self) -> str:
        """What the sheet shows, as plain text."""
        return self._page.toPlainText()

    def search(self, words: str) -> None:
        self._search.setText(words)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_page"):
            self._fill()

    def _fill(self, *_: object) -> None:
        self._page.setHtml(sheet_html(narrowed(self._groups, self._search.text()), self.palette()))


def sheet(specs: Sequence[ActionSpec], extra: Sequence[tuple[str, str]]) -> dict[str, list[Row]]:
    """Group what has a shortcut by the titles of the menus, in their order, and the gestures after them."""
    groups: dict[str, list[Row]] = {_plain(title): [] for title in MENUS.values()}
    for spec in specs:
        if spec.shortcut:
            title = _plain(MENUS.get(spec.menu, spec.menu.capitalize()))
            groups.setdefault(title, []).append((_keys(spec.shortcut), _plain(spec.text), spec.help))
    groups[GESTURES_TITLE] = [(gesture, action, "") for gesture, action in extra]
    return {title: rows for title, rows in groups.items() if rows}


def narrowed(groups: Mapping[str, Sequence[Row]], words: str) -> dict[str, list[Row]]:
    """Keep the rows in which every word occurs, the title of the menu counting as part of each row."""
    wanted = words.casefold().split()
    kept = {
        title: [row for row in rows if all(word in " ".join((title, *row)).casefold() for word in wanted)] for title, rows in groups.items()
    }
    return {title: rows for title, rows in kept.items() if rows}


def sheet_html(groups: Mapping[str, Sequence[Row]], palette: QPalette) -> str:
    """Set the sheet as a page in the colours of a palette."""
    dim, line = palette.color(QPalette.ColorRole.PlaceholderText).name(), _line_colour(palette).name()
    if not groups:
        return f"<p style='color: {dim}'>No shortcut fits. Clear the search to see all of them.</p>"
    parts = []
    for title, rows in groups.items():
        cells = "".join(
            f"<tr><td width='32%' style='border-bottom: 1px solid {line}; padding: 4px 12px 4px 0'><b>{html.escape(keys)}</b></td>"
            f"<td style='border-bottom: 1px solid {line}; padding: 4px 0'>{html.escape(action)}{_aside(help_text, action, dim)}</td></tr>"
            for keys, action, help_text in rows
        )
        parts.append(f"<h3>{html.escape(title)}</h3><table width='100%' cellspacing='0' cellpadding='0'>{cells}</table>")
    return "".join(parts)


def _aside(text: str, action: str, colour: str) -> str:
    """The help sentence, where it says more than the action's own name."""
    if not text or text.casefold() == action.casefold():
        return ""
    return f"<br/><small style='color: {colour}'>{html.escape(text)}</small>"


def _line_colour(palette: QPalette) -> QColor:
    return palette.color(QPalette.ColorRole.Midlight)


def _keys(shortcut: str) -> str:
    """Write shortcuts as this system does: "Ctrl+Shift+Z or Ctrl+Y"."""
    return " or ".join(QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) for key in shortcut.split())


def _plain(text: str) -> str:
    return text.replace("&&", "\0").replace("&", "").replace("\0", "&").rstrip("…")
