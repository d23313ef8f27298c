"""The networks that are installed: which there are, what they are, adding and removing them, choosing one."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHeaderView,
    QLabel,
    QMenu,
    QPushButton,
    QSplitter,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lycurgus.inference.catalog import InstalledModel, ShadowedModel, UnusableModel
from lycurgus.services.model_sources import ARCHIVE_SUFFIX
from lycurgus.services.models import Added, ModelCheck, folder_of, is_bundled, name_of
from lycurgus.ui.dialogs.buttons import confirm_or_cancel, settle_buttons
from lycurgus.ui.dialogs.model_details import ModelDetails
from lycurgus.ui.dialogs.remarks import Remark, RemarksLabel
from lycurgus.ui.drops import dropped_paths
from lycurgus.ui.jobs import Job
from lycurgus.ui.model_keeping import ModelEntry, ModelKeeping
from lycurgus.ui.workbench import Workbench

_ENTRY = Qt.ItemDataRole.UserRole
_LIST_LETTERS, _DETAILS_LETTERS = 68, 92
_INVITATION = "Drop a model folder or its zip archive here to add it."


class ModelsDialog(QDialog):
    """Lists the models; what takes time is done beside the window, and a refusal is a toast like any other."""

    def __init__(self, workbench: Workbench, keeping: ModelKeeping, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bench, self._keeping = workbench, keeping
        self._entries: list[ModelEntry] = []
        self._wanted: Path | None = None
        self._jobs: list[Job] = []
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAcceptDrops(True)
        self.setWindowTitle("Models")
        self.list = _list()
        self.details = ModelDetails()
        parts = QSplitter()
        parts.addWidget(self.list)
        parts.addWidget(self.details)
        parts.setStretchFactor(0, 0)
        parts.setStretchFactor(1, 1)
        parts.setChildrenCollapsible(False)
        width, height = self.fontMetrics().averageCharWidth(), self.fontMetrics().height()
        parts.setSizes([_LIST_LETTERS * width, _DETAILS_LETTERS * width])
        self._line = QLabel(_INVITATION)
        self._line.setWordWrap(True)
        self._line.setTextFormat(Qt.TextFormat.PlainText)
        self._remarks = RemarksLabel()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.add_button = self._add_button(buttons)
        self.remove_button = buttons.addButton("&Remove…", QDialogButtonBox.ButtonRole.ActionRole)
        self.check_button = buttons.addButton("Chec&k", QDialogButtonBox.ButtonRole.ActionRole)
        self.check_button.setToolTip("See whether the model computes what it did when it was exported")
        self.use_button = buttons.addButton("&Use for detection", QDialogButtonBox.ButtonRole.ActionRole)
        self.use_button.setToolTip("Choose the model in the parameters; results stay until you analyse again")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        layout.addWidget(parts, 1)
        layout.addWidget(self._remarks)
        layout.addWidget(self._line)
        layout.addWidget(buttons)
        settle_buttons(buttons, None)
        buttons.rejected.connect(self.reject)
        self.remove_button.clicked.connect(self.ask_to_remove)
        self.check_button.clicked.connect(self.check)
        self.use_button.clicked.connect(self.use)
        self.list.currentItemChanged.connect(self._show_current)
        keeping.changed.connect(self.refill)
        keeping.added.connect(self._on_added)
        # Methods, not lambdas: these end with the dialog.
        keeping.busy.connect(self._show_busy)
        keeping.checked.connect(self._show_check)
        keeping.told.connect(self._show_told)
        workbench.store.params_changed.connect(self._write_states)
        self.finished.connect(self._stop)
        self.resize((_LIST_LETTERS + _DETAILS_LETTERS) * width, 40 * height)
        self._enable()
        self.refill()

    @property
    def entry(self) -> ModelEntry | None:
        """The model that is selected."""
        item = self.list.currentItem()
        return item.data(0, _ENTRY) if item is not None else None

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What was said last of an addition or a removal."""
        return self._remarks.remarks

    def select(self, folder: Path) -> None:
        """Select the model of a folder."""
        for row in range(self.list.topLevelItemCount()):
            item = self.list.topLevelItem(row)
            if item is not None and folder_of(item.data(0, _ENTRY).listed) == folder:
                self.list.setCurrentItem(item)

    def refill(self) -> None:
        """List what is installed now; the selection stays where it was."""
        self._jobs.append(self._keeping.list_entries(self._fill))

    def choose_archive(self) -> None:
        start = self._bench.settings.last_folders.get("models", "")
        chosen, _ = QFileDialog.getOpenFileName(self, "Add a model", start, f"Zip archives (*{ARCHIVE_SUFFIX})")
        self._add_chosen(chosen)

    def choose_folder(self) -> None:
        self._add_chosen(QFileDialog.getExistingDirectory(self, "Add a model folder", self._bench.settings.last_folders.get("models", "")))

    def ask_to_remove(self) -> None:
        """Ask, since a model cannot be brought back."""
        if self.entry is not None:
            question = ConfirmRemoval(self.entry, self)
            name = name_of(self.entry.listed)
            question.accepted.connect(lambda: self._keeping.remove(name))
            question.open()

    def check(self) -> None:
        if self.entry is not None:
            self._keeping.check(self.entry.listed)

    def use(self) -> None:
        if self.entry is not None:
            self._keeping.use(name_of(self.entry.listed))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        if dropped_paths(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        """Take whatever is dropped here for a model."""
        event.acceptProposedAction()
        for path in dropped_paths(event.mimeData()):
            self._keeping.add(path)

    def _add_button(self, buttons: QDialogButtonBox) -> QPushButton:
        button = buttons.addButton("&Add", QDialogButtonBox.ButtonRole.ActionRole)
        menu = QMenu(button)
        menu.addAction("From a &zip archive…").triggered.connect(self.choose_archive)
        menu.addAction("From a &folder…").triggered.connect(self.choose_folder)
        button.setMenu(menu)
        return button

    def _add_chosen(self, chosen: str) -> None:
        if chosen:
            path = Path(chosen)
            self._bench.change_settings(last_folders={**self._bench.settings.last_folders, "models": str(path.parent)})
            self._keeping.add(path)

    def _fill(self, entries: list[ModelEntry]) -> None:
        selected = self._wanted or (folder_of(self.entry.listed) if self.entry else None)
        self._wanted = None
        self._entries = entries
        self.list.clear()
        for entry in entries:
            listed = entry.listed
            version = "" if isinstance(listed, UnusableModel) else _model(listed).manifest.version
            item = QTreeWidgetItem([name_of(listed), version, "Lycurgus" if is_bundled(listed) else "you", ""])
            item.setData(0, _ENTRY, entry)
            for column in (0, 1):
                item.setToolTip(column, item.text(column))
            self.list.addTopLevelItem(item)
        self._write_states()
        if selected is not None:
            self.select(selected)
        if self.list.currentItem() is None and entries:
            used = next((each for each in entries if each.is_default), entries[0])
            self.select(folder_of(used.listed))
        self._show_current()

    def _write_states(self, *_: object) -> None:
        """Say of each model whether it is the default, the one that is chosen now, or not used at all."""
        for row in range(self.list.topLevelItemCount()):
            item = self.list.topLevelItem(row)
            if item is not None:
                state = self._state_of(item.data(0, _ENTRY))
                item.setText(3, state)
                item.setToolTip(3, state)
        self._enable()

    def _state_of(self, entry: ModelEntry) -> str:
        listed = entry.listed
        if isinstance(listed, UnusableModel):
            return "cannot be used"
        if isinstance(listed, ShadowedModel):
            return f"{listed.by.manifest.version} is used"
        chosen = self._keeping.in_use in (listed.manifest.name, "default" if entry.is_default else None)
        return ", ".join(filter(None, ("default" if entry.is_default else "", "chosen" if chosen else "")))

    def _show_current(self, *_: object) -> None:
        entry = self.entry
        self.details.show_entry(entry)
        if entry is not None and isinstance(entry.listed, InstalledModel):
            self._jobs.append(self._keeping.find_provider(entry.listed, self.details.show_provider, self.details.show_failure))
        self._enable()

    def _show_check(self, check: ModelCheck) -> None:
        if self.entry is not None and folder_of(self.entry.listed) == folder_of(check.listed):
            self.details.show_check(check)

    def _on_added(self, added: Added) -> None:
        self._wanted = added.model.folder

    def _show_busy(self, text: str) -> None:
        self._line.setText(text or _INVITATION)

    def _show_told(self, went_well: bool, sentence: str) -> None:
        """Say it here too: a toast may lie behind the dialog."""
        self._remarks.show_remarks([Remark("info" if went_well else "error", sentence)])

    def _enable(self) -> None:
        entry = self.entry
        self.use_button.setEnabled(entry is not None and isinstance(entry.listed, InstalledModel))
        self.check_button.setEnabled(entry is not None and not isinstance(entry.listed, UnusableModel))
        self.remove_button.setEnabled(entry is not None and not is_bundled(entry.listed))
        bundled = entry is not None and is_bundled(entry.listed)
        self.remove_button.setToolTip("What comes with Lycurgus cannot be removed" if bundled else "Remove the model from this computer")

    def _stop(self, *_: object) -> None:
        for job in self._jobs:
            if job in self._bench.jobs.active:
                job.cancel()


class ConfirmRemoval(QDialog):
    """Asks whether a model is to be removed."""

    def __init__(self, entry: ModelEntry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Remove a model")
        listed = entry.listed
        version = "" if isinstance(listed, UnusableModel) else f" {_model(listed).manifest.version}"
        question = QLabel(f"Remove the model '{name_of(listed)}'{version} from this computer?")
        note = QLabel("Results that were made with it stay. To have it again, its folder or archive has to be added again.")
        for label in (question, note):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        buttons, self.confirm = confirm_or_cancel(self, "&Remove")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        for part in (question, note, buttons):
            layout.addWidget(part)
        settle_buttons(buttons, buttons.button(QDialogButtonBox.StandardButton.Cancel))
        self.setMinimumWidth(60 * self.fontMetrics().averageCharWidth())


def _model(listed: InstalledModel | ShadowedModel) -> InstalledModel:
    return listed.model if isinstance(listed, ShadowedModel) else listed


def _list() -> QTreeWidget:
    tree = QTreeWidget()
    tree.setHeaderLabels(["Model", "Version", "From", "State"])
    tree.setRootIsDecorated(False)
    tree.setIndentation(0)
    tree.setUniformRowHeights(True)
    tree.setAlternatingRowColors(True)
    tree.setAllColumnsShowFocus(True)
    tree.setTextElideMode(Qt.TextElideMode.ElideMiddle)
    tree.setAccessibleName("Models")
    width = tree.fontMetrics().averageCharWidth()
    header = tree.header()
    header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
    for column, letters in enumerate((20, 14, 11)):
        header.resizeSection(column, letters * width)
    header.setStretchLastSection(True)
    return tree
