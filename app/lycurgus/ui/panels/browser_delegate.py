"""One row of the browser: thumbnail, name, where it lies, state and number of particles."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPainter, QPalette
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from lycurgus.ui.panels.browser_model import COUNT_ROLE, DOCUMENT_ROLE, FOLDER_ROLE, SHARE_ROLE, STATE_ROLE
from lycurgus.ui.panels.browser_names import shortened
from lycurgus.ui.panels.browser_states import LOOKS
from lycurgus.ui.panels.browser_thumbnails import LazyThumbnails
from lycurgus.ui.store import ImageState

Index = QModelIndex | QPersistentModelIndex

MARGIN = 6
LEAST_PICTURE = 40
_BAR = 3


class DocumentDelegate(QStyledItemDelegate):
    """Draws rows; all are equally high, so that a list of thousands scrolls at once.

    Attributes
    ----------
    with_folder : whether each row names its folder.
    """

    def __init__(self, thumbnails: LazyThumbnails, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self.with_folder = False

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: ARG002, N802
        lines = 3 if self.with_folder else 2
        return QSize(160, max(LEAST_PICTURE, lines * option.fontMetrics.height()) + 2 * MARGIN)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        style = option.widget.style() if isinstance(option.widget, QWidget) else QApplication.style()
        style.drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, option.widget)
        painter.save()
        inside = option.rect.adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        picture = QRect(inside.topLeft(), QSize(inside.height(), inside.height()))
        self._paint_picture(painter, picture, option, index)
        words = inside.adjusted(picture.width() + MARGIN + 2, 0, 0, 0)
        self._paint_words(painter, words, option, index)
        painter.restore()

    def _paint_picture(self, painter: QPainter, place: QRect, option: QStyleOptionViewItem, index: Index) -> None:
        image = self._thumbnails.of(index.data(DOCUMENT_ROLE))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if image is not None:
            painter.drawImage(_fitted(image, place), image)
            return
        painter.setPen(_muted(option, text=False))
        painter.drawRect(place.adjusted(0, 0, -1, -1))
        if _state(index) is ImageState.FAILED:
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, LOOKS[ImageState.FAILED].sign)

    def _paint_words(self, painter: QPainter, place: QRect, option: QStyleOptionViewItem, index: Index) -> None:
        metrics = QFontMetrics(option.font)
        lines = 3 if self.with_folder else 2
        line = QRect(place.left(), place.top() + (place.height() - lines * metrics.height()) // 2, place.width(), metrics.height())
        painter.setFont(option.font)
        painter.setPen(_text(option))
        around = [str(near.data()) for near in (index.sibling(index.row() + by, index.column()) for by in (-1, 1)) if near.isValid()]
        name = shortened(str(index.data()), around, metrics, line.width())
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        if self.with_folder:
            line.translate(0, metrics.height())
            painter.setPen(_muted(option))
            folder = metrics.elidedText(index.data(FOLDER_ROLE), Qt.TextElideMode.ElideMiddle, line.width())
            painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, folder)
        line.translate(0, metrics.height())
        self._paint_state(painter, line, option, index)

    def _paint_state(self, painter: QPainter, line: QRect, option: QStyleOptionViewItem, index: Index) -> None:
        look = LOOKS[_state(index)]
        metrics = painter.fontMetrics()
        colour = look.colour if look.colour is not None and not _selected(option) else _muted(option)
        painter.setPen(colour)
        sign = QRect(line.topLeft(), QSize(metrics.horizontalAdvance("✓") + MARGIN, line.height()))
        painter.drawText(sign, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, look.sign)
        painter.setPen(_muted(option))
        rest = line.adjusted(sign.width(), 0, 0, 0)
        count, share = index.data(COUNT_ROLE), index.data(SHARE_ROLE)
        if count is not None:
            painter.drawText(rest, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{count:,}")
            rest.adjust(0, 0, -metrics.horizontalAdvance(f"{count:,}") - MARGIN, 0)
        word = look.word if share is None else f"{look.word} {share:.0%}"
        painter.drawText(
            rest,
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
            metrics.elidedText(word, Qt.TextElideMode.ElideRight, rest.width()),
        )
        if share is not None:
            bar = QRect(QPoint(line.left(), option.rect.bottom() - _BAR), QSize(line.width(), _BAR))
            painter.fillRect(bar, _muted(option, text=False))
            bar.setWidth(round(line.width() * share))
            painter.fillRect(bar, colour)


def _state(index: Index) -> ImageState:
    # On its way through Qt the member becomes plain text.
    return ImageState(index.data(STATE_ROLE))


def _selected(option: QStyleOptionViewItem) -> bool:
    return bool(option.state & QStyle.StateFlag.State_Selected)


def _text(option: QStyleOptionViewItem) -> QColor:
    active = option.state & QStyle.StateFlag.State_Active
    group = QPalette.ColorGroup.Active if active else QPalette.ColorGroup.Inactive
    role = QPalette.ColorRole.HighlightedText if _selected(option) else QPalette.ColorRole.Text
    return option.palette.color(group, role)


def _muted(option: QStyleOptionViewItem, *, text: bool = True) -> QColor:
    """The colour of the text, nearer to the ground; what is no text may be nearer still."""
    colour = _text(option)
    colour.setAlphaF(0.75 if text else 0.3)
    return colour


def _fitted(image: QImage, place: QRect) -> QRect:
    """Return the largest box of the image's proportions in a place."""
    size = image.size().scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
    fitted = QRect(QPoint(), size)
    fitted.moveCenter(place.center())
    return fitted
