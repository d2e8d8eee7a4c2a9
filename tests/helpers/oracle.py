"""Simulated data with a known truth, to test the statistics against.

An episode's act is a Bernoulli variable whose log odds are a sum of effects of the condition, the scenario (SD 1.0),
the scenario's reaction to the condition (SD 0.5) and the seed within the scenario (SD 0.5). The effect of the condition
is set so that the rate over scenarios and seeds is the stated one. No data of any model are used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.random import Generator
from numpy.typing import NDArray

from advocate_evals.statistics.intervals import Array
from advocate_evals.statistics.risk_difference import BlockTable

TRUTHS = {
    "strong": (0.40, 0.25, 0.10, 0.01),
    "null": (0.40, 0.40, 0.40, 0.40),
    "weak": (0.12, 0.09, 0.07, 0.05),
    "floor": (0.02, 0.01, 0.01, 0.0),
    "saturated": (0.95, 0.92, 0.90, 0.85),
}
"""Rates under four conditions in order."""

LAYOUTS = ((10, 10), (20, 5), (50, 2), (100, 1))
"""Scenarios × seeds, a hundred episodes per condition each."""


@dataclass(frozen=True, slots=True)
class Spreads:
    """SDs on the logit scale."""

    scenario: float = 1.0
    slope: float = 0.5
    seed: float = 0.5


def marginal_logits(rates: Array, spread: float) -> Array:
    """The logit at which a normal spread around it gives the stated mean rate; −inf for 0."""
    nodes, weights = hermegauss(61)
    low, high = np.full(rates.shape, -30.0), np.full(rates.shape, 30.0)
    for _ in range(80):
        middle = (low + high) / 2
        mean = (weights / weights.sum() / (1 + np.exp(-(middle[..., None] + spread * nodes)))).sum(axis=-1)
        low, high = np.where(mean < rates, middle, low), np.where(mean < rates, high, middle)
    return np.where(rates > 0, (low + high) / 2, -np.inf)


def draw_probabilities(generator: Generator, rates: Array, shape: tuple[int, int, int], spreads: Spreads) -> Array:
    """Each episode's own probability: simulations × scenarios × seeds × conditions."""
    sims, scenarios, seeds = shape
    total = float(np.sqrt(spreads.scenario**2 + spreads.slope**2 + spreads.seed**2))
    eta = marginal_logits(rates, total)[None, None, None, :]
    eta = eta + generator.normal(0, 1, (sims, scenarios, 1, 1)) * spreads.scenario
    eta = eta + generator.normal(0, 1, (sims, scenarios, 1, rates.size)) * spreads.slope
    eta = eta + generator.normal(0, 1, (sims, scenarios, seeds, 1)) * spreads.seed
    return np.asarray(1 / (1 + np.exp(-eta)))


def draw_acts(
    generator: Generator,
    rates: tuple[float, ...],
    shape: tuple[int, int, int],
    spreads: Spreads = Spreads(),
) -> Array:
    """The act of each episode: simulations × scenarios × seeds × conditions, 0 or 1."""
    p = draw_probabilities(generator, np.array(rates), shape, spreads)
    return (generator.random(p.shape) < p).astype(float)


def draw_tables(
    generator: Generator,
    rates: tuple[float, ...],
    shape: tuple[int, int, int],
    spreads: Spreads = Spreads(),
) -> BlockTable:
    """The same as tables of scenarios × conditions, one per simulation."""
    totals = draw_acts(generator, rates, shape, spreads).sum(axis=2)
    return BlockTable(totals, np.full(totals.shape, float(shape[2])), np.arange(shape[1]))


@dataclass(frozen=True, slots=True)
class Grader:
    """A grader's false negative and false positive rates, per condition."""

    false_negative: tuple[float, ...]
    false_positive: tuple[float, ...]

    def grade(self, generator: Generator, true: Array) -> Array:
        """Verdicts on episodes × conditions (with leading axes)."""
        p = np.where(true == 1, 1 - np.array(self.false_negative), np.array(self.false_positive))
        return (generator.random(true.shape) < p).astype(float)


def draw_labels(generator: Generator, true: Array, graded: Array, number: int, balanced: bool) -> Array:
    """True labels of `number` episodes per condition, at random or half from those graded positive; NaN else."""
    order = generator.random(true.shape)
    if not balanced:
        return np.where(_rank_episodes(order) < number, true, np.nan)
    positive = graded == 1
    from_positive = np.minimum(positive.sum(axis=-2, keepdims=True), number // 2)
    picked = (_rank_episodes(np.where(positive, order, 2.0)) < from_positive) & positive
    picked |= (_rank_episodes(np.where(positive, 2.0, order)) < number - from_positive) & ~positive
    return np.where(picked, true, np.nan)


def _rank_episodes(order: Array) -> NDArray[np.intp]:
    """Rank of each episode within its condition."""
    return np.asarray(order.argsort(axis=-2).argsort(axis=-2))


@dataclass(frozen=True, slots=True)
class MediatedWorld:
    """Simulated data in which the condition works through a mediator on a scale, and past it."""

    slope: float = 0.7
    """Logits per point of the mediator."""
    cause: float = 0.0
    """Logits, and points of the mediator, per SD of an unmeasured cause of both."""
    reliability: float = 1.0
    """Of the mediator as it is measured."""
    shift: tuple[float, ...] = (0.0, -0.6, -1.2, -2.0)
    """Of the mediator, per condition."""
    past: tuple[float, ...] = (0.0, -0.2, -0.4, -0.6)
    """Logits past the mediator, per condition."""

    def draw(self, generator: Generator, scenarios: int, seeds: int) -> tuple[Array, Array, NDArray[np.intp]]:
        """Acts and mediator (blocks × conditions), and each block's scenario."""
        shape = (scenarios, seeds, len(self.shift))
        cause = generator.normal(0, 1, shape)
        mediator = np.array(self.shift) + generator.normal(0, 0.7, (scenarios, 1, 1)) + generator.normal(0, 1.2, shape)
        mediator = mediator + self.cause * cause
        eta = -0.3 + np.array(self.past) + self.slope * mediator + self.cause * cause
        eta = eta + generator.normal(0, 1, (scenarios, 1, 1))
        act = (generator.random(shape) < 1 / (1 + np.exp(-eta))).astype(float)
        error = np.sqrt((1 - self.reliability) / self.reliability * mediator.var())
        measured = mediator + generator.normal(0, 1, shape) * error
        flat = (scenarios * seeds, shape[2])
        return act.reshape(flat), measured.reshape(flat), np.repeat(np.arange(scenarios), seeds)

    def indirect(self) -> float:
        """The true NIE of the last condition against the first, by quadrature."""
        spread = float(np.hypot(self.slope * np.hypot(0.7, 1.2), 1.0))
        spread = float(np.hypot(spread, self.cause * (self.slope + 1)))
        nodes, weights = hermegauss(61)

        def risk(shift: float) -> float:
            eta = -0.3 + self.past[-1] + self.slope * shift + spread * nodes
            return float((weights / weights.sum() / (1 + np.exp(-eta))).sum())

        return risk(self.shift[-1]) - risk(self.shift[0])
