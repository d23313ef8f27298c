"""The scale bar of the image on screen is read beside the window, shown, and taken at one click."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import pytest
from pytestqt.qtbot import QtBot

from calibration_bars import ground, needs_tesseract, with_bar, written
from lycurgus.calibration.evidence import examine
from lycurgus.core.types import PixelSize
from lycurgus.parameters import default_params, with_settings
from lycurgus.pipeline import analyze
from lycurgus.readers.door import read
from lycurgus.ui.calibrating import Calibrating
from lycurgus.ui.opening import Opening
from lycurgus.ui.scale_reading import ScaleReading, in_words
from lycurgus.ui.viewer.banner import CalibrationBanner
from lycurgus.ui.workbench import Workbench


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "bar.png"
    cv2.imwrite(str(path), written(with_bar(ground(), 350, 500, ink=255), "300 nm", (436, 390), ink=255))
    return path


def shown(bench: Workbench, path: Path, qtbot: QtBot) -> None:
    Opening(bench).open_paths([path])
    qtbot.waitUntil(lambda: bench.store.micrograph is not None, timeout=20_000)
    qtbot.waitUntil(lambda: not bench.jobs.active, timeout=120_000)


@needs_tesseract
def test_a_sure_bar_scales_the_picture_and_one_click_makes_it_hold_with_its_source_and_uncertainty(
    workbench: Workbench, picture: Path, qtbot: QtBot
) -> None:
    calibrating = Calibrating(workbench)
    reading = ScaleReading(workbench, calibrating)
    told: list[object] = []
    reading.changed.connect(told.append)
    shown(workbench, picture, qtbot)
    assert workbench.store.micrograph is not None
    assert workbench.store.micrograph.pixel_size is not None
    assert workbench.store.micrograph.pixel_size.source == "scale bar"
    assert workbench.store.micrograph.pixel_size.x_nm == pytest.approx(2.0, rel=0.01)
    assert "300 nm = 150" in in_words(told[-1])  # type: ignore[arg-type]

    reading.accept()
    document = workbench.store.current
    assert document is not None
    assert document.pixel_size is not None
    read = workbench.store.micrograph.pixel_size
    assert (document.pixel_size.source, document.pixel_size.accepted) == ("scale bar", True)
    assert document.pixel_size.uncertainty_nm is not None
    assert 0 < document.pixel_size.uncertainty_nm < 0.02 * document.pixel_size.x_nm
    assert told[-1] is None
    assert reading.offered is None
    assert read.x_nm == document.pixel_size.x_nm

    qtbot.waitUntil(lambda: not workbench.jobs.active, timeout=20_000)
    stored = workbench.project.load(document.path)
    assert stored is not None
    assert stored.pixel_size == document.pixel_size

    calibrating.set_pixel_size([document], PixelSize(2.5, 2.5, "user"))
    assert document.pixel_size == PixelSize(2.5, 2.5, "user")


@needs_tesseract
def test_an_accepted_bar_is_named_with_what_was_read_in_the_report(picture: Path) -> None:
    micrograph = read(picture)
    params = with_settings(default_params(), ["detector.name=otsu"])
    (chosen,) = [one for one in [examine(micrograph, params.calibration).pixel_size] if one]
    result = analyze(micrograph.with_pixel_size(replace(chosen, accepted=True)), params)
    assert result.micrograph.pixel_size == replace(chosen, accepted=True)
    assert result.detection["calibration"].startswith("scale bar '300 nm' is 150")
    assert result.detection["calibration"].endswith("accepted by the user")
    assert not any("contradict" in warning for warning in result.warnings)


def test_nothing_is_read_where_that_is_switched_off(workbench: Workbench, picture: Path, qtbot: QtBot) -> None:
    reading = ScaleReading(workbench, Calibrating(workbench))
    workbench.store.set_params(with_settings(workbench.store.params, ["calibration.scale_bar=off"]))
    shown(workbench, picture, qtbot)
    assert reading.offered is None
    assert workbench.store.micrograph is not None
    assert workbench.store.micrograph.pixel_size is None


def test_the_banner_offers_to_accept_only_what_was_read(qtbot: QtBot) -> None:
    banner = CalibrationBanner()
    qtbot.addWidget(banner)
    assert not banner.offers
    banner.offer("Read 300 nm = 150.0 px")
    assert banner.offers
    banner.offer("")
    assert not banner.offers
