"""Made-up blocks of known rates: what power and calibration are computed from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from advocate_evals.statistics.block_rates import as_block_table, sum_units
from advocate_evals.statistics.contrasts import contrast_limits
from advocate_evals.statistics.group_sequential import SequentialDesign, group_sequential_test
from advocate_evals.statistics.risk_difference import difference_limits

_NODES = 80
"""Points of the quadrature over the random effects of a block."""
_REACH, _HALVINGS = 60.0, 80
"""Range of intercepts, in logits, and steps of their search."""


@dataclass(frozen=True, slots=True)
class BlockPopulation:
    """Blocks under several conditions: a logistic model with a random intercept and a random slope for each block.

    The logit of a block's rate under a condition is that condition's intercept, plus the block's own (SD `spread`), plus the
    block's slope (SD `slope`) times the position of the condition, from -1/2 for the first to +1/2 for the last. Intercepts
    are such that the rates over all blocks are those stated.

    Raises:
        ValueError: for fewer than two rates, a rate outside [0, 1], or an SD below 0.
    """

    rates: tuple[float, ...]
    """Rate of the outcome under each condition, over all blocks."""
    spread: float = 1.0
    """SD of the blocks' intercepts, in logits."""
    slope: float = 0.5
    """SD of the blocks' slopes, in logits from the first to the last condition."""

    def __post_init__(self) -> None:
        if len(self.rates) < 2:
            raise ValueError(f"rates: at least two are needed, not {len(self.rates)}")
        for rate in self.rates:
            if not 0 <= rate <= 1:
                raise ValueError(f"rates: must lie between 0 and 100 %, found {100 * rate:g} %")
        for name in ("spread", "slope"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name}: must be 0 or more, not {getattr(self, name)}")

    @property
    def ends(self) -> BlockPopulation:
        """The first and the last condition alone."""
        return BlockPopulation((self.rates[0], self.rates[-1]), self.spread, self.slope)

    @property
    def positions(self) -> NDArray[np.float64]:
        """Where each condition stands, from -1/2 to +1/2."""
        return np.linspace(-0.5, 0.5, len(self.rates))

    def intercepts(self) -> NDArray[np.float64]:
        """The logit of each condition in a block without effects of its own; infinite for rates of 0 and 1."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
        weights = weights / weights.sum()
        sds = np.sqrt(self.spread**2 + (self.slope * self.positions) ** 2)
        wanted = np.array(self.rates)
        low, high = np.full(len(sds), -_REACH), np.full(len(sds), _REACH)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            below = _expit(middle[:, None] + sds[:, None] * nodes) @ weights < wanted
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        found: NDArray[np.float64] = np.where(wanted == 0, -math.inf, np.where(wanted == 1, math.inf, low))
        return found

    def draw(self, studies: int, blocks: int, seed: int | tuple[int, ...]) -> NDArray[np.float64]:
        """Outcomes of many made-up studies. More blocks with the same seed add to the same studies.

        Args:
            studies: How many.
            blocks: Blocks of each.
            seed: Of the draws.

        Returns:
            Studies × blocks × conditions, 1.0 where the outcome happened.
        """
        seeds = np.random.SeedSequence(seed).spawn(3)
        level, slope, chance = (np.random.default_rng(one) for one in seeds)  # one stream each, block by block
        own = self.spread * level.standard_normal((blocks, studies, 1))
        own = own + self.slope * slope.standard_normal((blocks, studies, 1)) * self.positions
        happened = chance.random((blocks, studies, len(self.rates))) < _expit(self.intercepts() + own)
        return np.ascontiguousarray(happened.astype(float).swapaxes(0, 1))


def _expit(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):
        found: NDArray[np.float64] = 1 / (1 + np.exp(-logits))
    return found


# --- How likely a design is to show what is there, by simulating the very limits that the analysis goes by. ---


StudyProgress = Callable[[int], None]
"""Told how many made-up studies were added."""
Array = NDArray[np.float64]

_CHUNK = 100
"""Studies drawn at a time, the same however many blocks they have."""
_FIRST = 4
"""Fewest blocks that are tried."""


@dataclass(frozen=True, slots=True)
class StudyDraws:
    """How many studies are made up, and from where."""

    studies: int = 2000
    seed: int = 0

    def of(self, population: BlockPopulation, blocks: int, progress: StudyProgress | None = None) -> Iterator[Array]:
        """The studies in portions: studies × blocks × conditions. More blocks add to the same studies."""
        for number, start in enumerate(range(0, self.studies, _CHUNK)):
            count = min(_CHUNK, self.studies - start)
            yield population.draw(count, blocks, (self.seed, number))
            if progress:
                progress(count)


@dataclass(frozen=True, slots=True)
class PowerContrast:
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
            lower, _ = contrast_limits(sum_units(as_block_table(values), used.tolist()), weights[used], alpha)
        else:
            sides = np.stack([values @ np.maximum(weights, 0), values @ np.maximum(-weights, 0)], axis=-1)
            lower, _ = difference_limits(sum_units(as_block_table(np.clip(sides, 0, 1)), [0, 1]), alpha)
        found: NDArray[np.bool_] = lower > margin
        return found


@dataclass(frozen=True, slots=True)
class PowerGoal:
    """What a study is to show: every contrast lies above the margin."""

    contrasts: tuple[PowerContrast, ...]
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
class SimulatedShare:
    """A share of made-up studies, with its Monte-Carlo error."""

    estimate: float
    studies: int

    @property
    def error(self) -> float:
        """Standard error, by Agresti and Coull's adjustment, which does not claim 0 for none of them."""
        shrunk = (self.estimate * self.studies + 2) / (self.studies + 4)
        return math.sqrt(shrunk * (1 - shrunk) / (self.studies + 4))


@dataclass(frozen=True, slots=True)
class SequentialPower:
    """What a sequential gate does under stated rates."""

    confirms: SimulatedShare
    refutes: SimulatedShare
    """Both, where it confirms a difference smaller than delta."""
    episodes: float
    """Expected episodes, two for each pair."""
    error: float
    """Monte-Carlo standard error of that."""
    high: float
    """Episodes that nine of ten runs stay within."""


def simulate_power(
    population: BlockPopulation,
    goal: PowerGoal,
    blocks: int,
    draws: StudyDraws | None = None,
    progress: StudyProgress | None = None,
) -> SimulatedShare:
    """How likely a study of so many blocks is to show something.

    Args:
        population: What is there.
        goal: What is to be shown.
        blocks: Blocks of a study.
        draws: How many studies, and their seed.
        progress: Told of every portion of studies.
    """
    draws = draws or StudyDraws()
    shown = sum(int(goal.reached(values).sum()) for values in draws.of(population, blocks, progress))
    return SimulatedShare(shown / draws.studies, draws.studies)


def find_blocks_needed(target: float, of: Callable[[int], float], most: int, first: int = _FIRST) -> int | None:
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


def simulate_sequential_power(
    population: BlockPopulation,
    design: SequentialDesign,
    draws: StudyDraws | None = None,
    progress: StudyProgress | None = None,
) -> SequentialPower:
    """What the sequential gate does between the first and the last of the conditions.

    Args:
        population: What is there.
        design: The gate.
        draws: How many studies, and their seed.
        progress: Told of every portion of studies.
    """
    draws = draws or StudyDraws()
    found = [
        group_sequential_test(study[:, 0] - study[:, 1], design)
        for values in draws.of(population.ends, design.most, progress)
        for study in values
    ]
    verdicts = [one.verdict for one in found]
    episodes = np.array([2.0 * one.started for one in found])
    return SequentialPower(
        confirms=_share(verdicts, ("CONFIRMED", "CONFIRMED-SMALL")),
        refutes=_share(verdicts, ("REFUTED", "REVERSED", "FLOOR", "CONFIRMED-SMALL")),
        episodes=float(episodes.mean()),
        error=float(episodes.std() / math.sqrt(draws.studies)),
        high=float(np.quantile(episodes, 0.9)),
    )


def two_sample_size(first: float, second: float, alpha: float = 0.05, power: float = 0.8) -> float:
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


def _share(verdicts: Sequence[str], wanted: tuple[str, ...]) -> SimulatedShare:
    return SimulatedShare(sum(verdict in wanted for verdict in verdicts) / len(verdicts), len(verdicts))
