"""The second side of a comparison: asks for it to be computed, and puts it beside the image or under a line that is swiped."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QObject, Signal

from lycurgus.core.params import AnalysisParams
from lycurgus.core.types import Micrograph, Particle
from lycurgus.ui.viewer.canvas import Canvas, Sheet, linked
from lycurgus.ui.viewer.colouring import matched_colouring
from lycurgus.ui.viewer.comparing import Content, Counterpart, counterpart, probability_limits
from lycurgus.ui.viewer.contrast import Limits, limits_at, sampled
from lycurgus.ui.viewer.overlay import NOTHING_TRACED, Overlay
from lycurgus.ui.viewer.picture import Picture
from lycurgus.ui.viewer.view import View
from lycurgus.ui.workbench import Workbench

Mode = Literal["off", "beside", "swipe"]
COMPUTING = "Computing…"


class Comparison(QObject):
    """Keeps the other side in step with image, particles, parameters and contrast.

    Signals
    -------
    marked : the image's own particles are to be marked (a Colouring), or no longer (None).
    """

    marked = Signal(object)

    def __init__(self, workbench: Workbench, canvas: Canvas, beside: Canvas, parent: QObject) -> None:
        super().__init__(parent)
        self._bench = workbench
        self._canvas = canvas
        self._beside = beside
        self.mode: Mode = "off"
        self.content: Content = "otsu"
        self.counterpart: Counterpart | None = None
        self.sheet = Sheet(overlay=Overlay(self))
        self.sheet.overlay.changed.connect(self._repaint)
        beside.sheet = self.sheet
        beside.follow()
        canvas.view_changed.connect(self._follow_canvas)
        beside.view_changed.connect(self._follow_beside)
        self._known_baseline: tuple[Micrograph, str, tuple[Particle, ...]] | None = None
        self._contrast: tuple[Limits, bool] = ((0.0, 1.0), False)
        beside.hide()

    def set(self, mode: Mode, content: Content) -> None:
        """Choose what is compared and how it is shown."""
        changed_content = content != self.content or self.mode == "off"
        self.mode, self.content = mode, content
        self._beside.setVisible(mode == "beside")
        self._canvas.swiped = self.sheet if mode == "swipe" else None
        if mode == "off":
            self._clear()
        elif changed_content:
            self.refresh()
        self._repaint()

    def refresh(self) -> None:
        """Compute the other side again: image, particles or parameters are others."""
        if self.mode == "off":
            return
        store = self._bench.store
        micrograph, document, picture = store.micrograph, store.current, self._canvas.sheet.picture
        self._clear()
        if micrograph is None or document is None or picture is None:
            self._repaint()
            return
        self.sheet.picture = picture.twin()
        self.sheet.picture.set_contrast(self._contrast[0], invert=self._contrast[1])
        self.sheet.title = COMPUTING
        self._beside.pixel_size = self._canvas.pixel_size
        own, content, device = document.particles, self.content, self._bench.settings.device
        params = document.result.params if document.result is not None and content == "otsu" else store.params
        known = self._baseline_for(micrograph, params)
        job = self._bench.jobs.submit(
            "preview",
            lambda progress, cancel: counterpart(
                content, micrograph, own, params, device=device, baseline=known, progress=progress, cancel=cancel
            ),
            title="Comparing",
            key="compare",
            on_done=lambda result: self._show(micrograph, own, params, result),
            on_error=self._fail,
        )
        self.destroyed.connect(job.cancel)
        self._repaint()

    def set_contrast(self, limits: Limits, *, invert: bool) -> None:
        """Follow the contrast of the image where both sides show the same pixels."""
        self._contrast = (limits, invert)
        if self.sheet.picture is not None and not (self.counterpart and self.counterpart.levels):
            self.sheet.picture.set_contrast(limits, invert=invert)
            self._repaint()

    def share_particles(self) -> None:
        """Draw the image's particles over the other side too, where that has none of its own."""
        if self.counterpart is not None and self.counterpart.particles is None and not self.counterpart.note:
            overlay = self._canvas.sheet.overlay
            self.sheet.overlay.set_particles(overlay.particles, overlay.tracing)

    def take_levels(self, picture: Picture) -> None:
        """Share reduced copies that came later."""
        if self.sheet.picture is not None and self.sheet.picture.pixels is picture.pixels:
            self.sheet.picture = picture.twin()
            self.sheet.picture.set_contrast(self._contrast[0], invert=self._contrast[1])
            self._repaint()

    def _show(self, micrograph: Micrograph, own: tuple[Particle, ...], params: AnalysisParams, result: Counterpart) -> None:
        store = self._bench.store
        if self.mode == "off" or micrograph is not store.micrograph or store.current is None or store.current.particles is not own:
            return
        self.counterpart = result
        self.sheet.title = result.note or result.title
        self._canvas.sheet.title = result.own_title
        if result.levels:
            levels = list(result.levels)
            limits = probability_limits(levels) if self.content == "probability" else limits_at(sampled(levels[0]))
            self.sheet.picture = Picture(levels[0], limits, levels)
        if result.particles is not None and result.tracing is not None:
            self._known_baseline = (micrograph, params.digest, result.particles)
            self.sheet.overlay.set_particles(result.particles, result.tracing, matched_colouring(result.particles, result.shared))
            self.marked.emit(matched_colouring(own, result.own_shared))
        else:
            self.share_particles()
        self._repaint()

    def _fail(self, error: Exception) -> None:
        self.sheet.title = "It could not be computed"
        self._bench.fail_with(error)
        self._repaint()

    def _baseline_for(self, micrograph: Micrograph, params: AnalysisParams) -> tuple[Particle, ...] | None:
        known = self._known_baseline
        return known[2] if known is not None and known[0] is micrograph and known[1] == params.digest else None

    def _clear(self) -> None:
        self.counterpart = None
        self.sheet.picture = None
        self.sheet.title = self._canvas.sheet.title = ""
        self.sheet.overlay.set_particles((), NOTHING_TRACED)
        if self.mode == "off":
            self._known_baseline = None
        self.marked.emit(None)

    def _follow_canvas(self, view: View) -> None:
        self._beside.set_view(linked(view, self._beside.view))

    def _follow_beside(self, view: View) -> None:
        if self.mode == "beside":
            self._canvas.set_view(linked(view, self._canvas.view))

    def _repaint(self) -> None:
        self._canvas.update()
        self._beside.update()
