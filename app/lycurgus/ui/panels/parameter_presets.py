"""The line of the parameter panel in which presets are chosen, kept and put in order."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QPalette, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QToolButton, QWidget

from lycurgus.core.errors import LycurgusError
from lycurgus.services.presets import DEFAULT, Preset, Presets
from lycurgus.ui.eliding import ElidingComboBox
from lycurgus.ui.panels.parameter_preset_dialogs import ManagePresetsDialog, SavePresetDialog
from lycurgus.ui.workbench import Workbench


class PresetBar(QWidget):
    """Shows which preset the parameters come from, and whether they were changed since.

    Signals
    -------
    chosen : the Preset that the user chose.
    """

    chosen = Signal(object)

    def __init__(self, workbench: Workbench, presets: Presets | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bench = workbench
        self._presets = presets or Presets()
        self._listed: tuple[Preset, ...] = ()
        self.box = ElidingComboBox(letters=12)
        self.box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        label = QLabel("P&reset")
        label.setBuddy(self.box)
        self.modified = QLabel("modified")
        self.modified.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.modified.setToolTip("The parameters were changed since this preset was chosen")
        self.more = QToolButton(autoRaise=True, popupMode=QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setText("⋯")
        self.more.setToolTip("Save and manage presets")
        self.more.setAccessibleName("Presets")
        self.more.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        menu = QMenu(self.more)
        self.save_action = menu.addAction("&Save as…")
        self.revert_action = menu.addAction("&Back to the preset")
        menu.addSeparator()
        self.manage_action = menu.addAction("&Manage…")
        self.more.setMenu(menu)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(label)
        row.addWidget(self.box, 1)
        row.addWidget(self.modified)
        row.addWidget(self.more)
        self.box.activated.connect(self._on_chosen)
        self.save_action.triggered.connect(self.ask_to_save)
        self.revert_action.triggered.connect(self._revert)
        self.manage_action.triggered.connect(self.manage)
        workbench.store.params_changed.connect(self._compare)
        self.refresh()

    @property
    def current(self) -> Preset:
        """The preset that the parameters come from."""
        return self._listed[int(self.box.currentData())]

    def refresh(self) -> None:
        """List again what is on the disk."""
        self._listed = self._presets.all()
        wanted = self._bench.settings.preset or DEFAULT
        with QSignalBlocker(self.box):
            self.box.clear()
            for number, preset in enumerate(self._listed):
                if self.box.count() and preset.shipped != self._listed[number - 1].shipped:
                    self.box.insertSeparator(self.box.count())
                if preset.params is not None:
                    self.box.addItem(preset.name, number)
            self.box.setCurrentIndex(max(0, self.box.findText(wanted, Qt.MatchFlag.MatchFixedString)))
        self._compare()

    def ask_to_save(self) -> SavePresetDialog:
        """Open the dialog that asks for a name."""
        suggestion = "" if self.current.shipped else self.current.name
        dialog = SavePresetDialog(self._presets, suggestion, self.window())
        dialog.name_chosen.connect(self.save)
        dialog.open()
        return dialog

    def save(self, name: str) -> None:
        """Keep the present parameters as a preset of the user."""
        try:
            preset = self._presets.save(name, self._bench.store.params)
        except LycurgusError as error:
            self._bench.fail_with(error)
            return
        self._bench.change_settings(preset=preset.name)
        self.refresh()

    def manage(self) -> ManagePresetsDialog:
        """Open the list of presets."""
        dialog = ManagePresetsDialog(self._presets, self.window())
        dialog.presets_changed.connect(self._renamed)
        dialog.open()
        return dialog

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        self.refresh()

    def _on_chosen(self) -> None:
        self._bench.change_settings(preset=self.current.name)
        self.chosen.emit(self.current)
        self._compare()

    def _revert(self) -> None:
        self.chosen.emit(self.current)

    def _renamed(self, before: str, after: str) -> None:
        if self._bench.settings.preset == before:
            self._bench.change_settings(preset=after)
        self.refresh()

    def _compare(self, *_: object) -> None:
        changed = self._bench.store.params != self.current.params
        self.modified.setVisible(changed)
        self.revert_action.setEnabled(changed)
        self.box.setToolTip(f"{self.current.name}, changed since" if changed else self.current.name)
