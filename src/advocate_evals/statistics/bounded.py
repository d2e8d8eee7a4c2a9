"""The mean of a quantity that cannot leave a range, with an interval that holds at the ends of the range too."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from advocate_evals.statistics.binomial import clopper_pearson, quantile, wilson
from advocate_evals.statistics.results import Interval

_ROUNDING = 1e-12
"""Spread, in parts of the mean, that is no spread."""


def t_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Mean of independent values with Student's interval.

    Args:
        values: One value per independent unit, none of them NaN.
        level: Confidence level, in (0, 1).

    Returns:
        Mean and bounds; the bounds are NaN where the variance cannot be estimated (fewer than two values, or all equal).
    """
    found = np.asarray(values, dtype=float)
    if found.size == 0:
        return Interval(math.nan, math.nan, math.nan)
    middle, spread = float(found.mean()), float(found.std(ddof=1)) if found.size > 1 else 0.0
    if spread <= _ROUNDING * abs(middle):  # equal but for how they were added up
        return Interval(middle, math.nan, math.nan)
    half = float(quantile((1 - level) / 2, found.size - 1)) * spread / math.sqrt(found.size)
    return Interval(middle, middle - half, middle + half)


def mean_interval(values: ArrayLike, top: float, level: float = 0.95, parts: int = 1) -> Interval:
    """Mean of independent values in [0, top], with an interval on the effective sample size.

    The values are scaled to [0, 1] and read as shares. A share of variance s² is worth n·p(1−p)/s² yes-or-no answers:
    never fewer than n (a bounded variable varies most when it sits at both ends), and counted as at most `parts` times
    n, so that a handful of equal values does not claim to be exact. At p = 0 or 1, where s² says nothing, each value
    counts as one answer. The effective size is shrunk by (z/t)² with n − 1 degrees of freedom. Where fewer than five
    effective answers are of one kind, Clopper and Pearson's exact interval is used instead of Wilson's.

    Args:
        values: One value per independent unit, in [0, top].
        top: The largest value there can be, above 0.
        level: Confidence level, in (0, 1).
        parts: How many yes-or-no answers one value is made of, at least 1.

    Returns:
        Mean and bounds, on the scale of the values. One value gives [0, top], none gives NaN.

    Raises:
        ValueError: for values outside the range, NaN among them, or a level outside (0, 1).

    Source:
        Korn & Graubard (1998), Survey Methodology 24, 193-201, for the effective size and the exact interval; Wilson
        (1927), JASA 22, 209-212.
    """
    found = np.asarray(values, dtype=float)
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level}")
    if found.size and not (np.all(found >= 0) and np.all(found <= top)):
        raise ValueError(f"values must lie in [0, {top}], found {found[~((found >= 0) & (found <= top))][0]}")
    if found.size == 0:
        return Interval(math.nan, math.nan, math.nan)
    if found.size == 1:
        return Interval(float(found[0]), 0.0, float(top))
    lower, upper = _share_interval(found / top, level, parts)
    return Interval(float(found.mean()), max(0.0, lower) * top, min(1.0, upper) * top)


def _share_interval(share: NDArray[np.float64], level: float, parts: int) -> tuple[float, float]:
    """Bounds of a mean of shares, on their effective number."""
    p, n, tail = float(share.mean()), int(share.size), (1 - level) / 2
    t, z = float(quantile(tail, n - 1)), float(quantile(tail))
    room, variance = p * (1 - p), float(share.var(ddof=1))
    effective = float(n) if room <= 0 else parts * n if variance <= 0 else min(parts * n, max(n, n * room / variance))
    effective *= (z / t) ** 2
    few = min(p, 1 - p) * effective < FEW
    lower, upper = clopper_pearson(p * effective, effective, tail) if few else wilson(p, effective, z)
    return float(lower), float(upper)


FEW = 5
"""Effective counts below which the exact interval takes the place of Wilson's."""
