"""Tables of blocks × conditions, the rate of an event in each condition, and differences between two conditions.

`BlockTable` is the input of all estimators of this package; cells may be missing. Intervals allow for the correlation
between episodes of one block or cluster. `check_floor_ceiling` says whether a rate leaves room for an effect.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from advocate_evals.statistics.intervals import (
    MIN_EFFECTIVE_COUNT,
    Array,
    Effect,
    EffectBasis,
    Rate,
    clopper_pearson_limits,
    effect_from_limits,
    to_floats,
    unknown_effect,
    upper_quantile,
    wilson_limits,
)


@dataclass(frozen=True, slots=True)
class BlockTable:
    """Blocks × conditions: number of events, number of episodes, and the independent unit of each block.

    Arrays may have leading axes, over which everything is computed in parallel (for simulations).
    """

    totals: Array
    """Events, shape (…, blocks, conditions); 0 where the cell is missing."""
    sizes: Array
    """Episodes, same shape; 0 where the cell is missing."""
    unit_index: NDArray[np.intp]
    """The independent unit that each block belongs to, shape (blocks,), from 0 without gaps."""
    is_bounded: bool = True
    """Whether entries lie in [0, 1]; others have means and contrasts (Student's t), and neither rates nor a floor."""
    equal_units: bool = False
    """Whether every unit has the same weight in a mean, whatever its number of blocks; else every block has."""

    @property
    def blocks(self) -> int:
        """Number of blocks, complete or not."""
        return int(self.totals.shape[-2])

    @property
    def conditions(self) -> int:
        """Number of conditions."""
        return int(self.totals.shape[-1])


@dataclass(frozen=True, slots=True)
class UnitSums:
    """Some conditions of a table, added up over the blocks of each independent unit, each block once."""

    totals: Array
    """Weighted events, shape (…, units, conditions)."""
    sizes: Array
    """Weights, same shape: the number of episodes where every block has as many."""
    blocks: NDArray[np.intp]
    """Blocks used, shape (…)."""
    dropped: NDArray[np.intp]
    """Blocks left out, shape (…)."""
    is_bounded: bool = True
    """Whether values lie in [0, 1]."""

    @property
    def rates(self) -> Array:
        """Mean over the blocks of each condition, shape (…, conditions); NaN without episodes."""
        episodes = self.episodes
        return np.where(episodes > 0, self.totals.sum(axis=-2) / np.where(episodes > 0, episodes, 1.0), np.nan)

    @property
    def block_counts(self) -> tuple[int, int]:
        """Blocks used and dropped, of a table without leading axes."""
        return int(self.blocks), int(self.dropped)

    @property
    def episodes(self) -> Array:
        """Episodes of each condition that a mean over blocks is worth, shape (…, conditions).

        The number of blocks times the harmonic mean of their sizes.
        """
        return np.asarray(self.sizes.sum(axis=-2), dtype=float)

    @property
    def units(self) -> Array:
        """Units with an episode, of each condition, shape (…, conditions)."""
        return np.asarray((self.sizes > 0).sum(axis=-2), dtype=float)

    @property
    def residuals(self) -> Array:
        """Events less those expected at the condition's rate, shape (…, units, conditions)."""
        return self.totals - np.nan_to_num(self.rates)[..., None, :] * self.sizes


def as_block_table(
    values: ArrayLike | BlockTable,
    sizes: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    is_bounded: bool = True,
) -> BlockTable:
    """Convert an array to a `BlockTable`.

    Args:
        values: Blocks × conditions, each entry the mean of a block's episodes under a condition, in [0, 1]; NaN where
            it is missing. Leading axes are allowed. A `BlockTable` is returned as it is.
        sizes: Episodes behind each entry, same shape or one that broadcasts; 1 by default. Entries whose size is 0 are
            missing.
        clusters: One label per block, of any kind: blocks with the same label (a family, a scenario) are correlated and
            count as one independent unit. By default each block is a unit of its own.
        is_bounded: Whether the values lie in [0, 1]; else they may be any finite number.

    Raises:
        ValueError: for a table of fewer than two dimensions, values outside their range, negative sizes, or labels that
            are not one per block.
    """
    if isinstance(values, BlockTable):
        return values
    means = np.asarray(values, dtype=float)
    if means.ndim < 2:
        raise ValueError(f"blocks × conditions are needed, not an array of shape {means.shape}")
    low, high = (0.0, 1.0) if is_bounded else (-np.finfo(float).max, np.finfo(float).max)
    invalid = ~(np.isnan(means) | ((means >= low) & (means <= high)))
    if invalid.any():
        rule = "lie in [0, 1]" if is_bounded else "be finite"
        raise ValueError(f"values must {rule} or be NaN, found {means[invalid][0]}")
    episodes = np.broadcast_to(np.asarray(1.0 if sizes is None else sizes, dtype=float), means.shape)
    if not (episodes >= 0).all():
        raise ValueError(f"sizes must not be negative, found {episodes[~(episodes >= 0)][0]}")
    episodes = np.where(np.isnan(means), 0.0, episodes)
    unit_index = _index_units(clusters, means.shape[-2])
    return BlockTable(np.nan_to_num(means) * episodes, episodes, unit_index, is_bounded)


def _index_units(clusters: ArrayLike | None, blocks: int) -> NDArray[np.intp]:
    if clusters is None:
        return np.arange(blocks)
    labels = np.asarray(clusters)
    if labels.shape != (blocks,):
        raise ValueError(f"one label per block is needed: {blocks} blocks, labels of shape {labels.shape}")
    return np.unique(labels, return_inverse=True)[1]


def sum_units(table: BlockTable, conditions: Sequence[int], complete: bool = True) -> UnitSums:
    """Add up some conditions over the blocks of each unit, each block with the same weight in a condition.

    Were blocks weighted by their episodes, arm by arm, a difference would arise between arms that are equal in every
    block: with rates .9/.9 and .1/.1 at sizes 5/5 and 1/5 it would be 27 points. The weight is the harmonic mean of the
    blocks' sizes, so that a condition's weights add up to the number of independent answers that its mean is worth.

    Args:
        table: The table.
        conditions: Their indices; negative ones count from the end.
        complete: Whether blocks in which one of them is missing are left out.
    """
    sizes, totals = table.sizes[..., list(conditions)], table.totals[..., list(conditions)]
    is_used = np.asarray((sizes > 0).all(axis=-1) if complete else (sizes > 0).any(axis=-1))
    sizes, totals = sizes * is_used[..., None], totals * is_used[..., None]
    used = is_used.sum(axis=-1)
    totals, sizes = _weigh_equally(totals, sizes)
    by_unit = _sum_by_unit(totals, table.unit_index), _sum_by_unit(sizes, table.unit_index)
    if table.equal_units:
        by_unit = _balance_units(*by_unit)
    return UnitSums(*by_unit, used, table.blocks - used, table.is_bounded)


def _weigh_equally(totals: Array, sizes: Array) -> tuple[Array, Array]:
    """Totals and sizes with the same size for every block that has any, condition by condition."""
    has_size = sizes > 0
    if not has_size.any() or np.ptp(sizes[has_size]) == 0:
        return totals, sizes
    inverse = np.where(has_size, 1.0 / np.where(has_size, sizes, 1.0), 0.0)
    sums = inverse.sum(axis=-2, keepdims=True)
    weights = has_size * has_size.sum(axis=-2, keepdims=True) / np.where(sums > 0, sums, 1.0)
    return totals * inverse * weights, weights


def _balance_units(totals: Array, sizes: Array) -> tuple[Array, Array]:
    """Totals and sizes with the same size for every unit that has any, the sum over units as it was."""
    has_size = sizes > 0
    shares = sizes.sum(axis=-2, keepdims=True) / np.maximum(has_size.sum(axis=-2, keepdims=True), 1)
    factors = np.where(has_size, shares / np.where(has_size, sizes, 1.0), 0.0)
    return totals * factors, sizes * factors


def _sum_by_unit(rows: Array, unit_index: NDArray[np.intp]) -> Array:
    if np.array_equal(unit_index, np.arange(unit_index.size)):
        return rows
    members = (unit_index == np.arange(unit_index.max() + 1)[:, None]).astype(float)
    return np.asarray(members @ rows)


# Rates


def estimate_rates(data: ArrayLike | BlockTable, level: float = 0.95) -> tuple[Rate, ...]:
    """Rate of each condition, over all blocks in which it is known.

    Wilson's interval on the effective number of episodes with Student's quantile on clusters − 1 degrees of freedom
    (as Inspect's `ci_wilson(cluster=…)`). Where fewer than five effective episodes are of one kind, Korn and Graubard's
    form of Clopper and Pearson's limits takes its place. Fewer than two clusters give [0, 1].

    Args:
        data: Blocks × conditions, or a table from `as_block_table`.
        level: Confidence level, in (0, 1).

    Source:
        Korn & Graubard (1998), Survey Methodology 24, 193-201; Franco, Little, Louis & Slud (2019), Journal of Survey
        Statistics and Methodology 7, 334-364.
    """
    table = as_block_table(data)
    _check_bounded(table)
    return tuple(_estimate_rate(table, condition, level) for condition in range(table.conditions))


def _check_bounded(table: BlockTable) -> None:
    if not table.is_bounded:
        raise ValueError("values without bounds have no rates: take a contrast of means by Student's t")


def effective_episodes(sums: UnitSums) -> Array:
    """Effective sample size of each condition: p(1−p) over the variance of the rate, at most the number of episodes.

    The number of episodes itself where the variance is not informative. Shape (…, conditions).
    """
    episodes, units, p = sums.episodes, sums.units, np.nan_to_num(sums.rates)
    variance = (sums.residuals**2).sum(axis=-2) * units / np.maximum(units - 1, 1) / np.maximum(episodes, 1) ** 2
    binomial = p * (1 - p)
    informative = (binomial > 0) & (variance > 0)
    return np.where(informative, np.minimum(binomial / np.where(informative, variance, 1.0), episodes), episodes)


def uses_exact_limits(sums: UnitSums) -> NDArray[np.bool_]:
    """Whether fewer than five effective episodes are of one kind, so that limits are exact; shape (…, conditions)."""
    if not sums.is_bounded:
        return np.zeros(sums.rates.shape, dtype=bool)
    p = np.nan_to_num(sums.rates)
    return np.asarray(np.minimum(p, 1 - p) * effective_episodes(sums) < MIN_EFFECTIVE_COUNT)


def rate_limits(sums: UnitSums, tail: float) -> tuple[Array, Array]:
    """Limits of each condition's rate, each with probability `tail` beyond it; shape (…, conditions)."""
    p, units = np.nan_to_num(sums.rates), sums.units
    effective = np.maximum(effective_episodes(sums), 1e-9)
    t = upper_quantile(tail, units - 1)
    lower, upper = wilson_limits(p, effective, t)
    exact = uses_exact_limits(sums)
    if exact.any():
        shrunk = effective * (upper_quantile(tail) / np.where(t > 0, t, 1.0)) ** 2 if tail < 0.5 else effective
        low, high = clopper_pearson_limits(p * shrunk, shrunk, tail)
        lower, upper = np.where(exact, low, lower), np.where(exact, high, upper)
    sufficient = units >= 2
    return np.where(sufficient, lower, 0.0), np.where(sufficient, upper, 1.0)


def _estimate_rate(table: BlockTable, condition: int, level: float) -> Rate:
    sums = sum_units(table, [condition])
    lower, upper = (float(limit[0]) for limit in rate_limits(sums, (1 - level) / 2))
    least, most = (float(limit[0]) for limit in rate_limits(sums, 1 - level))
    units = int(sums.units[0])
    return Rate(
        estimate=float(sums.rates[0]) if units else math.nan,
        lower=lower,
        upper=upper,
        least=least,
        most=most,
        level=level,
        episodes=int(table.sizes[:, condition].sum()),
        events=float(table.totals[:, condition].sum()),
        clusters=units,
        effective=float(effective_episodes(sums)[0]),
        exact=bool(uses_exact_limits(sums)[0]),
        insufficient=insufficient_units(units),
    )


def insufficient_units(units: int) -> str:
    """Why that many independent units do not suffice for an interval; empty where they do."""
    if units == 0:
        return "no episode"
    return "one block or cluster: its variance cannot be estimated" if units == 1 else ""


# Floor and ceiling


@dataclass(frozen=True, slots=True)
class FloorCeiling:
    """Whether the reference condition could show an effect of size δ in either direction."""

    rate: Rate
    """Rate of the reference condition."""
    floor: bool
    """The rate is below δ, by its one-sided upper limit: it cannot fall by δ, so "no fall by δ" is no evidence."""
    ceiling: bool
    """The rate is above 1 − δ, by its one-sided lower limit: it cannot rise by δ."""
    insufficient: str
    """Why the rate has no interval; empty where it has one."""


def check_floor_ceiling(
    data: ArrayLike | BlockTable, delta: float = 0.10, reference: int = 0, level: float = 0.95
) -> FloorCeiling:
    """Whether the rate of the reference condition can fall by δ, and whether it can rise by δ.

    Args:
        data: Blocks × conditions, or a table from `as_block_table`.
        delta: The smallest effect that matters, in (0, 1).
        reference: Index of the condition that the others are compared with.
        level: Confidence level of each one-sided limit, in (0, 1).
    """
    if not 0 < delta < 1:
        raise ValueError(f"delta must lie between 0 and 1, not {delta}")
    rate = estimate_rates(data, level)[reference]
    is_known = not rate.insufficient
    return FloorCeiling(rate, is_known and rate.most < delta, is_known and rate.least > 1 - delta, rate.insufficient)


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
    table = as_block_table(data)
    _check_bounded(table)
    sums = sum_units(table, [first, second])
    units, p = int(sums.units[0]), sums.rates
    estimate = float(p[0] - p[1])
    if reason := insufficient_units(units).replace("no episode", "no block has a value under both conditions"):
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
        differences, that is with fewer than two units that hold more than one block, or more than one episode per cell
        of values in [0, 1].

    Source:
        One-way random effects by moments, as in Searle, Casella & McCulloch (1992), Variance Components, section 3.6.
    """
    table = as_block_table(data)
    if np.unique(table.unit_index).size < table.blocks:
        return _sd_between_units(table, first, second)
    if not table.is_bounded:
        return math.nan  # the variance within a cell is not known from its mean
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
