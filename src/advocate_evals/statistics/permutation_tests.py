"""Page's test of an order, exact under permutation within blocks, ties and all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from itertools import permutations

import numpy as np
from numpy.typing import ArrayLike

from advocate_evals.statistics.intervals import Array


@dataclass(frozen=True, slots=True)
class PageTest:
    """Page's L for falling rates."""

    statistic: float
    """Σ over blocks of Σ position × rank, ranks falling: large where the rate falls along the conditions."""
    p: float
    """One-sided p-value; 1 where nothing is known."""
    exact: bool
    """Whether every permutation was counted; else the normal approximation with ties."""
    blocks: int
    """Complete blocks."""
    dropped: int
    """Blocks with a gap, left out."""
    insufficient: str
    """Why it cannot be tested; empty where it can."""


def page_test(values: ArrayLike) -> PageTest:
    """Page's test that the rate falls along the conditions, against exchangeable conditions within each block.

    Ties share their mean rank. The null distribution is that of all orders of each block's own ranks, found exactly by
    convolution over blocks for up to seven conditions, and by its first two moments beyond. The null is a sharp one:
    nothing differs in any block. Where the effect may differ between blocks and be nil on average, use
    `contrasts.trend`.

    Args:
        values: Blocks × conditions in the order in which the rate should fall; NaN where missing.

    Source:
        Page (1963), JASA 58, 216-230; with ties, the conditional permutation test.
    """
    found = np.asarray(values, dtype=float)
    if found.ndim != 2 or found.shape[1] < 2:
        raise ValueError(f"blocks × at least two conditions are needed, not an array of shape {found.shape}")
    whole = found[~np.isnan(found).any(axis=1)]
    dropped = len(found) - len(whole)
    if not len(whole):
        return PageTest(math.nan, 1.0, False, 0, dropped, "no complete block")
    from scipy.stats import rankdata

    ranks = rankdata(-whole, axis=1)  # the highest value first, so that a falling rate has rising ranks
    places = np.arange(1, found.shape[1] + 1)
    statistic = float((ranks @ places).sum())
    small = found.shape[1] <= _MOST
    p = _exact(ranks, statistic) if small else _normal(ranks, statistic)
    return PageTest(statistic, p, small, len(whole), dropped, "")


_MOST = 7
"""Conditions up to which every order of a block is counted (5,040)."""


def _exact(ranks: Array, statistic: float) -> float:
    """P(L ≥ statistic), by convolving the blocks' own distributions; twice L is a whole number."""
    total, low = np.ones(1), 0
    patterns, counts = np.unique(np.sort(ranks, axis=1), axis=0, return_counts=True)
    for pattern, count in zip(patterns, counts, strict=True):
        least, chances = _orders(tuple(np.rint(2 * pattern).astype(int).tolist()))
        for _ in range(int(count)):
            total = np.convolve(total, chances)
        low += least * int(count)
    return float(min(1.0, total[max(0, round(2 * statistic) - low) :].sum()))


@cache
def _orders(doubled: tuple[int, ...]) -> tuple[int, Array]:
    """Smallest value, and chances from there on, of Σ place × doubled rank over all orders of the ranks."""
    orders = np.array(list(permutations(doubled)))
    values = orders @ np.arange(1, len(doubled) + 1)
    return int(values.min()), np.bincount(values - values.min()) / len(values)


def _normal(ranks: Array, statistic: float) -> float:
    """The same by mean and variance of L under permutation."""
    from scipy.special import ndtr

    number = ranks.shape[1]
    places = np.arange(1, number + 1)
    mean = ranks.mean(axis=1).sum() * places.sum()
    away = ((ranks - ranks.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    variance = away.sum() * ((places - places.mean()) ** 2).sum() / (number - 1)
    return float(ndtr(-(statistic - mean) / math.sqrt(variance))) if variance > 0 else 1.0
