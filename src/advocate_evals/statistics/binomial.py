"""Limits of a single share, for arrays: Wilson's, and Clopper and Pearson's for counts that need not be whole."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def quantile(tail: float, df: ArrayLike = np.inf) -> Array:
    """Upper quantile of Student's t, of the normal where `df` is infinite; `df` below 1 counts as 1."""
    from scipy.special import stdtrit  # a fifth of a second that no start-up should pay

    return np.asarray(-stdtrit(np.maximum(df, 1.0), tail), dtype=float)


def wilson(share: ArrayLike, number: ArrayLike, critical: ArrayLike) -> tuple[Array, Array]:
    """Wilson's limits of a share of `number` answers, at a critical value (a quantile of the normal or of Student's t).

    Source:
        Wilson (1927), JASA 22, 209-212.
    """
    p, n, z = (np.asarray(value, dtype=float) for value in (share, number, critical))
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)


def clopper_pearson(count: ArrayLike, number: ArrayLike, tail: float) -> tuple[Array, Array]:
    """Clopper and Pearson's limits, each with `tail` beyond it; the counts need not be whole.

    Source:
        Clopper & Pearson (1934), Biometrika 26, 404-413; as a ratio of beta variables, Korn & Graubard (1998), Survey
        Methodology 24, 193-201.
    """
    from scipy.special import betaincinv

    k, n = np.broadcast_arrays(np.asarray(count, dtype=float), np.asarray(number, dtype=float))
    some, not_all = k > 0, k < n
    lower = np.where(some, betaincinv(np.where(some, k, 1.0), np.where(some, n - k, 0.0) + 1, tail), 0.0)
    upper = np.where(not_all, betaincinv(np.where(not_all, k, 0.0) + 1, np.where(not_all, n - k, 1.0), 1 - tail), 1.0)
    return lower, upper
