"""Overlays: the micrograph as grey picture with outlines, ids and a scale bar, at the size of a figure or of a thumbnail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.core.types import Annotation, BBox, Micrograph, Particle
from lycurgus.exporters import palette
from lycurgus.exporters.contrast import display_range, stretched
from lycurgus.exporters.lettering import Lettering
from lycurgus.exporters.outlines import outlines_xy
from lycurgus.exporters.scalebar import free_corner, scale_bar

Canvas = NDArray[np.uint8]

THUMBNAIL_PX = 640
SMALLEST_FIGURE_PX = 900
SUBPIXEL_BITS = 4
ANNOTATION_SHADE = 0.7
FINE_SCALE = 1.5
FEW_POINTS = 32


@dataclass(frozen=True, slots=True)
class Strokes:
    """How thick things are on a canvas, in canvas pixels."""

    outline: int
    letters: int
    ids: int

    @classmethod
    def fitting(cls, canvas: tuple[int, int], diameters: NDArray[np.float64]) -> Strokes:
        """Thick enough to be seen in the whole picture, thin enough to leave something of a typical particle."""
        side = max(canvas)
        typical = float(np.median(diameters)) if diameters.size else 0.05 * side
        letters = int(np.clip(round(side / 70), 11, 40))
        return cls(
            outline=int(np.clip(min(side / 500, typical / 12), 1, 5)),
            letters=letters,
            ids=int(np.clip(1.3 * typical, 11, max(11, 0.8 * letters))),
        )


def draw_overlay(
    micrograph: Micrograph,
    particles: Sequence[Particle],
    annotations: Sequence[Annotation] = (),
    *,
    max_side_px: int | None = None,
    ids: bool = True,
) -> Canvas:
    """Draw the particles' outlines and ids on a micrograph, with a scale bar.

    The contrast is stretched for display. Counted particles have solid outlines in orange (or their class's colour), excluded ones
    dashed grey ones; what was masked as annotation is hatched. Small pictures are enlarged by a whole factor so that
    letters fit; with ``max_side_px`` larger ones are reduced.

    Parameters
    ----------
    micrograph : (H, W) of any real type; nan is drawn black.
    max_side_px : the longest side of the drawing at most.
    ids : write the particles' ids where there is room.

    Returns
    -------
    (h, w, 3) uint8, RGB.
    """
    scale = figure_scale(micrograph.shape, max_side_px)
    canvas = _background(micrograph, annotations, scale)
    boxes = [_scaled_box(annotation.bbox, scale) for annotation in annotations]
    for box in boxes:
        _hatch(canvas, box)
    diameters = np.sqrt([4 / np.pi * particle.instance.area_px for particle in particles]) * scale
    strokes = Strokes.fitting(canvas.shape[:2], diameters)
    colours = _class_colours(particles)
    _draw_outlines(canvas, particles, colours, scale, strokes.outline)

    lettering = Lettering(canvas, strokes.letters)
    _draw_scale_bar(lettering, micrograph, boxes, scale)
    if colours:
        lettering.legend(colours, boxes)
    if ids:
        lettering.number(particles, scale, strokes.ids)
    return lettering.finished()


def thumbnail(micrograph: Micrograph, particles: Sequence[Particle], annotations: Sequence[Annotation] = ()) -> Canvas:
    """Draw an overlay without ids whose longest side is at most 640 px; see ``draw_overlay``."""
    return draw_overlay(micrograph, particles, annotations, max_side_px=THUMBNAIL_PX, ids=False)


def figure_scale(shape: tuple[int, int], max_side_px: int | None) -> float:
    """Return canvas pixels per image pixel: a whole factor for small pictures, at most 1 for those that must shrink."""
    side = max(1, *shape)
    if max_side_px is not None and side > max_side_px:
        return max_side_px / side
    wanted = SMALLEST_FIGURE_PX if max_side_px is None else min(SMALLEST_FIGURE_PX, max_side_px)
    factor = -(-wanted // side)
    return float(factor if max_side_px is None else max(1, min(factor, max_side_px // side)))


def _background(micrograph: Micrograph, annotations: Sequence[Annotation], scale: float) -> Canvas:
    grey = stretched(micrograph.pixels, display_range(micrograph.pixels, annotations))
    if scale != 1:
        height, width = (max(1, round(side * scale)) for side in micrograph.shape)
        grey = np.asarray(cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC), np.uint8)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), np.uint8)


def _hatch(canvas: Canvas, box: BBox) -> None:
    """Shade a box lightly and draw diagonal lines over it, so that it can still be read."""
    part = canvas[box.slices]
    if not part.size:
        return
    rows, columns = np.ogrid[: part.shape[0], : part.shape[1]]
    spacing = max(8, max(canvas.shape) // 90)
    lines = (rows + columns) % spacing < max(1, spacing // 8)
    shaded = part * np.float32(ANNOTATION_SHADE) + np.float32(255 * (1 - ANNOTATION_SHADE) / 2)
    shaded[lines] = shaded[lines] * 0.5 + np.float32(0.5) * np.array(palette.SKY_BLUE, np.float32)
    part[:] = shaded.astype(np.uint8)


def _draw_outlines(canvas: Canvas, particles: Sequence[Particle], colours: Mapping[str, palette.Colour], scale: float, stroke: int) -> None:
    lines: dict[palette.Colour, list[NDArray[np.int32]]] = {}
    casings: list[NDArray[np.int32]] = []
    dashes: list[NDArray[np.int32]] = []
    for particle, points in zip(particles, outlines_xy(particles), strict=True):
        # Pixel centres lie on whole numbers in the image and on the canvas.
        outline = (_thinned(points, scale) + 0.5) * scale - 0.5
        if particle.excluded is not None:
            casings.append(_fixed_point(outline))
            dashes.extend(_fixed_point(dash) for dash in dashed(outline, 5.0 * stroke))
        else:
            lines.setdefault(colours.get(class_of(particle), palette.COUNTED), []).append(_fixed_point(outline))
    # Grey dashes are seen on dark and on bright grounds only where something dark lies under them.
    cv2.polylines(canvas, casings, True, palette.CASING, stroke, cv2.LINE_AA, SUBPIXEL_BITS)
    cv2.polylines(canvas, dashes, False, palette.EXCLUDED, stroke, cv2.LINE_AA, SUBPIXEL_BITS)
    for colour, outlines in lines.items():
        cv2.polylines(canvas, outlines, True, colour, stroke, cv2.LINE_AA, SUBPIXEL_BITS)


def _thinned(points: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    """Leave out every second point where nobody would see it: outlines have more than one point a pixel, and lines cost time."""
    return points[::2] if scale < FINE_SCALE and len(points) > FEW_POINTS else points


def dashed(outline: NDArray[np.float64], dash: float) -> list[NDArray[np.float64]]:
    """Cut a closed outline into dashes of about that length, with gaps three quarters as long.

    Parameters
    ----------
    outline : (n, 2), not closed by a repeated point.

    Returns
    -------
    Open lines of five points each.
    """
    closed = np.vstack([outline, outline[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    count = max(2, round(along[-1] / (1.75 * dash)))
    at = (np.arange(count)[:, None] + np.linspace(0, 1 / 1.75, 5)) * (along[-1] / count)
    points = np.stack([np.interp(at, along, closed[:, axis]) for axis in (0, 1)], axis=-1)
    return list(points)


def class_of(particle: Particle) -> str:
    """Return the name of the particle's first classification, or ""."""
    return next((name for name, _ in particle.classes.values()), "")


def _class_colours(particles: Sequence[Particle]) -> dict[str, palette.Colour]:
    return palette.class_colours(sorted({class_of(particle) for particle in particles} - {""}))


def _draw_scale_bar(lettering: Lettering, micrograph: Micrograph, taken: Sequence[BBox], scale: float) -> None:
    bar = scale_bar(micrograph.shape[1], micrograph.pixel_size)
    length = max(1, round(bar.length_px * scale))
    lettering.scale_bar(length, bar.label, lambda box, margin: free_corner(lettering.shape, box, margin, taken))


def _fixed_point(points: NDArray[np.float64]) -> NDArray[np.int32]:
    return np.rint(points * (1 << SUBPIXEL_BITS)).astype(np.int32)


def _scaled_box(box: BBox, scale: float) -> BBox:
    return BBox(round(box.y0 * scale), round(box.x0 * scale), round(box.y1 * scale), round(box.x1 * scale))
