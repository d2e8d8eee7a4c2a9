"""How a rate falls along a quantity: a step, a threshold, a slope, or more than one of them.

For stated probabilities of an appeal's success: does any probability above 0 suffice (`step`), does it take some
higher one (`threshold`), or does each increase help (`slope`)?
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from advocate_evals.statistics.dose_response import contrast_exceeds_zero, estimate_contrast, trend_weights
from advocate_evals.statistics.intervals import Array, Effect
from advocate_evals.statistics.risk_difference import BlockTable, as_block_table, sum_units

CurveForm = Literal["slope", "threshold", "slope or threshold"]
"""What a fall looks like, if the place of a single step is not known beforehand."""
ResponseForm = Literal["step", "threshold", "slope", "slope or threshold", "both", "cannot tell"]


@dataclass(frozen=True, slots=True)
class FallingCurve:
    """A straight line against a single step at any place, for a rate that falls along a quantity."""

    form: CurveForm
    """`slope`: a straight line fits better than a step at any place; `threshold`: a step at some place fits better than
    the line; `slope or threshold`: the two are not told apart."""
    change_point: float
    """Position after which the best single step lies."""
    change_points: tuple[float, ...]
    """All places of a single step that are not significantly worse than another one (a confidence set at `level`)."""


@dataclass(frozen=True, slots=True)
class DoseShape:
    """How the rate falls with the stated probability of an appeal's success."""

    form: ResponseForm
    """`step`: a fall at the first positive probability and none after it fits best; `threshold`: a single fall at a
    higher one fits better than that and than a straight line; `slope`: a straight line fits best; `slope or
    threshold`: a step at 0 fits worse than one of them, and they are not told apart; `both`: a fall at 0 and a fall
    above it, both significant; `cannot tell`: else."""
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


def compare_line_steps(data: ArrayLike | BlockTable, positions: Sequence[float], level: float = 0.95) -> FallingCurve:
    """A straight line against a single step after each of the positions but the last.

    The profiles are centred and scaled to unit length; which of two is nearer to the rates is the contrast of their
    difference, tested one-sided at (1 − level)/2. The line must be nearer than every step (an intersection-union test,
    which needs no correction); a threshold needs one step that is nearer than the line, corrected for the number of
    steps (Bonferroni).

    Args:
        data: Blocks × conditions whose rate falls along the positions, or a table from `as_block_table`.
        positions: Where each condition stands, rising, at least three.
        level: Confidence level, in (0, 1).

    Raises:
        ValueError: for other positions, or not one per condition.
    """
    table, x = as_block_table(data), np.asarray(positions, dtype=float)
    if x.shape != (table.conditions,) or x.size < 3 or not (np.diff(x) > 0).all():
        raise ValueError(f"one rising position per condition, at least three, not {x.tolist()}")
    line, steps = _unit_profile(-x), _step_profiles(x)
    tail = (1 - level) / 2
    form: CurveForm = "slope or threshold"
    if all(contrast_exceeds_zero(table, line - step, 1 - tail) for step in steps):
        form = "slope"
    elif any(contrast_exceeds_zero(table, step - line, 1 - tail / len(steps)) for step in steps):
        form = "threshold"
    return FallingCurve(form, *_locate_step(table, x, level))


def compare_step_slope(data: ArrayLike | BlockTable, odds: ArrayLike, level: float = 0.95) -> DoseShape:
    """Step at 0, threshold above it, or slope in the stated odds.

    A single step at any place and a straight line are least-squares fits with one parameter each beside the mean. Which
    of two is nearer to the truth is itself a linear contrast of the rates: the difference of the two profiles, centred
    and scaled to unit length, so Student's t over blocks tests it. A form is named only after a fall has been
    established, by one of the profiles at half of 1 − level over their number. `step` and `slope` must be nearer than
    every other profile; `threshold` needs a step above 0 that is nearer than the line, and one that is nearer than the
    step at 0, each corrected for the number of places. `both` takes a jump at 0 beyond the line through the positive
    odds, a fall to the first of them, and a fall along them, each by its own test. With little data none of it is
    significant and the answer is `cannot tell`.

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
    at_zero, positive = np.eye(x.size)[0], np.concatenate([[0.0], trend_weights(x[1:])])
    effects = {
        "step": estimate_contrast(table, at_zero - (1 - at_zero) / (x.size - 1), level),
        "above_zero": estimate_contrast(table, positive, level),
        "full_range": estimate_contrast(table, trend_weights(x), level),
        "jump": estimate_contrast(table, at_zero - _extrapolation_weights(x), level),
        "step_against_line": estimate_contrast(table, _step_profiles(x)[0] - _unit_profile(-x), level),
    }
    reason = effects["full_range"].insufficient
    change_point, change_points = _locate_step(table, x, level) if not reason else (math.nan, ())
    return DoseShape(
        form="cannot tell" if reason else _classify_form(table, x, effects, level),
        isotonic=() if reason else _falling_rates(table),
        change_point=change_point,
        change_points=change_points,
        insufficient=reason,
        **effects,
    )


def _classify_form(table: BlockTable, x: Array, effects: Mapping[str, Effect], level: float) -> ResponseForm:
    line, (at_zero, *later) = _unit_profile(-x), _step_profiles(x)
    tail = (1 - level) / 2

    def exceeds(weights: Array, tests: int = 1) -> bool:
        return contrast_exceeds_zero(table, weights, 1 - tail / tests)

    profiles = [line, at_zero, *later]
    if not any(exceeds(profile, len(profiles)) for profile in profiles):
        return "cannot tell"
    first_drop = np.zeros(x.size)
    first_drop[:2] = 1.0, -1.0
    if effects["jump"].lower > 0 and effects["above_zero"].lower > 0 and exceeds(first_drop):
        return "both"
    if all(exceeds(at_zero - profile) for profile in (line, *later)):
        return "step"
    if all(exceeds(line - profile) for profile in (at_zero, *later)):
        return "slope"
    beyond_zero = any(exceeds(step - at_zero, len(later)) for step in later)
    if beyond_zero and any(exceeds(step - line, len(later)) for step in later):
        return "threshold"
    return "slope or threshold" if beyond_zero or exceeds(line - at_zero) else "cannot tell"


def _check_odds(odds: ArrayLike, conditions: int) -> Array:
    x = np.asarray(odds, dtype=float)
    if x.shape != (conditions,) or x.size < 3 or x[0] != 0 or x[-1] > 1 or not (np.diff(x) > 0).all():
        raise ValueError(f"one rising probability per condition, the first 0 and two above it, not {x.tolist()}")
    return x


def _unit_profile(profile: Array) -> Array:
    """The profile centred and scaled to unit length."""
    centred = profile - profile.mean()
    return np.asarray(centred / np.sqrt((centred**2).sum()))


def _step_profiles(x: Array) -> list[Array]:
    """The profile of a single step after each position but the last."""
    return [_unit_profile((x <= place).astype(float)) for place in x[:-1]]


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
    places, profiles = x[:-1], _step_profiles(x)
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
