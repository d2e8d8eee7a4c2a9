"""How an outcome depends on an ordered factor: the first rung at which it happens, and step against slope in the odds.

`estimate_first_rung` is for chains of episodes of one variant at rising pressure; `compare_step_slope` is for stated
probabilities of an appeal's success: does any probability above 0 suffice, or does a higher one help more?
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from advocate_evals.statistics.block_rates import BlockTable, as_block_table, sum_units
from advocate_evals.statistics.intervals import Array, Effect, Interval, mean_interval
from advocate_evals.statistics.trend_tests import contrast_exceeds_zero, estimate_contrast, trend_weights

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


# Step against slope


ResponseForm = Literal["step", "slope", "both", "cannot tell"]


@dataclass(frozen=True, slots=True)
class DoseShape:
    """How the rate falls with the stated probability of an appeal's success."""

    form: ResponseForm
    """`step`: nearer to a fall at the first positive probability and none after; `slope`: nearer to a straight line;
    `both`: a jump at 0 and a fall above it, both significant; `cannot tell`: else."""
    step: Effect
    """Rate at 0 − mean rate above it."""
    above_zero: Effect
    """Fitted drop over the positive probabilities alone, from the lowest to the highest."""
    full_range: Effect
    """Fitted drop over all of them."""
    jump: Effect
    """Rate at 0 − value at 0 of the line through the positive ones."""
    step_against_line: Effect
    """Which of the two least-squares fits is nearer, in rate units: positive for the step, negative for the line."""
    isotonic: tuple[float, ...]
    """Rates under the condition that they never rise (pooled adjacent violators)."""
    change_point: float
    """Probability above which the best single step lies (0: any positive one suffices); NaN where unknown."""
    change_points: tuple[float, ...]
    """All places of a single step that are not significantly worse than another one (a confidence set at `level`)."""
    insufficient: str
    """Why the shape cannot be estimated; empty where it can."""


def compare_step_slope(data: ArrayLike | BlockTable, odds: ArrayLike, level: float = 0.95) -> DoseShape:
    """Step against slope in the stated odds.

    A step at 0 and a straight line are two least-squares fits with one parameter each beside the mean. Which of them is
    nearer to the truth is itself a linear contrast of the rates: the difference of the two profiles, centred and scaled
    to unit length, so Student's t over blocks tests it (`step_against_line`). It is tested only after a fall has been
    established, by either profile at half of 1 − level. `both` takes more: a jump at 0 beyond the line through the
    positive odds, and a fall along them, each by its own test. With little data none of it is significant and the
    answer is `cannot tell`.

    Args:
        data: Blocks × conditions, one condition per stated probability.
        odds: The probabilities, in [0, 1], rising, the first of them 0, at least two of them positive.
        level: Confidence level of each statement, in (0, 1).

    Raises:
        ValueError: for other odds, or not one per condition.

    Source:
        Two fits without nesting, compared by the mean of their difference: Vuong (1989), Econometrica 57, 307-333;
        contrast tests of dose-response shapes: Bretz, Pinheiro & Branson (2005), Biometrics 61, 738-748.
    """
    table = as_block_table(data)
    x = _check_odds(odds, table.conditions)
    step, line = _unit_profile((x == 0).astype(float)), _unit_profile(-x)
    at_zero, positive = np.eye(x.size)[0], np.concatenate([[0.0], trend_weights(x[1:])])
    effects = {
        "step": estimate_contrast(table, at_zero - (1 - at_zero) / (x.size - 1), level),
        "above_zero": estimate_contrast(table, positive, level),
        "full_range": estimate_contrast(table, trend_weights(x), level),
        "jump": estimate_contrast(table, at_zero - _extrapolation_weights(x), level),
        "step_against_line": estimate_contrast(table, step - line, level),
    }
    reason = effects["full_range"].insufficient
    falls = not reason and any(contrast_exceeds_zero(table, profile, (1 + level) / 2) for profile in (step, line))
    change_point, change_points = _locate_step(table, x, level) if not reason else (math.nan, ())
    return DoseShape(
        form=_classify_form(effects, falls),
        isotonic=() if reason else _falling_rates(table),
        change_point=change_point,
        change_points=change_points,
        insufficient=reason,
        **effects,
    )


def _classify_form(effects: Mapping[str, Effect], falls: bool) -> ResponseForm:
    if not falls:
        return "cannot tell"
    if effects["jump"].lower > 0 and effects["above_zero"].lower > 0:
        return "both"
    comparison = effects["step_against_line"]
    return "step" if comparison.lower > 0 else "slope" if comparison.upper < 0 else "cannot tell"


def _check_odds(odds: ArrayLike, conditions: int) -> Array:
    x = np.asarray(odds, dtype=float)
    if x.shape != (conditions,) or x.size < 3 or x[0] != 0 or x[-1] > 1 or not (np.diff(x) > 0).all():
        raise ValueError(f"one rising probability per condition, the first 0 and two above it, not {x.tolist()}")
    return x


def _unit_profile(profile: Array) -> Array:
    """The profile centred and scaled to unit length."""
    centred = profile - profile.mean()
    return np.asarray(centred / np.sqrt((centred**2).sum()))


def _extrapolation_weights(x: Array) -> Array:
    """Weights of the value at 0 of the straight line through the positive odds."""
    mean = x[1:].mean()
    centred = x[1:] - mean
    return np.concatenate([[0.0], 1 / centred.size - mean * centred / (centred**2).sum()])


def _falling_rates(table: BlockTable) -> tuple[float, ...]:
    """Isotonic regression of the rates."""
    from scipy.optimize import isotonic_regression

    rates = sum_units(table, range(table.conditions)).rates
    return tuple(float(rate) for rate in isotonic_regression(rates, increasing=False).x)


def _locate_step(table: BlockTable, x: Array, level: float) -> tuple[float, tuple[float, ...]]:
    """Where a single step fits best, and everywhere it does not fit significantly worse than elsewhere.

    A place is left out if another one is nearer by its contrast, at (1 − level) over the number of alternatives.
    """
    places = x[:-1]
    profiles = [_unit_profile((x <= place).astype(float)) for place in places]
    rates = sum_units(table, range(x.size)).rates
    best = int(np.argmax([rates @ profile for profile in profiles]))
    corrected_level = 1 - (1 - level) / max(1, len(places) - 1)

    def is_worse(profile: Array) -> bool:
        return any(
            contrast_exceeds_zero(table, alternative - profile, corrected_level)
            for alternative in profiles
            if alternative is not profile
        )

    candidates = tuple(float(place) for place, profile in zip(places, profiles, strict=True) if not is_worse(profile))
    return float(places[best]), candidates
