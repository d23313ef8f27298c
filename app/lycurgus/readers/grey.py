"""Any stored picture as one plane of numbers: colour to grey, palettes, byte order; never a change of intensity."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import Plane

# Rec. 601 luma, what ImageJ (weighted), Pillow and OpenCV use for the gamma-encoded colours that files hold.
RED, GREEN, BLUE = 299, 587, 114
_ROWS_AT_ONCE_PX = 1 << 22


class NotAnImageError(ValueError):
    """The numbers cannot be one plane of a micrograph; the message is a clause for the user."""


def to_plane(stored: NDArray[Any]) -> Plane:
    """Turn an array as a library gives it into a contiguous (H, W) array in native byte order.

    Parameters
    ----------
    stored : (H, W), or (H, W, C) with C = 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGB, alpha); alpha is ignored.

    Raises
    ------
    NotAnImageError
        Complex numbers, structured types, another number of axes, or no pixel at all.
    """
    if stored.dtype.kind not in "buif":
        kind = "complex numbers" if stored.dtype.kind == "c" else "no plain numbers"
        raise NotAnImageError(f"holds {kind} where an image would hold intensities")
    if stored.ndim == 3 and stored.shape[2] in (1, 2):
        stored = stored[..., 0]
    elif stored.ndim == 3 and stored.shape[2] in (3, 4):
        stored = luma(stored)
    if stored.ndim != 2:
        raise NotAnImageError(f"holds an array of {stored.ndim} axes where an image has two")
    if 0 in stored.shape:
        raise NotAnImageError("holds an image without pixels")
    if stored.dtype.kind == "b":
        return np.ascontiguousarray(stored).astype(np.uint8)
    if stored.dtype == np.float16:
        return stored.astype(np.float32)
    plane = np.ascontiguousarray(stored, dtype=stored.dtype.newbyteorder("="))
    # Some libraries hand out their own memory as read-only, which compiled code further on refuses.
    return plane if plane.flags.writeable else plane.copy()


def luma(rgb: NDArray[Any]) -> Plane:
    """Weigh colours to grey (Rec. 601), rounded half up for integers; equal channels come out exactly unchanged.

    Parameters
    ----------
    rgb : (H, W, 3 or more); channels after the third are ignored.

    Returns
    -------
    (H, W) of the same type in native byte order.
    """
    height, width = rgb.shape[:2]
    native = rgb.dtype.newbyteorder("=")
    if native.kind == "b":
        native = np.dtype(np.uint8)
    grey = np.empty((height, width), dtype=native)
    step = max(1, _ROWS_AT_ONCE_PX // max(width, 1))
    for top in range(0, height, step):
        rows = rgb[top : top + step]
        grey[top : top + step] = _luma_rows(rows[..., 0], rows[..., 1], rows[..., 2], native)
    return grey


def _luma_rows(red: NDArray[Any], green: NDArray[Any], blue: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    if dtype.kind in "bui" and dtype.itemsize <= 4:
        wide = np.dtype(np.uint32 if dtype.kind != "i" and dtype.itemsize <= 2 else np.int64)
        weighted: NDArray[Any] = red.astype(wide) * RED + green.astype(wide) * GREEN + blue.astype(wide) * BLUE
        return np.asarray((weighted + 500) // 1000)
    # The weights do not add up to 1 in floating point, and infinity minus infinity is no number: grey is taken as it is.
    with np.errstate(invalid="ignore", over="ignore"):
        mixed = (red * float(RED) + green * float(GREEN) + blue * float(BLUE)) / 1000
    rounded = mixed if dtype.kind == "f" else np.rint(mixed)
    return np.where((red == green) & (green == blue), green, rounded.astype(dtype))


def cmyk_to_rgb(inks: NDArray[Any]) -> NDArray[Any]:
    """Turn printing inks, (H, W, 4 or more) unsigned integers with 0 for no ink, into colours of the same type."""
    full = int(np.iinfo(inks.dtype).max)
    paper = full - inks[..., :4].astype(np.uint64)
    return np.asarray((paper[..., :3] * paper[..., 3:] + full // 2) // full).astype(inks.dtype)


def palette_to_plane(indices: NDArray[Any], colours: NDArray[Any]) -> Plane:
    """Look up palette indices and turn the colours to grey.

    Parameters
    ----------
    indices : (H, W) unsigned integers.
    colours : (3, N), 8 bit values, or 16 bit ones as TIFF has them; with 8 bit indices their upper byte is used,
        so that a grey ramp gives the indices back.
    """
    table = luma(np.moveaxis(np.asarray(colours), 0, -1)[np.newaxis])[0]
    if indices.dtype.itemsize == 1:
        table = (table >> 8 if table.size and table.max() > 255 else table).astype(np.uint8)
    if indices.size and int(indices.max()) >= table.size:
        raise NotAnImageError("has a palette with fewer colours than the image uses")
    return np.asarray(table[indices])
