"""A grader against known labels: sensitivity and specificity with exact limits, and whether they are the same in all arms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from advocate_evals.statistics.intervals import Interval, clopper_pearson_limits


@dataclass(frozen=True, slots=True)
class ScreeningResult:
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
class ScreeningByArm:
    """The same over all items and by arm."""

    whole: ScreeningResult
    arms: dict[str, ScreeningResult]
    """By arm, in order of first appearance."""
    same_sensitivity: float
    """p-value that sensitivity is the same in all arms; NaN with fewer than two arms that have answered positives."""
    same_specificity: float
    """Likewise of specificity."""


def screen_grader(
    truth: ArrayLike, said: ArrayLike, arms: Sequence[str], strata: Sequence[object] = (), level: float = 0.95
) -> ScreeningByArm:
    """Compare a grader's answers with the truth.

    Limits are Clopper and Pearson's; arms are compared by `same_within`. Items count as independent.

    Args:
        truth: One per item, 1 for positive and 0 for negative.
        said: Likewise what the grader said; NaN where it gave no answer.
        arms: The arm of each item.
        strata: The stratum of each item, within which arms are compared; one for all where empty.
        level: Confidence level, in (0, 1).

    Raises:
        ValueError: where they differ in length, or hold anything else.
    """
    known, given = _checked(truth, said, arms, strata)
    names = tuple(dict.fromkeys(arms))
    where = {name: np.array([arm == name for arm in arms], dtype=bool) for name in names}
    return ScreeningByArm(
        whole=_screen(known, given, level),
        arms={name: _screen(known[at], given[at], level) for name, at in where.items()},
        same_sensitivity=_same(known == 1, given, arms, strata),
        same_specificity=_same(known == 0, 1 - given, arms, strata),
    )


def permutation_same_rates(hits: ArrayLike, totals: ArrayLike, draws: int = 20_000) -> float:
    """p-value that hits fall alike on all arms within each stratum: a permutation test of the summed squared deviations.

    Arms are given out anew within each stratum, so that strata which differ in difficulty and in how they spread over arms
    make no difference of arms. Random tables come from a fixed stream.

    Args:
        hits: Strata × arms, how many of the items were hits.
        totals: Likewise how many items there are.
        draws: How many random tables.

    Returns:
        The p-value; 1 where all or none are hits in every stratum, NaN with fewer than two arms that have items.

    Source:
        Mantel & Haenszel's conditional margins (1959), JNCI 22, 719-748; p-value by Monte Carlo as in Phipson & Smyth (2010),
        Statistical Applications in Genetics and Molecular Biology 9, article 39.
    """
    found, number = np.atleast_2d(np.asarray(hits, dtype=int)), np.atleast_2d(np.asarray(totals, dtype=int))
    if (number.sum(axis=0) > 0).sum() < 2:
        return math.nan
    chance = np.random.default_rng(20_260_401)
    size, each = number.sum(axis=1), found.sum(axis=1)
    share = each / np.maximum(size, 1)
    spread = size / np.maximum(size - 1, 1)
    middle = (number * share[:, None]).sum(axis=0)
    part = number / np.maximum(size, 1)[:, None]
    variance = (number * (1 - part) * (share * (1 - share) * spread)[:, None]).sum(axis=0)
    if not (variance > 0).any():
        return 1.0
    drawn = sum(
        chance.multivariate_hypergeometric(row, int(count), size=draws) for row, count in zip(number, each, strict=True)
    )

    def apart(counts: NDArray[np.int_]) -> NDArray[np.float64]:
        known = variance > 0
        return np.asarray(((counts - middle)[..., known] ** 2 / variance[known]).sum(axis=-1))

    least = apart(found.sum(axis=0)) - 1e-9
    return float((1 + (apart(np.asarray(drawn)) >= least).sum()) / (1 + draws))


def _checked(
    truth: ArrayLike, said: ArrayLike, arms: Sequence[str], strata: Sequence[object]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    known, given = np.asarray(truth, dtype=float).reshape(-1), np.asarray(said, dtype=float).reshape(-1)
    lengths = [len(known), len(given), len(arms), *([len(strata)] if strata else [])]
    if len(set(lengths)) > 1:
        raise ValueError(f"truth, said, arms and strata: {lengths} items, must be as many")
    if not np.isin(known, (0, 1)).all():
        raise ValueError("truth: must be 0 or 1")
    if not (np.isin(given, (0, 1)) | np.isnan(given)).all():
        raise ValueError("said: must be 0, 1 or NaN")
    return known, given


def _screen(truth: NDArray[np.float64], said: NDArray[np.float64], level: float) -> ScreeningResult:
    def count(true: float, given: float) -> int:
        return int(((truth == true) & (np.isnan(said) if math.isnan(given) else said == given)).sum())

    tp, fn, fp, tn = count(1, 1), count(1, 0), count(0, 1), count(0, 0)
    return ScreeningResult(
        tp, fn, fp, tn, count(1, math.nan), count(0, math.nan),
        sensitivity=_share(tp, tp + fn, level), specificity=_share(tn, tn + fp, level),
    )  # fmt: skip


def _share(hits: int, total: int, level: float) -> Interval:
    if not total:
        return Interval(math.nan, 0.0, 1.0)
    lower, upper = clopper_pearson_limits(hits, total, (1 - level) / 2)
    return Interval(hits / total, float(lower), float(upper))


def _same(among: NDArray[np.bool_], hit: NDArray[np.float64], arms: Sequence[str], strata: Sequence[object]) -> float:
    """p-value that the share of hits is the same in all arms, among the items that have an answer."""
    answered = among & ~np.isnan(hit)
    names = {name: at for at, name in enumerate(dict.fromkeys(arms))}
    groups = {name: at for at, name in enumerate(dict.fromkeys(strata or ("",)))}
    hits, totals = np.zeros((len(groups), len(names)), dtype=int), np.zeros((len(groups), len(names)), dtype=int)
    for at in np.flatnonzero(answered).tolist():
        place = groups[strata[at] if strata else ""], names[arms[at]]
        totals[place] += 1
        hits[place] += int(hit[at])
    return permutation_same_rates(hits, totals)
