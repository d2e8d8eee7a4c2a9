"""Linear contrasts of several conditions of the same blocks, and the trend over ordered ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from advocate_evals.statistics.block_rates import (
    BlockTable,
    UnitSums,
    as_block_table,
    insufficient_units,
    rate_limits,
    sum_units,
    uses_exact_limits,
)
from advocate_evals.statistics.intervals import (
    Array,
    Effect,
    EffectBasis,
    effect_from_limits,
    student_effect,
    unknown_effect,
    upper_quantile,
)
from advocate_evals.statistics.risk_difference import rate_correlations, risk_difference


def estimate_contrast(data: ArrayLike | BlockTable, weights: ArrayLike, level: float = 0.95) -> Effect:
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
    found, kept = _chosen(as_block_table(data), weights)
    count, error, estimate = int(found.count[0]), float(contrast_standard_error(found, kept)), float(found.rates @ kept)
    limits = float(np.minimum(kept, 0).sum()), float(np.maximum(kept, 0).sum())
    if reason := insufficient_units(count).replace("no episode", "no block with all of the conditions"):
        return unknown_effect(reason, limits, level, found.kept, estimate)
    if not needs_exact_limits(found, np.asarray(error)):
        return student_effect(estimate, error, level, EffectBasis(*found.kept, count, "t")).kept_in(*limits)
    both = partial(contrast_limits, found, kept)
    return effect_from_limits(
        estimate, lambda tail: _floats(both(tail)), level, EffectBasis(*found.kept, count, "mover")
    )


def contrast_exceeds_zero(data: ArrayLike | BlockTable, weights: ArrayLike, level: float = 0.95) -> bool:
    """Whether a contrast is above 0 by its one-sided test at 1 − level; the same as `contrast(…).above()`, and quicker."""
    found, kept = _chosen(as_block_table(data), weights)
    return int(found.count[0]) >= 2 and float(contrast_limits(found, kept, 1 - level)[0]) > 0


def _chosen(table: BlockTable, weights: ArrayLike) -> tuple[UnitSums, Array]:
    """The conditions that have a weight, and their weights."""
    given = np.asarray(weights, dtype=float)
    if given.shape != (table.conditions,) or not given.any():
        raise ValueError(f"one weight per condition is needed, {table.conditions}, not all 0; given {given.tolist()}")
    used = np.flatnonzero(given)
    return sum_units(table, used.tolist()), given[used]


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


def estimate_trend(
    data: ArrayLike | BlockTable, positions: Sequence[float] | None = None, level: float = 0.95
) -> Effect:
    """The drop that a straight line through the rates makes from the first condition to the last (positive: it falls).

    Args:
        data: Blocks × conditions in order, or a table from `cells`.
        positions: Where each condition stands (a stated probability, say), rising; equal steps by default.
        level: Confidence level, in (0, 1).
    """
    table = as_block_table(data)
    return estimate_contrast(table, trend_weights(range(table.conditions) if positions is None else positions), level)


def contrast_standard_error(found: UnitSums, weights: Array) -> Array:
    """Standard error of a contrast, linearised over units; shape (…). 0 where the units do not vary."""
    count = found.count[..., 0]
    share = (found.scores / np.maximum(found.number, 1)[..., None, :]) @ weights
    error = np.sqrt((share**2).sum(axis=-1) * count / np.maximum(count - 1, 1))
    return np.where(error > 1e-12, error, 0.0)


def contrast_limits(found: UnitSums, weights: Array, tail: float) -> tuple[Array, Array]:
    """Limits of a contrast, each with `tail` beyond it; shape (…)."""
    middle, error = np.nan_to_num(found.rates) @ weights, contrast_standard_error(found, weights)
    half = upper_quantile(tail, found.count[..., 0] - 1) * error
    lower, upper = middle - half, middle + half
    if (few := needs_exact_limits(found, error)).any():
        low, high = _from_rates(found, weights, error, tail)
        lower, upper = np.where(few, low, lower), np.where(few, high, upper)
    return np.maximum(lower, np.minimum(weights, 0).sum()), np.minimum(upper, np.maximum(weights, 0).sum())


def needs_exact_limits(found: UnitSums, error: Array) -> NDArray[np.bool_]:
    """Whether some rate is so near an end, or the units vary so little, that Student's t does not hold; shape (…)."""
    return np.asarray(uses_exact_limits(found).any(axis=-1) | (error <= 0))


def _from_rates(found: UnitSums, weights: Array, error: Array, tail: float) -> tuple[Array, Array]:
    """Limits of a contrast from those of the rates and the correlations between them (MOVER)."""
    p, r = np.nan_to_num(found.rates), rate_correlations(found) * np.sign(weights[:, None] * weights)
    r = np.where((error > 0)[..., None, None], r, np.eye(weights.size))
    low, high = rate_limits(found, tail)
    down = np.abs(weights) * np.where(weights > 0, p - low, high - p)
    up = np.abs(weights) * np.where(weights > 0, high - p, p - low)

    def length(parts: Array) -> Array:
        return np.sqrt(np.maximum((parts[..., None, :] @ r @ parts[..., :, None])[..., 0, 0], 0.0))

    return p @ weights - length(down), p @ weights + length(up)


# --- Claims about an order: tested one after the other, or all at once. ---


@dataclass(frozen=True, slots=True)
class GatekeptStep:
    """One claim of a sequence in which each is tested only if all before it held."""

    name: str
    """`ends`, `trend`, `first-middle`, `middle-last`, or `<i>-<j>` for neighbouring conditions."""
    effect: Effect
    """The contrast, positive where the rate falls."""
    tested: bool
    """Whether all before it held."""
    held: bool
    """Whether it was tested and held, by its one-sided test."""


@dataclass(frozen=True, slots=True)
class LowestTest:
    """Whether one condition lies below each of the others."""

    against: tuple[Effect, ...]
    """Rate of each other condition − rate of the one, in the order of the table."""
    p: float
    """p-value of the whole claim: the largest of the one-sided ones (intersection-union)."""
    held: bool
    """Whether every single one held."""
    insufficient: str
    """Why it cannot be tested; empty where it can."""


@dataclass(frozen=True, slots=True)
class AdjustedPValues:
    """p-values made good for their number."""

    p: tuple[float, ...]
    """Adjusted values, in the order given."""
    rejected: tuple[bool, ...]
    """Whether each is at most α."""


def gatekept_order_test(data: ArrayLike | BlockTable, level: float = 0.95) -> tuple[GatekeptStep, ...]:
    """Ends, trend, first − mean of the middle, mean of the middle − last, neighbours: each tested at 1 − level, in order.

    A claim is tested only if all before it held, so that the chance of any false claim is at most 1 − level without
    further adjustment. With two conditions only the ends are compared.

    Args:
        data: Blocks × conditions in the order in which the rate should fall, at least two conditions.
        level: Confidence level of each one-sided test, in (0, 1).

    Source:
        Fixed-sequence testing: Maurer, Hothorn & Lehmacher (1995); Wiens (2003), Pharmaceutical Statistics 2, 211-215.
    """
    table = as_block_table(data)
    last = table.conditions - 1
    claims = [("ends", risk_difference(table, 0, last, level))]
    if last > 1:
        middle = np.zeros(last + 1)
        middle[1:last] = 1 / (last - 1)
        from_first, to_last = -middle, middle.copy()
        from_first[0], to_last[last] = 1.0, -1.0
        claims += [
            ("trend", estimate_trend(table, level=level)),
            ("first-middle", estimate_contrast(table, from_first, level)),
            ("middle-last", estimate_contrast(table, to_last, level)),
        ]
        claims += [(f"{place}-{place + 1}", risk_difference(table, place, place + 1, level)) for place in range(last)]
    steps: list[GatekeptStep] = []
    open_still = True
    for name, effect in claims:
        steps.append(GatekeptStep(name, effect, open_still, open_still and effect.above()))
        open_still = steps[-1].held
    return tuple(steps)


def lowest_condition_test(data: ArrayLike | BlockTable, one: int = -1, level: float = 0.95) -> LowestTest:
    """Whether condition `one` has a lower rate than each of the others.

    The whole claim holds where every one-sided test holds at 1 − level; this needs no adjustment (intersection-union).

    Args:
        data: Blocks × conditions, at least two.
        one: The condition's place.
        level: Confidence level of each one-sided test, in (0, 1).

    Source:
        Berger (1982), Technometrics 24, 295-300.
    """
    table = as_block_table(data)
    place = one % table.conditions
    against = tuple(risk_difference(table, other, place, level) for other in range(table.conditions) if other != place)
    missing = next((effect.insufficient for effect in against if effect.insufficient), "")
    return LowestTest(against, max(effect.p_above for effect in against), all(e.above() for e in against), missing)


def holm_adjust(p: Sequence[float], alpha: float = 0.05) -> AdjustedPValues:
    """Holm's step-down adjustment; a missing p-value (NaN) counts as 1, so that a lost test makes nothing easier.

    Source:
        Holm (1979), Scandinavian Journal of Statistics 6, 65-70; as in statsmodels.
    """
    if not len(p):
        return AdjustedPValues((), ())
    given = np.array([1.0 if math.isnan(value) else value for value in p])
    order = np.argsort(given, kind="stable")
    stepped = np.maximum.accumulate(given[order] * np.arange(given.size, 0, -1))
    adjusted = np.empty_like(given)
    adjusted[order] = np.minimum(stepped, 1.0)
    return AdjustedPValues(tuple(float(value) for value in adjusted), tuple(bool(value <= alpha) for value in adjusted))
