"""Thumbnails for the rows on screen, made beside the window one at a time, the ones asked for last first."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage
from shiboken6 import isValid

from lycurgus.services.thumbnails import Thumbnail, Thumbnails
from lycurgus.ui.store import Document
from lycurgus.ui.workbench import Workbench

MOST_KEPT = 600
MOST_WAITING = 48
"""More rows than fit on a screen: what was scrolled past meanwhile is not made."""


class LazyThumbnails(QObject):
    """Hands out thumbnails that are there, and makes those that are asked for.

    Signals
    -------
    made : Document, whose picture is there now.
    """

    made = Signal(object)

    def __init__(self, workbench: Workbench, parent: QObject | None = None, *, thumbnails: Thumbnails | None = None) -> None:
        super().__init__(parent)
        self._bench = workbench
        self._thumbnails = thumbnails or Thumbnails()
        self._kept: OrderedDict[Document, QImage | None] = OrderedDict()
        self._waiting: OrderedDict[Document, None] = OrderedDict()
        self._working: Document | None = None

    def of(self, document: Document) -> QImage | None:
        """Return the picture, or None and see to it that it is made."""
        if document in self._kept:
            self._kept.move_to_end(document)
            return self._kept[document]
        if document is not self._working:
            self._waiting[document] = None
            self._waiting.move_to_end(document)
            while len(self._waiting) > MOST_WAITING:
                self._waiting.popitem(last=False)
            self._next()
        return None

    def forget(self, document: Document) -> None:
        """Make the picture anew when it is asked for again."""
        self._kept.pop(document, None)

    def _next(self) -> None:
        # One at a time: the other worker of the lane stays free for the image that the user wants to see.
        if self._working is not None or not self._waiting:
            return
        document, _ = self._waiting.popitem(last=True)
        self._working = document
        job = self._bench.jobs.submit(
            "io",
            lambda *_: self._thumbnails.of(document.path),
            title=f"Thumbnail of {document.path.name}",
            on_done=lambda thumbnail: self._keep(document, thumbnail),
            on_error=lambda _: self._keep(document, Thumbnail(None)),
        )
        job.finished.connect(self._ended)

    def _keep(self, document: Document, thumbnail: Thumbnail) -> None:
        self._kept[document] = None if thumbnail.picture is None else image_of(thumbnail.picture)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        # The window may have been closed while the picture was made.
        if isValid(self):
            self.made.emit(document)

    def _ended(self) -> None:
        self._working = None
        self._next()


def image_of(picture: NDArray[np.uint8]) -> QImage:
    """Copy a picture (h, w) into an image of Qt."""
    height, width = picture.shape
    return QImage(np.ascontiguousarray(picture).data, width, height, width, QImage.Format.Format_Grayscale8).copy()
