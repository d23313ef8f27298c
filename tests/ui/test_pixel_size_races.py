"""A pixel size that is stated, taken back or remembered while something else is under way: in the end everything follows it."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from lycurgus.core.recalibration import SET_LATER
from lycurgus.core.types import PixelSize
from lycurgus.ui.calibrating import Calibrating
from lycurgus.ui.opening import remembered
from lycurgus.ui.store import Document
from lycurgus.ui.workbench import Workbench

SIZE = PixelSize(2.0, 2.0, "user")
OF_FILE = PixelSize(0.5, 0.5, "metadata")


def settled(bench: Workbench, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not bench.jobs.active, timeout=60_000)


def nm_per_px(document: Document) -> float | None:
    """The scale that the lengths of a document were measured with; the same for all particles."""
    assert document.particles
    scales = set()
    for particle in document.particles:
        length_nm = particle.measurement.equivalent_diameter_nm
        scales.add(length_nm and round(length_nm / particle.measurement.equivalent_diameter_px, 9))
    (scale,) = scales
    return scale


def test_a_result_whose_pixel_size_was_set_later_says_so(opened: Workbench, qtbot: QtBot) -> None:
    first = opened.store.documents[0]
    assert first.result is not None
    assert SET_LATER not in first.result.warnings
    Calibrating(opened).set_pixel_size([first], SIZE)
    settled(opened, qtbot)
    assert first.result.warnings.count(SET_LATER) == 1
    assert nm_per_px(first) == 2.0
    again = remembered(opened.project, first.path)
    assert again.result is not None
    assert again.result.warnings == first.result.warnings
