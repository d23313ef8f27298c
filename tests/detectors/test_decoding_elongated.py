"""Pieces of one rod are joined; particles that touch are not, however shallow the valley between them seems."""

import numpy as np
import pytest
from numpy.typing import NDArray

from lycurgus.detectors.decoding.basins import Basins, passes
from lycurgus.detectors.decoding.elongated import join_elongated

SIDE = 160


def joined(labels: NDArray[np.int32], *, valley: float) -> int:
    """How many particles become of labelled pieces of peak 0.8, between which the distance dips by a part of it."""
    height = np.where(labels > 0, np.float32(0.8 * (1 - valley)), np.float32(0)).astype(np.float32)
    pieces = Basins(labels, np.full(int(labels.max()), 0.8, np.float32))
    return int(join_elongated(pieces, passes(labels, height)).max())


def rod_in_pieces(count: int, *, length: float, width: float, angle_deg: float) -> NDArray[np.int32]:
    """A rectangle with round ends, cut across into equal pieces."""
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    angle = np.deg2rad(angle_deg)
    along, across = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    inside = np.hypot(np.maximum(np.abs(along) - (length - width) / 2, 0), across) <= width / 2
    piece = np.clip((along / length + 0.5) * count, 0, count - 1).astype(np.int32)
    return np.where(inside, piece + 1, 0).astype(np.int32)


def discs(*circles: tuple[float, float, float]) -> NDArray[np.int32]:
    labels = np.zeros((SIDE, SIDE), np.int32)
    y, x = np.mgrid[:SIDE, :SIDE]
    for number, (row, column, radius) in enumerate(circles, start=1):
        labels[(np.hypot(y - row, x - column) <= radius) & (labels == 0)] = number
    return labels


@pytest.mark.parametrize("angle_deg", [0, 17, 45, 90, 128])
@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize(("length", "width"), [(65, 10), (50, 7.7), (120, 12)])
def test_the_pieces_of_a_rod_are_one(length: float, width: float, count: int, angle_deg: float) -> None:
    assert joined(rod_in_pieces(count, length=length, width=width, angle_deg=angle_deg), valley=0.4) == 1


def test_a_deep_valley_parts_rods_that_lie_end_to_end() -> None:
    assert joined(rod_in_pieces(2, length=130, width=10, angle_deg=30), valley=0.7) == 2


@pytest.mark.parametrize("radius", [6, 12, 25])
@pytest.mark.parametrize("closer", [0.0, 0.1, 0.25])
def test_touching_discs_stay_two(radius: float, closer: float) -> None:
    apart = radius * (2 - closer)
    assert joined(discs((80, 80 - apart / 2, radius), (80, 80 + apart / 2, radius)), valley=0.3) == 2


def test_discs_in_a_row_stay_apart() -> None:
    assert joined(discs(*((80, 20 + 24 * k, 12) for k in range(5))), valley=0.3) == 5


def test_touching_squares_stay_two() -> None:
    labels = np.zeros((SIDE, SIDE), np.int32)
    labels[40:80, 30:70], labels[40:80, 70:110] = 1, 2
    assert joined(labels, valley=0.3) == 2


@pytest.mark.parametrize("shifted", [0, 10, 30])
def test_rods_side_by_side_stay_two(shifted: int) -> None:
    labels = np.zeros((SIDE, SIDE), np.int32)
    labels[60:70, 30:95], labels[70:80, 30 + shifted : 95 + shifted] = 1, 2
    assert joined(labels, valley=0.3) == 2
    assert joined(np.ascontiguousarray(labels.T), valley=0.3) == 2
