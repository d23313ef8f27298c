"""A line for a folder with a Browse button beside it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QDir, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QWidget


class FolderField(QWidget):
    """Takes a folder by typing or by choosing; it need not exist yet.

    Signals
    -------
    changed : the text is another one.
    """

    changed = Signal()

    def __init__(self, title: str, *, folder: str = "", placeholder: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self._line = QLineEdit(QDir.toNativeSeparators(folder))
        self._line.setPlaceholderText(placeholder)
        self._line.setClearButtonEnabled(True)
        self._line.setMinimumWidth(self.fontMetrics().averageCharWidth() * 30)
        self._browse = QPushButton("Browse…")
        self._browse.setAutoDefault(False)
        self._browse.setToolTip(title)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self._line, 1)
        row.addWidget(self._browse)
        self.setFocusProxy(self._line)
        self._line.textChanged.connect(self._on_text)
        self._browse.clicked.connect(self._choose)
        self._on_tooltip()

    @property
    def folder(self) -> Path | None:
        """The folder, absolute, or None while nothing is written."""
        text = self._line.text().strip()
        return Path(text).expanduser().absolute() if text else None

    def set_folder(self, folder: Path | str) -> None:
        self._line.setText(QDir.toNativeSeparators(str(folder)))

    def _on_text(self) -> None:
        self._on_tooltip()
        self.changed.emit()

    def _on_tooltip(self) -> None:
        self._line.setToolTip(self._line.text())

    def _choose(self) -> None:
        dialog = QFileDialog(self, self._title, str(self._nearest_folder()))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self.set_folder)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _nearest_folder(self) -> Path:
        """The folder itself or the nearest above it that exists: where choosing begins."""
        folder = self.folder
        if folder is None:
            return Path.home()
        return next((above for above in (folder, *folder.parents) if above.is_dir()), Path.home())
