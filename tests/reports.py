"""Reports of invented samples whose every number is known: ellipses with analytic measurements, the same for the same seed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from math import ceil, log, pi, sqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lycurgus.core.distribution import summarize
from lycurgus.core.measurement import Measurement
from lycurgus.core.params import AnalysisParams, DetectorParams, SeparatorParams, StatisticsParams
from lycurgus.core.types import AnalysisResult, BBox, Instance, Micrograph, ModelUsed, Particle, PixelSize, Provenance
from lycurgus.exporters.base import FailedFile, Report, ReportEntry
from shapes import ellipse, instance_of

PIXEL_SIZE_NM = 0.25
CELL_PX = 40
BORDER_REASON = "touches the border"


class ExampleDetectorParams(DetectorParams):
    """Parameters of a detector that exists in tests only."""

    name: str = "example"
    threshold: float = Field(0.5, ge=0, le=1, title="Threshold", description="Probability from which a pixel is foreground")


class ExampleSeparatorParams(SeparatorParams):
    """Parameters of a separator that exists in tests only."""

    name: str = "example"
    smallest_px: int = Field(30, ge=1, title="Smallest marker", description="Smaller ones are dropped", json_schema_extra={"unit": "px"})


EXAMPLE_PARAMS = AnalysisParams(
    detector=ExampleDetectorParams(threshold=0.45), separator=ExampleSeparatorParams(), statistics=StatisticsParams(bootstrap=100)
)


def make_report(
    n_images: int = 2,
    n_particles: int = 20,
    calibrated: bool = True,
    seed: int = 0,
    *,
    names: Sequence[str] | None = None,
    failures: Sequence[FailedFile] = (),
    columns: str = "standard",
    classified: bool = False,
    thumbnails: bool = True,
    params: AnalysisParams = EXAMPLE_PARAMS,
) -> Report:
    """Build a report of ``n_images`` micrographs with ``n_particles`` ellipses each.

    The first two particles of each image overlap, the third reaches the border and is excluded, and image names are
    ``names`` or "sample_001.tif" ... Without images the summary is None.
    """
    names = names or [f"sample_{index + 1:03}.tif" for index in range(n_images)]
    entries = tuple(
        _entry(name, index, n_particles, calibrated, seed, params, classified=classified, thumbnail=thumbnails)
        for index, name in enumerate(names[:n_images])
    )
    summary = summarize([entry.result for entry in entries], params.statistics) if entries else None
    return Report(entries, tuple(failures), summary, columns)


def _entry(
    name: str, index: int, n: int, calibrated: bool, seed: int, params: AnalysisParams, *, classified: bool, thumbnail: bool
) -> ReportEntry:
    random = np.random.default_rng([seed, index])
    columns = max(4, ceil(sqrt(n * 1.2)))
    shape = (max(3, ceil(n / columns)) * CELL_PX, columns * CELL_PX)
    size_nm = PIXEL_SIZE_NM if calibrated else None
    particles = tuple(_particle(i, random, shape, columns, size_nm, classified=classified) for i in range(n))
    pixels = _picture(shape, particles, random)
    micrograph = Micrograph(
        path=Path("micrographs") / name,
        pixels=pixels,
        pixel_size=PixelSize(PIXEL_SIZE_NM, PIXEL_SIZE_NM, "metadata") if calibrated else None,
        signal="HAADF",
        plane="HAADF",
        planes=("HAADF", "BF"),
        metadata={"instrument": "example"},
        sha256=hashlib.sha256(pixels.tobytes() + name.encode("utf-8", "surrogatepass")).hexdigest(),
    )
    result = AnalysisResult(
        micrograph=micrograph,
        particles=particles,
        params=params,
        provenance=Provenance(
            app_version="0.1.0",
            provider="cpu",
            params_digest=params.digest,
            analysed_at=f"2026-11-20T10:{index % 60:02}:00+01:00",
            models=(ModelUsed("example-net", "1.2.0", "ab" * 32),),
            times_s={"detect": 0.12, "measure": 0.03},
            manual_edits=index % 2,
        ),
        detection={"polarity": "bright", "threshold": 113.0},
        removed={"speck": 3, "marker too small": 1},
        warnings=() if calibrated else ("no pixel size is known: all lengths are in px",),
    )
    picture = _thumbnail(pixels, particles) if thumbnail else None
    return ReportEntry(result, shape, name, f"{Path(name).stem}", picture)


def _particle(
    i: int, random: np.random.Generator, shape: tuple[int, int], columns: int, size_nm: float | None, *, classified: bool
) -> Particle:
    """Particle i + 1: an ellipse in its cell of a grid, the second half on top of the first, the third at the upper border."""
    row, column = divmod(0 if i == 1 else i, columns)
    major = float(np.clip(random.lognormal(log(17), 0.25), 7, 34))
    minor = major * float(random.uniform(0.65, 0.98))
    angle = float(random.uniform(0, 180))
    centre = np.array([(row + 0.5) * CELL_PX, (column + 0.5) * CELL_PX]) + random.uniform(-6, 6, 2)
    if i == 1:
        centre += (4.0, 4.0)
    elif i == 2:
        centre[0] = 3.0
    instance = _cropped(shape, (float(centre[0]), float(centre[1])), major, minor, angle, score=float(random.uniform(0.6, 1)))
    at_border = instance.bbox.touches_border(shape)
    flags = {"touches_border"} if at_border else set()
    if i < 2:
        flags |= {"overlapping", "separated"}
    share = float(random.uniform(0.5, 0.99))
    return Particle(
        id=i + 1,
        instance=instance,
        measurement=_measurement(instance, (major, minor, angle), random, size_nm, shape),
        classes={"structure": ("single crystal", {"single crystal": share, "twinned": 1 - share})} if classified else {},
        flags=frozenset(flags),
        excluded=BORDER_REASON if at_border else None,
    )


def _cropped(shape: tuple[int, int], centre: tuple[float, float], major: float, minor: float, angle: float, *, score: float) -> Instance:
    """Rasterise one ellipse in a window of its own, so that large samples are made in seconds."""
    reach = int(major / 2) + 2
    y0, x0 = max(0, int(centre[0]) - reach), max(0, int(centre[1]) - reach)
    y1, x1 = min(shape[0], int(centre[0]) + reach + 2), min(shape[1], int(centre[1]) + reach + 2)
    local = instance_of(ellipse((y1 - y0, x1 - x0), (centre[0] - y0, centre[1] - x0), major, minor, angle))
    box = local.bbox
    return Instance(BBox(box.y0 + y0, box.x0 + x0, box.y1 + y0, box.x1 + x0), local.mask, score)


def _measurement(
    instance: Instance,
    axes: tuple[float, float, float],
    random: np.random.Generator,
    size_nm: float | None,
    shape: tuple[int, int],
) -> Measurement:
    major, minor, angle = axes
    area = float(instance.area_px)
    # Ramanujan's second approximation for the perimeter of an ellipse.
    h = ((major - minor) / (major + minor)) ** 2
    perimeter = pi / 2 * (major + minor) * (1 + 3 * h / (10 + sqrt(4 - 3 * h)))
    lengths = {
        "equivalent_diameter": sqrt(4 * area / pi),
        "fitted_circle_diameter": (major + minor) / 2,
        "feret_max": major,
        "feret_min": minor,
        "feret_90": minor,
        "perimeter": perimeter * float(random.uniform(1, 1.02)),
        "convex_perimeter": perimeter,
        "major_axis": major,
        "minor_axis": minor,
    }
    areas = {"area": area, "convex_area": area * float(random.uniform(1, 1.03))}
    circularity = 4 * pi * area / lengths["perimeter"] ** 2
    calibrated: dict[str, Any] = {f"{name}_nm": value * size_nm if size_nm else None for name, value in lengths.items()}
    calibrated |= {f"{name}_nm2": value * size_nm**2 if size_nm else None for name, value in areas.items()}
    ys, xs = np.nonzero(instance.mask)
    share = (1 - instance.bbox.width / shape[1]) * (1 - instance.bbox.height / shape[0])
    return Measurement(
        y_px=instance.bbox.y0 + float(ys.mean()),
        x_px=instance.bbox.x0 + float(xs.mean()),
        **{f"{name}_px": value for name, value in {**lengths, **areas}.items()},
        **calibrated,
        feret_angle_deg=angle,
        orientation_deg=angle,
        eccentricity=sqrt(1 - (minor / major) ** 2),
        ellipse_ratio=minor / major,
        circularity=circularity,
        circularity_iso=sqrt(circularity),
        roundness=4 * area / (pi * major**2),
        compactness=sqrt(4 * area / pi) / major,
        aspect_ratio=minor / major,
        solidity=area / areas["convex_area"],
        convexity=perimeter / lengths["perimeter"],
        extent=area / (major * minor),
        intensity_mean=float(random.normal(170, 5)),
        intensity_sd=float(random.uniform(4, 9)),
        intensity_min=float(random.integers(120, 140)),
        intensity_max=float(random.integers(190, 230)),
        border_weight=1 / share,
    )


def _picture(shape: tuple[int, int], particles: Sequence[Particle], random: np.random.Generator) -> NDArray[np.uint8]:
    """Bright ellipses, brighter where two overlap, on a noisy dark support."""
    picture = np.full(shape, 60, dtype=np.float32)
    for particle in particles:
        picture[particle.instance.bbox.slices][particle.instance.mask] += 80
    picture += random.normal(0, 6, shape).astype(np.float32)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _thumbnail(pixels: NDArray[np.uint8], particles: Sequence[Particle]) -> NDArray[np.uint8]:
    """The picture with the particles' boundaries drawn on, every second pixel or so where it is large."""
    picture = np.repeat(pixels[:, :, None], 3, axis=2)
    for particle in particles:
        mask = np.pad(particle.instance.mask, 1)
        inside = mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
        edge = particle.instance.mask & ~inside
        picture[particle.instance.bbox.slices][edge] = (213, 94, 0) if particle.excluded else (86, 180, 233)
    step = ceil(max(pixels.shape) / 640)
    return np.ascontiguousarray(picture[::step, ::step])
