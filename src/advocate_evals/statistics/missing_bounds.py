"""What missing values can hide: the smallest and the largest that a difference can be, whatever they were.

Nothing is assumed about why a value is missing. Where a verdict must hold whatever was lost, each test takes the bound
that speaks against it.

Source:
    Manski (1990), American Economic Review 80, 319-323; Horowitz & Manski (2000), JASA 95, 77-84.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from advocate_evals.statistics.intervals import Array

Cell = tuple[int, str]
"""A pair, from 0, and its side."""


@dataclass(frozen=True, slots=True)
class PairBounds:
    """Bounds on the differences of pairs, in schedule order; shape (pairs,). All are equal where nothing is missing."""

    least: Array
    """The smallest that each difference can be, in [-1, 1]."""
    most: Array
    """The largest, likewise."""
    baseline_most: Array | None = None
    """The largest that the baseline's own value can be, in [0, 1]; None where it is not known."""


def bound_differences(differences: Array) -> PairBounds:
    """The bounds of pairs of which nothing else is known: -1 and 1 for a difference that is missing.

    Args:
        differences: Baseline less treated for each pair, in [-1, 1]; NaN where it is missing.
    """
    is_missing = np.isnan(differences)
    return PairBounds(np.where(is_missing, -1.0, differences), np.where(is_missing, 1.0, differences))


def bound_pairs(
    cells: Mapping[Cell, Sequence[float]], cut_short: Mapping[Cell, int], count: int, sides: tuple[str, str]
) -> PairBounds:
    """The bounds of pairs from the values of their episodes.

    An episode is missing where its pair was begun and its side has fewer values than the side with the most.

    Args:
        cells: Values of the episodes that have one, in [0, 1], by pair and side.
        cut_short: Episodes with the value 0 that ended before the subject did, so that it may not be final.
        count: Pairs begun.
        sides: Baseline and treated.
    """
    epochs = max([1, *(len(values) for values in cells.values())])
    least, most = np.zeros((count, 2)), np.zeros((count, 2))
    for pair in range(count):
        for place, side in enumerate(sides):
            values = cells.get((pair, side), ())
            unknown = epochs - len(values) + cut_short.get((pair, side), 0)
            least[pair, place] = sum(values) / epochs
            most[pair, place] = (sum(values) + unknown) / epochs
    return PairBounds(least[:, 0] - most[:, 1], most[:, 0] - least[:, 1], most[:, 0])
