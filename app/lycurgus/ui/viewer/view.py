"""Which part of an image is seen and how large: a value, and the arithmetic of zooming and panning."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, floor, inf

from PySide6.QtCore import QPointF, QRectF

from lycurgus.core.types import BBox

LARGEST_SCALE = 100.0
SMALLEST_SIDE = 48.0
"""However far one zooms out, so many screen pixels of the image's long side remain."""


@dataclass(frozen=True, slots=True)
class View:
    """The image point in the middle of a widget, and the zoom.

    Attributes
    ----------
    y, x : of the point in the middle, in image pixels; pixel centres lie on whole numbers.
    scale : logical screen pixels per image pixel.
    width, height : of the widget, logical pixels.
    """

    y: float = 0.0
    x: float = 0.0
    scale: float = 1.0
    width: int = 1
    height: int = 1

    def to_screen(self, y: float, x: float) -> QPointF:
        return QPointF((x - self.x) * self.scale + self.width / 2, (y - self.y) * self.scale + self.height / 2)

    def to_image(self, at: QPointF) -> tuple[float, float]:
        """Return the image point (y, x) under a point of the widget."""
        return (at.y() - self.height / 2) / self.scale + self.y, (at.x() - self.width / 2) / self.scale + self.x

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Image coordinates (y0, x0, y1, x1) of the widget's edges."""
        return (*self.to_image(QPointF(0, 0)), *self.to_image(QPointF(self.width, self.height)))

    def visible_box(self, shape: tuple[int, int]) -> BBox | None:
        """Return the pixels of an image of this shape (H, W) that are at least partly seen; None where there are none."""
        y0, x0, y1, x1 = self.bounds
        box = BBox(max(0, floor(y0 + 0.5)), max(0, floor(x0 + 0.5)), min(shape[0], ceil(y1 + 0.5)), min(shape[1], ceil(x1 + 0.5)))
        return box if box.height > 0 and box.width > 0 else None

    def screen_rect(self, y0: float, x0: float, y1: float, x1: float) -> QRectF:
        """Return where the half-open pixel box lies on the widget."""
        return QRectF(self.to_screen(y0 - 0.5, x0 - 0.5), self.to_screen(y1 - 0.5, x1 - 0.5))

    def resized(self, width: int, height: int) -> View:
        return replace(self, width=max(1, width), height=max(1, height))

    def fitted(self, shape: tuple[int, int], *, margin: float = 8.0) -> View:
        """Show all of an image of this shape (H, W)."""
        room_y, room_x = max(1.0, self.height - 2 * margin), max(1.0, self.width - 2 * margin)
        scale = min(room_y / max(1, shape[0]), room_x / max(1, shape[1]), LARGEST_SCALE)
        return replace(self, y=(shape[0] - 1) / 2, x=(shape[1] - 1) / 2, scale=scale)

    def zoomed(self, factor: float, about: QPointF, shape: tuple[int, int]) -> View:
        """Zoom so that the image point under ``about`` stays where it is."""
        smallest = min(SMALLEST_SIDE / max(1, *shape), self.fitted(shape).scale)
        scale = min(max(self.scale * factor, smallest), LARGEST_SCALE)
        y, x = self.to_image(about)
        dy, dx = about.y() - self.height / 2, about.x() - self.width / 2
        return replace(self, y=y - dy / scale, x=x - dx / scale, scale=scale).held(shape)

    def panned(self, by: QPointF, shape: tuple[int, int]) -> View:
        """Move the image by so many screen pixels."""
        return replace(self, y=self.y - by.y() / self.scale, x=self.x - by.x() / self.scale).held(shape)

    def centred(self, y: float, x: float) -> View:
        return replace(self, y=y, x=x)

    def held(self, shape: tuple[int, int]) -> View:
        """Keep the middle of the widget on the image, so that no one loses it."""
        return replace(self, y=min(max(self.y, 0.0), shape[0] - 1.0), x=min(max(self.x, 0.0), shape[1] - 1.0))

    def filled(self, shape: tuple[int, int]) -> View:
        """Move so that no more of the ground beside the image is seen than this zoom needs."""

        def middle(at: float, side: int, room: float) -> float:
            half = room / self.scale / 2
            return (side - 1) / 2 if 2 * half >= side else min(max(at, half - 0.5), side - 0.5 - half)

        return replace(self, y=middle(self.y, shape[0], self.height), x=middle(self.x, shape[1], self.width))

    def shows(self, box: BBox, *, part: float = 0.0) -> bool:
        """Tell whether the box's centre is in sight, or all of it within its edges less ``part`` of the widget."""
        y0, x0, y1, x1 = self.bounds
        inset_y, inset_x = part * (y1 - y0), part * (x1 - x0)
        y, x = (box.y0 + box.y1 - 1) / 2, (box.x0 + box.x1 - 1) / 2
        return y0 + inset_y <= y <= y1 - inset_y and x0 + inset_x <= x <= x1 - inset_x


def bounding(boxes: list[BBox]) -> BBox:
    """Return the smallest box around several."""
    y0 = x0 = inf
    y1 = x1 = -inf
    for box in boxes:
        y0, x0, y1, x1 = min(y0, box.y0), min(x0, box.x0), max(y1, box.y1), max(x1, box.x1)
    return BBox(int(y0), int(x0), int(y1), int(x1))
