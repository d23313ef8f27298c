"""Small questions about corrections: why a particle is excluded, which class it is, whether hand work may be replaced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QCompleter,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QListWidget,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lycurgus.core.edits import BY_HAND, is_excluded_by_hand
from lycurgus.core.types import Particle
from lycurgus.ui.dialogs.buttons import confirm_or_cancel, settle_buttons
from lycurgus.ui.editing import Editing
from lycurgus.ui.store import Document
from lycurgus.ui.workbench import plural

REASONS = ("out of focus", "overlapping", "wrong outline", "artefact", "contamination", "damaged by the beam")
"""What operators exclude particles for most often."""

Choice = Literal["all", "others", "cancel"]
MOST_LISTED = 200


def reasons_of(particles: Iterable[Particle]) -> list[str]:
    """Return the reasons that were given by hand for leaving particles out, each once."""
    given = [(one.excluded or "").removeprefix(BY_HAND).removeprefix(": ") for one in particles if is_excluded_by_hand(one)]
    return list(dict.fromkeys(filter(None, given)))


def ask_reason(editing: Editing, known: Sequence[str], parent: QWidget) -> ReasonDialog:
    """Ask why the selected particles are left out, and leave them out."""
    dialog = ReasonDialog(known, parent)
    dialog.reason_chosen.connect(editing.exclude)
    dialog.open()
    return dialog


def ask_class(editing: Editing, known: Mapping[str, Sequence[str]], parent: QWidget) -> ClassDialog:
    """Ask for the class of the selected particles, and put them into it."""
    dialog = ClassDialog(known, parent)
    dialog.class_chosen.connect(editing.reclassify)
    dialog.open()
    return dialog


class ReasonDialog(QDialog):
    """Asks why the selected particles are left out of the statistics; free words are welcome.

    Signals
    -------
    reason_chosen : str, when the question is answered.
    """

    reason_chosen = Signal(str)

    def __init__(self, known: Sequence[str] = (), parent: QWidget | None = None) -> None:
        """Parameters
        ----------
        known : reasons that were given before, the latest first; they come before the usual ones.
        """
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Exclude from statistics")
        self._reason = _word_box(_once([*known, *REASONS]), "why the particles should not count")
        label = QLabel("&Reason")
        label.setBuddy(self._reason)
        note = _note("Excluded particles stay in the image and in every table, marked with this reason.")
        form = QFormLayout()
        form.addRow(label, self._reason)
        buttons, self._confirm = confirm_or_cancel(self, "E&xclude")
        _stack(self, form, note, buttons)
        settle_buttons(buttons, self._confirm)
        self._reason.setFocus()
        line = self._reason.lineEdit()
        if line is not None:
            line.selectAll()
        self._reason.editTextChanged.connect(self._check)
        self.accepted.connect(self._announce)
        self._check()

    @property
    def reason(self) -> str:
        return " ".join(self._reason.currentText().split())

    def set_reason(self, text: str) -> None:
        self._reason.setEditText(text)

    def _check(self) -> None:
        self._confirm.setEnabled(bool(self.reason))

    def _announce(self) -> None:
        self.reason_chosen.emit(self.reason)


class ClassDialog(QDialog):
    """Asks for the class of the selected particles.

    Signals
    -------
    class_chosen : task and name, when the question is answered.
    """

    class_chosen = Signal(str, str)

    def __init__(self, known: Mapping[str, Sequence[str]] | None = None, parent: QWidget | None = None) -> None:
        """Parameters
        ----------
        known : task -> names of its classes, those of the classifiers and those that are in use; the first task is offered.
        """
        super().__init__(parent)
        self._known = {task: _once(names) for task, names in (known or {}).items()} or {"shape": []}
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Classify particles")
        self._task = _word_box(list(self._known), "what is classified, for instance shape")
        self._name = _word_box([], "for instance rod")
        form = QFormLayout()
        for text, box in (("&Classification", self._task), ("C&lass", self._name)):
            label = QLabel(text)
            label.setBuddy(box)
            form.addRow(label, box)
        note = _note("A class given by hand counts as certain. Tables and exports mark the particles as edited.")
        buttons, self._confirm = confirm_or_cancel(self, "Classi&fy")
        _stack(self, form, note, buttons)
        settle_buttons(buttons, self._confirm)
        self._task.editTextChanged.connect(self._offer_names)
        self._name.editTextChanged.connect(self._check)
        self.accepted.connect(self._announce)
        self._offer_names()
        self._name.setFocus()

    @property
    def task(self) -> str:
        return " ".join(self._task.currentText().split())

    @property
    def name(self) -> str:
        return " ".join(self._name.currentText().split())

    def set_class(self, task: str, name: str) -> None:
        self._task.setEditText(task)
        self._name.setEditText(name)

    def _offer_names(self) -> None:
        """List the classes of the task that is written now; a name that was typed stays."""
        typed = self._name.currentText()
        names = self._known.get(self.task, [])
        self._name.clear()
        self._name.addItems(names)
        self._name.setEditText(typed if typed and typed not in self._names_of_others() else "")
        self._check()

    def _names_of_others(self) -> set[str]:
        return {name for task, names in self._known.items() if task != self.task for name in names} - set(self._known.get(self.task, []))

    def _check(self) -> None:
        self._confirm.setEnabled(bool(self.task and self.name))

    def _announce(self) -> None:
        self.class_chosen.emit(self.task, self.name)


class ConfirmReplaceEdits(QDialog):
    """Asks before an analysis replaces corrections by hand; only those documents need be given that carry any.

    Signals
    -------
    chosen : "all", "others" (leave the corrected images alone) or "cancel".
    """

    chosen = Signal(str)

    def __init__(self, documents: Sequence[Document], parent: QWidget | None = None, *, others: bool = True) -> None:
        """Parameters
        ----------
        others : whether images without corrections are to be analysed too, so that they can be analysed alone.
        """
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        corrected = [document for document in documents if document.n_edits]
        count = sum(document.n_edits for document in corrected)
        self.choice: Choice = "cancel"
        self.setWindowTitle("Replace corrections?")
        verb = "carries" if len(corrected) == 1 else "carry"
        question = QLabel(f"{plural(len(corrected), 'image')} {verb} {plural(count, 'correction')} by hand.")
        emphasis = question.font()
        emphasis.setBold(True)
        question.setFont(emphasis)
        question.setWordWrap(True)
        consequence = QLabel("Analysing again replaces them. This cannot be undone.")
        consequence.setWordWrap(True)
        buttons = QDialogButtonBox()
        again = QPushButton("&Analyse again")
        rest = QPushButton("Only the &others")
        rest.setEnabled(others)
        rest.setToolTip("Analyse the images without corrections, and leave these as they are")
        buttons.addButton(again, QDialogButtonBox.ButtonRole.DestructiveRole)
        buttons.addButton(rest, QDialogButtonBox.ButtonRole.AcceptRole)
        cancel = buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        again.clicked.connect(self._replace)
        rest.clicked.connect(self._leave)
        cancel.clicked.connect(self.reject)
        _stack(self, question, consequence, _list_of_edits(corrected), buttons)
        # The choice that loses nothing is the one that Enter takes.
        settle_buttons(buttons, cancel)
        cancel.setFocus()
        self.setMinimumWidth(62 * self.fontMetrics().averageCharWidth())
        self.finished.connect(self._announce)

    def _replace(self) -> None:
        self.choice = "all"
        self.accept()

    def _leave(self) -> None:
        self.choice = "others"
        self.accept()

    def _announce(self) -> None:
        self.chosen.emit(self.choice)


def _list_of_edits(documents: Sequence[Document]) -> QListWidget:
    """Name the images with their numbers of corrections."""
    names = QListWidget()
    names.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
    names.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    names.setTextElideMode(Qt.TextElideMode.ElideMiddle)
    for document in documents[:MOST_LISTED]:
        names.addItem(f"{document.path.name}: {plural(document.n_edits, 'correction')}")
        names.item(names.count() - 1).setToolTip(str(document.path))
    if len(documents) > MOST_LISTED:
        names.addItem(f"… and {plural(len(documents) - MOST_LISTED, 'image')} more")
    if names.count():
        row, frame = names.sizeHintForRow(0), 2 * names.frameWidth() + 2
        names.setMinimumHeight(min(names.count(), 8) * row + frame)
        names.setMaximumHeight(names.count() * row + frame)
    return names


def _word_box(words: Iterable[str], placeholder: str) -> QComboBox:
    """Return an editable box that offers words and completes anywhere within them."""
    box = QComboBox()
    box.setEditable(True)
    box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
    box.addItems(list(words))
    box.setMinimumContentsLength(28)
    completer = QCompleter(box)
    model = box.model()
    assert isinstance(model, QStandardItemModel)
    completer.setModel(model)
    completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
    completer.setFilterMode(Qt.MatchFlag.MatchContains)
    box.setCompleter(completer)
    line = box.lineEdit()
    if line is not None:
        line.setPlaceholderText(placeholder)
    return box


def _note(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setForegroundRole(label.palette().ColorRole.PlaceholderText)
    return label


def _stack(dialog: QDialog, *parts: QWidget | QFormLayout) -> None:
    """Set parts below one another with the window's spacing."""
    layout = QVBoxLayout(dialog)
    layout.setContentsMargins(12, 12, 12, 12)
    layout.setSpacing(8)
    for part in parts:
        if isinstance(part, QWidget):
            layout.addWidget(part, int(isinstance(part, QListWidget)))
        else:
            layout.addLayout(part)


def _once(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(word for word in words if word))
