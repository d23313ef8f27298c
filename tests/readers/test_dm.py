"""DigitalMicrograph files: what ncempy gets wrong is right here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lycurgus.core.errors import ReadError
from lycurgus.readers import _ncempy
from lycurgus.readers.door import read
from readers.made_files import NO_UNIT_TAG, ramp, write_dm

NM = [(0.5, "nm"), (0.5, "nm")]
UNCALIBRATED = [(1.0, ""), (1.0, "")]


@pytest.mark.parametrize(("version", "name"), [(3, "a.dm3"), (4, "a.dm4")])
@pytest.mark.parametrize("dtype", ["<i2", "<u2", "<i4", "<u4", "<f4", "<f8", "u1", "i1"])
def test_every_number_type_reads_unchanged(version: int, name: str, dtype: str, tmp_path: Path) -> None:
    pixels = ramp(dtype=np.uint8).astype(dtype)
    micrograph = read(write_dm(tmp_path / name, [("TEM", pixels, NM)], version=version))
    assert micrograph.pixels.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(micrograph.pixels, pixels)


def test_x_and_y_may_differ_even_in_unit(tmp_path: Path) -> None:
    micrograph = read(write_dm(tmp_path / "a.dm3", [("TEM", ramp(), [(1.0, "nm"), (2.0, "Å")])]))
    assert micrograph.pixel_size is not None
    assert (micrograph.pixel_size.y_nm, micrograph.pixel_size.x_nm) == pytest.approx((0.2, 1.0))


def test_ncempy_says_1_where_there_is_no_calibration_and_we_say_none(tmp_path: Path) -> None:
    path = write_dm(tmp_path / "a.dm3", [("TEM", ramp(), UNCALIBRATED)])
    with _ncempy.load("dm").fileDM(path) as file:
        assert file.getDataset(0)["pixelSize"] == [1.0, 1.0]
    micrograph = read(path)
    assert micrograph.pixel_size is None
    assert micrograph.warnings == ()


def test_ncempy_shifts_the_scales_behind_an_axis_without_a_unit_tag_and_we_do_not(tmp_path: Path) -> None:
    unstated = [(1.0, NO_UNIT_TAG), (1.0, NO_UNIT_TAG)]
    path = write_dm(tmp_path / "a.dm3", [("plot", ramp(), unstated), ("TEM", ramp(), [(3.0, "nm"), (4.0, "nm")])])
    with _ncempy.load("dm").fileDM(path) as file:
        assert file.getDataset(1)["pixelSize"] != [4.0, 3.0]
    micrograph = read(path, plane="TEM")
    assert micrograph.pixel_size is not None
    assert (micrograph.pixel_size.y_nm, micrograph.pixel_size.x_nm) == (4.0, 3.0)


def test_ncempy_knows_no_binary_images_and_we_read_them(tmp_path: Path) -> None:
    mask = ramp(dtype=np.uint8) % 2
    path = write_dm(tmp_path / "a.dm3", [("mask", mask, NM)], data_type=14)
    with _ncempy.load("dm").fileDM(path) as file, pytest.raises(OSError, match="Unsupported binary data type"):
        file.getDataset(0)
    np.testing.assert_array_equal(read(path).pixels, mask)


def test_ncempy_knows_no_colours_and_we_weigh_them(tmp_path: Path) -> None:
    blue_first = np.zeros((3, 4, 4), np.uint8)
    blue_first[...] = (10, 20, 200, 0)
    path = write_dm(tmp_path / "a.dm3", [("map", blue_first, NM)], data_type=23)
    with _ncempy.load("dm").fileDM(path) as file, pytest.raises(OSError, match="Unsupported binary data type"):
        file.getDataset(0)
    assert set(read(path).pixels.ravel()) == {round(0.299 * 200 + 0.587 * 20 + 0.114 * 10)}


@pytest.mark.parametrize(
    ("pixels", "scales", "reason"),
    [
        (ramp(), [(0.1, "1/nm"), (0.1, "1/nm")], "a diffraction pattern"),
        (ramp(), [(0.1, "mrad"), (0.1, "mrad")], "a diffraction pattern"),
        (ramp(1, 64), [(0.5, "eV"), (1.0, "")], "a spectrum"),
        (np.zeros((5, 4, 3), np.float32), [(1.0, "nm"), (1.0, "nm"), (0.5, "eV")], "a spectrum image"),
        (np.zeros((2, 2, 4, 3), np.float32), [(1.0, "nm")] * 4, "4D-STEM"),
    ],
)
def test_what_is_no_image_is_named_and_refused(pixels: np.ndarray, scales: list[tuple[float, str]], reason: str, tmp_path: Path) -> None:
    path = write_dm(tmp_path / "a.dm3", [("data", pixels, scales)])
    with pytest.raises(ReadError, match=reason) as refusal:
        read(path)
    assert refusal.value.hint


def test_the_image_is_found_beside_a_spectrum(tmp_path: Path) -> None:
    spectrum = ("EDS", ramp(1, 64), [(0.5, "eV"), (1.0, "")])
    micrograph = read(write_dm(tmp_path / "a.dm3", [spectrum, ("ADF", ramp(), NM)]))
    assert micrograph.planes == ("ADF",)
    assert micrograph.signal == "ADF"


def test_the_thumbnail_is_no_image_even_where_it_is_not_the_first(tmp_path: Path) -> None:
    micrograph = read(write_dm(tmp_path / "a.dm3", [("one", ramp(), NM), ("two HAADF", ramp() + 1, NM)]))
    assert micrograph.planes == ("one", "two HAADF")
    assert micrograph.plane == "two HAADF"
    assert micrograph.pixels[0, 0] == 1


def test_a_file_without_thumbnail_reads(tmp_path: Path) -> None:
    assert read(write_dm(tmp_path / "a.dm3", [("TEM", ramp(), NM)], thumbnail=False)).shape == (12, 17)


@pytest.mark.parametrize("value", [-1.0, 0.0, float("nan"), float("inf")])
def test_an_impossible_size_becomes_none_and_a_warning(value: float, tmp_path: Path) -> None:
    micrograph = read(write_dm(tmp_path / "a.dm3", [("TEM", ramp(), [(value, "nm"), (value, "nm")])]))
    assert micrograph.pixel_size is None
    assert len(micrograph.warnings) == 1
    assert "uncalibrated" in micrograph.warnings[0]


def test_reading_loads_neither_the_gpl_part_of_ncempy_nor_matplotlib(tmp_path: Path) -> None:
    path = write_dm(tmp_path / "a.dm3", [("TEM", ramp(), NM)])
    code = (
        "import sys; from lycurgus.readers.door import read; read(sys.argv[1]);"
        "print([name for name in sys.modules if name.partition('.')[0] in ('ncempy', 'matplotlib', 'hdf5plugin')])"
    )
    result = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True, timeout=120)
    assert result.stdout.strip() == "[]"


def test_what_ncempy_prints_reaches_nobody(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with _ncempy.load("dm").fileDM(write_dm(tmp_path / "a.dm3", [("TEM", ramp(), NM)]), verbose=True) as file:
        assert file.allTags
    assert capfd.readouterr().out == ""
