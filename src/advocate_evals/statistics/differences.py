"""Risk differences and ratios between two conditions of the same blocks."""

from __future__ import annotations

from numpy.typing import ArrayLike

from advocate_evals.statistics.cells import Cells
from advocate_evals.statistics.results import Effect


def difference(data: ArrayLike | Cells, first: int = 0, second: int = -1, level: float = 0.95) -> Effect:
    """Risk difference, rate under `first` − rate under `second`, over blocks in which both are known (MOVER).

    Positive where the event is rarer under `second`. The p-values invert the one-sided limits.
    """
    raise NotImplementedError


def ratio(data: ArrayLike | Cells, first: int = 0, second: int = -1, level: float = 0.95) -> Effect:
    """Risk ratio, rate under `second` / rate under `first` (MOVER on logs). No effect is 1, and `upper` may be inf.

    Where nothing happened under `second` the estimate is 0 and only the upper limit says something. The p-values are
    those of the risk difference: `p_above` of "the ratio is not above 1", `p_below` of "the ratio is not below 1".
    """
    raise NotImplementedError


def spread(data: ArrayLike | Cells, first: int = 0, second: int = -1) -> float:
    """SD of the true risk difference between units, by moments; NaN where no unit holds more than one episode per cell.

    0 where the units differ by no more than chance.
    """
    raise NotImplementedError
