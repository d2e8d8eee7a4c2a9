"""A step or a slope: does any chance at all suffice, or does more of it help more?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from numpy.typing import ArrayLike

from advocate_evals.statistics.cells import Cells
from advocate_evals.statistics.results import Effect

Form = Literal["step", "slope", "both", "cannot tell"]


@dataclass(frozen=True, slots=True)
class Shape:
    """How the rate falls with the stated probability of an appeal's success."""

    form: Form
    """`step`: nearer to a fall at the first chance and none after; `slope`: nearer to a straight line; `both`: a jump at
    0 and a fall above it, each established; `cannot tell`: else."""
    step: Effect
    """Rate at 0 − mean rate above it."""
    above_zero: Effect
    """Fitted drop over the positive probabilities alone, from the lowest to the highest."""
    whole: Effect
    """Fitted drop over all of them."""
    jump: Effect
    """Rate at 0 − what the line through the positive ones would have there."""
    nearer: Effect
    """Which of the two least-squares fits is nearer, in rate units: positive for the step, negative for the line."""
    isotonic: tuple[float, ...]
    """Rates under the condition that they never rise (pooled adjacent violators)."""
    change: float
    """Probability above which the best single step lies (0: any chance suffices); NaN where unknown."""
    changes: tuple[float, ...]
    """All places of a single step that are not significantly worse than another one (a confidence set at `level`)."""
    insufficient: str
    """Why the shape cannot be told at all; empty where it can be looked at."""


def shape(data: ArrayLike | Cells, odds: ArrayLike, level: float = 0.95) -> Shape:
    """Step against slope in the stated odds.

    Args:
        data: Blocks × conditions, one condition per stated probability.
        odds: The probabilities, in [0, 1], rising, the first of them 0, at least two of them positive.
        level: Confidence level of each statement, in (0, 1).
    """
    raise NotImplementedError
