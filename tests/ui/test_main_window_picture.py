"""What the window paints: every theme in its own brightness, and the picture as the file has it."""

from __future__ import annotations

import cv2
import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QApplication,
)
from pytestqt.qtbot import QtBot

from lycurgus.readers.door import read
from lycurgus.ui.main_window import MainWindow
from lycurgus.ui.theme import apply_theme


def test_every_theme_paints_the_window_in_its_own_brightness(loaded: MainWindow, qapp: QApplication, qtbot: QtBot) -> None:
    brightness = {}
    for theme in ("light", "dark"):
        apply_theme(qapp, theme)
        qtbot.wait(50)
        image = loaded.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
        strip = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())[:30, : image.width()]
        brightness[theme] = float(np.median(strip))
    apply_theme(qapp, "light")
    assert brightness["light"] > 200
    assert brightness["dark"] < 80


def test_the_viewer_paints_what_an_independent_rendering_of_pixels_and_masks_expects(loaded: MainWindow) -> None:
    viewer, micrograph = loaded.viewer, loaded.store.micrograph
    assert micrograph is not None
    viewer.actual_size()
    viewer.contrast.set_limits(20.0, 220.0)
    loaded.actions_["view.overlay"].setChecked(False)
    plain = _pixels(viewer.canvas.grab().toImage()).astype(int)
    loaded.actions_["view.overlay"].setChecked(True)
    outlined = _pixels(viewer.canvas.grab().toImage()).astype(int)

    first_y, first_x = (round(float(at)) for at in viewer.canvas.view.to_image(QPointF(0.5, 0.5)))
    rows, columns = np.indices(plain.shape)
    rows, columns = rows + first_y, columns + first_x
    height, width = micrograph.shape
    inside = (rows >= 0) & (columns >= 0) & (rows < height) & (columns < width)
    assert np.count_nonzero(inside) > 0.9 * height * width
    rows, columns = np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)
    expected = np.clip((micrograph.pixels.astype(float) - 20.0) / 200.0, 0, 1) * 255
    # The scale bar and the labels in the corners may cover some of it.
    assert np.mean(np.abs(plain - expected[rows, columns])[inside] <= 2) > 0.9

    covered = np.zeros(micrograph.shape, np.uint8)
    for particle in loaded.store.current.particles:
        box = particle.instance.bbox
        covered[box.y0 : box.y1, box.x0 : box.x1] |= particle.instance.mask
    edge = cv2.morphologyEx(covered, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    near_edge = cv2.dilate(edge.astype(np.uint8), np.ones((9, 9), np.uint8))[rows, columns] > 0
    drawn = (np.abs(outlined - plain) > 8) & inside
    reached = cv2.dilate(drawn.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    assert np.count_nonzero(drawn) > 300
    assert np.mean(near_edge[drawn]) > 0.98
    assert np.mean(reached[edge[rows, columns] & inside]) > 0.95


def test_the_picture_on_screen_is_the_file(loaded: MainWindow) -> None:
    current, micrograph = loaded.store.current, loaded.store.micrograph
    assert current is not None
    assert micrograph is not None
    assert np.array_equal(micrograph.pixels, read(current.path).pixels)


def _pixels(image: QImage) -> np.ndarray:
    grey = image.convertToFormat(QImage.Format.Format_Grayscale8)
    return np.frombuffer(grey.constBits(), np.uint8).reshape(grey.height(), grey.bytesPerLine())[:, : grey.width()].copy()
