"""Linear contrasts of several conditions of the same blocks, and the trend over ordered ones."""

from __future__ import annotations

from collections.abc import Sequence

from numpy.typing import ArrayLike

from advocate_evals.statistics.cells import Array, Cells
from advocate_evals.statistics.results import Effect


def contrast(data: ArrayLike | Cells, weights: ArrayLike, level: float = 0.95) -> Effect:
    """Weighted sum of the rates, over blocks in which every condition with a weight is known: Student's t over units."""
    raise NotImplementedError


def trend_weights(positions: ArrayLike) -> Array:
    """Weights of the fitted drop from the first to the last position: (.9, .3, −.3, −.9) for four equal steps."""
    raise NotImplementedError


def trend(data: ArrayLike | Cells, positions: Sequence[float] | None = None, level: float = 0.95) -> Effect:
    """The drop that a straight line through the rates makes from the first condition to the last (positive: it falls).

    Args:
        data: Conditions in order.
        positions: Where each condition stands (a stated probability, say); equal steps by default.
        level: Confidence level, in (0, 1).
    """
    raise NotImplementedError
