"""A field for how images are divided into groups: not at all, by folder, or by a pattern for their names."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QWidget

from lycurgus.core.errors import ParameterError
from lycurgus.services.grouping import HINT, Grouping

NONE, BY_FOLDER = "No groups", "By folder"
EXAMPLE = "or a pattern: blank*,dose*"


class GroupField(QComboBox):
    """Takes what ``--group-by`` takes; one of the two first lines, or anything that is typed.

    Signals
    -------
    chosen : the text for ``Grouping``, "" for no groups; only where it can be used, and only by the user.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setEditable(True)
        self.addItems([NONE, BY_FOLDER])
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setAccessibleName("Groups of images")
        self.setMinimumContentsLength(len(EXAMPLE))
        line = self.lineEdit()
        assert line is not None
        line.setPlaceholderText(EXAMPLE)
        self.setToolTip(f"Each group is summarised by itself, here and in the report:\n{HINT}")
        line.editingFinished.connect(self.settle)
        self.activated.connect(self.settle)
        self._last = ""

    @property
    def text(self) -> str:
        """What is chosen, "" for no groups, whether it can be used or not."""
        typed = self.currentText().strip()
        return {NONE: "", BY_FOLDER: "folder"}.get(typed, typed)

    @property
    def problem(self) -> str:
        """Why it cannot be used, or ""."""
        try:
            Grouping(self.text)
        except ParameterError as error:
            return str(error)
        return ""

    def show_text(self, text: str) -> None:
        """Show a choice, without telling anybody."""
        self._last = text
        self.setCurrentText({"": NONE, "folder": BY_FOLDER}.get(text, text))

    def settle(self, *_: object) -> None:
        """Tell what was typed, if that is not told yet."""
        if not self.text:
            self.setCurrentText(NONE)
        if self.text != self._last and not self.problem:
            self._last = self.text
            self.chosen.emit(self.text)


def grouping_of(text: str) -> Grouping | None:
    """Return the grouping that is chosen; None for none, and where settings that were written by hand hold what cannot be used."""
    try:
        return Grouping(text) if text else None
    except ParameterError:
        return None
