"""Whether an effect differs between families of blocks: its estimate in each, and an F test of effect × family."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from advocate_evals.statistics.dose_response import contrast_limits
from advocate_evals.statistics.intervals import Array
from advocate_evals.statistics.risk_difference import BlockTable, sum_units

_PRIOR_SQUARES = 0.5
"""Added to the sum of squares within families, with one block more: a few equal blocks are no proof of no variance."""


@dataclass(frozen=True, slots=True)
class FamilyDifferences:
    """The effect by family, in the order of the unit index of the table."""

    estimates: Array
    """Mean effect of each family's complete blocks; NaN without one."""
    lower: Array
    """Lower limits, each with probability `tail` beyond it."""
    upper: Array
    """Upper limits."""
    blocks: Array
    """Complete blocks of each family."""
    p: float
    """p-value of the F test of equal effects; NaN with fewer than two families, or no family of two blocks."""


def compare_families(table: BlockTable, weights: Array, tail: float) -> FamilyDifferences:
    """The effect in each family, and whether families differ by more than their blocks do.

    One-way analysis of variance of the blocks' contrasts by family, each complete block once. Half a squared unit and
    one block are added within families, so that equal blocks have a variance too; for values without bounds nothing is
    added, and there is no test where blocks of a family do not vary. Simulated, with equal effects it rejects in 4 to
    5 % of studies at .05. Limits are those of `contrast_limits` over the family's own blocks.

    Args:
        table: Blocks × conditions; `unit_index` names the families.
        weights: One per condition.
        tail: Error of each limit, in (0, .5).

    Source:
        Scheffé (1959), *The Analysis of Variance*, chapter 3.
    """
    used = np.flatnonzero(weights)
    size = np.where(table.sizes > 0, table.sizes, np.nan)
    effects = (table.totals / size)[:, used] @ weights[used]
    is_complete = ~np.isnan(effects)
    families = int(table.unit_index.max()) + 1 if table.blocks else 0
    limits = np.full((families, 2), np.nan)
    means, blocks = np.full(families, np.nan), np.zeros(families)
    for family in range(families):
        members = np.flatnonzero((table.unit_index == family) & is_complete)
        blocks[family] = members.size
        if members.size:
            means[family] = effects[members].mean()
            part = BlockTable(table.totals[members], table.sizes[members], np.arange(members.size), table.is_bounded)
            limits[family] = [float(limit) for limit in _family_limits(part, weights, tail)]
    prior = _PRIOR_SQUARES if table.is_bounded else 0.0
    p = _test_equal_means(effects[is_complete], table.unit_index[is_complete], prior)
    return FamilyDifferences(means, limits[:, 0], limits[:, 1], blocks, p)


def _family_limits(table: BlockTable, weights: Array, tail: float) -> tuple[Array, Array]:
    used = np.flatnonzero(weights)
    if table.blocks < 2:
        return np.asarray(math.nan), np.asarray(math.nan)
    return contrast_limits(sum_units(table, used.tolist()), weights[used], tail)


def _test_equal_means(effects: Array, family_index: NDArray[np.intp], prior: float) -> float:
    from scipy.special import fdtrc

    labels, index, counts = np.unique(family_index, return_inverse=True, return_counts=True)
    freedom = effects.size - labels.size
    if labels.size < 2 or freedom < 1:
        return math.nan
    means = np.bincount(index, effects) / counts
    within = float(((effects - means[index]) ** 2).sum()) + prior
    between = float((counts * (means - effects.mean()) ** 2).sum())
    if within <= 1e-12:
        return math.nan
    ratio = (between / (labels.size - 1)) / (within / (freedom + (prior > 0)))
    return float(fdtrc(labels.size - 1, freedom, ratio))


def family_moments(values: Array, family_index: NDArray[np.intp], ends: Sequence[int]) -> tuple[Array, Array, Array]:
    """Mean over families of each family's mean, its standard error, and the number of families, at several ends.

    Args:
        values: One value per block, in order; NaN where it is missing.
        family_index: The family of each block, from 0.
        ends: Numbers of blocks up to which it is computed.

    Returns:
        Three arrays, one entry per end; NaN for the standard error of fewer than two families.
    """
    families = int(family_index.max()) + 1
    moments = np.full((len(ends), 3), np.nan)
    for place, end in enumerate(ends):
        is_known = ~np.isnan(values[:end])
        index = family_index[:end][is_known]
        counts = np.bincount(index, minlength=families)
        totals = np.bincount(index, values[:end][is_known], minlength=families)
        means = totals[counts > 0] / counts[counts > 0]
        spread = means.std(ddof=1) / np.sqrt(means.size) if means.size > 1 else np.nan
        moments[place] = means.mean() if means.size else np.nan, spread, means.size
    mean, error, number = moments.T
    return mean, error, number
