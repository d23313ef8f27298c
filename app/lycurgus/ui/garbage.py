"""Cycles of dead objects are looked for in the window's thread alone.

Python looks for them in whatever thread happens to make the next object. Widgets and pictures that are taken apart in a worker's thread,
or in the midst of drawing, end the program: Qt's objects belong to the thread of the window.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

EVERY_MS = 500


class GarbageCollection(QObject):
    """Takes over from Python's automatic search as long as its parent lives.

    Parameters
    ----------
    parent : lives in the window's thread.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self.collect)
        self._timer.start()

    def collect(self) -> None:
        """Collect the oldest generation whose turn it is, by Python's own thresholds, if any."""
        counts, thresholds = gc.get_count(), gc.get_threshold()
        for generation in (2, 1, 0):
            if counts[generation] > thresholds[generation] > 0:
                gc.collect(generation)
                return
