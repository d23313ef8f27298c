"""What is on screen is what is in the file: every type, every zoom, and without copies of large images."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QImage, QPainter

from lycurgus.exporters.contrast import stretched
from lycurgus.ui.viewer.contrast import limits_at, sampled
from lycurgus.ui.viewer.picture import Picture, reduced
from lycurgus.ui.viewer.view import View

TYPES = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "float16", "float32", "float64"]


def painted(picture: Picture, view: View, *, ratio: float = 1.0) -> NDArray[np.uint8]:
    """The red channel of what the picture paints on magenta."""
    image = QImage(round(view.width * ratio), round(view.height * ratio), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(0xFFFF00FF)
    painter = QPainter(image)
    picture.paint(painter, view, ratio)
    painter.end()
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return pixels[:, : image.width(), 2].copy()


def whole(shape: tuple[int, int], scale: int = 1) -> View:
    return View((shape[0] - 1) / 2, (shape[1] - 1) / 2, scale, shape[1] * scale, shape[0] * scale)


def ramp(kind: str, shape: tuple[int, int] = (40, 60)) -> NDArray[Any]:
    return np.arange(shape[0] * shape[1]).reshape(shape).__mod__(120).astype(kind)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.usefixtures("qapp")
def test_one_to_one_shows_each_value_in_its_place(kind: str) -> None:
    pixels = ramp(kind)
    shown = painted(Picture(pixels, (10.0, 100.0)), whole(pixels.shape))
    expected = np.clip((pixels.astype(float) - 10) / 90, 0, 1) * 255
    assert np.abs(shown - expected).max() <= 1


@pytest.mark.usefixtures("qapp")
def test_zoomed_in_every_pixel_is_a_sharp_square() -> None:
    pixels = ramp("uint16")
    shown = painted(Picture(pixels, (0.0, 119.0)), whole(pixels.shape, 7))
    np.testing.assert_array_equal(shown, np.kron(stretched(pixels, (0.0, 119.0)), np.ones((7, 7), np.uint8)))


@pytest.mark.usefixtures("qapp")
def test_a_screen_of_higher_density_shows_the_same() -> None:
    pixels = ramp("uint8")
    shown = painted(Picture(pixels, (0.0, 119.0)), whole(pixels.shape), ratio=2.0)
    np.testing.assert_array_equal(shown, np.kron(stretched(pixels, (0.0, 119.0)), np.ones((2, 2), np.uint8)))


@pytest.mark.usefixtures("qapp")
def test_zoomed_out_single_pixels_are_averaged_not_dropped() -> None:
    """A fine chequer becomes an even grey; dropping pixels would make it black, white or moiré."""
    pixels = (np.indices((512, 512)).sum(axis=0) % 2 * 200).astype(np.uint8)
    view = View(255.5, 255.5, 0.25, 128, 128)
    shown = painted(Picture(pixels, (0.0, 200.0)), view)
    assert shown[2:-2, 2:-2].min() >= 126
    assert shown[2:-2, 2:-2].max() <= 129


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.usefixtures("qapp")
def test_what_is_no_number_is_black_and_infinity_white(kind: str) -> None:
    pixels = np.full((20, 20), 5.0, dtype=kind)
    pixels[3, 4], pixels[5, 6], pixels[7, 8] = np.nan, np.inf, -np.inf
    shown = painted(Picture(pixels, (0.0, 10.0)), whole(pixels.shape))
    assert (shown[3, 4], shown[5, 6], shown[7, 8]) == (0, 255, 0)
    assert shown[0, 0] in (127, 128)


@pytest.mark.usefixtures("qapp")
def test_large_numbers_close_together_keep_their_contrast() -> None:
    """Near a hundred million, 32-bit arithmetic would lose steps of eight."""
    pixels = (1e8 + 8 * np.arange(100).reshape(10, 10)).astype(np.float32)
    limits = (float(pixels.min()), float(pixels.max()))
    shown = painted(Picture(pixels, limits), whole(pixels.shape)).ravel()
    np.testing.assert_array_equal(np.unique(shown), np.sort(np.unique(stretched(pixels, limits))))
    assert (np.diff(shown.astype(int)) > 0).all()


@pytest.mark.usefixtures("qapp")
def test_inverted_bright_is_dark() -> None:
    pixels = ramp("uint8")
    picture = Picture(pixels, (0.0, 119.0))
    upright = painted(picture, whole(pixels.shape))
    picture.set_contrast((0.0, 119.0), invert=True)
    np.testing.assert_array_equal(painted(picture, whole(pixels.shape)), 255 - upright)


@pytest.mark.parametrize("kind", TYPES)
def test_reduced_copies_keep_the_mean(kind: str) -> None:
    pixels = np.random.default_rng(1).integers(0, 100, (1024, 768)).astype(kind)
    for level in reduced(pixels):
        assert level.mean(dtype=np.float64) == pytest.approx(pixels.mean(dtype=np.float64), abs=0.6)


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (513, 700), (257, 300)])
@pytest.mark.usefixtures("qapp")
def test_odd_sizes_fill_their_place(shape: tuple[int, int]) -> None:
    view = View(width=200, height=200).fitted(shape)
    shown = painted(Picture(np.full(shape, 50, np.uint8), (0.0, 100.0)), view)
    rect = view.screen_rect(0, 0, *shape)
    inside = shown[round(rect.top()) : round(rect.bottom()), round(rect.left()) : round(rect.right())]
    assert np.isin(inside, (127, 128)).all()


@pytest.mark.usefixtures("qapp")
def test_a_large_image_is_shown_without_another_of_its_size() -> None:
    pixels = np.zeros((4096, 4096), np.float32)
    tracemalloc.start()
    picture = Picture(pixels, (0.0, 1.0))
    for scale in (0.1, 0.5, 1.0, 6.0):
        painted(picture, View(2000, 2000, scale, 400, 300))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert picture.needs_levels
    assert peak < pixels.nbytes / 4


def test_limits_leave_out_what_is_no_number_and_the_outermost() -> None:
    values = np.concatenate([np.arange(1000.0), [np.nan, np.inf, 1e30]]).reshape(17, 59)
    low, high = limits_at(sampled(values))
    assert low == pytest.approx(3.5, abs=0.6)
    assert 990 < high < 1000


@pytest.mark.parametrize("pixels", [np.full((9, 9), 7.0), np.full((9, 9), np.nan), np.zeros((3, 3), np.uint8)])
def test_an_even_image_has_limits_too(pixels: NDArray[Any]) -> None:
    low, high = limits_at(sampled(pixels))
    assert low < high
