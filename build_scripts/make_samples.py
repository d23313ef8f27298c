"""Make the sample micrographs in resources/samples, with their ground truth: simulated, and the same at every run with the same libraries.

python build_scripts/make_samples.py [FOLDER]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Field = NDArray[np.float64]
Random = np.random.Generator

RESOURCES = Path(__file__).resolve().parent.parent / "resources"
FOLDER = RESOURCES / "samples"
SIDE_PX = 640
DATA_BAR_PX = 44


@dataclass(frozen=True)
class Body:
    """A particle seen from above: where it lies, how thick it is there, and the height of its top and its slope."""

    mask: NDArray[np.bool_]
    thickness: Field
    top: Field


def main(folder: Path = FOLDER) -> None:
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    for make in (haadf, bright_field, secondary_electrons):
        make(folder)


def haadf(folder: Path) -> None:
    """Metal crystallites on a carbon film, some above one another: HAADF-STEM, 16 bits, pixel size in ImageJ's tags."""
    random, nm_per_px = np.random.default_rng(79), 0.12
    bodies = scattered(random, 100, lambda: random.lognormal(np.log(29), 0.18), truncated_octahedron, closest=0.93)
    metal = sum((4.2 * body.thickness**0.6 * random.uniform(0.8, 1.2) for body in bodies), np.zeros((SIDE_PX, SIDE_PX)))
    film = 3.6 + 0.7 * cloud(random, 90) + 0.4 * cloud(random, 14)
    electrons = blurred(scan_jitter(random, film + 0.8 * metal), 0.9)
    counts = random.poisson(np.clip(electrons, 0.5, None)) * 256 + 1024
    save_imagej(folder / "haadf_stem_metal_on_carbon.tif", counts.astype(np.uint16), nm_per_px)
    save_truth(folder, "haadf_stem_metal_on_carbon", bodies, nm_per_px)


def bright_field(folder: Path) -> None:
    """Dark particles on an uneven background: BF-TEM, 8 bits, a burnt-in scale bar and no metadata."""
    random, nm_per_px = np.random.default_rng(47), 0.2
    corner = np.zeros((SIDE_PX, SIDE_PX), np.bool_)
    corner[-70:, :150] = True
    bodies = scattered(random, 62, lambda: random.lognormal(np.log(38), 0.16), rounded_crystal, closest=0.98, reserved=corner)
    transmitted = np.ones((SIDE_PX, SIDE_PX))
    for body in bodies:
        transmitted *= np.exp(-body.thickness * random.uniform(0.015, 0.03) * diffraction_contrast(random, body))
    # Slightly under focus, each outline is followed by a bright Fresnel fringe.
    fringe = blurred(transmitted, 1.2) - blurred(transmitted, 3.5)
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX] / SIDE_PX
    illumination = 176 - 62 * (x - 0.35) ** 2 - 40 * (y - 0.6) ** 2 - 14 * x * y
    carbon = 1 + 0.018 * grain(random, 1.1, 2.2) + 0.02 * cloud(random, 40)
    picture = illumination * carbon * np.clip(blurred(transmitted, 0.9) + 0.35 * fringe, 0.03, None)
    picture += 2.2 * blurred(random.normal(0, 1, picture.shape), 0.6) * np.sqrt(picture / 30)
    canvas = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
    draw_scale_bar(ImageDraw.Draw(canvas), (24, SIDE_PX - 26), round(20 / nm_per_px), "20 nm", fill=255)
    canvas.save(folder / "bf_tem_dark_particles.png", optimize=True)
    save_truth(folder, "bf_tem_dark_particles", bodies, nm_per_px)


def secondary_electrons(folder: Path) -> None:
    """Spheres and cubes on a wafer: SEM, 8 bits, a data bar at the bottom and the pixel size as FEI instruments store it."""
    random, nm_per_px = np.random.default_rng(28), 2.5
    spheres = scattered(random, 52, lambda: random.normal(58, 5), sphere, closest=0.97)
    cubes = scattered(
        random, 24, lambda: random.normal(46, 4), cube, closest=1.25, reserved=np.any([body.mask for body in spheres], axis=0)
    )
    bodies = spheres + cubes
    surface, shadow = np.zeros((SIDE_PX, SIDE_PX)), np.zeros((SIDE_PX, SIDE_PX))
    for body in bodies:
        surface = np.maximum(surface, body.top)
        shadow = np.maximum(shadow, blurred(body.mask.astype(np.float64), 9))
    picture = 58 + 5 * cloud(random, 60) + 2 * cloud(random, 6) - 44 * shadow * (surface == 0)
    for body in bodies:
        visible = body.mask & (body.top >= surface - 1e-9)
        picture[visible] = (secondary_yield(body) * random.uniform(0.93, 1.07))[visible]
    picture = blurred(picture, 1.0) + random.normal(0, 3.2, picture.shape)
    grey = np.clip(picture, 0, 255).astype(np.uint8)
    grey = np.vstack([grey, data_bar(nm_per_px)])
    fei = f"[User]\r\nUserText=simulated sample of Lycurgus\r\n[Scan]\r\nPixelWidth={nm_per_px}e-009\r\nPixelHeight={nm_per_px}e-009\r\n"
    path = folder / "sem_spheres_and_cubes.tif"
    tifffile.imwrite(path, grey, compression="zlib", predictor=True, metadata=None, extratags=[(34682, "s", 0, fei, True)])
    save_truth(folder, path.stem, bodies, nm_per_px, rows_below=DATA_BAR_PX)


def scattered(
    random: Random,
    count: int,
    diameter: Callable[[], float],
    shape: Callable[[Random, tuple[float, float], float], Body],
    *,
    closest: float,
    reserved: NDArray[np.bool_] | None = None,
) -> list[Body]:
    """Drop particles that cluster a little and keep a distance of ``closest`` times the mean of their diameters.

    No particle reaches into the reserved pixels.
    """
    placed: list[tuple[float, float, float]] = []
    free = np.ones((SIDE_PX, SIDE_PX), np.uint8) if reserved is None else (~reserved).astype(np.uint8)
    room = cv2.distanceTransform(free, cv2.DIST_L2, 5)
    while len(placed) < count:
        size = diameter()
        if placed and random.random() < 0.55:
            near = placed[random.integers(len(placed))]
            angle, distance = random.uniform(0, 2 * np.pi), random.uniform(closest, 1.15 * closest) * (near[2] + size) / 2
            y, x = near[0] + distance * np.sin(angle), near[1] + distance * np.cos(angle)
        else:
            y, x = random.uniform(-0.2 * size, SIDE_PX + 0.2 * size, 2)
        if not (-0.2 * size < y < SIDE_PX + 0.2 * size and -0.2 * size < x < SIDE_PX + 0.2 * size):
            continue
        if room[np.clip(int(y), 0, SIDE_PX - 1), np.clip(int(x), 0, SIDE_PX - 1)] < 0.75 * size:
            continue
        if all(np.hypot(y - other[0], x - other[1]) >= closest * (size + other[2]) / 2 for other in placed):
            placed.append((y, x, size))
    return [shape(random, (y, x), size) for y, x, size in placed]


def truncated_octahedron(random: Random, centre: tuple[float, float], diameter: float) -> Body:
    """A crystallite with {111} and {100} facets, turned at random."""
    return polyhedron(random, centre, diameter, truncation=random.uniform(0.57, 0.72))


def rounded_crystal(random: Random, centre: tuple[float, float], diameter: float) -> Body:
    """The same with more of its corners cut, and a rounder outline."""
    body = polyhedron(random, centre, diameter, truncation=random.uniform(0.62, 0.72))
    thickness = blurred(body.thickness, 0.06 * diameter)
    return Body(thickness > 0.12 * diameter, thickness * (thickness > 0.12 * diameter), thickness)


def polyhedron(random: Random, centre: tuple[float, float], diameter: float, *, truncation: float) -> Body:
    """Thickness along the beam between the facets that look up and those that look down."""
    corners = np.array([(i, j, k) for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)]) / np.sqrt(3)
    normals = np.vstack([corners, np.eye(3), -np.eye(3)])
    distances = np.concatenate([np.full(8, 0.5), np.full(6, truncation * np.sqrt(3) / 2)]) * diameter
    normals = normals @ np.linalg.qr(random.normal(size=(3, 3)))[0]
    around, y, x = window(centre, diameter)
    upper, lower = np.full(y.shape, np.inf), np.full(y.shape, -np.inf)
    for normal, distance in zip(normals, distances, strict=True):
        height = (distance - normal[0] * y - normal[1] * x) / normal[2]
        upper, lower = (np.minimum(upper, height), lower) if normal[2] > 0 else (upper, np.maximum(lower, height))
    thickness = np.zeros((SIDE_PX, SIDE_PX))
    thickness[around] = np.clip(upper - lower, 0, None)
    return Body(thickness > 0.08 * diameter, thickness, thickness)


def sphere(random: Random, centre: tuple[float, float], diameter: float) -> Body:
    y, x = from_centre(centre)
    half = np.sqrt(np.clip((diameter / 2) ** 2 - y**2 - x**2, 0, None))
    floor = diameter / 2 + random.uniform(0, 0.1)
    return Body(half > 0, 2 * half, np.where(half > 0, floor + half, 0))


def cube(random: Random, centre: tuple[float, float], side: float) -> Body:
    """A cube that lies flat, with rounded edges."""
    y, x = from_centre(centre)
    angle = random.uniform(0, np.pi / 2)
    u, v = np.abs(x * np.cos(angle) - y * np.sin(angle)), np.abs(x * np.sin(angle) + y * np.cos(angle))
    rounding = 0.16 * side
    beyond = np.hypot(np.clip(u - side / 2 + rounding, 0, None), np.clip(v - side / 2 + rounding, 0, None))
    mask = beyond < rounding
    top = side - rounding + np.sqrt(np.clip(rounding**2 - beyond**2, 0, None))
    return Body(mask, mask * side, np.where(mask, top, 0))


def secondary_yield(body: Body) -> Field:
    """Secondary electrons by the slope of a surface, about 1/cos, brighter at the edges and darker near the ground."""
    gradient_y, gradient_x = np.gradient(body.top)
    slope = np.clip(np.hypot(gradient_y, gradient_x), 0, 3.2)
    height = body.top / max(1.0, float(body.top.max()))
    yielded: Field = (92 + 34 * (np.sqrt(1 + slope**2) - 1)) * (0.62 + 0.38 * height) - 6 * np.clip(gradient_x, -2, 2)
    return yielded


def diffraction_contrast(random: Random, body: Body) -> Field:
    """What crystals show beside their thickness: thickness fringes here, a twin that is darker there."""
    ones: Field = np.ones(body.thickness.shape)
    kind = random.random()
    if kind < 0.3:
        return ones * (1 + 0.3 * np.cos(body.thickness * random.uniform(0.35, 0.55)))
    if kind < 0.5:
        y, x = np.nonzero(body.mask)
        angle = random.uniform(0, np.pi)
        grid_y, grid_x = from_centre((float(y.mean()), float(x.mean())))
        twin: Field = 1 + 0.35 * np.tanh((grid_x * np.cos(angle) + grid_y * np.sin(angle)) / 1.5)
        return twin
    return ones


def window(centre: tuple[float, float], radius: float) -> tuple[tuple[slice, slice], Field, Field]:
    """Return the part of the picture around a point, and the distances from the point there."""
    rows, columns = (slice(max(0, int(c - radius)), max(0, min(SIDE_PX, int(c + radius) + 2))) for c in centre)
    y, x = from_centre(centre)
    return (rows, columns), y[rows, columns], x[rows, columns]


def from_centre(centre: tuple[float, float]) -> tuple[Field, Field]:
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX].astype(np.float64)
    return y - centre[0], x - centre[1]


def blurred(picture: Field, sigma_px: float) -> Field:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma_px), np.float64)


def cloud(random: Random, size_px: float) -> Field:
    """Smooth noise with unit standard deviation and structures of about that size."""
    noise = blurred(random.normal(size=(SIDE_PX, SIDE_PX)), size_px / 2)
    unit: Field = (noise - noise.mean()) / noise.std()
    return unit


def grain(random: Random, fine_px: float, coarse_px: float) -> Field:
    """Band-passed noise: how an amorphous film looks slightly out of focus."""
    noise = random.normal(size=(SIDE_PX, SIDE_PX))
    band = blurred(noise, fine_px) - blurred(noise, coarse_px)
    unit: Field = band / band.std()
    return unit


def scan_jitter(random: Random, picture: Field) -> Field:
    """Shift each row by a fraction of a pixel, as an unsteady scan does."""
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX].astype(np.float32)
    x += random.normal(0, 0.25, (SIDE_PX, 1)).astype(np.float32)
    return np.asarray(cv2.remap(picture.astype(np.float32), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.float64)


def data_bar(nm_per_px: float) -> NDArray[np.uint8]:
    bar = Image.new("L", (SIDE_PX, DATA_BAR_PX), 0)
    draw = ImageDraw.Draw(bar)
    draw.line((0, 0, SIDE_PX, 0), fill=255)
    for x, text in ((12, "HV\n10.00 kV"), (112, "WD\n5.1 mm"), (202, "det\nETD"), (262, "HFW\n1.60 µm")):
        draw.multiline_text((x, 7), text, fill=235, font=font(13), spacing=3)
        draw.line((x + 84 if x != 202 else x + 50, 6, x + 84 if x != 202 else x + 50, DATA_BAR_PX - 6), fill=110)
    draw_scale_bar(draw, (400, 32), round(500 / nm_per_px), "500 nm", fill=255, size=15)
    return np.asarray(bar)


def draw_scale_bar(draw: ImageDraw.ImageDraw, left: tuple[int, int], length: int, label: str, *, fill: int, size: int = 22) -> None:
    """Draw a bar whose left end lies at (x, y), and its label above it."""
    x, y = left
    draw.rectangle((x, y, x + length - 1, y + 4), fill=fill)
    draw.text((x + length / 2, y - 5), label, fill=fill, anchor="mb", font=font(size))


def font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(RESOURCES / "fonts" / "DejaVuSans.ttf", size)


def save_imagej(path: Path, pixels: NDArray[np.uint16], nm_per_px: float) -> None:
    resolution = (1 / nm_per_px, 1 / nm_per_px)
    tifffile.imwrite(path, pixels, imagej=True, compression="zlib", resolution=resolution, metadata={"unit": "nm"}, datetime=False)


def save_truth(folder: Path, stem: str, bodies: list[Body], nm_per_px: float, *, rows_below: int = 0) -> None:
    """Save the particles as labels, the smaller on top where they overlap in projection, the higher where one hides the other."""
    labels = np.zeros((SIDE_PX + rows_below, SIDE_PX), np.uint16)
    masks = [body.mask for body in bodies if body.mask.any()]
    for number, mask in enumerate(sorted(masks, key=np.count_nonzero, reverse=True), start=1):
        labels[:SIDE_PX][mask] = number
    save_imagej(folder / "truth" / f"{stem}.tif", labels, nm_per_px)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
