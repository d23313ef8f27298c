"""Resolution tags of TIFF files: sometimes a scale, mostly the dots per inch of a printer."""

from __future__ import annotations

from pathlib import Path

SMALLEST_NM, LARGEST_NM = 1e-3, 4e3
"""Beyond 4 µm (6,350 dpi) a pixel is a printer's or a screen's."""
_NM_PER_UNIT = {2: 2.54e7, 3: 1e7}


def resolution_tags(path: Path) -> tuple[float, float] | None:
    """Return the pixel size (y, x) in nm that the resolution tags of a TIFF would mean, or None where they can be no scale.

    Parameters
    ----------
    path : any file; what is no TIFF has no such tags.
    """
    if path.suffix.lower() not in (".tif", ".tiff"):
        return None
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            tags = file.pages[0].tags  # type: ignore[union-attr]
            unit = int(tags["ResolutionUnit"].value) if "ResolutionUnit" in tags else 2
            y, x = (_fraction(tags[name].value) for name in ("YResolution", "XResolution"))
    except Exception:
        # Whatever is odd about tags of another program, they are then no scale; the picture itself has been read.
        return None
    if unit not in _NM_PER_UNIT or not (y and x):
        return None
    sizes = _NM_PER_UNIT[unit] / y, _NM_PER_UNIT[unit] / x
    return sizes if all(SMALLEST_NM <= size <= LARGEST_NM for size in sizes) else None


def _fraction(value: object) -> float:
    if isinstance(value, tuple) and len(value) == 2:
        return float(value[0]) / float(value[1]) if value[1] else 0.0
    return float(value) if isinstance(value, (int, float)) else 0.0
