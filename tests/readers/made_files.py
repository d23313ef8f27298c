"""Small valid files of every kind, written here so that the readers are tested without anybody's micrographs."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[Any]

_DM_TYPE = {"<i2": 2, "<i4": 3, "<u2": 4, "<u4": 5, "<f4": 6, "<f8": 7, "|u1": 8, "|i1": 9}
_DM_DATA_TYPE = {"<i2": 1, "<f4": 2, "|u1": 6, "<i4": 7, "|i1": 9, "<u2": 10, "<u4": 11, "<f8": 12}


NO_UNIT_TAG = "no tag"


def ramp(height: int = 12, width: int = 17, dtype: Any = np.uint16) -> Array:
    """A picture in which every pixel is another one, so that a flip or a transposition is seen."""
    return (np.arange(height * width).reshape(height, width) % 251).astype(dtype)


# --- Gatan ---------------------------------------------------------------------------------------------------------


def write_dm(
    path: Path,
    images: list[tuple[str, Array, list[tuple[float, str]]]],
    *,
    version: int = 3,
    tags: Mapping[str, Any] | None = None,
    data_type: int | None = None,
    thumbnail: bool = True,
) -> Path:
    """Write dm3 or dm4: (name, array, [(scale, unit) of x, y, ...]) an image, after DigitalMicrograph's thumbnail."""
    entries = [_dm_image("thumbnail", np.zeros((4, 4, 4), np.uint8), [(1.0, ""), (1.0, "")], {}, 23)] if thumbnail else []
    entries += [_dm_image(name, array, scales, tags or {}, data_type) for name, array, scales in images]
    root = {"ImageList": entries, "Thumbnails": [{"ImageIndex": np.uint32(0)}] if thumbnail else []}
    body = _dm_group(root, version)
    size = struct.pack(">I" if version == 3 else ">Q", len(body))
    path.write_bytes(struct.pack(">I", version) + size + struct.pack(">I", 1) + body + bytes(8))
    return path


def _dm_image(name: str, array: Array, scales: list[tuple[float, str]], tags: Mapping[str, Any], data_type: int | None) -> dict[str, Any]:
    colour = data_type in (8, 23)
    shape = array.shape[:2] if colour else array.shape
    return {
        "ImageData": {
            "Calibrations": {"Dimension": [_dm_axis(value, unit) for value, unit in scales]},
            "Data": array.reshape(-1).view("<u4").reshape(-1) if colour else array.reshape(-1),
            "DataType": np.uint32(data_type or _DM_DATA_TYPE[array.dtype.str]),
            "Dimensions": [np.uint32(extent) for extent in reversed(shape)],
        },
        "ImageTags": dict(tags),
        "Name": name,
    }


def _dm_axis(value: float, unit: str) -> dict[str, Any]:
    stated = {"Origin": np.float32(0), "Scale": np.float32(value)}
    return stated if unit == NO_UNIT_TAG else stated | {"Units": unit}


def _dm_group(members: Mapping[str, Any] | list[Any], version: int) -> bytes:
    pairs = list(members.items()) if isinstance(members, Mapping) else [("", member) for member in members]
    body = b"".join(_dm_entry(label, value, version) for label, value in pairs)
    return struct.pack(">BB", 1, 0) + struct.pack(">I" if version == 3 else ">Q", len(pairs)) + body


def _dm_entry(label: str, value: Any, version: int) -> bytes:
    group = isinstance(value, (Mapping, list))
    body = _dm_group(value, version) if group else _dm_value(value, version)
    name = label.encode("latin-1")
    size = b"" if version == 3 else struct.pack(">Q", len(body))
    return struct.pack(">BH", 20 if group else 21, len(name)) + name + size + body


def _dm_value(value: Any, version: int) -> bytes:
    integer = ">I" if version == 3 else ">Q"
    if isinstance(value, str):
        value = np.frombuffer(value.encode("utf-16-le"), "<u2")
    if isinstance(value, np.ndarray):
        information, data = [20, _DM_TYPE[value.dtype.str], value.size], value.tobytes()
    else:
        information, data = [_DM_TYPE[np.dtype(type(value)).str]], value.tobytes()
    return b"%%%%" + b"".join(struct.pack(integer, number) for number in [len(information), *information]) + data


# --- TIA -----------------------------------------------------------------------------------------------------------


def write_ser(path: Path, frames: list[Array], *, pixel_m: tuple[float, float] = (2e-9, 2e-9), spectra: bool = False) -> Path:
    """Write a series; ``pixel_m`` is (x, y). The first row of an array is the top one, which ser files store last."""
    kinds = {"|u1": 1, "<u2": 2, "<u4": 3, "|i1": 4, "<i2": 5, "<i4": 6, "<f4": 7, "<f8": 8, "<c8": 9}
    elements = []
    for frame in frames:
        if spectra:
            header = struct.pack("<ddihi", 0, pixel_m[0], 0, kinds[frame.dtype.str], frame.size)
        else:
            header = struct.pack("<ddiddihii", 0, pixel_m[0], 0, 0, pixel_m[1], 0, kinds[frame.dtype.str], *frame.shape[::-1])
        elements.append(header + np.flipud(frame).tobytes())
    start = 30 + 4 * 7 + 6 + 20
    head = struct.pack("<3h4i", 0x4949, 0x0197, 0x0210, 0x4120 if spectra else 0x4122, 0x4152, len(frames), len(frames))
    dimension = struct.pack("<iddi", len(frames), 0, 1, 0) + struct.pack("<i", 6) + b"Number" + struct.pack("<i", 0)
    array_at = len(head) + 8 + len(dimension)
    start = array_at + 8 * len(frames)
    offsets = [start + sum(map(len, elements[:number])) for number in range(len(frames))]
    tag = start + sum(map(len, elements))
    table = struct.pack(f"<{2 * len(frames)}i", *offsets, *[tag] * len(frames))
    path.write_bytes(head + struct.pack("<ii", array_at, 1) + dimension + table + b"".join(elements) + struct.pack("<ii", 0x4152, 0))
    return path


def write_emi(path: Path, *, mode: str = "STEM nP SA Zoom Diffraction", blocks: int = 1) -> Path:
    """Write the XML descriptions between binary, as TIA does."""
    xml = (
        "<ObjectInfo><ExperimentalConditions><MicroscopeConditions><AcceleratingVoltage>200000</AcceleratingVoltage></MicroscopeConditions>"
        f"</ExperimentalConditions><ExperimentalDescription><Root><Data><Label>Mode</Label><Value> {mode}</Value><Unit></Unit></Data>"
        "<Data><Label>Magnification</Label><Value>10000</Value><Unit>x</Unit></Data></Root></ExperimentalDescription></ObjectInfo>"
    ).encode()
    path.write_bytes(b"JK\x00\x02" + bytes(60) + (xml + bytes(20)) * blocks)
    return path


# --- MRC -----------------------------------------------------------------------------------------------------------


def write_mrc(
    path: Path, volume: Array, *, pixel_angstrom: float = 2.5, order: str = "<", extended: bytes = b"", kind: bytes = bytes(4)
) -> Path:
    """Write (z, y, x); 0 Å leaves the cell empty."""
    modes = {"i1": 0, "u1": 0, "i2": 1, "f4": 2, "c8": 4, "u2": 6, "f2": 12}
    slices, height, width = volume.shape
    header = bytearray(1024)
    extents = (width, height, slices)
    struct.pack_into(f"{order}10i", header, 0, *extents, modes[volume.dtype.str[1:]], 0, 0, 0, *extents)
    struct.pack_into(f"{order}3f", header, 40, *(extent * pixel_angstrom for extent in extents))
    struct.pack_into(f"{order}i", header, 92, len(extended))
    header[104:108] = kind
    header[208:216] = b"MAP " + (b"DD\x00\x00" if order == "<" else b"\x11\x11\x00\x00")
    if volume.dtype == np.uint8:
        struct.pack_into(f"{order}ii", header, 152, 1146047817, 0)
    path.write_bytes(bytes(header) + extended + volume.astype(volume.dtype.newbyteorder(order)).tobytes())
    return path


# --- EMD -----------------------------------------------------------------------------------------------------------


def write_velox(
    path: Path, images: Mapping[str, Array], *, pixel: tuple[str, str, str] = ("2e-9", "2e-9", "m"), spectrum: bool = False
) -> Path:
    """Write (y, x, frames) arrays by detector; ``pixel`` is width, height and unit as Velox writes them."""
    with h5py.File(path, "w") as file:
        for number, (detector, array) in enumerate(images.items()):
            key = f"{number:032x}"
            group = file.create_group(f"Data/Image/{key}")
            group.create_dataset("Data", data=array if array.ndim == 3 else array[..., np.newaxis])
            description = {
                "BinaryResult": {
                    "Detector": detector,
                    "PixelSize": {"width": pixel[0], "height": pixel[1]},
                    "PixelUnitX": pixel[2],
                    "PixelUnitY": pixel[2],
                },
                "Optics": {"AccelerationVoltage": "300000"},
                "Instrument": {"InstrumentModel": "Titan"},
            }
            raw = json.dumps(description).encode().ljust(2000, b"\x00")
            group.create_dataset("Metadata", data=np.frombuffer(raw, np.uint8).reshape(-1, 1))
        if spectrum:
            file.create_dataset("Data/Spectrum/0/Data", data=np.arange(64, dtype=np.uint32).reshape(-1, 1))
    return path


def write_ncem(path: Path, array: Array, axes: list[tuple[str, float, str]]) -> Path:
    """Write one array with (name, step, unit) for each of its axes."""
    with h5py.File(path, "w") as file:
        group = file.create_group("data/picture")
        group.attrs["emd_group_type"] = 1
        group.create_dataset("data", data=array)
        for number, (name, step, unit) in enumerate(axes):
            vector = group.create_dataset(f"dim{number + 1}", data=np.arange(array.shape[number]) * step)
            vector.attrs["name"] = name
            vector.attrs["units"] = f"[{unit}]"
    return path


# --- pictures and TIFF ---------------------------------------------------------------------------------------------


def write_picture(path: Path, pixels: Array, **options: Any) -> Path:
    Image.fromarray(pixels).save(path, **options)
    return path


def jeol_reporter(*, magnification: int = 40000, mode: str = "modeMAG1", size: tuple[int, int] = (17, 12)) -> bytes:
    """What TEM Center writes into its pictures (width, height as recorded)."""
    return (
        '<?xml version="1.0"?><TemReporter><Instruments>JEM-2100</Instruments><Eos><EosMode>eosTEM</EosMode></Eos>'
        f"<ElectronGun><AccelerationVoltage>200000</AccelerationVoltage></ElectronGun><ImageFormingMode>{mode}</ImageFormingMode>"
        f"<SelectorValue>{magnification}</SelectorValue><SelectorUnitString>X</SelectorUnitString>"
        f"<ImageSize><Width>{size[0]}</Width><Height>{size[1]}</Height></ImageSize></TemReporter>"
    ).encode()


def write_jeol_jpeg(path: Path, pixels: Array, note: bytes, *, dots_per_inch: int = 2081) -> Path:
    exif = Image.Exif()
    exif[282], exif[283], exif[296] = float(dots_per_inch), float(dots_per_inch), 2
    exif.get_ifd(0x8769)[0x927C] = note
    Image.fromarray(pixels).save(path, exif=exif, quality=100, subsampling=0)
    return path


def fei_tag(pixel_m: str = "2.5e-009") -> tuple[int, str, int, str, bool]:
    text = f"[User]\r\nDate=01/02/2020\r\n[Beam]\r\nHV=5000\r\nBeam=EBeam\r\nScan=EScan\r\n[EScan]\r\nPixelWidth={pixel_m}\r\n"
    return (34682, "s", 0, f"{text}PixelHeight={pixel_m}\r\n[Detectors]\r\nName=ETD\r\nMode=SE\r\n", True)


def _tiff(**options: Any) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        tifffile.imwrite(path, options.pop("data") if "data" in options else ramp(), **options)
        return path

    return write


def zoo(folder: Path) -> list[Path]:
    """Write one small file of each kind, for tests that go through all formats."""
    folder.mkdir(parents=True, exist_ok=True)
    nm = [(0.5, "nm"), (0.5, "nm")]
    grey8 = ramp(dtype=np.uint8)
    files = [
        write_dm(
            folder / "a.dm3",
            [("HAADF", ramp(), nm)],
            tags={"Microscope Info": {"Voltage": np.float64(200000), "Operation Mode": "SCANNING"}},
        ),
        write_dm(folder / "b.dm4", [("TEM", ramp(dtype=np.float32), nm)], version=4),
        write_ser(folder / "c_1.ser", [ramp(), ramp()]),
        write_mrc(folder / "e.mrc", ramp()[np.newaxis]),
        write_velox(folder / "f.emd", {"HAADF": ramp(), "BF": ramp()}),
        write_ncem(folder / "g.emd", ramp(), [("y", 2.0, "nm"), ("x", 2.0, "nm")]),
        write_picture(folder / "h.png", grey8),
        write_picture(folder / "i.png", np.dstack([grey8] * 3)),
        write_picture(folder / "j.bmp", grey8),
        write_jeol_jpeg(folder / "k.jpg", grey8, jeol_reporter()),
    ]
    _tiff(data=ramp(), extratags=[fei_tag()])(folder / "l.tif")
    _tiff(data=np.stack([ramp()] * 3), imagej=True, resolution=(2.0, 2.0), metadata={"unit": "nm"})(folder / "m.tif")
    _tiff(data=ramp(), compression="zlib", tile=(16, 16))(folder / "n.tif")
    _tiff(data=np.dstack([grey8] * 3), photometric="rgb", compression="lzw", rowsperstrip=4)(folder / "o.tif")
    _tiff(data=ramp(dtype=np.float32), bigtiff=True, byteorder=">")(folder / "p.tif")
    _tiff(data=grey8, ome=True, metadata={"PhysicalSizeX": 0.5, "PhysicalSizeXUnit": "nm"})(folder / "q.tif")
    write_emi(folder / "c.emi")
    files += [folder / f"{letter}.tif" for letter in "lmnopq"] + [folder / "c.emi"]
    return files
