"""MRC images and volumes."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from lycurgus.core.errors import ReadError
from lycurgus.readers import _ncempy
from lycurgus.readers.door import read
from readers.made_files import ramp, write_mrc


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "u2", "f4"])
def test_every_number_type_and_byte_order_reads_unchanged(order: str, dtype: str, tmp_path: Path) -> None:
    path = write_mrc(tmp_path / "a.mrc", ramp(dtype=np.uint8).astype(dtype)[np.newaxis], order=order)
    micrograph = read(path)
    assert micrograph.pixels.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(micrograph.pixels, ramp(dtype=np.uint8).astype(dtype))
    assert micrograph.pixel_size is not None
    assert micrograph.pixel_size.x_nm == pytest.approx(0.25)


def test_half_precision_widens(tmp_path: Path) -> None:
    assert read(write_mrc(tmp_path / "a.mrc", ramp(dtype=np.float16)[np.newaxis])).pixels.dtype == np.float32


def test_ncempy_invents_a_scale_where_there_is_none_and_we_do_not(tmp_path: Path) -> None:
    path = write_mrc(tmp_path / "a.mrc", ramp(dtype=np.float32)[np.newaxis], pixel_angstrom=0)
    with _ncempy.load("mrc").fileMRC(path) as file:
        assert all(file.voxelSize > 0)
    assert read(path).pixel_size is None


def test_ncempy_takes_every_extended_header_for_feis_and_we_do_not(tmp_path: Path) -> None:
    foreign = struct.pack("<256f", *[7.0] * 256)
    path = write_mrc(tmp_path / "a.mrc", ramp(dtype=np.float32)[np.newaxis], extended=foreign, kind=b"SERI")
    with _ncempy.load("mrc").fileMRC(path) as file:
        assert file.voxelSize[2] == pytest.approx(7e10)
    micrograph = read(path)
    assert micrograph.pixel_size is not None
    assert micrograph.pixel_size.x_nm == pytest.approx(0.25)


def test_feis_extended_header_is_read_in_metres(tmp_path: Path) -> None:
    extended = bytearray(888)
    struct.pack_into("<2d", extended, 156, 5e-9, 6e-9)
    micrograph = read(write_mrc(tmp_path / "a.mrc", ramp()[np.newaxis], extended=bytes(extended), kind=b"FEI2"))
    assert micrograph.pixel_size is not None
    assert (micrograph.pixel_size.y_nm, micrograph.pixel_size.x_nm) == pytest.approx((6.0, 5.0))


@pytest.mark.parametrize("angstrom", [-10.0, float("nan"), 1.0])
def test_an_impossible_or_default_size_becomes_none_and_a_warning(angstrom: float, tmp_path: Path) -> None:
    micrograph = read(write_mrc(tmp_path / "a.mrc", ramp()[np.newaxis], pixel_angstrom=angstrom))
    assert micrograph.pixel_size is None
    assert len(micrograph.warnings) == 1


def test_a_volume_has_slices(tmp_path: Path) -> None:
    path = write_mrc(tmp_path / "a.mrc", np.stack([ramp(), ramp() + 1, ramp() + 2]))
    assert len(read(path).planes) == 3
    np.testing.assert_array_equal(read(path, plane="2").pixels, ramp() + 2)


def test_a_fourier_transform_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="Fourier"):
        read(write_mrc(tmp_path / "a.mrc", ramp().astype(np.complex64)[np.newaxis]))


def test_an_old_file_without_the_word_map_is_known_by_its_name(tmp_path: Path) -> None:
    path = write_mrc(tmp_path / "a.mrc", ramp()[np.newaxis], order=">")
    raw = bytearray(path.read_bytes())
    raw[208:216] = bytes(8)
    path.write_bytes(bytes(raw))
    np.testing.assert_array_equal(read(path).pixels, ramp())


def test_slices_that_are_not_there_are_missed(tmp_path: Path) -> None:
    path = write_mrc(tmp_path / "a.mrc", np.stack([ramp(), ramp()]))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ReadError, match="cut off"):
        read(path)
