"""Shows a page of the guide: Markdown with pictures as wide as the window, set to be read, in the colours of the theme."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QEvent, QPoint, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QPalette,
    QResizeEvent,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextTable,
)
from PySide6.QtWidgets import QTextBrowser, QTextEdit, QWidget

from lycurgus.services.guide import anchors_of, page_text, place_of
from lycurgus.ui.theme import AMBER

MARGIN_PX = 20
LINE_HEIGHT_PERCENT = 125.0
RESIZE_MS = 120
OBJECT = "\ufffc"
"""Stands for a picture in a text."""


class GuidePage(QTextBrowser):
    """One page; links and searches are the window's.

    Signals
    -------
    followed : Place that a link leads to, or the address (str) of a page in the network.
    """

    followed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._path: Path | None = None
        self._words: list[str] = []
        self._places: dict[str, int] = {}
        self._top = 0
        self.setOpenLinks(False)
        # One that comes and goes would change the width that pictures are made for.
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setAccessibleName("Page of the guide")
        self.anchorClicked.connect(self._follow)
        self._settle = QTimer(self, singleShot=True, interval=RESIZE_MS)
        self._settle.timeout.connect(self._set_again)

    @property
    def path(self) -> Path | None:
        return self._path

    def show_page(self, path: Path, anchor: str = "") -> None:
        """Show a page from the heading with this anchor on, or from its beginning.

        Raises
        ------
        OSError
            The page cannot be read.
        """
        if path != self._path:
            self._set(path, page_text(path))
        position = self._places.get(anchor, 0)
        cursor = QTextCursor(self.document())
        cursor.setPosition(position)
        self.setTextCursor(cursor)
        self._top = cursor.blockNumber()
        self._scroll_to(cursor.block())

    def highlight(self, words: Iterable[str]) -> None:
        """Mark every occurrence of these words."""
        self._words = [word for word in words if word]
        found = []
        for word in self._words:
            cursor = self.document().find(word)
            while not cursor.isNull():
                mark = QTextEdit.ExtraSelection()
                mark.cursor = cursor
                mark.format.setBackground(QColor(AMBER))
                mark.format.setForeground(QColor("#1c1f23"))
                found.append(mark)
                cursor = self.document().find(word, cursor)
        self.setExtraSelections(found)

    def find_next(self, *, backwards: bool = False) -> bool:
        """Go to the next occurrence of any of the words, from the other end where there is none; tell whether there is any."""
        flags = QTextDocument.FindFlag.FindBackward if backwards else QTextDocument.FindFlag(0)
        here = self.textCursor()
        ends = QTextCursor(self.document())
        if backwards:
            ends.movePosition(QTextCursor.MoveOperation.End)
        for start in (here, ends):
            hits = [hit for word in self._words if not (hit := self.document().find(word, start, flags)).isNull()]
            if hits:
                nearest = max(hits, key=QTextCursor.position) if backwards else min(hits, key=QTextCursor.position)
                self.setTextCursor(nearest)
                self.ensureCursorVisible()
                return True
        return False

    def loadResource(self, kind: int, url: QUrl | str) -> object:  # noqa: N802 - Qt's name
        """Find pictures beside the page, no wider than there is room for; nothing is ever fetched from elsewhere."""
        if kind != int(QTextDocument.ResourceType.ImageResource.value) or self._path is None:
            return None
        place = place_of(self._path, QUrl(url).toString())
        picture = QImage(str(place.path)) if place is not None else QImage()
        if picture.isNull():
            return None
        scale = self.devicePixelRatioF()
        room = int((self.viewport().width() - 2 * MARGIN_PX) * scale)
        if picture.width() > room > 0:
            # Smooth scaling, which the text's own painter does not do.
            picture = picture.scaledToWidth(room, Qt.TransformationMode.SmoothTransformation)
            picture.setDevicePixelRatio(scale)
        return picture

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        if event.oldSize().width() != event.size().width():
            if not self._settle.isActive():
                self._top = self._block_at_top()
            self._settle.start()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_settle"):
            if not self._settle.isActive():
                self._top = self._block_at_top()
            self._settle.start()

    def _scroll_to(self, block: QTextBlock) -> None:
        """Bring a paragraph to the top, not just somewhere onto the screen."""
        top = self.document().documentLayout().blockBoundingRect(block).top() if block.position() else 0.0
        self.verticalScrollBar().setValue(int(top))

    def _set(self, path: Path, text: str) -> None:
        self._path = path
        self.document().clear()
        self.document().setMarkdown(text, QTextDocument.MarkdownFeature.MarkdownDialectGitHub)
        dress(self.document(), self.palette())
        headings = list(_headings(self.document()))
        self._places = dict(zip(anchors_of([block.text() for block in headings]), map(QTextBlock.position, headings), strict=True))
        self.highlight(self._words)

    def _set_again(self) -> None:
        """Lay the page out anew, for another width or other colours, and stay where the reader is."""
        if self._path is None:
            return
        self._set(self._path, page_text(self._path))
        self._scroll_to(self.document().findBlockByNumber(self._top))

    def _block_at_top(self) -> int:
        """Return the number of the paragraph that the reader has at the top."""
        return self.cursorForPosition(QPoint(0, 0)).block().blockNumber()

    def _follow(self, url: QUrl) -> None:
        assert self._path is not None
        self.followed.emit(place_of(self._path, url.toString()) or url.toString())


def dress(document: QTextDocument, palette: QPalette) -> None:
    """Give a document made from Markdown margins, sizes and colours; what Qt takes by default suits neither reading nor a dark theme."""
    document.setDocumentMargin(MARGIN_PX)
    colours = _Colours(palette)
    # As one change: the layout would be made anew after each of thousands otherwise.
    change = QTextCursor(document)
    change.beginEditBlock()
    block = document.begin()
    while block.isValid():
        _dress_block(block)
        _dress_words(block, colours)
        block = block.next()
    for frame in document.rootFrame().childFrames():
        if isinstance(frame, QTextTable):
            _dress_table(frame, colours)
    change.endEditBlock()


class _Colours:
    def __init__(self, palette: QPalette) -> None:
        self.link = palette.color(QPalette.ColorRole.Link)
        self.line = palette.color(QPalette.ColorRole.Mid)
        self.shade = palette.color(QPalette.ColorRole.AlternateBase)
        self.code = palette.color(QPalette.ColorRole.Window)


def _dress_block(block: QTextBlock) -> None:
    cursor = QTextCursor(block)
    shape = QTextBlockFormat()
    level = block.blockFormat().headingLevel()
    is_code = block.blockFormat().hasProperty(QTextFormat.Property.BlockCodeFence)
    if level:
        shape.setTopMargin(4 if level == 1 else 20 if level == 2 else 14)
        shape.setBottomMargin(6)
    elif not is_code and OBJECT not in block.text():
        shape.setLineHeight(LINE_HEIGHT_PERCENT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        if cursor.currentTable() is None and cursor.currentList() is None:
            shape.setTopMargin(6)
            shape.setBottomMargin(6)
    QTextCursor(block).mergeBlockFormat(shape)


def _dress_words(block: QTextBlock, colours: _Colours) -> None:
    """Colour links as the theme does, and lay a shade behind code."""
    pieces = block.begin()
    spans = []
    while not pieces.atEnd():
        piece = pieces.fragment()
        spans.append((piece.position(), piece.length(), piece.charFormat()))
        pieces += 1
    for position, length, was in spans:
        look = QTextCharFormat()
        if was.isAnchor():
            look.setForeground(colours.link)
        elif was.fontFixedPitch():
            look.setBackground(colours.code)
        else:
            continue
        cursor = QTextCursor(block.document())
        cursor.setPosition(position)
        cursor.setPosition(position + length, QTextCursor.MoveMode.KeepAnchor)
        cursor.mergeCharFormat(look)


def _dress_table(table: QTextTable, colours: _Colours) -> None:
    look = table.format()
    look.setBorderBrush(colours.line)
    look.setCellPadding(5)
    look.setTopMargin(8)
    look.setBottomMargin(8)
    table.setFormat(look)
    for column in range(table.columns()):
        cell = table.cellAt(0, column)
        shade = cell.format()
        shade.setBackground(colours.shade)
        cell.setFormat(shade)


def _headings(document: QTextDocument) -> Iterable[QTextBlock]:
    block = document.begin()
    while block.isValid():
        if block.blockFormat().headingLevel():
            yield block
        block = block.next()
