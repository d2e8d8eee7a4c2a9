"""A grader against known labels: sensitivity and specificity with exact limits, and whether they are the same in all arms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from advocate_evals.statistics.binomial import clopper_pearson
from advocate_evals.statistics.results import Interval


@dataclass(frozen=True, slots=True)
class Screen:
    """How a yes-or-no grader did on items whose answer is known. Missing answers are counted, and are no answer."""

    true_positive: int
    false_negative: int
    false_positive: int
    true_negative: int
    missing_positive: int
    """Positive items without an answer."""
    missing_negative: int
    """Negative items without an answer."""
    sensitivity: Interval
    """Share of the answered positive items that were called positive; NaN, with limits 0 and 1, where there are none."""
    specificity: Interval
    """Share of the answered negative items that were called negative, likewise."""


@dataclass(frozen=True, slots=True)
class Screened:
    """The same over all items and by arm."""

    whole: Screen
    arms: dict[str, Screen]
    """By arm, in order of first appearance."""
    same_sensitivity: float
    """p-value that sensitivity is the same in all arms; NaN with fewer than two arms that have answered positives."""
    same_specificity: float
    """Likewise of specificity."""


def screened(truth: ArrayLike, said: ArrayLike, arms: Sequence[str], level: float = 0.95) -> Screened:
    """Compare a grader's answers with the truth.

    Limits are Clopper and Pearson's; arms are compared by Freeman and Halton's exact test. Items count as independent.

    Args:
        truth: One per item, 1 for positive and 0 for negative.
        said: Likewise what the grader said; NaN where it gave no answer.
        arms: The arm of each item.
        level: Confidence level, in (0, 1).

    Raises:
        ValueError: where the three differ in length, or hold anything else.
    """
    known, given = _checked(truth, said, arms)
    names = tuple(dict.fromkeys(arms))
    where = {name: np.array([arm == name for arm in arms], dtype=bool) for name in names}
    found = {name: _screen(known[at], given[at], level) for name, at in where.items()}
    each = list(found.values())
    return Screened(
        whole=_screen(known, given, level),
        arms=found,
        same_sensitivity=_same([(one.true_positive, one.false_negative) for one in each]),
        same_specificity=_same([(one.true_negative, one.false_positive) for one in each]),
    )


def _checked(truth: ArrayLike, said: ArrayLike, arms: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    known, given = np.asarray(truth, dtype=float).reshape(-1), np.asarray(said, dtype=float).reshape(-1)
    if not len(known) == len(given) == len(arms):
        raise ValueError(f"truth, said and arms: {len(known)}, {len(given)} and {len(arms)} items, must be as many")
    if not np.isin(known, (0, 1)).all():
        raise ValueError("truth: must be 0 or 1")
    if not (np.isin(given, (0, 1)) | np.isnan(given)).all():
        raise ValueError("said: must be 0, 1 or NaN")
    return known, given


def _screen(truth: NDArray[np.float64], said: NDArray[np.float64], level: float) -> Screen:
    def count(true: float, given: float) -> int:
        return int(((truth == true) & (np.isnan(said) if math.isnan(given) else said == given)).sum())

    tp, fn, fp, tn = count(1, 1), count(1, 0), count(0, 1), count(0, 0)
    return Screen(
        tp, fn, fp, tn, count(1, math.nan), count(0, math.nan),
        sensitivity=_share(tp, tp + fn, level), specificity=_share(tn, tn + fp, level),
    )  # fmt: skip


def _share(hits: int, total: int, level: float) -> Interval:
    if not total:
        return Interval(math.nan, 0.0, 1.0)
    lower, upper = clopper_pearson(hits, total, (1 - level) / 2)
    return Interval(hits / total, float(lower), float(upper))


def _same(rows: list[tuple[int, int]]) -> float:
    """p-value that the shares of (hits, others) are one; NaN with fewer than two that have any."""
    from advocate_evals.statistics.labelled import freeman_halton

    known = [row for row in rows if sum(row)]
    return freeman_halton(np.array(known).T) if len(known) > 1 else math.nan
