"""What lies under the mouse: place, value and particle, and the line that says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lycurgus.core.types import Particle, PixelSize, Plane
from lycurgus.ui.viewer.colouring import particle_text

Find = Callable[[float, float], Particle | None]


@dataclass(frozen=True, slots=True)
class Hover:
    """One pixel of the image.

    Attributes
    ----------
    y, x : the pixel.
    nm : its place in nm, "" without calibration.
    value : as stored.
    particle : that it belongs to, or None.
    """

    y: int
    x: int
    nm: str
    value: float
    particle: Particle | None

    @property
    def text(self) -> str:
        """A line for the status bar."""
        parts = [f"y {self.y}, x {self.x} px", self.nm, f"value {_number(self.value)}"]
        if self.particle is not None:
            parts.append(particle_text(self.particle))
        return "   ·   ".join(filter(None, parts))


def hover_at(y: float, x: float, pixels: Plane, pixel_size: PixelSize | None, find: Find | None) -> Hover | None:
    """Look up an image point; None beside the image.

    Parameters
    ----------
    find : returns the particle at (y, x).
    """
    row, column = round(y), round(x)
    if not (0 <= row < pixels.shape[0] and 0 <= column < pixels.shape[1]):
        return None
    nm = "" if pixel_size is None else f"y {row * pixel_size.y_nm:.1f}, x {column * pixel_size.x_nm:.1f} nm"
    return Hover(row, column, nm, pixels[row, column].item(), find(y, x) if find else None)


def _number(value: float) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
