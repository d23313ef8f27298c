"""The current document's particles on the canvas: traced, found under the mouse, selected, brought into sight."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal

from lycurgus.core.types import Particle
from lycurgus.ui.viewer.canvas import Canvas
from lycurgus.ui.viewer.hits import HitIndex
from lycurgus.ui.viewer.overlay import NOTHING_TRACED, Tracing
from lycurgus.ui.viewer.view import bounding
from lycurgus.ui.workbench import Workbench

TRACED_AT_ONCE = 300
ROOM_AROUND = 0.05


class ShownParticles(QObject):
    """Keeps overlay and selection of a canvas in step with the store.

    Signals
    -------
    traced : the outlines of many particles have come.
    """

    traced = Signal()

    def __init__(self, workbench: Workbench, canvas: Canvas, parent: QObject) -> None:
        super().__init__(parent)
        self._bench = workbench
        self._store = workbench.store
        self._canvas = canvas
        self._particles: tuple[Particle, ...] = ()
        self._hits = HitIndex()
        self._selecting = False
        self._store.selection_changed.connect(self._show_selection)

    @property
    def current(self) -> tuple[Particle, ...]:
        """What is shown, or will be as soon as it is traced."""
        return self._particles

    def show(self, particles: tuple[Particle, ...]) -> None:
        """Show other particles; few new outlines are traced at once, many beside the window."""
        overlay = self._canvas.sheet.overlay
        known = overlay.tracing
        self._particles = particles
        self._hits = HitIndex(particles)
        if known.missing(particles) <= TRACED_AT_ONCE:
            overlay.set_particles(particles, Tracing(particles, known))
            return
        overlay.set_particles((), NOTHING_TRACED)
        job = self._bench.jobs.submit(
            "io",
            lambda *_: Tracing(particles, known),
            title="Drawing outlines",
            key="outlines",
            on_done=lambda tracing: self._take(particles, tracing),
        )
        self.destroyed.connect(job.cancel)

    def at(self, y: float, x: float) -> Particle | None:
        """Return the particle at an image point, the smallest where several overlap."""
        return self._hits.at(y, x)

    def within(self, y0: float, x0: float, y1: float, x1: float) -> list[int]:
        """Return the ids of the particles whose centre lies in a box."""
        return self._hits.within(y0, x0, y1, x1)

    def select(self, ids: Iterable[int]) -> None:
        """Select as the mouse says: what is clicked is in sight, so nothing scrolls."""
        self._selecting = True
        try:
            self._store.select(ids)
        finally:
            self._selecting = False

    def reveal(self, ids: Iterable[int]) -> None:
        """Scroll so that one of the particles at least is in sight; nothing moves where one is already."""
        wanted = set(ids)
        view, shape = self._canvas.view, self._canvas.shape
        boxes = [particle.instance.bbox for particle in self._particles if particle.id in wanted]
        if shape is None or not boxes or any(view.shows(box, part=ROOM_AROUND) for box in boxes):
            return
        around = bounding(boxes)
        y0, x0, y1, x1 = view.bounds
        if around.height > y1 - y0 or around.width > x1 - x0:
            around = boxes[0]
        self._canvas.set_view(view.centred((around.y0 + around.y1 - 1) / 2, (around.x0 + around.x1 - 1) / 2).filled(shape))

    def _take(self, particles: tuple[Particle, ...], tracing: Tracing) -> None:
        if particles is self._particles:
            overlay = self._canvas.sheet.overlay
            overlay.set_particles(particles, tracing, overlay.marks)
            self.traced.emit()

    def _show_selection(self, ids: frozenset[int]) -> None:
        self._canvas.sheet.overlay.set_selected(ids)
        if ids and not self._selecting:
            self.reveal(ids)
