"""What a changed parameter would find in the part of the image that is on screen, while a slider moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject, Signal

from lycurgus.core.errors import LycurgusError
from lycurgus.core.params import AnalysisParams, CalibrationParams
from lycurgus.core.types import BBox, Instance, Micrograph, Particle
from lycurgus.pipeline import analyze
from lycurgus.ui.jobs import Job
from lycurgus.ui.workbench import Workbench

LARGEST_PX = 1024 * 1024
"""A preview looks at no more than the middle of what is visible, so that it follows the slider."""


class Previewing(QObject):
    """Analyses the visible crop beside the window.

    Signals
    -------
    ready : (particles in image coordinates, the BBox that was looked at).
    cleared : the preview no longer fits what is shown.
    """

    ready = Signal(object, object)
    cleared = Signal()

    def __init__(self, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._bench = workbench
        self._job: Job | None = None
        store = workbench.store
        store.current_changed.connect(self._clear)
        store.document_changed.connect(self._clear_if_current)

    def preview(self, params: AnalysisParams, visible: BBox | None) -> None:
        """Analyse the visible part with these parameters; a newer preview replaces an older one."""
        micrograph = self._bench.store.micrograph
        if micrograph is None or visible is None:
            return
        # What is read from the picture is read once, from the whole of it.
        params = params.model_copy(update={"calibration": CalibrationParams(scale_bar="off")})
        region, device = middle_of(visible), self._bench.settings.device
        self._job = self._bench.jobs.submit(
            "preview",
            lambda progress, cancel: shifted(
                analyze(cropped(micrograph, region), params, device=device, progress=progress, cancel=cancel).particles, region
            ),
            title="Preview",
            key="preview",
            on_done=lambda particles: self._deliver(micrograph, particles, region),
            on_error=self._give_up,
        )
        self._job.finished.connect(partial(self._forget, self._job))

    def stop(self) -> None:
        """Take away what is shown, and what is still being worked out."""
        if self._job is not None:
            self._job.cancel()
        self.cleared.emit()

    def _forget(self, job: Job) -> None:
        if job is self._job:
            self._job = None

    def _deliver(self, micrograph: Micrograph, particles: Sequence[Particle], region: BBox) -> None:
        if micrograph is self._bench.store.micrograph:
            self.ready.emit(particles, region)

    def _give_up(self, error: Exception) -> None:
        # A preview is an offer: parameters that fail are reported when the analysis is run with them.
        self.cleared.emit()
        if not isinstance(error, LycurgusError):
            self._bench.fail_with(error)

    def _clear(self, *_: object) -> None:
        self.cleared.emit()

    def _clear_if_current(self, document: object) -> None:
        if document is self._bench.store.current:
            self.cleared.emit()


def middle_of(visible: BBox) -> BBox:
    """Shrink a box around its middle to at most ``LARGEST_PX`` pixels."""
    area = visible.height * visible.width
    if area <= LARGEST_PX:
        return visible
    share = (LARGEST_PX / area) ** 0.5
    height, width = int(visible.height * share), int(visible.width * share)
    y0, x0 = (visible.y0 + visible.y1 - height) // 2, (visible.x0 + visible.x1 - width) // 2
    return BBox(y0, x0, y0 + height, x0 + width)


def cropped(micrograph: Micrograph, region: BBox) -> Micrograph:
    return replace(micrograph, pixels=micrograph.pixels[region.slices])


def shifted(particles: Sequence[Particle], region: BBox) -> tuple[Particle, ...]:
    """Move particles of a crop to where they lie in the image; their measured positions stay those of the crop."""
    return tuple(replace(particle, instance=_moved(particle.instance, region)) for particle in particles)


def _moved(instance: Instance, region: BBox) -> Instance:
    box = instance.bbox
    return replace(instance, bbox=BBox(box.y0 + region.y0, box.x0 + region.x0, box.y1 + region.y0, box.x1 + region.x0))
