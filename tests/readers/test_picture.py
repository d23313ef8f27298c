"""PNG, JPEG and BMP."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from lycurgus.core.errors import ReadError
from lycurgus.readers.door import read
from readers.made_files import jeol_reporter, ramp, write_jeol_jpeg, write_picture

GREY = ramp(dtype=np.uint8)


@pytest.mark.parametrize("name", ["a.png", "a.bmp"])
def test_8_bit_grey_reads_unchanged(name: str, tmp_path: Path) -> None:
    np.testing.assert_array_equal(read(write_picture(tmp_path / name, GREY)).pixels, GREY)


@pytest.mark.parametrize("name", ["a.png", "a.bmp"])
def test_grey_stored_as_colour_stays_exactly_what_it_was(name: str, tmp_path: Path) -> None:
    np.testing.assert_array_equal(read(write_picture(tmp_path / name, np.dstack([GREY] * 3))).pixels, GREY)


def test_16_bit_grey_keeps_16_bits(tmp_path: Path) -> None:
    pixels = ramp() * 257
    micrograph = read(write_picture(tmp_path / "a.png", pixels))
    assert micrograph.pixels.dtype == np.uint16
    np.testing.assert_array_equal(micrograph.pixels, pixels)


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_16_bit_colour_keeps_16_bits_which_pillow_loses(channels: int, tmp_path: Path) -> None:
    pixels = ramp() * 257
    alpha = np.full_like(pixels, 65535)
    path = tmp_path / "a.png"
    stacked = np.dstack([pixels, alpha]) if channels == 2 else np.dstack([pixels, pixels, pixels, alpha][:channels])
    path.write_bytes(imagecodecs.png_encode(stacked))
    micrograph = read(path)
    assert micrograph.pixels.dtype == np.uint16
    np.testing.assert_array_equal(micrograph.pixels, pixels)


def test_alpha_is_ignored(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read(write_picture(tmp_path / "a.png", np.dstack([GREY, GREY, GREY, 255 - GREY]))).pixels, GREY)


def test_a_bilevel_picture_is_0_and_1(tmp_path: Path) -> None:
    picture = Image.fromarray(GREY % 2 * 255).convert("1")
    picture.save(tmp_path / "a.png")
    micrograph = read(tmp_path / "a.png")
    assert micrograph.pixels.dtype == np.uint8
    np.testing.assert_array_equal(micrograph.pixels, GREY % 2)


@pytest.mark.parametrize("bits", [2, 4])
def test_a_png_of_few_bits_keeps_its_numbers(bits: int, tmp_path: Path) -> None:
    """Written by hand: Pillow cannot."""
    levels = np.arange(2**bits, dtype=np.uint8)
    per_byte = 8 // bits
    line = bytes(int("".join(format(value, f"0{bits}b") for value in part), 2) for part in levels.reshape(-1, per_byte))
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", levels.size, 3, bits, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(3 * (b"\0" + line))),
        (b"IEND", b""),
    )
    parts = [struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks]
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    np.testing.assert_array_equal(read(tmp_path / "a.png").pixels, np.tile(levels, (3, 1)))


def test_a_palette_shows_its_colours(tmp_path: Path) -> None:
    picture = Image.fromarray(np.full((3, 4), 7, np.uint8))
    picture.putpalette([0, 0, 0] * 7 + [0, 255, 0] + [0, 0, 0] * 248)
    picture.save(tmp_path / "a.png", transparency=7)
    assert set(read(tmp_path / "a.png").pixels.ravel()) == {150}


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_every_kind_of_jpeg_shows_the_same_grey(mode: str, tmp_path: Path) -> None:
    smooth = np.tile(np.linspace(10, 240, 64, dtype=np.uint8), (48, 1))
    Image.fromarray(smooth).convert("RGB").convert(mode).save(tmp_path / "a.jpg", quality=98)
    micrograph = read(tmp_path / "a.jpg")
    assert np.abs(micrograph.pixels.astype(int) - smooth).max() <= 3


def test_a_jeol_tem_jpeg_is_calibrated_by_its_maker_note(tmp_path: Path) -> None:
    micrograph = read(write_jeol_jpeg(tmp_path / "a.jpg", GREY, jeol_reporter(magnification=10_000), dots_per_inch=2540))
    assert micrograph.pixel_size is not None
    assert micrograph.pixel_size.x_nm == pytest.approx(1.0)
    assert micrograph.metadata["instrument"] == "JEM-2100"
    assert micrograph.warnings == ()


def test_a_jeol_tem_jpeg_that_was_resized_says_that_its_scale_is_doubtful(tmp_path: Path) -> None:
    micrograph = read(write_jeol_jpeg(tmp_path / "a.jpg", GREY, jeol_reporter(size=(34, 24))))
    assert "resized" in micrograph.warnings[0]


def test_a_jeol_diffraction_jpeg_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="diffraction"):
        read(write_jeol_jpeg(tmp_path / "a.jpg", GREY, jeol_reporter(mode="modeDIFF")))


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.bmp"])
def test_a_size_on_paper_is_no_size_in_the_specimen(name: str, tmp_path: Path) -> None:
    assert read(write_picture(tmp_path / name, GREY, dpi=(300, 300))).pixel_size is None


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.bmp"])
def test_a_picture_cut_off_is_refused(name: str, tmp_path: Path) -> None:
    random = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    raw = write_picture(tmp_path / name, random).read_bytes()
    (tmp_path / name).write_bytes(raw[: len(raw) // 2])
    with pytest.raises(ReadError):
        read(tmp_path / name)


def test_a_decompression_bomb_is_refused_before_it_unpacks(tmp_path: Path) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 46_000, 46_000, 8, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100_000))) + chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(bomb)
    with pytest.raises(ReadError, match="not in the file"):
        read(tmp_path / "a.png")


def test_a_large_picture_is_no_bomb(tmp_path: Path) -> None:
    # More than the 179 million pixels at which Pillow gives up.
    path = tmp_path / "a.png"
    Image.new("1", (14_000, 14_000)).save(path, compress_level=1)
    assert read(path).shape == (14_000, 14_000)
