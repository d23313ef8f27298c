"""Real files of every instrument read with the shape and the pixel size that their sources state."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from data import SHARED, shared
from lycurgus.core.errors import ReadError
from lycurgus.readers.door import read

NM_PER_UNIT = {"nm": 1.0, "µm": 1e3, "mm": 1e6, "pm": 1e-3}
OTHER_Y_NM = {
    "gatan/dmTest_float32_nonSquare_diffPixelSize.dm3": 0.2,
    "gatan/dmTest_float32_nonSquare_diffPixelSize.dm4": 0.2,
    "gatan/dmTest_3D_int16_64,65,66.dm3": 3.0,
    "tiff/test_loading_image_saved_with_DM_stack.tif": 1686.74,
}


def _rows() -> list[dict[str, str]]:
    table = SHARED / "native" / "EXPECTED.csv"
    if not table.is_file():
        return [{"file": "EXPECTED.csv"}]
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _extents(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.replace(" ", "").removesuffix("u16").split("x"))


@pytest.mark.parametrize("row", _rows(), ids=lambda row: row["file"])
def test_a_real_file_reads_as_its_source_says(row: dict[str, str]) -> None:
    path = shared("native") / row["file"]
    unit = row["unit"].split()[0]
    if unit == "1/nm":
        with pytest.raises(ReadError, match="holds only a diffraction pattern"):
            read(path)
        return
    micrograph = read(path)
    *frames, height, width = _extents(row["shape"])
    assert micrograph.shape == (height, width)
    assert len(micrograph.planes) >= (frames[0] if frames else 1)
    if unit == "none":
        assert micrograph.pixel_size is None
        return
    assert micrograph.pixel_size is not None
    x_nm = float(row["pixel_size_x"]) * NM_PER_UNIT[unit]
    assert micrograph.pixel_size.x_nm == pytest.approx(x_nm, rel=1e-4)
    assert micrograph.pixel_size.y_nm == pytest.approx(OTHER_Y_NM.get(row["file"], x_nm), rel=1e-4)
    assert micrograph.pixel_size.source == "metadata"
    assert len(micrograph.sha256) == 64


def test_a_stack_says_how_many_frames_it_holds() -> None:
    micrograph = read(shared("native") / "tia" / "old-64x64x5_TEM_preview.emi")
    assert any("5 frames" in warning for warning in micrograph.warnings)


def test_the_detector_is_a_choice() -> None:
    path = shared("native") / "emd" / "STEM HAADF-DF4-DF2-BF Diffraction Micro.emd"
    assert read(path).signal == "HAADF"
    assert read(path, plane="DF4").signal == "DF4"
    assert (read(path, plane="BF").pixels != read(path).pixels).any()


def test_a_diffraction_series_without_its_emi_is_refused_rather_than_1e17_nm(tmp_path: Path) -> None:
    alone = tmp_path / "pattern_1.ser"
    alone.write_bytes((shared("native") / "tia" / "old-64x64_diffraction_acquire_1.ser").read_bytes())
    with pytest.raises(ReadError, match="diffraction"):
        read(alone)


def test_an_atomic_resolution_image_has_its_first_pixel_where_the_source_says() -> None:
    micrograph = read(shared("native") / "tia" / "16_STOimage_1.ser")
    assert micrograph.pixels[0, 0] == 18024
    assert micrograph.metadata["voltage_kV"] == 80


def test_a_jeol_jpeg_states_the_scale_that_its_bar_shows() -> None:
    folder = shared("scalebars")
    with (folder / "TRUTH.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["file"].endswith(".jpg")]
    for row in rows:
        micrograph = read(folder / row["file"])
        assert micrograph.pixel_size is not None, row["file"]
        assert micrograph.pixel_size.x_nm == pytest.approx(float(row["nm_per_px"]), rel=0.01), row["file"]


@pytest.mark.parametrize("name", ["mumrah_13.tif", "mumrah_4.tif"])
def test_a_printing_resolution_is_no_scale(name: str) -> None:
    assert read(shared("scalebars") / name).pixel_size is None


def test_published_figures_read_and_are_uncalibrated() -> None:
    files = sorted((shared("emps") / "images").glob("*.png"))[:20]
    assert files
    for path in files:
        micrograph = read(path)
        assert micrograph.pixel_size is None
        assert micrograph.pixels.dtype.kind == "u"
