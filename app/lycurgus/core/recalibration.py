"""A pixel size that is corrected after the analysis: all numbers anew, all hand work kept."""

from __future__ import annotations

from dataclasses import replace

from lycurgus.core.annotations import usable_area
from lycurgus.core.edits import Canvas
from lycurgus.core.history import History
from lycurgus.core.quality import quality_warnings
from lycurgus.core.types import AnalysisResult, Micrograph

SET_LATER = (
    "The pixel size was corrected after the analysis: what is too small for a particle was decided with the former one. "
    "Analyse the image again to decide it anew; corrections by hand are lost by that."
)


def recalibrated(result: AnalysisResult, history: History, micrograph: Micrograph) -> tuple[AnalysisResult, History]:
    """Measure an analysed and corrected image with another pixel size.

    What was found stays found, so that the result can differ from a new analysis in particles near the limit of size; a warning of the
    result says so. Where nobody has corrected anything, analysing again is better.

    Parameters
    ----------
    result : as analysed, not as corrected; its pixels are not needed.
    micrograph : the same picture, with its pixels and the pixel size that holds now.

    Returns
    -------
    The result as analysed (without pixels where it came without) and the history that belongs to it.

    Raises
    ------
    EditError
        The micrograph has no pixels.
    """
    canvas = Canvas.of(replace(result, micrograph=micrograph))
    measured = history.remeasured(canvas)
    usable = usable_area(micrograph.pixels, result.annotations)
    scaled = replace(result, micrograph=micrograph, particles=measured.analysed)
    warnings = (*micrograph.warnings, *quality_warnings(scaled, usable), SET_LATER)
    return replace(scaled, micrograph=result.micrograph.with_pixel_size(micrograph.pixel_size), warnings=warnings), measured
