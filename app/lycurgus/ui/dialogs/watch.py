"""Which folder is watched, and where the results go."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QCheckBox, QDialog, QFormLayout, QLabel, QVBoxLayout, QWidget

from lycurgus.ui.dialogs.buttons import confirm_or_cancel, settle_buttons
from lycurgus.ui.dialogs.folder_field import FolderField
from lycurgus.ui.dialogs.method_lines import method_lines
from lycurgus.ui.dialogs.remarks import Remark, RemarksLabel
from lycurgus.ui.group_field import GroupField
from lycurgus.ui.watching import Watching, WatchOrder
from lycurgus.ui.workbench import Workbench

SUFFIX = " - results"


class WatchDialog(QDialog):
    """Asks, and starts the watch; the disk is not touched before that, since a share that has vanished would keep the window waiting."""

    def __init__(self, workbench: Workbench, watching: Watching, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bench, self._watching = workbench, watching
        self.setWindowTitle("Watch a folder")
        last = workbench.settings.last_folders
        self._folder = FolderField("Folder to watch", folder=last.get("watch", ""), placeholder="The folder that the microscope writes to")
        self._out = FolderField("Folder for the results", placeholder="Report, overlays, labels")
        self._recursive = QCheckBox("Also watch &subfolders")
        self._anew = QCheckBox("&Begin anew: set earlier results there aside")
        self._anew.setToolTip("Without it, a watch goes on where it ended; it needs the same parameters then")
        self._groups = GroupField()
        self._groups.show_text(workbench.settings.group_by)
        form = QFormLayout()
        form.setHorizontalSpacing(8)
        form.setVerticalSpacing(8)
        form.addRow("&Watch", self._folder)
        form.addRow("", self._recursive)
        form.addRow("&Results in", self._out)
        form.addRow("", self._anew)
        form.addRow("&Groups", self._groups)
        for name, value in method_lines(workbench.store.params):
            form.addRow(name, QLabel(value))
        self._remarks = RemarksLabel()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        layout.addLayout(form)
        layout.addWidget(self._remarks)
        layout.addStretch(1)
        box, self._start = confirm_or_cancel(self, "&Start")
        layout.addWidget(box)
        settle_buttons(box, self._start)
        self._proposed = ""
        self._folder.changed.connect(self._on_folder)
        self._out.changed.connect(self._check)
        self._groups.currentTextChanged.connect(self._check)
        self.accepted.connect(self._begin)
        self.finished.connect(self.deleteLater)
        self.setMinimumWidth(92 * self.fontMetrics().averageCharWidth())
        self._on_folder()

    @property
    def order(self) -> WatchOrder | None:
        """What *Start* would do."""
        folder, out = self._folder.folder, self._out.folder
        if folder is None or out is None or folder == out or self._groups.problem:
            return None
        chosen = self._recursive.isChecked(), self._anew.isChecked()
        return WatchOrder(folder, out, recursive=chosen[0], anew=chosen[1], group_by=self._groups.text)

    @property
    def remarks(self) -> tuple[Remark, ...]:
        return self._remarks.remarks

    def fill_in(self, folder: Path, out: Path | None = None, *, recursive: bool = False, anew: bool = False) -> None:
        """Fill the form in."""
        self._folder.set_folder(folder)
        if out is not None:
            self._out.set_folder(out)
        self._recursive.setChecked(recursive)
        self._anew.setChecked(anew)

    def _on_folder(self) -> None:
        """Propose a folder beside the watched one, until the user has chosen another."""
        folder, out = self._folder.folder, self._out.folder
        if folder is not None and (out is None or str(out) == self._proposed):
            proposed = folder.with_name(f"{folder.name or 'watch'}{SUFFIX}")
            self._proposed = str(proposed)
            self._out.set_folder(proposed)
        self._check()

    def _check(self) -> None:
        folder, out = self._folder.folder, self._out.folder
        remarks = []
        if folder is not None and folder == out:
            remarks.append(Remark("error", "The results need a folder of their own: they hold pictures too."))
        if self._groups.problem:
            remarks.append(Remark("error", f"{self._groups.problem}."))
        self._remarks.show_remarks(remarks)
        self._start.setEnabled(self.order is not None)

    def _begin(self) -> None:
        order = self.order
        if order is None:
            return
        last = {**self._bench.settings.last_folders, "watch": str(order.folder)}
        self._bench.change_settings(last_folders=last, group_by=order.group_by)
        self._watching.start(order)
