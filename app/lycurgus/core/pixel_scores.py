"""Scores of pixels: confusion matrices of any number of classes, IoU, Dice, accuracy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]


def confusion_matrix(found: NDArray[Any], truth: NDArray[Any], *, n_classes: int = 2) -> Counts:
    """Count the pixels of each true class (row) that were given each class (column).

    Parameters
    ----------
    found, truth : arrays of one shape, bool or whole numbers 0 ... n_classes − 1.

    Raises
    ------
    ValueError
        The shapes differ, or a class is out of range.
    """
    if found.shape != truth.shape:
        raise ValueError(f"{found.shape} found and {truth.shape} true pixels cannot be compared")
    for classes in (found, truth):
        if classes.size and not (classes.min() >= 0 and classes.max() < n_classes):
            raise ValueError(f"a class is out of the range 0 ... {n_classes - 1}")
    code = truth.astype(np.int64).ravel() * n_classes + found.astype(np.int64).ravel()
    return np.bincount(code, minlength=n_classes**2).reshape(n_classes, n_classes)


@dataclass(frozen=True, slots=True, eq=False)
class PixelScores:
    """What a confusion matrix says; nan for a class that is neither found nor true.

    Attributes
    ----------
    iou, dice : (c,) of each class: TP/(TP + FP + FN), 2TP/(2TP + FP + FN).
    accuracy : share of the pixels that have the right class ("global accuracy").
    """

    iou: NDArray[np.float64]
    dice: NDArray[np.float64]
    accuracy: float


def pixel_scores(confusion: Counts) -> PixelScores:
    """Compute the scores of a confusion matrix as ``confusion_matrix`` makes it."""
    right = np.diag(confusion).astype(np.float64)
    true_or_found = confusion.sum(axis=1) + confusion.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return PixelScores(
            iou=right / (true_or_found - right),
            dice=2 * right / true_or_found,
            accuracy=float(np.float64(right.sum()) / confusion.sum()),
        )
