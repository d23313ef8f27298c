"""Make the small files by which ``lycurgus selfcheck`` tells whether every format can be read; nobody's micrographs, one known picture.

python build_scripts/make_format_files.py [FOLDER]

They are written by the same code as the readers' tests use.
"""

from __future__ import annotations

import sys
from pathlib import Path

import imagecodecs
import numpy as np
import tifffile
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "readers"))

from made_files import ramp, write_dm, write_mrc, write_ncem, write_ser, write_velox  # noqa: E402 - from the tests

TIFF_COMPRESSIONS = ("none", "lzw", "packbits", "adobe_deflate", "lzma", "zstd", "jpeg", "jpeg2000", "jpegxl", "lerc", "png", "webp")
PIXEL_NM = 2.0


def make_format_files(folder: Path) -> None:
    """Write the known picture once in each format and compression."""
    folder.mkdir(parents=True, exist_ok=True)
    picture = ramp()
    scales = [(PIXEL_NM, "nm"), (PIXEL_NM, "nm")]
    write_dm(folder / "image.dm3", [("picture", picture, scales)], version=3)
    write_dm(folder / "image.dm4", [("picture", picture, scales)], version=4)
    write_ser(folder / "image.ser", [picture])
    write_velox(folder / "velox.emd", {"HAADF": picture})
    write_ncem(folder / "ncem.emd", picture, [("y", PIXEL_NM, "nm"), ("x", PIXEL_NM, "nm")])
    write_mrc(folder / "image.mrc", picture[np.newaxis])
    grey = picture.astype(np.uint8)
    for name in ("image.png", "image.bmp"):
        Image.fromarray(grey).save(folder / name)
    Image.fromarray(grey).save(folder / "lossy.jpg", quality=100)
    (folder / "colour-16-bit.png").write_bytes(imagecodecs.png_encode(np.dstack([picture] * 3)))
    for compression in TIFF_COMPRESSIONS:
        name = f"{'lossy-' if compression in ('jpeg', 'webp') else ''}{compression}.tif"
        # WebP knows colours alone.
        data = np.dstack([grey] * 3) if compression == "webp" else grey
        tifffile.imwrite(folder / name, data, compression=compression, photometric="rgb" if data.ndim == 3 else "minisblack")


if __name__ == "__main__":
    make_format_files(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "resources" / "selfcheck")
