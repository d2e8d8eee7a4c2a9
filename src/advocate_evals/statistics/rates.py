"""The rate of an event per condition, with an interval that knows that the episodes of a block hang together."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from advocate_evals.statistics.binomial import Array, clopper_pearson, quantile, wilson
from advocate_evals.statistics.bounded import FEW
from advocate_evals.statistics.cells import Cells, Units, cells, units
from advocate_evals.statistics.results import Rate


def rates(data: ArrayLike | Cells, level: float = 0.95) -> tuple[Rate, ...]:
    """Rate of each condition, over all blocks in which it is known.

    Wilson's interval on the effective number of episodes with Student's quantile on clusters − 1 degrees of freedom
    (as Inspect's `ci_wilson(cluster=…)`). Where fewer than five effective episodes are of one kind, Korn and Graubard's
    form of Clopper and Pearson's limits takes its place. Fewer than two clusters give [0, 1].

    Args:
        data: Blocks × conditions, or a table from `cells`.
        level: Confidence level, in (0, 1).

    Source:
        Korn & Graubard (1998), Survey Methodology 24, 193-201; Franco, Little, Louis & Slud (2019), Journal of Survey
        Statistics and Methodology 7, 334-364.
    """
    table = cells(data)
    return tuple(_rate(units(table, [place]), level) for place in range(table.conditions))


def effective(found: Units) -> Array:
    """Independent answers that each condition's episodes are worth: p(1−p) over the variance of the rate, at most their
    number; their number where the variance says nothing. Shape (…, conditions)."""
    number, count, p = found.number, found.count, np.nan_to_num(found.rates)
    variance = (found.scores**2).sum(axis=-2) * count / np.maximum(count - 1, 1) / np.maximum(number, 1) ** 2
    room = p * (1 - p)
    says = (room > 0) & (variance > 0)
    return np.where(says, np.minimum(room / np.where(says, variance, 1.0), number), number)


def exact(found: Units) -> NDArray[np.bool_]:
    """Whether fewer than five effective episodes are of one kind, so that the exact limits are taken."""
    p = np.nan_to_num(found.rates)
    return np.asarray(np.minimum(p, 1 - p) * effective(found) < FEW)


def limits(found: Units, tail: float) -> tuple[Array, Array]:
    """Lower and upper limits of each condition's rate, each with `tail` beyond it; shape (…, conditions)."""
    p, count = np.nan_to_num(found.rates), found.count
    worth = np.maximum(effective(found), 1e-9)
    t = quantile(tail, count - 1)
    less = worth * (quantile(tail) / np.where(t > 0, t, 1.0)) ** 2 if tail < 0.5 else worth
    rare = exact(found)
    lower, upper = wilson(p, worth, t)
    if rare.any():
        low, high = clopper_pearson(p * less, less, tail)
        lower, upper = np.where(rare, low, lower), np.where(rare, high, upper)
    enough = count >= 2
    return np.where(enough, lower, 0.0), np.where(enough, upper, 1.0)


def _rate(found: Units, level: float) -> Rate:
    lower, upper = (float(limit[0]) for limit in limits(found, (1 - level) / 2))
    least, most = (float(limit[0]) for limit in limits(found, 1 - level))
    count = int(found.count[0])
    return Rate(
        estimate=float(found.rates[0]) if count else math.nan,
        lower=lower, upper=upper, least=least, most=most, level=level,
        episodes=int(found.number[0]),
        events=float(found.totals.sum()),
        clusters=count,
        effective=float(effective(found)[0]),
        exact=bool(exact(found)[0]),
        insufficient=too_few(count),
    )  # fmt: skip


def too_few(count: int) -> str:
    """Why nothing can be said with that many independent units; empty where something can."""
    if count == 0:
        return "no episode"
    return "one block or cluster: its variance cannot be estimated" if count == 1 else ""
