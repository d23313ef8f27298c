"""The last images of a watch as a strip of small pictures, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QImage, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QListView, QListWidget, QListWidgetItem, QWidget

from lycurgus.exporters import palette as okabe_ito
from lycurgus.ui.panels.live_words import caption, hint
from lycurgus.ui.watching import Shot

PICTURE_LINES = 4.5
"""Height of a picture, in lines of text."""
FRAME_PX = 3


class LiveStrip(QListWidget):
    """Shows pictures with a line under each; those unlike the others have a frame, a glyph, and say why when pointed at.

    Signals
    -------
    image_requested : Path of the picture that was clicked on.
    """

    image_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Last images")
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setMovement(QListView.Movement.Static)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        line = self.fontMetrics().height()
        side = round(PICTURE_LINES * line)
        self.setIconSize(QSize(side, side))
        self.setGridSize(QSize(max(side, self.fontMetrics().horizontalAdvance("⚠ 1,234 · 12.3 nm")) + 12, side + round(1.7 * line)))
        self.setFixedHeight(self.gridSize().height() + self.horizontalScrollBar().sizeHint().height() + 2 * self.frameWidth() + 2)
        self._shown: tuple[Shot, ...] = ()
        self.itemClicked.connect(self._request)
        self.itemActivated.connect(self._request)

    @property
    def paths(self) -> list[Path]:
        return [shot.note.path for shot in self._shown]

    def show_shots(self, shots: Sequence[Shot]) -> None:
        """Show these, the newest first; what is shown already is not drawn again."""
        wanted = tuple(shots)
        if wanted == self._shown:
            return
        n_new = next((n for n in range(len(wanted) + 1) if wanted[n:] == self._shown[: len(wanted) - n]), len(wanted))
        if n_new == len(wanted):
            self.clear()
        for shot in reversed(wanted[:n_new]):
            self.insertItem(0, self._item(shot))
        while self.count() > len(wanted):
            self.takeItem(self.count() - 1)
        self._shown = wanted
        self.scrollToTop()
        self.horizontalScrollBar().setValue(0)

    def _item(self, shot: Shot) -> QListWidgetItem:
        item = QListWidgetItem(QIcon(self._framed(shot)), caption(shot.note))
        item.setToolTip(hint(shot.note))
        item.setData(Qt.ItemDataRole.UserRole, shot.note.path)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{shot.note.path.name}: {hint(shot.note)}")
        return item

    def _framed(self, shot: Shot) -> QPixmap:
        height, width = shot.picture.shape[:2]
        image = QImage(shot.picture.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
        side = round(self.iconSize().height() * self.devicePixelRatioF())
        pixmap = QPixmap.fromImage(image).scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
        if shot.note.reasons:
            painter = QPainter(pixmap)
            painter.setPen(QPen(QColor(*okabe_ito.ORANGE), 2 * FRAME_PX * self.devicePixelRatioF()))
            painter.drawRect(pixmap.rect())
            painter.end()
        pixmap.setDevicePixelRatio(self.devicePixelRatioF())
        return pixmap

    def _request(self, item: QListWidgetItem) -> None:
        self.image_requested.emit(item.data(Qt.ItemDataRole.UserRole))
