"""What overlays are made of: the contrast for the eye, the length of the scale bar, and room for it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import rgb2lab

from lycurgus.core.types import Annotation, BBox, PixelSize
from lycurgus.exporters import palette
from lycurgus.exporters.contrast import display_range, stretched
from lycurgus.exporters.scalebar import free_corner, scale_bar


@pytest.mark.parametrize(
    ("width_px", "nm_per_px", "length_px", "label"),
    [
        (1000, 1, 200, "200 nm"),
        (1024, 0.25, 200, "50 nm"),
        (2048, 10, 500, "5 µm"),
        (512, 2, 100, "200 nm"),
        (1000, 5, 200, "1 µm"),
        (1000, 0.004, 250, "1 nm"),
        (1000, 0.001, 200, "200 pm"),
        (1000, 5000, 200, "1 mm"),
    ],
)
def test_scale_bars_have_round_lengths(width_px: int, nm_per_px: float, length_px: float, label: str) -> None:
    bar = scale_bar(width_px, PixelSize(1.0, nm_per_px, "user"))
    assert (bar.length_px, bar.label) == (pytest.approx(length_px), label)


def test_without_calibration_the_bar_counts_pixels() -> None:
    assert scale_bar(1024, None).label == "200 px"


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.integers(1, 30_000), st.floats(1e-4, 1e5))
def test_every_scale_bar_is_true_and_fits(width_px: int, nm_per_px: float) -> None:
    bar = scale_bar(width_px, PixelSize(nm_per_px, nm_per_px, "user"))
    number, unit = bar.label.split()
    nm = float(number) * {"pm": 1e-3, "nm": 1, "µm": 1e3, "mm": 1e6}[unit]
    assert bar.length_px * nm_per_px == pytest.approx(nm)
    assert 0.12 * width_px < bar.length_px <= 0.3001 * width_px
    assert number.strip("0.")[0] in "125"
    assert len(number.strip("0.")) == 1


def test_the_scale_bar_takes_the_first_free_corner() -> None:
    def corner(*taken: BBox) -> tuple[int, int]:
        return free_corner((100, 200), (20, 40), 5, taken)

    bottom_right, bottom_left = BBox(90, 180, 100, 200), BBox(90, 0, 100, 20)
    assert corner() == (75, 155)
    assert corner(bottom_right) == (75, 5)
    assert corner(bottom_right, bottom_left) == (5, 155)
    assert corner(BBox(80, 0, 100, 200)) == (55, 155)
    assert corner(BBox(80, 0, 100, 200), BBox(60, 180, 70, 190)) == (55, 5)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32, np.float64])
def test_the_darkest_and_brightest_hundredths_span_black_to_white(dtype: type) -> None:
    pixels = np.arange(0, 250, dtype=dtype).repeat(250).reshape(250, 250)
    grey = stretched(pixels, display_range(pixels))
    assert grey.dtype == np.uint8
    assert (grey.min(), grey.max()) == (0, 255)
    assert np.all(np.diff(grey[:, 0].astype(int)) >= 0)
    assert grey[125, 0] == pytest.approx(128, abs=2)


def test_a_hot_pixel_does_not_darken_the_picture() -> None:
    pixels = np.random.default_rng(0).normal(100, 10, (300, 300))
    pixels[5, 5] = 1e9
    assert stretched(pixels, display_range(pixels)).mean() > 100


def test_a_white_data_bar_does_not_darken_the_picture() -> None:
    pixels = np.random.default_rng(0).normal(50, 5, (300, 300))
    pixels[250:] = 255
    low, high = display_range(pixels, [Annotation("data bar", BBox(250, 0, 300, 300))])
    assert high < 80
    assert low > 20


def test_nothing_finite_still_has_a_range() -> None:
    assert display_range(np.full((10, 10), np.nan)) == (0.0, 1.0)
    assert np.all(stretched(np.full((10, 10), np.nan), (0.0, 1.0)) == 0)


def test_infinities_are_black_and_white() -> None:
    grey = stretched(np.array([[-np.inf, 0.5, np.inf, np.nan]]), (0.0, 1.0))
    assert grey.tolist() == [[0, 128, 255, 0]]


def test_neighbouring_32_bit_counts_stay_apart() -> None:
    pixels = np.array([[16_777_216, 16_777_217, 16_777_218]], dtype=np.int32)
    assert stretched(pixels, (16_777_216, 16_777_218)).tolist() == [[0, 128, 255]]


# Machado, Oliveira and Fernandes 2009: what eyes without one kind of cone see, in linear RGB.
VISION = {
    "all cones": np.eye(3),
    "no long cones": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no middle cones": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no short cones": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


@pytest.mark.parametrize("vision", VISION)
def test_colours_differ_for_every_eye(vision: str) -> None:
    colours = np.array([*palette.CLASSES, palette.EXCLUDED]) / 255
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(VISION[vision]).T, 0, 1)
    lab = rgb2lab(np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)[None])[0]
    distances = np.linalg.norm(lab[:, None] - lab[None], axis=2)[np.triu_indices(len(lab), 1)]
    # Ten times what can just be told apart.
    assert distances.min() > 10


def test_an_eighth_class_gets_the_first_colour_again() -> None:
    colours = palette.class_colours(list("abcdefgh"))
    assert len(set(colours.values())) == 7
    assert colours["h"] == colours["a"]
