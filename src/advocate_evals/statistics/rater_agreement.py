"""How far raters agree, and how reliable their ratings are."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from advocate_evals.statistics.intervals import Array, Interval, upper_quantile


def krippendorff_interval(
    ratings: ArrayLike, scale: Literal["nominal", "interval"] = "nominal", level: float = 0.95
) -> Interval:
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
    found = _table(ratings)
    found = found[(~np.isnan(found)).sum(axis=1) >= 2]
    number = len(found)
    if not number:
        return Interval(math.nan, math.nan, math.nan)
    labels = np.unique(found[~np.isnan(found)])
    counts = (found[:, :, None] == labels).sum(axis=1).astype(float)
    apart = _apart(counts, labels, scale) / (counts.sum(axis=1) - 1)
    whole = counts.sum(axis=0)
    estimate = float(_alpha(apart.sum(), _apart(whole, labels, scale), whole.sum()))
    if number < 3 or len(labels) == 1:
        return Interval(estimate, math.nan, math.nan)
    rest = whole - counts
    without = _alpha(apart.sum() - apart, _apart(rest, labels, scale), rest.sum(axis=1))
    error = math.sqrt((number - 1) / number * float(((without - without.mean()) ** 2).sum()))
    half = float(upper_quantile((1 - level) / 2, number - 1)) * error
    return Interval(estimate, max(-1.0, estimate - half), min(1.0, estimate + half))


def _alpha(within: Array, overall: Array, number: Array) -> Array:
    """1 − observed over expected disagreement, from sums over ordered pairs within units and over all `number` ratings."""
    expected = overall / (number * (number - 1))
    return np.where(expected > 0, 1 - within / number / np.where(expected > 0, expected, 1.0), 1.0)


def _apart(counts: Array, labels: Array, scale: str) -> Array:
    """Sum of the disagreement over all ordered pairs, from how often each label was given (last axis)."""
    number = counts.sum(axis=-1)
    if scale == "interval":
        return np.asarray(2 * (number * (counts @ labels**2) - (counts @ labels) ** 2))
    return np.asarray(number**2 - (counts**2).sum(axis=-1))


def cohen_kappa_interval(table: ArrayLike, level: float = 0.95) -> Interval:
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

    with np.errstate(invalid="ignore"):  # where one rater has one label, the variance is 0 and may round to less
        found = cohens_kappa(counts)
    half = float(upper_quantile((1 - level) / 2)) * math.sqrt(max(0.0, float(found.var_kappa)))
    middle = float(found.kappa)
    return Interval(middle, max(-1.0, middle - half), min(1.0, middle + half))


def single_rating_reliability(ratings: ArrayLike, level: float = 0.95) -> Interval:
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
