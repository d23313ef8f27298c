"""TIFF of all vendors, and all the ways in which TIFF stores numbers."""

from __future__ import annotations

import struct
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from lycurgus.core.errors import ReadError
from lycurgus.core.types import PixelSize
from lycurgus.readers.door import read
from readers.made_files import fei_tag, jeol_reporter, ramp


def _sizes(path: Path) -> tuple[float, float]:
    size = read(path).pixel_size
    assert isinstance(size, PixelSize)
    return size.y_nm, size.x_nm


def _write(path: Path, data: Any = None, **options: Any) -> Path:
    tifffile.imwrite(path, ramp() if data is None else data, **options)
    return path


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f4", "f8"])
def test_every_number_type_and_byte_order_reads_unchanged(byteorder: str, dtype: str, tmp_path: Path) -> None:
    pixels = ramp(dtype=np.uint8).astype(dtype)
    micrograph = read(_write(tmp_path / "a.tif", pixels, byteorder=byteorder))
    assert micrograph.pixels.dtype == np.dtype(dtype)
    assert micrograph.pixels.dtype.isnative
    assert micrograph.pixels.flags.writeable
    np.testing.assert_array_equal(micrograph.pixels, pixels)


@pytest.mark.parametrize(
    "options",
    [{"compression": "zlib"}, {"compression": "lzw", "rowsperstrip": 3}, {"tile": (16, 16)}, {"bigtiff": True}, {"compression": "zstd"}],
)
def test_compression_and_tiles_change_nothing(options: dict[str, Any], tmp_path: Path) -> None:
    np.testing.assert_array_equal(read(_write(tmp_path / "a.tif", **options)).pixels, ramp())


@pytest.mark.parametrize("value", [0.0, 65504.0, float("nan")])
def test_floats_are_never_rescaled(value: float, tmp_path: Path) -> None:
    pixels = np.full((3, 4), value, np.float32)
    np.testing.assert_array_equal(read(_write(tmp_path / "a.tif", pixels)).pixels, pixels)


def test_a_bilevel_image_is_0_and_1(tmp_path: Path) -> None:
    pixels = ramp() % 2 == 1
    micrograph = read(_write(tmp_path / "a.tif", pixels, photometric="minisblack"))
    assert micrograph.pixels.dtype == np.uint8
    np.testing.assert_array_equal(micrograph.pixels, pixels)


def test_white_is_zero_is_turned_so_that_bright_is_bright(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read(_write(tmp_path / "a.tif", photometric="miniswhite")).pixels, 65535 - ramp())


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_grey_colours_stay_exactly_what_they_were(planar: str, dtype: Any, tmp_path: Path) -> None:
    axis = -1 if planar == "contig" else 0
    colours = np.stack([ramp(dtype=dtype)] * 3, axis=axis)
    micrograph = read(_write(tmp_path / "a.tif", colours, photometric="rgb", planarconfig=planar))
    np.testing.assert_array_equal(micrograph.pixels, ramp(dtype=dtype))


def test_alpha_is_no_intensity(tmp_path: Path) -> None:
    grey = ramp(dtype=np.uint8)
    colours = np.dstack([grey, grey, grey, 255 - grey])
    np.testing.assert_array_equal(read(_write(tmp_path / "a.tif", colours, photometric="rgb", extrasamples=["unassalpha"])).pixels, grey)
    np.testing.assert_array_equal(
        read(_write(tmp_path / "b.tif", colours[..., 2:], photometric="minisblack", extrasamples=["unassalpha"])).pixels, grey
    )


@pytest.mark.parametrize("factor", [256, 257])
def test_a_grey_palette_gives_the_indices_back(factor: int, tmp_path: Path) -> None:
    colours = np.tile(np.arange(256, dtype=np.uint16) * factor, (3, 1))
    grey = ramp(dtype=np.uint8)
    np.testing.assert_array_equal(read(_write(tmp_path / "a.tif", grey, photometric="palette", colormap=colours)).pixels, grey)


def test_a_palette_shows_its_colours_not_its_indices(tmp_path: Path) -> None:
    colours = np.zeros((3, 256), np.uint16)
    colours[1, 7] = 65535
    micrograph = read(_write(tmp_path / "a.tif", np.full((3, 4), 7, np.uint8), photometric="palette", colormap=colours))
    assert set(micrograph.pixels.ravel()) == {round(0.587 * 255)}


def test_printing_inks_are_read_as_what_they_show(tmp_path: Path) -> None:
    inks = np.zeros((3, 4, 4), np.uint8)
    inks[..., 3] = 55
    assert set(read(_write(tmp_path / "a.tif", inks, photometric="separated")).pixels.ravel()) == {200}


def test_channels_that_are_no_colours_are_planes(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.tif", np.stack([ramp(), ramp() + 1], axis=-1), photometric="minisblack", planarconfig="contig")
    assert len(read(path).planes) == 2
    np.testing.assert_array_equal(read(path, plane="1").pixels, ramp() + 1)


def test_complex_numbers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="complex"):
        read(_write(tmp_path / "a.tif", ramp().astype(np.complex64)))


def test_a_stack_gives_frame_0_and_says_so(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.tif", np.stack([ramp() + number for number in range(5)]), photometric="minisblack")
    micrograph = read(path)
    np.testing.assert_array_equal(micrograph.pixels, ramp())
    assert any("5 frames" in warning for warning in micrograph.warnings)
    np.testing.assert_array_equal(read(path, plane="4").pixels, ramp() + 4)
    with pytest.raises(ReadError, match="no plane '5'"):
        read(path, plane="5")


def test_a_long_stack_offers_all_its_frames(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.tif", np.arange(300, dtype=np.uint16)[:, None, None] + ramp(4, 4), photometric="minisblack", metadata=None)
    assert any("300 frames" in warning for warning in read(path).warnings)
    assert read(path, plane="299").pixels[0, 0] == 299


def test_a_volume_in_one_page_has_slices(tmp_path: Path) -> None:
    volume = np.stack([ramp(16, 16), ramp(16, 16) + 1])
    path = _write(tmp_path / "a.tif", volume, photometric="minisblack", volumetric=True, tile=(1, 16, 16))
    np.testing.assert_array_equal(read(path, plane="1").pixels, ramp(16, 16) + 1)


def test_a_preview_is_not_the_image(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as tif:
        tif.write(ramp(4, 5), subfiletype=1)
        tif.write(ramp())
        tif.write(ramp(6, 8))
    micrograph = read(path)
    assert micrograph.shape == (12, 17)
    assert micrograph.warnings == ()


def test_named_pages_are_detectors(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as tif:
        for number, name in enumerate(("BF", "HAADF")):
            tif.write(ramp() + number, extratags=[(285, "s", 0, name, True)], metadata=None)
    assert read(path).plane == "HAADF"
    assert read(path, plane="bf").pixels[0, 0] == 0


def test_fei_states_metres(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.tif", extratags=[fei_tag()])
    assert _sizes(path) == pytest.approx((2.5, 2.5))
    micrograph = read(path)
    assert micrograph.signal == "SE"
    assert micrograph.metadata["voltage_kV"] == 5


@pytest.mark.parametrize("size", ["-2.5e-9", "0", "nan"])
def test_a_size_that_cannot_be_becomes_none(size: str, tmp_path: Path) -> None:
    assert read(_write(tmp_path / "a.tif", extratags=[fei_tag(size)])).pixel_size is None


def test_tescan_hides_text_behind_a_thumbnail_that_no_library_reads(tmp_path: Path) -> None:
    raw = bytes(range(256)) * 30 + b"\x00\x01\x00PixelSizeX=0.0000000045\nPixelSizeY=0.000000005\nHV=1000.0\nDetector=E-T\nWD=0.004\n"
    path = _write(tmp_path / "a.tif", extratags=[(50431, "B", len(raw), raw, True)])
    assert _sizes(path) == pytest.approx((5.0, 4.5))
    assert read(path).metadata["working_distance_mm"] == pytest.approx(4)


@pytest.mark.parametrize(("width", "expected"), [(1024, 5.0), (512, 10.0), (2048, 2.5)])
def test_zeiss_states_the_size_for_1024_pixels_whatever_is_stored(width: int, expected: float, tmp_path: Path) -> None:
    block = "\r\n".join(["0", "0", "0", "5.0e-009", *["0"] * 20])
    text = f"{block}\r\nAP_WIDTH\r\nWidth = 5.120 µm\r\nDP_DETECTOR_CHANNEL\r\nSignal A = InLens\r\n"
    path = _write(tmp_path / "a.tif", ramp(8, width, np.uint8), extratags=[(34118, "s", 0, text.encode("cp1252"), True)])
    assert _sizes(path) == pytest.approx((expected, expected), rel=1e-3)
    assert read(path).signal == "InLens"


def _with_maker_note(path: Path, note: bytes) -> Path:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x927C] = note
    exif[0x8769] = exif.get_ifd(0x8769)
    Image.fromarray(ramp(dtype=np.uint8)).save(path, exif=exif)
    return path


def test_jeol_sems_write_utf_16_into_a_maker_note(tmp_path: Path) -> None:
    note = b"UNICODE\x00" + "$CM_FORMAT=JEOL\t$CM_ACCEL_VOLT=10\r\n$CM_PIXEL_SIZE=2.00nm/pixel\t$SM_DETECTOR=LED".encode("utf-16-le")
    path = _with_maker_note(tmp_path / "a.tif", note)
    assert _sizes(path) == pytest.approx((2.0, 2.0))
    assert read(path).signal == "LED"


def test_jeol_sightx_divides_the_detector_by_the_magnification(tmp_path: Path) -> None:
    text = jeol_reporter(magnification=100_000).decode()
    path = _write(tmp_path / "a.tif", description=text, resolution=(254, 127), resolutionunit="INCH", metadata=None)
    assert _sizes(path) == pytest.approx((2.0, 1.0))
    pattern = _write(
        tmp_path / "b.tif", description=jeol_reporter(mode="modeDIFF").decode(), resolution=(254, 254), resolutionunit="INCH", metadata=None
    )
    with pytest.raises(ReadError, match="diffraction"):
        read(pattern)


def test_digital_micrograph_exports_its_scale_in_private_tags(tmp_path: Path) -> None:
    tags = [(65003, "s", 0, "nm", True), (65004, "s", 0, "µm".encode(), True), (65009, "d", 1, 0.5, True), (65010, "d", 1, 0.001, True)]
    assert _sizes(_write(tmp_path / "a.tif", extratags=tags)) == pytest.approx((1.0, 0.5))
    inverse = [(65003, "s", 0, "1/nm", True), (65004, "s", 0, "1/nm", True), (65009, "d", 1, 0.5, True), (65010, "d", 1, 0.5, True)]
    with pytest.raises(ReadError, match="diffraction"):
        read(_write(tmp_path / "b.tif", extratags=inverse))


@pytest.mark.parametrize(("unit", "nm"), [("nm", 1.0), ("micron", 1e3), ("\\u00B5m", 1e3), ("um", 1e3), ("mm", 1e6), ("Angstrom", 0.1)])
def test_imagej_counts_pixels_for_each_unit(unit: str, nm: float, tmp_path: Path) -> None:
    path = _write(tmp_path / "a.tif", imagej=True, resolution=(4.0, 2.0), metadata={"unit": unit})
    assert _sizes(path) == pytest.approx((0.5 * nm, 0.25 * nm))


@pytest.mark.parametrize("unit", ["pixel", "", "inch of nothing"])
def test_imagej_without_a_unit_is_uncalibrated(unit: str, tmp_path: Path) -> None:
    assert read(_write(tmp_path / "a.tif", imagej=True, resolution=(4.0, 2.0), metadata={"unit": unit})).pixel_size is None


def test_ome_states_a_size_and_names_its_channels(tmp_path: Path) -> None:
    metadata = {
        "axes": "CYX",
        "PhysicalSizeX": 0.5,
        "PhysicalSizeXUnit": "nm",
        "PhysicalSizeY": 2.0,
        "PhysicalSizeYUnit": "Å",
        "Channel": {"Name": ["BF", "HAADF"]},
    }
    path = _write(tmp_path / "a.ome.tif", np.stack([ramp(), ramp() + 1]), photometric="minisblack", metadata=metadata)
    assert _sizes(path) == pytest.approx((0.2, 0.5))
    assert read(path).signal == "HAADF"


@pytest.mark.parametrize("dots", [72, 96, 300, 600, 1200])
@pytest.mark.parametrize("unit", ["INCH", "CENTIMETER"])
def test_a_size_on_paper_is_no_size_in_the_specimen(dots: int, unit: str, tmp_path: Path) -> None:
    assert read(_write(tmp_path / "a.tif", resolution=(dots, dots), resolutionunit=unit)).pixel_size is None


def test_a_resolution_finer_than_any_printer_is_a_scale(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.tif", resolution=((10_000_000, 1), (10_000_000, 1)), resolutionunit="CENTIMETER")
    assert _sizes(path) == pytest.approx((1.0, 1.0))


def test_hitachi_keeps_the_scale_in_a_text_file_beside_the_image(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.tif", ramp(dtype=np.uint8))
    text = "[SemImageFile]\r\nInstructName=SU8000\r\nDataSize=17x12\r\nPixelSize=1.984375\r\nAcceleratingVoltage=5000 Volt\r\n"
    path.with_suffix(".txt").write_text(text, encoding="utf-8")
    micrograph = read(path)
    assert micrograph.pixel_size == PixelSize(1.984375, 1.984375, "metadata")
    assert micrograph.metadata["voltage_kV"] == 5
    path.with_suffix(".txt").write_text(text.replace("17x12", "1280x960"), encoding="utf-8")
    assert read(path).pixel_size is None


def test_a_page_that_points_to_itself_ends(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.tif", metadata=None)
    raw = bytearray(path.read_bytes())
    (first,) = struct.unpack_from("<I", raw, 4)
    (tags,) = struct.unpack_from("<H", raw, first)
    struct.pack_into("<I", raw, first + 2 + 12 * tags, first)
    path.write_bytes(bytes(raw))
    assert len(read(path).planes) == 1


def test_a_width_that_is_a_list_is_refused_before_it_is_multiplied(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.tif", ramp(64, 64), metadata=None)
    raw = bytearray(path.read_bytes())
    (first,) = struct.unpack_from("<I", raw, 4)
    (tags,) = struct.unpack_from("<H", raw, first)
    places = {struct.unpack_from("<H", raw, place)[0]: place for place in range(first + 2, first + 2 + 12 * tags, 12)}
    struct.pack_into("<HHII", raw, places[256], 256, 4, 195, 8)
    struct.pack_into("<HHII", raw, places[257], 257, 4, 1, 100_000)
    path.write_bytes(bytes(raw))
    tracemalloc.start()
    try:
        with pytest.raises(ReadError):
            read(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 50_000_000


def _patched(path: Path, tag: int, value: int) -> Path:
    with tifffile.TiffFile(path, mode="r+b") as tif:
        tif.pages[0].tags[tag].overwrite(value)
    return path


@pytest.mark.parametrize(("tag", "value"), [(257, 60_000), (256, 4_000_000_000), (257, 4_000_000_000)])
@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}, {"tile": (16, 16)}])
def test_declared_pixels_that_are_not_there_are_missed(tag: int, value: int, options: dict[str, Any], tmp_path: Path) -> None:
    path = _patched(_write(tmp_path / "a.tif", metadata=None, **options), tag, value)
    with pytest.raises(ReadError):
        read(path)


@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}])
def test_a_file_cut_off_within_its_pixels_is_refused(options: dict[str, Any], tmp_path: Path) -> None:
    whole = _write(tmp_path / "a.tif", ramp(64, 64), metadata=None, **options)
    raw = whole.read_bytes()
    cut = tmp_path / "cut.tif"
    cut.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(ReadError):
        read(cut)
