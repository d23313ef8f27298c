"""Reading the burnt-in scale bar of the image on screen, beside the window's thread, and taking what was read at the user's word."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from lycurgus.calibration.evidence import Candidate, Evidence, examine, pixel_size_of
from lycurgus.core.annotations import find_annotations
from lycurgus.core.params import AnalysisParams
from lycurgus.core.types import Micrograph
from lycurgus.ui.calibrating import Calibrating
from lycurgus.ui.store import Document
from lycurgus.ui.workbench import Workbench


class ScaleReading(QObject):
    """Looks for a scale where neither file nor user state one.

    Signals
    -------
    changed : the Evidence about the image on screen that waits for the user's word, or None.
    """

    changed = Signal(object)

    def __init__(self, workbench: Workbench, calibrating: Calibrating) -> None:
        super().__init__(workbench)
        self._bench = workbench
        self._store = workbench.store
        self._calibrating = calibrating
        self._evidence: Evidence | None = None
        self._pixels: object = None
        self._told_of_missing = False
        self._store.micrograph_changed.connect(self._look)
        self._store.document_changed.connect(self._follow)

    @property
    def offered(self) -> Candidate | None:
        """What was read from the picture: used already where it is sure, else only offered."""
        if self._evidence is None:
            return None
        return self._evidence.chosen or self._evidence.offered

    def accept(self) -> None:
        """Make what was read the user's word, so that it stays with the image; its source and its uncertainty stay those of the reading."""
        candidate, document = self.offered, self._store.current
        if candidate is not None and document is not None:
            size = pixel_size_of(candidate)
            self._calibrating.set_pixel_size([document], replace(size, accepted=size.source != "user"))

    def _look(self, micrograph: Micrograph | None) -> None:
        document = self._store.current
        if micrograph is None or document is None:
            self._forget()
            return
        if micrograph.pixels is self._pixels:
            self._scale_picture(document, micrograph)
            return
        self._forget()
        self._pixels = micrograph.pixels
        params = self._store.params
        if micrograph.pixel_size is not None or document.pixel_size is not None or params.calibration.scale_bar == "off":
            return
        self._bench.jobs.submit(
            "io",
            lambda *_: evidence_of(micrograph, params),
            title=f"Looking for the scale bar of {document.path.name}",
            key="scale bar",
            on_done=lambda evidence: self._deliver(document, micrograph, evidence),
            on_error=self._bench.fail_with,
        )

    def _deliver(self, document: Document, micrograph: Micrograph, evidence: Evidence) -> None:
        if document is not self._store.current or micrograph.pixels is not self._pixels or document.pixel_size is not None:
            return
        if evidence.warnings and not evidence.candidates and not self._told_of_missing:
            self._told_of_missing = True
            self._bench.warn(evidence.warnings[0])
        if not any(one.source in ("scale bar", "data bar") for one in evidence.candidates):
            return
        self._evidence = evidence
        if self._store.micrograph is not None:
            self._scale_picture(document, self._store.micrograph)
        self.changed.emit(evidence)

    def _scale_picture(self, document: Document, micrograph: Micrograph) -> None:
        """Give the picture on screen the size that an analysis would use."""
        sure = None if self._evidence is None else self._evidence.pixel_size
        if sure is not None and micrograph.pixel_size is None and document.pixel_size is None:
            self._store.set_micrograph(micrograph.with_pixel_size(sure))

    def _follow(self, document: Document) -> None:
        """The user has spoken: nothing waits for his word any more."""
        if document is self._store.current and document.pixel_size is not None and self._evidence is not None:
            self._evidence = None
            self.changed.emit(None)

    def _forget(self) -> None:
        self._pixels = None
        if self._evidence is not None:
            self._evidence = None
            self.changed.emit(None)


def evidence_of(micrograph: Micrograph, params: AnalysisParams) -> Evidence:
    """Read the scale from a picture as an analysis does; for a worker thread."""
    return examine(micrograph, params.calibration, find_annotations(micrograph.pixels, params.annotations))


def in_words(evidence: Evidence) -> str:
    """Say what was read, and whether it is used: for the banner."""
    candidate = evidence.chosen or evidence.offered
    if candidate is None:
        return ""
    from_bar = candidate.source == "scale bar" and evidence.reading is not None
    read = f"{evidence.reading.label} = {evidence.reading.bar.length_px:.1f} px" if from_bar and evidence.reading else candidate.reason
    size = f"{candidate.x_nm:.4g} nm a pixel"
    return f"Read {read}: {size}, used unless corrected." if evidence.chosen is not None else f"Read {read}: {size}? Not sure, not used."
