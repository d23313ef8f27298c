"""How the default network finds what is hard to find, beside Otsu, on pictures that its training has not seen.

    python benchmarks/hard_cases.py [--pictures 3] [--boxes FOLDER]

The pictures are drawn here, simply, by nothing that the training simulators use, so that they tell how far what was learnt carries.
Prints F1 at an IoU of 0.5 and of 0.75 for the network and how long it takes for a picture, end to end, and F1 at 0.5 for Otsu after a 5 x
5 Gaussian with separation by UECS. With a folder of images and YOLO boxes (``images/``, ``boxes/``) it also prints F1 of boxes at an IoU
of 0.3.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import lycurgus
from lycurgus.core.overlap import match
from lycurgus.core.types import BBox, Instance, Micrograph
from lycurgus.parameters import default_params, with_settings

Picture = NDArray[np.float32]
FINER = 4
"""Shapes are drawn this much larger and averaged down: edges fall between pixels as they do in nature."""


@dataclass(frozen=True)
class Case:
    """A kind of picture: its name, and what draws one."""

    name: str
    draw: Callable[[np.random.Generator], tuple[NDArray[np.uint8], list[Instance]]]


def shape_of(outline: NDArray[np.float64], side: int) -> tuple[Picture, Instance | None]:
    """Coverage (0 ... 1) of an outline (n, 2) of y, x in px, and the instance of the pixels that are covered by half."""
    fine = np.zeros((side * FINER, side * FINER), np.uint8)
    points = np.round((outline[:, ::-1] + 0.5) * FINER * 16 - 8).astype(np.int32)
    cv2.fillPoly(fine, [points], 255, shift=4)
    coverage = cv2.resize(fine, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    ys, xs = np.nonzero(coverage >= 0.5)
    if not len(ys):
        return coverage, None
    box = BBox(int(ys.min()), int(xs.min()), int(ys.max()) + 1, int(xs.max()) + 1)
    return coverage, Instance(box, coverage[box.slices] >= 0.5)


def disc(radius: float) -> NDArray[np.float64]:
    angle = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    return radius * np.column_stack([np.sin(angle), np.cos(angle)])


def rod(length: float, width: float) -> NDArray[np.float64]:
    """A rectangle with round ends."""
    cap = np.linspace(-np.pi / 2, np.pi / 2, 20)
    half, reach = width / 2, (length - width) / 2
    right = np.column_stack([half * np.sin(cap), reach + half * np.cos(cap)])
    return np.vstack([right, -right])


def cube(side: float, *, hollow: float = 0.0) -> NDArray[np.float64]:
    """A square; ``hollow`` draws its sides in by that part of the side."""
    t = np.linspace(-0.5, 0.5, 15, endpoint=False)
    edge = np.column_stack([np.full_like(t, 0.5) - hollow * (1 - 4 * t**2), t])
    turns = [np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) for a in np.arange(4) * np.pi / 2]
    return side * np.vstack([edge @ turn.T for turn in turns])


def octahedron(side: float) -> NDArray[np.float64]:
    """The hexagonal outline of an octahedron on one of its faces."""
    angle = np.arange(6) * np.pi / 3
    return 0.6 * side * np.column_stack([np.sin(angle), np.cos(angle)])


def turned(outline: NDArray[np.float64], angle: float, centre: Sequence[float]) -> NDArray[np.float64]:
    cosine, sine = np.cos(angle), np.sin(angle)
    return outline @ np.array([[cosine, -sine], [sine, cosine]]).T + np.asarray(centre)


def apart(rng: np.random.Generator, count: int, side: int, spacing: float) -> list[NDArray[np.float64]]:
    """Random centres that keep a distance."""
    centres: list[NDArray[np.float64]] = []
    for _ in range(count * 200):
        centre = rng.uniform(0.7 * spacing, side - 0.7 * spacing, 2)
        if all(np.hypot(*(centre - other)) > spacing for other in centres):
            centres.append(centre)
        if len(centres) == count:
            break
    return centres


def with_noise(clean: Picture, rng: np.random.Generator, snr_db: float) -> NDArray[np.uint8]:
    """Gaussian noise of a wanted 10 log10(mean(reference²) / mean squared error), on 0 ... 255."""
    sigma = np.sqrt(np.mean(clean.astype(np.float64) ** 2) / 10 ** (snr_db / 10))
    return np.clip(clean + rng.normal(0, sigma, clean.shape), 0, 255).astype(np.uint8)


def uneven(rng: np.random.Generator, side: int, low: float, high: float) -> Picture:
    knots = rng.uniform(low, high, (4, 4)).astype(np.float32)
    return cv2.resize(knots, (side, side), interpolation=cv2.INTER_CUBIC)


def isolated(
    outline: Callable[[np.random.Generator], NDArray[np.float64]],
    *,
    snr_db: float,
    contrast: float,
    shaded: bool,
    spacing: float,
    side: int = 512,
) -> Callable[[np.random.Generator], tuple[NDArray[np.uint8], list[Instance]]]:
    """Single bright particles of one shape at a wanted ratio of signal to noise."""

    def draw(rng: np.random.Generator) -> tuple[NDArray[np.uint8], list[Instance]]:
        picture = uneven(rng, side, 70, 150) if shaded else np.full((side, side), 80, np.float32)
        truth = []
        for centre in apart(rng, 24, side, spacing):
            coverage, instance = shape_of(turned(outline(rng), rng.uniform(0, 2 * np.pi), centre), side)
            picture = picture + contrast * coverage
            if instance is not None:
                truth.append(instance)
        return with_noise(picture, rng, snr_db), truth

    return draw


def crowd(rng: np.random.Generator, *, count: int = 220, radii: tuple[float, float] = (14, 34)) -> tuple[NDArray[np.uint8], list[Instance]]:
    """Overlapping bimetallic spheres in dark field: intensities add, heavy cores in half of them."""
    side = 1024
    picture = np.zeros((side, side), np.float32)
    truth = []
    for _ in range(count):
        radius = rng.uniform(*radii)
        centre = rng.uniform(radius * 0.5, side - radius * 0.5, 2)
        ys, xs = np.ogrid[0:side, 0:side]
        reach = np.hypot(ys - centre[0], xs - centre[1])
        thickness = np.sqrt(np.clip(radius**2 - reach**2, 0, None)) / radii[1]
        core = np.sqrt(np.clip((0.6 * radius) ** 2 - reach**2, 0, None)) / radii[1] if rng.random() < 0.5 else 0
        picture += rng.uniform(45, 90) * thickness + 70 * core
        instance = shape_of(disc(radius) + centre, side)[1]
        if instance is not None:
            truth.append(instance)
    counts = rng.poisson(np.clip(cv2.GaussianBlur(picture, (0, 0), 1.0) + 12, 0, None) * 1.2)
    return np.clip(counts, 0, 255).astype(np.uint8), truth


def touching(rng: np.random.Generator) -> tuple[NDArray[np.uint8], list[Instance]]:
    """Dark cubes and octahedra of varying contrast, side by side, in bright field."""
    side = 512
    picture = uneven(rng, side, 165, 195)
    truth = []
    for row in np.arange(40, side - 40, 47.0):
        for column in np.arange(40, side - 40, 47.0):
            if rng.random() < 0.15:
                continue
            outline = cube(44) if rng.random() < 0.5 else octahedron(42)
            centre = np.array([row, column]) + rng.uniform(-1.5, 1.5, 2)
            coverage, instance = shape_of(turned(outline, rng.uniform(-0.08, 0.08), centre), side)
            picture = picture * (1 - coverage * rng.uniform(0.3, 0.75))
            if instance is not None:
                truth.append(instance)
    return np.clip(cv2.GaussianBlur(picture, (0, 0), 1.0) + rng.normal(0, 9, picture.shape), 0, 255).astype(np.uint8), truth


def supported(rng: np.random.Generator) -> tuple[NDArray[np.uint8], list[Instance]]:
    """Bright particles of 6 to 20 px on a grainy bright support, dark field."""
    side = 768
    grains = np.zeros((side, side), np.float32)
    for _ in range(260):
        centre, axes = rng.normal(side / 2, side / 5, 2), rng.uniform(20, 70, 2)
        blob = np.zeros_like(grains)
        cv2.ellipse(blob, [int(c) for c in centre], [int(a) for a in axes], float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
        grains += rng.uniform(6, 18) * cv2.GaussianBlur(blob, (0, 0), 3)
    texture = cv2.GaussianBlur(rng.normal(0, 1, (side, side)).astype(np.float32), (0, 0), 4)
    picture = grains * (1 + 1.2 * texture)
    places = np.argwhere(grains > 25)
    truth = []
    for _ in range(90):
        coverage, instance = shape_of(disc(rng.uniform(3, 10)) + places[rng.integers(len(places))], side)
        picture = picture + rng.uniform(45, 120) * cv2.GaussianBlur(coverage, (0, 0), 1.0)
        if instance is not None:
            truth.append(instance)
    return np.clip(rng.poisson(np.clip(picture + 10, 0, None)), 0, 255).astype(np.uint8), truth


CASES = (
    Case("220 overlapping spheres, HAADF", crowd),
    Case("particles of 6-20 px on a support", supported),
    Case("rods 65 x 10 px, 14.55 dB", isolated(lambda _: rod(65, 10), snr_db=14.55, contrast=90, shaded=False, spacing=70)),
    Case("concave cubes 50 px, 7.49 dB", isolated(lambda _: cube(50, hollow=0.12), snr_db=7.49, contrast=90, shaded=False, spacing=75)),
    Case("spheres 40 px, faint, uneven, 7.49 dB", isolated(lambda _: disc(20), snr_db=7.49, contrast=40, shaded=True, spacing=60)),
    Case("rods 65 x 10 px, faint, uneven, 14.55 dB", isolated(lambda _: rod(65, 10), snr_db=14.55, contrast=35, shaded=True, spacing=70)),
    Case("cubes and octahedra touching, BF", touching),
    Case("110 overlapping spheres of 36-90 px, HAADF", partial(crowd, count=110, radii=(18, 45))),
    Case(
        "concave cubes 100 px, 7.49 dB",
        isolated(lambda _: cube(100, hollow=0.12), snr_db=7.49, contrast=42, shaded=False, spacing=140, side=768),
    ),
    Case("rods 22 x 5 px, 10 dB", isolated(lambda _: rod(22, 5), snr_db=10, contrast=45, shaded=False, spacing=40)),
)


def f1(found: Sequence[Sequence[Instance]], truth: Sequence[Sequence[Instance]], iou: float) -> float:
    hits = sum(len(match(a, b, threshold=iou)) for a, b in zip(found, truth, strict=True))
    return 2 * hits / max(1, sum(map(len, found)) + sum(map(len, truth)))


def boxes_of(instances: Sequence[Instance]) -> list[Instance]:
    return [Instance(one.bbox, np.ones((one.bbox.height, one.bbox.width), np.bool_)) for one in instances]


def boxed(folder: Path) -> tuple[list[NDArray[np.uint8]], list[list[Instance]]]:
    pictures, truth = [], []
    for path in sorted((folder / "images").iterdir()):
        picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        assert picture is not None
        height, width = picture.shape
        rows = [[float(value) for value in line.split()[1:5]] for line in (folder / "boxes" / f"{path.stem}.txt").read_text().splitlines()]
        boxes = []
        for cx, cy, w, h in rows:
            y0, y1 = max(0, round((cy - h / 2) * height)), min(height, round((cy + h / 2) * height))
            x0, x1 = max(0, round((cx - w / 2) * width)), min(width, round((cx + w / 2) * width))
            boxes.append(Instance(BBox(y0, x0, y1, x1), np.ones((y1 - y0, x1 - x0), np.bool_)))
        pictures.append(picture.astype(np.uint8))
        truth.append(boxes)
    return pictures, truth


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=3, help="pictures of each case")
    parser.add_argument("--boxes", type=Path, help="folder with images/ and YOLO boxes/")
    parser.add_argument("--set", action="append", default=[], metavar="STAGE.FIELD=VALUE", help="change the network's parameters")
    options = parser.parse_args()
    network = with_settings(default_params(detector="network"), options.set)
    otsu = with_settings(default_params(detector="otsu"), ["preprocess.sigma_px=1.1"])

    def run(picture: NDArray[np.uint8], params: lycurgus.AnalysisParams) -> list[Instance]:
        result = lycurgus.analyze(Micrograph(Path("drawn.png"), picture), params)
        return [particle.instance for particle in result.particles]

    print(f"{date.today().isoformat()}, {platform.machine()}, {options.pictures} pictures a case")
    run(CASES[0].draw(np.random.default_rng((0, 0)))[0], network)  # what is loaded once is loaded now
    print(f"{'':44s}{'network 0.5':>12s}{'0.75':>7s}{'s':>7s}{'side, px':>10s}{'Otsu 0.5':>10s}")
    for number, case in enumerate(CASES):
        scenes = [case.draw(np.random.default_rng((number, seed))) for seed in range(options.pictures)]
        truth = [particles for _, particles in scenes]
        began = time.perf_counter()
        by_network = [run(picture, network) for picture, _ in scenes]
        seconds_each = (time.perf_counter() - began) / len(scenes)
        by_otsu = [run(picture, otsu) for picture, _ in scenes]
        print(
            f"{case.name:44s}{f1(by_network, truth, 0.5):12.3f}{f1(by_network, truth, 0.75):7.3f}{seconds_each:7.2f}"
            f"{len(scenes[0][0]):10d}{f1(by_otsu, truth, 0.5):10.3f}",
            flush=True,
        )
    picture, _ = CASES[0].draw(np.random.default_rng((0, 0)))
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        run(picture, network)
        seconds.append(time.perf_counter() - began)
    print(f"the first picture, 1024 x 1024, end to end: {min(seconds):.2f} to {max(seconds):.2f} s in three warm runs")
    if options.boxes:
        pictures, truth = boxed(options.boxes)
        scores = [f1([boxes_of(run(picture, params)) for picture in pictures], truth, 0.3) for params in (network, otsu)]
        print(f"{f'boxes of {options.boxes.name}, IoU 0.3':44s}{scores[0]:12.3f}{'':24s}{scores[1]:10.3f}")


if __name__ == "__main__":
    main()
