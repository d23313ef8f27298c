"""TIFF of every vendor, read page by page by tifffile; scales come from ``tiff_scales``."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from lycurgus.core.errors import ReadError
from lycurgus.core.types import Micrograph
from lycurgus.readers import hitachi
from lycurgus.readers.candidates import Candidate, check_size, to_micrograph
from lycurgus.readers.grey import cmyk_to_rgb, palette_to_plane
from lycurgus.readers.tiff_scales import OLYMPUS, Statement, page_names, state

# Pages whose tags are read before one is chosen; what follows in a longer stack is looked at when it is wanted.
EXAMINED_PAGES = 256
_REDUCED = 1
_MINISWHITE, _RGB, _PALETTE, _MASK, _CMYK, _YCBCR = 0, 2, 3, 4, 5, 6
_LAB = {8, 9, 10}
# More than any image compresses: beyond this size the declared pixels are believed only up to this ratio.
_SUSPICIOUS_BYTES = 1 << 28
_MOST_COMPRESSION = 20_000


class TiffReader:
    name = "tiff"
    label = "TIFF"
    extensions = (".tif", ".tiff")

    def read(self, path: Path, *, plane: str = "auto") -> Micrograph:
        """Read one page of a TIFF file; previews and reduced copies are no pages.

        Raises
        ------
        ReadError
            The file is damaged, holds only a diffraction pattern, or no such plane.
        """
        with tifffile.TiffFile(path, is_ome=False) as tif:
            pages = _wanted_pages(path, tif)
            sidecar = hitachi.read_sidecar(path, shape=_height_width(pages[0]))
            candidates = list(_candidates(path, tif, pages, sidecar))
            return to_micrograph(path, candidates, plane=plane)


def _wanted_pages(path: Path, tif: tifffile.TiffFile) -> list[tifffile.TiffPage]:
    """Leave out what is no micrograph: reduced copies, masks, and pages smaller than the largest one."""
    pages = [page for page in islice(_pages(tif), EXAMINED_PAGES) if _is_sound(page) and prod(page.shape) > 0]
    if not pages:
        raise ReadError(path, "holds no image", hint="the file is damaged or was not written to the end")
    calibrated = [page for page in pages if OLYMPUS in page.tags]
    whole = [page for page in calibrated or pages if not page.subfiletype & _REDUCED and page.photometric != _MASK] or pages
    largest = max(prod(_height_width(page)) for page in whole)
    return [page for page in whole if prod(_height_width(page)) == largest]


def _is_sound(page: tifffile.TiffPage) -> bool:
    """Tell whether a page's numbers are numbers: a damaged tag can be a tuple, and a product with it fills the memory."""
    numbers = (
        page.imagelength,
        page.imagewidth,
        page.imagedepth,
        page.samplesperpixel,
        page.photometric,
        page.compression,
        page.subfiletype,
    )
    segments = (*page.dataoffsets, *page.databytecounts, *page.extrasamples)
    return all(isinstance(value, int) for value in (*numbers, page.bitspersample, *page.shape, *segments))


def _pages(tif: tifffile.TiffFile) -> Iterator[tifffile.TiffPage]:
    seen: set[int] = set()
    for page in tif.pages:
        whole = page if isinstance(page, tifffile.TiffPage) else page.aspage()
        if whole.offset in seen:
            return
        seen.add(whole.offset)
        yield whole


def _common(said: Statement) -> dict[str, Any]:
    return {"scale": said.scale, "signal": said.signal, "instead": said.instead, "metadata": said.metadata, "warnings": said.warnings}


def _candidates(path: Path, tif: tifffile.TiffFile, pages: list[tifffile.TiffPage], sidecar: Statement | None) -> Iterator[Candidate]:
    """One candidate for pages that belong to one stack, or for each slice, channel or hidden frame of a single page."""
    first = pages[0]
    said = sidecar or state(first)
    common = _common(said)
    if len(pages) > 1:
        names = page_names(pages)
        if names:
            for name, page in zip(names, pages, strict=True):
                yield Candidate(name, partial(_load_page, path, tif, page), **(common | {"signal": name}))
        else:
            longer = len(tif.pages) if len(pages) == EXAMINED_PAGES else len(pages)
            yield Candidate("", lambda frame: _load(path, tif, _frame(path, tif, pages, frame)), frames=longer, **common)
        return
    hidden = _frames_behind(tif, first)
    if hidden > 1:
        yield Candidate("", lambda frame: _load_behind(path, tif, first, frame), frames=hidden, **common)
        return
    layers = _layers(first)
    if layers > 1:
        yield Candidate("", partial(_load_layer, path, tif, first), frames=layers, **common)
        return
    yield Candidate("", lambda _: _load(path, tif, first), **common)


def _frame(path: Path, tif: tifffile.TiffFile, pages: list[tifffile.TiffPage], frame: int) -> tifffile.TiffPage:
    if frame < len(pages):
        return pages[frame]
    page = tif.pages[frame]
    whole = page if isinstance(page, tifffile.TiffPage) else page.aspage()
    if not _is_sound(whole) or whole.shape != pages[0].shape:
        raise ReadError(path, f"has a frame {frame} of another size than the first", hint="choose another frame")
    return whole


def _height_width(page: tifffile.TiffPage) -> tuple[int, int]:
    return int(page.imagelength), int(page.imagewidth)


def _is_colour(page: tifffile.TiffPage) -> bool:
    return page.photometric in (_RGB, _YCBCR, _CMYK) and page.samplesperpixel >= 3


def _layers(page: tifffile.TiffPage) -> int:
    """Images inside one page: slices of a volume, or samples that are no colours (nor the alpha of a grey image)."""
    depth = int(page.imagedepth)
    if depth > 1:
        return depth
    samples = int(page.samplesperpixel)
    # An extra sample of kind 0 ("unspecified") is a channel, 1 and 2 are transparency.
    grey_and_alpha = samples == 1 or (samples == 2 and any(kind in (1, 2) for kind in page.extrasamples))
    return 1 if _is_colour(page) or grey_and_alpha or page.photometric in _LAB else samples


def _load(path: Path, tif: tifffile.TiffFile, page: tifffile.TiffPage) -> NDArray[Any]:
    _check(path, tif, page)
    stored = page.asarray()
    return _shown(page, _colours_last(page, stored))


def _load_page(path: Path, tif: tifffile.TiffFile, page: tifffile.TiffPage, _: int) -> NDArray[Any]:
    return _load(path, tif, page)


def _load_layer(path: Path, tif: tifffile.TiffFile, page: tifffile.TiffPage, layer: int) -> NDArray[Any]:
    _check(path, tif, page)
    stored = page.asarray()
    axis = page.axes.find("Z") if int(page.imagedepth) > 1 else page.axes.find("S")
    picture = np.take(stored, layer, axis=axis)
    return np.moveaxis(picture, 0, -1) if picture.ndim == 3 and picture.shape[0] in (3, 4) and picture.shape[-1] > 4 else picture


def _colours_last(page: tifffile.TiffPage, stored: NDArray[Any]) -> NDArray[Any]:
    if page.axes == "SYX":
        stored = np.moveaxis(stored, 0, -1)
    if stored.ndim == 3 and not _is_colour(page):
        stored = stored[..., 0]
    return stored


def _shown(page: tifffile.TiffPage, stored: NDArray[Any]) -> NDArray[Any]:
    """Apply what the file says about black and white; numbers that say nothing about it stay as they are."""
    if page.photometric == _PALETTE and page.colormap is not None and stored.dtype.kind == "u":
        return palette_to_plane(stored, page.colormap)
    if page.photometric == _CMYK and stored.ndim == 3 and stored.shape[2] >= 4 and stored.dtype.kind == "u":
        return cmyk_to_rgb(stored)
    if page.photometric == _MINISWHITE:
        if stored.dtype.kind == "b":
            return ~stored
        if stored.dtype.kind == "u":
            white = (1 << min(int(page.bitspersample), stored.dtype.itemsize * 8)) - 1
            inverted: NDArray[Any] = stored.dtype.type(white) - stored
            return inverted
    return stored


def _check(path: Path, tif: tifffile.TiffFile, page: tifffile.TiffPage) -> None:
    """Refuse declared pixels that are not there: tifffile would fill them with zeros."""
    shape = page.shape
    size = int(tif.filehandle.size)
    check_size(path, shape)
    if page.dtype is None:
        raise ReadError(path, "stores its pixels in a way that cannot be read", hint="save it as an ordinary 8 or 16 bit TIFF")
    declared = prod(shape) * page.dtype.itemsize
    if declared > max(_SUSPICIOUS_BYTES, size * _MOST_COMPRESSION):
        raise ReadError(
            path, f"declares {shape[0]} x {shape[1]} pixels that cannot be in a file of {size} bytes", hint="the file is damaged"
        )
    segments = list(zip(page.dataoffsets, page.databytecounts, strict=False))
    if len(segments) < prod(page.chunked) or not any(count for _, count in segments):
        raise ReadError(path, "lacks a part of its pixels", hint="copy the file again")
    if any(offset < 0 or count < 0 or offset + count > size for offset, count in segments):
        raise ReadError(path, "is cut off: a part of its pixels is not in the file", hint="copy the file again")
    if page.compression == 1 and sum(page.databytecounts) * 8 < prod(shape) * int(page.bitspersample):
        raise ReadError(path, "is cut off: more pixels are declared than stored", hint="copy the file again")


def _frames_behind(tif: tifffile.TiffFile, page: tifffile.TiffPage) -> int:
    """Count frames that ImageJ writes one after the other behind a single page when a stack exceeds 4 GiB."""
    if len(tif.pages) != 1 or not page.is_imagej or page.compression != 1 or len(page.dataoffsets) != 1:
        return 1
    declared = (tif.imagej_metadata or {}).get("images", 1)
    room = (int(tif.filehandle.size) - page.dataoffsets[0]) // max(1, page.nbytes)
    return int(declared) if isinstance(declared, int) and 1 < declared <= room else 1


def _load_behind(path: Path, tif: tifffile.TiffFile, page: tifffile.TiffPage, frame: int) -> NDArray[Any]:
    _check(path, tif, page)
    dtype = np.dtype(tif.byteorder + page.dtype.char) if page.dtype is not None else np.dtype(np.uint8)
    stored = np.fromfile(path, dtype=dtype, count=prod(page.shape), offset=page.dataoffsets[0] + frame * page.nbytes)
    return _shown(page, _colours_last(page, stored.reshape(page.shape)))
