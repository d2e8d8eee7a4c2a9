"""Linear contrasts of several conditions of the same blocks, and the trend over ordered ones.

Multiple claims: a gatekept sequence of claims about an order, and Holm's adjustment of p-values. `estimate_first_rung`
is for chains of episodes of one variant at rising pressure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from advocate_evals.statistics.intervals import (
    Array,
    Effect,
    EffectBasis,
    Interval,
    effect_from_limits,
    mean_interval,
    student_effect,
    to_floats,
    unknown_effect,
    upper_quantile,
)
from advocate_evals.statistics.risk_difference import (
    BlockTable,
    UnitSums,
    as_block_table,
    insufficient_units,
    rate_correlations,
    rate_limits,
    risk_difference,
    sum_units,
    uses_exact_limits,
)


def estimate_contrast(data: ArrayLike | BlockTable, weights: ArrayLike, level: float = 0.95) -> Effect:
    """Weighted sum of the rates, over blocks in which every condition with a weight is known.

    Student's t over units (for blocks of equal size, the one-sample t test of their contrasts). Where a rate is so near
    0 or 1 that fewer than five effective episodes are of one kind, or the units do not vary at all, t does not hold:
    the limits of the single rates are then combined, with the correlations between them (`method` is then `mover`).
    Values without bounds always go by t, and have no limits where the units do not vary.

    Args:
        data: Blocks × conditions, or a table from `as_block_table`. Divide ratings on another scale by its top first.
        weights: One per condition.
        level: Confidence level, in (0, 1).

    Raises:
        ValueError: if there is not one weight per condition, or none but zeros.
    """
    sums, weights = _select_weighted(as_block_table(data), weights)
    units, error = int(sums.units[0]), float(contrast_standard_error(sums, weights))
    estimate = float(sums.rates @ weights)
    bounds = float(np.minimum(weights, 0).sum()), float(np.maximum(weights, 0).sum())
    if not sums.is_bounded:
        bounds = -math.inf, math.inf
    reason = insufficient_units(units).replace("no episode", "no block has a value under every condition compared")
    if not reason and not sums.is_bounded and error <= 0:
        reason = "the blocks do not vary: their variance cannot be estimated"
    if reason:
        return unknown_effect(reason, bounds, level, sums.block_counts, estimate)
    if not needs_exact_limits(sums, np.asarray(error)):
        basis = EffectBasis(*sums.block_counts, units, "t")
        return student_effect(estimate, error, level, basis).clipped(*bounds)
    basis = EffectBasis(*sums.block_counts, units, "mover")
    return effect_from_limits(estimate, lambda tail: to_floats(contrast_limits(sums, weights, tail)), level, basis)


def contrast_exceeds_zero(data: ArrayLike | BlockTable, weights: ArrayLike, level: float = 0.95) -> bool:
    """Whether a contrast is above 0 by its one-sided test at 1 − level.

    The same as `estimate_contrast(…).above()`, and faster. For values in [0, 1].
    """
    sums, weights = _select_weighted(as_block_table(data), weights)
    return int(sums.units[0]) >= 2 and float(contrast_limits(sums, weights, 1 - level)[0]) > 0


def _select_weighted(table: BlockTable, weights: ArrayLike) -> tuple[UnitSums, Array]:
    """The conditions whose weight is not 0, and their weights."""
    all_weights = np.asarray(weights, dtype=float)
    if all_weights.shape != (table.conditions,) or not all_weights.any():
        raise ValueError(
            f"one weight per condition is needed, {table.conditions}, not all 0; given {all_weights.tolist()}"
        )
    used = np.flatnonzero(all_weights)
    return sum_units(table, used.tolist()), all_weights[used]


def trend_weights(positions: ArrayLike) -> Array:
    """Weights of the fitted drop from the first to the last position: (.9, .3, −.3, −.9) for four equal steps.

    Raises:
        ValueError: for fewer than two positions, or positions that do not rise.
    """
    x = np.asarray(positions, dtype=float)
    if x.ndim != 1 or x.size < 2 or not (np.diff(x) > 0).all():
        raise ValueError(f"at least two rising positions are needed, not {x.tolist()}")
    centred = x - x.mean()
    return np.asarray((x[0] - x[-1]) * centred / (centred**2).sum())


def estimate_trend(
    data: ArrayLike | BlockTable, positions: Sequence[float] | None = None, level: float = 0.95
) -> Effect:
    """Drop of the straight line fitted to the rates, from the first condition to the last (positive: the rate falls).

    Args:
        data: Blocks × conditions in order, or a table from `as_block_table`.
        positions: Position of each condition on the axis (a stated probability, say), rising; equal steps by default.
        level: Confidence level, in (0, 1).
    """
    table = as_block_table(data)
    return estimate_contrast(table, trend_weights(range(table.conditions) if positions is None else positions), level)


def contrast_standard_error(sums: UnitSums, weights: Array) -> Array:
    """Standard error of a contrast, linearised over units; shape (…). 0 where the units do not vary."""
    units = sums.units[..., 0]
    contributions = (sums.residuals / np.maximum(sums.episodes, 1)[..., None, :]) @ weights
    error = np.sqrt((contributions**2).sum(axis=-1) * units / np.maximum(units - 1, 1))
    return np.where(error > 1e-12, error, 0.0)


def contrast_limits(sums: UnitSums, weights: Array, tail: float) -> tuple[Array, Array]:
    """Limits of a contrast, each with probability `tail` beyond it; shape (…)."""
    estimate, error = np.nan_to_num(sums.rates) @ weights, contrast_standard_error(sums, weights)
    half = upper_quantile(tail, sums.units[..., 0] - 1) * error
    lower, upper = estimate - half, estimate + half
    if (exact := needs_exact_limits(sums, error)).any():
        low, high = _mover_limits(sums, weights, error, tail)
        lower, upper = np.where(exact, low, lower), np.where(exact, high, upper)
    return np.maximum(lower, np.minimum(weights, 0).sum()), np.minimum(upper, np.maximum(weights, 0).sum())


def needs_exact_limits(sums: UnitSums, error: Array) -> NDArray[np.bool_]:
    """Whether some rate is so near 0 or 1, or the units vary so little, that Student's t does not hold; shape (…)."""
    return np.asarray(uses_exact_limits(sums).any(axis=-1) | (error <= 0))


def _mover_limits(sums: UnitSums, weights: Array, error: Array, tail: float) -> tuple[Array, Array]:
    """Limits of a contrast from those of the rates and the correlations between them."""
    p, r = np.nan_to_num(sums.rates), rate_correlations(sums) * np.sign(weights[:, None] * weights)
    r = np.where((error > 0)[..., None, None], r, np.eye(weights.size))
    low, high = rate_limits(sums, tail)
    down = np.abs(weights) * np.where(weights > 0, p - low, high - p)
    up = np.abs(weights) * np.where(weights > 0, high - p, p - low)

    def combine(errors: Array) -> Array:
        return np.sqrt(np.maximum((errors[..., None, :] @ r @ errors[..., :, None])[..., 0, 0], 0.0))

    return p @ weights - combine(down), p @ weights + combine(up)


# Multiple claims


@dataclass(frozen=True, slots=True)
class GatekeptStep:
    """One claim of a sequence in which each is tested only if all before it were significant."""

    name: str
    """`ends`, `trend`, `first-middle`, `middle-last`, or `<i>-<j>` for neighbouring conditions."""
    effect: Effect
    """The contrast, positive where the rate falls."""
    tested: bool
    """Whether all before it were significant."""
    significant: bool
    """Whether it was tested and its one-sided test was significant."""


@dataclass(frozen=True, slots=True)
class AdjustedPValues:
    """p-values adjusted for their number."""

    p: tuple[float, ...]
    """Adjusted values, in the order of the arguments."""
    rejected: tuple[bool, ...]
    """Whether each is at most α."""


def gatekept_order_test(data: ArrayLike | BlockTable, level: float = 0.95) -> tuple[GatekeptStep, ...]:
    """Ends, trend, first − mean of the middle, mean of the middle − last, neighbours: tested at 1 − level, in order.

    A claim is tested only if all before it were significant, so that the chance of any false claim is at most 1 − level
    without further adjustment. With two conditions only the ends are compared.

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
        claims += [(f"{index}-{index + 1}", risk_difference(table, index, index + 1, level)) for index in range(last)]
    steps: list[GatekeptStep] = []
    tested = True
    for name, effect in claims:
        steps.append(GatekeptStep(name, effect, tested, tested and effect.above()))
        tested = steps[-1].significant
    return tuple(steps)


def holm_adjust(p: Sequence[float], alpha: float = 0.05) -> AdjustedPValues:
    """Holm's step-down adjustment; a missing p-value (NaN) counts as 1, so that it does not help the other tests.

    Own code, equal to statsmodels' `multipletests` to the digit: five lines against an import of some seconds, in every
    command that gives a verdict.

    Source:
        Holm (1979), Scandinavian Journal of Statistics 6, 65-70; as in statsmodels.
    """
    if not len(p):
        return AdjustedPValues((), ())
    raw = np.array([1.0 if math.isnan(value) else value for value in p])
    order = np.argsort(raw, kind="stable")
    stepped = np.maximum.accumulate(raw[order] * np.arange(raw.size, 0, -1))
    adjusted = np.empty_like(raw)
    adjusted[order] = np.minimum(stepped, 1.0)
    return AdjustedPValues(tuple(float(value) for value in adjusted), tuple(bool(value <= alpha) for value in adjusted))


# The first rung


@dataclass(frozen=True, slots=True)
class FirstRung:
    """Number of rungs before the event first happened."""

    mean_rungs: Interval
    """Mean number of rungs without the event before its first occurrence: 0 where it happened on the lowest rung, the
    number of rungs where it never happened."""
    by_rung: tuple[Interval, ...]
    """For each rung, the share of chains in which it had happened at that rung or below."""
    chains: int
    """Chains counted."""
    unknown: int
    """Chains left out, because a rung before the first occurrence is missing."""


def estimate_first_rung(happened: ArrayLike, level: float = 0.95) -> FirstRung:
    """The first rung at which an event happened, over chains of the same variant at rising rungs.

    A chain counts if everything before its first occurrence is known; missing values after it do not matter. Chains in
    which it never happened count with the number of rungs: the mean is that of the restricted (censored) variable, an
    area under the survival curve, and needs no model of what lies above the top rung.

    Args:
        happened: Chains × rungs, lowest rung first; 1 happened, 0 did not, NaN missing.
        level: Confidence level, in (0, 1).

    Returns:
        Mean number of rungs and shares by rung, with intervals over chains.

    Raises:
        ValueError: for an array that is not of two dimensions, has no rung, or holds other values.
    """
    chains = np.asarray(happened, dtype=float)
    if chains.ndim != 2 or chains.shape[1] < 1:
        raise ValueError(f"chains × rungs are needed, not an array of shape {chains.shape}")
    if not np.all(np.isnan(chains) | np.isin(chains, (0.0, 1.0))):
        raise ValueError("values must be 0, 1 or NaN")
    rungs = chains.shape[1]
    first_event, first_gap = _first_true(chains == 1), _first_true(np.isnan(chains))
    is_known = first_gap >= first_event
    first_rungs = first_event[is_known].astype(float)
    return FirstRung(
        mean_rungs=mean_interval(first_rungs, rungs, level, parts=rungs),
        by_rung=tuple(mean_interval((first_rungs <= rung).astype(float), 1.0, level) for rung in range(rungs)),
        chains=int(is_known.sum()),
        unknown=int((~is_known).sum()),
    )


def _first_true(table: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Index of the first true value of each row; the length of the row where there is none."""
    return np.asarray(np.where(table.any(axis=1), table.argmax(axis=1), table.shape[1]), dtype=np.intp)
