"""Confidence intervals by resampling images, and particles within them where images are few."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.summary import Interval

Floats = NDArray[np.float64]

# Numbers in the table of counts that is held at once: 32 MB.
BATCH_NUMBERS = 4_000_000


def bootstrap_intervals(
    statistics: Callable[[Floats], Mapping[str, Floats]],
    images: NDArray[np.int64],
    *,
    samples: int,
    confidence: float,
    seed: int,
) -> dict[str, Interval]:
    """Return percentile intervals of statistics under resampling of images and, with probability 1/J, of the particles of each (J images).

    Parameters
    ----------
    statistics : (b, n) counts of the drawn particles -> name -> (b,).
    images : (n,) the image that each particle comes from, any whole numbers.
    samples : how many resamples; with 0, or fewer than two particles, there are no intervals.
    confidence : of the intervals.
    seed : of the draws: equal seeds give equal intervals.

    Returns
    -------
    dict
        Without the statistics that most resamples leave undefined.

    Notes
    -----
    The interval of a single image does not hold the spread between images, and those of fewer than about ten images hold the
    truth less often than they say, as percentile intervals of few independent units do.
    """
    if samples < 1 or images.size < 2:
        return {}
    batches = [dict(statistics(counts)) for counts in resamples(images, samples=samples, rng=np.random.default_rng(seed))]
    joined = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
    found = {name: percentile_interval(draws, confidence) for name, draws in joined.items()}
    return {name: interval for name, interval in found.items() if interval is not None}


def percentile_interval(draws: Floats, confidence: float) -> Interval | None:
    """Return the middle part of the draws, or None where most of them are undefined."""
    defined = draws[np.isfinite(draws)]
    if 2 * defined.size <= draws.size:
        return None
    low, high = np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high))


def resamples(images: NDArray[np.int64], *, samples: int, rng: np.random.Generator) -> Iterator[Floats]:
    """Draw resamples of particles that lie in images, in batches.

    Of J images J are drawn with replacement, because particles of one image resemble each other and the images are what was
    sampled independently. The spread between images already contains the sampling of particles within them, all but a
    share 1/J; so each drawn image has its own particles redrawn with probability 1/J and is taken as it is otherwise.
    Redrawing always would widen the intervals by up to √2; redrawing never would leave no interval for a single image.

    Parameters
    ----------
    images : (n,) the image that each particle comes from.
    samples : rows to draw in all.

    Yields
    ------
    (b, n) float64
        How often each particle is drawn; the rows of all batches are ``samples``.
    """
    _, image, sizes = np.unique(images, return_inverse=True, return_counts=True)
    batch = max(1, BATCH_NUMBERS // images.size)
    for start in range(0, samples, batch):
        drawn = draw_images(sizes.size, samples=min(batch, samples - start), rng=rng)
        yield draw_particles(image, sizes, drawn, rng=rng)


def draw_images(n_images: int, *, samples: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return (samples, n_images): how often each image is drawn when as many are drawn as there are."""
    return rng.multinomial(n_images, np.full(n_images, 1 / n_images), size=samples)


def draw_particles(image: NDArray[np.int64], sizes: NDArray[np.int64], drawn: NDArray[np.int64], *, rng: np.random.Generator) -> Floats:
    """Draw the particles of images that were drawn.

    Parameters
    ----------
    image : (n,) the image of each particle, 0 ... J − 1.
    sizes : (J,) particles of each image.
    drawn : (b, J) how often each image is drawn.

    Returns
    -------
    (b, n) float64
        How often each particle is drawn.
    """
    redrawn = rng.binomial(drawn, 1 / sizes.size)
    counts: Floats = (drawn - redrawn).astype(np.float64).take(image, axis=1)
    rows, columns = np.nonzero(redrawn * sizes)
    draws = redrawn[rows, columns] * sizes[columns]
    if not draws.size:
        return counts
    within = (rng.random(int(draws.sum())) * np.repeat(sizes[columns], draws)).astype(np.int64)
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    particle = np.argsort(image, kind="stable")[np.repeat(first[columns], draws) + within]
    flat = np.repeat(rows, draws) * image.size + particle
    counts += np.bincount(flat, minlength=counts.size).reshape(counts.shape)
    return counts
