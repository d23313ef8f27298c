"""Letters on overlays: ids where there is room for them, the scale bar and the legend."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lycurgus.core.types import BBox, Particle
from lycurgus.exporters import palette
from lycurgus.exporters.scalebar import free_corner
from lycurgus.resources import resource

WHITE = (255, 255, 255)
BLACK = (0, 0, 0)
PANEL = (0, 0, 0, 150)
GRID_PX = 3
MOST_IDS = 20_000


class Lettering:
    """Writes on a canvas and keeps account of where it has written.

    Parameters
    ----------
    canvas : (h, w, 3) uint8, RGB; not changed.
    letters_px : size of the letters of scale bar and legend.
    """

    def __init__(self, canvas: NDArray[np.uint8], letters_px: int) -> None:
        self.shape: tuple[int, int] = (canvas.shape[0], canvas.shape[1])
        self._picture = Image.fromarray(canvas)
        self._draw = ImageDraw.Draw(self._picture, "RGBA")
        self._letters_px = letters_px
        self._panels: list[BBox] = []

    def finished(self) -> NDArray[np.uint8]:
        """Return the canvas with everything on it, (h, w, 3) uint8."""
        return np.array(self._picture)

    def scale_bar(self, length: int, label: str, corner: Callable[[tuple[int, int], int], tuple[int, int]]) -> None:
        """Draw a white bar under its label on a dark panel.

        Parameters
        ----------
        length : of the bar, in canvas pixels.
        corner : gives the top left (y, x) for a box of (height, width) and a margin.
        """
        font = _font(self._letters_px)
        left, top, right, bottom = (round(side) for side in self._draw.textbbox((0, 0), label, font=font))
        pad, thick = max(3, self._letters_px // 2), max(2, self._letters_px // 4)
        width = max(length, right - left) + 2 * pad
        height = (bottom - top) + thick + pad // 2 + 2 * pad
        y, x = corner((height, width), pad)
        y, x = max(0, y), max(0, x)
        self._panel(BBox(y, x, y + height, x + width))
        self._draw.text((x + (width - (right - left)) / 2 - left, y + pad - top), label, font=font, fill=WHITE)
        bar_x, bar_y = x + (width - length) // 2, y + height - pad - thick
        self._draw.rectangle((bar_x, bar_y, bar_x + length - 1, bar_y + thick - 1), fill=WHITE)

    def legend(self, colours: Mapping[str, palette.Colour], taken: Sequence[BBox]) -> None:
        """Draw a line and a name for each class in a free corner."""
        size = max(10, round(self._letters_px * 0.85))
        font, pad, step = _font(size), max(3, size // 2), round(size * 1.4)
        widest = max(round(self._draw.textlength(name, font=font)) for name in colours)
        height, width = step * len(colours) + pad, widest + 2 * size + 3 * pad
        y, x = free_corner(self.shape, (height, width), pad, [*taken, *self._panels])
        self._panel(BBox(y, x, y + height, x + width))
        for index, (name, colour) in enumerate(colours.items()):
            middle = y + pad // 2 + round((index + 0.5) * step)
            self._draw.line((x + pad, middle, x + pad + 2 * size, middle), fill=colour, width=max(2, size // 5))
            self._draw.text((x + 2 * pad + 2 * size, middle), name, font=font, fill=WHITE, anchor="lm")

    def number(self, particles: Sequence[Particle], scale: float, size: int) -> None:
        """Write ids: inside particles that are wide enough, else beside them where nothing else is.

        Parameters
        ----------
        scale : canvas pixels per image pixel.
        size : of the letters, in canvas pixels.
        """
        font = _font(size)
        occupied = self._occupied(particles, scale)
        widths = [self._draw.textlength("0" * digits, font=font) for digits in range(1, 12)]
        largest_first = sorted(particles, key=lambda particle: (-particle.instance.area_px, particle.id))
        for particle in largest_first[:MOST_IDS]:
            text = str(particle.id)
            width, height = widths[len(text) - 1] + 2, size * 0.8 + 2
            spot = _spot(particle, scale, width, height, occupied)
            if spot is None or self._on_panel(*spot, width, height):
                continue
            y, x = spot
            colour = WHITE if particle.excluded is None else palette.EXCLUDED
            self._draw.text((x, y), text, font=font, fill=colour, anchor="mm", stroke_width=1, stroke_fill=BLACK)

    def _on_panel(self, y: float, x: float, width: float, height: float) -> bool:
        return any(
            y - height / 2 < box.y1 and box.y0 < y + height / 2 and x - width / 2 < box.x1 and box.x0 < x + width / 2
            for box in self._panels
        )

    def _panel(self, box: BBox) -> None:
        self._panels.append(box)
        self._draw.rounded_rectangle((box.x0, box.y0, box.x1 - 1, box.y1 - 1), radius=max(2, self._letters_px // 4), fill=PANEL)

    def _occupied(self, particles: Sequence[Particle], scale: float) -> NDArray[np.bool_]:
        """A coarse map of what must not be written on: particles and panels."""
        occupied = np.zeros((self.shape[0] // GRID_PX + 1, self.shape[1] // GRID_PX + 1), np.bool_)
        for particle in particles:
            box = particle.instance.bbox
            y0, x0, y1, x1 = _cells(box.y0 * scale, box.x0 * scale, box.y1 * scale, box.x1 * scale, occupied.shape)
            mask = cv2.resize(particle.instance.mask.view(np.uint8), (x1 - x0, y1 - y0), interpolation=cv2.INTER_NEAREST)
            occupied[y0:y1, x0:x1] |= mask.astype(np.bool_)
        for box in self._panels:
            y0, x0, y1, x1 = _cells(*box, occupied.shape)
            occupied[y0:y1, x0:x1] = True
        return occupied


def _spot(particle: Particle, scale: float, width: float, height: float, occupied: NDArray[np.bool_]) -> tuple[float, float] | None:
    """Find where the middle (y, x) of an id may stand, and mark it as taken."""
    needed = float(np.hypot(width, height))
    if min(particle.instance.mask.shape) * scale >= needed:
        depth, (y, x) = _deepest(particle, scale)
        if 2 * depth >= needed:
            return y, x
    for middle_y, middle_x in _beside(particle, scale, width, height):
        box = (middle_y - height / 2, middle_x - width / 2, middle_y + height / 2, middle_x + width / 2)
        if box[0] < 0 or box[1] < 0 or box[2] > occupied.shape[0] * GRID_PX - GRID_PX or box[3] > occupied.shape[1] * GRID_PX - GRID_PX:
            continue
        y0, x0, y1, x1 = _cells(*box, occupied.shape)
        if not occupied[y0:y1, x0:x1].any():
            occupied[y0:y1, x0:x1] = True
            return middle_y, middle_x
    return None


def _deepest(particle: Particle, scale: float) -> tuple[float, tuple[float, float]]:
    """The distance of a particle's innermost points from its outline, and the most central of them (y, x), in canvas pixels."""
    box, mask = particle.instance.bbox, particle.instance.mask
    depth = cv2.distanceTransform(np.pad(mask.view(np.uint8), 1), cv2.DIST_L2, 3)
    near_deepest = np.argwhere(depth >= 0.9 * depth.max())
    centre = (np.array(depth.shape) - 1) / 2
    y, x = near_deepest[np.argmin(np.square(near_deepest - centre).sum(axis=1))] - 1.0
    return float(depth.max()) * scale, ((box.y0 + y + 0.5) * scale, (box.x0 + x + 0.5) * scale)


def _beside(particle: Particle, scale: float, width: float, height: float) -> Iterator[tuple[float, float]]:
    """Middles of a text right, left, above, below and at the corners of a particle's box."""
    y0, x0, y1, x1 = (side * scale for side in particle.instance.bbox)
    middle_y, middle_x, gap = (y0 + y1) / 2, (x0 + x1) / 2, 2.0
    right, left, above, below = x1 + width / 2 + gap, x0 - width / 2 - gap, y0 - height / 2 - gap, y1 + height / 2 + gap
    yield from ((middle_y, right), (middle_y, left), (above, middle_x), (below, middle_x))
    yield from ((above, right), (below, right), (above, left), (below, left))


def _cells(y0: float, x0: float, y1: float, x1: float, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Grid cells that a box of canvas pixels covers, at least one."""
    top, left = min(max(0, int(y0 // GRID_PX)), shape[0] - 1), min(max(0, int(x0 // GRID_PX)), shape[1] - 1)
    bottom, right = min(int(-(-y1 // GRID_PX)), shape[0]), min(int(-(-x1 // GRID_PX)), shape[1])
    return top, left, max(bottom, top + 1), max(right, left + 1)


@lru_cache(maxsize=32)
def _font(size: int) -> ImageFont.FreeTypeFont:
    # Pillow's own font lacks the micro sign.
    return ImageFont.truetype(resource("fonts/DejaVuSans.ttf"), size)
