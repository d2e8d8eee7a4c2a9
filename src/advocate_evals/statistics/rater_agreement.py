"""Agreement between raters: Krippendorff's α and Cohen's κ, each with an interval."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from advocate_evals.statistics.intervals import UNKNOWN_INTERVAL, Array, Interval, jackknife_error, upper_quantile


def krippendorff_interval(
    ratings: ArrayLike, scale: Literal["nominal", "interval"] = "nominal", level: float = 0.95
) -> Interval:
    """Krippendorff's α, with a jackknife interval over units.

    Args:
        ratings: Units × raters, numbers (codes of labels, or points on a scale), NaN where a rater is missing. Units
            with fewer than two ratings are left out.
        scale: `nominal` for labels, `interval` for points.
        level: Confidence level, in (0, 1).

    Returns:
        α and its limits: 1 (without limits) where all ratings are the same, NaN where no unit has two ratings.

    Raises:
        ValueError: for an array that is not of two dimensions.

    Source:
        Krippendorff (2011), Computing Krippendorff's alpha-reliability; as Inspect's `krippendorff_alpha`.
    """
    table = np.asarray(ratings, dtype=float)
    if table.ndim != 2:
        raise ValueError(f"units × raters are needed, not an array of shape {table.shape}")
    table = table[(~np.isnan(table)).sum(axis=1) >= 2]
    units = len(table)
    if not units:
        return UNKNOWN_INTERVAL
    labels = np.unique(table[~np.isnan(table)])
    counts = (table[:, :, None] == labels).sum(axis=1).astype(float)
    within = _sum_disagreement(counts, labels, scale) / (counts.sum(axis=1) - 1)
    total = counts.sum(axis=0)
    estimate = float(_alpha_from_sums(within.sum(), _sum_disagreement(total, labels, scale), total.sum()))
    if units < 3 or len(labels) == 1:
        return Interval(estimate, math.nan, math.nan)
    remaining = total - counts
    leave_one_out = _alpha_from_sums(
        within.sum() - within, _sum_disagreement(remaining, labels, scale), remaining.sum(axis=1)
    )
    half = float(upper_quantile((1 - level) / 2, units - 1)) * float(jackknife_error(leave_one_out))
    return Interval(estimate, max(-1.0, estimate - half), min(1.0, estimate + half))


def _alpha_from_sums(within: Array, overall: Array, number: Array) -> Array:
    """1 − observed / expected disagreement, from sums over ordered pairs within units and over all `number` ratings."""
    expected = overall / (number * (number - 1))
    return np.where(expected > 0, 1 - within / number / np.where(expected > 0, expected, 1.0), 1.0)


def _sum_disagreement(counts: Array, labels: Array, scale: str) -> Array:
    """Sum of the disagreement over all ordered pairs, from the number of ratings with each label (last axis)."""
    number = counts.sum(axis=-1)
    if scale == "interval":
        return np.asarray(2 * (number * (counts @ labels**2) - (counts @ labels) ** 2))
    return np.asarray(number**2 - (counts**2).sum(axis=-1))


def cohen_kappa_interval(table: ArrayLike, level: float = 0.95) -> Interval:
    """Cohen's κ of a square table of counts (rows one rater, columns the other), with its large-sample interval.

    NaN where the table is empty, or where both raters used one label only.

    Raises:
        ValueError: for a table that is not square.

    Source:
        Cohen (1960), Educational and Psychological Measurement 20, 37-46; variance of Fleiss, Cohen & Everitt (1969),
        as in statsmodels.
    """
    counts = np.asarray(table, dtype=float)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ValueError(f"a square table is needed, not one of shape {counts.shape}")
    number = counts.sum()
    by_chance = float((counts.sum(axis=0) * counts.sum(axis=1)).sum()) / number**2 if number else 1.0
    if by_chance >= 1:
        return UNKNOWN_INTERVAL
    from statsmodels.stats.inter_rater import cohens_kappa  # takes a second to import; only reports need it

    with np.errstate(invalid="ignore"):  # if a rater used one label, the variance is 0 and may be rounded below 0
        fit = cohens_kappa(counts)
    kappa = float(fit.kappa)
    half = float(upper_quantile((1 - level) / 2)) * math.sqrt(max(0.0, float(fit.var_kappa)))
    return Interval(kappa, max(-1.0, kappa - half), min(1.0, kappa + half))
