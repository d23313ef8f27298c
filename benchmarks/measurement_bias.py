"""How far measured numbers are from the truth, for shapes of known size at random places between pixels and random angles.

    python benchmarks/measurement_bias.py --date 2025-01-31

Prints a table of mean bias ± standard deviation in percent for each shape and size, and rewrites the one between the markers in
docs/measurement-accuracy.md (``--print-only`` leaves it alone). A pixel belongs to a shape when its centre does.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import ellipe

from lycurgus.core.measure_table import Table, measure_table
from lycurgus.core.types import BBox, Instance

PAGE = Path(__file__).resolve().parent.parent / "docs" / "measurement-accuracy.md"
BEGIN, END = "<!-- bias table: begin -->", "<!-- bias table: end -->"
SIZES = (5, 6, 8, 10, 14, 20, 30, 50, 100, 200, 400)
COLUMNS = {
    "equivalent_diameter": "ECD",
    "fitted_circle_diameter": "fitted circle",
    "feret_max": "Fmax",
    "feret_min": "Fmin",
    "feret_90": "F90",
    "perimeter": "perimeter",
    "circularity": "circularity",
    "major_axis": "major axis",
    "minor_axis": "minor axis",
    "solidity": "solidity",
    "convexity": "convexity",
}

Inside = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape of known numbers.

    Attributes
    ----------
    inside : tells which points (along, across its axis, in px) belong to it.
    truth : exact values of the descriptors; what is missing has no exact value or none of interest.
    """

    inside: Inside
    truth: Mapping[str, float]


def disc(size: float) -> Shape:
    return ellipse(size, 1.0)


def ellipse(size: float, ratio: float = 0.5) -> Shape:
    minor = ratio * size
    perimeter = 2 * size * float(ellipe(1 - ratio**2))
    truth = _truth(np.pi / 4 * size * minor, perimeter, size, minor, minor) | {"major_axis": size, "minor_axis": minor}
    if ratio == 1:
        truth["fitted_circle_diameter"] = size
    return Shape(lambda along, across: np.hypot(along / size, across / minor) <= 0.5, truth)


def rectangle(size: float, ratio: float = 0.5) -> Shape:
    width = ratio * size
    diagonal = float(np.hypot(size, width))
    truth = _truth(size * width, 2 * (size + width), diagonal, width, 2 * size * width / diagonal)
    truth |= {"major_axis": 2 * size / np.sqrt(3), "minor_axis": 2 * width / np.sqrt(3)}
    return Shape(lambda along, across: (np.abs(along) <= size / 2) & (np.abs(across) <= width / 2), truth)


def square(size: float) -> Shape:
    return rectangle(size, 1.0)


def _truth(area: float, perimeter: float, feret_max: float, feret_min: float, feret_90: float) -> dict[str, float]:
    return {
        "equivalent_diameter": float(np.sqrt(4 * area / np.pi)),
        "perimeter": perimeter,
        "circularity": 4 * np.pi * area / perimeter**2,
        "feret_max": feret_max,
        "feret_min": feret_min,
        "feret_90": feret_90,
        "solidity": 1.0,
        "convexity": 1.0,
    }


SHAPES: dict[str, Callable[[float], Shape]] = {"disc": disc, "ellipse 2:1": ellipse, "square": square, "rectangle 2:1": rectangle}


def digitised(shape: Shape, size: float, rng: np.random.Generator) -> Instance:
    """Draw the shape once, at a random place and angle."""
    side = int(1.5 * size) + 6
    y, x = np.mgrid[:side, :side] - side / 2
    dy, dx = y + rng.uniform(-0.5, 0.5), x + rng.uniform(-0.5, 0.5)
    angle = rng.uniform(0, np.pi)
    mask = shape.inside(dx * np.cos(angle) + dy * np.sin(angle), dy * np.cos(angle) - dx * np.sin(angle))
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = BBox(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
    return Instance(box, mask[box.slices].copy())


def bias(table: Table, truth: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    """Mean bias and standard deviation in percent of the truth."""
    errors = {name: 100 * (table[name] / exact - 1) for name, exact in truth.items()}
    return {name: (float(error.mean()), float(error.std())) for name, error in errors.items()}


def markdown(draws: int, seed: int) -> str:
    """Every shape and size as one table."""
    lines = ["| shape | px | " + " | ".join(COLUMNS.values()) + " |", "|---|--:|" + "--:|" * len(COLUMNS)]
    for name, make in SHAPES.items():
        for size in SIZES:
            rng = np.random.default_rng([seed, size])
            shape = make(size)
            result = bias(measure_table([digitised(shape, size, rng) for _ in range(draws)]), shape.truth)
            cells = [f"{result[column][0]:+.1f} ± {result[column][1]:.1f}" if column in result else "" for column in COLUMNS]
            lines.append(f"| {name} | {size} | " + " | ".join(cells) + " |")
    return "\n".join(lines).replace("-0.0 ±", "+0.0 ±")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=200, help="of each shape and size")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--date", default=date.today().isoformat(), help="to be printed above the table")
    parser.add_argument("--machine", default=f"{os.cpu_count()} CPU cores", help="to be printed above the table")
    parser.add_argument("--print-only", action="store_true", help="do not rewrite the page")
    options = parser.parse_args()

    heading = f"{options.date}, {options.machine}: `python benchmarks/measurement_bias.py --draws {options.draws} --seed {options.seed}`"
    text = f"{heading}\n\n{markdown(options.draws, options.seed)}\n"
    print(text)
    if options.print_only:
        return
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
