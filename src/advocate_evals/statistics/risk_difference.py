"""Risk differences and ratios between two conditions of the same blocks."""

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
    unknown_effect,
)


def risk_difference(data: ArrayLike | BlockTable, first: int = 0, second: int = -1, level: float = 0.95) -> Effect:
    """Risk difference, rate under `first` − rate under `second`, over blocks in which both are known.

    Positive where the event is rarer under `second`. The limits combine those of the two rates (`rates.rates`) with the
    correlation between them over units; the p-values invert the one-sided limits.

    Args:
        data: Blocks × conditions, or a table from `cells`.
        first: Place of the condition that is subtracted from.
        second: Place of the condition that is subtracted.
        level: Confidence level, in (0, 1).

    Source:
        Method of variance estimates recovery: Newcombe (1998), Statistics in Medicine 17, 2635-2650 (paired, his
        method 10 with the corrected correlation); Zou & Donner (2008), Statistics in Medicine 27, 1693-1702.
    """
    found = sum_units(as_block_table(data), [first, second])
    count, reason = _enough(found)
    p = found.rates
    if reason:
        return unknown_effect(reason, (-1.0, 1.0), level, found.kept, float(p[0] - p[1]))
    basis = EffectBasis(*found.kept, count, "mover")
    return effect_from_limits(float(p[0] - p[1]), lambda tail: _floats(difference_limits(found, tail)), level, basis)


def risk_ratio(data: ArrayLike | BlockTable, first: int = 0, second: int = -1, level: float = 0.95) -> Effect:
    """Risk ratio, rate under `second` / rate under `first`, over blocks in which both are known. No effect is 1.

    MOVER on logs. Where nothing happened under `second` the estimate is 0 and only the upper limit says something
    (Donner and Zou's form for ratios); where nothing happened under `first`, the upper limit is infinite. `p_above`
    belongs to "the ratio is not above 1", `p_below` to "the ratio is not below 1"; `error` is that of no scale and NaN.

    Source:
        Zou & Donner (2008); for a rate of 0, Donner & Zou (2012), Statistical Methods in Medical Research 21, 347-359.
    """
    found = sum_units(as_block_table(data), [first, second])
    count, reason = _enough(found)
    if reason:
        return unknown_effect(reason, (0.0, math.inf), level, found.kept)
    p = found.rates
    estimate = float(p[1] / p[0]) if p[0] > 0 else math.inf if p[1] > 0 else math.nan
    basis = EffectBasis(*found.kept, count, "mover", "" if p.any() else "no event at all")
    made = effect_from_limits(estimate, lambda tail: _floats(ratio_limits(found, tail)), level, basis, null=1.0)
    return made.with_error(math.nan)


def effect_sd(data: ArrayLike | BlockTable, first: int = 0, second: int = -1) -> float:
    """SD of the true risk difference between units, by moments.

    Returns:
        The SD; 0 where the units differ by no more than chance; NaN where chance cannot be told from difference, that
        is with fewer than two units that hold more than one block, or more than one episode per cell.

    Source:
        One-way random effects by moments, as in Searle, Casella & McCulloch (1992), Variance Components, section 3.6.
    """
    table = as_block_table(data)
    if np.unique(table.group).size < table.blocks:
        return _between(table, first, second)
    size, p = table.sizes[:, [first, second]], table.totals[:, [first, second]]
    repeated = (size > 1).all(axis=1)
    if repeated.sum() < 2:
        return math.nan
    size, p = size[repeated], p[repeated] / size[repeated]
    chance = (p * (1 - p) / (size - 1)).sum(axis=1).mean()
    return math.sqrt(max(0.0, float((p[:, 0] - p[:, 1]).var(ddof=1) - chance)))


def difference_limits(found: UnitSums, tail: float) -> tuple[Array, Array]:
    """Limits of rate 0 − rate 1, each with `tail` beyond it, for two conditions; shape (…)."""
    p, r = np.nan_to_num(found.rates), rate_correlation(found)
    low, high = rate_limits(found, tail)
    middle = p[..., 0] - p[..., 1]
    down, up = p - low, high - p
    lower = middle - np.maximum(_joined(down[..., 0], up[..., 1], r), _unseen(found, tail))
    upper = middle + np.maximum(_joined(up[..., 0], down[..., 1], r), _unseen(found, tail))
    return np.maximum(lower, -1.0), np.minimum(upper, 1.0)


def ratio_limits(found: UnitSums, tail: float) -> tuple[Array, Array]:
    """Limits of rate 1 / rate 0, each with `tail` beyond it, for two conditions; shape (…)."""
    p, r = np.nan_to_num(found.rates), rate_correlation(found)
    low, high = rate_limits(found, tail)
    lower = 1 / ratio_upper((p[..., 0], low[..., 1], high[..., 0]), p[..., 1], r)
    return lower, ratio_upper((p[..., 1], low[..., 0], high[..., 1]), p[..., 0], r)


def ratio_upper(top: tuple[Array, Array, Array], bottom: Array, r: Array) -> Array:
    """Upper limit of a ratio of two shares (MOVER).

    Args:
        top: The share above, the lower limit of the share below, the upper limit of the share above.
        bottom: The share below.
        r: Their correlation.

    Returns:
        The limit, infinite where the share below may be 0.
    """
    above, least, most = (np.asarray(value, dtype=float) for value in top)
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = _joined(np.log(most / above), np.log(bottom / least), r)
        logs = np.exp(np.log(above / bottom) + shift)
        rare = most / np.sqrt(least * (2 * bottom - least))
    return np.where(least <= 0, np.inf, np.where(above > 0, logs, rare))


def rate_correlation(found: UnitSums) -> Array:
    """Correlation of two conditions' rates over units (`correlations`); shape (…)."""
    return np.asarray(rate_correlations(found)[..., 0, 1])


def rate_correlations(found: UnitSums) -> Array:
    """Correlations of the conditions' rates over units, less Newcombe's correction of half an episode where positive (but
    not below 0); 0 where one of them does not vary. Shape (…, conditions, conditions)."""
    scores = found.scores
    joint = np.swapaxes(scores, -1, -2) @ scores
    own = np.sqrt(np.diagonal(joint, axis1=-2, axis2=-1))
    scale = own[..., :, None] * own[..., None, :]
    less = np.where(joint > 0, np.maximum(joint - 0.5, 0.0), joint)
    r = np.where(scale > 1e-12, less / np.where(scale > 1e-12, scale, 1.0), 0.0)
    return np.where(np.eye(scores.shape[-1], dtype=bool), 1.0, r)


def _joined(one: Array, other: Array, r: Array) -> Array:
    """Length of the difference of two errors that correlate by r."""
    return np.sqrt(np.maximum(one**2 + other**2 - 2 * r * one * other, 0.0))


def _unseen(found: UnitSums, tail: float) -> Array:
    """Where both conditions agree in every unit: how many units may still disagree. Without it, equal answers at a
    middling rate would seem to prove that there is no difference at all."""
    size = np.where(found.sizes > 0, found.sizes, 1.0)
    apart = np.ptp(found.totals / size, axis=-1) > 1e-12
    p = found.rates[..., 0]
    agree = ~apart.any(axis=-1) & (p > 0) & (p < 1)
    if not agree.any():
        return np.zeros(agree.shape)
    return np.where(agree, clopper_pearson_limits(0.0, found.count[..., 0], tail)[1], 0.0)


def _between(table: BlockTable, first: int, second: int) -> float:
    """SD between groups of blocks, of the blocks' differences."""
    known = (table.sizes[:, [first, second]] > 0).all(axis=1)
    size = np.where(table.sizes > 0, table.sizes, 1.0)
    apart = (table.totals / size)[known][:, [first, second]]
    values, group = apart[:, 0] - apart[:, 1], table.group[known]
    labels, number = np.unique(group, return_counts=True)
    if labels.size < 2 or values.size <= labels.size:
        return math.nan
    means = np.array([values[group == label].mean() for label in labels])
    within = sum(((values[group == label] - mean) ** 2).sum() for label, mean in zip(labels, means, strict=True))
    within /= values.size - labels.size
    between = (number * (means - values.mean()) ** 2).sum() / (labels.size - 1)
    share = (values.size - (number**2).sum() / values.size) / (labels.size - 1)
    return math.sqrt(max(0.0, float((between - within) / share)))


def _enough(found: UnitSums) -> tuple[int, str]:
    """Units with both conditions, and why they do not suffice."""
    count = int(found.count[0])
    return count, insufficient_units(count).replace("no episode", "no block with both conditions")


def _floats(pair: tuple[Array, Array]) -> tuple[float, float]:
    return float(pair[0]), float(pair[1])
