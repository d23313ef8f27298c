"""Particles from the foreground alone: its connected regions."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from lycurgus.detectors.decoding.candidates import Candidate, cut_out
from lycurgus.detectors.decoding.distance import foreground_of, probabilities_of, worthy
from lycurgus.detectors.decoding.params import DecodingParams


def decode_semantic(fields: NDArray[np.float32], params: DecodingParams) -> list[Candidate]:
    """Take every 8-connected region of the foreground for a particle, its mean probability for the score.

    Parameters
    ----------
    fields : (1 or more, H, W), the foreground logit first.
    """
    foreground = foreground_of(fields[0], params)
    count, labels = cv2.connectedComponents(foreground.view(np.uint8), connectivity=8)
    owner = labels[foreground] - 1
    probability = probabilities_of(fields[0][foreground])
    areas_px = np.bincount(owner, minlength=count - 1)
    means = np.bincount(owner, weights=probability, minlength=count - 1) / np.maximum(areas_px, 1)
    return worthy(cut_out(np.asarray(labels, dtype=np.int32), means, areas_px), params)
