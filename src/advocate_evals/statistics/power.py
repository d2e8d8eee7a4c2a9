"""How likely a design is to show what is there, by simulating the very tests that the analysis uses."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from advocate_evals.statistics.population import Population
from advocate_evals.statistics.sequential import Design, gate

Progress = Callable[[int], None]
"""Told how many made-up studies were added."""
Test = Callable[[NDArray[np.float64]], bool]
"""Whether a study (blocks × conditions) shows what it is to show."""

_CHUNK = 1_000_000
"""Draws of a chunk of studies."""


@dataclass(frozen=True, slots=True)
class Draws:
    """How many studies are made up, and from where."""

    studies: int = 2000
    seed: int = 0

    @property
    def chance(self) -> np.random.Generator:
        """A generator that starts at the seed."""
        return np.random.default_rng(self.seed)


@dataclass(frozen=True, slots=True)
class Goal:
    """What a study is to show: each contrast of the conditions, averaged over blocks, lies above the margin."""

    weights: NDArray[np.float64]
    """A contrast, or several (contrasts × conditions) all of which are to be shown."""
    alpha: float = 0.05
    """One-sided error of each test."""
    margin: float = 0.0
    """What is to be exceeded."""


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
class Curve:
    """Power by the number of blocks."""

    power: NDArray[np.float64]
    """Share of studies that show it with so many blocks; the first entry is that of 1 block."""
    studies: int

    def at(self, blocks: int) -> Share:
        """Power with so many blocks."""
        return Share(float(self.power[blocks - 1]), self.studies)

    def needed(self, target: float) -> int | None:
        """The smallest number of blocks from which on power stays at or above a target; None where that is more than was simulated."""
        short = np.flatnonzero(self.power < target)
        if short.size == 0:
            return 1
        return int(short[-1]) + 2 if short[-1] + 1 < self.power.size else None


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


def curve(
    population: Population, goal: Goal, most: int, draws: Draws | None = None, progress: Progress | None = None
) -> Curve:
    """Power of one-sided t tests over blocks, for every number of blocks at once.

    Args:
        population: What is there.
        goal: What a study is to show.
        most: Blocks up to which power is wanted.
        draws: How many studies, and their seed.
        progress: Told of every chunk of studies.

    Returns:
        Power at 1 to `most` blocks. Where a contrast is the same in all blocks it counts as shown if that is above the margin
        and there are at least `_EQUAL` of them.
    """
    from scipy.special import stdtrit

    draws, chance = draws or Draws(), (draws or Draws()).chance
    n = np.arange(1, most + 1)
    limits = np.full((most, 1), math.inf)
    limits[1:, 0] = stdtrit(n[1:] - 1, 1 - goal.alpha)
    n = n[:, None]
    shown = np.zeros(most)
    for count in _chunks(draws.studies, most * len(population.rates)):
        values = population.draw((count, most), chance) @ np.atleast_2d(goal.weights).T - goal.margin
        means = values.cumsum(axis=1) / n
        variances = np.maximum((values**2).cumsum(axis=1) / n - means**2, 0) * n / np.maximum(n - 1, 1)
        equal = variances < _EXACT
        passed = means > limits * np.sqrt(np.where(equal, 1.0, variances) / n)
        passed = np.where(equal, (means > _EXACT) & (n >= _EQUAL), passed)
        shown += passed.all(axis=2).sum(axis=0)
        if progress:
            progress(count)
    return Curve(shown / draws.studies, draws.studies)


_EXACT = 1e-12
_EQUAL = 8
"""Fewest blocks that are all alike of which more than chance is believed."""


def share(
    population: Population, test: Test, blocks: int, draws: Draws | None = None, progress: Progress | None = None
) -> Share:
    """Power of any test of a study, with a fixed number of blocks.

    Args:
        population: What is there.
        test: Whether a study shows what it is to show.
        blocks: Blocks of each study.
        draws: How many studies, and their seed.
        progress: Told of every chunk of studies.
    """
    draws, shown = draws or Draws(), 0
    chance = draws.chance
    for count in _chunks(draws.studies, blocks * len(population.rates) * 20):
        shown += sum(bool(test(study)) for study in population.draw((count, blocks), chance))
        if progress:
            progress(count)
    return Share(shown / draws.studies, draws.studies)


def gate_power(
    population: Population, design: Design, draws: Draws | None = None, progress: Progress | None = None
) -> GatePower:
    """What the sequential gate does between the first and the last of the conditions.

    Args:
        population: What is there.
        design: The gate.
        draws: How many studies, and their seed.
        progress: Told of every chunk of studies.
    """
    draws, verdicts, pairs = draws or Draws(), [], []
    chance = draws.chance
    ends = Population((population.rates[0], population.rates[-1]), population.spread, population.slope)
    for count in _chunks(draws.studies, design.most * 2 * 4):
        for study in ends.draw((count, design.most), chance):
            found = gate(study[:, 0] - study[:, 1], design)
            verdicts.append(found.verdict)
            pairs.append(found.started)
        if progress:
            progress(count)
    episodes = 2 * np.array(pairs, dtype=float)
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


def _chunks(studies: int, draws: int) -> list[int]:
    """Sizes of chunks that keep memory small, for studies of so many draws each."""
    size = max(1, _CHUNK // draws)
    return [min(size, studies - start) for start in range(0, studies, size)]
