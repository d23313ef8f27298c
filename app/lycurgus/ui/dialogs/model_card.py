"""Shows the card of a network: Markdown from elsewhere, so no more of it is believed than its words and the pictures beside it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, Qt, QUrl
from PySide6.QtGui import QImage, QImageReader, QResizeEvent, QTextCursor, QTextDocument
from PySide6.QtWidgets import QTextBrowser, QWidget

from lycurgus.services.model_files import LARGEST_DOCUMENT_BYTES, RefusedError, safe_parts

_WORDS_ONLY = QTextDocument.MarkdownFeature.MarkdownDialectGitHub | QTextDocument.MarkdownFeature.MarkdownNoHTML
_FORMATS = (b"png", b"jpeg")
_LARGEST_PICTURE_MB = 64
_MARGIN_PX = 24


class CardView(QTextBrowser):
    """A card; links are not followed, nothing is fetched, and pictures come from the model's own folder alone."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folder: Path | None = None
        self._text = ""
        self.setOpenLinks(False)
        self.setAccessibleName("Model card")
        # One that comes and goes would change the width that pictures are made for.
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def show_card(self, text: str, folder: Path) -> None:
        """Show the card of a model folder; "" for a sentence that says that there is none."""
        self._folder, self._text = folder, text
        self._set()
        self._to(0)

    def loadResource(self, kind: int, url: QUrl | str) -> object:  # noqa: N802 - Qt's name
        """Return a picture of the model's folder, no wider than there is room for; nothing for any other address."""
        if kind != int(QTextDocument.ResourceType.ImageResource.value) or self._folder is None:
            return None
        picture = picture_of(self._folder, QUrl(url))
        room = int((self.viewport().width() - _MARGIN_PX) * self.devicePixelRatioF())
        if picture.width() > room > 0:
            picture = picture.scaledToWidth(room, Qt.TransformationMode.SmoothTransformation)
        picture.setDevicePixelRatio(self.devicePixelRatioF())
        return None if picture.isNull() else picture

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            bar = self.verticalScrollBar()
            share = bar.value() / max(bar.maximum(), 1)
            self._set()
            self._to(share)

    def _set(self) -> None:
        self.document().setMarkdown(self._text or "*This model has no card.*", _WORDS_ONLY)

    def _to(self, share: float) -> None:
        """Scroll to a share of the whole; a new text would be shown from its end."""
        self.moveCursor(QTextCursor.MoveOperation.Start)
        self.verticalScrollBar().setValue(round(share * self.verticalScrollBar().maximum()))


def picture_of(folder: Path, url: QUrl) -> QImage:
    """Read a picture that a card names by a path below its folder; a null picture where that is no such path or no picture."""
    if not url.isRelative() or url.hasQuery():
        return QImage()
    try:
        path = folder.joinpath(*safe_parts(url.path(QUrl.ComponentFormattingOption.FullyDecoded)))
        # A link may lead anywhere, and a device or a pipe never ends.
        if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
            return QImage()
        if path.stat().st_size > LARGEST_DOCUMENT_BYTES:
            return QImage()
        content = path.read_bytes()
    except (OSError, RefusedError):
        return QImage()
    buffer = QBuffer()
    buffer.setData(QByteArray(content))
    reader = QImageReader(buffer)
    reader.setAllocationLimit(_LARGEST_PICTURE_MB)
    return reader.read() if bytes(reader.format().data()) in _FORMATS else QImage()
