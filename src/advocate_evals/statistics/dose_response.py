"""The first rung of a ladder at which something happens: a measurement that does not sit on the floor."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import isotonic_regression

from advocate_evals.statistics.block_rates import BlockTable, as_block_table, sum_units
from advocate_evals.statistics.contrasts import contrast_exceeds_zero, estimate_contrast, trend_weights
from advocate_evals.statistics.intervals import Array, Effect, Interval, mean_interval


@dataclass(frozen=True, slots=True)
class FirstRung:
    """How many rungs were climbed before something happened."""

    held: Interval
    """Mean number of rungs before the first at which it happened: 0 at once, the number of rungs for never."""
    by_rung: tuple[Interval, ...]
    """Share in which it had happened at that rung or below, for each rung."""
    chains: int
    """Chains counted."""
    unknown: int
    """Chains left out, because a rung before the first occurrence is missing."""


def estimate_first_rung(happened: ArrayLike, level: float = 0.95) -> FirstRung:
    """The first rung at which something happened, over chains of the same variant at rising rungs.

    A chain counts if everything before its first occurrence is known; what is missing after it does not matter. Chains
    in which it never happened count as having held all rungs: the mean is that of the restricted (censored) variable,
    an area under the curve of survival, and needs no model of what lies above the top rung.

    Args:
        happened: Chains × rungs, lowest rung first; 1 happened, 0 did not, NaN missing.
        level: Confidence level, in (0, 1).

    Returns:
        Mean rungs held and shares by rung, with intervals over chains.

    Raises:
        ValueError: for an array that is not of two dimensions, has no rung, or holds other values.
    """
    found = np.asarray(happened, dtype=float)
    if found.ndim != 2 or found.shape[1] < 1:
        raise ValueError(f"chains × rungs are needed, not an array of shape {found.shape}")
    if not np.all(np.isnan(found) | np.isin(found, (0.0, 1.0))):
        raise ValueError("values must be 0, 1 or NaN")
    rungs = found.shape[1]
    at = np.where((found == 1).any(axis=1), (found == 1).argmax(axis=1), rungs)
    missing = np.where(np.isnan(found).any(axis=1), np.isnan(found).argmax(axis=1), rungs)
    known = missing >= at
    held = at[known].astype(float)
    return FirstRung(
        held=mean_interval(held, rungs, level, parts=rungs),
        by_rung=tuple(mean_interval((held <= rung).astype(float), 1.0, level) for rung in range(rungs)),
        chains=int(known.sum()),
        unknown=int((~known).sum()),
    )


# --- A step or a slope: does any chance at all suffice, or does more of it help more? ---


ResponseForm = Literal["step", "slope", "both", "cannot tell"]


@dataclass(frozen=True, slots=True)
class DoseShape:
    """How the rate falls with the stated probability of an appeal's success."""

    form: ResponseForm
    """`step`: nearer to a fall at the first chance and none after; `slope`: nearer to a straight line; `both`: a jump at
    0 and a fall above it, each established; `cannot tell`: else."""
    step: Effect
    """Rate at 0 − mean rate above it."""
    above_zero: Effect
    """Fitted drop over the positive probabilities alone, from the lowest to the highest."""
    whole: Effect
    """Fitted drop over all of them."""
    jump: Effect
    """Rate at 0 − what the line through the positive ones would have there."""
    nearer: Effect
    """Which of the two least-squares fits is nearer, in rate units: positive for the step, negative for the line."""
    isotonic: tuple[float, ...]
    """Rates under the condition that they never rise (pooled adjacent violators)."""
    change: float
    """Probability above which the best single step lies (0: any chance suffices); NaN where unknown."""
    changes: tuple[float, ...]
    """All places of a single step that are not significantly worse than another one (a confidence set at `level`)."""
    insufficient: str
    """Why the shape cannot be told at all; empty where it can be looked at."""


def compare_step_slope(data: ArrayLike | BlockTable, odds: ArrayLike, level: float = 0.95) -> DoseShape:
    """Step against slope in the stated odds.

    A step at 0 and a straight line are two least-squares fits with one parameter each beside the mean. Which of them is
    nearer to the truth is itself a linear contrast of the rates: the difference of the two profiles, centred and brought
    to unit length, so Student's t over blocks tests it (`nearer`). It is looked at only after a fall has been
    established, by either profile at half of 1 − level. `both` takes more: a jump at 0 beyond the line through the
    positive odds, and a fall along them, each by its own test. With little data none of it holds and the answer is
    `cannot tell`.

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
    table, x = as_block_table(data), _checked(odds, as_block_table(data).conditions)
    step, line = _profiles(x)
    first, positive = np.eye(x.size)[0], np.concatenate([[0.0], trend_weights(x[1:])])
    jump = first - _extrapolated(x)
    parts = {
        "step": estimate_contrast(table, first - (1 - first) / (x.size - 1), level),
        "above_zero": estimate_contrast(table, positive, level),
        "whole": estimate_contrast(table, trend_weights(x), level),
        "jump": estimate_contrast(table, jump, level),
        "nearer": estimate_contrast(table, step - line, level),
    }
    reason = parts["whole"].insufficient
    falls = not reason and any(contrast_exceeds_zero(table, w, (1 + level) / 2) for w in (step, line))
    change, changes = _changes(table, x, level) if not reason else (math.nan, ())
    found = sum_units(table, range(x.size))
    smooth = () if reason else tuple(float(v) for v in isotonic_regression(found.rates, increasing=False).x)
    return DoseShape(
        form=_form(parts, falls), isotonic=smooth, change=change, changes=changes, insufficient=reason, **parts
    )


def _form(parts: Mapping[str, Effect], falls: bool) -> ResponseForm:
    """The word for it."""
    if not falls:
        return "cannot tell"
    if parts["jump"].lower > 0 and parts["above_zero"].lower > 0:
        return "both"
    nearer = parts["nearer"]
    return "step" if nearer.lower > 0 else "slope" if nearer.upper < 0 else "cannot tell"


def _checked(odds: ArrayLike, conditions: int) -> Array:
    x = np.asarray(odds, dtype=float)
    if x.shape != (conditions,) or x.size < 3 or x[0] != 0 or x[-1] > 1 or not (np.diff(x) > 0).all():
        raise ValueError(f"one rising probability per condition, the first 0 and two above it, not {x.tolist()}")
    return x


def _unit(profile: Array) -> Array:
    away = profile - profile.mean()
    return np.asarray(away / np.sqrt((away**2).sum()))


def _profiles(x: Array) -> tuple[Array, Array]:
    """Falling profiles of unit length: high at 0 only, and straight in the odds."""
    return _unit((x == 0).astype(float)), _unit(-x)


def _extrapolated(x: Array) -> Array:
    """Weights of the value at 0 of the straight line through the positive odds."""
    away = x[1:] - x[1:].mean()
    return np.concatenate([[0.0], 1 / away.size - x[1:].mean() * away / (away**2).sum()])


def _changes(table: BlockTable, x: Array, level: float) -> tuple[float, tuple[float, ...]]:
    """Where a single step fits best, and everywhere it does not fit significantly worse than elsewhere.

    A place is left out if another one is nearer by its contrast, at (1 − level) over the number of others.
    """
    places = x[:-1]
    profiles = [_unit((x <= place).astype(float)) for place in places]
    rates = sum_units(table, range(x.size)).rates
    best = int(np.argmax([rates @ profile for profile in profiles]))
    strict = 1 - (1 - level) / max(1, len(places) - 1)
    kept = tuple(
        float(place)
        for place, profile in zip(places, profiles, strict=True)
        if not any(contrast_exceeds_zero(table, other - profile, strict) for other in profiles if other is not profile)
    )
    return float(places[best]), kept
