"""Distributions fitted to a population by weighted maximum likelihood, and how well they fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from math import exp, log, pi, sqrt

import numpy as np
import scipy  # parts of it load when they are first used, so that starting need not wait for them
from numpy.typing import NDArray

from lycurgus.core.moments import weighted_quantiles
from lycurgus.core.summary import Fit, FitName

Floats = NDArray[np.float64]

LABELS: Mapping[FitName, str] = {"normal": "Normal", "log-normal": "Log-normal", "weibull": "Weibull", "kde": "Kernel density"}

# The goodness of fit is simulated with at most this many particles; beyond it √n D has reached its limit to 0.2 %.
SIMULATED_PARTICLES = 500
SIMULATIONS = 499
KDE_GRID = 1024


def fit_all(values: Floats, weights: Floats, *, seed: int = 0) -> tuple[Fit, ...]:
    """Fit a normal, a log-normal and a Weibull distribution and a kernel density.

    Parameters
    ----------
    values : (n,) ascending.
    weights : (n,) positive; only their ratios matter.
    seed : of the simulation behind the p values.

    Returns
    -------
    tuple of Fit
        Nothing for fewer than three particles or equal values; neither log-normal nor Weibull with values that are not positive.

    Notes
    -----
    With weights the log-likelihood is Σw ln f, w scaled to add up to the effective number of particles (Σw)²/Σw², so that
    AIC = 2k − 2 Σw ln f does not count a particle twice because its weight is high.
    """
    mean = float(np.average(values, weights=weights)) if values.size else 0.0
    if values.size < 3 or np.ptp(values) <= 1e-9 * abs(mean):
        return ()
    share = weights / weights.sum()
    effective = 1 / float(np.sum(share**2))
    fits = [_fit("normal", values, share, effective, seed)]
    if values[0] > 0:
        fits += [_fit(name, values, share, effective, seed) for name in ("log-normal", "weibull")]
    return (*fits, _kernel_density(values, share, effective))


def best_of(fits: tuple[Fit, ...]) -> FitName | None:
    """Return the name of the fit with the smallest AIC, or None without one."""
    comparable = [(fit.aic, fit.name) for fit in fits if fit.aic is not None]
    return min(comparable)[1] if comparable else None


def density(fit: Fit, x: Floats, values: Floats, weights: Floats) -> Floats:
    """Return the probability density of a fit, per unit of the population.

    Parameters
    ----------
    fit : as ``fit_all`` made it.
    x : (m,) where.
    values, weights : (n,) the population, which a kernel density needs.
    """
    p = fit.parameters
    if fit.name == "normal":
        return _gauss((x - p["mean"]) / p["sd"]) / p["sd"]
    if fit.name == "kde":
        centres, mass = _binned(values, weights / weights.sum())
        smooth: Floats = _gauss((x[:, None] - centres) / p["bandwidth"]) @ mass / p["bandwidth"]
        return smooth
    curve = np.zeros(x.shape)
    inside = x > 0
    with np.errstate(over="ignore", under="ignore"):
        if fit.name == "log-normal":
            sigma = log(p["gsd"])
            curve[inside] = _gauss(np.log(x[inside] / p["geometric_mean"]) / sigma) / (sigma * x[inside])
        else:
            z = p["shape"] * np.log(x[inside] / p["scale"])
            curve[inside] = p["shape"] / x[inside] * np.exp(z - np.exp(z))
    return curve


def cumulative(fit: Fit, x: Floats, values: Floats, weights: Floats) -> Floats:
    """Return the share of a fit at or below x, 0 ... 1; parameters as for ``density``."""
    p = fit.parameters
    if fit.name == "normal":
        return _normal_share((x - p["mean"]) / p["sd"])
    if fit.name == "kde":
        centres, mass = _binned(values, weights / weights.sum())
        share: Floats = _normal_share((x[:, None] - centres) / p["bandwidth"]) @ mass
        return share
    curve = np.zeros(x.shape)
    inside = x > 0
    if fit.name == "log-normal":
        curve[inside] = _normal_share(np.log(x[inside] / p["geometric_mean"]) / log(p["gsd"]))
    else:
        curve[inside] = _gumbel_share(p["shape"] * np.log(x[inside] / p["scale"]))
    return curve


def _fit(name: FitName, values: Floats, share: Floats, effective: float, seed: int) -> Fit:
    """Fit one of the families that are a location and a scale, of x or of ln x."""
    x = values if name == "normal" else np.log(values)
    estimate, standard_share, log_density = _FAMILIES[name]
    location, scale = (float(column[0]) for column in estimate(x[None, :], share[None, :]))
    z = (x - location) / scale
    # From the density of ln x to that of x.
    jacobian = 0.0 if name == "normal" else float(share @ x)
    log_likelihood = effective * (float(share @ log_density(z)) - log(scale) - jacobian)
    distance = float(_distance(standard_share(z)[None, :], share)[0])
    return Fit(
        name=name,
        parameters=_parameters(name, location, scale),
        aic=4 - 2 * log_likelihood,
        ks_statistic=distance,
        ks_p=_p_value(name, distance, effective, seed),
    )


def _parameters(name: FitName, location: float, scale: float) -> dict[str, float]:
    if name == "normal":
        return {"mean": location, "sd": scale}
    if name == "log-normal":
        return {"geometric_mean": exp(location), "gsd": exp(scale)}
    return {"scale": exp(location), "shape": 1 / scale}


def _p_value(name: FitName, distance: float, effective: float, seed: int) -> float:
    """Chance of a larger distance if the population were of the fitted family.

    The parameters are estimated from the same particles, which makes the tables of Kolmogorov far too lenient (Lilliefors
    1967). All three families are a location and a scale, so the distribution of D depends on the number of particles
    alone: it is simulated with standard variables.
    """
    particles = min(max(3, round(effective)), SIMULATED_PARTICLES)
    simulated = _null_distances("normal" if name == "log-normal" else name, particles, seed)
    reached = distance * sqrt(max(effective, 3) / particles)
    return (1 + int(np.count_nonzero(simulated >= reached))) / (1 + simulated.size)


@lru_cache(maxsize=64)
def _null_distances(name: FitName, particles: int, seed: int) -> Floats:
    rng = np.random.default_rng((seed, particles))
    shape = (SIMULATIONS, particles)
    x = rng.standard_normal(shape) if name == "normal" else np.log(rng.standard_exponential(shape))
    x.sort(axis=1)
    share = np.full(particles, 1 / particles)
    estimate, standard_share, _ = _FAMILIES[name]
    location, scale = estimate(x, np.broadcast_to(share, shape))
    return _distance(standard_share((x - location[:, None]) / scale[:, None]), share)


def _distance(expected: Floats, share: Floats) -> Floats:
    """Kolmogorov-Smirnov distance of each row of expected shares from the weighted steps, (b,).

    Equal values make one high step: its inner corners must not count, but they lie between the outer ones, where the
    expected share is one and the same, so the maximum is at the outer corners anyway.
    """
    upper = np.cumsum(share)
    lower = upper - share
    distance: Floats = np.maximum((upper - expected).max(axis=1), (expected - lower).max(axis=1))
    return distance


def _estimate_normal(x: Floats, share: Floats) -> tuple[Floats, Floats]:
    mean = np.sum(x * share, axis=1)
    return mean, np.sqrt(np.sum((x - mean[:, None]) ** 2 * share, axis=1))


def _estimate_gumbel(x: Floats, share: Floats) -> tuple[Floats, Floats]:
    """Location and scale of the smallest-extreme-value distribution of ln x, which is Weibull's of x, for each row.

    Newton's method on the profile likelihood in the shape k: Σw y e^{ky}/Σw e^{ky} − 1/k − ȳ = 0, which rises everywhere.
    """
    mean, sd = _estimate_normal(x, share)
    largest = x.max(axis=1, keepdims=True)
    y = x - largest
    below = mean - largest[:, 0]
    shape = pi / sqrt(6) / sd
    for _ in range(50):
        weight = share * np.exp(shape[:, None] * y)
        total = weight.sum(axis=1)
        first = np.sum(weight * y, axis=1) / total
        second = np.sum(weight * y**2, axis=1) / total
        step = (first - 1 / shape - below) / (second - first**2 + 1 / shape**2)
        updated = np.clip(shape - step, shape / 3, shape * 3)
        settled = np.abs(updated - shape) <= 1e-10 * shape
        shape = updated
        if settled.all():
            break
    location = largest[:, 0] + np.log(np.sum(share * np.exp(shape[:, None] * y), axis=1)) / shape
    return location, 1 / shape


def _kernel_density(values: Floats, share: Floats, effective: float) -> Fit:
    """Gaussian kernels with Silverman's bandwidth 0.9 min(SD, IQR/1.34) n^(−1/5) (Silverman 1986, eq. 3.31)."""
    mean = float(values @ share)
    sd = sqrt(float((values - mean) ** 2 @ share))
    q25, q75 = weighted_quantiles(values, share, [0.25, 0.75])
    spread = min(sd, (q75 - q25) / 1.34) if q75 > q25 else sd
    bandwidth = float(0.9 * spread * effective**-0.2)
    fit = Fit("kde", {"bandwidth": bandwidth}, aic=None, ks_statistic=0.0, ks_p=None)
    grid = np.linspace(values[0] - 4 * bandwidth, values[-1] + 4 * bandwidth, KDE_GRID)
    expected = np.interp(values, grid, cumulative(fit, grid, values, share))
    return Fit("kde", fit.parameters, None, float(_distance(expected[None, :], share)[0]), None)


def _binned(values: Floats, share: Floats) -> tuple[Floats, Floats]:
    """Gather the population into at most ``KDE_GRID`` points, so that a curve does not cost a kernel a particle."""
    if values.size <= KDE_GRID:
        return values, share
    mass, edges = np.histogram(values, bins=KDE_GRID, weights=share)
    return (edges[1:] + edges[:-1]) / 2, mass


def _gauss(z: Floats) -> Floats:
    bell: Floats = np.exp(-0.5 * np.minimum(np.abs(z), 38.0) ** 2) / sqrt(2 * pi)
    return bell


def _normal_share(z: Floats) -> Floats:
    share: Floats = scipy.special.ndtr(z)
    return share


def _gumbel_share(z: Floats) -> Floats:
    share: Floats = -np.expm1(-np.exp(np.minimum(z, 700.0)))
    return share


def _normal_log_density(z: Floats) -> Floats:
    return -0.5 * z**2 - 0.5 * log(2 * pi)


def _gumbel_log_density(z: Floats) -> Floats:
    logs: Floats = z - np.exp(z)
    return logs


Estimate = Callable[[Floats, Floats], tuple[Floats, Floats]]
_FAMILIES: Mapping[str, tuple[Estimate, Callable[[Floats], Floats], Callable[[Floats], Floats]]] = {
    "normal": (_estimate_normal, _normal_share, _normal_log_density),
    "log-normal": (_estimate_normal, _normal_share, _normal_log_density),
    "weibull": (_estimate_gumbel, _gumbel_share, _gumbel_log_density),
}
