"""Floor and ceiling: whether a rate leaves room for an effect of the size that matters."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import ArrayLike

from advocate_evals.statistics.cells import Cells
from advocate_evals.statistics.rates import rates
from advocate_evals.statistics.results import Rate


@dataclass(frozen=True, slots=True)
class Room:
    """Whether the reference condition could show an effect of size δ in either direction."""

    rate: Rate
    """Rate of the reference condition."""
    floor: bool
    """The rate is below δ, by its one-sided upper limit: it cannot fall by δ, and "no effect of δ" says nothing."""
    ceiling: bool
    """The rate is above 1 − δ, by its one-sided lower limit: it cannot rise by δ."""
    insufficient: str


def room(data: ArrayLike | Cells, delta: float = 0.10, reference: int = 0, level: float = 0.95) -> Room:
    """Room for a fall and for a rise of δ from the reference condition.

    Args:
        data: Blocks × conditions, or a table from `cells`.
        delta: The smallest effect that matters, in (0, 1).
        reference: Place of the condition that the others are compared with.
        level: Confidence level of each one-sided limit, in (0, 1).
    """
    if not 0 < delta < 1:
        raise ValueError(f"delta must lie between 0 and 1, not {delta}")
    rate = rates(data, level)[reference]
    known = not rate.insufficient
    return Room(rate, known and rate.most < delta, known and rate.least > 1 - delta, rate.insufficient)
