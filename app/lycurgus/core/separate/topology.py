"""Holes of a mask: how many, and filling the small ones."""

from __future__ import annotations

import cv2
import numpy as np

from lycurgus.core.types import Mask


def count_holes(mask: Mask) -> int:
    """Count the 4-connected pieces of background that a mask (h, w) of bool encloses."""
    return cv2.connectedComponents(np.pad(~mask, 1, constant_values=True).view(np.uint8), connectivity=4)[0] - 2
