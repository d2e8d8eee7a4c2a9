"""Page's test of an order, exact under permutation within blocks, ties and all."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class Page:
    """Page's L for falling rates."""

    statistic: float
    """Σ over blocks of Σ position × rank, ranks falling: large where the rate falls along the conditions."""
    p: float
    """One-sided p-value; 1 where nothing is known."""
    exact: bool
    """Whether every permutation was counted; else the normal approximation with ties."""
    blocks: int
    """Complete blocks."""
    dropped: int
    """Blocks with a gap, left out."""
    insufficient: str
    """Why it cannot be tested; empty where it can."""


def page(values: ArrayLike) -> Page:
    """Page's test that the rate falls along the conditions, against exchangeable conditions within each block.

    The null is a sharp one: nothing differs in any block. Where the effect differs between blocks but is nil on average,
    use `contrasts.trend`.
    """
    raise NotImplementedError
