"""What decides how a network's fields become particles; the defaults of a model stand in its manifest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Head = Literal["semantic", "distance", "star-convex", "completed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodingParams:
    """Thresholds of the decoders.

    Attributes
    ----------
    head : how instances are made: "semantic" takes connected regions, "distance" cuts them along the valleys of the distance,
        "star-convex" weighs valleys against rays and draws the polygon that the rays of a particle's pixels agree on, and "completed"
        keeps the particles of "distance" and adds the part that neighbours hide, where the rays' polygon fits what is seen.
    score : candidates below it are dropped, 0 ... 1.
    overlap : two candidates of a higher IoU are one particle, 0 ... 1.
    foreground : least foreground probability of a particle's pixel, within 0 ... 1.
    seed_depth : two peaks of the distance are two particles where the pass between them lies below the lower peak by more than this part
        of it, 0 ... 1.
    seed_height : lesser peaks of the distance belong to the neighbour with the highest pass, 0 ... 1.
    smoothing_px : Gaussian sigma for the distance before its peaks are looked for, px; 0 for none.
    min_area_px : smaller candidates are dropped.
    """

    head: Head = "completed"
    score: float = 0.5
    overlap: float = 0.4
    foreground: float = 0.5
    seed_depth: float = 0.25
    seed_height: float = 0.25
    smoothing_px: float = 1.0
    min_area_px: int = 4

    def __post_init__(self) -> None:
        for name in ("score", "overlap", "seed_depth", "seed_height"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie in 0 ... 1, not {getattr(self, name)}")
        if not 0 < self.foreground < 1:
            raise ValueError(f"foreground must lie between 0 and 1, not {self.foreground}")
        if self.smoothing_px < 0 or self.min_area_px < 1:
            raise ValueError("smoothing_px must not be negative, and min_area_px at least 1")
