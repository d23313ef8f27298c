"""What stands where there is no image: a welcome with three steps, and what to say while a file is read or when it cannot be."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

STEPS = (
    ("Open or drop a folder", "Drop files or a folder anywhere on this window."),
    ("Analyse", "Every particle is found, separated and measured; correct what is wrong."),
    ("Export", "A report with every number, its formula and the parameters behind it."),
)
MOST_RECENT = 5
WIDTH_IN_LETTERS = 62


class Welcome(QWidget):
    """The first thing a user sees.

    Signals
    -------
    open_folder_requested, samples_requested : the two buttons.
    folder_requested : Path of a recent folder.
    """

    open_folder_requested = Signal()
    samples_requested = Signal()
    folder_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folders: list[Path] = []
        title = _label("Measure every nanoparticle", points=1.9, bold=True)
        subtitle = _label("TEM, STEM and SEM micrographs, one or a folder of thousands")
        open_folder = QPushButton("Open &folder…")
        open_folder.setDefault(True)
        open_folder.setToolTip("Open all micrographs of a folder")
        samples = QPushButton("Try the &sample images")
        samples.setToolTip("Open three simulated micrographs whose particles are known")
        open_folder.clicked.connect(self.open_folder_requested)
        samples.clicked.connect(self.samples_requested)
        self.open_button, self.samples_button = open_folder, samples
        self._recent_title = _label("Recent folders", bold=True)
        self._recent = QLabel()
        self._recent.setTextFormat(Qt.TextFormat.RichText)
        self._recent.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self._recent.linkActivated.connect(self._follow)

        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(open_folder)
        buttons.addWidget(samples)
        buttons.addStretch(1)
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addWidget(title)
        column.addWidget(subtitle)
        column.addSpacing(16)
        column.addLayout(_steps())
        column.addSpacing(16)
        column.addLayout(buttons)
        column.addSpacing(16)
        column.addWidget(self._recent_title)
        column.addWidget(self._recent)
        _centre(self, column)
        self.set_recent(())

    def set_recent(self, folders: Iterable[str]) -> None:
        """List recent folders as links, the newest first."""
        self._folders = [Path(folder) for folder in folders][:MOST_RECENT]
        metrics = self.fontMetrics()
        room = metrics.averageCharWidth() * WIDTH_IN_LETTERS
        colour = self.palette().link().color().name()
        rows = [
            f'<a href="{index}" style="color:{colour}" title="{escape(str(folder))}">'
            f"{escape(metrics.elidedText(str(folder), Qt.TextElideMode.ElideMiddle, room))}</a>"
            for index, folder in enumerate(self._folders)
        ]
        self._recent.setText("<br>".join(rows))
        self._recent.setToolTip("\n".join(map(str, self._folders)))
        self._recent_title.setVisible(bool(rows))
        self._recent.setVisible(bool(rows))

    def _follow(self, link: str) -> None:
        self.folder_requested.emit(self._folders[int(QUrl(link).toString())])


class Message(QWidget):
    """A sentence in the middle, with a button where something can be done.

    Signals
    -------
    retry_requested : the button.
    """

    retry_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = _label("", points=1.25, bold=True)
        self._text = _label("")
        # File names may look like markup.
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self.retry_button = QPushButton("&Retry")
        self.retry_button.setToolTip("Read the file again")
        self.retry_button.clicked.connect(self.retry_requested)
        buttons = QHBoxLayout()
        buttons.addWidget(self.retry_button)
        buttons.addStretch(1)
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addWidget(self._title)
        column.addWidget(self._text)
        column.addSpacing(8)
        column.addLayout(buttons)
        _centre(self, column)

    @property
    def text(self) -> str:
        return self._text.text()

    def say(self, title: str, text: str = "", *, can_retry: bool = False) -> None:
        room = self._title.fontMetrics().averageCharWidth() * WIDTH_IN_LETTERS
        self._title.setText(self._title.fontMetrics().elidedText(title, Qt.TextElideMode.ElideMiddle, room))
        self._title.setToolTip(title)
        self._text.setText(text)
        self._text.setVisible(bool(text))
        self.retry_button.setVisible(can_retry)


def _steps() -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(16)
    grid.setVerticalSpacing(12)
    grid.setColumnStretch(1, 1)
    for number, (heading, words) in enumerate(STEPS, start=1):
        mark = _label(str(number), points=1.6, bold=True)
        mark.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
        text = _label(f"<b>{heading}</b><br>{words}")
        grid.addWidget(mark, number, 0)
        grid.addWidget(text, number, 1)
    return grid


def _label(text: str, *, points: float = 1.0, bold: bool = False) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    font = QFont(label.font())
    font.setPointSizeF(font.pointSizeF() * points)
    font.setBold(bold)
    label.setFont(font)
    return label


def _centre(widget: QWidget, column: QVBoxLayout) -> None:
    """Put a column of limited width in the middle of a widget."""
    inner = QWidget()
    inner.setLayout(column)
    inner.setMaximumWidth(inner.fontMetrics().averageCharWidth() * (WIDTH_IN_LETTERS + 12))
    inner.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    row = QHBoxLayout()
    row.setContentsMargins(24, 0, 24, 0)
    row.addStretch(1)
    row.addWidget(inner, 100)
    row.addStretch(1)
    outer = QVBoxLayout(widget)
    outer.addStretch(2)
    outer.addLayout(row)
    outer.addStretch(3)
