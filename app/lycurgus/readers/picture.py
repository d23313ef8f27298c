"""PNG, JPEG and BMP, read by Pillow; 16 bit colour PNG, which Pillow cuts to 8 bits, by imagecodecs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import BmpImagePlugin, Image, JpegImagePlugin, PngImagePlugin

from lycurgus.core.errors import ReadError
from lycurgus.core.types import Micrograph
from lycurgus.readers import hitachi, jeol
from lycurgus.readers.candidates import Candidate, check_size, to_micrograph
from lycurgus.readers.metadata import flat
from lycurgus.readers.tiff_scales import Statement, of_jeol

PNG_START, JPEG_START, BMP_START = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM"
# The most that the methods can squeeze: deflate 1,032 to 1; an empty JPEG block of 64 pixels takes about 6 bits.
_MOST_COMPRESSION = {"PNG": 1_100, "JPEG": 10_000, "BMP": 200}
_EXIF, _MAKER_NOTE, _X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 0x8769, 0x927C, 282, 283, 296


class PictureReader:
    name = "picture"
    label = "PNG, JPEG, BMP"
    extensions = (".png", ".jpg", ".jpeg", ".bmp")

    def read(self, path: Path, *, plane: str = "auto") -> Micrograph:
        """Read a picture; only JEOL's JPEG files and Hitachi's text files state a scale.

        Raises
        ------
        ReadError
            The picture is damaged.
        """
        with path.open("rb") as file:
            start = file.read(32)
            file.seek(0)
            picture = _open(path, start, file)
            width, height = picture.size
            stored = path.stat().st_size
            needed = height * width * _bits(picture, start) // 8
            check_size(path, (height, width), bytes_needed=needed // _MOST_COMPRESSION[str(picture.format)], bytes_there=stored + 4096)
            said = hitachi.read_sidecar(path, shape=(height, width)) or _from_exif(picture)
            candidate = Candidate(
                "",
                lambda _: _pixels(path, picture, start),
                scale=said.scale,
                signal=said.signal,
                instead=said.instead,
                metadata=said.metadata,
                warnings=said.warnings,
            )
            return to_micrograph(path, [candidate], plane=plane)


def _open(path: Path, start: bytes, file: Any) -> Image.Image:
    # The plug-ins are called directly: Image.open refuses images above 179 million pixels, and its limit is one for the process.
    if start.startswith(PNG_START):
        return PngImagePlugin.PngImageFile(file)
    if start.startswith(JPEG_START):
        return JpegImagePlugin.JpegImageFile(file)
    if start.startswith(BMP_START):
        return BmpImagePlugin.BmpImageFile(file)
    raise ReadError(path, "is no PNG, JPEG or BMP picture", hint="rename it to the extension of its true format")


def _bits(picture: Image.Image, start: bytes) -> int:
    """Bits of one pixel as stored, which for pictures of few grey levels or a palette are fewer than in memory."""
    if start.startswith(PNG_START):
        return start[24] * {2: 3, 4: 2, 6: 4}.get(start[25], 1)
    if start.startswith(BMP_START):
        return max(1, start[28])
    return 8 * len(picture.getbands())


def _pixels(path: Path, picture: Image.Image, start: bytes) -> NDArray[Any]:
    bits = start[24] if start.startswith(PNG_START) else 8
    if bits == 16 and picture.mode != "I;16":
        return np.asarray(imagecodecs.png_decode(path.read_bytes()))
    if picture.mode in ("CMYK", "YCbCr", "LAB", "HSV", "PA") or (picture.mode == "P"):
        # Transparency of a palette entry is no intensity, hence RGB and not RGBA.
        return np.asarray(picture.convert("RGB"))
    if bits in (2, 4) and picture.mode == "L":
        # Pillow spreads 4 or 16 levels over 8 bits; the factors are whole numbers.
        return np.asarray(picture) // np.uint8(255 // (2**bits - 1))
    return np.asarray(picture)


def _from_exif(picture: Image.Image) -> Statement:
    """Read what an Exif block states: JEOL's MakerNote; a resolution tag alone is a size on paper."""
    if picture.format != "JPEG":
        return Statement(metadata=flat(_texts(picture.info)))
    exif = picture.getexif()
    note = exif.get_ifd(_EXIF).get(_MAKER_NOTE)
    if isinstance(note, bytes):
        said = jeol.from_note(note, picture=jeol.Picture((picture.height, picture.width), _dots_per_inch(exif)))
        if said is not None:
            return of_jeol(said)
    return Statement(metadata=flat({"software": exif.get(305), "instrument": exif.get(272), "date": exif.get(306)}))


def _dots_per_inch(exif: Mapping[int, Any]) -> tuple[float, float] | None:
    factor = {2: 1.0, 3: 2.54}.get(exif.get(_RESOLUTION_UNIT, 2))
    y, x = (float(exif.get(code) or 0) for code in (_Y_RESOLUTION, _X_RESOLUTION))
    return (y * factor, x * factor) if factor and y > 0 and x > 0 else None


def _texts(info: Mapping[Any, Any]) -> dict[str, str]:
    return {str(key): value for key, value in info.items() if isinstance(value, str)}
