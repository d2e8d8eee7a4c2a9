"""How likely a design is to show what is there, by simulating the very limits that the analysis goes by."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from advocate_evals.statistics.cells import cells, units
from advocate_evals.statistics.contrasts import contrast_limits
from advocate_evals.statistics.differences import difference_limits
from advocate_evals.statistics.population import Population
from advocate_evals.statistics.sequential import Design, gate

Progress = Callable[[int], None]
"""Told how many made-up studies were added."""
Array = NDArray[np.float64]

_CHUNK = 100
"""Studies drawn at a time, the same however many blocks they have."""
_FIRST = 4
"""Fewest blocks that are tried."""


@dataclass(frozen=True, slots=True)
class Draws:
    """How many studies are made up, and from where."""

    studies: int = 2000
    seed: int = 0

    def of(self, population: Population, blocks: int, progress: Progress | None = None) -> Iterator[Array]:
        """The studies in portions: studies × blocks × conditions. More blocks add to the same studies."""
        for number, start in enumerate(range(0, self.studies, _CHUNK)):
            count = min(_CHUNK, self.studies - start)
            yield population.draw(count, blocks, (self.seed, number))
            if progress:
                progress(count)


@dataclass(frozen=True, slots=True)
class Contrast:
    """A weighted sum of the conditions that is to be shown to lie above something."""

    weights: tuple[float, ...]
    """One per condition."""
    method: Literal["t", "mover"] = "t"
    """Student's t over blocks; or MOVER, for the mean of some conditions less that of others."""

    def above(self, values: Array, margin: float, alpha: float) -> NDArray[np.bool_]:
        """In which studies (… × blocks × conditions) the one-sided limit at alpha lies above a margin."""
        weights = np.array(self.weights)
        if self.method == "t":
            used = np.flatnonzero(weights)
            lower, _ = contrast_limits(units(cells(values), used.tolist()), weights[used], alpha)
        else:
            sides = np.stack([values @ np.maximum(weights, 0), values @ np.maximum(-weights, 0)], axis=-1)
            lower, _ = difference_limits(units(cells(np.clip(sides, 0, 1)), [0, 1]), alpha)
        found: NDArray[np.bool_] = lower > margin
        return found


@dataclass(frozen=True, slots=True)
class Goal:
    """What a study is to show: every contrast lies above the margin."""

    contrasts: tuple[Contrast, ...]
    alpha: float = 0.05
    """One-sided error of each."""
    margin: float = 0.0
    """What is to be exceeded."""

    def reached(self, values: Array) -> NDArray[np.bool_]:
        """Which of several studies (… × blocks × conditions) show it."""
        found = np.stack([one.above(values, self.margin, self.alpha) for one in self.contrasts])
        return np.asarray(found.all(axis=0))

    def true(self, rates: Sequence[float]) -> bool:
        """Whether it is so, if the rates are these."""
        return all(float(np.dot(one.weights, rates)) > self.margin + 1e-12 for one in self.contrasts)


@dataclass(frozen=True, slots=True)
class Share:
    """A share of made-up studies, with its Monte-Carlo error."""

    estimate: float
    studies: int

    @property
    def error(self) -> float:
        """Standard error, by Agresti and Coull's adjustment, which does not claim 0 for none of them."""
        shrunk = (self.estimate * self.studies + 2) / (self.studies + 4)
        return math.sqrt(shrunk * (1 - shrunk) / (self.studies + 4))


@dataclass(frozen=True, slots=True)
class GatePower:
    """What a sequential gate does under stated rates."""

    confirms: Share
    refutes: Share
    """Both, where it confirms a difference smaller than delta."""
    episodes: float
    """Expected episodes, two for each pair."""
    error: float
    """Monte-Carlo standard error of that."""
    high: float
    """Episodes that nine of ten runs stay within."""


def power(
    population: Population, goal: Goal, blocks: int, draws: Draws | None = None, progress: Progress | None = None
) -> Share:
    """How likely a study of so many blocks is to show something.

    Args:
        population: What is there.
        goal: What is to be shown.
        blocks: Blocks of a study.
        draws: How many studies, and their seed.
        progress: Told of every portion of studies.
    """
    draws = draws or Draws()
    shown = sum(int(goal.reached(values).sum()) for values in draws.of(population, blocks, progress))
    return Share(shown / draws.studies, draws.studies)


def needed(target: float, of: Callable[[int], float], most: int, first: int = _FIRST) -> int | None:
    """The smallest number of blocks with a power, by doubling and halving.

    Args:
        target: The power wanted, in (0, 1).
        of: Power by blocks; taken to rise, as it does with the same studies.
        most: Blocks that are tried at most.
        first: Fewest that are tried.

    Returns:
        The number; None where even the most do not suffice.
    """
    low, high = first - 1, first
    while of(high) < target:
        if high >= most:
            return None
        low, high = high, min(2 * high, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if of(middle) >= target else (middle, high)
    return high


def gate_power(
    population: Population, design: Design, draws: Draws | None = None, progress: Progress | None = None
) -> GatePower:
    """What the sequential gate does between the first and the last of the conditions.

    Args:
        population: What is there.
        design: The gate.
        draws: How many studies, and their seed.
        progress: Told of every portion of studies.
    """
    draws = draws or Draws()
    found = [
        gate(study[:, 0] - study[:, 1], design)
        for values in draws.of(population.ends, design.most, progress)
        for study in values
    ]
    verdicts = [one.verdict for one in found]
    episodes = np.array([2.0 * one.started for one in found])
    return GatePower(
        confirms=_share(verdicts, ("CONFIRMED", "CONFIRMED-SMALL")),
        refutes=_share(verdicts, ("REFUTED", "REVERSED", "FLOOR", "CONFIRMED-SMALL")),
        episodes=float(episodes.mean()),
        error=float(episodes.std() / math.sqrt(draws.studies)),
        high=float(np.quantile(episodes, 0.9)),
    )


def independent(first: float, second: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """Episodes in each of two independent arms that a two-sided test of two shares needs: a closed form to compare with.

    Args:
        first: Rate in one arm.
        second: Rate in the other.
        alpha: Two-sided error.
        power: Power wanted.

    Source:
        Fleiss, Levin & Paik (2003), *Statistical Methods for Rates and Proportions*, formula 4.14, without continuity correction.
    """
    from scipy.special import ndtri

    if first == second:
        return math.inf
    middle = (first + second) / 2
    apart = float(ndtri(1 - alpha / 2)) * math.sqrt(2 * middle * (1 - middle))
    within = float(ndtri(power)) * math.sqrt(first * (1 - first) + second * (1 - second))
    return ((apart + within) / (first - second)) ** 2


def _share(verdicts: Sequence[str], wanted: tuple[str, ...]) -> Share:
    return Share(sum(verdict in wanted for verdict in verdicts) / len(verdicts), len(verdicts))
