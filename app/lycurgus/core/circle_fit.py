"""The circle through an outline, by Taubin's algebraic fit, for many outlines at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lycurgus.core.ragged import Counts, rows_of, starts_of

LARGEST_OF_REACH = 1.5

_STEPS = 30


def fitted_circle_diameters(
    sides: NDArray[np.complexfloating[Any, Any]], counts: Counts, reach: NDArray[np.float64], scale: tuple[float, float] = (1.0, 1.0)
) -> NDArray[np.float64]:
    """Diameters of the circles through the side midpoints of outlines.

    G. Taubin, IEEE Trans. Pattern Anal. Mach. Intell. 13 (1991) 1115; the root is found by Newton's method from 0, as shown by
    N. Chernov, Circular and Linear Regression (2010), section 5.10. Outlines whose points favour no circle (a straight row of points)
    get nan, and so do those whose circle is more than 1.5 times as wide as their points reach: the circle through a crescent or a nearly
    straight strip says how little it bends, not how large it is.

    Parameters
    ----------
    sides : complex (x + iy), the midpoints of pixel sides: on average they lie on the edge of the shape.
    counts : midpoints of each outline, none of them 0.
    reach : (n,) the largest Feret diameter of each outline, in the unit of the result.
    scale : size of a pixel in y and in x; the result has its unit.
    """
    starts, rows = starts_of(counts), rows_of(counts)

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.add.reduceat(values, starts) / counts)

    x, y = sides.real.astype(np.float64) * scale[1], sides.imag.astype(np.float64) * scale[0]
    x, y = x - mean(x)[rows], y - mean(y)[rows]
    z = x * x + y * y
    xx, yy, xy, xz, yz, zz = mean(x * x), mean(y * y), mean(x * y), mean(x * z), mean(y * z), mean(z * z)
    spread = xx + yy
    covariance, variance = xx * yy - xy * xy, zz - spread * spread
    a3, a2 = 4 * spread, -3 * spread * spread - zz
    a1 = variance * spread + 4 * covariance * spread - xz * xz - yz * yz
    a0 = xz * (xz * yy - yz * xy) + yz * (yz * xx - xz * xy) - variance * covariance

    root = np.zeros_like(spread)
    for _ in range(_STEPS):
        value = a0 + root * (a1 + root * (a2 + root * a3))
        slope = a1 + root * (2 * a2 + root * 3 * a3)
        root = root - np.divide(value, slope, out=np.zeros_like(slope), where=slope != 0)
    determinant = root * root - root * spread + covariance
    usable = np.isfinite(root) & (np.abs(determinant) > 1e-9 * spread * spread)
    centre_x = np.divide(xz * (yy - root) - yz * xy, 2 * determinant, out=np.zeros_like(root), where=usable)
    centre_y = np.divide(yz * (xx - root) - xz * xy, 2 * determinant, out=np.zeros_like(root), where=usable)
    diameters = 2 * np.sqrt(centre_x**2 + centre_y**2 + spread)
    return np.where(usable & (diameters <= LARGEST_OF_REACH * reach), diameters, np.nan)
