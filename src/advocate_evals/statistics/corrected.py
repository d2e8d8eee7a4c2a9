"""Rates and differences with the grader's errors taken out, by labels per condition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from numpy.typing import ArrayLike

from advocate_evals.statistics.results import Effect, Interval

Method = Literal["poststratified", "ppi"]


@dataclass(frozen=True, slots=True)
class Corrected:
    """Rates per condition and differences to the first one, after correction, with the raw ones beside them."""

    raw: tuple[Interval, ...]
    """Rates as graded."""
    rates: tuple[Interval, ...]
    """Rates corrected within each condition."""
    differences: tuple[Effect, ...]
    """Corrected rate of the first condition − that of each further one."""
    raw_differences: tuple[Effect, ...]
    """The same as graded."""
    rogan_gladen: tuple[Effect, ...]
    """The same by sensitivity and specificity pooled over conditions: wrong where they differ; a sensitivity row."""
    labels: tuple[int, ...]
    """Labels per condition."""
    insufficient: str
    """Why there is no correction (a verdict without a label, say); empty where there is one."""


def corrected(
    graded: ArrayLike,
    human: ArrayLike,
    method: Method = "poststratified",
    clusters: ArrayLike | None = None,
    level: float = 0.95,
) -> Corrected:
    """Correct the rates of each condition by its own labels.

    Args:
        graded: Blocks × conditions, the grader's verdict, 0, 1 or NaN.
        human: Same shape, a person's label, 0 or 1; NaN where none was asked for.
        method: `poststratified` holds for labels drawn at random and for those drawn by verdict; `ppi` for labels drawn
            at random only.
        clusters: One label per row, as in `cells`.
        level: Confidence level, in (0, 1).
    """
    raise NotImplementedError
