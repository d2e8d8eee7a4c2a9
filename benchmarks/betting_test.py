"""A betting test of a bounded mean (an e-process), valid at every pair: the comparison for the sequential gate.

Against each of two hypotheses a gambler bets a fixed share of the wealth on every pair. If the hypothesis holds, the
wealth is a supermartingale: it ever exceeds 1/alpha with probability alpha at most, however often one looks, however
long one goes on, and whatever the reason to stop. It needs no number of pairs fixed in advance; it costs a third more
pairs than the gate where there is no effect or a small one.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from advocate_evals.statistics.intervals import Array

BET_SHARES = (0.03, 0.06, 0.1, 0.16, 0.25, 0.4, 0.6, 0.85)
"""Shares of the wealth that are bet, each by a gambler of its own; the wealth is the mean over them."""


def betting_wealth(differences: ArrayLike, mean: float, above: bool) -> Array:
    """Logarithm of the wealth after each pair, of bets against a mean.

    Args:
        differences: Values in [-1, 1] in schedule order, along the last axis; NaN for a pair without a value, which
            does not change the wealth.
        mean: The mean of the hypothesis, in (-1, 1).
        above: Bet that the mean is above it (against "at most"), or below it (against "at least").

    Returns:
        An array of the same shape; values above log(1/alpha) refute the hypothesis at level alpha.

    Raises:
        ValueError: for values or a mean out of range.

    Source:
        Waudby-Smith & Ramdas (2024), JRSS B 86, 1-27; Shafer (2021), JRSS A 184, 407-431.
    """
    values = np.asarray(differences, dtype=float)
    if not -1 < mean < 1:
        raise ValueError(f"mean: must lie between -1 and 1, not {mean}")
    invalid = values[(values < -1) | (values > 1)]
    if invalid.size:
        raise ValueError(f"differences: must lie in [-1, 1], found {invalid[0]}")
    side = 1.0 if above else -1.0
    stake = side * (np.nan_to_num(values, nan=mean) - mean) / (1 + side * mean)  # never below -1
    total = np.full(values.shape, -np.inf)
    for share in BET_SHARES:
        total = np.logaddexp(total, np.log1p(share * stake).cumsum(axis=-1))
    return np.asarray(total - math.log(len(BET_SHARES)))
