"""The small window in which the size of a pixel is stated: typed, or from the two ends of a burnt-in scale bar."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QIcon, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from lycurgus.core.errors import CalibrationError
from lycurgus.core.lengths import parse_length_nm
from lycurgus.core.types import PixelSize
from lycurgus.ui.calibrating import Calibrating, stated_by_file
from lycurgus.ui.store import Document
from lycurgus.ui.workbench import Workbench, plural

CONTRADICTION = 0.02
"""Relative difference from the file's statement that is worth a warning: more than clicking the ends of a bar costs."""

_SOURCES = {
    "metadata": "stated by the file",
    "scale bar": "read from the scale bar",
    "data bar": "read from the data bar",
    "user": "stated by you",
}


class Scope(StrEnum):
    """For which images a pixel size is stated."""

    IMAGE = "image"
    FOLDER = "folder"
    OPEN = "open"
    INSTRUMENT = "instrument"


class CalibrationDialog(QDialog):
    """States the pixel size of the current image and of others; does not stop the window, and follows the current image.

    Parameters
    ----------
    length_px : of the scale bar that was measured on the image; None to type the pixel size itself.
    """

    def __init__(
        self, workbench: Workbench, calibrating: Calibrating, length_px: float | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._store = workbench.store
        self._calibrating = calibrating
        self._length_px = length_px
        self.setWindowTitle("Pixel size" if length_px is None else "Scale bar")
        self.setModal(False)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        self.image = _Elided()
        self.present = QLabel(wordWrap=True)
        self.measured = QLabel()
        self.entry = QLineEdit(placeholderText="for instance 0.25 nm" if length_px is None else "for instance 50 nm")
        self.entry.setToolTip("A number with its unit: pm, Å, nm, µm (or um), mm")
        self.sentence = QLabel(wordWrap=True)
        self.sentence.setMinimumHeight(3 * self.fontMetrics().lineSpacing())
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.scope = QComboBox()
        self.scope.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.scope.setToolTip("Which images get this pixel size")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Apply | QDialogButtonBox.StandardButton.Cancel)
        self.apply_button = buttons.button(QDialogButtonBox.StandardButton.Apply)
        self.apply_button.setDefault(True)
        self.withdraw_button = QPushButton("Use the &file's own")
        self.withdraw_button.setToolTip("Forget what was stated by hand")
        buttons.addButton(self.withdraw_button, QDialogButtonBox.ButtonRole.ResetRole)
        self._lay_out(buttons)
        if length_px is not None:
            self.measure(length_px)

        self.entry.textChanged.connect(self._judge)
        self.scope.currentIndexChanged.connect(self._judge)
        self.apply_button.clicked.connect(self.apply)
        self.withdraw_button.clicked.connect(self.withdraw)
        buttons.rejected.connect(self.reject)
        for signal in (self._store.current_changed, self._store.micrograph_changed, self._store.documents_reset):
            signal.connect(self._show_image)
        self._store.document_changed.connect(self._show_if_current)
        self._show_image()
        self.entry.setFocus()

    @property
    def pixel_size(self) -> PixelSize | None:
        """What is typed, or None where it is no length."""
        try:
            length_nm = parse_length_nm(self.entry.text())
            side_nm = length_nm / (self._length_px or 1.0)
            return PixelSize(side_nm, side_nm, "user")
        except CalibrationError:
            return None

    def measure(self, length_px: float) -> None:
        """Take another length of the scale bar: its ends were moved."""
        self._length_px = length_px
        self.measured.setText(f"{length_px:.1f} px")
        self._judge()

    def apply(self) -> None:
        """State the pixel size for the chosen images and close."""
        size = self.pixel_size
        if size is not None and self._store.current is not None:
            self._state(size)
            self.accept()

    def withdraw(self) -> None:
        """Leave the chosen images to what their files say, and close."""
        self._state(None)
        self.accept()

    def _state(self, size: PixelSize | None) -> None:
        document = self._store.current
        if document is None:
            return
        match self._scope:
            case Scope.IMAGE:
                self._calibrating.set_pixel_size([document], size)
            case Scope.FOLDER:
                self._calibrating.set_folder_pixel_size(document.path.parent, size)
            case Scope.OPEN:
                self._calibrating.set_pixel_size(self._store.documents, size)
            case Scope.INSTRUMENT:
                setup = self._calibrating.setup_of_current()
                if setup is not None:
                    self._calibrating.set_instrument_default(setup, size)

    @property
    def _scope(self) -> Scope:
        return Scope(self.scope.currentData() or Scope.IMAGE)

    def _lay_out(self, buttons: QDialogButtonBox) -> None:
        self._form = QGridLayout()
        self._form.setHorizontalSpacing(12)
        self._form.setVerticalSpacing(8)
        self._form.setColumnStretch(1, 1)
        self._add("Image", self.image)
        self._add("Present pixel size", self.present)
        if self._length_px is None:
            self._add("&Pixel size", self.entry)
        else:
            self._add("Measured length", self.measured)
            self._add("&Length it stands for", self.entry)
        self._add("", self.sentence)
        self._add("F&or", self.scope)
        for button in buttons.buttons():
            button.setIcon(QIcon())
            if isinstance(button, QPushButton):
                button.setAutoDefault(button is self.apply_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(12)
        layout.addLayout(self._form)
        layout.addStretch(1)
        layout.addWidget(buttons)
        self.setMinimumWidth(self.fontMetrics().horizontalAdvance("x") * 72)

    def _add(self, title: str, field: QWidget) -> None:
        label = QLabel(title)
        label.setBuddy(field)
        row = self._form.rowCount()
        self._form.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop if isinstance(field, QLabel) else Qt.AlignmentFlag.AlignVCenter)
        self._form.addWidget(field, row, 1)

    def _show_if_current(self, document: Document) -> None:
        if document is self._store.current:
            self._show_image()

    def _show_image(self, *_: object) -> None:
        document = self._store.current
        self.entry.setEnabled(document is not None)
        self.image.set_full_text(str(document.path.name) if document else "No image is shown", str(document.path) if document else "")
        self.present.setText(_present(document, self._store.micrograph.pixel_size if self._store.micrograph else None))
        self._fill_scopes(document)
        self._judge()

    def _fill_scopes(self, document: Document | None) -> None:
        chosen = self._scope
        self.scope.blockSignals(True)
        self.scope.clear()
        self.scope.addItem("This image", Scope.IMAGE)
        if document is not None:
            inside = sum(other.path.parent == document.path.parent for other in self._store.documents)
            self.scope.addItem(f"All images of the folder {document.path.parent.name} ({inside:,} open)", Scope.FOLDER)
            self.scope.addItem(f"All {plural(len(self._store.documents), 'open image')}", Scope.OPEN)
            setup = self._calibrating.setup_of_current()
            if setup is not None:
                self.scope.addItem(f"Default for {setup.words}, where a file states none", Scope.INSTRUMENT)
        self.scope.setCurrentIndex(max(0, self.scope.findData(chosen)))
        self.scope.blockSignals(False)

    def _judge(self, *_: object) -> None:
        """Say what the typed length means, or why it means nothing."""
        document = self._store.current
        size = self.pixel_size
        self.apply_button.setEnabled(size is not None and document is not None)
        by_hand = document is not None and document.pixel_size is not None
        self.withdraw_button.setEnabled(by_hand or self._scope is not Scope.IMAGE)
        wrong = bool(self.entry.text().strip()) and size is None
        self.sentence.setForegroundRole(QPalette.ColorRole.WindowText)
        if wrong:
            self.sentence.setText(f"✕ {_why(lambda: parse_length_nm(self.entry.text()))}")
        elif size is None:
            self.sentence.setText("Type the length with its unit.")
        else:
            self.sentence.setText("\n".join(filter(None, (_meaning(size, document), _contradiction(size, document)))))


class _Elided(QLabel):
    """A label whose text gives way in its middle."""

    def __init__(self) -> None:
        super().__init__()
        self._full = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def set_full_text(self, text: str, tip: str) -> None:
        self._full = text
        self.setToolTip(tip)
        self._fit()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(120, self.fontMetrics().height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        self.setText(QFontMetrics(self.font()).elidedText(self._full, Qt.TextElideMode.ElideMiddle, self.width()))


def in_words(size: PixelSize) -> str:
    """Write "0.2358 nm", or both sides where they differ."""
    if size.is_square:
        return f"{size.mean_nm:.4g} nm"
    return f"{size.x_nm:.4g} nm wide, {size.y_nm:.4g} nm high"


def _present(document: Document | None, on_screen: PixelSize | None) -> str:
    if document is None:
        return "–"
    size = document.pixel_size or on_screen or document.file_pixel_size
    stated = stated_by_file(document)
    if size is None:
        return "None: sizes are in px"
    words = f"{in_words(size)}, {_SOURCES[size.source]}{' and accepted by you' if size.accepted else ''}"
    return f"{words}; the file states {in_words(stated)}" if size.is_users_word and stated is not None else words


def _meaning(size: PixelSize, document: Document | None) -> str:
    text = f"One pixel is {in_words(size)}"
    if document is None or document.shape is None:
        return f"{text}."
    height, width = document.shape
    return f"{text}; the image shows {_length(width * size.x_nm)} × {_length(height * size.y_nm)} (width × height)."


def _contradiction(size: PixelSize, document: Document | None) -> str:
    stated = None if document is None else stated_by_file(document)
    if stated is None:
        return ""
    ratio = size.mean_nm / stated.mean_nm
    if abs(ratio - 1) <= CONTRADICTION:
        return f"✓ The file states {in_words(stated)}, which agrees within {100 * CONTRADICTION:g} %."
    apart = f"{abs(100 * (ratio - 1)):.1f} % {'larger' if ratio > 1 else 'smaller'}" if ratio < 10 else f"{ratio:,.0f} times as large"
    return f"⚠ The file states {in_words(stated)}: yours is {apart}."


def _length(nm: float) -> str:
    for unit, factor in (("mm", 1e6), ("µm", 1e3)):
        if nm >= factor:
            return f"{nm / factor:.4g} {unit}"
    return f"{nm:.4g} nm"


def _why(parse: Callable[[], float]) -> str:
    try:
        parse()
    except CalibrationError as error:
        text = str(error)
        return f"{text[:1].upper()}{text[1:]}."
    return "That pixel size is impossible."
