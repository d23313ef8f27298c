"""How far measured numbers are from the truth, for shapes of known size at random places between pixels and random angles.

    python benchmarks/measurement_bias.py --date 2025-01-31
    python benchmarks/measurement_bias.py --chain --date 2025-01-31

Prints a table of mean bias ± standard deviation in percent for each shape and size, and rewrites the one between the markers in
docs/measurement-accuracy.md (``--print-only`` leaves it alone). A pixel belongs to a shape when its centre does.

With ``--chain`` the other table is made: of the equivalent diameter after the whole way from a simulated picture of discs or spheres,
blurred and noisy, through denoising and Otsu's threshold, or through the bundled network, to the measurement.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import ellipe

from lycurgus.core.measure_table import Table, measure_table
from lycurgus.core.params import AnalysisParams
from lycurgus.core.types import BBox, Instance, Micrograph
from lycurgus.parameters import default_params
from lycurgus.pipeline import analyze

PAGE = Path(__file__).resolve().parent.parent / "docs" / "measurement-accuracy.md"
BEGIN, END = "<!-- bias table: begin -->", "<!-- bias table: end -->"
CHAIN_BEGIN, CHAIN_END = "<!-- chain table: begin -->", "<!-- chain table: end -->"
CHAIN_SIZES = (5, 6, 8, 10, 14, 20, 30, 50, 100)
NOISE_SHARES = (0.05, 0.2)
"""Deviation of the noise over the contrast of the particles."""

BLUR_PX = 0.7
SUBPIXELS = 8
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


def simulated(profile: Profile, diameter: int, count: int, noise: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw bright particles of contrast 1 on even ground, two diameters apart, each pixel the mean of its area, blurred and noisy."""
    cell = max(2 * diameter, diameter + 8)
    side = int(np.ceil(np.sqrt(count)))
    picture = np.zeros((side * cell, side * cell), dtype=np.float32)
    y, x = (np.mgrid[: cell * SUBPIXELS, : cell * SUBPIXELS] + 0.5) / SUBPIXELS - cell / 2
    for row in range(side):
        for column in range(side):
            dy, dx = rng.uniform(-0.5, 0.5, 2)
            fine = profile(np.hypot(y - dy, x - dx) / (diameter / 2))
            mean = fine.reshape(cell, SUBPIXELS, cell, SUBPIXELS).mean(axis=(1, 3))
            picture[row * cell : (row + 1) * cell, column * cell : (column + 1) * cell] = mean
    blurred = cv2.GaussianBlur(picture, (0, 0), BLUR_PX)
    return np.asarray(blurred + rng.normal(0, noise, picture.shape), dtype=np.float32)


def chain(denoise: str) -> AnalysisParams:
    """Return the defaults with another filter, for bright particles that may be small."""
    params = default_params(detector="otsu")
    return without_masks(
        params.model_copy(
            update={
                "preprocess": params.preprocess.model_copy(update={"denoise": denoise}),
                "detector": params.detector.model_copy(update={"polarity": "bright"}),
            }
        )
    )


def without_masks(params: AnalysisParams) -> AnalysisParams:
    """Return parameters for pictures of small particles in which nothing is burnt."""
    return params.model_copy(
        update={
            "cleaning": params.cleaning.model_copy(update={"speck_px": 8}),
            "annotations": params.annotations.model_copy(update={"data_bar": "none", "labels": "none"}),
        }
    )


Profile = Callable[[NDArray[np.float64]], NDArray[np.floating]]
"""Contrast by the distance from the centre, as a part of the radius."""

PROFILES: dict[str, Profile] = {
    "disc": lambda distance: (distance <= 1).astype(np.float32),
    "sphere": lambda distance: np.sqrt(np.clip(1 - distance**2, 0, None)),
}
"""A disc is a plate seen from above, of the same thickness everywhere; a sphere is as bright as it is thick."""

CHAINS = {
    "no filter": chain("none"),
    "Gaussian of 1 px (default)": chain("gaussian"),
    "bundled network": without_masks(default_params(detector="network")),
}


def chain_markdown(draws: int, seed: int) -> str:
    """Bias of the equivalent diameter after the whole chain."""
    columns = [f"{name}, noise {100 * share:.0f} %" for name in CHAINS for share in NOISE_SHARES]
    lines = ["| shape | px | " + " | ".join(columns) + " |", "|---|--:|" + "--:|" * len(columns)]
    for name, profile in PROFILES.items():
        for size in CHAIN_SIZES:
            cells = []
            for params in CHAINS.values():
                for share in NOISE_SHARES:
                    picture = simulated(profile, size, min(draws, 25 if size >= 50 else draws), share, np.random.default_rng([seed, size]))
                    counted = analyze(Micrograph(Path(f"{name}.tif"), picture), params).counted
                    diameters = np.array([particle.measurement.equivalent_diameter_px for particle in counted])
                    error = 100 * (diameters / size - 1)
                    cells.append(f"{error.mean():+.1f} ± {error.std():.1f}" if error.size else "none found")
            lines.append(f"| {name} | {size} | " + " | ".join(cells) + " |")
    return "\n".join(lines).replace("-0.0 ±", "+0.0 ±")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=200, help="of each shape and size")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--date", default=date.today().isoformat(), help="to be printed above the table")
    parser.add_argument("--machine", default=f"{os.cpu_count()} CPU cores", help="to be printed above the table")
    parser.add_argument("--print-only", action="store_true", help="do not rewrite the page")
    parser.add_argument("--chain", action="store_true", help="the table of the whole chain from picture to diameter")
    options = parser.parse_args()

    flag, make, begin, end = ("--chain ", chain_markdown, CHAIN_BEGIN, CHAIN_END) if options.chain else ("", markdown, BEGIN, END)
    command = f"python benchmarks/measurement_bias.py {flag}--draws {options.draws} --seed {options.seed}"
    text = f"{options.date}, {options.machine}: `{command}`\n\n{make(options.draws, options.seed)}\n"
    print(text)
    if options.print_only:
        return
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(begin)
    _, after = rest.split(end)
    PAGE.write_text(f"{before}{begin}\n\n{text}\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
