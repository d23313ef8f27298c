"""Sentences that a dialog shows in place: what is missing, and what should be known before going on."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from lycurgus.ui.notifications import COLOURS, GLYPHS


@dataclass(frozen=True, slots=True)
class Remark:
    """One sentence; an error keeps the dialog from going on, a warning does not."""

    level: Literal["info", "warning", "error"]
    text: str


class RemarksLabel(QLabel):
    """Shows remarks, each with the glyph of its level; hidden while there are none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self.remarks: tuple[Remark, ...] = ()
        self.hide()

    def show_remarks(self, remarks: Iterable[Remark]) -> None:
        self.remarks = tuple(remarks)
        rows = "".join(
            f'<tr><td style="color: {COLOURS[remark.level]}">{GLYPHS[remark.level]}&nbsp;</td><td>{html.escape(remark.text)}</td></tr>'
            for remark in self.remarks
        )
        self.setText(f"<table cellspacing='0' cellpadding='1'>{rows}</table>")
        self.setAccessibleDescription(" ".join(remark.text for remark in self.remarks))
        self.setVisible(bool(self.remarks))
