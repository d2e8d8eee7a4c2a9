"""Whether an outcome that is claimed to fall along ordered conditions turns back: a test for lack of monotonicity.

A trend may fall while the outcome rises again behind its lowest point: 40, 8, 8 and 30 % have a falling line. The
ordering is rejected if some later condition lies above an earlier one, by limits of all pairs that hold together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import ArrayLike

from advocate_evals.statistics.dose_response import contrast_limits, estimate_contrast
from advocate_evals.statistics.intervals import Interval
from advocate_evals.statistics.risk_difference import BlockTable, as_block_table, sum_units


@dataclass(frozen=True, slots=True)
class PairedRise:
    """By how much the outcome is higher under a later condition than under an earlier one."""

    earlier: int
    """Place of the earlier condition, from 0."""
    later: int
    """Place of the later one."""
    rise: Interval
    """Its mean less that of the earlier one, over blocks that have both; limits are NaN where there are none."""


@dataclass(frozen=True, slots=True)
class OrderShape:
    """How an outcome goes along ordered conditions."""

    pairs: tuple[PairedRise, ...]
    """Every pair; the one-sided limits hold for all pairs together."""
    steps: tuple[PairedRise, ...]
    """Neighbours; each with limits of its own, not corrected for the number of steps."""

    @property
    def steepest_rise(self) -> PairedRise | None:
        """Of the pairs that are shown to rise, the one whose lower limit is highest; None where none is shown to."""
        rising = [pair for pair in self.pairs if pair.rise.lower > 0]
        return max(rising, key=lambda pair: pair.rise.lower, default=None)

    @property
    def steepest_fall(self) -> PairedRise | None:
        """Of the pairs that are shown to fall, the one whose upper limit is lowest; None where none is shown to."""
        falling = [pair for pair in self.pairs if pair.rise.upper < 0]
        return min(falling, key=lambda pair: pair.rise.upper, default=None)

    @property
    def reversed_steps(self) -> tuple[PairedRise, ...]:
        """Steps that rise where the claim says that they fall, by their own limits."""
        return tuple(step for step in self.steps if step.rise.lower > 0)

    def turns_back(self, reversed_trend: bool) -> bool:
        """Whether the outcome goes neither down nor up all along.

        Args:
            reversed_trend: Whether the trend goes the other way than was claimed. Rising all along is then the
                ordering to be rejected: it is a reversal, and no lack of monotonicity.
        """
        return self.steepest_rise is not None and not (reversed_trend and self.steepest_fall is None)


def assess_order(data: ArrayLike | BlockTable, alpha: float, step_tail: float) -> OrderShape:
    """Compare every condition with every later one; the claimed order is down.

    The hypothesis that the means never rise is rejected if the lower limit of some rise is above 0, each at α over the
    number of pairs (Bonferroni). The limits are those of the contrasts: Student's t over units, MOVER near 0 and 1.

    Args:
        data: Blocks × conditions in the order of the claim, at least three, or a table from `as_block_table`.
        alpha: One-sided error of all pairs together, in (0, 1).
        step_tail: One-sided error of each limit of a step, in (0, 1).

    Raises:
        ValueError: for fewer than three conditions.

    Source:
        Least favourable is equality of all means, as in Robertson, Wright & Dykstra (1988), Order Restricted
        Statistical Inference, ch. 2; union-intersection test of all pairs: Hochberg & Tamhane (1987), Multiple
        Comparison Procedures. Contrasts of neighbouring groups of conditions had no more power (docs/statistics.md).
    """
    table = as_block_table(data)
    if table.conditions < 3:
        raise ValueError(f"an order needs three conditions or more, not {table.conditions}")
    places = range(table.conditions)
    every_pair = list(combinations(places, 2))
    return OrderShape(
        pairs=tuple(_estimate_rise(table, *pair, alpha / len(every_pair)) for pair in every_pair),
        steps=tuple(_estimate_rise(table, *pair, step_tail) for pair in pairwise(places)),
    )


def _estimate_rise(table: BlockTable, earlier: int, later: int, tail: float) -> PairedRise:
    """The rise between two conditions with limits that have probability `tail` beyond each."""
    sums, weights = sum_units(table, [earlier, later]), np.array([-1.0, 1.0])
    lower, upper = math.nan, math.nan
    if not table.is_bounded:
        all_weights = np.zeros(table.conditions)
        all_weights[[earlier, later]] = weights
        effect = estimate_contrast(table, all_weights, 1 - 2 * tail)
        lower, upper = (math.nan, math.nan) if effect.insufficient else (effect.lower, effect.upper)
    elif int(sums.units[0]) > 1:
        lower, upper = (float(limit) for limit in contrast_limits(sums, weights, tail))
    return PairedRise(earlier, later, Interval(float(sums.rates @ weights), lower, upper))
