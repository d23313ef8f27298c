"""How much noise a network and a threshold stand, without and with denoising before."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import get_args

import numpy as np

from lycurgus import __version__
from lycurgus.core.overlap import match
from lycurgus.detectors import Detector
from lycurgus.detectors.network import NetworkDetector
from lycurgus_train.candidates import opened
from lycurgus_train.judging import detection_params, find
from lycurgus_train.labelled import LabelledImage
from lycurgus_train.studies.cells import Figures
from lycurgus_train.studies.plan import Plan
from lycurgus_train.studies.report import Cell, Report
from lycurgus_train.synth.noise_grid import GridShape, simulate_grid

TITLE = "Noise"
PARTICLES = 24
RATIOS_DB: tuple[float | None, ...] = (None, 14.55, 7.49, 3.0, 0.0)
SIZES_PX = (30.0, 50.0, 70.0)
RATIOS_SMALL_DB: tuple[float | None, ...] = (None, 7.49, 0.0)
SIZES_SMALL_PX = (50.0,)
DENOISING = {"": "none", "Gaussian": "gaussian", "non-local means": "non-local means"}
IOU = 0.5


def run(plan: Plan) -> Report:
    """Count what is found of 24 particles for each ratio, shape and size."""
    pictures = [
        (ratio, shape, size)
        for shape in get_args(GridShape)
        for size in (SIZES_PX if plan.full else SIZES_SMALL_PX)
        for ratio in (RATIOS_DB if plan.full else RATIOS_SMALL_DB)
    ]
    rows: list[tuple[Cell, ...]] = []
    with opened(plan.model, sample=_picture("sphere", 50.0, None, seed=0).pixels) as model:
        methods: dict[str, Detector | None] = {"network": NetworkDetector(model), "otsu": None}
        for ratio, shape, size in pictures:
            counts: list[str] = []
            for (method, detector), denoising in product(methods.items(), DENOISING.values()):
                manifest = None if detector is None else model.manifest.document()
                key = {
                    "model": manifest,
                    "seeds": list(plan.seeds),
                    "ratio_db": ratio,
                    "shape": shape,
                    "size_px": size,
                    "version": __version__,
                }
                count = partial(_counts, plan, method, detector, f"preprocess.denoise={denoising}", shape, size, ratio)
                counts.append(_shown(plan.cells.get(f"{method} {shape} {size:g} px {ratio} dB {denoising}", key, count)))
            rows.append((shape, f"{size:g}", "none" if ratio is None else f"{ratio:g}", *counts))
        said = f"{model.manifest.name} {model.manifest.version}"
    header = [f"{method}{f', {title}' if title else ''}" for method in ("network", "Otsu") for title in DENOISING]
    return Report(
        TITLE,
        plan.command,
        ("shape", "size, px", "SNR, dB", *header),
        tuple(rows),
        (
            ("Mask R-CNN (Zhang et al. 2024, arXiv 2409.16637), 7.49 dB, no denoising", "nothing found"),
            ("the same, rods, at any noise", "never found"),
            ("the same, after denoising", "20 and 24 of 24"),
        ),
        (
            f"Found of {PARTICLES} isolated particles, at an IoU of {IOU} and more, by {said} and by Otsu's threshold with UECS; in "
            "parentheses, what was found and is not there. Pictures of our own, not the published ones. "
            "SNR is 10 log10(mean(reference²)/mean squared error) on 0 ... 255; the noise is Gaussian.",
            f"Means over {len(plan.seeds)} pictures." if len(plan.seeds) > 1 else "One picture each.",
        ),
    )


def _counts(
    plan: Plan, method: str, detector: Detector | None, setting: str, shape: GridShape, size_px: float, ratio_db: float | None
) -> Figures:
    """Return how many were found, and how many of the finds are none, on average over the seeds."""
    params = detection_params(method, (setting,))
    hits, strays = [], []
    for seed in plan.seeds:
        image = _picture(shape, size_px, ratio_db, seed=seed)
        found = find(image, params, detector=detector, device=plan.device)
        pairs = match(found, image.instances, threshold=IOU)
        hits.append(len(pairs))
        strays.append(len(found) - len(pairs))
    return {"found": float(np.mean(hits)), "strays": float(np.mean(strays))}


def _picture(shape: GridShape, size_px: float, ratio_db: float | None, *, seed: int) -> LabelledImage:
    return simulate_grid(shape, size_px, ratio_db, PARTICLES, np.random.default_rng(seed))


def _shown(counts: Figures) -> str:
    strays = f" (+{counts['strays']:.3g})" if counts["strays"] else ""
    return f"{counts['found']:.3g}{strays}"
