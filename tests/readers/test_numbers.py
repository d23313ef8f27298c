"""Units, scales, grey values and metadata: the small truths that all readers lean on."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lycurgus.readers.grey import NotAnImageError, luma, palette_to_plane, to_plane
from lycurgus.readers.metadata import MOST_ENTRIES, flat, number
from lycurgus.readers.scale import Length, Scale, to_pixel_size, unit_kind

LENGTHS = [
    *((unit, 1) for unit in ("nm", "[nm]", "[n_m]", " nm\x00", "nanometer", "Nanometres")),
    *((unit, 1e3) for unit in ("\u00b5m", "\u03bcm", "um", "micron", "microns", "micrometer", "Micrometre", "\\u00B5m")),
    *((unit, 0.1) for unit in ("\u00c5", "\u212b", "A", "ang", "Angstrom", "\u00c5ngstr\u00f6m", "\u212bngstr\u00f6m")),
    *(("pm", 1e-3), ("m", 1e9), ("meters", 1e9), ("mm", 1e6), ("cm", 1e7), ("inch", 2.54e7)),
]
NO_LENGTHS = [
    *((unit, "reciprocal") for unit in ("1/nm", "1/m", "nm^-1", "nm⁻¹", "1/Å", "[n_m^-1]", "/nm")),
    *((unit, "angle") for unit in ("mrad", "rad", "deg")),
    *((unit, "energy") for unit in ("eV", "keV")),
    *((unit, "time") for unit in ("s", "ms")),
    *((unit, "none") for unit in ("", " ", "px", "pixel", "Pixels")),
    ("furlong", "unknown"),
]
NUMBER_TYPES = [np.uint8, np.uint16, np.uint32, np.uint64, np.int8, np.int16, np.int32, np.float32, np.float64]
NO_IMAGES = [
    *(np.zeros((2, 2), kind) for kind in (complex, [("a", "u1")], "O", "U4")),
    *(np.zeros(shape) for shape in ((0, 3), (3,), (2, 2, 2, 2), (2, 2, 7))),
]
NUMBERS = [("1.5", 1.5), (" 1,5 ", 1.5), ("notafloat", None), ("", None), (None, None), (True, None), ("nan", None), ("1e999", None)]
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=12,
)


@pytest.mark.parametrize(("unit", "nm"), LENGTHS)
def test_a_length_is_understood_however_it_is_written(unit: str, nm: float) -> None:
    assert Length(1.0, unit).nm == pytest.approx(nm)
    assert unit_kind(unit) == "length"


@pytest.mark.parametrize(("unit", "kind"), NO_LENGTHS)
def test_what_is_no_length_calibrates_nothing(unit: str, kind: str) -> None:
    assert unit_kind(unit) == kind
    assert to_pixel_size(Scale(Length(0.5, unit)))[0] is None


@given(value=st.floats(), unit=st.sampled_from(["nm", "µm", "m", "", "1/nm", "px", "x"]))
def test_a_stated_scale_becomes_a_size_or_a_reason(value: float, unit: str) -> None:
    size, warnings = to_pixel_size(Scale(Length(value, unit)))
    assert (size is None) or (size.x_nm > 0 and not warnings)
    assert size is not None or warnings or (unit in ("", "px") and value in (0, 1))


def test_1_without_a_unit_is_never_a_nanometre() -> None:
    assert to_pixel_size(Scale(Length(1.0, ""), Length(1.0, ""))) == (None, ())


@settings(max_examples=60, deadline=None)
@given(
    arrays.arrays(st.sampled_from([np.uint8, np.uint16, np.uint32, np.uint64, np.int8, np.int16, np.int32, np.float32, np.float64]), (3, 4))
)
def test_grey_stays_exactly_grey(grey: Any) -> None:
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(luma(np.dstack([grey] * 3)), grey)


@settings(max_examples=40, deadline=None)
@given(arrays.arrays(np.uint8, (2, 3, 3)))
def test_colours_weigh_as_rec_601_says(rgb: Any) -> None:
    expected = rgb @ np.array([0.299, 0.587, 0.114])
    assert np.abs(luma(rgb) - expected).max() <= 0.5 + 1e-9


@pytest.mark.parametrize("bad", NO_IMAGES)
def test_what_is_no_image_says_so(bad: Any) -> None:
    with pytest.raises(NotAnImageError):
        to_plane(bad)


def test_a_plane_is_writable_contiguous_and_native() -> None:
    stored = np.arange(12, dtype=">u2").reshape(3, 4)[:, ::-1]
    stored.flags.writeable = False
    plane = to_plane(stored)
    assert plane.flags.writeable
    assert plane.flags.c_contiguous
    assert plane.dtype.isnative
    np.testing.assert_array_equal(plane, stored)


def test_an_index_beyond_its_palette_is_refused() -> None:
    with pytest.raises(NotAnImageError, match="palette"):
        palette_to_plane(np.array([[5]], np.uint8), np.zeros((3, 4), np.uint16))


@settings(max_examples=50, deadline=None)
@given(ANY_JSON)
def test_metadata_are_always_small_flat_and_json(tree: Any) -> None:
    entries = flat({"root": tree})
    assert len(entries) <= MOST_ENTRIES
    assert json.loads(json.dumps(entries, allow_nan=False)) == entries


@pytest.mark.parametrize(("text", "expected"), NUMBERS)
def test_a_number_is_read_or_it_is_none(text: Any, expected: float | None) -> None:
    assert number(text) == expected
