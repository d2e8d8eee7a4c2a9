"""Boundaries of group-sequential tests: how much error may be spent by when, and what a boundary lets through."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

SpendingFunction = Literal["pocock", "obf"]
SPENDING_FUNCTIONS: tuple[str, ...] = get_args(SpendingFunction)
"""How error is spent: `pocock` about evenly, so that large effects stop early; `obf` (O'Brien and Fleming) late."""

_REACH = 8.0
"""Standard deviations beyond which nothing is integrated."""
_STEPS = 8
"""Steps of the grid per standard deviation of an increment."""
_LEAST = 200
"""Fewest steps of a grid."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CrossingProbabilities:
    """What a pair of boundaries lets through, look by look."""

    up: tuple[float, ...]
    """Probability of crossing the upper boundary at each look, and none before."""
    down: tuple[float, ...]
    """Probability of crossing the lower boundary at each look, and none before."""


def spent_alpha(time: float, alpha: float, spending: SpendingFunction = "pocock") -> float:
    """The one-sided error that may be spent up to an information time.

    Args:
        time: Share of the planned information, in [0, 1].
        alpha: One-sided error in all, in (0, 1).
        spending: One of `SPENDINGS`.

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

    The boundary of a look depends on this look and those before it alone, so that more looks change none of the earlier.

    Args:
        times: Information times of the looks, rising, in (0, 1].
        alpha: One-sided error in all, in (0, 1).
        spending: One of `SPENDINGS`.

    Returns:
        A boundary for each look; at most `_REACH`, where nothing is left to spend at a look.

    Raises:
        ValueError: for times that do not rise within (0, 1].

    Source:
        Armitage, McPherson & Rowe (1969), JRSS A 132, 235-244; Jennison & Turnbull (2000), chapter 19.
    """
    _check(times)
    found: list[float] = []
    walk = _Walk()
    before = 0.0
    for time in times:
        total = spent_alpha(time, alpha, spending)
        found.append(walk.bound(time, total - before))
        walk.step(time, -math.inf, found[-1])
        before = total
    return tuple(found)


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
        ValueError: for times that do not rise, or boundaries of another number.
    """
    _check(times)
    below = [-math.inf] * len(times) if lower is None else list(lower)
    if not len(times) == len(upper) == len(below):
        raise ValueError(f"{len(times)} looks need as many boundaries, not {len(upper)} and {len(below)}")
    walk, up, down = _Walk(drift), [], []
    for time, top, bottom in zip(times, upper, below, strict=True):
        up.append(walk.above(time, top))
        down.append(walk.below(time, min(top, bottom)))
        walk.step(time, bottom, top)
    return CrossingProbabilities(tuple(up), tuple(down))


def _check(times: Sequence[float]) -> None:
    if not times or times[0] <= 0 or times[-1] > 1 or any(b <= a for a, b in pairwise(times)):
        raise ValueError(f"information times must rise within (0, 1], not {list(times)}")


class _Walk:
    """The density of a Brownian motion that has not left its boundaries yet, on a grid (Simpson's rule)."""

    def __init__(self, drift: float = 0.0) -> None:
        self._drift = drift
        self._time = 0.0
        self._at: Array = np.zeros(1)
        self._mass: Array = np.ones(1)
        """Density times the weight of each point of the grid."""

    def above(self, time: float, bound: float) -> float:
        """Probability to be above a boundary at a later time."""
        return self._tail(time, -1.0, bound)

    def below(self, time: float, bound: float) -> float:
        """Probability to be below a boundary at a later time."""
        return self._tail(time, 1.0, bound)

    def bound(self, time: float, error: float) -> float:
        """The boundary above which just so much probability lies."""
        from scipy.optimize import brentq

        if self.above(time, _REACH) >= error:
            return _REACH
        return float(brentq(lambda z: self.above(time, z) - error, -_REACH, _REACH, xtol=1e-10))

    def step(self, time: float, lower: float, upper: float) -> None:
        """Go on to a later time, keeping what lies between the boundaries."""
        root, spread = math.sqrt(time), math.sqrt(time - self._time)
        middle = self._drift * time
        bottom = max(lower * root, middle - _REACH * root)
        top = min(upper * root, middle + _REACH * root)
        if top <= bottom:
            self._time, self._at, self._mass = time, np.array([middle]), np.zeros(1)
            return
        steps = 2 * math.ceil(max(_LEAST, _STEPS * (top - bottom) / spread) / 2)
        at = np.linspace(bottom, top, steps + 1)
        weights = np.full(steps + 1, 2.0)
        weights[1::2] = 4.0
        weights[[0, -1]] = 1.0
        apart = (at[:, None] - self._at - self._drift * (time - self._time)) / spread
        density = (np.exp(-0.5 * apart**2) @ self._mass) / (spread * math.sqrt(2 * math.pi))
        self._time, self._at, self._mass = time, at, density * weights * (at[1] - at[0]) / 3

    def _tail(self, time: float, side: float, bound: float) -> float:
        from scipy.special import ndtr

        spread = math.sqrt(time - self._time)
        ahead = self._at + self._drift * (time - self._time)
        return float(ndtr(side * (bound * math.sqrt(time) - ahead) / spread) @ self._mass)
