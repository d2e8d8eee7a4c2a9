"""Linear contrasts of several conditions of the same blocks, and the trend over ordered ones."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from advocate_evals.statistics import rates
from advocate_evals.statistics.binomial import Array, quantile
from advocate_evals.statistics.cells import Cells, Units, cells, units
from advocate_evals.statistics.differences import correlations
from advocate_evals.statistics.inference import Basis, effect, student
from advocate_evals.statistics.results import Effect, unknown


def contrast(data: ArrayLike | Cells, weights: ArrayLike, level: float = 0.95) -> Effect:
    """Weighted sum of the rates, over blocks in which every condition with a weight is known.

    Student's t over units (for blocks of equal size, the one-sample t test of their contrasts). Where a rate is so near
    an end that fewer than five effective episodes are of one kind, or the units do not vary at all, t does not hold: the
    limits of the single rates are then combined, with the correlations between them (`method` is then `mover`).

    Args:
        data: Blocks × conditions, or a table from `cells`. Ratings on another scale are divided by its top first.
        weights: One per condition.
        level: Confidence level, in (0, 1).

    Raises:
        ValueError: if there is not one weight per condition, or none but zeros.
    """
    found, kept = _chosen(cells(data), weights)
    count, error, estimate = int(found.count[0]), float(standard_error(found, kept)), float(found.rates @ kept)
    limits = float(np.minimum(kept, 0).sum()), float(np.maximum(kept, 0).sum())
    if reason := rates.too_few(count).replace("no episode", "no block with all of the conditions"):
        return unknown(reason, limits, level, found.kept, estimate)
    if not rare(found, np.asarray(error)):
        return student(estimate, error, level, Basis(*found.kept, count, "t")).kept_in(*limits)
    both = partial(contrast_limits, found, kept)
    return effect(estimate, lambda tail: _floats(both(tail)), level, Basis(*found.kept, count, "mover"))


def exceeds(data: ArrayLike | Cells, weights: ArrayLike, level: float = 0.95) -> bool:
    """Whether a contrast is above 0 by its one-sided test at 1 − level; the same as `contrast(…).above()`, and quicker."""
    found, kept = _chosen(cells(data), weights)
    return int(found.count[0]) >= 2 and float(contrast_limits(found, kept, 1 - level)[0]) > 0


def _chosen(table: Cells, weights: ArrayLike) -> tuple[Units, Array]:
    """The conditions that have a weight, and their weights."""
    given = np.asarray(weights, dtype=float)
    if given.shape != (table.conditions,) or not given.any():
        raise ValueError(f"one weight per condition is needed, {table.conditions}, not all 0; given {given.tolist()}")
    used = np.flatnonzero(given)
    return units(table, used.tolist()), given[used]


def _floats(pair: tuple[Array, Array]) -> tuple[float, float]:
    return float(pair[0]), float(pair[1])


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
    if (few := rare(found, error)).any():
        low, high = _from_rates(found, weights, error, tail)
        lower, upper = np.where(few, low, lower), np.where(few, high, upper)
    return np.maximum(lower, np.minimum(weights, 0).sum()), np.minimum(upper, np.maximum(weights, 0).sum())


def rare(found: Units, error: Array) -> NDArray[np.bool_]:
    """Whether some rate is so near an end, or the units vary so little, that Student's t does not hold; shape (…)."""
    return np.asarray(rates.exact(found).any(axis=-1) | (error <= 0))


def _from_rates(found: Units, weights: Array, error: Array, tail: float) -> tuple[Array, Array]:
    """Limits of a contrast from those of the rates and the correlations between them (MOVER)."""
    p, r = np.nan_to_num(found.rates), correlations(found) * np.sign(weights[:, None] * weights)
    r = np.where((error > 0)[..., None, None], r, np.eye(weights.size))
    low, high = rates.limits(found, tail)
    down = np.abs(weights) * np.where(weights > 0, p - low, high - p)
    up = np.abs(weights) * np.where(weights > 0, high - p, p - low)

    def length(parts: Array) -> Array:
        return np.sqrt(np.maximum((parts[..., None, :] @ r @ parts[..., :, None])[..., 0, 0], 0.0))

    return p @ weights - length(down), p @ weights + length(up)
