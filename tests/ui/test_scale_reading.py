"""The scale bar of the image on screen is read beside the window, shown, and taken at one click."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest
from pytestqt.qtbot import QtBot

from calibration_bars import ground, needs_tesseract, with_bar, written
from lycurgus.parameters import with_settings
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
def test_a_sure_bar_scales_the_picture_and_one_click_makes_it_the_users_word(workbench: Workbench, picture: Path, qtbot: QtBot) -> None:
    reading = ScaleReading(workbench, Calibrating(workbench))
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
    assert document.pixel_size.source == "user"
    assert told[-1] is None
    assert reading.offered is None


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
