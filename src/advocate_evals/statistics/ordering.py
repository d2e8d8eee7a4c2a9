"""Claims about an order: tested one after the other, or all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from numpy.typing import ArrayLike

from advocate_evals.statistics.cells import Cells
from advocate_evals.statistics.results import Effect


@dataclass(frozen=True, slots=True)
class Step:
    """One claim of a sequence in which each is tested only if all before it held."""

    name: str
    """`ends`, `trend`, `first-middle`, `middle-last`, or `<i>-<j>` for neighbouring conditions."""
    effect: Effect
    """The contrast, positive where the rate falls."""
    tested: bool
    """Whether all before it held."""
    held: bool
    """Whether it was tested and held, by its one-sided test."""


@dataclass(frozen=True, slots=True)
class Lowest:
    """Whether one condition lies below each of the others."""

    against: tuple[Effect, ...]
    """Rate of each other condition − rate of the one, in the order of the table."""
    p: float
    """p-value of the whole claim: the largest of the one-sided ones (intersection-union)."""
    held: bool
    """Whether every single one held."""
    insufficient: str
    """Why it cannot be tested; empty where it can."""


@dataclass(frozen=True, slots=True)
class Adjusted:
    """p-values made good for their number."""

    p: tuple[float, ...]
    """Adjusted values, in the order given."""
    rejected: tuple[bool, ...]
    """Whether each is at most α."""


def gatekept(data: ArrayLike | Cells, level: float = 0.95) -> tuple[Step, ...]:
    """Ends, trend, first − mean of the middle, mean of the middle − last, neighbours: each at 1 − level, in order."""
    raise NotImplementedError


def lowest(data: ArrayLike | Cells, one: int = -1, level: float = 0.95) -> Lowest:
    """Whether condition `one` has a lower rate than each of the others."""
    raise NotImplementedError


def holm(p: Sequence[float], alpha: float = 0.05) -> Adjusted:
    """Holm's step-down adjustment; a missing p-value (NaN) counts as 1, so that a lost test makes nothing easier."""
    raise NotImplementedError
