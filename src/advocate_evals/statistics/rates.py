"""The rate of an event per condition, with an interval that knows that episodes of a block hang together."""

from __future__ import annotations

from numpy.typing import ArrayLike

from advocate_evals.statistics.cells import Cells
from advocate_evals.statistics.results import Rate


def rates(data: ArrayLike | Cells, level: float = 0.95) -> tuple[Rate, ...]:
    """Rate of each condition, over all blocks in which it is known.

    Wilson's interval on the effective number of episodes with Student's quantile on clusters − 1 degrees of freedom
    (as Inspect's `ci_wilson(cluster=…)`). Where fewer than five effective episodes are of one kind, Korn and Graubard's
    form of Clopper and Pearson's limits takes its place.
    """
    raise NotImplementedError
