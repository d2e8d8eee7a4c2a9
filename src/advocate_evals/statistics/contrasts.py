"""Linear contrasts of several conditions of the same blocks, and the trend over ordered ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from advocate_evals.statistics import rates
from advocate_evals.statistics.binomial import Array, quantile
from advocate_evals.statistics.cells import Cells, Units, cells, units
from advocate_evals.statistics.inference import Basis, effect
from advocate_evals.statistics.results import Effect, unknown


def contrast(data: ArrayLike | Cells, weights: ArrayLike, level: float = 0.95) -> Effect:
    """Weighted sum of the rates, over blocks in which every condition with a weight is known.

    Student's t over units (for blocks of equal size, the one-sample t test of their contrasts). Where the units do not
    vary at all, the limits of the single rates are combined as if independent (`method` is then `bounds`).

    Args:
        data: Blocks × conditions, or a table from `cells`. Ratings on another scale are divided by its top first.
        weights: One per condition.
        level: Confidence level, in (0, 1).

    Raises:
        ValueError: if there is not one weight per condition, or none but zeros.
    """
    table, given = cells(data), np.asarray(weights, dtype=float)
    if given.shape != (table.conditions,) or not given.any():
        raise ValueError(f"one weight per condition is needed, {table.conditions}, not all 0; given {given.tolist()}")
    used = np.flatnonzero(given)
    found, kept = units(table, used.tolist()), given[used]
    count = int(found.count[0])
    if reason := rates.too_few(count).replace("no episode", "no block with all of the conditions"):
        limits = float(np.minimum(kept, 0).sum()), float(np.maximum(kept, 0).sum())
        return unknown(reason, limits, level, found.kept, float(found.rates @ kept))
    method = "t" if standard_error(found, kept) > 0 else "bounds"
    basis = Basis(*found.kept, count, method)

    def both(tail: float) -> tuple[float, float]:
        lower, upper = contrast_limits(found, kept, tail)
        return float(lower), float(upper)

    made = effect(float(found.rates @ kept), both, level, basis)
    return made.with_error(float(standard_error(found, kept))) if method == "t" else made


def trend_weights(positions: ArrayLike) -> Array:
    """Weights of the fitted drop from the first to the last position: (.9, .3, −.3, −.9) for four equal steps.

    Raises:
        ValueError: for fewer than two positions, or positions that do not rise.
    """
    x = np.asarray(positions, dtype=float)
    if x.ndim != 1 or x.size < 2 or not (np.diff(x) > 0).all():
        raise ValueError(f"at least two rising positions are needed, not {x.tolist()}")
    away = x - x.mean()
    return np.asarray((x[0] - x[-1]) * away / (away**2).sum())


def trend(data: ArrayLike | Cells, positions: Sequence[float] | None = None, level: float = 0.95) -> Effect:
    """The drop that a straight line through the rates makes from the first condition to the last (positive: it falls).

    Args:
        data: Blocks × conditions in order, or a table from `cells`.
        positions: Where each condition stands (a stated probability, say), rising; equal steps by default.
        level: Confidence level, in (0, 1).
    """
    table = cells(data)
    return contrast(table, trend_weights(range(table.conditions) if positions is None else positions), level)


def standard_error(found: Units, weights: Array) -> Array:
    """Standard error of a contrast, linearised over units; shape (…). 0 where the units do not vary."""
    count = found.count[..., 0]
    share = (found.scores / np.maximum(found.number, 1)[..., None, :]) @ weights
    error = np.sqrt((share**2).sum(axis=-1) * count / np.maximum(count - 1, 1))
    return np.where(error > 1e-12, error, 0.0)


def contrast_limits(found: Units, weights: Array, tail: float) -> tuple[Array, Array]:
    """Limits of a contrast, each with `tail` beyond it; shape (…)."""
    middle, error = np.nan_to_num(found.rates) @ weights, standard_error(found, weights)
    half = quantile(tail, found.count[..., 0] - 1) * error
    lower, upper = middle - half, middle + half
    if (error <= 0).any():
        low, high = _independent(found, weights, tail)
        lower, upper = np.where(error > 0, lower, low), np.where(error > 0, upper, high)
    return np.maximum(lower, np.minimum(weights, 0).sum()), np.minimum(upper, np.maximum(weights, 0).sum())


def _independent(found: Units, weights: Array, tail: float) -> tuple[Array, Array]:
    """Limits of a contrast from those of the rates, taken as independent (MOVER)."""
    p = np.nan_to_num(found.rates)
    low, high = rates.limits(found, tail)
    down = np.where(weights > 0, p - low, high - p) * weights
    up = np.where(weights > 0, high - p, p - low) * weights
    middle = p @ weights
    return middle - np.sqrt((down**2).sum(axis=-1)), middle + np.sqrt((up**2).sum(axis=-1))
