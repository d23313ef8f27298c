"""Dialogs about presets: naming a new one, renaming and deleting those that are there."""

from __future__ import annotations

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QIcon
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lycurgus.core.errors import LycurgusError, ParameterError
from lycurgus.services.presets import Preset, Presets


class SavePresetDialog(QDialog):
    """Asks for the name of a preset, and says at once what that name would do.

    Signals
    -------
    name_chosen : a name that can be used.
    """

    name_chosen = Signal(str)

    def __init__(self, presets: Presets, suggestion: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presets = presets
        self.setWindowTitle("Save preset")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.entry = QLineEdit(suggestion, placeholderText="for instance Gold on carbon, 200 kV")
        label = QLabel("&Name of the preset")
        label.setBuddy(self.entry)
        self.sentence = QLabel(wordWrap=True)
        self.sentence.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        self.save_button = buttons.button(QDialogButtonBox.StandardButton.Save)
        _without_icons(buttons)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        for widget in (label, self.entry, self.sentence, buttons):
            layout.addWidget(widget)
        self.setMinimumWidth(self.fontMetrics().averageCharWidth() * 56)
        self.entry.textChanged.connect(self._judge)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self._judge()

    def accept(self) -> None:
        """Hand over the name and close."""
        if self.save_button.isEnabled():
            self.name_chosen.emit(self.entry.text())
            super().accept()

    def _judge(self) -> None:
        try:
            name = self._presets.check_name(self.entry.text())
        except ParameterError as error:
            self.save_button.setEnabled(False)
            self.sentence.setText("" if not self.entry.text().strip() else f"✕ {_sentence(error)}")
            return
        self.save_button.setEnabled(True)
        there = self._presets.named(name)
        self.save_button.setText("&Replace" if there else "&Save")
        if there is not None:
            self.sentence.setText(f"Replaces your preset '{there.name}'.")
        else:
            self.sentence.setText("" if name == self.entry.text().strip() else f"Will be called '{name}'.")


class ManagePresetsDialog(QDialog):
    """Lists all presets; those of the user can be renamed and deleted.

    Signals
    -------
    presets_changed : name before and name after, "" where it was deleted.
    """

    presets_changed = Signal(str, str)

    def __init__(self, presets: Presets, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presets = presets
        self._listed: list[Preset] = []
        self.setWindowTitle("Presets")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.list = QListWidget()
        self.list.setAccessibleName("Presets")
        self.sentence = QLabel(wordWrap=True)
        self.rename_button = QPushButton("&Rename")
        self.delete_button = QPushButton("&Delete")
        self.delete_button.setToolTip("Click twice to delete")
        self.folder_button = QPushButton("Show &folder")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        _without_icons(buttons)
        row = QHBoxLayout()
        row.setSpacing(6)
        for button in (self.rename_button, self.delete_button, self.folder_button):
            button.setAutoDefault(False)
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(buttons)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.sentence)
        layout.addLayout(row)
        self.resize(self.fontMetrics().averageCharWidth() * 72, 360)
        self.list.currentRowChanged.connect(self._show_one)
        self.list.itemChanged.connect(self._rename)
        self.rename_button.clicked.connect(self._edit_name)
        self.delete_button.clicked.connect(self._delete)
        self.folder_button.clicked.connect(self._show_folder)
        buttons.rejected.connect(self.reject)
        self._fill()

    @property
    def _current(self) -> Preset | None:
        row = self.list.currentRow()
        return self._listed[row] if 0 <= row < len(self._listed) else None

    def _fill(self) -> None:
        chosen = self.list.currentRow()
        self._listed = list(self._presets.all())
        self.list.blockSignals(True)
        self.list.clear()
        for preset in self._listed:
            item = QListWidgetItem(preset.name if preset.params is not None else f"✕  {preset.name}")
            if not preset.shipped and preset.params is not None:
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            item.setToolTip(preset.problem or ("Comes with Lycurgus" if preset.shipped else str(preset.path)))
            self.list.addItem(item)
        self.list.blockSignals(False)
        self.list.setCurrentRow(min(max(chosen, 0), len(self._listed) - 1))
        self._show_one()

    def _show_one(self, *_: object) -> None:
        preset = self._current
        own = preset is not None and not preset.shipped
        self.rename_button.setEnabled(own and preset is not None and preset.params is not None)
        self.delete_button.setEnabled(own)
        self.delete_button.setText("&Delete")
        if preset is None:
            self.sentence.setText("")
        elif preset.problem:
            self.sentence.setText(f"Cannot be used: {preset.problem}.")
        else:
            self.sentence.setText("Comes with Lycurgus and stays as it is." if preset.shipped else "Yours.")

    def _edit_name(self) -> None:
        self.list.editItem(self.list.currentItem())

    def _rename(self, item: QListWidgetItem) -> None:
        preset = self._listed[self.list.row(item)]
        if item.text() == preset.name:
            return
        problem = ""
        try:
            renamed = self._presets.rename(preset, item.text())
            self.presets_changed.emit(preset.name, renamed.name)
        except LycurgusError as error:
            problem = f"✕ {_sentence(error)}"
        self._fill()
        if problem:
            self.sentence.setText(problem)

    def _delete(self) -> None:
        preset = self._current
        if preset is None:
            return
        if self.delete_button.text() == "&Delete":
            # A second click instead of another dialog.
            self.delete_button.setText("&Delete for good")
            return
        try:
            self._presets.delete(preset)
        except LycurgusError as error:
            self.sentence.setText(f"✕ {_sentence(error)}")
            return
        self.presets_changed.emit(preset.name, "")
        self._fill()

    def _show_folder(self) -> None:
        folder = next((folder for folder in (self._presets.folder, *self._presets.folder.parents) if folder.is_dir()), None)
        if folder is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


def _without_icons(buttons: QDialogButtonBox) -> None:
    for button in buttons.buttons():
        button.setIcon(QIcon())


def _sentence(error: LycurgusError) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
