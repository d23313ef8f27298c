"""Editors of single parameters: each shows a value, and says when the user sets another."""

from __future__ import annotations

from math import floor, inf, isfinite, log10
from typing import Any, cast

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QValidator
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QHBoxLayout, QLineEdit, QSizePolicy, QSlider, QSpinBox, QWidget

from lycurgus.ui.eliding import ElidingComboBox
from lycurgus.ui.panels.parameter_fields import FieldSpec
from lycurgus.ui.workbench import capitalised

_STEPS = 1000
_LOGARITHMIC_FROM = 50
"""Ratio of the ends of a range from which a slider moves by factors."""
_WIDEST_LINEAR = 50
"""A slider over more than that could not be set to the small values that matter."""
_WIDEST_WHOLE = 2**31 - 1
_WIDEST_NUMBER = 1e12


class Editor(QWidget):
    """Base of the editors.

    Signals
    -------
    edited : the user set a value.
    typing_changed : whether what is being typed would be allowed.
    """

    edited = Signal()
    typing_changed = Signal(bool)

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__()
        self.spec = spec
        self._frame: QColor | None = None
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(2, 2, 2, 2)
        self._row.setSpacing(6)

    def value(self) -> Any:
        """Return what is set; each editor has its own, abc cannot demand it: its metaclass does not go with Qt's."""
        raise NotImplementedError

    def show_value(self, value: Any) -> None:
        """Show a value without telling of it."""
        raise NotImplementedError

    def set_frame(self, colour: QColor | None) -> None:
        """Draw a frame around the editor, or none."""
        self._frame = colour
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        super().paintEvent(event)
        if self._frame is not None:
            # A style sheet would draw the buttons of a spin box in another style.
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self._frame, 2))
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 3, 3)


class ChoiceEditor(Editor):
    """One of several words."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self.box = _combo()
        self._values = list(spec.words)
        self.box.addItems([capitalised(text) for text in spec.words.values()])
        self.box.currentIndexChanged.connect(self.edited)
        self._row.addWidget(self.box, 1)
        self.setFocusProxy(self.box)

    def value(self) -> Any:
        return self._values[self.box.currentIndex()]

    def show_value(self, value: Any) -> None:
        with QSignalBlocker(self.box):
            self.box.setCurrentIndex(self._values.index(value) if value in self._values else -1)
        # The box may be too narrow for its text.
        self.box.setToolTip(f"{self.box.currentText()}\n\n{self.spec.tooltip}")


class ModelEditor(ChoiceEditor):
    """One of the installed networks; one that a preset names and nobody has is shown, so that it is seen what is missing."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        for index, text in enumerate(spec.words.values()):
            # Names of models are written as they are.
            self.box.setItemText(index, text)

    def show_value(self, value: Any) -> None:
        if value not in self._values:
            self._values.append(value)
            with QSignalBlocker(self.box):
                self.box.addItem(f"{value} (not installed)")
        super().show_value(value)


class FlagEditor(Editor):
    """On or off."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self.box = QCheckBox()
        self.box.toggled.connect(self.edited)
        self._row.addWidget(self.box, 1)
        self.setFocusProxy(self.box)

    def value(self) -> bool:
        return self.box.isChecked()

    def show_value(self, value: Any) -> None:
        with QSignalBlocker(self.box):
            self.box.setChecked(bool(value))


class TextEditor(Editor):
    """Free text."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self.line = QLineEdit()
        self.line.editingFinished.connect(self.edited)
        self._row.addWidget(self.line, 1)
        self.setFocusProxy(self.line)

    def value(self) -> str:
        return self.line.text().strip()

    def show_value(self, value: Any) -> None:
        if self.line.text() != value:
            self.line.setText(str(value))


class NumberEditor(Editor):
    """A number in a box, beside a slider where the range has two ends, and after the words that can stand for it."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self.words: QComboBox | None = None
        self.slider: QSlider | None = None
        self._values = list(spec.words)
        self.box: QSpinBox | QDoubleSpinBox = _WholeBox(spec) if spec.kind == "whole" else _NumberBox(spec)
        if spec.words:
            self.words = _combo()
            self.words.addItems([capitalised(text) for text in spec.words.values()] + ["Value"])
            self.words.currentIndexChanged.connect(self._word_chosen)
            self._row.addWidget(self.words, 1)
        elif self._logarithmic or spec.high - spec.low <= _WIDEST_LINEAR:
            self.slider = _slider()
            self.slider.valueChanged.connect(self._slid)
            self._row.addWidget(self.slider, 1)
        self._row.addWidget(self.box, 1)
        self.box.valueChanged.connect(self._typed)
        self.box.lineEdit().textEdited.connect(self._typing)
        self.box.editingFinished.connect(self._typing)
        self.setFocusProxy(self.words or self.box)

    def value(self) -> Any:
        if self.words is not None and self.words.currentIndex() < len(self._values):
            return self._values[self.words.currentIndex()]
        return self.box.value()

    def show_value(self, value: Any) -> None:
        with QSignalBlocker(self.box):
            if value in self._values and self.words is not None:
                with QSignalBlocker(self.words):
                    self.words.setCurrentIndex(self._values.index(value))
            else:
                if self.words is not None:
                    with QSignalBlocker(self.words):
                        self.words.setCurrentIndex(len(self._values))
                if self.box.value() != value:
                    self.box.setValue(value)
        self._follow()

    def _word_chosen(self) -> None:
        self._follow()
        self.edited.emit()

    def _typed(self) -> None:
        self._follow()
        self.edited.emit()

    def _typing(self) -> None:
        self.typing_changed.emit(self.box.hasAcceptableInput())

    def _slid(self, position: int) -> None:
        self.box.setValue(self._value_at(position))

    def _follow(self) -> None:
        """Let the box follow the words, and the slider the box."""
        if self.words is not None:
            self.box.setVisible(self.words.currentIndex() == len(self._values))
        if self.slider is not None:
            with QSignalBlocker(self.slider):
                self.slider.setValue(self._position_of(self.box.value()))

    @property
    def _logarithmic(self) -> bool:
        return self.spec.low > 0 and isfinite(self.spec.high) and self.spec.high / self.spec.low >= _LOGARITHMIC_FROM

    def _value_at(self, position: int) -> Any:
        share, low, high = position / _STEPS, self.spec.low, self.spec.high
        value = low * (high / low) ** share if self._logarithmic else low + (high - low) * share
        if isinstance(self.box, QSpinBox):
            return round(value)
        step = 10.0 ** floor(log10(value) - 1) if self._logarithmic else self.box.singleStep()
        return round(value / step) * step

    def _position_of(self, value: float) -> int:
        low, high = self.spec.low, self.spec.high
        share = log10(value / low) / log10(high / low) if self._logarithmic else (value - low) / (high - low)
        return round(_STEPS * share)


class _WholeBox(QSpinBox):
    def __init__(self, spec: FieldSpec) -> None:
        super().__init__()
        low = -_WIDEST_WHOLE if spec.low == -inf else int(spec.low) + spec.open_low
        high = _WIDEST_WHOLE if spec.high == inf else int(spec.high) - spec.open_high
        self.setRange(low, high)
        self.setStepType(QSpinBox.StepType.AdaptiveDecimalStepType if self.maximum() > 100 else QSpinBox.StepType.DefaultStepType)
        self.setGroupSeparatorShown(True)
        _prepare(self, spec)

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        return _tolerant(super().validate(text, position))


class _NumberBox(QDoubleSpinBox):
    """Shows as few decimals as the value needs."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__()
        span = spec.high - spec.low
        fine = span <= 1
        self.setDecimals(6)
        nudge = 1e-6
        low = -_WIDEST_NUMBER if spec.low == -inf else spec.low + nudge * spec.open_low
        high = _WIDEST_NUMBER if spec.high == inf else spec.high - nudge * spec.open_high
        self.setRange(low, high)
        if span <= 20:
            self.setSingleStep(0.01 if fine or span <= 2 else 0.1)
        else:
            self.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        _prepare(self, spec)

    def textFromValue(self, value: float) -> str:  # noqa: N802
        text = self.locale().toString(value, "f", self.decimals())
        point = self.locale().decimalPoint()
        whole, found, decimals = text.partition(point)
        decimals = decimals.rstrip("0")
        return f"{whole}{found}{decimals}" if decimals else whole

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        # A decimal comma and a decimal point are both understood, whatever the language of the desktop.
        return _tolerant(super().validate(self._in_locale(text), position))

    def valueFromText(self, text: str) -> float:  # noqa: N802
        return super().valueFromText(self._in_locale(text))

    def _in_locale(self, text: str) -> str:
        point = self.locale().decimalPoint()
        other = "," if point == "." else "."
        return text.replace(other, point) if text.count(other) == 1 and point not in text else text


def _tolerant(judged: object) -> tuple[QValidator.State, str, int]:
    """Let a number that is not allowed be typed, so that it can be said why it is not; letters are still refused."""
    state, text, position = cast("tuple[QValidator.State, str, int]", judged)
    refused = state == QValidator.State.Invalid and any(letter.isdigit() for letter in text)
    return (QValidator.State.Intermediate if refused else state), text, position


class _QuietWheel(QObject):
    """Leaves the wheel to the panel, which scrolls, unless the editor has the focus."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


def _prepare(box: QSpinBox | QDoubleSpinBox, spec: FieldSpec) -> None:
    box.setSuffix(f" {spec.unit}" if spec.unit else "")
    box.setAlignment(Qt.AlignmentFlag.AlignRight)
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    box.setMinimumWidth(box.fontMetrics().horizontalAdvance("0000.0 px") + 24)
    # Half a number is no value: wait for Return or for the focus to leave.
    box.setKeyboardTracking(False)
    _scroll_past(box)


def _combo() -> ElidingComboBox:
    box = ElidingComboBox(letters=3)
    _scroll_past(box)
    return box


def _slider() -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(0, _STEPS)
    slider.setPageStep(_STEPS // 20)
    slider.setSingleStep(_STEPS // 100)
    slider.setMinimumWidth(60)
    _scroll_past(slider)
    return slider


def _scroll_past(widget: QWidget) -> None:
    widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    widget.installEventFilter(_QuietWheel(widget))


def editor_for(spec: FieldSpec) -> Editor:
    """Make the editor of a parameter."""
    match spec.kind:
        case "choice":
            return ChoiceEditor(spec)
        case "model":
            return ModelEditor(spec)
        case "flag":
            return FlagEditor(spec)
        case "text":
            return TextEditor(spec)
        case _:
            return NumberEditor(spec)
