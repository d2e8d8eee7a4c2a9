"""Power of a planned study, by simulating blocks with stated rates and applying the limits that the analysis uses.

`BlockPopulation` and `StudyDraws` generate the studies, `PowerGoal` says what a study has to show, and `simulate_power`
and `simulate_sequential_power` count how often it does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from advocate_evals.statistics.dose_response import contrast_limits
from advocate_evals.statistics.group_sequential import SequentialDesign, group_sequential_test
from advocate_evals.statistics.inference_scope import PLOTS_LIKE_THESE, PLOTS_PLAYED, InferenceScope
from advocate_evals.statistics.intervals import Array
from advocate_evals.statistics.risk_difference import as_block_table, difference_limits, sum_units
from advocate_evals.statistics.verdict_rule import BELOW_DELTA, CONFIRMING, VerdictLabel

StudyProgress = Callable[[int], None]
"""Called with the number of studies that were added."""

_QUADRATURE_NODES = 80
"""Points of the quadrature over the random effects of a block."""
_MAX_LOGIT, _BISECTIONS = 60.0, 80
"""Range of intercepts, in logits, and steps of their search."""
_CHUNK = 100
"""Studies drawn at a time, the same however many blocks they have."""
_MIN_BLOCKS = 4
"""Fewest blocks that are tried."""


# Simulated studies


@dataclass(frozen=True, slots=True)
class BlockPopulation:
    """Blocks under several conditions: a logistic model with a random intercept and a random slope for each block.

    The logit of a block's rate under a condition is that condition's intercept, plus the block's own (SD `spread`),
    plus the block's slope (SD `slope`) and that of its family (SD `family_slope`) times the position of the condition,
    from -1/2 for the first to +1/2 for the last. Blocks belong to the families in turn. Intercepts are such that the
    rates over all blocks of all families that might have been played are those stated.

    Raises:
        ValueError: for fewer than two rates, a rate outside [0, 1], an SD below 0, or no family.
    """

    rates: tuple[float, ...]
    """Rate of the outcome under each condition, over all blocks."""
    spread: float = 1.0
    """SD of the blocks' intercepts, in logits."""
    slope: float = 0.5
    """SD of the blocks' slopes, in logits from the first to the last condition."""
    family_slope: float = 0.0
    """SD of the families' slopes, likewise: how far the effect differs between plots."""
    families: int = 8
    """Families of a study."""

    def __post_init__(self) -> None:
        if len(self.rates) < 2:
            raise ValueError(f"rates: at least two are needed, not {len(self.rates)}")
        for rate in self.rates:
            if not 0 <= rate <= 1:
                raise ValueError(f"rates: must lie between 0 and 100 %, found {100 * rate:g} %")
        for name in ("spread", "slope", "family_slope"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name}: must be 0 or more, not {getattr(self, name)}")
        if self.families < 1:
            raise ValueError(f"families: at least 1 is needed, not {self.families}")

    @property
    def ends(self) -> BlockPopulation:
        """The first and the last condition alone."""
        return replace(self, rates=(self.rates[0], self.rates[-1]))

    @property
    def positions(self) -> Array:
        """Position of each condition, from -1/2 to +1/2."""
        return np.linspace(-0.5, 0.5, len(self.rates))

    def intercepts(self) -> Array:
        """The logit of each condition in a block without random effects; infinite for rates of 0 and 1."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(_QUADRATURE_NODES)
        weights = weights / weights.sum()
        sds = np.sqrt(self.spread**2 + (self.slope**2 + self.family_slope**2) * self.positions**2)
        rates = np.array(self.rates)
        low, high = np.full(len(sds), -_MAX_LOGIT), np.full(len(sds), _MAX_LOGIT)
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            is_below = _inverse_logit(middle[:, None] + sds[:, None] * nodes) @ weights < rates
            low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
        return np.asarray(np.where(rates == 0, -math.inf, np.where(rates == 1, math.inf, low)))

    def family_of(self, blocks: int) -> NDArray[np.intp]:
        """The family of each of some blocks, from 0: the families in turn."""
        return np.arange(blocks) % self.families

    def draw(self, studies: int, blocks: int, seed: int | tuple[int, ...]) -> Array:
        """Outcomes of many simulated studies. More blocks with the same seed extend the same studies.

        Args:
            studies: Number of studies.
            blocks: Blocks of each.
            seed: Of the draws.

        Returns:
            Studies × blocks × conditions, 1.0 where the outcome happened.
        """
        seeds = np.random.SeedSequence(seed).spawn(4)  # a stream each, consumed block by block
        intercepts, slopes, outcomes, plots = (np.random.default_rng(stream) for stream in seeds)
        block_logits = self.spread * intercepts.standard_normal((blocks, studies, 1))
        block_logits = block_logits + self.slope * slopes.standard_normal((blocks, studies, 1)) * self.positions
        family_slopes = self.family_slope * plots.standard_normal((self.families, studies, 1))
        block_logits = block_logits + family_slopes[self.family_of(blocks)] * self.positions
        p = _inverse_logit(self.intercepts() + block_logits)
        happened = outcomes.random((blocks, studies, len(self.rates))) < p
        return np.ascontiguousarray(happened.astype(float).swapaxes(0, 1))


def _inverse_logit(logits: Array) -> Array:
    """The inverse logit; unlike `mediation.inverse_logit` with full relative precision for small rates."""
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-logits)))


@dataclass(frozen=True, slots=True)
class StudyDraws:
    """Number and seed of the simulated studies."""

    studies: int = 2000
    seed: int = 0

    def iter_chunks(
        self, population: BlockPopulation, blocks: int, progress: StudyProgress | None = None
    ) -> Iterator[Array]:
        """The studies in chunks: studies × blocks × conditions. More blocks extend the same studies."""
        for number, start in enumerate(range(0, self.studies, _CHUNK)):
            count = min(_CHUNK, self.studies - start)
            yield population.draw(count, blocks, (self.seed, number))
            if progress:
                progress(count)


# What a study has to show


@dataclass(frozen=True, slots=True)
class PowerContrast:
    """A weighted sum of the conditions that has to be shown to lie above a margin."""

    weights: tuple[float, ...]
    """One per condition."""
    method: Literal["t", "mover"] = "t"
    """Student's t over blocks; or MOVER, for the mean of some conditions less that of others."""

    def above(
        self, values: Array, margin: float, alpha: float, families: NDArray[np.intp] | None = None
    ) -> NDArray[np.bool_]:
        """In which studies (… × blocks × conditions) the one-sided limit at alpha lies above a margin.

        Args:
            values: The studies.
            margin: The margin.
            alpha: One-sided error.
            families: The family of each block, where families are the independent units.
        """
        weights = np.array(self.weights)
        if self.method == "t":
            used = np.flatnonzero(weights)
            table = as_block_table(values, clusters=families)
            lower, _ = contrast_limits(sum_units(table, used.tolist()), weights[used], alpha)
        else:
            sides = np.stack([values @ np.maximum(weights, 0), values @ np.maximum(-weights, 0)], axis=-1)
            table = as_block_table(np.clip(sides, 0, 1), clusters=families)
            lower, _ = difference_limits(sum_units(table, [0, 1]), alpha)
        return np.asarray(lower > margin)


@dataclass(frozen=True, slots=True)
class PowerGoal:
    """What a study has to show: every contrast lies above the margin."""

    contrasts: tuple[PowerContrast, ...]
    alpha: float = 0.05
    """One-sided error of each."""
    margin: float = 0.0
    """The margin."""
    scope: InferenceScope = PLOTS_PLAYED
    """What is generalised to, which decides whether blocks or families are the units."""

    def reached(self, values: Array, families: NDArray[np.intp] | None = None) -> NDArray[np.bool_]:
        """Which of several studies (… × blocks × conditions) show it.

        Args:
            values: The studies.
            families: The family of each block; needed for the scope `plots_like_these` alone.

        Raises:
            ValueError: if that scope has no families.
        """
        if self.scope == PLOTS_LIKE_THESE and families is None:
            raise ValueError(f"families: one per block is needed for the scope {self.scope}")
        units = families if self.scope == PLOTS_LIKE_THESE else None
        is_above = np.stack([contrast.above(values, self.margin, self.alpha, units) for contrast in self.contrasts])
        return np.asarray(is_above.all(axis=0))

    def true(self, rates: Sequence[float]) -> bool:
        """Whether it is true of these rates."""
        return all(float(np.dot(contrast.weights, rates)) > self.margin + 1e-12 for contrast in self.contrasts)


# Power


@dataclass(frozen=True, slots=True)
class SimulatedShare:
    """A share of simulated studies, with its Monte Carlo error."""

    estimate: float
    studies: int

    @property
    def error(self) -> float:
        """Standard error, by Agresti and Coull's adjustment, which is not 0 for a share of 0."""
        shrunk = (self.estimate * self.studies + 2) / (self.studies + 4)
        return math.sqrt(shrunk * (1 - shrunk) / (self.studies + 4))


@dataclass(frozen=True, slots=True)
class SequentialPower:
    """Operating characteristics of a sequential test under stated rates."""

    confirms: SimulatedShare
    refutes: SimulatedShare
    """A study counts in both shares where it confirms a difference smaller than delta."""
    episodes: float
    """Expected episodes, two for each pair."""
    error: float
    """Monte Carlo standard error of that."""
    high: float
    """The 90th percentile of the episodes."""


def simulate_power(
    population: BlockPopulation,
    goal: PowerGoal,
    blocks: int,
    draws: StudyDraws | None = None,
    progress: StudyProgress | None = None,
) -> SimulatedShare:
    """Power of a study with a given number of blocks.

    Args:
        population: The assumed rates and their spread.
        goal: What a study has to show.
        blocks: Blocks of a study.
        draws: Number and seed of the studies; `StudyDraws()` by default.
        progress: Called after each chunk of studies.
    """
    draws = draws or StudyDraws()
    families = population.family_of(blocks)
    chunks = draws.iter_chunks(population, blocks, progress)
    successes = sum(int(goal.reached(values, families).sum()) for values in chunks)
    return SimulatedShare(successes / draws.studies, draws.studies)


def find_blocks_needed(target: float, power: Callable[[int], float], most: int, first: int = _MIN_BLOCKS) -> int | None:
    """The smallest number of blocks that reaches a power, by doubling and bisection.

    Args:
        target: The power to reach, in (0, 1).
        power: Power by number of blocks; assumed to rise, as it does with the same studies.
        most: Largest number of blocks that is tried.
        first: Smallest number that is tried.

    Returns:
        The number; None where even the largest does not suffice.
    """
    low, high = first - 1, first
    while power(high) < target:
        if high >= most:
            return None
        low, high = high, min(2 * high, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle) >= target else (middle, high)
    return high


def simulate_sequential_power(
    population: BlockPopulation,
    design: SequentialDesign,
    draws: StudyDraws | None = None,
    progress: StudyProgress | None = None,
) -> SequentialPower:
    """Operating characteristics of a sequential test between the first and the last of the conditions.

    Args:
        population: The assumed rates and their spread.
        design: The sequential design.
        draws: Number and seed of the studies; `StudyDraws()` by default.
        progress: Called after each chunk of studies.
    """
    draws = draws or StudyDraws()
    results = [
        group_sequential_test(study[:, 0] - study[:, 1], design, families=population.family_of(design.most))
        for values in draws.iter_chunks(population.ends, design.most, progress)
        for study in values
    ]
    verdicts = [result.verdict for result in results]
    episodes = np.array([2.0 * result.started for result in results])
    return SequentialPower(
        confirms=_share_of_verdicts(verdicts, CONFIRMING),
        refutes=_share_of_verdicts(verdicts, BELOW_DELTA),
        episodes=float(episodes.mean()),
        error=float(episodes.std() / math.sqrt(draws.studies)),
        high=float(np.quantile(episodes, 0.9)),
    )


def _share_of_verdicts(verdicts: Sequence[VerdictLabel], accepted: Sequence[VerdictLabel]) -> SimulatedShare:
    return SimulatedShare(sum(verdict in accepted for verdict in verdicts) / len(verdicts), len(verdicts))


def two_sample_size(first: float, second: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """Episodes in each of two independent arms that a two-sided test of two shares needs, in closed form.

    Args:
        first: Rate in one arm.
        second: Rate in the other arm.
        alpha: Two-sided error.
        power: Power to reach.

    Source:
        Fleiss, Levin & Paik (2003), *Statistical Methods for Rates and Proportions*, formula 4.14, without continuity
        correction.
    """
    from scipy.special import ndtri

    if first == second:
        return math.inf
    pooled = (first + second) / 2
    under_null = float(ndtri(1 - alpha / 2)) * math.sqrt(2 * pooled * (1 - pooled))
    under_alternative = float(ndtri(power)) * math.sqrt(first * (1 - first) + second * (1 - second))
    return ((under_null + under_alternative) / (first - second)) ** 2
