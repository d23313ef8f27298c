"""TIA's ser and emi files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lycurgus.core.errors import ReadError
from lycurgus.readers import _ncempy
from lycurgus.readers.door import read
from readers.made_files import ramp, write_emi, write_ser


def test_a_series_alone_reads_in_metres(tmp_path: Path) -> None:
    micrograph = read(write_ser(tmp_path / "a_1.ser", [ramp()], pixel_m=(2e-9, 3e-9)))
    np.testing.assert_array_equal(micrograph.pixels, ramp())
    assert micrograph.pixel_size is not None
    assert (micrograph.pixel_size.y_nm, micrograph.pixel_size.x_nm) == pytest.approx((3.0, 2.0))


@pytest.mark.parametrize("dtype", ["u1", "<u2", "<u4", "i1", "<i2", "<i4", "<f4", "<f8"])
def test_every_number_type_reads_unchanged(dtype: str, tmp_path: Path) -> None:
    micrograph = read(write_ser(tmp_path / "a_1.ser", [ramp(dtype=np.uint8).astype(dtype)]))
    assert micrograph.pixels.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(micrograph.pixels, ramp(dtype=np.uint8).astype(dtype))


def test_ncempy_cannot_read_8_bit_series_and_we_can(tmp_path: Path) -> None:
    path = write_ser(tmp_path / "a_1.ser", [ramp(dtype=np.uint8)])
    with _ncempy.load("ser").fileSER(path) as file, pytest.raises(TypeError):
        file.getDataset(0)
    np.testing.assert_array_equal(read(path).pixels, ramp(dtype=np.uint8))


def test_a_pattern_alone_is_known_by_its_impossible_size(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"diffraction pattern \(unit 1/nm\)"):
        read(write_ser(tmp_path / "a_1.ser", [ramp()], pixel_m=(1e8, 1e8)))


def test_the_emi_knows_a_pattern_whatever_its_size(tmp_path: Path) -> None:
    ser = write_ser(tmp_path / "a_1.ser", [ramp()])
    emi = write_emi(tmp_path / "a.emi", mode="TEM uP SA Zoom Diffraction")
    for path in (ser, emi):
        with pytest.raises(ReadError, match="diffraction"):
            read(path)


def test_scanning_in_diffraction_mode_is_an_image(tmp_path: Path) -> None:
    write_ser(tmp_path / "a_1.ser", [ramp()])
    micrograph = read(write_emi(tmp_path / "a.emi"))
    assert micrograph.shape == (12, 17)
    assert micrograph.metadata["voltage_kV"] == 200


def test_an_emi_offers_all_its_series(tmp_path: Path) -> None:
    for number in (1, 2, 10):
        write_ser(tmp_path / f"a b_{number}.ser", [ramp() + number])
    emi = write_emi(tmp_path / "a b.emi", blocks=3)
    assert read(emi).planes == ("series 1", "series 2", "series 10")
    assert read(emi, plane="2").pixels[0, 0] == 10
    assert read(emi, plane="series 2").pixels[0, 0] == 2


def test_a_stack_gives_its_first_frame_and_says_so(tmp_path: Path) -> None:
    path = write_ser(tmp_path / "a_1.ser", [ramp() + number for number in range(4)])
    assert any("4 frames" in warning for warning in read(path).warnings)
    chosen = read(path, plane="3")
    assert chosen.pixels[0, 0] == 3
    assert chosen.warnings == ()


def test_a_spectrum_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="holds only a spectrum"):
        read(write_ser(tmp_path / "a_1.ser", [ramp(1, 64)], spectra=True))


def test_complex_numbers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="complex"):
        read(write_ser(tmp_path / "a_1.ser", [ramp().astype(np.complex64)]))


def test_an_emi_without_its_series_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"without its \.ser files"):
        read(write_emi(tmp_path / "a.emi"))


def test_a_damaged_emi_does_not_spoil_the_series(tmp_path: Path) -> None:
    ser = write_ser(tmp_path / "a_1.ser", [ramp()])
    (tmp_path / "a.emi").write_bytes(b"JK\x00\x02<ObjectInfo><broken</ObjectInfo>")
    assert read(ser).pixel_size is not None


def test_entities_in_an_emi_are_not_expanded(tmp_path: Path) -> None:
    ser = write_ser(tmp_path / "a_1.ser", [ramp()])
    (tmp_path / "a.emi").write_bytes(b'JK\x00\x02<ObjectInfo><!DOCTYPE x [<!ENTITY a "b">]>&a;</ObjectInfo>')
    assert read(ser).shape == (12, 17)


def test_a_series_cut_off_within_its_pixels_is_refused(tmp_path: Path) -> None:
    path = write_ser(tmp_path / "a_1.ser", [ramp()])
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ReadError, match="cut off"):
        read(path)
