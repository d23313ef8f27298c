"""The colours of overlays: Okabe and Ito's, which colour-blind readers tell apart (Okabe and Ito 2008, Color Universal Design)."""

from __future__ import annotations

Colour = tuple[int, int, int]

ORANGE: Colour = (230, 159, 0)
SKY_BLUE: Colour = (86, 180, 233)
GREEN: Colour = (0, 158, 115)
YELLOW: Colour = (240, 228, 66)
BLUE: Colour = (0, 114, 178)
VERMILLION: Colour = (213, 94, 0)
PURPLE: Colour = (204, 121, 167)
GREY: Colour = (205, 205, 205)
DARK: Colour = (45, 45, 45)

COUNTED = ORANGE
EXCLUDED = GREY
CASING = DARK
CLASSES: tuple[Colour, ...] = (ORANGE, SKY_BLUE, GREEN, YELLOW, PURPLE, VERMILLION, BLUE)
"""In the order in which classes get them; bright ones first, for a micrograph is dark and grey."""


def class_colours(names: list[str]) -> dict[str, Colour]:
    """Give each class a colour; beyond seven they repeat."""
    return {name: CLASSES[index % len(CLASSES)] for index, name in enumerate(names)}
