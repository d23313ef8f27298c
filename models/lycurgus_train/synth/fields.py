"""Random fields that specimens and supports are made of: Gaussian fields of a wanted spectrum, carbon, lacey webs, grains, shading."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

Field = NDArray[np.float32]

_COARSE_PX = 6.0
"""Fields smoother than this are made on a coarser grid and enlarged: an eighth of the time and no visible difference."""


def spectral_field(
    shape: tuple[int, int], rng: np.random.Generator, power: Callable[[NDArray[np.float32]], NDArray[np.float32]], *, margin_px: int = 0
) -> Field:
    """Make a Gaussian random field of a wanted isotropic power spectrum by filtering white noise in Fourier space.

    Parameters
    ----------
    shape : (H, W) of the field.
    power : takes the spatial frequency in rad/px (float32, > 0) and gives the power spectral density in any unit.
    margin_px : by how much the field is made larger and then cut, so that opposite borders are not alike.

    Returns
    -------
    (H, W) float32 with mean 0 and standard deviation 1, both exactly (of this sample).

    Raises
    ------
    ValueError
        The spectrum is nowhere positive.
    """
    height, width = (fft.next_fast_len(side + margin_px, real=True) for side in shape)
    ky = (fft.fftfreq(height) * 2 * np.pi).astype(np.float32)
    kx = (fft.rfftfreq(width) * 2 * np.pi).astype(np.float32)
    k = np.sqrt(ky[:, None] ** 2 + kx[None, :] ** 2)
    k[0, 0] = k[0, 1]
    amplitude = np.sqrt(power(k)).astype(np.float32)
    amplitude[0, 0] = 0
    if not np.any(amplitude > 0):
        raise ValueError("the spectrum of a random field must be positive somewhere")
    noise = fft.rfft2(rng.standard_normal((height, width), dtype=np.float32))
    field = fft.irfft2(noise * amplitude, s=(height, width))[: shape[0], : shape[1]]
    return _standardised(field)


def gaussian_field(shape: tuple[int, int], rng: np.random.Generator, *, correlation_px: float) -> Field:
    """Make a field whose autocorrelation is exp(-(r / L)²): it falls to 1/e at L = ``correlation_px``.

    The power spectrum of that autocorrelation is proportional to exp(-(k L / 2)²).

    Returns
    -------
    (H, W) float32, mean 0, standard deviation 1.

    Raises
    ------
    ValueError
        The correlation length is not positive.
    """
    if correlation_px <= 0:
        raise ValueError(f"a correlation length of {correlation_px} px is impossible")
    coarse = max(1, int(correlation_px / _COARSE_PX))
    small = shape if coarse == 1 else (-(-shape[0] // coarse) + 2, -(-shape[1] // coarse) + 2)
    length = correlation_px / coarse
    margin = int(min(3 * length, max(small)))
    field = spectral_field(small, rng, lambda k: np.exp(-((k * np.float32(length / 2)) ** 2)), margin_px=margin)
    return field if coarse == 1 else _standardised(_enlarged(field, shape, coarse))


def power_law_field(shape: tuple[int, int], rng: np.random.Generator, *, exponent: float, outer_px: float = 200.0) -> Field:
    """Make a rough, scale-free field: power proportional to (k² + k₀²)^(-exponent/2), flat beyond the outer scale 2π/k₀.

    An exponent of 2 is rough like a fracture surface or clouds of aggregates, 3 to 4 like smooth hills.

    Returns
    -------
    (H, W) float32, mean 0, standard deviation 1.
    """
    k0 = np.float32(2 * np.pi / outer_px)
    return spectral_field(shape, rng, lambda k: (k * k + k0 * k0) ** np.float32(-exponent / 2), margin_px=max(shape) // 4)


def amorphous_carbon(
    shape: tuple[int, int], rng: np.random.Generator, *, grain_px: float, sharpness: float = 2.0, white: float = 0.15
) -> Field:
    """Make the speckle of an amorphous film: a ring in the power spectrum at 2π/``grain_px``, as defocus transfers it.

    Parameters
    ----------
    grain_px : period that is transferred best.
    sharpness : 1 (broad) ... 10 (nearly one period: strong defocus).
    white : share of the power that is spread evenly below the ring.

    Returns
    -------
    (H, W) float32, mean 0, standard deviation 1.
    """
    k0 = np.float32(2 * np.pi / grain_px)

    def ring(k: NDArray[np.float32]) -> NDArray[np.float32]:
        spectrum = np.exp(-((np.log(k / k0) * np.float32(sharpness)) ** 2)) + np.float32(white) / (1 + (k / k0) ** 4)
        return np.asarray(spectrum, dtype=np.float32)

    return spectral_field(shape, rng, ring, margin_px=int(4 * grain_px))


def shading(shape: tuple[int, int], rng: np.random.Generator, *, strength: float) -> Field:
    """Make an uneven illumination or film: a slope, a vignette about a point of chance and slow clouds.

    Returns
    -------
    (H, W) float32 of mean 1 that spans 1 ± ``strength`` (half the difference between the extremes); all 1 where strength is 0.
    """
    height, width = shape
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    angle = rng.uniform(0, 2 * np.pi)
    cy, cx = rng.uniform(-0.6, 0.6, 2)
    slope = np.float32(np.sin(angle)) * y + np.float32(np.cos(angle)) * x
    vignette = (y - np.float32(cy)) ** 2 + (x - np.float32(cx)) ** 2
    clouds = gaussian_field(shape, rng, correlation_px=float(rng.uniform(0.15, 0.6) * max(shape)))
    weights = rng.dirichlet((1.0, 1.0, 1.0)).astype(np.float32)
    mixed = weights[0] * slope + weights[1] * vignette * np.float32(rng.choice((-1.0, 1.0))) + weights[2] * clouds
    span = float(mixed.max() - mixed.min())
    return np.asarray(1 + (mixed - mixed.mean()) * np.float32(2 * strength / max(span, 1e-9)), dtype=np.float32)


def lacey_web(shape: tuple[int, int], rng: np.random.Generator, *, hole_px: float, strand_px: float, raggedness: float = 0.5) -> Field:
    """Make a lacey carbon film seen from above: ragged strands between rounded holes.

    Strands run along the borders of the Voronoi cells of random points; a smooth random displacement bends them and a
    random field varies their width.

    Parameters
    ----------
    hole_px : mean distance of hole centres.
    strand_px : mean width of a strand.
    raggedness : 0 (even strands) ... 1 (very uneven).

    Returns
    -------
    (H, W) float32, projected thickness: 0 in holes, about 1 in the middle of a strand and up to 1.5 in its nodes.
    """
    cells = _cells(shape, rng, spacing_px=hole_px, bend_px=0.25 * hole_px)
    border = (cv2.morphologyEx(cells, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0).astype(np.uint8)
    distance = cv2.distanceTransform(1 - border, cv2.DIST_L2, 5)
    width = np.exp(np.float32(0.6 * raggedness) * gaussian_field(shape, rng, correlation_px=max(2.0, 0.6 * strand_px)))
    reach = np.float32(strand_px / 2) * width
    solid = np.clip(reach - distance, 0, None).astype(np.float32)
    blur = max(0.8, 0.2 * strand_px)
    # Blurring before the square root rounds the corners of the holes and thickens the nodes as surface tension does.
    rounded = cv2.GaussianBlur(solid, (0, 0), blur) - np.float32(0.08 * strand_px)
    return np.asarray(np.clip(np.sqrt(np.clip(rounded / np.float32(strand_px / 2), 0, None)), 0, 1.5), dtype=np.float32)


def holey_film(shape: tuple[int, int], rng: np.random.Generator, *, hole_px: float, spacing_px: float) -> Field:
    """Make a film with roughly round holes of this diameter: 1 on the film, 0 in holes, with soft ragged rims."""
    points = _points(shape, rng, spacing_px=spacing_px)
    away = np.full(shape, np.float32(1e6))
    for y, x in points:
        radius = hole_px / 2 * rng.lognormal(0, 0.15)
        box = _box(shape, y, x, radius * 1.6 + 4)
        if box is None:
            continue
        rows, columns = box
        yy = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] - np.float32(y)
        xx = np.arange(columns.start, columns.stop, dtype=np.float32)[None, :] - np.float32(x)
        away[rows, columns] = np.minimum(away[rows, columns], np.hypot(yy, xx) - np.float32(radius))
    away += gaussian_field(shape, rng, correlation_px=max(2.0, 0.25 * hole_px)) * np.float32(0.03 * hole_px)
    return np.asarray(np.clip(0.5 + away / np.float32(max(2.0, 0.04 * hole_px)), 0, 1), dtype=np.float32)


def grains(shape: tuple[int, int], rng: np.random.Generator, *, grain_px: float, bend: float = 0.25) -> tuple[NDArray[np.int32], Field]:
    """Divide the plane into grains.

    Parameters
    ----------
    grain_px : mean distance of grain centres.
    bend : how far borders are bent, in units of ``grain_px``.

    Returns
    -------
    labels : (H, W) int32, a number for each grain, from 0.
    depth : (H, W) float32, distance to the nearest grain boundary in px.
    """
    cells = _cells(shape, rng, spacing_px=grain_px, bend_px=bend * grain_px)
    border = (cv2.morphologyEx(cells, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0).astype(np.uint8)
    depth = cv2.distanceTransform(1 - border, cv2.DIST_L2, 5)
    return cells.astype(np.int32), depth.astype(np.float32)


def _cells(shape: tuple[int, int], rng: np.random.Generator, *, spacing_px: float, bend_px: float) -> Field:
    """Voronoi cells of jittered points, their borders bent by a smooth displacement; float32 labels (exact to 2^24)."""
    pad = int(np.ceil(3 * bend_px)) + 2
    grown = (shape[0] + 2 * pad, shape[1] + 2 * pad)
    points = _points(grown, rng, spacing_px=spacing_px)
    free = np.full(grown, 255, np.uint8)
    free[np.clip(points[:, 0].astype(int), 0, grown[0] - 1), np.clip(points[:, 1].astype(int), 0, grown[1] - 1)] = 0
    _, labels = cv2.distanceTransformWithLabels(free, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    names = labels.astype(np.float32)
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    length = max(2.0, 0.5 * spacing_px)
    dy = gaussian_field(shape, rng, correlation_px=length) * np.float32(bend_px / 2)
    dx = gaussian_field(shape, rng, correlation_px=length) * np.float32(bend_px / 2)
    bent = cv2.remap(names, x + pad + dx, y + pad + dy, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(bent, dtype=np.float32)


def _points(shape: tuple[int, int], rng: np.random.Generator, *, spacing_px: float) -> NDArray[np.float64]:
    """Points (y, x) of a jittered grid of this spacing over the plane."""
    ys = np.arange(-spacing_px / 2, shape[0] + spacing_px, spacing_px)
    xs = np.arange(-spacing_px / 2, shape[1] + spacing_px, spacing_px)
    grid = np.stack(np.meshgrid(ys, xs, indexing="ij"), axis=-1).reshape(-1, 2)
    points = grid + rng.uniform(-0.5, 0.5, grid.shape) * spacing_px
    inside = (points >= 0).all(axis=1) & (points[:, 0] < shape[0]) & (points[:, 1] < shape[1])
    return points[inside] if inside.any() else np.array([[shape[0] / 2, shape[1] / 2]])


def _box(shape: tuple[int, int], y: float, x: float, reach: float) -> tuple[slice, slice] | None:
    rows = slice(max(0, int(y - reach)), min(shape[0], int(y + reach) + 1))
    columns = slice(max(0, int(x - reach)), min(shape[1], int(x + reach) + 1))
    return (rows, columns) if rows.start < rows.stop and columns.start < columns.stop else None


def _enlarged(field: Field, shape: tuple[int, int], factor: int) -> Field:
    big = cv2.resize(field, (field.shape[1] * factor, field.shape[0] * factor), interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(big[: shape[0], : shape[1]], dtype=np.float32)


def _standardised(field: NDArray[np.floating]) -> Field:
    centred = field - field.mean(dtype=np.float64)
    return np.asarray(centred / max(float(centred.std(dtype=np.float64)), 1e-12), dtype=np.float32)
