"""Boundaries of group-sequential tests: error spending, and the probability of crossing a pair of boundaries."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal, get_args

import numpy as np

from advocate_evals.statistics.intervals import Array

SpendingFunction = Literal["pocock", "obf"]
SPENDING_FUNCTIONS: tuple[str, ...] = get_args(SpendingFunction)
"""`pocock` spends error about evenly, so that large effects stop early; `obf` (O'Brien and Fleming) spends it late."""

_MAX_DEVIATION = 8.0
"""Standard deviations beyond which nothing is integrated."""
_STEPS_PER_SD = 8
"""Steps of the grid per standard deviation of an increment."""
_MIN_STEPS = 200
"""Fewest steps of a grid."""


@dataclass(frozen=True, slots=True)
class CrossingProbabilities:
    """Probabilities of stopping at a pair of boundaries, by look."""

    up: tuple[float, ...]
    """Probability of crossing the upper boundary at each look, and none before."""
    down: tuple[float, ...]
    """Probability of crossing the lower boundary at each look, and none before."""


def spent_alpha(time: float, alpha: float, spending: SpendingFunction = "pocock") -> float:
    """The one-sided error that may be spent up to an information time.

    Args:
        time: Share of the planned information, in [0, 1].
        alpha: Total one-sided error, in (0, 1).
        spending: One of `SPENDING_FUNCTIONS`.

    Source:
        Lan & DeMets (1983), Biometrika 70, 659-663.

    Raises:
        ValueError: for a spending function that does not exist.
    """
    if spending not in SPENDING_FUNCTIONS:
        raise ValueError(f"spending: unknown {spending!r} (known: {', '.join(SPENDING_FUNCTIONS)})")
    if time <= 0:
        return 0.0
    if time >= 1:
        return alpha
    if spending == "pocock":
        return alpha * math.log1p((math.e - 1) * time)
    from scipy.special import ndtr, ndtri

    return float(2 * ndtr(ndtri(alpha / 2) / math.sqrt(time)))


@lru_cache(maxsize=4096)
def spending_boundaries(
    times: tuple[float, ...], alpha: float, spending: SpendingFunction = "pocock"
) -> tuple[float, ...]:
    """Upper boundaries for a standard normal statistic, one-sided, by recursive numerical integration.

    The boundary of a look depends only on this look and those before it, so that further looks change no earlier one.

    Args:
        times: Information times of the looks, rising, in (0, 1].
        alpha: Total one-sided error, in (0, 1).
        spending: One of `SPENDING_FUNCTIONS`.

    Returns:
        A boundary for each look; at most 8, where no error remains to be spent at a look.

    Raises:
        ValueError: for times that do not rise within (0, 1].

    Source:
        Armitage, McPherson & Rowe (1969), JRSS A 132, 235-244; Jennison & Turnbull (2000), chapter 19.
    """
    _check_times(times)
    boundaries: list[float] = []
    density = _ContinuationDensity()
    spent_before = 0.0
    for time in times:
        spent = spent_alpha(time, alpha, spending)
        boundaries.append(density.find_bound(time, spent - spent_before))
        density.advance(time, -math.inf, boundaries[-1])
        spent_before = spent
    return tuple(boundaries)


def crossing_probabilities(
    times: Sequence[float], upper: Sequence[float], lower: Sequence[float] | None = None, drift: float = 0.0
) -> CrossingProbabilities:
    """How likely a statistic is to cross its boundaries at each look.

    Args:
        times: Information times of the looks, rising, in (0, 1].
        upper: Upper boundary of the standardised statistic at each look.
        lower: Lower boundary at each look; none by default.
        drift: Expectation of the standardised statistic at time 1.

    Returns:
        Probabilities of stopping above and below, at each look.

    Raises:
        ValueError: for times that do not rise, or another number of boundaries than of looks.
    """
    _check_times(times)
    below = [-math.inf] * len(times) if lower is None else list(lower)
    if not len(times) == len(upper) == len(below):
        raise ValueError(f"{len(times)} looks need as many boundaries, not {len(upper)} and {len(below)}")
    density, up, down = _ContinuationDensity(drift), [], []
    for time, top, bottom in zip(times, upper, below, strict=True):
        up.append(density.probability_above(time, top))
        down.append(density.probability_below(time, min(top, bottom)))
        density.advance(time, bottom, top)
    return CrossingProbabilities(tuple(up), tuple(down))


def _check_times(times: Sequence[float]) -> None:
    if not times or times[0] <= 0 or times[-1] > 1 or any(b <= a for a, b in pairwise(times)):
        raise ValueError(f"information times must rise within (0, 1], not {list(times)}")


class _ContinuationDensity:
    """Density of a Brownian motion that has not crossed its boundaries yet, on a grid (Simpson's rule)."""

    def __init__(self, drift: float = 0.0) -> None:
        self._drift = drift
        self._time = 0.0
        self._grid: Array = np.zeros(1)
        self._mass: Array = np.ones(1)
        """Density times the weight of each point of the grid."""

    def probability_above(self, time: float, bound: float) -> float:
        """Probability of being above a boundary at a later time."""
        return self._tail_probability(time, -1.0, bound)

    def probability_below(self, time: float, bound: float) -> float:
        """Probability of being below a boundary at a later time."""
        return self._tail_probability(time, 1.0, bound)

    def find_bound(self, time: float, error: float) -> float:
        """The boundary with probability `error` above it at a later time."""
        from scipy.optimize import brentq

        if self.probability_above(time, _MAX_DEVIATION) >= error:
            return _MAX_DEVIATION
        bound = brentq(lambda z: self.probability_above(time, z) - error, -_MAX_DEVIATION, _MAX_DEVIATION, xtol=1e-10)
        return float(bound)

    def advance(self, time: float, lower: float, upper: float) -> None:
        """Move to a later time and keep the density between the boundaries."""
        root, sd = math.sqrt(time), math.sqrt(time - self._time)
        mean = self._drift * time
        bottom = max(lower * root, mean - _MAX_DEVIATION * root)
        top = min(upper * root, mean + _MAX_DEVIATION * root)
        if top <= bottom:
            self._time, self._grid, self._mass = time, np.array([mean]), np.zeros(1)
            return
        steps = 2 * math.ceil(max(_MIN_STEPS, _STEPS_PER_SD * (top - bottom) / sd) / 2)
        grid = np.linspace(bottom, top, steps + 1)
        weights = np.full(steps + 1, 2.0)
        weights[1::2] = 4.0
        weights[[0, -1]] = 1.0
        increments = (grid[:, None] - self._grid - self._drift * (time - self._time)) / sd
        density = (np.exp(-0.5 * increments**2) @ self._mass) / (sd * math.sqrt(2 * math.pi))
        self._time, self._grid, self._mass = time, grid, density * weights * (grid[1] - grid[0]) / 3

    def _tail_probability(self, time: float, side: float, bound: float) -> float:
        from scipy.special import ndtr

        sd = math.sqrt(time - self._time)
        means = self._grid + self._drift * (time - self._time)
        return float(ndtr(side * (bound * math.sqrt(time) - means) / sd) @ self._mass)
