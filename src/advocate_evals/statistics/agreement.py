"""How far raters agree, and how reliable their ratings are."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from advocate_evals.statistics.binomial import Array, quantile
from advocate_evals.statistics.results import Interval


def alpha(ratings: ArrayLike, scale: Literal["nominal", "interval"] = "nominal", level: float = 0.95) -> Interval:
    """Krippendorff's α, with a jackknife interval over units.

    Args:
        ratings: Units × raters, numbers (codes of labels, or points on a scale), NaN where a rater is missing. Units
            with fewer than two ratings say nothing.
        scale: `nominal` for labels, `interval` for points.
        level: Confidence level, in (0, 1).

    Returns:
        α and its limits: 1 (without limits) where all ratings are one value, NaN where no unit has two ratings.

    Source:
        Krippendorff (2011), Computing Krippendorff's alpha-reliability; as Inspect's `krippendorff_alpha`.
    """
    rated = [unit[~np.isnan(unit)] for unit in _table(ratings)]
    rated = [unit for unit in rated if unit.size >= 2]
    if not rated:
        return Interval(math.nan, math.nan, math.nan)
    estimate = _alpha(rated, scale)
    if len(rated) < 3 or len(np.unique(np.concatenate(rated))) == 1:
        return Interval(estimate, math.nan, math.nan)
    without = np.array([_alpha(rated[:place] + rated[place + 1 :], scale) for place in range(len(rated))])
    error = math.sqrt((len(rated) - 1) / len(rated) * float(((without - without.mean()) ** 2).sum()))
    half = float(quantile((1 - level) / 2, len(rated) - 1)) * error
    return Interval(estimate, max(-1.0, estimate - half), min(1.0, estimate + half))


def _alpha(rated: list[Array], scale: str) -> float:
    """1 − observed over expected disagreement, both as sums over ordered pairs."""
    every = np.concatenate(rated)
    expected = _apart(every, scale) / (every.size * (every.size - 1))
    observed = sum(_apart(unit, scale) / (unit.size - 1) for unit in rated) / every.size
    return 1.0 if expected == 0 else 1 - observed / expected


def _apart(values: Array, scale: str) -> float:
    """Sum of the disagreement over all ordered pairs."""
    if scale == "interval":
        return float(2 * values.size * ((values - values.mean()) ** 2).sum())
    counts = np.unique(values, return_counts=True)[1]
    return float(values.size**2 - (counts**2).sum())


def kappa(table: ArrayLike, level: float = 0.95) -> Interval:
    """Cohen's κ of a square table of counts (rows one rater, columns the other), with its large-sample interval.

    NaN where the table is empty; no limits where both raters used one label only.

    Source:
        Cohen (1960), Educational and Psychological Measurement 20, 37-46; variance of Fleiss, Cohen & Everitt (1969),
        as in statsmodels.
    """
    counts = np.asarray(table, dtype=float)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ValueError(f"a square table is needed, not one of shape {counts.shape}")
    number = counts.sum()
    chance = float((counts.sum(axis=0) * counts.sum(axis=1)).sum()) / number**2 if number else 1.0
    if chance >= 1:
        return Interval(math.nan, math.nan, math.nan)
    from statsmodels.stats.inter_rater import cohens_kappa  # a second that only reports should pay

    found = cohens_kappa(counts)
    half = float(quantile((1 - level) / 2)) * math.sqrt(max(0.0, float(found.var_kappa)))
    middle = float(found.kappa)
    return Interval(middle, max(-1.0, middle - half), min(1.0, middle + half))


def reliability(ratings: ArrayLike, level: float = 0.95) -> Interval:
    """Reliability of a single rating: the intraclass correlation ICC(1), over units that every rater rated.

    NaN where fewer than two units are complete or nothing varies. Negative estimates are kept.

    Source:
        Shrout & Fleiss (1979), Psychological Bulletin 86, 420-428, case 1, with the F interval.
    """
    found = _table(ratings)
    found = found[~np.isnan(found).any(axis=1)]
    units, raters = found.shape
    if units < 2 or raters < 2 or np.ptp(found) == 0:
        return Interval(math.nan, math.nan, math.nan)
    means = found.mean(axis=1)
    between = raters * float(means.var(ddof=1))
    within = float(((found - means[:, None]) ** 2).sum()) / (units * (raters - 1))
    if within == 0:
        return Interval(1.0, 1.0, 1.0)
    from scipy.special import fdtri

    ratio, df = between / within, (units - 1, units * (raters - 1))
    tail = (1 - level) / 2
    limits = ratio / float(fdtri(*df, 1 - tail)), ratio / float(fdtri(*df, tail))
    lower, upper = ((value - 1) / (value + raters - 1) for value in limits)
    return Interval((ratio - 1) / (ratio + raters - 1), lower, upper)


def _table(ratings: ArrayLike) -> Array:
    found = np.asarray(ratings, dtype=float)
    if found.ndim != 2:
        raise ValueError(f"units × raters are needed, not an array of shape {found.shape}")
    return found
