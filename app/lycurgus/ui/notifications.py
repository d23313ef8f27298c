"""Toasts: what happened, in a corner, with details to open and copy; never a dialog in the way of a night's work."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QToolButton, QVBoxLayout, QWidget

from lycurgus.ui.workbench import Notice

MARGIN = 12
SPACING = 8
MOST_SHOWN = 4
SECONDS = {"info": 4, "success": 5, "warning": 10, "error": 0}
"""How long a toast stays; an error stays until somebody has seen it."""
_FLOOR_MOVES = (QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.Show, QEvent.Type.Hide)
GLYPHS = {"info": "ℹ", "success": "✓", "warning": "⚠", "error": "✕"}
COLOURS = {"info": "#56b4e9", "success": "#009e73", "warning": "#e69f00", "error": "#d55e00"}


class Toast(QFrame):
    """One notice."""

    def __init__(self, notice: Notice, parent: QWidget) -> None:
        super().__init__(parent)
        self.notice = notice
        self.setObjectName("toast")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        edge = f"border: 1px solid palette(mid); border-left: 4px solid {COLOURS[notice.level]}; border-radius: 4px;"
        self.setStyleSheet(f"#toast {{ background: palette(base); {edge} }}")
        self.setAccessibleName(f"{notice.level}: {notice.text}")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 8, 8)
        layout.addLayout(self._headline())
        self._details = self._details_box()
        if self._details is not None:
            layout.addWidget(self._details)
        seconds = SECONDS[notice.level]
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.close)
        if seconds:
            self._timer.start(1000 * seconds)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def _headline(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        glyph = QLabel(GLYPHS[self.notice.level])
        glyph.setStyleSheet(f"color: {COLOURS[self.notice.level]}; font-weight: bold;")
        text = QLabel(self.notice.text)
        text.setWordWrap(True)
        text.setTextFormat(Qt.TextFormat.PlainText)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row.addWidget(glyph, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(text, 1)
        if self.notice.details:
            show = QPushButton("Details")
            show.setFlat(True)
            show.setCheckable(True)
            show.toggled.connect(self._show_details)
            row.addWidget(show, 0, Qt.AlignmentFlag.AlignTop)
        close = QToolButton()
        close.setText("✕")
        close.setAutoRaise(True)
        close.setToolTip("Close")
        close.clicked.connect(self.close)
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        return row

    def _details_box(self) -> QWidget | None:
        if not self.notice.details:
            return None
        box = QWidget(self)
        layout = QVBoxLayout(box)
        layout.setContentsMargins(0, 0, 0, 0)
        text = QPlainTextEdit(self.notice.details)
        text.setReadOnly(True)
        text.setMaximumHeight(120)
        copy = QPushButton("Copy")
        copy.clicked.connect(self._copy)
        layout.addWidget(text)
        layout.addWidget(copy, 0, Qt.AlignmentFlag.AlignRight)
        box.hide()
        return box

    def _show_details(self, on: bool) -> None:
        assert self._details is not None
        self._timer.stop()
        self._details.setVisible(on)
        self.adjustSize()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(f"{self.notice.text}\n{self.notice.details}")


class Toasts(QObject):
    """Stacks toasts in the lower right corner of a widget, the newest at the bottom.

    Parameters
    ----------
    host : the widget.
    floor : a part at its lower edge that toasts stand on rather than cover, while it is to be seen.
    """

    def __init__(self, host: QWidget, floor: QWidget | None = None) -> None:
        super().__init__(host)
        self._host = host
        self._floor = floor
        self._toasts: list[Toast] = []
        host.installEventFilter(self)
        if floor is not None:
            floor.installEventFilter(self)

    @property
    def shown(self) -> tuple[Toast, ...]:
        return tuple(self._toasts)

    def show(self, notice: Notice) -> None:
        """Show a notice; the oldest goes when there are too many, the log keeps them all."""
        if self._toasts and self._toasts[-1].notice == notice:
            return
        while len(self._toasts) >= MOST_SHOWN:
            self._toasts[0].close()
        toast = Toast(notice, self._host)
        toast.installEventFilter(self)
        self._toasts.append(toast)
        toast.show()
        self._arrange()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if (watched is self._host and event.type() == QEvent.Type.Resize) or (watched is self._floor and event.type() in _FLOOR_MOVES):
            self._arrange()
        elif event.type() == QEvent.Type.Close and isinstance(watched, Toast):
            self._forget(watched)
        elif event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest) and isinstance(watched, Toast):
            QTimer.singleShot(0, self, self._arrange)
        return False

    def _forget(self, toast: Toast) -> None:
        if toast in self._toasts:
            self._toasts.remove(toast)
            self._arrange()

    def _arrange(self) -> None:
        width = min(460, self._host.width() - 2 * MARGIN)
        has_floor = self._floor is not None and self._floor.isVisible()
        bottom = (self._floor.y() if self._floor is not None and has_floor else self._host.height()) - MARGIN
        for toast in reversed(self._toasts):
            toast.setFixedWidth(width)
            height = max(toast.sizeHint().height(), toast.heightForWidth(width))
            toast.resize(width, height)
            bottom -= height
            toast.move(QPoint(self._host.width() - width - MARGIN, bottom))
            bottom -= SPACING
            toast.raise_()
