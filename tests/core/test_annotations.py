"""What is burnt into simulated micrographs is found, and particles are never taken for it."""

from __future__ import annotations

from functools import cache
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lycurgus.core.annotations import find_annotations, usable_area
from lycurgus.core.params import AnnotationParams
from lycurgus.core.types import Annotation, BBox
from shapes import disc, rectangle

AUTO = AnnotationParams()
Grey = NDArray[np.uint8]
DTYPES = ["uint8", "uint16", "int16", "uint32", "float32", "float64"]


def micrograph(shape: tuple[int, int] = (512, 640), *, seed: int = 0, level: float = 150, noise: float = 9) -> Grey:
    """A noisy background with a few dark, slightly blurred particles in its middle."""
    rng = np.random.default_rng(seed)
    picture = np.full(shape, float(level))
    for _ in range(12):
        centre = tuple(rng.uniform(0.3, 0.7, 2) * shape)
        picture[disc(shape, centre, rng.uniform(12, 40))] = 0.45 * level
    picture = cv2.GaussianBlur(picture, (0, 0), 1.5) + rng.normal(0, noise, shape)
    return np.clip(picture, 1, 254).astype(np.uint8)


def in_dtype(picture: Grey, dtype: str) -> NDArray[Any]:
    """The same picture as another detector would store it: negative, with an offset, or between 0 and 1."""
    if dtype == "int16":
        return (picture.astype(np.int16) - 128) * np.int16(100)
    if dtype in ("uint16", "uint32"):
        stored: NDArray[Any] = picture.astype(dtype) * np.dtype(dtype).type(200) + np.dtype(dtype).type(31)
        return stored
    return picture / np.dtype(dtype).type(255) if dtype.startswith("float") else picture


def of_kind(found: tuple[Annotation, ...], kind: str) -> list[BBox]:
    return [annotation.bbox for annotation in found if annotation.kind == kind]


def write(picture: Grey, text: str, at: tuple[int, int], *, scale: float = 0.8, value: int = 255, thickness: int = 2) -> BBox:
    """Write a text with its lower left corner at (y, x); return its box."""
    (width, height), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, thickness)
    cv2.putText(picture, text, (at[1], at[0]), cv2.FONT_HERSHEY_SIMPLEX, scale, value, thickness, cv2.LINE_AA)
    return BBox(at[0] - height, at[1], at[0] + below, at[1] + width)


def masked_share(picture: NDArray[np.generic], found: tuple[Annotation, ...], box: BBox) -> float:
    return 1 - float(usable_area(picture, found)[box.slices].mean())


# --- data bars and frames


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("value", [0, 255, 40])
def test_a_data_bar_is_found_to_the_row(dtype: str, value: int) -> None:
    picture = micrograph()
    picture[460:] = value
    write(picture, "HV 10.0 kV  WD 4.2 mm  x50.0k", (492, 20), scale=0.7, value=255 - value)
    found = find_annotations(in_dtype(picture, dtype), AUTO)
    assert of_kind(found, "data bar") == [BBox(460, 0, 512, 640)]


def test_a_data_bar_at_the_top_is_found_as_well() -> None:
    picture = micrograph()
    picture[:50] = 0
    write(picture, "SEI 15 kV x20,000", (34, 30), scale=0.7)
    assert of_kind(find_annotations(picture, AUTO), "data bar") == [BBox(0, 0, 50, 640)]


@pytest.mark.parametrize("quality", [95, 75])
def test_a_data_bar_survives_jpeg_compression(quality: int) -> None:
    picture = micrograph()
    picture[464:] = 0
    write(picture, "HV 10.0 kV  WD 4.2 mm", (496, 20), scale=0.7)
    _, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE))
    bars = of_kind(find_annotations(decoded, AUTO), "data bar")
    assert len(bars) == 1
    assert abs(bars[0].y0 - 464) <= 2


def test_a_white_frame_is_masked_on_all_four_sides() -> None:
    picture = micrograph()
    framed = np.full((560, 700), 255, np.uint8)
    framed[20:532, 30:670] = picture
    usable = usable_area(framed, find_annotations(framed, AUTO))
    outside = np.ones(framed.shape, bool)
    outside[20:532, 30:670] = False
    assert not usable[outside].any()
    assert usable[~outside].mean() > 0.98


def test_the_override_masks_as_many_rows_as_asked_for() -> None:
    picture = micrograph()
    found = find_annotations(picture, AnnotationParams(data_bar=37, labels="none"))
    assert [annotation.bbox for annotation in found] == [BBox(475, 0, 512, 640)]
    assert not usable_area(picture, found)[475:].any()


def test_nothing_is_masked_where_nothing_is_wanted() -> None:
    picture = micrograph()
    picture[460:] = 0
    write(picture, "100 nm", (490, 20))
    assert find_annotations(picture, AnnotationParams(data_bar="none", labels="none")) == ()


# --- scale bars and text


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("value", [0, 255])
def test_a_labelled_scale_bar_is_found_with_its_length_and_label(dtype: str, value: int) -> None:
    picture = micrograph()
    cv2.rectangle(picture, (470, 480), (599, 487), value, -1)
    label = write(picture, "100 nm", (470, 480), value=value)
    stored = in_dtype(picture, dtype)
    found = find_annotations(stored, AUTO)
    assert of_kind(found, "scale bar") == [BBox(480, 470, 488, 600)]
    assert masked_share(stored, found, label) > 0.6


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    length=st.integers(60, 260),
    thickness=st.integers(3, 14),
    left=st.booleans(),
    bright=st.booleans(),
    blur=st.sampled_from([0.0, 0.7]),
    seed=st.integers(0, 1000),
)
def test_a_bar_is_as_long_as_it_is(length: int, thickness: int, left: bool, bright: bool, blur: float, seed: int) -> None:
    picture = micrograph(seed=seed)
    x0, y0 = (20 if left else 620 - length), 490 - thickness
    cv2.rectangle(picture, (x0, y0), (x0 + length - 1, y0 + thickness - 1), 255 if bright else 0, -1)
    write(picture, "50 nm", (y0 - 10, x0), value=255 if bright else 0)
    if blur:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), blur), np.uint8)
    bars = of_kind(find_annotations(picture, AUTO), "scale bar")
    assert len(bars) == 1
    assert abs(bars[0].width - length) <= 2
    assert abs(bars[0].x0 - x0) <= 2


def test_a_bar_without_a_label_is_found_near_the_border_only() -> None:
    picture = micrograph()
    cv2.rectangle(picture, (480, 480), (599, 489), 255, -1)
    assert of_kind(find_annotations(picture, AUTO), "scale bar") == [BBox(480, 480, 490, 600)]


def test_a_bar_with_end_marks_is_found() -> None:
    picture = micrograph()
    cv2.line(picture, (450, 480), (600, 480), 255, 3)
    for x in (450, 600):
        cv2.line(picture, (x, 470), (x, 490), 255, 3)
    write(picture, "200 nm", (462, 470))
    bars = of_kind(find_annotations(picture, AUTO), "scale bar")
    assert len(bars) == 1
    assert abs(bars[0].width - 153) <= 2


def test_a_grey_label_with_a_shadow_is_masked_beside_its_bar() -> None:
    picture = micrograph(noise=4)
    cv2.rectangle(picture, (360, 470), (499, 489), 0, -1)
    write(picture, "100.0nm", (491, 511), scale=0.9, value=20)
    label = write(picture, "100.0nm", (489, 509), scale=0.9, value=220)
    found = find_annotations(picture, AUTO)
    assert of_kind(found, "scale bar") == [BBox(470, 360, 490, 500)]
    assert masked_share(picture, found, label) > 0.7


@pytest.mark.parametrize("text", ["a", "b", "(a)", "(c)", "B2"])
@pytest.mark.parametrize("value", [0, 255])
@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
def test_a_panel_letter_in_the_upper_corner_is_masked(text: str, value: int, scale: float) -> None:
    picture = micrograph()
    write(picture, text, (65, 16), scale=scale, value=value, thickness=round(2 * scale))
    drawn = np.abs(picture.astype(int) - value) < 20
    found = find_annotations(picture, AUTO)
    assert of_kind(found, "text")
    corner = drawn[:80, :200] & usable_area(picture, found)[:80, :200]
    assert corner.sum() < 0.25 * drawn[:80, :200].sum()


def test_a_letter_in_a_white_box_is_masked_with_its_box() -> None:
    picture = micrograph(level=90)
    cv2.rectangle(picture, (10, 10), (69, 59), 255, -1)
    write(picture, "a", (48, 24), scale=1.4, value=0, thickness=3)
    found = find_annotations(picture, AUTO)
    assert masked_share(picture, found, BBox(10, 10, 60, 70)) == 1
    assert usable_area(picture, found).mean() > 0.98


# --- particles stay


@cache
def mask_of(shape: str) -> NDArray[np.bool_]:
    """Twenty-five particles of one shape, anywhere up to the border."""
    rng = np.random.default_rng(3)
    frame = (320, 320)
    picture = np.zeros(frame, bool)
    for _ in range(25):
        centre = (float(rng.uniform(5, 315)), float(rng.uniform(5, 315)))
        size, angle = float(rng.uniform(12, 36)), float(rng.uniform(0, 180))
        if shape == "discs":
            picture |= disc(frame, centre, size)
        elif shape == "cubes":
            picture |= rectangle(frame, centre, size, size, angle)
        elif shape == "level cubes":
            picture |= rectangle(frame, centre, size, size)
        elif shape == "rods":
            picture |= rectangle(frame, centre, 2.5 * size, 0.6 * size, angle)
        else:
            picture |= disc(frame, centre, size) & ~disc(frame, centre, 0.6 * size)
    return picture


@pytest.mark.parametrize("blur", [0.8, 1.5])
@pytest.mark.parametrize("value", [0, 255, 200])
@pytest.mark.parametrize("shape", ["discs", "cubes", "level cubes", "rods", "hollow spheres"])
def test_particles_in_noise_are_not_masked(shape: str, value: int, blur: float) -> None:
    particle = mask_of(shape)
    ideal = np.where(particle, float(value), 128.0)
    noise = np.random.default_rng(5).normal(0, 10, ideal.shape)
    picture = np.clip(cv2.GaussianBlur(ideal, (0, 0), blur) + noise, 0, 255).astype(np.uint8)
    usable = usable_area(picture, find_annotations(picture, AUTO))
    assert np.count_nonzero(particle & ~usable) < 0.01 * np.count_nonzero(particle)


@pytest.mark.parametrize("antialiased", [False, True])
@pytest.mark.parametrize("value", [0, 255])
@pytest.mark.parametrize("shape", ["discs", "cubes", "level cubes", "rods", "hollow spheres"])
def test_particles_drawn_without_noise_are_not_masked(shape: str, value: int, antialiased: bool) -> None:
    picture = np.where(mask_of(shape), float(value), 128.0)
    if antialiased:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.8), np.float64)
    assert find_annotations(picture.astype(np.uint8), AUTO) == ()


@pytest.mark.parametrize("dtype", ["bool", "uint8", "float32"])
def test_a_binary_image_has_no_annotations(dtype: str) -> None:
    picture = np.zeros((256, 256), bool)
    picture[240:248, 20:200] = True
    picture[20:60, 20:60] = True
    picture[disc((256, 256), (120, 120), 50)] = True
    assert find_annotations(picture.astype(dtype), AUTO) == ()


@pytest.mark.parametrize("aspect", [2, 3, 5])
@pytest.mark.parametrize("value", [0, 255])
def test_a_level_rod_with_round_ends_is_no_scale_bar(aspect: int, value: int) -> None:
    ideal = np.full((512, 512), 128.0)
    for y in range(40, 500, 60):
        cv2.line(ideal, (200, y), (200 + 16 * (aspect - 1), y), float(value), 16)
    noise = np.random.default_rng(8).normal(0, 6, ideal.shape)
    picture = np.clip(cv2.GaussianBlur(ideal, (0, 0), 1.0) + noise, 0, 255).astype(np.uint8)
    assert find_annotations(picture, AUTO) == ()


def test_a_black_background_under_the_specimen_stays_usable() -> None:
    rng = np.random.default_rng(2)
    picture = rng.poisson(1.0, (512, 512)).astype(np.uint16)
    picture[disc((512, 512), (480, 200), 50)] += rng.poisson(60, np.count_nonzero(disc((512, 512), (480, 200), 50))).astype(np.uint16)
    assert find_annotations(picture, AUTO) == ()


# --- whatever comes in


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (15, 400), (8, 8), (0, 0)])
def test_images_too_small_for_annotations_have_none(shape: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    assert find_annotations(picture, AUTO) == ()
    assert usable_area(picture, ()).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_constant_images_have_no_annotations(dtype: str) -> None:
    assert find_annotations(np.full((200, 300), 7, dtype), AUTO) == ()


def test_pixels_that_are_not_finite_are_not_usable_and_do_no_harm() -> None:
    picture = micrograph().astype(np.float32)
    cv2.rectangle(picture, (470, 480), (599, 487), 255, -1)
    picture[100:110, 200:220] = np.nan
    picture[5, 5] = np.inf
    found = find_annotations(picture, AUTO)
    usable = usable_area(picture, found)
    assert of_kind(found, "scale bar") == [BBox(480, 470, 488, 600)]
    assert not usable[100:110, 200:220].any()
    assert not usable[5, 5]
    assert find_annotations(np.full((64, 64), np.nan, np.float32), AUTO) == ()


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    shape=st.tuples(st.integers(1, 80), st.integers(1, 80)),
    dtype=st.sampled_from(DTYPES),
    levels=st.integers(1, 300),
    seed=st.integers(0, 10_000),
)
def test_boxes_lie_within_the_image_whatever_is_in_it(shape: tuple[int, int], dtype: str, levels: int, seed: int) -> None:
    picture = np.random.default_rng(seed).integers(0, levels, shape).astype(dtype)
    for annotation in find_annotations(picture, AUTO):
        y0, x0, y1, x1 = annotation.bbox
        assert 0 <= y0 < y1 <= shape[0]
        assert 0 <= x0 < x1 <= shape[1]


def test_the_picture_is_left_as_it_was() -> None:
    picture = micrograph()
    before = picture.copy()
    usable_area(picture, find_annotations(picture, AUTO))
    assert np.array_equal(picture, before)


def test_a_bar_in_a_large_image_is_found_within_its_sampling() -> None:
    picture = np.kron(micrograph(), np.ones((8, 8), np.uint8))
    cv2.rectangle(picture, (3700, 3840), (4739, 3899), 255, -1)
    bars = of_kind(find_annotations(picture, AUTO), "scale bar")
    assert len(bars) == 1
    assert abs(bars[0].width - 1040) <= 2
