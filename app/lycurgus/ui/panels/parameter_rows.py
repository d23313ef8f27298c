"""Rows and groups of the parameter panel: a title, an editor, a way back to the default, and a sentence where a value is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget
from superqt import QCollapsible

from lycurgus.core.params import StageParams
from lycurgus.parameters import PLUGINS, default_value
from lycurgus.ui.panels.parameter_editors import Editor, editor_for
from lycurgus.ui.panels.parameter_fields import STAGE_TITLES, FieldSpec, fields_of, plugin_field

_UNLIMITED = 16_777_215
"""Qt's QWIDGETSIZE_MAX, which PySide6 does not name."""
_LABEL_LETTERS = 17
_REFUSED = "#d55e00"
"""Okabe and Ito's vermillion; the sentence below says the same in words."""


class ParameterRow(QWidget):
    """One parameter.

    Signals
    -------
    edited : FieldSpec and the value that the user wants.
    """

    edited = Signal(object, object)

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__()
        self.spec = spec
        self.title = QLabel(spec.title, wordWrap=True)
        self.title.setFixedWidth(self.fontMetrics().averageCharWidth() * _LABEL_LETTERS)
        self.editor: Editor = editor_for(spec)
        self.title.setBuddy(self.editor)
        self.reset = QToolButton(autoRaise=True)
        self.reset.setText("↺")
        self.reset.setAccessibleName(f"Reset {spec.title}")
        keeps_room = self.reset.sizePolicy()
        keeps_room.setRetainSizeWhenHidden(True)
        self.reset.setSizePolicy(keeps_room)
        self.problem = QLabel(wordWrap=True)
        self.problem.hide()
        self.problem.setStyleSheet(f"color: {_REFUSED}")
        self._explain()
        # What has the keyboard is read aloud: the box, slider or line inside.
        for part in (self.editor, *self.editor.findChildren(QWidget)):
            if part is self.editor or part.focusPolicy() != Qt.FocusPolicy.NoFocus:
                part.setAccessibleName(spec.title)
        line = QHBoxLayout()
        line.setSpacing(6)
        line.addWidget(self.title)
        line.addWidget(self.editor, 1)
        line.addWidget(self.reset)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(line)
        layout.addWidget(self.problem)
        self.editor.edited.connect(self._on_edited)
        self.editor.typing_changed.connect(self._on_typing)
        self.reset.clicked.connect(self._on_reset)

    def set_default(self, default: Any) -> None:
        """Take another value for the default: detectors prefer different ones."""
        if default != self.spec.default:
            self.spec = replace(self.spec, default=default)
            self._explain()

    def show_value(self, value: Any, *, matters: bool) -> None:
        """Show what is set, whether it is the default, and whether it has an effect."""
        if not self.problem.isVisibleTo(self):
            self.editor.show_value(value)
        changed = value != self.spec.default
        self.reset.setVisible(changed)
        font = self.title.font()
        font.setBold(changed)
        self.title.setFont(font)
        self.title.setEnabled(matters)
        self.editor.setEnabled(matters)

    def show_problem(self, sentence: str) -> None:
        """Say why what was typed is refused; "" where nothing is."""
        self.problem.setText(sentence)
        self.problem.setVisible(bool(sentence))
        self.editor.set_frame(QColor(_REFUSED) if sentence else None)

    def _explain(self) -> None:
        self.reset.setToolTip(f"Back to the default: {self.spec.in_words(self.spec.default)}")
        for widget in (self.title, self.editor):
            widget.setToolTip(self.spec.tooltip)

    def _on_edited(self) -> None:
        self.edited.emit(self.spec, self.editor.value())

    def _on_typing(self, allowed: bool) -> None:
        self.show_problem("" if allowed else f"Allowed: {self.spec.allowed}")

    def _on_reset(self) -> None:
        self.show_problem("")
        self.edited.emit(self.spec, self.spec.default)


class StageGroup(QCollapsible):
    """The parameters of one stage under a heading that folds them.

    Signals
    -------
    edited : FieldSpec and the value that the user wants.
    """

    edited = Signal(object, object)

    def __init__(self, stage: str) -> None:
        super().__init__(STAGE_TITLES.get(stage, stage.capitalize()), expandedIcon="▾", collapsedIcon="▸")
        self.stage = stage
        self.rows: dict[str, ParameterRow] = {}
        self._model: type[StageParams] | None = None
        self.setDuration(0)
        if (layout := self.layout()) is not None:
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(0)
        self.toggleButton().setStyleSheet(
            "QPushButton { text-align: left; border: none; padding: 5px 2px; font-weight: 600; }"
            "QPushButton:focus { text-decoration: underline; }"
        )
        self.toggleButton().setAutoDefault(False)
        content = QWidget()
        self._column = QVBoxLayout(content)
        self._column.setContentsMargins(8, 2, 0, 8)
        self._column.setSpacing(6)
        content.setMaximumHeight(0)
        self.content().deleteLater()
        self.setContent(content)
        self.toggled.connect(self._loosen)

    def show_values(self, params: StageParams, *, detector: str) -> None:
        """Show the values of a stage; another plug-in's rows replace those of the one before.

        Parameters
        ----------
        detector : the chosen one, on which some defaults depend.
        """
        if type(params) is not self._model:
            self._fill(type(params))
        for name in ("name",) if self.stage in PLUGINS else self.rows:
            self.rows[name].set_default(default_value(self.stage, name, detector))
        values = {name: getattr(params, name) for name in type(params).model_fields}
        for name, row in self.rows.items():
            row.show_value(values[name], matters=row.spec.matters(values))

    def renew(self) -> None:
        """Make the rows again when values are shown next: what can be chosen has changed."""
        self._model = None

    def filter(self, words: tuple[str, ...]) -> int:
        """Leave the rows that a search is about; return how many."""
        found = 0
        for row in self.rows.values():
            wanted = row.spec.is_about(words)
            row.setVisible(wanted)
            found += wanted
        self.setVisible(found > 0)
        return found

    def changed(self, params: StageParams) -> bool:
        """Tell whether anything of the stage is not as the default."""
        return any(getattr(params, name) != row.spec.default for name, row in self.rows.items())

    def mark(self, *, changed: bool) -> None:
        """Show in the heading, which may be folded, that something inside is not as the default."""
        title = STAGE_TITLES.get(self.stage, self.stage.capitalize())
        self.setText(f"{title}  •" if changed else title)
        self.toggleButton().setToolTip("Some settings of this stage are not the defaults" if changed else "")

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            # The arrows are drawn once, in the colour of the text of that time.
            self.setExpandedIcon("▾")
            self.setCollapsedIcon("▸")

    def _fill(self, model: type[StageParams]) -> None:
        focused = next((name for name, row in self.rows.items() if row.isAncestorOf(row.window().focusWidget() or row)), None)
        for name, row in list(self.rows.items()):
            if name != "name":
                self._column.removeWidget(row)
                row.hide()
                row.deleteLater()
                del self.rows[name]
        chooser = (plugin_field(self.stage),) if self.stage in PLUGINS and "name" not in self.rows else ()
        for spec in (*chooser, *fields_of(self.stage, model)):
            row = ParameterRow(spec)
            row.edited.connect(self.edited)
            row.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
            self.rows[spec.name] = row
            self._column.addWidget(row)
        self._model = model
        if focused in self.rows:
            self.rows[focused].editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _loosen(self, expanded: bool) -> None:
        # The base class would keep the height of this moment, also when a sentence or other rows appear.
        if expanded:
            self.content().setMaximumHeight(_UNLIMITED)
