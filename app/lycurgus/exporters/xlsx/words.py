"""The key figures of a sample in sentences."""

from __future__ import annotations

from math import isfinite

from lycurgus.core.fits import LABELS
from lycurgus.core.summary import Fit, PopulationStatistics, SampleSummary
from lycurgus.exporters.base import Report

REJECTED_BELOW = 0.05
"""Probability below which a fit is said not to describe the sample."""


def lead(report: Report) -> str:
    """Say in a few sentences what the sample is like."""
    summary = report.summary
    if summary is None:
        return "No image could be analysed: see the failures below." if report.failures else "There was nothing to analyse."
    found = f"{counted(summary.n_particles, 'particle')} found in {counted(summary.n_images, 'image')}"
    if not summary.n_particles:
        return f"No particle was found in {counted(summary.n_images, 'image')}."
    if not summary.n_counted:
        return f"{found}; none of them enters the statistics."
    return " ".join([f"{found}; {summary.n_counted:,} of them enter the statistics.", *_about(summary)])


def counted(n: int, noun: str) -> str:
    """Return "1 particle", "1,234 particles"."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def figure(value: float, unit: str = "") -> str:
    """Write a value with four significant digits and its unit."""
    if not isfinite(value):
        return "—"
    digits = f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}" if abs(value) < 1e-3 else f"{value:#.4g}".rstrip(".")
    return f"{digits} {unit}".strip()


def _about(summary: SampleSummary) -> list[str]:
    main = summary.main
    sentences = []
    mean = f"{main.label}: mean {figure(main.mean, main.unit)}"
    if isfinite(main.sd):
        mean = f"{main.label}: {figure(main.mean)} ± {figure(main.sd, main.unit)} (mean ± SD)"
    interval = main.intervals.get("mean")
    if interval:
        mean += (
            f", {summary.confidence * 100:g} % confidence interval of the mean {figure(interval.low)} to {figure(interval.high, main.unit)}"
        )
    sentences.append(f"{mean}; median {figure(main.median, main.unit)}.")
    best = next((fit for fit in main.fits if fit.name == main.best_fit), None)
    if best:
        sentences.append(_about_fit(best, main))
    if main.needed is not None:
        enough = "reached" if main.needed <= main.n else f"{main.n:,} so far"
        sentences.append(f"A mean within ±{summary.precision * 100:g} % needs {main.needed:,} particles ({enough}).")
    return sentences


def _about_fit(best: Fit, main: PopulationStatistics) -> str:
    """Name the best fit; the best of several bad ones must not pass for a good one."""
    # Weibull was a person.
    name = LABELS[best.name] if best.name == "weibull" else LABELS[best.name].lower()
    parameters = parameters_in_words(best, main)
    if best.ks_p is not None and best.ks_p < REJECTED_BELOW:
        verdict = f"but it does not describe the sample (p = {best.ks_p:.2g})"
        return f"Of the distributions the {name} comes closest ({parameters}), {verdict}."
    return f"The {name} distribution fits best ({parameters})."


def parameters_in_words(fit: Fit, statistics: PopulationStatistics) -> str:
    """Return a fit's parameters as "geometric mean 8.10 nm, GSD 1.24"."""
    names = {
        "mean": ("mean", True),
        "sd": ("SD", True),
        "geometric_mean": ("geometric mean", True),
        "gsd": ("GSD", False),
        "shape": ("shape", False),
        "scale": ("scale", True),
        "bandwidth": ("bandwidth", True),
    }
    parts = []
    for name, value in fit.parameters.items():
        words, has_unit = names.get(name, (name, False))
        parts.append(f"{words} {figure(value, statistics.unit if has_unit else '')}")
    return ", ".join(parts)
