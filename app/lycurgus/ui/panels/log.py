"""The log: every notice of this session with its time, to be read again, copied and cleared."""

from __future__ import annotations

from PySide6.QtCore import QDateTime, QEvent, Qt
from PySide6.QtGui import QBrush, QColor, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lycurgus.ui.notifications import COLOURS, GLYPHS
from lycurgus.ui.panels.blank import OrBlank
from lycurgus.ui.workbench import Notice, Workbench, plural

SPACING = 6
MOST = 2_000
"""Notices that are kept; the oldest go first. The log file has them all."""
BLANK = "Nothing to report so far: what happens to your images is listed here"
TIME, LEVEL, TEXT = range(3)


class LogPanel(QWidget):
    """Lists notices, the newest last; details open below theirs."""

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = _NoticeList()
        self.list.setAccessibleName("Notices")
        self.pages = OrBlank(self.list)
        self.count = QLabel()
        self.copy_button = QPushButton("&Copy")
        self.copy_button.setToolTip("Copy the selected notices, or all where none is selected")
        self.clear_button = QPushButton("C&lear")
        self.clear_button.setToolTip("Empty this list; the log file keeps everything")
        bar = QHBoxLayout()
        bar.setSpacing(SPACING)
        bar.addWidget(self.count, 1)
        bar.addWidget(self.copy_button)
        bar.addWidget(self.clear_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACING, SPACING, SPACING, SPACING)
        layout.setSpacing(SPACING)
        layout.addWidget(self.pages, 1)
        layout.addLayout(bar)
        self.copy_button.clicked.connect(self.list.copy)
        self.clear_button.clicked.connect(self.clear)
        workbench.noticed.connect(self.add)
        self._say_how_many()

    def add(self, notice: Notice) -> None:
        """Append a notice; whoever reads further up is not moved."""
        bar = self.list.verticalScrollBar()
        at_end = bar.value() >= bar.maximum()
        self.list.append(notice)
        self._say_how_many()
        if at_end:
            self.list.scrollToBottom()

    def clear(self) -> None:
        self.list.clear()
        self._say_how_many()

    def _say_how_many(self) -> None:
        count = self.list.topLevelItemCount()
        self.count.setText(plural(count, "notice") if count else "")
        self.pages.say("" if count else BLANK)
        self.copy_button.setEnabled(count > 0)
        self.clear_button.setEnabled(count > 0)


class _NoticeList(QTreeWidget):
    """Time, level and text in columns; details as a child across the text column."""

    def __init__(self) -> None:
        super().__init__()
        self.setColumnCount(3)
        self.setHeaderHidden(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setUniformRowHeights(False)
        header = self.header()
        header.setStretchLastSection(True)
        header.setMinimumSectionSize(1)
        for column in (TIME, LEVEL):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)

    def append(self, notice: Notice) -> None:
        item = QTreeWidgetItem([QDateTime.currentDateTime().toString("HH:mm:ss"), GLYPHS[notice.level], notice.text])
        item.setForeground(LEVEL, QBrush(QColor(COLOURS[notice.level])))
        item.setToolTip(LEVEL, notice.level.capitalize())
        item.setToolTip(TEXT, notice.text)
        item.setData(LEVEL, Qt.ItemDataRole.UserRole, notice)
        if notice.details:
            details = QTreeWidgetItem(["", "", notice.details])
            details.setToolTip(TEXT, notice.details)
            item.addChild(details)
        self.addTopLevelItem(item)
        while self.topLevelItemCount() > MOST:
            self.takeTopLevelItem(0)

    def copy(self) -> None:
        """Copy the selected notices, or all, with time, level and details."""
        selected = {id(item.parent() or item) for item in self.selectedItems()}
        chosen = [item for item in self._notices() if id(item) in selected] or self._notices()
        QGuiApplication.clipboard().setText("\n".join(map(_as_text, chosen)) + "\n")

    def event(self, event: QEvent) -> bool:
        # The window has a Copy of its own; while the list has the keyboard, Ctrl+C means its lines.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.matches(QKeySequence.StandardKey.Copy):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)

    def _notices(self) -> list[QTreeWidgetItem]:
        items = (self.topLevelItem(i) for i in range(self.topLevelItemCount()))
        return [item for item in items if item is not None]


def _as_text(item: QTreeWidgetItem) -> str:
    notice: Notice = item.data(LEVEL, Qt.ItemDataRole.UserRole)
    details = "".join(f"\n    {line}" for line in notice.details.splitlines())
    return f"{item.text(TIME)}\t{notice.level}\t{notice.text}{details}"
