"""A step or a slope: does any chance at all suffice, or does more of it help more?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import isotonic_regression

from advocate_evals.statistics.binomial import Array
from advocate_evals.statistics.cells import Cells, cells, units
from advocate_evals.statistics.contrasts import contrast, exceeds, trend_weights
from advocate_evals.statistics.results import Effect

Form = Literal["step", "slope", "both", "cannot tell"]


@dataclass(frozen=True, slots=True)
class Shape:
    """How the rate falls with the stated probability of an appeal's success."""

    form: Form
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


def shape(data: ArrayLike | Cells, odds: ArrayLike, level: float = 0.95) -> Shape:
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
    table, x = cells(data), _checked(odds, cells(data).conditions)
    step, line = _profiles(x)
    first, positive = np.eye(x.size)[0], np.concatenate([[0.0], trend_weights(x[1:])])
    jump = first - _extrapolated(x)
    parts = {
        "step": contrast(table, first - (1 - first) / (x.size - 1), level),
        "above_zero": contrast(table, positive, level),
        "whole": contrast(table, trend_weights(x), level),
        "jump": contrast(table, jump, level),
        "nearer": contrast(table, step - line, level),
    }
    reason = parts["whole"].insufficient
    falls = not reason and any(exceeds(table, w, (1 + level) / 2) for w in (step, line))
    change, changes = _changes(table, x, level) if not reason else (math.nan, ())
    found = units(table, range(x.size))
    smooth = () if reason else tuple(float(v) for v in isotonic_regression(found.rates, increasing=False).x)
    return Shape(
        form=_form(parts, falls), isotonic=smooth, change=change, changes=changes, insufficient=reason, **parts
    )


def _form(parts: Mapping[str, Effect], falls: bool) -> Form:
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


def _changes(table: Cells, x: Array, level: float) -> tuple[float, tuple[float, ...]]:
    """Where a single step fits best, and everywhere it does not fit significantly worse than elsewhere.

    A place is left out if another one is nearer by its contrast, at (1 − level) over the number of others.
    """
    places = x[:-1]
    profiles = [_unit((x <= place).astype(float)) for place in places]
    rates = units(table, range(x.size)).rates
    best = int(np.argmax([rates @ profile for profile in profiles]))
    strict = 1 - (1 - level) / max(1, len(places) - 1)
    kept = tuple(
        float(place)
        for place, profile in zip(places, profiles, strict=True)
        if not any(exceeds(table, other - profile, strict) for other in profiles if other is not profile)
    )
    return float(places[best]), kept
