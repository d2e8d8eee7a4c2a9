"""Risk differences between two conditions of the same blocks, and how much they vary between units."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from advocate_evals.statistics.block_rates import (
    BlockTable,
    UnitSums,
    as_block_table,
    insufficient_units,
    rate_limits,
    sum_units,
)
from advocate_evals.statistics.intervals import (
    Array,
    Effect,
    EffectBasis,
    clopper_pearson_limits,
    effect_from_limits,
    to_floats,
    unknown_effect,
)


def risk_difference(data: ArrayLike | BlockTable, first: int = 0, second: int = -1, level: float = 0.95) -> Effect:
    """Risk difference, rate under `first` − rate under `second`, over blocks in which both are known.

    Positive where the event is rarer under `second`. The limits combine those of the two rates (`rate_limits`) with the
    correlation between them over units; the p-values invert the one-sided limits.

    Args:
        data: Blocks × conditions, or a table from `as_block_table`.
        first: Index of the condition that is subtracted from.
        second: Index of the condition that is subtracted.
        level: Confidence level, in (0, 1).

    Source:
        Method of variance estimates recovery: Newcombe (1998), Statistics in Medicine 17, 2635-2650 (paired, his
        method 10 with the corrected correlation); Zou & Donner (2008), Statistics in Medicine 27, 1693-1702.
    """
    sums = sum_units(as_block_table(data), [first, second])
    units, p = int(sums.units[0]), sums.rates
    estimate = float(p[0] - p[1])
    if reason := insufficient_units(units).replace("no episode", "no block with both conditions"):
        return unknown_effect(reason, (-1.0, 1.0), level, sums.block_counts, estimate)
    basis = EffectBasis(*sums.block_counts, units, "mover")
    return effect_from_limits(estimate, lambda tail: to_floats(difference_limits(sums, tail)), level, basis)


def difference_limits(sums: UnitSums, tail: float) -> tuple[Array, Array]:
    """Limits of rate 0 − rate 1, each with probability `tail` beyond it, for two conditions; shape (…)."""
    p, r = np.nan_to_num(sums.rates), rate_correlation(sums)
    low, high = rate_limits(sums, tail)
    estimate = p[..., 0] - p[..., 1]
    down, up = p - low, high - p
    unobserved = _unobserved_difference(sums, tail)
    lower = estimate - np.maximum(error_of_sum(down[..., 0], up[..., 1], -r), unobserved)
    upper = estimate + np.maximum(error_of_sum(up[..., 0], down[..., 1], -r), unobserved)
    return np.maximum(lower, -1.0), np.minimum(upper, 1.0)


def error_of_sum(first: Array, second: Array, r: Array) -> Array:
    """Size of the error of a sum, from the errors of its two terms and their correlation r; of a difference with −r."""
    return np.sqrt(np.maximum(first**2 + second**2 + 2 * r * first * second, 0.0))


def _unobserved_difference(sums: UnitSums, tail: float) -> Array:
    """Upper limit of the share of units that may differ, where the conditions agree in every observed unit; else 0.

    Without it, equal values at a rate between 0 and 1 would seem to prove that there is no difference at all.
    """
    size = np.where(sums.sizes > 0, sums.sizes, 1.0)
    differs = np.ptp(sums.totals / size, axis=-1) > 1e-12
    p = sums.rates[..., 0]
    agree = ~differs.any(axis=-1) & (p > 0) & (p < 1)
    if not agree.any():
        return np.zeros(agree.shape)
    return np.where(agree, clopper_pearson_limits(0.0, sums.units[..., 0], tail)[1], 0.0)


def rate_correlation(sums: UnitSums) -> Array:
    """Correlation of two conditions' rates over units, as in `rate_correlations`; shape (…)."""
    return np.asarray(rate_correlations(sums)[..., 0, 1])


def rate_correlations(sums: UnitSums) -> Array:
    """Correlations of the conditions' rates over units; shape (…, conditions, conditions).

    Newcombe's correction of half an episode is subtracted where the covariance is positive (not below 0). The
    correlation is 0 where one of the conditions does not vary.
    """
    residuals = sums.residuals
    products = np.swapaxes(residuals, -1, -2) @ residuals
    norms = np.sqrt(np.diagonal(products, axis1=-2, axis2=-1))
    scale = norms[..., :, None] * norms[..., None, :]
    corrected = np.where(products > 0, np.maximum(products - 0.5, 0.0), products)
    r = np.where(scale > 1e-12, corrected / np.where(scale > 1e-12, scale, 1.0), 0.0)
    return np.where(np.eye(residuals.shape[-1], dtype=bool), 1.0, r)


# Heterogeneity


def effect_sd(data: ArrayLike | BlockTable, first: int = 0, second: int = -1) -> float:
    """SD of the true risk difference between units, by the method of moments.

    Returns:
        The SD; 0 where the units differ by no more than chance; NaN where chance cannot be separated from true
        differences, that is with fewer than two units that hold more than one block, or more than one episode per cell.

    Source:
        One-way random effects by moments, as in Searle, Casella & McCulloch (1992), Variance Components, section 3.6.
    """
    table = as_block_table(data)
    if np.unique(table.unit_index).size < table.blocks:
        return _sd_between_units(table, first, second)
    size, p = table.sizes[:, [first, second]], table.totals[:, [first, second]]
    repeated = (size > 1).all(axis=1)
    if repeated.sum() < 2:
        return math.nan
    size, p = size[repeated], p[repeated] / size[repeated]
    sampling_variance = (p * (1 - p) / (size - 1)).sum(axis=1).mean()
    return math.sqrt(max(0.0, float((p[:, 0] - p[:, 1]).var(ddof=1) - sampling_variance)))


def _sd_between_units(table: BlockTable, first: int, second: int) -> float:
    """SD of the mean difference of a unit's blocks, between units of several blocks."""
    is_known = (table.sizes[:, [first, second]] > 0).all(axis=1)
    size = np.where(table.sizes > 0, table.sizes, 1.0)
    p = (table.totals / size)[is_known][:, [first, second]]
    differences, unit = p[:, 0] - p[:, 1], table.unit_index[is_known]
    labels, blocks = np.unique(unit, return_counts=True)
    if labels.size < 2 or differences.size <= labels.size:
        return math.nan
    by_unit = [differences[unit == label] for label in labels]
    means = np.array([members.mean() for members in by_unit])
    within = sum(((members - mean) ** 2).sum() for members, mean in zip(by_unit, means, strict=True))
    within /= differences.size - labels.size
    between = (blocks * (means - differences.mean()) ** 2).sum() / (labels.size - 1)
    mean_size = (differences.size - (blocks**2).sum() / differences.size) / (labels.size - 1)
    return math.sqrt(max(0.0, float((between - within) / mean_size)))
