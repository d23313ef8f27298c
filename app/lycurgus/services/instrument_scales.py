"""Default pixel sizes of instruments, for images that do not state one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lycurgus.core.types import Micrograph, PixelSize
from lycurgus.services.settings import InstrumentScale

_SAME_MAGNIFICATION = 1e-3
"""Relative: programs round the number that they write."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What a pixel size belongs to: an instrument at a magnification, where the file names one."""

    instrument: str
    magnification: float | None = None

    @property
    def words(self) -> str:
        """For a sentence: "Talos F200X at 225,000 ×"."""
        return self.instrument if self.magnification is None else f"{self.instrument} at {self.magnification:,.0f} ×"


def setup_of(micrograph: Micrograph) -> Setup | None:
    """Return the instrument that a micrograph names, or None where it names none."""
    instrument = str(micrograph.metadata.get("instrument", "")).strip()
    if not instrument:
        return None
    magnification = micrograph.metadata.get("magnification")
    usable = isinstance(magnification, (int, float)) and not isinstance(magnification, bool) and magnification > 0
    return Setup(instrument, float(magnification) if usable and magnification is not None else None)


def default_pixel_size(micrograph: Micrograph, scales: Iterable[InstrumentScale]) -> PixelSize | None:
    """Return the default of the micrograph's instrument at its magnification, or None.

    A default without magnification is that of images which name none: a pixel size holds for one magnification only.
    """
    setup = setup_of(micrograph)
    scale = None if setup is None else next((scale for scale in scales if _belongs(scale, setup)), None)
    return None if scale is None else PixelSize(scale.y_nm, scale.x_nm, "user")


def with_default(scales: Iterable[InstrumentScale], setup: Setup, size: PixelSize | None) -> tuple[InstrumentScale, ...]:
    """Return the defaults with that of one instrument and magnification replaced, or taken away where the size is None."""
    others = tuple(scale for scale in scales if not _belongs(scale, setup))
    if size is None:
        return others
    return (*others, InstrumentScale(instrument=setup.instrument, magnification=setup.magnification, y_nm=size.y_nm, x_nm=size.x_nm))


def _belongs(scale: InstrumentScale, setup: Setup) -> bool:
    if scale.instrument.casefold() != setup.instrument.casefold():
        return False
    if scale.magnification is None or setup.magnification is None:
        return scale.magnification is setup.magnification
    return abs(scale.magnification / setup.magnification - 1) <= _SAME_MAGNIFICATION
