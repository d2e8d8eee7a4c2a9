"""The ratio of two mean effects of the same blocks, by Fieller's method: which share of an effect another undoes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from advocate_evals.statistics.intervals import UNKNOWN_INTERVAL, Interval, upper_quantile

_SMALLEST_TOTAL = 1e-9
"""A total effect below this is rounding error: nothing is a share of it."""


@dataclass(frozen=True, slots=True)
class EffectShare:
    """One effect as a share of another."""

    share: Interval
    """The ratio; NaN where it cannot be estimated."""
    blocks: int
    """Blocks in which both effects are known."""
    insufficient: str
    """Why there is no ratio; empty where there is one."""


def estimate_effect_share(part: ArrayLike, total: ArrayLike, level: float = 0.95) -> EffectShare:
    """Mean of `part` over mean of `total`, over blocks in which both are known.

    The limits are those ratios that a t test of `part − ratio · total` does not reject. They are finite only where the
    total is told apart from 0; elsewhere no share is given, since it may have any value.

    Args:
        part: One effect per block; NaN where it is missing.
        total: The effect that it is a share of, likewise; positive where there is one.
        level: Confidence level, in (0, 1).

    Source:
        Fieller (1954), Journal of the Royal Statistical Society B 16, 175-185.
    """
    pairs = np.column_stack([np.asarray(part, dtype=float), np.asarray(total, dtype=float)])
    pairs = pairs[~np.isnan(pairs).any(axis=1)]
    number = len(pairs)
    if number < 2:
        return EffectShare(UNKNOWN_INTERVAL, number, "fewer than two blocks with every arm")
    (numerator, denominator), covariance = pairs.mean(axis=0), np.cov(pairs.T) / number
    critical = float(upper_quantile((1 - level) / 2, number - 1)) ** 2
    square = denominator**2 - critical * covariance[1, 1]
    if denominator <= _SMALLEST_TOTAL or square <= 0:
        return EffectShare(UNKNOWN_INTERVAL, number, "the effect that it would be a share of is not shown")
    middle = numerator * denominator - critical * covariance[0, 1]
    inner = middle**2 - square * (numerator**2 - critical * covariance[0, 0])
    half = math.sqrt(max(float(inner), 0.0))
    limits = float((middle - half) / square), float((middle + half) / square)
    return EffectShare(Interval(float(numerator / denominator), *limits), number, "")
