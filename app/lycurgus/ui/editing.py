"""Corrections by hand on the current image: each is an edit in its history, kept at once in the project file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from lycurgus.core import drawn_shapes, edits
from lycurgus.core.errors import EditError
from lycurgus.core.history import History
from lycurgus.core.types import AnalysisResult, Instance, Micrograph, Particle
from lycurgus.ui.store import Document
from lycurgus.ui.workbench import Workbench, capitalised

Points = NDArray[np.float64]


class Editing(QObject):
    """Turns what the user does with mouse and keys into edits; what is impossible becomes a sentence.

    An image that waits or is analysed may be corrected: ``Analysing`` leaves its new result out then.
    """

    def __init__(self, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._bench = workbench
        self._store = workbench.store
        self._canvas: edits.Canvas | None = None
        self._canvas_of: tuple[Micrograph, AnalysisResult] | None = None
        self._store.micrograph_changed.connect(self._forget_canvas)

    def delete(self) -> None:
        self._edit(lambda history, _: edits.delete(history.particles, self._store.selection))

    def exclude(self, reason: str) -> None:
        self._edit(lambda history, _: edits.exclude(history.particles, self._store.selection, reason))

    def include(self) -> None:
        self._edit(lambda history, canvas: edits.include(history.particles, self._store.selection, canvas.cleaning))

    def reclassify(self, task: str, name: str) -> None:
        self._edit(lambda history, _: edits.reclassify(history.particles, self._store.selection, task, name))

    def merge(self) -> None:
        self._edit(lambda history, canvas: edits.merge(history.particles, self._store.selection, canvas, first_id=history.next_id))

    def split(self, line: Points) -> None:
        """Cut the particle that a line crosses; with several, the selected one, else the one crossed longest.

        Parameters
        ----------
        line : (n, 2) float64 (y, x) in image pixels.
        """

        def cut(history: History, canvas: edits.Canvas) -> edits.Edit:
            crossed = crossed_by(line, history.particles)
            wanted = [particle for particle in crossed if particle.id in self._store.selection] or crossed
            if not wanted:
                raise EditError("the line crosses no particle", hint="draw it across the particle, from outside to outside")
            return edits.split(history.particles, wanted[0].id, line, canvas, first_id=history.next_id)

        self._edit(cut)

    def draw_polygon(self, outline: Points) -> None:
        """Add a particle; outline is (n, 2) float64 (y, x), freehand or corner by corner."""
        self._draw(lambda shape: drawn_shapes.polygon(outline, shape=shape))

    def draw_ellipse(self, centre: tuple[float, float], semi_axes: tuple[float, float], angle_deg: float = 0.0) -> None:
        """Add a particle; centre (y, x), semi-axes (along the angle, across it) in px."""
        self._draw(
            lambda shape: drawn_shapes.ellipse(
                centre, major_px=2 * semi_axes[0], minor_px=2 * semi_axes[1], angle_deg=angle_deg, shape=shape
            )
        )

    def draw_circle(self, centre: tuple[float, float], radius: float) -> None:
        self._draw(lambda shape: drawn_shapes.circle(centre, radius, shape=shape))

    def undo(self) -> None:
        self._step(lambda history: history.undo())

    def redo(self) -> None:
        self._step(lambda history: history.redo())

    def _draw(self, shape_of: Callable[[tuple[int, int]], Instance]) -> None:
        def add(history: History, canvas: edits.Canvas) -> edits.Edit:
            return edits.draw(history.particles, shape_of(canvas.micrograph.shape), canvas, first_id=history.next_id)

        self._edit(add)

    def _edit(self, build: Callable[[History, edits.Canvas], edits.Edit]) -> None:
        document = self._store.current
        if document is None or document.analysed is None or self._store.micrograph is None:
            self._bench.warn("There is nothing to correct yet: analyse the image first")
            return
        try:
            edit = build(document.history, self._canvas_for(document))
            self._put(document, document.history.do(edit))
        except EditError as error:
            self._bench.warn(capitalised(str(error)))
            return
        before = {particle.id for particle in edit.removed}
        fresh = {particle.id for particle in edit.added} - before
        if fresh:
            self._store.select(fresh)

    def _step(self, move: Callable[[History], History]) -> None:
        document = self._store.current
        if document is not None:
            self._put(document, move(document.history))

    def _put(self, document: Document, history: History) -> None:
        if history is not document.history:
            document.history = history
            self._store.changed(document)
            self._bench.keep_journal(document)

    def _canvas_for(self, document: Document) -> edits.Canvas:
        """The picture to measure on; the mask of what is burnt in is made once for a picture and its analysis, not for each edit."""
        micrograph, analysed = self._store.micrograph, document.analysed
        assert micrograph is not None
        assert analysed is not None
        known = self._canvas_of
        if self._canvas is None or known is None or known[0] is not micrograph or known[1] is not analysed:
            scaled = micrograph.with_pixel_size(analysed.micrograph.pixel_size)
            self._canvas = edits.Canvas.of(replace(analysed, micrograph=scaled))
            self._canvas_of = micrograph, analysed
        return self._canvas

    def _forget_canvas(self, *_: object) -> None:
        """Let go of a picture's pixels as soon as another is shown."""
        self._canvas = self._canvas_of = None


def crossed_by(line: Points, particles: Iterable[Particle]) -> list[Particle]:
    """Particles that a line runs over, the one with most of the line first.

    Parameters
    ----------
    line : (n, 2) float64 (y, x).
    """
    steps = np.diff(line, axis=0)
    pieces = [
        start + step * np.linspace(0, 1, max(2, int(2 * np.hypot(*step)) + 1))[:, None]
        for start, step in zip(line[:-1], steps, strict=True)
    ]
    if not pieces:
        return []
    dots = np.rint(np.concatenate(pieces)).astype(int)
    shares = []
    for particle in particles:
        box = particle.instance.bbox
        inside = dots[(dots >= (box.y0, box.x0)).all(axis=1) & (dots < (box.y1, box.x1)).all(axis=1)] - (box.y0, box.x0)
        covered = int(np.count_nonzero(particle.instance.mask[inside[:, 0], inside[:, 1]]))
        if covered:
            shares.append((covered, particle))
    return [particle for _, particle in sorted(shares, key=lambda share: -share[0])]
