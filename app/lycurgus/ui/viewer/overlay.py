"""The particles over the image, as one layer: drawn once for what is seen and a margin around it, then only moved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QPointF, QRectF, QTimer, Signal
from PySide6.QtGui import QImage, QPainter

from lycurgus.core.types import BBox, Instance, Particle
from lycurgus.exporters import palette
from lycurgus.exporters.outlines import outlines_xy
from lycurgus.services.settings import OverlaySettings
from lycurgus.ui.viewer.colouring import EXCLUDED, PROVISIONAL, Colouring, LineStyle, colouring
from lycurgus.ui.viewer.numbers import paint_ids
from lycurgus.ui.viewer.raster import FloatPoints, OutlineSet, Window, add_halo, draw
from lycurgus.ui.viewer.view import View

MARGIN = 0.25
"""So much more than the widget is drawn on each side, so that panning need not draw every frame."""

PATIENCE_S = 0.012
"""Where drawing takes longer than this, a moving view shows what was drawn last until it rests."""

REST_MS = 70
SELECTED_EXTRA = 1.5
FEW_SELECTED = 200
SELECTED = LineStyle((255, 255, 255))
DIMMED = 0.25


class Tracing:
    """Outlines of particles, known by their masks: corrections trace only what is new.

    Parameters
    ----------
    particles : to trace; may be done in a worker thread.
    known : outlines of earlier particles.
    """

    def __init__(self, particles: Sequence[Particle], known: Tracing | None = None) -> None:
        # The instances are kept with their outlines: the number of one that is gone could name another.
        traced = dict(known._traced) if known else {}
        fresh = [particle for particle in particles if id(particle.instance) not in traced]
        outlines = zip(fresh, outlines_xy(fresh), strict=True)
        traced |= {id(particle.instance): (particle.instance, points) for particle, points in outlines}
        wanted = [id(particle.instance) for particle in particles]
        self._traced: dict[int, tuple[Instance, FloatPoints]] = {key: traced[key] for key in wanted}
        self.outlines = OutlineSet([self._traced[key][1] for key in wanted])

    def missing(self, particles: Iterable[Particle]) -> int:
        """Count particles that are not traced yet."""
        return sum(id(particle.instance) not in self._traced for particle in particles)


NOTHING_TRACED = Tracing(())


@dataclass(frozen=True, slots=True)
class _Drawn:
    image: QImage
    ink: NDArray[np.uint8]  # the QImage looks into it
    window: Window


class Overlay(QObject):
    """Particles as outlines or fills in one layer.

    Signals
    -------
    changed : it wants to be painted again.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._particles: tuple[Particle, ...] = ()
        self._tracing = NOTHING_TRACED
        self._outlines = OutlineSet()
        self._colouring = Colouring()
        self._own_colouring = False
        self._selected: frozenset[int] = frozenset()
        self._settings = OverlaySettings()
        self._hidden = False
        self._dimmed: BBox | None = None
        self._provisional = OutlineSet()
        self._drawn: _Drawn | None = None
        self._cost_s = 0.0
        self._resting = QTimer(self)
        self._resting.setSingleShot(True)
        self._resting.setInterval(REST_MS)
        self._resting.timeout.connect(self.redraw)

    @property
    def particles(self) -> tuple[Particle, ...]:
        return self._particles

    @property
    def tracing(self) -> Tracing:
        return self._tracing

    @property
    def legend(self) -> Colouring:
        """What the colours mean."""
        return self._colouring

    @property
    def marks(self) -> Colouring | None:
        """The colouring of a comparison, or None."""
        return self._colouring if self._own_colouring else None

    @property
    def is_shown(self) -> bool:
        return self._settings.visible and not self._hidden

    @property
    def shows_excluded(self) -> bool:
        return self._settings.excluded

    def set_particles(self, particles: Sequence[Particle], tracing: Tracing, marks: Colouring | None = None) -> None:
        """Show other particles.

        Parameters
        ----------
        tracing : their outlines.
        marks : how to colour them, where it is not for the settings to say.
        """
        self._particles = tuple(particles)
        self._tracing = tracing
        self._outlines = tracing.outlines
        self._own_colouring = marks is not None
        self._colouring = marks or colouring(self._particles, self._settings.colour_by)
        self.redraw()

    def set_marks(self, marks: Colouring | None) -> None:
        """Colour particles for a comparison, or again as the settings say."""
        self._own_colouring = marks is not None
        self._colouring = marks or colouring(self._particles, self._settings.colour_by)
        self.redraw()

    def set_settings(self, settings: OverlaySettings) -> None:
        if settings == self._settings:
            return
        recolour = settings.colour_by != self._settings.colour_by
        self._settings = settings
        if recolour and not self._own_colouring:
            self._colouring = colouring(self._particles, settings.colour_by)
        self.redraw()

    def set_selected(self, ids: frozenset[int]) -> None:
        if ids != self._selected:
            self._selected = ids
            self.redraw()

    def set_hidden(self, hidden: bool) -> None:
        """Hide for as long as a key is held; settings stay."""
        if hidden != self._hidden:
            self._hidden = hidden
            self.changed.emit()

    def show_provisional(self, particles: Sequence[Particle], region: BBox) -> None:
        """Draw what a change of parameters would give, dotted, over the dimmed present result.

        Parameters
        ----------
        particles : in image coordinates.
        region : the part of the image that was looked at.
        """
        self._provisional = OutlineSet(outlines_xy(particles))
        self._dimmed = region
        self.redraw()

    def clear_provisional(self) -> None:
        if self._dimmed is not None:
            self._provisional = OutlineSet()
            self._dimmed = None
            self.redraw()

    @property
    def provisional_region(self) -> BBox | None:
        return self._dimmed

    def paint(self, painter: QPainter, view: View, device_ratio: float) -> None:
        """Draw the layer; a view in motion may get what was drawn last, stretched, for a moment."""
        if not self.is_shown or not (len(self._outlines) or len(self._provisional)):
            return
        seen = _seen(view, device_ratio)
        drawn = self._drawn
        if drawn is None or not _serves(drawn.window, seen):
            if drawn is None or self._cost_s <= PATIENCE_S:
                drawn = self._drawn = self._draw(_with_margin(seen), device_ratio)
            else:
                self._resting.start()
        _blit(painter, drawn, view, device_ratio, self._settings.opacity)

    def redraw(self) -> None:
        """Draw anew at the next painting, however long it takes."""
        self._drawn = None
        self.changed.emit()

    def _draw(self, window: Window, device_ratio: float) -> _Drawn:
        began = perf_counter()
        ink = np.zeros((window.height, window.width, 4), dtype=np.uint8)
        width = self._settings.line_width * device_ratio
        selected = np.array([one.id in self._selected for one in self._particles], dtype=bool)
        fill = self._settings.style == "fill"
        # Marks of a comparison may be there before the outlines of its particles are.
        for style, members in self._colouring.groups if len(self._outlines) else ():
            if style == EXCLUDED and self._settings.excluded:
                # Grey dashes are seen on a grey ground only where something dark lies under them.
                draw(ink, self._outlines, window, members, LineStyle(palette.CASING), width=width)
            if style != EXCLUDED or self._settings.excluded:
                draw(ink, self._outlines, window, members, style, width=width, fill=fill and style != EXCLUDED)
        if selected.any() and len(self._outlines):
            chosen = np.flatnonzero(selected)
            if chosen.size <= FEW_SELECTED:
                draw(ink, self._outlines, window, chosen, LineStyle(palette.CASING), width=width + (SELECTED_EXTRA + 3) * device_ratio)
            draw(ink, self._outlines, window, chosen, SELECTED, width=width + SELECTED_EXTRA * device_ratio)
        add_halo(ink)
        if self._dimmed is not None:
            ink[_on_canvas(self._dimmed, window)] = (ink[_on_canvas(self._dimmed, window)] * DIMMED).astype(np.uint8)
            everyone = np.arange(len(self._provisional))
            draw(ink, self._provisional, window, everyone, PROVISIONAL, width=width)
        image = QImage(ink.data, window.width, window.height, ink.strides[0], QImage.Format.Format_ARGB32_Premultiplied)
        if self._settings.ids:
            hidden = () if self._settings.excluded else [i for i, one in enumerate(self._particles) if one.excluded is not None]
            paint_ids(image, self._particles, self._outlines, window, device_ratio, left_out=hidden)
        self._cost_s = perf_counter() - began
        return _Drawn(image, ink, window)


def _seen(view: View, device_ratio: float) -> Window:
    y0, x0, _, _ = view.bounds
    return Window(y0, x0, view.scale * device_ratio, round(view.width * device_ratio), round(view.height * device_ratio))


def _with_margin(seen: Window) -> Window:
    extra_y, extra_x = round(MARGIN * seen.height), round(MARGIN * seen.width)
    return Window(
        seen.y - extra_y / seen.scale, seen.x - extra_x / seen.scale, seen.scale, seen.width + 2 * extra_x, seen.height + 2 * extra_y
    )


def _serves(drawn: Window, seen: Window) -> bool:
    """Tell whether what was drawn covers what is seen at the same zoom."""
    if drawn.scale != seen.scale:
        return False
    y, x = (seen.y - drawn.y) * seen.scale, (seen.x - drawn.x) * seen.scale
    return y >= -0.5 and x >= -0.5 and y + seen.height <= drawn.height + 0.5 and x + seen.width <= drawn.width + 0.5


def _blit(painter: QPainter, drawn: _Drawn, view: View, device_ratio: float, opacity: float) -> None:
    window = drawn.window
    corner = view.to_screen(window.y, window.x)
    factor = view.scale * device_ratio / window.scale
    painter.save()
    painter.setOpacity(opacity)
    if factor == 1:
        # On whole device pixels it is copied, not resampled.
        corner = QPointF(round(corner.x() * device_ratio) / device_ratio, round(corner.y() * device_ratio) / device_ratio)
    size = drawn.image.size().toSizeF() * (factor / device_ratio)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
    painter.drawImage(QRectF(corner, size), drawn.image, QRectF(drawn.image.rect()))
    painter.restore()


def _on_canvas(box: BBox, window: Window) -> tuple[slice, slice]:
    def span(low: int, high: int, origin: float) -> slice:
        return slice(*(max(0, round((edge - 0.5 - origin) * window.scale)) for edge in (low, high)))

    return span(box.y0, box.y1, window.y), span(box.x0, box.x1, window.x)
